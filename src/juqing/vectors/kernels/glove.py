"""The loop of GloVe: one step of AdaGrad for each pair of words."""

from __future__ import annotations

import numba
import numpy as np

from juqing.vectors.kernels.simd import adagrad, dot, prefetch

C_FUNCTIONS = {"train": "i4[:] i4[:] f4[:] f4[:] i8 i8 i8 f4[:,:] f4[:,:] f4 -> 1"}
_AHEAD = 4  # pairs


def train(rows, columns, logs, weights, w, c, n_vectors, w_bias, c_bias, rate):
    """Go once through pairs, in their order.

    Args:
        rows, columns: The words of each pair, (n,) int32.
        logs: The logarithm of each count, (n,) float32.
        weights: f(count) of each pair, (n,) float32.
        w, c: Addresses of the tables of words and of contexts: n_vectors * 16 floats a row, and their sums of squares behind.
        n_vectors: Length of a vector in vectors of 16 floats.
        w_bias, c_bias: (n_words, 2) float32: the bias of each word and its sum of squares; changed.
        rate: Learning rate.

    Returns:
        The sum of half the weighted squared errors, before each step.
    """
    size = 2 * n_vectors * 64
    loss = 0.0
    n = rows.shape[0]
    for k in range(n):
        if k + _AHEAD < n:
            prefetch(w + rows[k + _AHEAD] * size, 2 * n_vectors)
            prefetch(c + columns[k + _AHEAD] * size, 2 * n_vectors)
        i, j = rows[k], columns[k]
        x, y = w + i * size, c + j * size
        error = dot(x, y, n_vectors) + w_bias[i, 0] + c_bias[j, 0] - logs[k]
        weighted = weights[k] * error
        loss += 0.5 * weighted * error
        step = rate * weighted
        adagrad(x, y, step, n_vectors)
        w_bias[i, 0] -= step / np.sqrt(w_bias[i, 1])
        w_bias[i, 1] += step * step
        c_bias[j, 0] -= step / np.sqrt(c_bias[j, 1])
        c_bias[j, 1] += step * step
    return (loss,)


train = numba.njit(nogil=True)(train)
