"""The competition's table: rows to scripts, in script order, with labels; and every way in which a row can be wrong."""

import numpy as np
import pytest

from juqing.errors import FormatError, LabelError
from juqing.reading import read_script, read_scripts
from juqing.reading.files import read_labeled

TABLE = """id\tcontent\tcharacter\temotions\tconfidence
9_0002_A_4\tb1看着a1：走吧。\ta1\t0,0,1.5,0,0,3\t0.5
9_0001_A_1\t天亮了。\t\t\t
9_0002_A_5\tb1看着a1：走吧。\tb1\t\t
9_0001_A_2\ta1OS：又来了。\ta1\t0,0,0,2,0,0\t1
8_0001_A_1\t众人：好！\tc1\t1,0,0,0,0,0\t0.25
"""


def write(tmp_path, text, name="t.tsv"):
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    "change",
    [lambda t: t, lambda t: t.replace("\n", "\r\n"), lambda t: "\ufeff" + t, lambda t: t + "\n\n"],
    ids=["LF", "CRLF", "mark", "blank"],
)
def test_rows_become_scripts(tmp_path, change):
    nine, eight = read_labeled(write(tmp_path, change(TABLE)))
    script = nine.script
    assert (script.title, eight.script.title, script.format) == ("9", "8", "table")
    assert [(scene.number, len(scene.lines)) for scene in script.scenes] == [("1", 2), ("2", 1)]
    assert [(x.kind, x.speakers, x.parentheticals, x.delivery, x.text) for x in script.lines] == [
        ("action", (), (), "on", "天亮了。"),
        ("dialogue", ("a1",), (), "os", "又来了。"),
        ("dialogue", ("b1",), ("看着a1",), "on", "走吧。"),
    ]
    assert [(cue.id, cue.character, cue.role) for cue in script.cues] == [
        ("9_0001_A_2", "a1", "speaker"), ("9_0002_A_4", "a1", "present"), ("9_0002_A_5", "b1", "speaker"),
    ]  # fmt: skip
    np.testing.assert_array_equal(nine.labels, [[0, 0, 0, 2, 0, 0], [0, 0, 1.5, 0, 0, 3], [np.nan] * 6])
    np.testing.assert_array_equal(nine.weights, [1, 0.5, 1])
    assert not script.warnings


def test_labels_in_six_columns(tmp_path):
    text = "love\tjoy\tfright\tanger\tfear\tsorrow\tcharacter\tcontent\tid\n0\t0.5\t0\t0\t0\t3\ta1\ta1笑。\t1_1_A_1\n"
    labeled = read_labeled(write(tmp_path, text))[0]
    np.testing.assert_array_equal(labeled.labels, [[0, 0.5, 0, 0, 0, 3]])


def test_without_labels(tmp_path):
    labeled = read_labeled(write(tmp_path, "id\tcontent\tcharacter\n1_1_A_1\ta1笑。\ta1\n"))[0]
    assert np.isnan(labeled.labels).all()


def test_one_script_is_asked_for(tmp_path):
    path = write(tmp_path, TABLE)
    assert len(read_scripts(path)) == 2
    with pytest.raises(FormatError, match="read_scripts"):
        read_script(path)


HEAD = "id\tcontent\tcharacter\temotion\n"


@pytest.mark.parametrize(
    ("text", "error", "line", "message"),
    [
        ("id\ttext\tcharacter\n1_1_A_1\tx\ta1\n", FormatError, 1, "no column 'content'"),
        ("1_1_A_1\tx\ta1\n", FormatError, 1, "no column 'id'"),
        (HEAD, FormatError, None, "no rows"),
        (HEAD + "1_1_A_1\tx\ta1\n", FormatError, 2, "3 fields"),
        (HEAD + "1_1_A_1\tx\ta1\t0,0,0,0,0,0\n1_1_A_2\tx\ta1\t0,0\t0\n", FormatError, 3, "5 fields"),
        (HEAD + "1_1_A_1\tx\ta1\t0,0,0,0,0,7\n", LabelError, 2, "'7' is not a number in 0..3"),
        (HEAD + "1_1_A_1\tx\ta1\t0,0,x,0,0,0\n", LabelError, 2, "'x' is not a number"),
        (HEAD + "1_1_A_1\tx\ta1\t0,0,nan,0,0,0\n", LabelError, 2, "'nan' is not a number"),
        (HEAD + "1_1_A_1\tx\ta1\t0,0,0,0,0\n", LabelError, 2, "5 values"),
        (HEAD + "one\tx\ta1\t0,0,0,0,0,0\n", FormatError, 2, "'one' is not of the form"),
        (HEAD + "1_1_A_" + "9" * 5000 + "\tx\ta1\t\n", FormatError, 2, "not of the form"),
        (HEAD + "1_1_A_1\tx\ta1\t\n1_1_A_1\tx\tb1\t\n", FormatError, 3, "was on line 2 already"),
        (
            "id\tcontent\tcharacter\temotion\tconfidence\n1_1_A_1\tx\ta1\t0,0,0,0,0,0\t2\n",
            LabelError,
            2,
            "confidence '2'",
        ),
    ],
)
def test_refused(tmp_path, text, error, line, message):
    path = write(tmp_path, text)
    with pytest.raises(error, match=message) as caught:
        read_labeled(path)
    assert (caught.value.path, caught.value.line) == (path, line)
    assert str(path) in str(caught.value)
