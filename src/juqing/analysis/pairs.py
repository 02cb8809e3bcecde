"""Two characters in the scenes that they share. The formulas are in docs/analysis.md."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from juqing.analysis import scene_means
from juqing.scores import EmotionScores


@dataclass(frozen=True, slots=True)
class Pair:
    """How two characters feel in the scenes that both are in.

    Attributes:
        a: The one with more cues.
        b: The other.
        scenes: Indexes of the scenes that they share.
        a_means: Six means over these scenes, for a, each scene counting the same.
        b_means: The same for b.
        a_changes: `a_means` less a's mean over the other scenes; None where a is in no other scene.
        b_changes: The same for b.
        distances: For each shared scene, the Euclidean distance of the two scene means, 0..7.35 (3 √6).
        distance: Their mean.
        cosine: Mean over the scenes of 1 - cos of the two scene means, 0 (they feel the same, more or less strongly) to 1
            (they feel nothing alike); None where in every scene one of the two feels nothing.
    """

    a: str
    b: str
    scenes: tuple[int, ...]
    a_means: tuple[float, ...]
    b_means: tuple[float, ...]
    a_changes: tuple[float, ...] | None
    b_changes: tuple[float, ...] | None
    distances: tuple[float, ...]
    distance: float
    cosine: float | None


def character_pairs(scores: EmotionScores, characters: Sequence[str]) -> list[Pair]:
    """All pairs of these characters that share a scene, those that share most first."""
    means = scene_means(scores, characters).astype(float)  # (n_characters, n_scenes, 6)
    present = ~np.isnan(means[:, :, 0])
    found = []
    for i, j in itertools.combinations(range(len(characters)), 2):
        shared = np.flatnonzero(present[i] & present[j])
        if not len(shared):
            continue
        a, b = means[i, shared], means[j, shared]  # (n_shared, 6)
        distances = np.linalg.norm(a - b, axis=1)
        lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
        felt = lengths > 0
        angles = 1 - (a * b).sum(1)[felt] / lengths[felt]
        found.append(
            Pair(
                characters[i],
                characters[j],
                tuple(shared.tolist()),
                tuple(a.mean(0).tolist()),
                tuple(b.mean(0).tolist()),
                _changes(means[i], present[i], shared),
                _changes(means[j], present[j], shared),
                tuple(distances.tolist()),
                float(distances.mean()),
                float(np.clip(angles.mean(), 0, 1)) if felt.any() else None,
            )
        )
    return sorted(found, key=lambda pair: -len(pair.scenes))


def _changes(means: np.ndarray, present: np.ndarray, shared: np.ndarray) -> tuple[float, ...] | None:
    others = present.copy()
    others[shared] = False
    if not others.any():
        return None
    return tuple((means[shared].mean(0) - means[others].mean(0)).tolist())
