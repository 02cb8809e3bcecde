"""Kernels that are loaded without Numba."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from juqing import _compiled
from juqing.text import _hashing_kernels

MODULE = "juqing.text._hashing_kernels"


def arguments(data: bytes = b"a bb a\nccc bb\n") -> list:
    return [
        np.frombuffer(data, np.uint8), 0, np.full(64, -1, np.int32), np.zeros(64, np.uint64), np.zeros(99, np.uint8),
        np.zeros(9, np.int64), np.zeros(9, np.int64), 0,
    ]  # fmt: skip


def test_it_does_what_numba_does():
    ours, theirs = arguments(), arguments()
    found = _compiled.kernel(MODULE, "count")(*ours)
    assert found == list(_hashing_kernels.count(*theirs)) == [14, 3]
    assert theirs[6][:3].tolist() == [2, 2, 1]
    for mine, other in zip(ours[2:7], theirs[2:7], strict=True):
        assert np.array_equal(mine, other)


@pytest.mark.parametrize("wrong", [np.zeros(64, np.int64), np.zeros((8, 8), np.int32), np.zeros(128, np.int32)[::2]])
def test_an_array_of_another_kind_is_refused(wrong):
    given = arguments()
    given[2] = wrong
    with pytest.raises(TypeError, match=r"count takes i4\[:\]"):
        _compiled.kernel(MODULE, "count")(*given)


def test_numba_is_not_loaded_where_the_machine_code_is_kept(tmp_path):
    _compiled.kernel(MODULE, "count")
    text = tmp_path / "text.txt"
    text.write_text("a b c\n" * 9, encoding="utf-8")
    code = (
        "import sys; from juqing.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(*sorted({'numba', 'scipy'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, "vectors", "train", str(text), "--out", str(tmp_path / "v.bin")]
    done = subprocess.run(
        [*command, "--unit", "blank", "--epochs", "1", "--set", "subsample=0"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "3 words" in done.stdout
    assert done.stdout.splitlines()[-1] == ""


def test_it_is_compiled_anew_where_nothing_can_be_kept(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    monkeypatch.setattr(_compiled, "_kept", lambda module: tmp_path / "file" / "kernels")
    _compiled._loaded.cache_clear()
    _compiled.kernel.cache_clear()
    try:
        assert _compiled.kernel(MODULE, "count")(*arguments()) == [14, 3]
    finally:
        _compiled._loaded.cache_clear()
        _compiled.kernel.cache_clear()


def test_a_module_that_cannot_be_compiled_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(_compiled, "_kept", lambda module: tmp_path / "kernels")
    with pytest.raises(
        RuntimeError,
        match=r"juqing\.nothing cannot be compiled: ModuleNotFoundError: No module named 'juqing\.nothing'",
    ):
        _compiled.kernel("juqing.nothing", "count")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("first", ["numba", "ours"])
def test_numba_goes_on_beside_it(first):
    code = """
import sys
import numba, numpy as np
from juqing._compiled import kernel

def numbers(n):
    made = np.empty(n)
    made[:] = n
    return made.sum()

def theirs():
    assert numba.njit(numbers)(9) == 81

def ours():
    kernel("juqing.text._hashing_kernels", "place")(
        np.zeros(1, np.int32), np.zeros(1, np.uint64), np.full(4, -1, np.int32), np.zeros(4, np.uint64)
    )

for each in (theirs, ours, theirs) if sys.argv[1] == "numba" else (ours, theirs):
    each()
"""
    subprocess.run([sys.executable, "-c", code, first], check=True)
