"""Written and read again, a script is the same: JSON to the last field, Fountain and Final Draft in all but positions."""

from __future__ import annotations

import string
from typing import Any

import msgspec
import numpy as np
import pytest
from conftest import ENGLISH, FEATURE, SHORT
from contents import content
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from juqing.errors import FormatError, InputError, OutputError
from juqing.reading import read_script, read_text
from juqing.reading.builder import ScriptBuilder
from juqing.reading.chinese import closes_flag
from juqing.reading.fdx import read_fdx
from juqing.reading.files import read_labeled
from juqing.script import Delivery, Script, Span
from juqing.writing import to_fdx, to_fountain, to_table, write_script
from juqing.writing.common import other_keys

SLOW = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PIECES = st.sampled_from(
    """△ 【闪回】 【闪回结束】 1、渡口　夜　内 INT.␠HOUSE␠-␠DAY 林远： 林远（低声）： 走吧。 人物：林远、陈念 第一集 《归途》 林远：三十岁 # ## = === ~ > >␠CUT␠TO:
    ANN␠(low) ANN BOB (quiet) /*␠no␠*/ [[note]] [[ @林远 @陈念␠(OS) ! ^ ~la >x< ( ) （ ） 字幕：十年后 旁白：那天 OS ， 。 陈念放下杯子： *i* **b** _u_ \\* .内␠客厅␠夜
    Title: Contact: Cast: #12A# 梦境 切回现实。 第一集　回家 Ann␠waits. 他看着她。 两人对视。 场景：教室 第1场""".split()
).map(lambda piece: piece.replace("␠", " "))
TEXTS = st.lists(
    st.one_of(
        PIECES,
        st.sampled_from(["\n", "\n", "\n\n", " ", "\t", "    "]),
        st.text("ab林远。（）()[]*_\\/@!#>~.:：", max_size=5),
    ),
    max_size=30,
).map("".join)

WORDS = (
    st.text(string.ascii_letters + "林远陈念走吧你好，。！？ 的在看了", min_size=1, max_size=20)
    .map(str.strip)
    .filter(bool)
)
HOSTILE = st.text("a林 *_\\[]/()（）@!#>~.<：:\n", min_size=1, max_size=12).map(str.strip).filter(bool)
NAMES = st.sampled_from(["林远", "陈念", "林父", "ANN", "BOB LEE", "修车人甲", "众人"])
REMARKS = st.lists(st.sampled_from(["低声", "笑", "quietly", "拉住陈念", "看着他"]), max_size=2, unique=True)


def read_again(script: Script, format: str) -> Script:
    if format == "fountain":
        return read_text(to_fountain(script), fountain=True)
    builder = ScriptBuilder("fdx")
    n = read_fdx(to_fdx(script), builder)
    return builder.build(n_source_lines=n)


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """A random script as a reader builds it."""
    builder = ScriptBuilder("text")
    builder.title = draw(st.sampled_from(["", "归途", "The Lamp: *Part* 2", "By the Sea"]))
    if builder.title:
        builder.authors = draw(
            st.lists(st.sampled_from(["林一", "Ann Lee", "Lee, Ann", "Bob and Sons"]), max_size=3, unique=True)
        )
    if builder.title and draw(st.booleans()):
        keys = draw(st.lists(st.sampled_from(["Contact", "Draft date", "Notes", "联系方式"]), min_size=1, unique=True))
        rows = (
            row for key in keys for row in (f"{key}:", *(f"    {draw(WORDS)}" for _ in range(draw(st.integers(1, 2)))))
        )
        builder.note("title", "\n".join(rows), Span(0, 0, 0, 0))
    if draw(st.booleans()):
        builder.character("林远", ("小林",), "三十岁，司机")
    number = 0

    def span() -> Span:
        nonlocal number
        number += 1
        return Span(number, number, 0, 1)

    for _ in range(draw(st.integers(1, 3))):
        if draw(st.integers(0, 3)) == 0:
            builder.part = draw(st.sampled_from(["第一集　回家", "ACT I"]))
        heading, fields = draw(
            st.sampled_from(
                [
                    ("1-1　夜　内　林家客厅", {"number": "1-1", "interior": "内", "place": "林家客厅", "time": "夜"}),
                    ("INT. KITCHEN - NIGHT", {"interior": "内", "place": "KITCHEN", "time": "NIGHT", "number": "12A"}),
                    ("场景：教室", {"place": "教室", "time": "下午", "printed_cast": ("林远", "陈念")}),
                    ("天台", {"place": "天台", "flag": "dream"}),
                    ("闪回 INT. ROAD - DAY", {"interior": "内", "place": "ROAD", "time": "DAY"}),
                    ("", {"number": "7"}),
                    ("", {"number": "3-2", "time": "夜"}),
                ]
            )
        )
        builder.scene(heading, span(), **fields)
        builder.line_flag = draw(st.sampled_from([builder.line_flag, "", "flashback"]))
        kind: Any
        for kind in draw(
            st.lists(
                st.sampled_from(
                    [
                        "dialogue",
                        "dialogue",
                        "action",
                        "narration",
                        "caption",
                        "transition",
                        "lyric",
                        "other",
                        *NOTES,
                        "mark",
                    ]
                ),
                max_size=6,
            )
        ):
            text = draw(st.one_of(WORDS, HOSTILE))
            if kind in NOTES:
                builder.note(kind, NOTES[kind].format(draw(WORDS.filter(lambda text: "标记" not in text))), span())
                continue
            if kind == "mark":
                mark = draw(st.sampled_from(["闪回", "闪回结束", "梦境", "回到现实", "蒙太奇"]))
                builder.line_flag = {"闪回": "flashback", "梦境": "dream", "蒙太奇": "montage"}.get(
                    mark, builder.line_flag
                )
                builder.line("transition", mark, mark, span())
                builder.line_flag = "" if closes_flag(mark) else builder.line_flag
                continue
            flag = draw(st.sampled_from(["", "", "", "flashback"]))
            if kind == "dialogue":
                name = draw(NAMES)
                delivery: Delivery = draw(st.sampled_from(["on", "on", "os", "vo", "off", "phone", "sung"]))
                text = draw(st.sampled_from([text, text, ""]))  # nods, without a word
                speakers = (name, "林父") if name == "林远" and draw(st.booleans()) else (name,)
                builder.line(
                    "dialogue",
                    plain(text) if text else "",
                    text,
                    span(),
                    speakers=speakers,
                    parentheticals=tuple(draw(REMARKS)),
                    delivery=delivery,
                    flag=flag,
                )
            else:
                builder.line(kind, text if kind == "action" else plain(text), text, span(), flag=flag)
    return builder.build()


NOTES = {
    "section": "## {}",
    "synopsis": "= {}",
    "comment": "[[{}]]",
    "boneyard": "/* {} */",
    "page break": "===",
    "omitted": "OMITTED",
}


def beside(script: Script, format: str) -> list[tuple[str, str]]:
    """The notes that a format has a place for, in its form: Final Draft has no page breaks, Fountain no omitted scenes.

    In Fountain a section is a synopsis where no scene is part of it, and names the part where one is. Spaces do not count:
    marks inside a comment are set apart by them.
    """
    forms = {
        "fdx": {"comment": "margin", "boneyard": "margin", "page break": None},
        "fountain": {"omitted": "comment", "section": "synopsis"},
    }[format]

    def bare(text: str) -> str:
        return "".join(text.strip("[]/*=# \t").split())

    parts = {bare(scene.part) for scene in script.scenes} if format == "fountain" else ()
    return [
        (kind, text)
        for note in script.notes
        if note.kind in (*NOTES, "margin") and (kind := forms.get(note.kind, note.kind)) is not None
        if (text := bare(note.text)) not in parts and text
    ]


def plain(text: str) -> str:
    """One line without what a reader would take out as a remark."""
    for mark in "（）()〔〕\n\t":
        text = text.replace(mark, " ")
    return " ".join(text.split()) or "x"


def squeezed(value: dict) -> dict:
    """Content with the spaces of texts made one: Fountain drops those at the ends of lines."""
    lines = [
        (*line[:2], "\n".join(" ".join(row.split()) for row in line[2].split("\n")), *line[3:])
        for line in value["lines"]
    ]
    return value | {"lines": lines}


@SLOW
@given(TEXTS)
@example("【闪回】\n\n走\n\n1、渡口　夜　内\n\n林远：好")
@example("#\\#\n△")
@example("# \\# a\n\n△")
@example("第一集[\n\n△")
def test_fountain_of_any_text(text):
    first = read_text(text, fountain=True)
    again = read_again(first, "fountain")
    assert squeezed(content(again)) == squeezed(content(first))
    assert beside(again, "fountain") == beside(first, "fountain")
    assert other_keys(again) == other_keys(first)


@SLOW
@given(TEXTS)
def test_final_draft_of_any_text(text):
    first = read_again(read_text(text, fountain=True), "fdx")
    again = read_again(first, "fdx")
    assert squeezed(content(again)) == squeezed(content(first))
    assert beside(again, "fdx") == beside(first, "fdx")
    assert other_keys(again) == other_keys(first)


@pytest.mark.parametrize("format", ["fountain", "fdx"])
@SLOW
@given(script=scripts())
def test_any_script(format, script):
    again = read_again(script, format)
    assert squeezed(content(again)) == squeezed(content(script))
    assert beside(again, format) == beside(script, format)
    assert other_keys(again) == other_keys(script)


@SLOW
@given(st.one_of(scripts(), TEXTS.map(read_text)))
def test_json_is_exact(script):
    assert Script.from_json(script.to_json()) == script


@pytest.mark.parametrize("suffix", [".json", ".fountain", ".fdx", ".tsv"])
def test_examples(tmp_path, suffix):
    for path in (FEATURE, SHORT, ENGLISH):
        script = read_script(path)
        target = tmp_path / (path.stem + suffix)
        write_script(script, target)
        again = read_script(target)
        if suffix == ".json":
            assert again == script
        elif suffix == ".tsv":
            assert [(cue.line, cue.character, cue.role) for cue in again.cues] == [
                (cue.line, cue.character, cue.role) for cue in script.cues
            ]
        else:
            assert content(again) == content(script)


def test_table():
    script = read_text(
        "1、渡口　夜　内\n△林远和陈念坐着。\n林远（低声）：走吧。\n旁白：下雪了。\n林远：好\t吧。\n陈念VO：来了。"
    )
    assert to_table(script).split("\n") == [
        "id\tcontent\tcharacter",
        "1_0001_A_1\t林远和陈念坐着。\t林远",
        "1_0001_A_2\t林远和陈念坐着。\t陈念",
        "1_0001_A_3\t林远（低声）：走吧。\t林远",
        "1_0001_A_4\t旁白：下雪了。\t",
        "1_0001_A_5\t林远：好 吧。\t林远",
        "1_0001_A_6\t陈念（VO）：来了。\t陈念",
        "",
    ]


def test_a_table_with_strengths_can_be_learned_from(tmp_path):
    script, path = (
        read_text("1、渡口　夜　内\n△林远和陈念坐着。\n△下雪了。\n林远：走吧。\n陈念：好。"),
        tmp_path / "a.tsv",
    )
    values = np.random.default_rng(0).uniform(0, 3, (4, 6)).astype(np.float32)
    write_script(script, path, values)
    (again,) = read_labeled(path)
    assert np.allclose(again.labels, values, atol=6e-4) and again.weights.tolist() == [1, 1, 1, 1]
    assert [line.text for line in again.script.lines] == [line.text for line in script.lines]
    with pytest.raises(InputError, match="4 cues and strengths of the shape"):
        write_script(script, path, values[:, :5])
    with pytest.raises(OutputError, match="no place for strengths"):
        write_script(script, tmp_path / "a.fdx", values)


def test_fountain_is_forced():
    script = read_text(
        "《归途》\n【人物小传】\n林远（小林）：司机\n1、渡口　夜　内\n△林远坐着。\n林远OS（笑）：走吧。\n字幕：十年后"
    )
    assert to_fountain(script) == (
        "Title: 归途\nCast:\n    林远（小林）：司机\n\n.1、渡口　夜　内\n\n!△林远坐着。\n\n@林远 (OS)\n(笑)\n走吧。\n\n【字幕：十年后】\n"
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda tree: tree["cues"][0].update(line=99),
        lambda tree: tree["cues"][0].update(character="nobody"),
        lambda tree: tree["cues"].reverse(),
        lambda tree: tree["scenes"][0].update(index=4),
        lambda tree: tree["scenes"][0]["lines"][0].update(kind="song"),
        lambda tree: tree["scenes"][0]["lines"][0].update(source=7),
        lambda tree: tree["scenes"][0].pop("heading"),
        lambda tree: tree.update(title=10**30),
        lambda tree: tree.update(scenes={}),
    ],
)
def test_json_that_contradicts_itself(tmp_path, change):
    tree = msgspec.json.decode(read_text("1、渡口　夜　内\n林远：走。\n陈念：好。").to_json())
    change(tree)
    path = tmp_path / "s.json"
    path.write_bytes(msgspec.json.encode(tree) if tree["title"] != 10**30 else b'{"title": 1000000000000000000000000}')
    with pytest.raises(FormatError, match="JSON") as caught:
        read_script(path)
    assert caught.value.path == path


@pytest.mark.parametrize(
    "data", [b"{", b"[]", b"null", b"[" * 100_000, b'{"scenes": ' * 50_000, b"\xff\xfe{", b'"\xed\xa0\x80"']
)
def test_broken_json(data):
    with pytest.raises(FormatError, match="JSON"):
        Script.from_json(data)


def test_unknown_suffix(tmp_path):
    with pytest.raises(OutputError, match=r"\.xyz"):
        write_script(read_text("林远：走。"), tmp_path / "a.xyz")


PAGE = "Title: 灯塔\nAuthor:\n    林一\nDraft date: 3 May\nContact:\n    某处\n    某街 *1* 号\n\n.内 灯塔 夜\n\n@林远\n走。\n"


def test_title_pages_go_from_format_to_format():
    script = read_text(PAGE, fountain=True)
    expected = [("Draft date", ["3 May"]), ("Contact", ["某处", "某街 1 号"])]
    assert other_keys(script) == expected
    assert other_keys(read_again(script, "fountain")) == expected
    through = read_again(script, "fdx")
    assert other_keys(through) == expected
    assert other_keys(read_again(through, "fountain")) == expected
    assert (through.title, through.authors) == ("灯塔", ("林一",))


@pytest.mark.parametrize("authors", [("Lee, Ann",), ("Bob and Sons", "A, B & C"), ("林一、陈二", "Tom")])
@pytest.mark.parametrize("format", ["fountain", "fdx"])
def test_authors_with_commas(authors, format):
    script = msgspec.structs.replace(read_text("林远：走。\n林远：好。"), title="By the Sea", authors=authors)
    again = read_again(script, format)
    assert (again.title, again.authors) == ("By the Sea", authors)


def test_sections_keep_their_levels_and_scenes_their_parts():
    text = "# Act One\n\n## The Road\n\nINT. A - DAY\n\nIt rains.\n\n# Act Two\n\nINT. B - DAY\n\nIt snows.\n"
    script = read_text(text, fountain=True)
    assert to_fountain(script) == text.replace("INT.", ".INT.").replace("It ", "!It ")
    for format in ("fountain", "fdx"):
        again = read_again(script, format)
        assert [scene.part for scene in again.scenes] == ["The Road", "Act Two"]
        assert [note.text for note in again.notes if note.kind == "section"] == [
            "# Act One",
            "## The Road",
            "# Act Two",
        ]


def test_an_outline_that_names_no_part_stays_one():
    builder = ScriptBuilder("fdx")
    builder.note("section", "# Tom wants out", Span(1, 1, 0, 1))
    builder.scene("INT. A - DAY", Span(2, 2, 0, 1), interior="内", place="A", time="DAY")
    again = read_again(builder.build(), "fountain")
    assert [scene.part for scene in again.scenes] == [""]
    assert [note.text for note in again.notes if note.kind == "synopsis"] == ["= Tom wants out"]


@pytest.mark.parametrize("format", ["fountain", "fdx"])
def test_a_flashback_over_headings_needs_no_notes(format):
    script = read_text(
        "1、渡口　夜　内\n林远：走。\n【闪回】\n△他小时候。\n2、河边　日　外\n林远：妈！\n【闪回结束】\n林远：嗯。\n3、渡口　夜　内\n【梦境】\n林远：谁？\n4、路上　日　外\n林远：哦。"
    )
    assert [scene.flag for scene in script.scenes] == ["", "flashback", "", ""]
    again = read_again(script, format)
    assert content(again) == content(script)
    written = to_fountain(script) if format == "fountain" else to_fdx(script).decode()
    assert "标记：" not in written


def test_a_flag_is_told_where_no_mark_tells_it():
    builder = ScriptBuilder("text")
    builder.scene("天台", Span(1, 1, 0, 1), place="天台")
    for k, flag in enumerate(("", "dream", "dream", "")):
        builder.line("action", "走。", "走。", Span(k + 2, k + 2, 0, 1), flag=flag)
    script = builder.build()
    assert to_fountain(script).count("[[标记：") == 2
    assert to_fdx(script).decode().count("标记：") == 2


def test_a_speech_without_a_word():
    script = read_text("@林远\n（点头）\n\n@陈念\n好。\n", fountain=True)
    for format in ("fountain", "fdx"):
        lines = read_again(script, format).lines
        assert [(x.speakers, x.parentheticals, x.text) for x in lines] == [
            (("林远",), ("点头",), ""),
            (("陈念",), (), "好。"),
        ]


def test_a_page_left_from_a_layout_is_not_written():
    script = read_text(
        "INT. A - DAY\n\n            ANN\n      Go.\n            (MORE)\n            2.\n            ANN (CONT'D)\n      Now.\n"
    )
    assert {note.kind for note in script.notes} >= {"page"}
    assert "MORE" not in to_fountain(script)
    assert b"MORE" not in to_fdx(script)
