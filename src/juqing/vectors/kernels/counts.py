"""Loops over pairs of neighboring words."""

from __future__ import annotations

import numba
import numpy as np

_BITS = 8  # of a key, the lowest: the distance of the pair


def pairs(
    ids: np.ndarray,
    start: int,
    at: int,
    ends: np.ndarray,
    window: int,
    n_words: int,
    weights: np.ndarray,
    is_symmetric: bool,
    dense: np.ndarray,
    keys: np.ndarray,
) -> int:
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
    return n_keys


def merged(keys: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sorted keys of `pairs` to pairs without their distance, each once, and the sum of its weights: uint64 and float64."""
    found = np.empty_like(keys)
    values = np.zeros(keys.shape[0])
    n = 0
    for k in range(keys.shape[0]):
        pair = keys[k] >> np.uint64(_BITS)
        if n == 0 or found[n - 1] != pair:
            found[n] = pair
            n += 1
        values[n - 1] += weights[keys[k] & np.uint64(255)]
    return found[:n].copy(), values[:n].copy()


def joined(
    keys: np.ndarray, values: np.ndarray, other_keys: np.ndarray, other_values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Two sorted runs as one, the values of equal keys added up: uint64 and float64."""
    n, m = keys.shape[0], other_keys.shape[0]
    all_keys, all_values = np.empty(n + m, np.uint64), np.empty(n + m)
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
    return all_keys[:k], all_values[:k]


def rows(
    keys: np.ndarray, values: np.ndarray, n_words: int, is_symmetric: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sorted pairs as compressed rows; with `is_symmetric`, each pair in both its rows, one of a word with itself twice.

    Args:
        keys: row * n_words + column, (n,) uint64; column <= row with `is_symmetric`.
        values: (n,) float64.
        n_words: Size of the vocabulary.
        is_symmetric: Whether the order of a pair does not count.

    Returns:
        Starts (n_words + 1,) int64, columns (n_entries,) int32, rising in each row, and their values, float64.
    """
    n = np.uint64(n_words)
    starts = np.zeros(n_words + 1, np.int64)
    for key in keys:
        row, column = key // n, key % n
        starts[row + np.uint64(1)] += 1
        if is_symmetric and column != row:
            starts[column + np.uint64(1)] += 1
    starts = np.cumsum(starts)
    columns, entries = np.empty(starts[-1], np.int32), np.empty(starts[-1])
    free = starts[:-1].copy()
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
    return starts, columns, entries


_compile = numba.njit(nogil=True, cache=True)
pairs_plain, merged_plain, joined_plain, rows_plain = pairs, merged, joined, rows
pairs, merged, joined, rows = _compile(pairs), _compile(merged), _compile(joined), _compile(rows)
