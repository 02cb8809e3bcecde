"""How often words stand near each other; how often in a document is in `juqing.text.documents`.

Pairs of frequent words are added up in a dense table, which stays in the cache; all others are written down as 64-bit keys, sorted
and merged. Keys that do not fit into memory go to sorted runs on disk.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import scipy.sparse

from juqing._compiled import kernel
from juqing.errors import InputError, OutputError
from juqing.text.corpus import EncodedCorpus

_KERNELS = "juqing.vectors.kernels.counts"
SIDES = ("both", "left", "right")
WEIGHTINGS = ("harmonic", "flat")
_DENSE = 1500
"""Pairs of the so many most frequent words are counted in a table: 18 MB."""
_MAX_WINDOW = 255
_PART = 2**20
_MEMORY = 2**30

Progress = Callable[[float, float], None]


def cooccurrences(
    corpus: EncodedCorpus,
    n_words: int,
    *,
    window: int = 5,
    side: str = "both",
    weighting: str = "harmonic",
    memory: int = _MEMORY,
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> scipy.sparse.csr_array:
    """Word × word: how often the word of the column stands near the word of the row.

    Args:
        corpus: The text as ids.
        n_words: Size of the vocabulary.
        window: Distance in words of the vocabulary, 1..255, within a sentence.
        side: `left` counts what stands before the word, `right` what stands behind it, `both` both.
        weighting: `harmonic` counts a pair at distance d as 1/d (GloVe), `flat` as 1.
        memory: Bytes for pairs in memory; more of them go to disk, into the folder for temporary files.
        n_threads: All cores where None.
        progress: Told the words done, and all of them.

    Returns:
        (n_words, n_words) float64; symmetric for `both`.

    Raises:
        InputError: A setting is out of its range.
    """
    check_window(window)
    for name, value, known in (("side", side, SIDES), ("weighting", weighting, WEIGHTINGS)):
        if value not in known:
            raise InputError(f"{name} is {value!r}.", f"Choose one of {', '.join(known)}.")
    if n_words >= 2**28:
        raise InputError(f"the vocabulary has {n_words:,} words.", "Raise min_count: fewer than 2^28 can be counted.")
    weights = np.ones(window + 1) if weighting == "flat" else 1.0 / np.maximum(np.arange(window + 1), 1)
    n_threads = n_threads or os.cpu_count() or 1
    n_dense = min(n_words, _DENSE)
    chunks = list(_chunks(corpus, max(1, _PART * 5 // max(window, 5))))  # a wide window makes many pairs
    stop, is_symmetric = threading.Event(), side == "both"
    pairs, merged = kernel(_KERNELS, "pairs"), kernel(_KERNELS, "merged")
    with tempfile.TemporaryDirectory(prefix="juqing-counts-") as folder, ThreadPoolExecutor(n_threads) as pool:
        runs = _Runs(Path(folder), max(memory // 16, 2 * _PART))
        dense = np.zeros((n_threads, n_dense, n_dense))

        def count(thread: int) -> None:
            for start, at, ends in chunks[thread::n_threads]:
                if stop.is_set():
                    return
                keys = np.empty((int(ends[-1]) - at) * window, np.uint64)
                (n_keys,) = pairs(
                    corpus.ids, start, at, ends, window, n_words, weights, is_symmetric, dense[thread], keys
                )
                kept = keys[: int(n_keys)]
                kept.sort()
                values = np.empty(len(kept))
                (n,) = merged(kept, values, weights)
                runs.add(kept[: int(n)].copy(), values[: int(n)].copy())
                if progress:
                    progress(runs.words_done(int(ends[-1]) - at), len(corpus.ids))

        try:
            list(pool.map(count, range(n_threads)))
        except OSError as error:
            stop.set()
            found = f"pairs that do not fit into memory cannot be written: {error.strerror}."
            raise OutputError(found, "Free some space, or name another folder by TMPDIR.", path=Path(folder)) from None
        except BaseException:  # Ctrl-C too: the other threads would count on
            stop.set()
            raise
        table = dense.sum(axis=0)
        words, others = np.nonzero(table)
        keys = words.astype(np.uint64) * np.uint64(n_words) + others.astype(np.uint64)
        keys, values = _merge([runs.result(), (keys, table[words, others])])
    starts = np.zeros(n_words + 1, np.int64)
    kernel(_KERNELS, "row_lengths")(keys, n_words, is_symmetric, starts[1:])
    np.cumsum(starts, out=starts)
    columns, entries = np.empty(int(starts[-1]), np.int32), np.empty(int(starts[-1]))
    kernel(_KERNELS, "rows")(keys, values, n_words, is_symmetric, starts[:-1].copy(), columns, entries)
    del keys, values
    if starts[-1] < 2**31:  # else SciPy would make the columns as wide as the starts
        starts = starts.astype(np.int32)
    found = scipy.sparse.csr_array((entries, columns, starts), shape=(n_words, n_words))
    return scipy.sparse.csr_array(found.T) if side == "right" else found


def check_window(window: int) -> None:
    """Raise `InputError` where pairs cannot be counted in such a window."""
    if not 1 <= window <= _MAX_WINDOW:
        raise InputError(f"the window is {window}.", f"It is 1 to {_MAX_WINDOW} words.")


def _chunks(corpus: EncodedCorpus, n: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """The text in pieces of about `n` words, long sentences cut: where the sentence begins, the first word of the piece, and the
    ends of the piece's sentences.
    """
    for start, first, last in corpus.parts(n):
        ends = np.asarray(corpus.ends[first:last])
        if last - first > 1:
            yield start, start, ends
            continue
        for at in range(start, int(ends[0]), n):
            yield start, at, np.minimum(ends, at + n)


class _Runs:
    """Sorted keys with their sums. Runs are merged in memory, and moved to disk where they grow too large."""

    def __init__(self, folder: Path, most: int):
        self.folder = folder
        self.most = most
        self.lock = threading.Lock()
        self.in_memory: list[tuple[np.ndarray, np.ndarray]] = []
        self.on_disk: list[Path] = []
        self.done = 0

    def words_done(self, n: int) -> int:
        with self.lock:
            self.done += n
            return self.done

    def add(self, keys: np.ndarray, values: np.ndarray) -> None:
        with self.lock:
            self.in_memory.append((keys, values))
            if sum(len(keys) for keys, _ in self.in_memory) < self.most:
                return
            keys, values = _merge(self.in_memory)
            self.in_memory = [(keys, values)]
            if len(keys) > self.most // 2:
                path = self.folder / str(len(self.on_disk))
                np.concatenate([keys.view(np.float64), values]).tofile(path)
                self.on_disk.append(path)
                self.in_memory = []

    def result(self) -> tuple[np.ndarray, np.ndarray]:
        """All keys, sorted, each once, and their sums. Runs on disk are merged slice by slice of the keys."""
        if not self.on_disk:
            return _merge(self.in_memory)
        runs = [*self.in_memory]
        for path in self.on_disk:
            both = np.memmap(path, np.float64, "r")
            half = len(both) // 2
            runs.append((both[:half].view(np.uint64), both[half:]))
        longest = max(runs, key=lambda run: len(run[0]))[0]
        step = max(1, self.most // (2 * len(runs)))
        borders = [*longest[step::step].tolist(), 2**64 - 1]
        places, merged = [0] * len(runs), []
        for border in borders:
            part = []
            for k, (keys, values) in enumerate(runs):
                end = int(np.searchsorted(keys, np.uint64(border)))
                part.append((np.asarray(keys[places[k] : end]), np.asarray(values[places[k] : end])))
                places[k] = end
            merged.append(_merge(part))
        return np.concatenate([keys for keys, _ in merged]), np.concatenate([values for _, values in merged])


def _merge(runs: Sequence[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray]:
    """Sorted runs as one, equal keys added up; always the two shortest first."""
    joined = kernel(_KERNELS, "joined")
    left = sorted((run for run in runs if len(run[0])), key=lambda run: -len(run[0]))
    while len(left) > 1:
        one, other = left.pop(), left.pop()
        n = len(one[0]) + len(other[0])
        both = np.empty(n, np.uint64), np.empty(n)
        (n_both,) = joined(*one, *other, *both)
        left.append((both[0][: int(n_both)], both[1][: int(n_both)]))
        del one, other, both
        left.sort(key=lambda run: -len(run[0]))
    return left[0] if left else (np.zeros(0, np.uint64), np.zeros(0))
