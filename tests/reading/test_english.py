"""English plays and indented screenplays, beyond the small files of the corpus."""

import pytest

from juqing.reading import read_text
from juqing.reading.english import looks_indented, looks_like_play


@pytest.mark.parametrize(
    ("text", "is_play"),
    [
        ("ACT I\n\nAnn.  Hello.\n\nTom.  Hello.\n\nAnn.  Go.\n\nTom.  No.", True),
        ("ANN: One.\nTOM: Two.\nANN: Three.\nTOM: Four.", True),
        ("It was a dark night. The rain fell. Nobody spoke of it again.\n" * 5, False),
        ("林远：走。\n陈念：好。\n林远：走。\n陈念：好。", False),
        ("", False),
    ],
)
def test_looks_like_play(text, is_play):
    assert looks_like_play(text) is is_play


def test_fountain_is_not_taken_for_columns():
    assert not looks_indented("INT. ROOM - DAY\n\nANN\nHello.\n\nTOM\nHello.\n")
    script = read_text("INT. ROOM - DAY\n\nANN\nHello.\n\nTOM\nHello.\n")
    assert (script.format, len(script.lines)) == ("fountain", 2)


def test_directions_in_plays():
    script = read_text(
        "ACT I\n\nAnn.  Look. [He points.] There!\n\nTom.  Where?\n\n[Thunder.\nThe lamp goes out.]\n\nAnn and Tom.  Oh!\n\nAnn.  Hush.\n\nTom.  Why?"
    )
    assert [(line.kind, line.speakers, line.parentheticals, line.text) for line in script.lines] == [
        ("dialogue", ("Ann",), ("He points.",), "Look. There!"),
        ("dialogue", ("Tom",), (), "Where?"),
        ("action", (), (), "Thunder. The lamp goes out."),
        ("dialogue", ("Ann", "Tom"), (), "Oh!"),
        ("dialogue", ("Ann",), (), "Hush."),
        ("dialogue", ("Tom",), (), "Why?"),
    ]


def test_sixty_speakers():
    people = [
        f"{word} {n}"
        for n in ("One", "Two", "Three")
        for word in "Ann Bob Cat Dan Eve Fay Gus Hal Ida Jim Kay Lee Mia Ned Ona Pat Quin Ray Sue Tim".split()
    ]
    text = "ACT I\n\n" + "\n\n".join(f"{name}.  I am here.\n\n{name}.  I am." for name in people)
    script = read_text(text)
    assert len(script.characters) == 60
    assert script.n_cues == 120


def test_who_speaks_once_and_what_is_no_name():
    script = read_text(
        "ACT I\n\nMR. ORR: Rain.\n\nANN: Again.\n\nMR. ORR: (low) And fog.\n\nDR. LOW: Is it far?\n\nNOTE: The door is left.\n\nANN: No."
    )
    assert [(line.kind, line.speakers, line.text) for line in script.lines] == [
        ("dialogue", ("MR. ORR",), "Rain."),
        ("dialogue", ("ANN",), "Again."),
        ("dialogue", ("MR. ORR",), "And fog."),
        ("dialogue", ("DR. LOW",), "Is it far?"),
        ("action", (), "NOTE: The door is left."),
        ("dialogue", ("ANN",), "No."),
    ]


def test_names_in_small_letters_must_speak_twice():
    script = read_text(
        "ACT I\n\nAnn.  Hello.\n\nTom.  Hello.\n\nAnn.  Rain. Still.\n\nTom.  Yes.\n\nOutside.  Thunder."
    )
    assert [line.speakers for line in script.lines] == [("Ann",), ("Tom",), ("Ann",), ("Tom",), ()]
    assert script.lines[2].text == "Rain. Still."
