"""Cross-validation by script: predictions for every row by a model that saw nothing of its script."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from juqing.errors import InputError, JuqingError, LabelError, OutputError
from juqing.outputs import check_writable, writing
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.runtime import load
from juqing.scores import Recognizer
from juqing.training import Also, deal, fingerprint, write_predictions
from juqing.training.evaluation import Evaluation, evaluate, known_rows

if TYPE_CHECKING:
    from juqing.training.ladder import Rung
    from juqing.training.run import RunConfig

PREDICTIONS = "predictions.tsv"
_ASKED = "crossval.json"


def cross_validate(
    recipe: RunConfig | Rung,
    data: Path,
    out: Path,
    *,
    n_folds: int = 5,
    also: Also | None = None,
    progress: Callable[[float, float], None] | None = None,
) -> Evaluation:
    """Train and score fold by fold; a network of a fold that is in `out` already is not trained again, rungs are.

    Args:
        recipe: The configuration of a network, or a rung, which is trained anew for each fold.
        data: Labeled table.
        out: Folder for `fold-K` (of networks), `predictions.tsv` and `evaluation.json`.
        n_folds: Scripts, sorted by title, are dealt into so many folds.
        also: Scripts that every fold learns from, and that are not scored.
        progress: Told after each step.

    Returns:
        How the predictions compare with the labels.

    Raises:
        InputError: There are fewer scripts than folds, `also` does not fit, or `out` holds a cross-validation of something else.
        LabelError: The table has no labels.
    """
    labeled = read_labeled(data)
    if n_folds < 2:
        raise InputError(f"{n_folds} folds were asked for.", "Ask for at least 2.")
    if len(labeled) < n_folds:
        raise InputError(f"there are {len(labeled)} scripts for {n_folds} folds.", "Ask for fewer folds.", path=data)
    if not any(known_rows(item.labels, item.weights).any() for item in labeled):
        raise LabelError("there is no labeled cue.", "Rows need a character and six numbers.", path=data)
    beside = also.read(labeled) if also else []
    check_writable(out)
    if out.exists() and not out.is_dir():
        raise OutputError("this is a file; a folder was to be written.", "Choose another path with --out.", path=out)
    out.mkdir(parents=True, exist_ok=True)
    folds = [_titles(labeled, k, n_folds) for k in range(n_folds)]
    if isinstance(recipe, Recognizer):
        asked = None  # rungs keep nothing of a fold
    else:
        asked = {"config": recipe.asked(), "data": fingerprint(labeled), "folds": folds}
        if beside:
            asked["also"] = fingerprint(beside)
    _check_same(out, asked)
    predicted: dict[str, np.ndarray] = {}
    for k in range(n_folds):
        learn, held_out = deal(labeled, k, n_folds)
        learn += beside
        told = (lambda done, total, k=k: progress(k + done / total, n_folds)) if progress else None
        if isinstance(recipe, Recognizer):
            recognizer = cast("Rung", recipe).fit(*_parts(learn), told)
        else:
            from juqing.training.run import train

            folder = out / f"fold-{k}"
            try:
                if not folder.is_dir():
                    train(recipe, learn, folder, resume=True, progress=told)
            except JuqingError:
                _clear(out)
                raise
            recognizer = load(folder)
        for item in held_out:
            predicted[item.script.title] = recognizer.score(item.script).values
        if progress:
            progress(k + 1, n_folds)
    values = [predicted[item.script.title] for item in labeled]
    write_predictions(labeled, values, out / PREDICTIONS)
    evaluation = evaluate(labeled, values)
    assert evaluation is not None
    with writing(out / "evaluation.json") as path:
        path.write_text(json.dumps(evaluation.to_dict(), indent=2) + "\n", encoding="utf-8")
    return evaluation


def _check_same(out: Path, asked: dict[str, Any] | None) -> None:
    """Write down what is asked; refuse where the folder's models are of something else, as they may have seen other scripts."""
    path = out / _ASKED
    if not any(out.glob("fold-*")):
        path.unlink(missing_ok=True)
    text = json.dumps(asked, indent=2, ensure_ascii=False) + "\n"
    if asked is None and not path.is_file():
        return
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise InputError("the folder holds another cross-validation.", "Choose another one with --out.", path=out)
    with writing(path) as aside:
        aside.write_text(text, encoding="utf-8")


def _clear(out: Path) -> None:
    """Leave nothing behind of a cross-validation that was refused before its first fold."""
    if {file.name for file in out.iterdir()} == {_ASKED}:
        (out / _ASKED).unlink()
        out.rmdir()


def _titles(labeled: Sequence[LabeledScript], k: int, n_folds: int) -> list[str]:
    return [item.script.title for item in deal(labeled, k, n_folds)[1]]


def _parts(labeled: Sequence[LabeledScript]) -> tuple[list, list, list]:
    return [i.script for i in labeled], [i.labels for i in labeled], [i.weights for i in labeled]
