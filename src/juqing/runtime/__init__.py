"""Models that are used, not trained: what a model folder is, which ones are inside the package, and how one is loaded.

A model folder holds `config.json` (which says the kind of recognizer), its weights and a `README.md`, the model card.
"""

from __future__ import annotations

import importlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from juqing.errors import MissingExtraError, ModelError
from juqing.scores import Recognizer

DEFAULT = "scene"
_SHIPPED = Path(__file__).parent / "models"
_FORMAT = 1
_KINDS = {
    "lexicon": ("juqing.recognition.lexicon", "LexiconRecognizer"),
    "frequency": ("juqing.recognition.frequency", "FrequencyRecognizer"),
    "onehot": ("juqing.recognition.onehot", "OneHotRecognizer"),
    "svd": ("juqing.recognition.svd", "SvdRecognizer"),
    "averaged": ("juqing.recognition.averaged", "AveragedRecognizer"),
    "tfidf": ("juqing.recognition.tfidf", "TfidfRecognizer"),
    "rnn": ("juqing.recognition.recurrent", "RnnRecognizer"),
    "gru": ("juqing.recognition.recurrent", "GruRecognizer"),
    "lstm": ("juqing.recognition.recurrent", "LstmRecognizer"),
    "bilstm": ("juqing.recognition.recurrent", "BilstmRecognizer"),
    "pair": ("juqing.recognition.pair", "PairRecognizer"),
    "scene": ("juqing.recognition.scene", "SceneRecognizer"),
    "onnx": ("juqing.runtime.onnx", "OnnxRecognizer"),
    "stacked": ("juqing.recognition.stacked", "StackedRecognizer"),
}
"""Where the recognizer of each kind of model folder lives; those that learn networks need the extra `train`."""


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """What can be told of a model without loading it. `n_bytes` is its size on disk, `rmse` that on scripts it never saw."""

    name: str
    recognizer: str
    folder: Path
    n_bytes: int
    rmse: float | None
    summary: str


def shipped_models() -> list[ModelDescription]:
    """The models inside the package, by name."""
    return [describe(folder) for folder in sorted(_SHIPPED.iterdir()) if (folder / "config.json").is_file()]


def describe(folder: Path) -> ModelDescription:
    """Describe a model folder.

    Raises:
        ModelError: The folder is not a model, or not one that this version reads.
    """
    config = read_config(folder)
    n_bytes = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    summary = str(config.get("summary", ""))
    return ModelDescription(folder.name, config["recognizer"], folder, n_bytes, config.get("rmse"), summary)


def load(model: Path | str | None = None) -> Recognizer:
    """Load a recognizer: the name of a shipped model, the path of a model folder, or the default where None.

    Raises:
        ModelError: There is no such model, the folder is not one, or it is damaged.
    """
    name = str(model) if model is not None else DEFAULT
    folder = _SHIPPED / name if (_SHIPPED / name / "config.json").is_file() and "/" not in name else Path(name)
    if not folder.is_dir():
        names = ", ".join(description.name for description in shipped_models())
        raise ModelError(f"there is no model {name!r}.", f"Give a model folder, or one of the shipped models: {names}.")
    config = read_config(folder)
    kind = config["recognizer"]
    if kind in _KINDS:
        return recognizer_class(kind).load(folder, config)
    raise ModelError(
        f"it is a recognizer of the kind {kind!r}, which this version does not know.", "Update juqing.", path=folder
    )


def recognizer_class(kind: str) -> type[Any]:
    """The class of a kind of model, imported when it is asked for: some need PyTorch.

    Raises:
        KeyError: There is no such kind.
        MissingExtraError: What it needs is not installed.
    """
    module, name = _KINDS[kind]
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError:
        raise MissingExtraError(f"A model of the kind {kind!r}", "train") from None


def read_config(folder: Path) -> dict[str, Any]:
    """What the `config.json` of a model folder says.

    Raises:
        ModelError: There is none, it is damaged, or of another version.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(config, dict) or not isinstance(config.get("recognizer"), str):
            raise ValueError("it does not name a recognizer")
    except FileNotFoundError:
        raise ModelError(
            "the folder has no config.json, so it is no model.", "Give a folder that `juqing train` wrote.", path=folder
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(f"config.json cannot be read ({error}).", "Train the model again.", path=folder) from None
    if config.get("format") != _FORMAT:
        raise ModelError(
            f"its format is {config.get('format')!r}; this version reads {_FORMAT}.",
            "Update juqing or train again.",
            path=folder,
        )
    return config
