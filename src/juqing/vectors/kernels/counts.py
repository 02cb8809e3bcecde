"""Loops over pairs of neighboring words."""

from __future__ import annotations

import numba
import numpy as np

_BITS = 8  # of a key, the lowest: the distance of the pair


def pairs(
    ids: np.ndarray,
    start: int,
    ends: np.ndarray,
    window: int,
    n_words: int,
    weights: np.ndarray,
    dense: np.ndarray,
    keys: np.ndarray,
) -> int:
    """Go through sentences; each word meets those before it.

    Args:
        ids: All words, (n_ids,) int32.
        start: The first word of the first sentence.
        ends: For each sentence the place behind its last word, (n,) int64.
        window: Largest distance.
        n_words: Size of the vocabulary.
        weights: What a pair counts at each distance, (window + 1,) float64.
        dense: (n, n) float64; pairs of the words 0..n-1 are added to row word, column word before. Changed in place.
        keys: Room for all other pairs, uint64: (word * n_words + word before) * 256 + distance. Changed in place.

    Returns:
        How many keys were written.
    """
    n_keys = 0
    n_dense = dense.shape[0]
    for end in ends:
        for t in range(start, end):
            word = ids[t]
            for distance in range(1, min(window, t - start) + 1):
                before = ids[t - distance]
                if word < n_dense and before < n_dense:
                    dense[word, before] += weights[distance]
                else:
                    keys[n_keys] = (
                        ((np.uint64(word) * np.uint64(n_words)) + np.uint64(before)) << np.uint64(_BITS)
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


_compile = numba.njit(nogil=True, cache=True)
pairs_plain, merged_plain = pairs, merged
pairs, merged = _compile(pairs), _compile(merged)
