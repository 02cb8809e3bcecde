"""Long training in rounds: between two of them nothing moves, so that the state can be written down, and Ctrl-C waits for the end of one."""

from __future__ import annotations

import ctypes
import json
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

import numpy as np

from juqing.errors import ModelError, TrainingError
from juqing.outputs import writing
from juqing.text.vocabulary import Vocabulary

_EVERY = 60.0
_ROUND = 1.0
_ROWS = 4096


def in_rounds(
    work: Callable[[int], None], first: int, last: int, *, n_threads: int, after: Callable[[int, bool], None]
) -> None:
    """Call `work(k)` for k in first..last - 1 on threads, in rounds of about a second.

    Args:
        work: Called in the order of k; with several threads, several at a time.
        first: Where to begin.
        last: Behind the last.
        n_threads: At most so many at a time.
        after: Told after a round which k comes next, and whether nothing more will come: it is the last round, or Ctrl-C was pressed.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the round was finished and `after` called.
    """
    give_back()
    size = n_threads
    with ThreadPoolExecutor(n_threads) as pool:
        while first < last:
            began, stopped = time.perf_counter(), None
            behind = min(first + size, last)
            futures = [pool.submit(work, k) for k in range(first, behind)]
            try:
                wait(futures)
            except KeyboardInterrupt as pressed:
                stopped = pressed
                wait(futures)
            for future in futures:
                future.result()
            first = behind
            after(first, stopped is not None or first == last)
            if stopped:
                raise stopped
            if time.perf_counter() - began < _ROUND / 2:
                size *= 2


def give_back() -> None:
    """Hand freed memory to the system: glibc would keep what counting has freed, as much as the words or the counts and more."""
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)):
        trim(0)


class Checkpoint:
    """The state of a training in an `.npz` file that is a table of word vectors too (`read_vectors`).

    Args:
        path: The file; nothing is kept where None.
        vocabulary: The words that are trained.
        config: A dataclass of what was asked; a state of other words or settings is refused.
        n: Words or pairs that are gone through, likewise.
    """

    def __init__(self, path: Path | None, vocabulary: Vocabulary, config: Any, n: int):
        self.path, self.vocabulary = path, vocabulary
        # how many threads there are may change from one machine to the next
        self.asked = json.dumps({**{k: v for k, v in asdict(config).items() if k != "n_threads"}, "n": n})
        self.saved = time.monotonic()

    def load(self) -> dict[str, np.ndarray] | None:
        """The arrays of the last `save`, None where there is none.

        Raises:
            ModelError: The file cannot be read.
            TrainingError: It is of other words or settings.
        """
        if self.path is None or not self.path.is_file():
            return None
        try:
            with self.path.open("rb") as file, np.load(file, allow_pickle=False) as opened:
                state = dict(opened)
            asked, words = state.pop("asked").tobytes().decode(), state.pop("words").tobytes().decode()
        except Exception as error:  # a cut-off zip has many ways to fail
            found = f"the state of the training cannot be read: {error}."
            raise ModelError(found, "Delete it, and begin again.", path=self.path) from None
        if asked != self.asked or words != _lines(self.vocabulary):
            raise TrainingError(
                "it is the state of a training of other words, text or settings.",
                "Delete it, or ask the same.",
                path=self.path,
            )
        return state

    def save(self, vectors: Callable[[], np.ndarray], state: Mapping[str, Any], *, now: bool) -> None:
        """Write the state where a minute has passed, or `now`.

        Args:
            vectors: Gives (n_words, dim) float32, the vectors so far; not asked where nothing is written.
            state: Arrays and numbers to go on with.
            now: Do not wait.

        Raises:
            OutputError: The disk is full, or the file cannot be written; the one before is still there.
            TrainingError: A vector is not finite any more.
        """
        if self.path is None or not (now or time.monotonic() - self.saved >= _EVERY):
            return
        table = vectors()
        check_finite(table)
        words = np.frombuffer(_lines(self.vocabulary).encode(), np.uint8)
        asked = np.frombuffer(self.asked.encode(), np.uint8)
        arrays = {"vectors": table, "words": words, "counts": self.vocabulary.counts, "asked": asked, **state}
        with writing(self.path) as aside, zipfile.ZipFile(aside, "w") as archive:
            for name, value in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    _write_array(file, np.asarray(value))
        self.saved = time.monotonic()


def check_finite(table: np.ndarray) -> None:
    """Raise `TrainingError` where a number is not finite."""
    if not all(np.isfinite(rows).all() for rows in _blocks(table)):
        raise TrainingError(
            "a vector is not finite any more.", "Lower the learning rate, and delete the .run folder where one is kept."
        )


def _blocks(array: np.ndarray) -> Iterator[np.ndarray]:
    """Some rows at a time: what is made of a whole table would be as large as it."""
    return (array[first : first + _ROWS] for first in range(0, len(array), _ROWS))


def _write_array(file: IO[bytes], array: np.ndarray) -> None:
    """As `np.save`, which would hold tens of megabytes of a table whose rows are padded."""
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    for rows in _blocks(array) if array.ndim else [array]:
        file.write(rows.tobytes())


def _lines(vocabulary: Vocabulary) -> str:
    return "\n".join([*vocabulary.words, ""])
