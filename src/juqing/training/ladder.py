"""The rungs that are trained in one go on labeled scripts: which there are, and how one is made from settings."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from juqing.errors import InputError
from juqing.recognition.averaged import AveragedRecognizer
from juqing.recognition.frequency import FrequencyRecognizer
from juqing.recognition.lexicon import LexiconRecognizer, read_lexicons
from juqing.recognition.linear import Progress
from juqing.recognition.onehot import OneHotRecognizer
from juqing.recognition.svd import SvdRecognizer
from juqing.recognition.tfidf import TfidfRecognizer
from juqing.scores import Recognizer
from juqing.script import Script
from juqing.vectors.files import read_vectors


class Rung(Recognizer, Protocol):
    """A recognizer that learns from labeled scripts and keeps itself in a folder.

    Attributes:
        method: What it is, for the model card.
        size: How large it is, for the model card.
    """

    method: str

    @property
    def size(self) -> str:
        """How large it is."""
        ...

    def fit(
        self,
        scripts: Sequence[Script],
        labels: Sequence[np.ndarray],
        weights: Sequence[np.ndarray] | None = None,
        progress: Progress | None = None,
    ) -> Rung:
        """Learn anew; see `TfidfRecognizer.fit`."""
        ...

    def save(self, folder: Path) -> None:
        """Write itself into an existing folder."""
        ...


RUNGS: dict[str, type[Any]] = {
    "lexicon": LexiconRecognizer,
    "frequency": FrequencyRecognizer,
    "onehot": OneHotRecognizer,
    "svd": SvdRecognizer,
    "averaged": AveragedRecognizer,
    "tfidf": TfidfRecognizer,
}
"""By kind, the lowest rung first."""


def make_rung(kind: str, settings: Mapping[str, Any]) -> Rung:
    """A rung that was not trained yet.

    Args:
        kind: One of `RUNGS`.
        settings: Arguments of its constructor; for `vectors` the path of a file, for `lexicon` a list of paths.

    Raises:
        InputError: There is no such rung, or it has no such setting.
        FormatError: A file cannot be read.
    """
    if kind not in RUNGS:
        raise InputError(f"there is no rung {kind!r}.", f"Choose one of {', '.join(RUNGS)}.")
    known = inspect.signature(RUNGS[kind]).parameters
    if unknown := sorted(settings.keys() - known.keys()):
        raise InputError(f"{kind} has no setting {unknown[0]!r}.", f"It has {', '.join(known)}.")
    made = dict(settings)
    if "vectors" in made:
        made["vectors"] = read_vectors(made["vectors"])
    if "lexicon" in made:
        made["lexicon"] = read_lexicons(made["lexicon"])
    return RUNGS[kind](**made)
