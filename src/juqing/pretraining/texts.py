"""Running text as windows of token ids: written once into a folder, then mapped into memory.

Every fiftieth window, the first one included, is held out, unless other text is given for that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from juqing.errors import InputError, TrainingError
from juqing.outputs import writing

HOLD_OUT = 50
"""One window of so many is held out."""
TRAIN, HELD_OUT = "train", "held_out"
_NUMBERS = "text.json"  # written last: where it is, the others are whole
_AT_ONCE = 2**22

Progress = Callable[[float, float | None, str], None]
"""Told what is done, all of it where that is known, and what is going on."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of token ids, one after the other.

    Attributes:
        ids: (n_ids,) int32, mapped from a file.
        ends: (n_windows,) int64: for each window the place behind its last id.
    """

    ids: np.ndarray
    ends: np.ndarray

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, k: int) -> np.ndarray:
        """Window `k`, counted from 0: (n,) int32."""
        return self.ids[int(self.ends[k - 1]) if k else 0 : int(self.ends[k])]

    def parts(self) -> Iterator[np.ndarray]:
        """All ids in parts that are small beside the memory."""
        for start in range(0, len(self.ids), _AT_ONCE):
            yield np.asarray(self.ids[start : start + _AT_ONCE])

    @classmethod
    def load(cls, folder: Path, part: str) -> Windows:
        """Map what `write_windows` wrote.

        Args:
            folder: Where it wrote.
            part: `TRAIN` or `HELD_OUT`.

        Raises:
            TrainingError: A file is missing or cut off.
        """
        try:
            numbers = json.loads((folder / _NUMBERS).read_text(encoding="utf-8"))[part]
            ids = np.memmap(folder / f"{part}.ids", "<i4", "r", 0, (numbers["n_ids"],))
            ends = np.memmap(folder / f"{part}.ends", "<i8", "r", 0, (numbers["n_windows"],))
            if ends[-1] != len(ids) or (np.diff(ends) < 1).any():
                raise ValueError("the windows do not end where they should")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise TrainingError(f"the text cannot be read back: {error}.", "Delete the run.", path=folder) from None
        return cls(ids, ends)


def has_windows(folder: Path) -> bool:
    """Whether `write_windows` has come to its end here."""
    return (folder / _NUMBERS).is_file()


def write_windows(
    windows: Iterable[np.ndarray],
    folder: Path,
    window: int,
    *,
    held_out: Iterable[np.ndarray] | None = None,
    progress: Progress | None = None,
) -> None:
    """Write windows to an existing folder.

    Args:
        windows: Each (n,) of int32.
        folder: Where to.
        window: The length of a full one.
        held_out: The windows to hold out; every `HOLD_OUT`th of the others where None.
        progress: Told the ids written so far.

    Raises:
        InputError: There is no text, or not even one full window of it to learn from and one to hold out.
        OutputError: The disk is full.
    """
    if held_out is None:
        parted = ((HELD_OUT if k % HOLD_OUT == 0 else TRAIN, ids) for k, ids in enumerate(windows))
    else:
        parted = chain(((TRAIN, ids) for ids in windows), ((HELD_OUT, ids) for ids in held_out))
    lengths: dict[str, list[int]] = {TRAIN: [], HELD_OUT: []}
    totals = dict.fromkeys(lengths, 0)
    with writing(folder / f"{TRAIN}.ids") as one, writing(folder / f"{HELD_OUT}.ids") as two:
        with one.open("wb") as train_file, two.open("wb") as held_out_file:
            files = {TRAIN: train_file, HELD_OUT: held_out_file}
            for k, (part, ids) in enumerate(parted):
                files[part].write(ids.astype("<i4", copy=False).tobytes())
                lengths[part].append(len(ids))
                totals[part] += len(ids)
                if progress and k % 1000 == 0:
                    progress(sum(totals.values()), None, "reading the text")
        _check(totals, window, own=held_out is not None)
        for part, sizes in lengths.items():
            with writing(folder / f"{part}.ends") as path, path.open("wb") as file:
                file.write(np.cumsum(sizes).astype("<i8").tobytes())
    numbers = {part: {"n_ids": totals[part], "n_windows": len(lengths[part])} for part in lengths}
    with writing(folder / _NUMBERS) as path:
        path.write_text(json.dumps(numbers), encoding="utf-8")


def _check(totals: dict[str, int], window: int, *, own: bool) -> None:
    if not sum(totals.values()):
        raise InputError("the text is empty.", "Give other text.")
    if own and not totals[HELD_OUT]:
        raise InputError("the text that is held out is empty.", "Give other text with --held-out.")
    if totals[TRAIN] < window:
        beside = "" if own else f", {totals[HELD_OUT]:,} more are held out"
        raise InputError(
            f"the text has {totals[TRAIN]:,} tokens to learn from{beside}: less than a window of {window:,}.",
            "Give more text, or shorten the window.",
        )
