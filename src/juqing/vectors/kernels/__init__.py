"""Compiled loops: arrays in, arrays out or changed in place. Each is a plain function, compiled at the end of its file."""

from __future__ import annotations

import numpy as np

LANES = 16
"""Rows are a multiple of so many floats long: 64 bytes."""


def padded(dim: int) -> int:
    """The length of a row that holds `dim` floats."""
    return -(-dim // LANES) * LANES


def aligned(shape: tuple[int, int]) -> np.ndarray:
    """Zeros, float32, at a multiple of 64 bytes."""
    n_bytes = shape[0] * shape[1] * 4
    raw = np.zeros(n_bytes + 64, np.uint8)
    start = -raw.ctypes.data % 64
    return raw[start : start + n_bytes].view(np.float32).reshape(shape)
