"""CPED as a labeled table: a small file in its form, made up."""

import numpy as np
import pytest

from juqing.errors import FormatError, InputError
from juqing.reading.files import read_labeled
from juqing.training.cped import STRENGTHS, write_table

HEADER = "\ufeffTV_ID,Dialogue_ID,Utterance_ID,Speaker,Emotion,Utterance\n"


def test_a_dialogue_is_a_scene(tmp_path):
    rows = [
        "3,3_000,3_000_000,于 晓,astonished,怎么了",
        '3,3_000,3_000_001,老戴,anger,"撞你个头，\t走开"',
        "3,3_001,3_001_000,于 晓,neutral,",
        "3,3_001,3_001_001,于 晓,negative-other,算了",
    ]
    (tmp_path / "valid_split.csv").write_text(HEADER + "\n".join(rows) + "\n", encoding="utf-8")
    assert write_table(tmp_path, tmp_path / "t.tsv") == 3
    (item,) = read_labeled(tmp_path / "t.tsv")
    assert [[line.printed for line in scene.lines] for scene in item.script.scenes] == [
        ["于晓：怎么了", "老戴：撞你个头， 走开"],
        ["于晓：算了"],
    ]
    assert [cue.character for cue in item.script.cues] == ["于晓", "老戴", "于晓"]
    np.testing.assert_allclose(item.labels, [[0, 0, 2, 0, 0, 0], [0, 0, 0, 2, 0, 0], [0, 0, 0, 0.7, 0.3, 0.7]])


def test_all_emotions_are_strengths():
    assert len(STRENGTHS) == 13
    assert all(len(row.split(",")) == 6 and max(map(float, row.split(","))) <= 3 for row in STRENGTHS.values())


def test_what_is_no_cped(tmp_path):
    with pytest.raises(InputError, match=r"split\.csv"):
        write_table(tmp_path, tmp_path / "t.tsv")
    (tmp_path / "test_split.csv").write_text(HEADER + "3,3_000\n", encoding="utf-8")
    with pytest.raises(FormatError, match="too short") as caught:
        write_table(tmp_path, tmp_path / "t.tsv")
    assert caught.value.line == 2 and not (tmp_path / "t.tsv").exists()
    (tmp_path / "test_split.csv").write_bytes((HEADER + "3,3_0,3_0_0,于,neutral,好\n").encode("gb18030"))
    with pytest.raises(FormatError, match="cannot be read"):
        write_table(tmp_path, tmp_path / "t.tsv")
    (tmp_path / "test_split.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(FormatError, match="TV_ID"):
        write_table(tmp_path, tmp_path / "t.tsv")
    (tmp_path / "test_split.csv").write_text(HEADER + "3,3_0,3_0_0,甲,bored,啊\n", encoding="utf-8")
    with pytest.raises(FormatError, match=r"line 2.*'bored'"):
        write_table(tmp_path, tmp_path / "t.tsv")
    assert not (tmp_path / "t.tsv").exists()
