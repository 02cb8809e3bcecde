"""How good predictions are: functions of arrays.

All take `truth` and `guess`, (n, 6) in 0..3, and optionally `weights`, (n,) of at least 0.
"""

from __future__ import annotations

import numpy as np


def rmse(truth: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Root mean squared error over all rows and emotions."""
    truth, guess = np.asarray(truth, dtype=np.float64), np.asarray(guess, dtype=np.float64)
    if truth.shape != guess.shape:
        raise ValueError(f"truth has the shape {truth.shape}, guess {guess.shape}; they must be the same")
    if truth.size == 0:
        raise ValueError("nothing to measure: there are no rows")
    return float(np.sqrt(np.average(((truth - guess) ** 2).mean(axis=1), weights=weights)))


def score(truth: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The ranking score of CCF BDCI 2021, task 518: 1 / (1 + RMSE), in 0..1."""
    return 1.0 / (1.0 + rmse(truth, guess, weights))


def pearson(truth: np.ndarray, guess: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each emotion, (6,) float64; NaN where one side never changes."""
    truth, guess = np.asarray(truth, dtype=np.float64), np.asarray(guess, dtype=np.float64)
    truth, guess = truth - truth.mean(axis=0), guess - guess.mean(axis=0)
    norms = np.sqrt((truth**2).sum(axis=0) * (guess**2).sum(axis=0))
    return np.divide((truth * guess).sum(axis=0), norms, out=np.full(truth.shape[1], np.nan), where=norms > 0)
