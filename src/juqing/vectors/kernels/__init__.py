"""Compiled loops: arrays in, arrays out or changed in place. Each is a plain function, compiled at the end of its file.

Here is what their callers need too; it is free of Numba, without which vectors are trained (`juqing._compiled`).
"""

from __future__ import annotations

import numpy as np

LANES = 16
"""Rows are a multiple of so many floats long: 64 bytes."""

ROWS = 6
"""Rows that are taken together: a right answer and five wrong ones, and as many sums fit into registers."""

NEGATIVE, HIERARCHICAL, SOFTMAX = 0, 1, 2
STEEP = 8.0  # beyond it the logistic function is 0 or 1
PER_UNIT = 64


def padded(dim: int) -> int:
    """The length of a row that holds `dim` floats."""
    return -(-dim // LANES) * LANES


def aligned(shape: tuple[int, int]) -> np.ndarray:
    """Zeros, float32, at a multiple of 64 bytes."""
    n_bytes = shape[0] * shape[1] * 4
    raw = np.zeros(n_bytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(np.float32).reshape(shape)


def sigmoid_table() -> np.ndarray:
    """The logistic function from -8 to 8 in steps of 1/64, (1025,) float32; between them it is taken as a line."""
    x = np.linspace(-STEEP, STEEP, int(2 * STEEP * PER_UNIT) + 1)
    return (1 / (1 + np.exp(-x))).astype(np.float32)
