"""The folder of a model that NumPy reads alone: `config.json` and `weights.npz`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from juqing.errors import ModelError

WEIGHTS = "weights.npz"
TENSORS, WORDS = "model.safetensors", "vocabulary.json"
"""What a recurrent network is kept in, beside `config.json`."""


def write_config(folder: Path, kind: str, settings: Mapping[str, Any]) -> None:
    """Write `config.json` into an existing folder."""
    config = {"format": 1, "recognizer": kind, "settings": dict(settings)}
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def read_arrays(folder: Path) -> dict[str, np.ndarray]:
    """The arrays of `weights.npz`, all numbers in them finite. To be called inside `reading`.

    Raises:
        ValueError: A number is not finite, or the file holds Python objects; zipfile and zlib have errors of their own.
    """
    with (folder / WEIGHTS).open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("a weight is not a finite number")
    return arrays


def check_shapes(arrays: Mapping[str, np.ndarray], shapes: Mapping[str, tuple[int | str, ...]], **sizes: int) -> None:
    """Raise where an array is missing or its shape is another one.

    Args:
        arrays: The arrays.
        shapes: Of each array that must be there; a size by name is the same wherever the name stands.
        sizes: Those of the names that are known already.

    Raises:
        KeyError: An array is missing.
        ValueError: Arrays do not fit each other.
    """
    for name, shape in shapes.items():
        found = arrays[name].shape
        if len(found) != len(shape) or any(
            n != (sizes.setdefault(size, n) if isinstance(size, str) else size)
            for n, size in zip(found, shape, strict=True)
        ):
            raise ValueError(f"{name} has the shape {found}")


@contextmanager
def reading(folder: Path, file: str = WEIGHTS) -> Iterator[None]:
    """Whatever goes wrong inside becomes a `ModelError` that names the file."""
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # damaged files end in many kinds of errors
        raise ModelError(f"{file} cannot be used ({error}).", "Train the model again.", path=folder) from None
