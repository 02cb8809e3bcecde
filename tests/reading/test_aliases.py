"""Aliases: what is suggested and why, the user's map, and what merging changes."""

import pytest

from juqing.errors import FormatError, InputError
from juqing.reading import read_script, read_text
from juqing.reading.aliases import Suggestion, format_aliases, merge_aliases, read_aliases, suggest_aliases

TEXT = """【人物小传】
李明（李总）：男，四十岁，老板。
林远：司机。
1、厅　夜　内
人物：李明、小明、林远、少年林远、杨建国
小明：到！
小明：又到！
少年林远：妈！
少年林远：等我！
△少年林远跑了。小明看着他的背影。
建国：老杨不在。
建国：我再说一遍。
杨建国：谁？
李总：散会。
李总：走。
"""


def suggestions(text: str = TEXT) -> dict[tuple[str, str], float]:
    return {(s.name, s.alias): s.confidence for s in suggest_aliases(read_text(text))}


def test_suggestions():
    found = suggestions()
    assert found["李明", "李总"] == 0.95  # the cast list says so
    assert found["林远", "少年林远"] == 0.9
    assert found["李明", "小明"] == 0.75
    assert found["杨建国", "建国"] < 0.5  # they answer each other
    assert not {("林远", "李明"), ("李明", "林远")} & found.keys()
    for s in suggest_aliases(read_text(TEXT)):
        assert s.reason and s.chinese


def test_ambiguous_names_are_less_sure():
    text = "1、厅　夜　内\n人物：李明、李伟、李总\n李明：一。\n2、街　日　外\n李伟：二。\n3、巷　日　外\n李总：三。"
    found = suggestions(text)
    assert found["李明", "李总"] == found["李伟", "李总"] < 0.5


def test_names_that_are_only_called():
    text = "1、厅　夜　内\n人物：陈念、林远\n林远：陈老师，早。\n林远：早啊，陈老师。\n陈念：早。"
    assert ("陈念", "陈老师") in suggestions(text)


def test_never_silent():
    script = read_text(TEXT)
    assert {"李明", "小明", "李总", "林远", "少年林远"} <= {character.name for character in script.cast}


def test_merge(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(TEXT, encoding="utf-8")
    script = read_script(path, aliases={"李明": ["小明", "李总"], "林远": ["少年林远"], "没有": ["此人"]})
    names = [character.name for character in script.cast]
    assert names == ["李明", "林远", "杨建国", "建国"]
    assert script.cast[0].merged == ("小明", "李总")
    assert script.scenes[0].printed_cast == ("李明", "林远", "杨建国")
    assert {cue.character for cue in script.cues} == {"李明", "林远", "杨建国", "建国"}
    (action,) = (line for line in script.lines if line.kind == "action")
    assert [(cue.character, cue.word) for cue in script.cues if cue.line == action.index] == [
        ("林远", "少年林远"),
        ("李明", "小明"),
    ]
    assert merge_aliases(script, {}) is script


def test_merging_a_name_that_only_the_text_has():
    text = "1、厅　夜　内\n陈念：走。\n△念念回头。\n陈念：快。"
    script = merge_aliases(read_text(text), {"陈念": ["念念"]})
    assert [(cue.character, cue.word) for cue in script.cues if cue.role == "present"] == [("陈念", "念念")]


def test_merging_into_a_new_name():
    script = merge_aliases(read_text("1、厅　夜　内\n旦：走。\n旦：快。"), {"窦娥": ["旦"]})
    assert [cue.character for cue in script.cues] == ["窦娥", "窦娥"]


def test_file_round_trip(tmp_path):
    path = tmp_path / "aliases.toml"
    path.write_text(format_aliases(suggest_aliases(read_text(TEXT))), encoding="utf-8")
    assert read_aliases(path) == {"李明": ("李总",), "林远": ("少年林远",)}
    assert "# " in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("chinese", [True, False])
def test_every_row_may_be_used(chinese, tmp_path):
    """A name has one row, so that all of them together are TOML."""
    found = [
        Suggestion("李明", "李总", 0.95, "r", "因"), Suggestion("李明", "小明", 0.7, "r\n", "因"),
        Suggestion("贺骁", "小骁", 0.6, "r", "因"), Suggestion("贺骁", "贺总", 0.5, "r", "因"),
    ]  # fmt: skip
    path = tmp_path / "aliases.toml"
    head, *rows = format_aliases(found, chinese=chinese).splitlines()
    assert rows[0].startswith('"李明" = ["李总"]  # ') and "小明" in rows[0] and rows[1].startswith('# "贺骁"')
    path.write_text("\n".join([head, *(row.removeprefix("# ") for row in rows)]), encoding="utf-8")
    assert read_aliases(path) == {"李明": ("李总",), "贺骁": ("小骁", "贺总")}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('"李明" = ["小明"]\n"李明" = ["李总"]', "two rows"),
        ('"李明" = "小明"', "not a list"),
        ('"李明" = [1]', "not a list"),
        ("李明 = [小明]", "no TOML"),
        ('a = ["x"]\nb = ["x"]', "alias of both"),
        ('a = ["b"]\nb = ["c"]', "row of its own"),
        ("a = " + "[" * 5000, "no TOML"),
    ],
)
def test_bad_files(tmp_path, text, message):
    path = tmp_path / "aliases.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        read_aliases(path)
    assert caught.value.path == path


def test_unreadable_files(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        read_aliases(tmp_path / "none.toml")
    (tmp_path / "gbk.toml").write_bytes('"李明" = ["小明"]'.encode("gbk"))
    with pytest.raises(FormatError, match="UTF-8"):
        read_aliases(tmp_path / "gbk.toml")
