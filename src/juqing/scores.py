"""What comes out: a script with its scores, and the promise of everything that scores scripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np

from juqing.emotions import EMOTION_NAMES, MAX_STRENGTH, N_EMOTIONS
from juqing.script import Script


@dataclass(frozen=True, eq=False)
class EmotionScores:
    """A script and how strongly each of its cues feels.

    Attributes:
        script: The script that was scored.
        values: (n_cues, 6) float32 in 0..3, aligned with `script.cues`; columns in the order of `EMOTIONS`.
        model: The name of the recognizer.
        rmse: Its root mean squared error on scripts that it never saw, where that was measured.

    Raises:
        ValueError: The array has another shape, or values outside 0..3.
    """

    script: Script
    values: np.ndarray
    model: str
    rmse: float | None = None

    def __post_init__(self) -> None:
        values = np.ascontiguousarray(self.values, dtype=np.float32)
        if values.shape != (self.script.n_cues, N_EMOTIONS):
            raise ValueError(
                f"scores have the shape {values.shape}; the script's cues need ({self.script.n_cues}, {N_EMOTIONS})"
            )
        if not ((values >= 0) & (values <= MAX_STRENGTH)).all():
            raise ValueError("scores must be numbers in 0..3")
        values.setflags(write=False)
        object.__setattr__(self, "values", values)

    def table(self) -> list[dict[str, Any]]:
        """One row a cue: where it is, who it is, what is said, and the six strengths (rounded to 3 places).

        The list goes straight into `pandas.DataFrame(...)` or `polars.DataFrame(...)`.
        """
        script, rows = self.script, []
        for cue, values in zip(script.cues, self.values.astype(float).round(3).tolist(), strict=True):
            line = script.lines[cue.line]
            scene = script.scenes[line.scene]
            rows.append(
                {
                    "file": script.source_name,
                    "script": script.title or script.source_name,
                    "id": cue.id,
                    "scene": scene.index + 1,
                    "scene_number": scene.number,
                    "heading": scene.label(),
                    "line": line.index + 1,
                    "source_line": line.source.first,
                    "kind": line.kind,
                    "character": cue.character,
                    "role": cue.role,
                    "by": cue.by,
                    "text": line.text,
                    **dict(zip(EMOTION_NAMES, values, strict=True)),
                }
            )
        return rows


@runtime_checkable
class Recognizer(Protocol):
    """Anything that scores scripts: every rung of the ladder and the shipped models.

    `tests/recognition/contract.py` holds what all of them promise.
    """

    name: str

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script. Never changes the script; the same script gives the same scores."""
        ...


def level_probabilities(recognizer: Recognizer, script: Script) -> np.ndarray:
    """How probable each level is, for who wants classes: (n_cues, 6, 4) float32, the levels 0 to 3.

    A network with the head `classify` or `ordinal` says so itself. Others know strengths only: one between two levels is shared by
    them, by its distance, so that 1.25 is 0.75 of level 1 and 0.25 of level 2. The expected value is the strength either way.
    """
    own = getattr(recognizer, "level_probabilities", None)
    if own is not None:
        return own(script)
    strengths = recognizer.score(script).values[:, :, None]
    return np.maximum(1 - np.abs(strengths - np.arange(MAX_STRENGTH + 1, dtype=np.float32)), 0).astype(np.float32)
