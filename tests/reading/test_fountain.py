"""Fountain: the elements of the specification, their forced forms, and the leniencies for Chinese. Oracle: screenplain."""

import pytest
from conftest import ENGLISH

from juqing.reading import read_script, read_text
from juqing.script import Script

ALL = """Title: The Kettle
Credit: written by
Authors: A. One
    B. Two

# ACT ONE

= Ann waits for Bob.

INT. KITCHEN - NIGHT #12A#

Ann *waits*. **Rain** on the _window_.
She turns.

ANN
(low)
Who is it?
It's late.

BOB (O.S.)
Only me.

BOB ^
Let me in!

CUT TO:

.INSERT - THE KETTLE

!SCANNING THE ROOM

@McTAVISH
Aye.

~La la la

> FADE OUT.

>THE END<

[[ a note ]]

/* cut
this */

===

EXT. ROAD - DAY

ANN (on the radio)
Hello,
␠␠
anyone?
""".replace("␠", " ")


def shape(script: Script) -> list[tuple]:
    return [(line.kind, line.speakers, line.parentheticals, line.delivery, line.text) for line in script.lines]


def test_elements():
    script = read_text(ALL, fountain=True)
    assert (script.title, script.authors) == ("The Kettle", ("A. One", "B. Two"))
    assert [(s.number, s.interior, s.place, s.time, s.part) for s in script.scenes] == [
        ("12A", "内", "KITCHEN", "NIGHT", "ACT ONE"),
        ("", "", "INSERT THE KETTLE", "", "ACT ONE"),
        ("", "外", "ROAD", "DAY", "ACT ONE"),
    ]
    assert shape(script) == [
        ("action", (), (), "on", "Ann waits. Rain on the window.\nShe turns."),
        ("dialogue", ("ANN",), ("low",), "on", "Who is it? It's late."),
        ("dialogue", ("BOB",), (), "off", "Only me."),
        ("dialogue", ("BOB",), (), "on", "Let me in!"),
        ("transition", (), (), "on", "CUT TO:"),
        ("action", (), (), "on", "SCANNING THE ROOM"),
        ("dialogue", ("McTAVISH",), (), "on", "Aye."),
        ("lyric", (), (), "on", "La la la"),
        ("transition", (), (), "on", "FADE OUT."),
        ("other", (), (), "on", "THE END"),
        ("dialogue", ("ANN",), ("on the radio",), "on", "Hello, anyone?"),
    ]
    kinds = [note.kind for note in script.notes if note.kind != "blank"]
    assert kinds == ["title", "section", "synopsis", "comment", "boneyard", "page break"]


@pytest.mark.parametrize(
    "change",
    [lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t.replace("\nANN\n", "\n\tANN\n")],
    ids=["CRLF", "mark", "tabs"],
)
def test_the_same_in_other_clothes(change):
    assert shape(read_text(change(ALL), fountain=True)) == shape(read_text(ALL, fountain=True))


def test_chinese():
    script = read_text(
        """Title: 归途

.内 客厅 夜

△林父坐着，没有开灯。

@林远
（低声）
爸？

林父
你还知道有个家。

。外 国道 日

1-2　日　外　国道

林父：又是这句。

林远

修车人甲：小心！

林父
走。
""",
        fountain=True,
    )
    assert [(s.interior, s.place, s.time) for s in script.scenes] == [
        ("内", "客厅", "夜"),
        ("外", "国道", "日"),
        ("外", "国道", "日"),
    ]
    assert shape(script) == [
        ("action", (), (), "on", "林父坐着，没有开灯。"),
        ("dialogue", ("林远",), ("低声",), "on", "爸？"),
        ("dialogue", ("林父",), (), "on", "你还知道有个家。"),
        ("dialogue", ("林父",), (), "on", "又是这句。"),
        ("action", (), (), "on", "林远"),
        ("dialogue", ("修车人甲",), (), "on", "小心！"),
        ("dialogue", ("林父",), (), "on", "走。"),
    ]


def test_an_opening_that_nothing_closes_is_text():
    assert shape(read_text("Ann /* waits.\n\nBob [[ too.\n", fountain=True)) == [
        ("action", (), (), "on", "Ann /* waits."),
        ("action", (), (), "on", "Bob [[ too."),
    ]


def test_comments_inside_a_line():
    script = read_text("Ann /* secretly */ waits [[ how long? ]] here.\n", fountain=True)
    assert script.lines[0].text == "Ann  waits  here."
    assert script.lines[0].printed == "Ann /* secretly */ waits [[ how long? ]] here."


def test_known_without_a_suffix(tmp_path):
    path = tmp_path / "play.txt"
    path.write_text("INT. KITCHEN - NIGHT\n\nANN\nWho is it?\n", encoding="utf-8")
    script = read_script(path)
    assert (script.format, script.language, script.title) == ("fountain", "en", "play")


def test_example_against_screenplain():
    from screenplain.parsers import fountain
    from screenplain.types import Dialog, DualDialog, Slug

    with ENGLISH.open(encoding="utf-8") as file:
        oracle = fountain.parse(file)
    speeches = []
    for paragraph in oracle:
        if isinstance(paragraph, DualDialog):
            speeches += [paragraph.left, paragraph.right]
        elif isinstance(paragraph, Dialog):
            speeches.append(paragraph)
    script = read_script(ENGLISH)
    spoken = [line for line in script.lines if line.kind == "dialogue"]
    assert len(spoken) == len(speeches)
    for line, speech in zip(spoken, speeches, strict=True):
        assert str(speech.character).startswith(line.speakers[0])
        words = " ".join(str(text) for is_parenthetical, text in speech.blocks if not is_parenthetical)
        # screenplain leaves the mark of sung lines in the speech; the specification calls it a mark.
        assert line.text.split() == words.replace("~", "").split()
    assert [scene.heading for scene in script.scenes] == [str(p.line) for p in oracle if isinstance(p, Slug)]


def test_joint_cues_moods_and_remarks():
    script = read_text(
        "@林远/林父（冷笑）\n走（哭）吧。\n\nANN / BOB\nHello.\n\n旁白\n十年过去了。\n\n【字幕：十年后】\n",
        fountain=True,
    )
    assert shape(script) == [
        ("dialogue", ("林远", "林父"), ("冷笑", "哭"), "on", "走吧。"),
        ("dialogue", ("ANN", "BOB"), (), "on", "Hello."),
        ("action", (), (), "on", "旁白\n十年过去了。"),
        ("caption", (), (), "on", "十年后"),
    ]


def test_chinese_speeches_without_blank_lines():
    script = read_text("@林远\n爸？\n@林父\n嗯。\n△他走了。\n@旁白\n十年。\n", fountain=True)
    assert shape(script) == [
        ("dialogue", ("林远",), (), "on", "爸？"),
        ("dialogue", ("林父",), (), "on", "嗯。"),
        ("action", (), (), "on", "他走了。"),
        ("narration", (), (), "on", "十年。"),
    ]


def test_a_title_page_broken_by_a_blank_line():
    script = read_text("Title: X\n\nAuthor: Y\n\nINT. A - DAY\n\nIt rains.\n", fountain=True)
    assert (script.title, script.authors, len(script.scenes)) == ("X", ("Y",), 1)
