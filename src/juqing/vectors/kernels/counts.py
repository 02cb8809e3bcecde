"""Loops over pairs of neighboring words."""

from __future__ import annotations

import numba
import numpy as np

C_FUNCTIONS = {
    "pairs": "i4[:] i8 i8 i8[:] i8 i8 f8[:] i8 f8[:,:] u8[:] -> 1",
    "merged": "u8[:] f8[:] f8[:] -> 1",
    "joined": "u8[:] f8[:] u8[:] f8[:] u8[:] f8[:] -> 1",
    "row_lengths": "u8[:] i8 i8 i8[:]",
    "rows": "u8[:] f8[:] i8 i8 i8[:] i4[:] f8[:]",
}
_BITS = 8  # of a key, the lowest: the distance of the pair


def pairs(
    ids: np.ndarray,
    start: int,
    at: int,
    ends: np.ndarray,
    window: int,
    n_words: int,
    weights: np.ndarray,
    is_symmetric: int,
    dense: np.ndarray,
    keys: np.ndarray,
) -> tuple[int]:
    """Go through sentences; each word meets those before it.

    In a pair, `row` is the word and `column` the one before it; where order does not count, the larger id and the smaller.

    Args:
        ids: All words, (n_ids,) int32.
        start: The first word of the first sentence.
        at: The first word to count; those of its sentence before it are met all the same.
        ends: For each sentence the place behind its last word, (n,) int64.
        window: Largest distance.
        n_words: Size of the vocabulary.
        weights: What a pair counts at each distance, (window + 1,) float64.
        is_symmetric: Whether the order of a pair does not count.
        dense: (n, n) float64; pairs of the words 0..n-1 are added to it. Changed in place.
        keys: Room for all other pairs, uint64: (row * n_words + column) * 256 + distance. Changed in place.

    Returns:
        How many keys were written.
    """
    n_keys = 0
    n_dense = dense.shape[0]
    for end in ends:
        for t in range(max(start, at), end):
            word = ids[t]
            for distance in range(1, min(window, t - start) + 1):
                row, column = word, ids[t - distance]
                if is_symmetric and row < column:
                    row, column = column, row
                if row < n_dense and column < n_dense:
                    dense[row, column] += weights[distance]
                else:
                    keys[n_keys] = (
                        ((np.uint64(row) * np.uint64(n_words)) + np.uint64(column)) << np.uint64(_BITS)
                    ) | np.uint64(distance)
                    n_keys += 1
        start = end
    return (n_keys,)


def merged(keys: np.ndarray, values: np.ndarray, weights: np.ndarray) -> tuple[int]:
    """Sorted keys of `pairs` to pairs without their distance, each once, and the sum of its weights.

    Args:
        keys: (n,) uint64; changed in place.
        values: Room for the sums, (n,) float64.
        weights: What a pair counts at each distance.

    Returns:
        How many there are; the first so many keys and values are meant.
    """
    n = 0
    for k in range(keys.shape[0]):
        pair = keys[k] >> np.uint64(_BITS)
        weight = weights[keys[k] & np.uint64(255)]
        if n and keys[n - 1] == pair:
            values[n - 1] += weight
        else:
            keys[n], values[n] = pair, weight
            n += 1
    return (n,)


def joined(
    keys: np.ndarray,
    values: np.ndarray,
    other_keys: np.ndarray,
    other_values: np.ndarray,
    all_keys: np.ndarray,
    all_values: np.ndarray,
) -> tuple[int]:
    """Two sorted runs as one, the values of equal keys added up: uint64 and float64.

    Returns:
        How many there are; the first so many of `all_keys` and `all_values`, as long as both runs, are meant.
    """
    n, m = keys.shape[0], other_keys.shape[0]
    i = j = k = 0
    while i < n and j < m:
        if keys[i] < other_keys[j]:
            all_keys[k], all_values[k] = keys[i], values[i]
            i += 1
        elif keys[i] > other_keys[j]:
            all_keys[k], all_values[k] = other_keys[j], other_values[j]
            j += 1
        else:
            all_keys[k], all_values[k] = keys[i], values[i] + other_values[j]
            i += 1
            j += 1
        k += 1
    while i < n:
        all_keys[k], all_values[k] = keys[i], values[i]
        i += 1
        k += 1
    while j < m:
        all_keys[k], all_values[k] = other_keys[j], other_values[j]
        j += 1
        k += 1
    return (k,)


def row_lengths(keys: np.ndarray, n_words: int, is_symmetric: int, lengths: np.ndarray) -> None:
    """How many entries each row has: (n_words,) int64, zeros before; see `rows`."""
    n = np.uint64(n_words)
    for key in keys:
        row, column = key // n, key % n
        lengths[row] += 1
        if is_symmetric and column != row:
            lengths[column] += 1


def rows(
    keys: np.ndarray,
    values: np.ndarray,
    n_words: int,
    is_symmetric: int,
    free: np.ndarray,
    columns: np.ndarray,
    entries: np.ndarray,
) -> None:
    """Sorted pairs as compressed rows; with `is_symmetric`, each pair in both its rows, one of a word with itself twice.

    Args:
        keys: row * n_words + column, (n,) uint64; column <= row with `is_symmetric`.
        values: (n,) float64.
        n_words: Size of the vocabulary.
        is_symmetric: Whether the order of a pair does not count.
        free: Where each row begins, (n_words,) int64; where it ends, afterwards.
        columns: Room for (n_entries,) int32, rising in each row.
        entries: Room for their values, (n_entries,) float64.
    """
    n = np.uint64(n_words)
    for k in range(keys.shape[0]):
        row, column = keys[k] // n, keys[k] % n
        entries[free[row]], columns[free[row]] = values[k], column
        if is_symmetric:
            if column == row:
                entries[free[row]] += values[k]
            else:  # rows before this one have all their smaller columns already
                entries[free[column]], columns[free[column]] = values[k], row
                free[column] += 1
        free[row] += 1


_compile = numba.njit(nogil=True)
pairs, merged, joined = _compile(pairs), _compile(merged), _compile(joined)
row_lengths, rows = _compile(row_lengths), _compile(rows)
