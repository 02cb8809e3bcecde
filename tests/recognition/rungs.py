"""What the tests of the rungs share: the small table as scripts, and what each of them must answer alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from recognition.contract import check_masks, check_recognizer

from juqing.errors import InputError, LabelError, ModelError
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.runtime import load


def learned(recognizer: Any, table: Path) -> Any:
    """The recognizer, trained on a table."""
    labeled = read_labeled(table)
    return recognizer.fit([i.script for i in labeled], [i.labels for i in labeled], [i.weights for i in labeled])


def stacked(labeled: list[LabeledScript]) -> tuple[np.ndarray, np.ndarray]:
    """Labels and weights of all cues."""
    return np.concatenate([i.labels for i in labeled]), np.concatenate([i.weights for i in labeled])


def check_rung(make: Any, table: Path, folder: Path, check_folder: Callable[[Path], None] | None = None) -> None:
    """The contract, the folder, what is refused.

    Args:
        make: Gives an untrained recognizer; settings as keywords.
        table: Labeled.
        folder: An empty one.
        check_folder: Damages the folder and leaves it as it was; `check_damaged` where None.
    """
    rung = learned(make(), table)
    check_recognizer(rung)
    check_masks(rung, 1e-5)
    labeled = read_labeled(table)
    check_learned(rung, labeled)
    assert rung.method and rung.size[0].isdigit()

    again = learned(make(), table)
    rung.save(folder)
    loaded: Any = load(folder)
    assert type(loaded) is type(rung) and loaded.name == folder.name
    assert loaded.size == rung.size
    for item in labeled:
        assert np.array_equal(rung.score(item.script).values, again.score(item.script).values)
        assert np.array_equal(rung.score(item.script).values, loaded.score(item.script).values)
    check_recognizer(loaded)

    with pytest.raises(LabelError, match="no labeled cue"):
        make().fit([labeled[0].script], [np.full_like(labeled[0].labels, np.nan)])
    with pytest.raises(LabelError, match="do not fit"):
        make().fit([labeled[0].script], [labeled[0].labels[:-1]])
    with pytest.raises(ModelError, match="not trained"):
        make().score(labeled[0].script)
    with pytest.raises(InputError, match="unit is 'line'"):
        learned(make(unit="line"), table)
    with pytest.raises(InputError, match="parts of speech"):
        learned(make(unit="character", tags=True), table)
    (check_folder or check_damaged)(folder)


def check_learned(rung: Any, labeled: list[LabeledScript]) -> None:
    """On the rows that it learned from, the labeled feeling is stronger than in calm rows."""
    values = np.concatenate([rung.score(item.script).values for item in labeled])
    labels, _ = stacked(labeled)
    calm = labels.max(axis=1) == 0
    for k in range(6):
        strong = labels[:, k] >= 2
        assert values[strong, k].mean() > values[calm, k].mean() + 0.3


def check_damaged(folder: Path) -> None:
    """Whatever is wrong with the folder is a `ModelError`; leaves it as it was."""
    check_damaged_config(folder)
    weights = folder / "weights.npz"
    data = weights.read_bytes()
    for damage in (b"", data[: len(data) // 2], b"PK" + data[2:60] + b"\0" * 50 + data[110:]):
        weights.write_bytes(damage)
        with pytest.raises(ModelError, match=r"weights\.npz"):
            load(folder)
    weights.write_bytes(data)
    with np.load(weights) as file:
        arrays = dict(file)
    for name, array in arrays.items():
        for wrong in ({name: array[:-1]}, {name: np.array([{"a": 1}], dtype=object)}):
            np.savez(weights, **{**arrays, **wrong})
            with pytest.raises(ModelError, match=r"weights\.npz"):
                load(folder)
        np.savez(weights, **{each: kept for each, kept in arrays.items() if each != name})
        with pytest.raises(ModelError, match=r"weights\.npz"):
            load(folder)
    np.savez(weights, **{**arrays, "coef": arrays["coef"] * np.nan})
    with pytest.raises(ModelError, match="finite"):
        load(folder)
    weights.unlink()
    with pytest.raises(ModelError, match=r"weights\.npz"):
        load(folder)
    weights.write_bytes(data)
    load(folder)


def check_damaged_config(folder: Path) -> None:
    """Whatever is wrong with `config.json` is a `ModelError`; leaves it as it was."""
    config = (folder / "config.json").read_text(encoding="utf-8")
    asked = json.loads(config)
    for settings in ({"typo": 1}, {**asked["settings"], "unit": "line"}, [], None):
        (folder / "config.json").write_text(json.dumps({**asked, "settings": settings}), encoding="utf-8")
        with pytest.raises(ModelError):
            load(folder)
    (folder / "config.json").write_text(config, encoding="utf-8")
