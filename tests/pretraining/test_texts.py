"""Windows that are written and mapped: nothing is lost, every fiftieth is held out."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from juqing.errors import InputError, OutputError, TrainingError
from juqing.pretraining import texts
from juqing.pretraining.texts import HELD_OUT, TRAIN, Windows, has_windows, write_windows


def some(n: int, size: int = 10) -> list[np.ndarray]:
    return [np.arange(k, k + size - k % 3, dtype=np.int32) for k in range(n)]


def read(folder: Path, part: str) -> list[list[int]]:
    windows = Windows.load(folder, part)
    return [windows[k].tolist() for k in range(len(windows))]


def test_what_is_written_is_read(tmp_path):
    write_windows(iter(some(120)), tmp_path, 10)
    assert has_windows(tmp_path)
    expected = [window.tolist() for window in some(120)]
    assert read(tmp_path, HELD_OUT) == [expected[0], expected[50], expected[100]]
    assert read(tmp_path, TRAIN) == [window for k, window in enumerate(expected) if k % 50]


def test_other_text_to_hold_out(tmp_path):
    write_windows(some(60), tmp_path, 10, held_out=some(3, 8))
    assert len(read(tmp_path, TRAIN)) == 60
    assert read(tmp_path, HELD_OUT) == [window.tolist() for window in some(3, 8)]


def test_parts_are_the_whole(tmp_path, monkeypatch):
    write_windows(some(40), tmp_path, 10)
    monkeypatch.setattr(texts, "_AT_ONCE", 7)
    windows = Windows.load(tmp_path, TRAIN)
    assert np.concatenate(list(windows.parts())).tolist() == np.asarray(windows.ids).tolist()


@pytest.mark.parametrize(
    ("windows", "held_out", "message"),
    [
        ([], None, "the text is empty"),
        (some(1), None, "0 tokens to learn from, 10 more are held out: less than a window of 10"),
        (some(2), None, "9 tokens to learn from"),
        (some(9), [], "held out is empty"),
        ([some(1)[0][:4]], some(2), r"has 4 tokens to learn from: less than a window of 10\. Give more text"),
    ],
)
def test_text_that_is_too_short(tmp_path, windows, held_out, message):
    with pytest.raises(InputError) as caught:
        write_windows(windows, tmp_path, 10, held_out=held_out)
    assert message.replace("\\", "") in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk(tmp_path):
    def windows():
        yield from some(3)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(OutputError, match="No space left"):
        write_windows(windows(), tmp_path, 10)
    assert not has_windows(tmp_path)


def test_files_that_are_cut_off(tmp_path):
    write_windows(some(60), tmp_path, 10)
    path = tmp_path / "train.ids"
    path.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(TrainingError, match="cannot be read back"):
        Windows.load(tmp_path, TRAIN)
    with pytest.raises(TrainingError, match="cannot be read back"):
        Windows.load(tmp_path / "none", TRAIN)
