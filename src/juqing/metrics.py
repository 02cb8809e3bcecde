"""How good predictions are: functions of arrays.

All take `truth` and `guess`, (n, 6) in 0..3, and optionally `weights`, (n,) of at least 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from juqing.emotions import MAX_STRENGTH

N_LEVELS = 4
"""Labels that people give are the whole numbers 0 none, 1 weak, 2 medium, 3 strong."""


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


def pearson(truth: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Pearson's correlation of each emotion, (6,) float64; NaN where one side never changes."""
    truth, guess = _centered(truth, weights), _centered(guess, weights)
    covariance, *variances = (np.average(x, axis=0, weights=weights) for x in (truth * guess, truth**2, guess**2))
    return _divided(covariance, np.sqrt(variances[0]) * np.sqrt(variances[1]))


def f1_by_level(truth: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """F1 of each emotion's levels 0, 1, 2, 3, with both sides rounded to the nearest one, halves up.

    Returns:
        (6, 4) float64: 2 TP / (2 TP + FP + FN); NaN where a level is neither in truth nor in guess. The mean over the levels
        that are there is the macro F1.
    """
    true_levels, guessed_levels = _levels(truth)[..., None], _levels(guess)[..., None]
    levels = np.arange(N_LEVELS)
    weights = np.ones(len(true_levels)) if weights is None else np.asarray(weights, dtype=np.float64)
    in_truth, in_guess = true_levels == levels, guessed_levels == levels  # (n, 6, 4) each
    hit = np.einsum("n,nel->el", weights, in_truth & in_guess)
    both = np.einsum("n,nel->el", weights, in_truth) + np.einsum("n,nel->el", weights, in_guess)
    return _divided(2 * hit, both)


@dataclass(frozen=True, eq=False)
class Calibration:
    """How far predictions can be taken at their word: where 1.2 is said, are the labels 1.2 on average?

    Bins are of equal width, from 0 to 3. After Guo et al., "On Calibration of Modern Neural Networks" (2017), with strengths
    in the place of probabilities.

    Attributes:
        edges: (n_bins + 1,) where bins begin and end; a prediction on an edge belongs to the upper bin, 3 to the last.
        n: (6, n_bins) int64, predictions in each bin.
        guess, truth: (6, n_bins) mean prediction and mean label of each bin; NaN where it is empty.
        slope, intercept: (6,) of the straight line that tells truth from guess with the least squared error; a slope below 1
            says that predictions are too bold. NaN where the guess never changes.
        error: (6,) expected calibration error: the mean distance between `guess` and `truth`, bins weighted by what they hold.
    """

    edges: np.ndarray
    n: np.ndarray
    guess: np.ndarray
    truth: np.ndarray
    slope: np.ndarray
    intercept: np.ndarray
    error: np.ndarray


def calibration(
    truth: np.ndarray, guess: np.ndarray, weights: np.ndarray | None = None, *, n_bins: int = 15
) -> Calibration:
    """Compare predictions with the labels that they stand for, emotion by emotion and bin by bin."""
    truth, guess = np.asarray(truth, dtype=np.float64), np.asarray(guess, dtype=np.float64)
    weights = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    edges = np.linspace(0, MAX_STRENGTH, n_bins + 1)
    bins = np.clip(np.searchsorted(edges, guess, side="right") - 1, 0, n_bins - 1)  # (n, 6)

    def sums(values: np.ndarray) -> np.ndarray:  # (n, 6) or (n, 1) -> (6, n_bins)
        columns = zip(bins.T, np.broadcast_to(values, guess.shape).T, strict=True)
        return np.array([np.bincount(ids, column, minlength=n_bins) for ids, column in columns])

    inside = sums(weights[:, None])
    means = _divided(sums(guess * weights[:, None]), inside), _divided(sums(truth * weights[:, None]), inside)
    around = _centered(guess, weights)
    covariance = np.average(around * _centered(truth, weights), axis=0, weights=weights)
    slope = _divided(covariance, np.average(around**2, axis=0, weights=weights))
    return Calibration(
        edges=edges,
        n=sums(np.ones((1, 1))).astype(np.int64),
        guess=means[0],
        truth=means[1],
        slope=slope,
        intercept=np.average(truth, axis=0, weights=weights) - slope * np.average(guess, axis=0, weights=weights),
        error=np.nansum(np.abs(means[0] - means[1]) * inside, axis=1) / weights.sum(),
    )


def _centered(values: np.ndarray, weights: np.ndarray | None) -> np.ndarray:
    """Float64, less the mean of each column; exactly zero where a column never changes."""
    values = np.asarray(values, dtype=np.float64)
    return np.where(np.ptp(values, axis=0) > 0, values - np.average(values, axis=0, weights=weights), 0.0)


def _levels(values: np.ndarray) -> np.ndarray:
    return np.clip(np.floor(np.asarray(values, dtype=np.float64) + 0.5), 0, N_LEVELS - 1)


def _divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """The quotient; NaN where `below` is not above zero."""
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
