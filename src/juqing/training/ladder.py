"""The rungs that are trained in one go on labeled scripts: which there are, and how one is made from settings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from juqing.errors import InputError
from juqing.recognition.lexicon import read_lexicons
from juqing.recognition.linear import Progress
from juqing.runtime import recognizer_class
from juqing.scores import Recognizer
from juqing.script import Script
from juqing.settings import TYPES, is_of, parse_values
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


class _Rungs(Mapping[str, type[Any]]):
    """Kinds of recognizers and their classes; a class is imported when it is asked for."""

    def __init__(self, *kinds: str):
        self._kinds = kinds

    def __getitem__(self, kind: str) -> type[Any]:
        if kind not in self._kinds:
            raise KeyError(kind)
        return recognizer_class(kind)

    def __iter__(self) -> Iterator[str]:
        return iter(self._kinds)

    def __contains__(self, kind: object) -> bool:
        return kind in self._kinds

    def __len__(self) -> int:
        return len(self._kinds)


RUNGS = _Rungs(
    "lexicon", "frequency", "onehot", "svd", "averaged", "tfidf", "rnn", "gru", "lstm", "bilstm"
)  # fmt: skip
"""By kind, the lowest rung first."""


def make_rung(kind: str, settings: Mapping[str, Any], given: Sequence[str] = ()) -> Rung:
    """A rung that was not trained yet.

    Args:
        kind: One of `RUNGS`.
        settings: Arguments of its constructor; for `vectors` and `start` a path, for `lexicon` a list of paths.
        given: More of them, each as NAME=VALUE.

    Raises:
        InputError: There is no such rung, it has no such setting, or a value is of another type.
        FormatError: A file cannot be read.
        MissingExtraError: What the rung needs is not installed.
    """
    if kind not in RUNGS:
        raise InputError(f"there is no rung {kind!r}.", f"Choose one of {', '.join(RUNGS)}.")
    known = inspect.signature(RUNGS[kind]).parameters
    if unknown := sorted(settings.keys() - known.keys()):
        raise InputError(f"{kind} has no setting {unknown[0]!r}.", f"It has {', '.join(known)}.")
    types = {name: str(each.annotation) for name, each in known.items()}
    for name, value in settings.items():
        if types[name] in TYPES and not is_of(value, types[name]):
            raise InputError(f"{name} is {value!r}.", f"It must be of type {types[name]}.")
    paths = {name: "str" for name, type_name in types.items() if type_name not in TYPES}
    made = {**settings, **parse_values({**types, **paths}, given)}
    if "vectors" in made:
        made["vectors"] = read_vectors(Path(made["vectors"]))
    if "start" in made:
        made["start"] = Path(made["start"])
    if "lexicon" in made:
        paths = [made["lexicon"]] if isinstance(made["lexicon"], str) else made["lexicon"]
        made["lexicon"] = read_lexicons([Path(path) for path in paths])
    rung = RUNGS[kind](**made)
    if hasattr(rung, "check"):
        rung.check()
    return rung
