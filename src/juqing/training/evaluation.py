"""How good predictions are beside labels: as a whole, by emotion, by level, by script; all weighted by the labels' confidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from juqing import metrics
from juqing.emotions import EMOTION_NAMES
from juqing.errors import LabelError
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.recognition.tfidf import Progress
from juqing.scores import Recognizer

_FORMAT = 1


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How predictions compare with labels.

    Figures are of the labels that count: of a confidence above 0. `juqing.metrics` says what each of them is.

    Attributes:
        scripts: The title of each script that has such a label.
        script_ids: (n,) int64, the script of each cue, an index into `scripts`.
        truth, guess: (n, 6) float64, labels and predictions.
        weights: (n,) float64 above 0, confidence of the labels.
    """

    scripts: tuple[str, ...]
    script_ids: np.ndarray
    truth: np.ndarray
    guess: np.ndarray
    weights: np.ndarray

    @property
    def n(self) -> int:
        """Number of labeled cues."""
        return len(self.truth)

    @cached_property
    def is_human(self) -> bool:
        """Whether all labels are whole numbers, as people give them; the ranking score is of such labels."""
        return bool((self.truth == np.round(self.truth)).all())

    @cached_property
    def rmse(self) -> float:
        """Over all cues and emotions."""
        return metrics.rmse(self.truth, self.guess, self.weights)

    @property
    def score(self) -> float:
        """1 / (1 + RMSE); the ranking score where `is_human`."""
        return 1 / (1 + self.rmse)

    @cached_property
    def emotion_rmse(self) -> np.ndarray:
        """(6,) RMSE of each emotion."""
        return np.array(
            [metrics.rmse(self.truth[:, [k]], self.guess[:, [k]], self.weights) for k in range(len(EMOTION_NAMES))]
        )

    @cached_property
    def pearson(self) -> np.ndarray:
        """(6,) correlation of each emotion."""
        return metrics.pearson(self.truth, self.guess, self.weights)

    @property
    def mean_pearson(self) -> float:
        """The mean over the emotions of which it is defined; NaN where none is."""
        return _mean(self.pearson)

    @cached_property
    def f1(self) -> np.ndarray:
        """(6, 4) F1 of each emotion's levels 0..3."""
        return metrics.f1_by_level(self.truth, self.guess, self.weights)

    @property
    def macro_f1(self) -> np.ndarray:
        """(6,) mean F1 of the levels that occur."""
        return np.nanmean(self.f1, axis=1)

    @cached_property
    def calibration(self) -> metrics.Calibration:
        """What predictions stand for, by emotion and bin."""
        return metrics.calibration(self.truth, self.guess, self.weights)

    @cached_property
    def by_script(self) -> tuple[Evaluation, ...]:
        """The same of each script alone, in the order of `scripts`."""
        parts = []
        for k, title in enumerate(self.scripts):
            of = self.script_ids == k
            zeros = np.zeros(int(of.sum()), dtype=np.int64)
            parts.append(Evaluation((title,), zeros, self.truth[of], self.guess[of], self.weights[of]))
        return tuple(parts)

    def to_dict(self) -> dict[str, Any]:
        """All figures as plain numbers, for JSON; None where a figure is undefined, and for a score that is not the ranking score."""
        calibration = self.calibration
        return {
            "format": _FORMAT,
            "rows": self.n,
            "rmse": _plain(self.rmse),
            "score": _plain(self.score) if self.is_human else None,
            "labels_are_whole": self.is_human,
            "pearson": _plain(self.mean_pearson),
            "macro_f1": _plain(_mean(self.macro_f1)),
            "emotions": {
                name: {
                    "rmse": _plain(self.emotion_rmse[k]),
                    "pearson": _plain(self.pearson[k]),
                    "f1": [_plain(value) for value in self.f1[k]],
                    "macro_f1": _plain(self.macro_f1[k]),
                    "calibration": {
                        "slope": _plain(calibration.slope[k]),
                        "intercept": _plain(calibration.intercept[k]),
                        "error": _plain(calibration.error[k]),
                        "bins": [
                            {
                                "from": _plain(calibration.edges[b]),
                                "to": _plain(calibration.edges[b + 1]),
                                "rows": int(calibration.n[k, b]),
                                "prediction": _plain(calibration.guess[k, b]),
                                "label": _plain(calibration.truth[k, b]),
                            }
                            for b in np.flatnonzero(calibration.n[k])
                        ],
                    },
                }
                for k, name in enumerate(EMOTION_NAMES)
            },
            "scripts": [
                {
                    "script": part.scripts[0],
                    "rows": part.n,
                    "rmse": _plain(part.rmse),
                    "score": _plain(part.score) if self.is_human else None,
                    "pearson": {name: _plain(r) for name, r in zip(EMOTION_NAMES, part.pearson, strict=True)},
                }
                for part in self.by_script
            ],
        }

    def __str__(self) -> str:
        correlations = ", ".join(f"{name} {r:.3f}" for name, r in zip(EMOTION_NAMES, self.pearson, strict=True))
        score = (
            f", score {self.score:.4f}" if self.is_human else " (labels are no whole numbers, so not the ranking score)"
        )
        return f"beside the labels of the table, {self.n:,} rows: RMSE {self.rmse:.4f}{score}; Pearson {correlations}"


def evaluate(labeled: Sequence[LabeledScript], predicted: Sequence[np.ndarray]) -> Evaluation | None:
    """Compare predictions, one (n_cues, 6) a script, with labels; None where no label has a confidence above 0."""
    truth = np.concatenate([item.labels for item in labeled]).astype(np.float64)
    guess = np.concatenate(list(predicted)).astype(np.float64)
    weights = np.concatenate([item.weights for item in labeled]).astype(np.float64)
    script_ids = np.repeat(np.arange(len(labeled)), [len(item.labels) for item in labeled])
    known = known_rows(truth, weights)
    if not known.any():
        return None
    present, script_ids = np.unique(script_ids[known], return_inverse=True)
    titles = tuple(labeled[k].script.title for k in present)
    return Evaluation(titles, script_ids, truth[known], guess[known], weights[known])


def evaluate_table(recognizer: Recognizer, data: Path, *, progress: Progress | None = None) -> Evaluation:
    """Score the labeled scripts of a table and compare with its labels.

    Args:
        recognizer: What is measured; it should not have learned from the table.
        data: Labeled table.
        progress: Told after each script.

    Raises:
        ScriptError, LabelError: The table cannot be read or has no labels.
    """
    labeled = [item for item in read_labeled(data) if known_rows(item.labels, item.weights).any()]
    if not labeled:
        raise LabelError(
            "there is no labeled row to compare with.",
            f"Labels are a column emotions (0,0,2,0,0,1) or the columns {', '.join(EMOTION_NAMES)}; a confidence must be above 0. "
            "To score rows without labels, use juqing predict.",
            path=data,
        )
    predicted = []
    for k, item in enumerate(labeled):
        predicted.append(recognizer.score(item.script).values)
        if progress:
            progress(k + 1, len(labeled))
    evaluation = evaluate(labeled, predicted)
    assert evaluation is not None
    return evaluation


def _mean(values: np.ndarray) -> float:
    """The mean of the figures that are defined; NaN where none is."""
    defined = values[~np.isnan(values)]
    return float(defined.mean()) if defined.size else float("nan")


def known_rows(labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(n,) bool: the cues that have a label that counts."""
    return ~np.isnan(labels).any(axis=1) & (weights > 0)


def _plain(value: float) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)
