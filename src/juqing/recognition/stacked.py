"""Several recognizers, mixed: what each says of a cue and of the cues around it, through one linear model.

What it adds to its members: they err in different ways, and are too sure of themselves on films that they never saw. The
linear model learned from predictions that were made out of script, so it knows how far each member can be trusted: it
calibrates and mixes in one. Its inputs are, for each member, those of `tfidf.neighbors`: the cue's own six values, those of the
same character nearby, those of the others nearby.

Films differ so much in what is felt that a mixture which was learned on few of them may be worse than the plain mean of the members;
`average` takes that.

Source: Wolpert, "Stacked generalization" (1992); Breiman, "Stacked regressions" (1996).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.errors import LabelError, ModelError
from juqing.recognition.linear import fit_ridge
from juqing.recognition.tfidf import neighbors
from juqing.scores import EmotionScores, Recognizer
from juqing.script import Script

_WEIGHTS = "weights.npz"
_N_INPUTS = 3 * N_EMOTIONS


class StackedRecognizer:
    """A linear model over the scores of other recognizers.

    Args:
        members: The recognizers; their order is that of the inputs.
        reach: Distance in lines over which neighbors count 1/e.
        alpha: Strength of the ridge penalty.
        name: Its name in reports.

    Attributes:
        coef_: (18 * n_members, 6) float32, intercept_: (6,) float32.
    """

    rmse: float | None = None

    def __init__(
        self, members: Sequence[Recognizer], *, reach: float = 5.0, alpha: float = 30.0, name: str = "stacked"
    ):
        self.members = list(members)
        self.reach = reach
        self.alpha = alpha
        self.name = name

    def fit(
        self,
        scripts: Sequence[Script],
        predicted: Sequence[Sequence[np.ndarray]],
        labels: Sequence[np.ndarray],
        weights: Sequence[np.ndarray],
    ) -> StackedRecognizer:
        """Learn the mixture.

        Args:
            scripts: At least one.
            predicted: For each member and script (n_cues, 6), made by a model that did not see the script.
            labels: For each script (n_cues, 6) in 0..3, rows of NaN for cues without a label.
            weights: For each script (n_cues,), how much a label counts.

        Raises:
            LabelError: There are no labels.
        """
        X = np.concatenate([self._inputs(script, values) for script, *values in zip(scripts, *predicted, strict=True)])
        y, w = np.concatenate(labels), np.concatenate(weights)
        known = ~np.isnan(y).any(axis=1) & (w > 0)
        if not known.any():
            raise LabelError("there is no labeled cue to learn from.", "Rows need a character and six numbers.")
        ridge = fit_ridge(self.alpha, X[known], y[known], w[known])
        self.coef_ = ridge.coef_.T.astype(np.float32)
        self.intercept_ = ridge.intercept_.astype(np.float32)
        return self

    def average(self) -> StackedRecognizer:
        """Take the plain mean of what the members say of a cue, in place of learning the mixture."""
        self.coef_ = np.tile(
            np.eye(_N_INPUTS, N_EMOTIONS, dtype=np.float32) / len(self.members), (len(self.members), 1)
        )
        self.intercept_ = np.zeros(N_EMOTIONS, np.float32)
        return self

    def mix(self, script: Script, values: Sequence[np.ndarray]) -> np.ndarray:
        """The mixture of what the members say: (n_cues, 6) in 0..3."""
        return np.clip(self._inputs(script, values) @ self.coef_ + self.intercept_, 0.0, MAX_STRENGTH)

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script."""
        values = [member.score(script).values for member in self.members]
        return EmotionScores(script, self.mix(script, values), self.name, self.rmse)

    def _inputs(self, script: Script, values: Sequence[np.ndarray]) -> np.ndarray:
        return np.concatenate([neighbors(script, each, self.reach) for each in values], axis=1)

    def save(self, folder: Path, member_names: Sequence[str]) -> None:
        """Write `config.json` and `weights.npz` into a folder that holds the members' folders, or beside which they lie."""
        np.savez_compressed(folder / _WEIGHTS, coef=self.coef_, intercept=self.intercept_)
        config: dict[str, Any] = {
            "format": 1,
            "recognizer": "stacked",
            "members": list(member_names),
            "settings": {"reach": self.reach, "alpha": self.alpha},
        }
        if self.rmse is not None:
            config["rmse"] = self.rmse
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> StackedRecognizer:
        """Load what `save` wrote: a member is a folder inside, or the name of a shipped model.

        Raises:
            ModelError: A file is missing or damaged, or a member is.
        """
        from juqing.runtime import load

        try:
            names = [str(name) for name in config["members"]]
            if not names or any(Path(name).name != name for name in names):
                raise ValueError(f"members are {names}")
            with (folder / _WEIGHTS).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
                coef, intercept = file["coef"].astype(np.float32), file["intercept"].astype(np.float32)
            if coef.shape != (_N_INPUTS * len(names), N_EMOTIONS) or intercept.shape != (N_EMOTIONS,):
                raise ValueError(f"the shape of the weights is {coef.shape}")
            if not (np.isfinite(coef).all() and np.isfinite(intercept).all()):
                raise ValueError("a weight is not a finite number")
            recognizer = cls(
                [load(folder / name if (folder / name).is_dir() else name) for name in names],
                **config["settings"],
                name=folder.name,
            )
        except ModelError:
            raise
        except Exception as error:  # zipfile and zlib have errors of their own for a damaged archive
            raise ModelError(f"{_WEIGHTS} cannot be used ({error}).", "Make the model again.", path=folder) from None
        recognizer.coef_, recognizer.intercept_ = coef, intercept
        recognizer.rmse = config.get("rmse")
        return recognizer
