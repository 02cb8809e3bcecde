"""Smoothed arcs, their swings, and where nothing changes. The formulas are in docs/analysis.md."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.scores import EmotionScores

SMOOTH = 0.3
"""Share of a character's lines that one value of the smoothed arc looks at."""
SWING = 0.2
"""Least change of a smoothed arc that is told of, on the scale of 0 to 3."""
_MIN_NEIGHBORS = 5
_Z = 1.96  # of the normal distribution: 95 in 100
_BLOCK = 64


@dataclass(frozen=True, slots=True, eq=False)
class Arc:
    """One character's feelings along the script, smoothed.

    Attributes:
        character: Whose; empty for the whole script.
        lines: (n_points,) int, indexes of lines in which the character has a cue, ascending.
        mean: (n_points, 6) float32 in 0..3.
        low: (n_points, 6) float32, lower end of the band in which the mean lies 95 times in 100, judged by the scatter of
            the lines; the model's own error comes on top. NaN for fewer than three lines.
        high: Its upper end.
    """

    character: str
    lines: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True, slots=True)
class Swing:
    """A rise or fall of one emotion between two extremes of an arc.

    `start`, `end` and `turn` are line indexes: the two extremes, and the line at which it is steepest. `change` is the
    smoothed value at the end less that at the start.
    """

    character: str
    emotion: int
    start: int
    end: int
    turn: int
    change: float


@dataclass(frozen=True, slots=True)
class Flat:
    """A stretch, from line `start` to line `end`, in which no smoothed emotion changes by more than `width`."""

    character: str
    start: int
    end: int
    width: float


def local_regression(
    x: np.ndarray, y: np.ndarray, at: np.ndarray, *, smooth: float = SMOOTH
) -> tuple[np.ndarray, np.ndarray]:
    """A straight line fitted around each point, near observations counting more (Cleveland 1979, without robustness steps).

    Since lines are fitted, not means taken, the ends are not pulled toward the middle. The weight of an observation is
    `(1 - (d / h)³)³`, with d its distance and h that of the farthest one that is looked at.

    Args:
        x: (n,) where the observations stand, ascending, n > 0.
        y: (n, k) the observations.
        at: (m,) where values are wanted, inside of the range of x.
        smooth: Share of the observations that one value looks at, in 0..1; at least five are.

    Returns:
        (m, k) values, and (m,) the length of the vector of coefficients that makes a value of the observations: times the
        standard deviation of an observation, it is the standard error of the value.
    """
    n = len(x)
    n_near = min(n, max(math.ceil(smooth * n), _MIN_NEIGHBORS))
    values = np.empty((len(at), y.shape[1]))
    lengths = np.empty(len(at))
    for first in range(0, len(at), _BLOCK):
        block = slice(first, first + _BLOCK)
        u = x[None, :] - at[block, None]  # (b, n)
        d = np.abs(u)
        h = np.partition(d, n_near - 1, axis=1)[:, n_near - 1 : n_near]
        weights = np.where(h > 0, np.clip(1 - (d / np.where(h > 0, h, 1)) ** 3, 0, None) ** 3, d == 0)
        s0, s1, s2 = weights.sum(1), (weights * u).sum(1), (weights * u * u).sum(1)
        determinant = s0 * s2 - s1 * s1
        is_line = determinant > 1e-9 * s0 * s2
        slanted = weights * (s2[:, None] - s1[:, None] * u) / np.where(is_line, determinant, 1)[:, None]
        coefficients = np.where(is_line[:, None], slanted, weights / s0[:, None])  # one place has no slope: a mean
        values[block] = coefficients @ y
        lengths[block] = np.sqrt((coefficients**2).sum(1))
    return values, lengths


def scatter(y: np.ndarray) -> np.ndarray:
    """Standard deviation of observations around any smooth curve, from differences of neighbors (Rice 1984).

    Args:
        y: (n, k), in order.

    Returns:
        (k,), NaN where n < 3.
    """
    if len(y) < 3:
        return np.full(y.shape[1], np.nan)
    return np.sqrt((np.diff(y, axis=0) ** 2).sum(0) / (2 * (len(y) - 1)))


def smoothed_arc(scores: EmotionScores, character: str, *, smooth: float = SMOOTH, n_points: int = 160) -> Arc:
    """The arc of one character, or of the whole script.

    Args:
        scores: The scores.
        character: A name; the empty string for the whole script, where a line counts as the mean of its cues.
        smooth: Share of the lines that one value looks at, in 0..1.
        n_points: At about how many of the lines it is computed at most, evenly chosen.
    """
    sums: dict[int, tuple[np.ndarray, int]] = {}
    for cue, values in zip(scores.script.cues, scores.values.astype(float), strict=True):
        if not character or cue.character == character:
            total, n = sums.get(cue.line, (np.zeros(N_EMOTIONS), 0))
            sums[cue.line] = (total + values, n + 1)
    lines = np.array(sorted(sums), dtype=int)
    if not len(lines):
        nothing = np.empty((0, N_EMOTIONS), dtype=np.float32)
        return Arc(character, lines, nothing, nothing, nothing)
    y = np.array([sums[line][0] / sums[line][1] for line in lines])
    chosen = lines[np.unique(np.linspace(0, len(lines) - 1, min(len(lines), n_points)).round().astype(int))]
    mean, lengths = local_regression(lines.astype(float), y, chosen.astype(float), smooth=smooth)
    error = _Z * lengths[:, None] * scatter(y)
    bounded = [np.clip(part, 0, MAX_STRENGTH).astype(np.float32) for part in (mean, mean - error, mean + error)]
    return Arc(character, chosen, *bounded)


def extremes(values: np.ndarray, swing: float) -> list[int]:
    """Tops and bottoms, in turn, between which a curve changes by at least `swing`; smaller wiggles are passed over.

    Those between the first and the last are the local extremes with a prominence of at least `swing`; the first and the
    last are where the first change starts and the last one ends. Empty where the curve never changes as much.

    Args:
        values: (n,) the curve.
        swing: Above 0.
    """
    kept: list[int] = []
    low = high = direction = 0
    for k, value in enumerate(values):
        high = k if value > values[high] else high
        low = k if value < values[low] else low
        if direction <= 0 and value - values[low] >= swing:
            kept.append(low)
            direction, high = 1, k
        elif direction >= 0 and values[high] - value >= swing:
            kept.append(high)
            direction, low = -1, k
    return [*kept, high if direction > 0 else low] if kept else []


def swings(arc: Arc, *, swing: float = SWING) -> list[Swing]:
    """The rises and falls of an arc whose bands at the two ends do not overlap, the greatest first."""
    found = []
    for emotion in range(N_EMOTIONS):
        values = arc.mean[:, emotion].astype(float)
        kept = extremes(values, swing)
        for start, end in itertools.pairwise(kept):
            change = values[end] - values[start]
            below, above = (start, end) if change > 0 else (end, start)
            if not arc.high[below, emotion] < arc.low[above, emotion]:  # it may be scatter; NaN bands are not known
                continue
            steps = np.diff(values[start : end + 1]) / np.diff(arc.lines[start : end + 1])
            turn = start + 1 + int(np.argmax(steps * np.sign(change)))
            found.append(
                Swing(
                    arc.character,
                    emotion,
                    int(arc.lines[start]),
                    int(arc.lines[end]),
                    int(arc.lines[turn]),
                    float(change),
                )
            )
    return sorted(found, key=lambda each: (-abs(each.change), each.turn))


def flat_stretches(arc: Arc, *, width: float = 0.15, share: float = 0.15) -> list[Flat]:
    """Where no emotion changes by more than `width`: the longest stretch, then the longest that is left, and so on.

    Args:
        arc: The arc.
        width: On the scale of 0 to 3.
        share: Least part of the arc's lines, from its first to its last, that a stretch must span.
    """
    n = len(arc.lines)
    if n < 2:
        return []
    candidates = []
    end = 0
    for start in range(n):  # the farthest end grows with the start
        end = max(end, start)
        while end + 1 < n and np.ptp(arc.mean[start : end + 2], axis=0).max() <= width:
            end += 1
        candidates.append((start, end))
    least = share * (arc.lines[-1] - arc.lines[0])
    found: list[tuple[int, int]] = []
    for start, end in sorted(candidates, key=lambda c: (arc.lines[c[0]] - arc.lines[c[1]], c[0])):
        long_enough = end > start and arc.lines[end] - arc.lines[start] >= least
        if long_enough and all(end < a or start > b for a, b in found):
            found.append((start, end))
    return [
        Flat(
            arc.character,
            int(arc.lines[start]),
            int(arc.lines[end]),
            float(np.ptp(arc.mean[start : end + 1], axis=0).max()),
        )
        for start, end in sorted(found)
    ]
