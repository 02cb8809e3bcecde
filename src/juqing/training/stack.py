"""A stacked recognizer from cross-validations: a linear mixture of its members learned from their out-of-script predictions, or
their mean where that is better on scripts that the mixture did not see.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from juqing.emotions import N_EMOTIONS
from juqing.errors import FormatError, InputError
from juqing.outputs import writing_folder
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.recognition.stacked import StackedRecognizer
from juqing.runtime import load, shipped_models
from juqing.training import deal, predictions_by_id
from juqing.training.crossval import PREDICTIONS
from juqing.training.evaluation import Evaluation, evaluate

_FILES = ("config.json", "weights.npz", "README.md")


def stack(
    data: Path, validations: Sequence[Path], members: Sequence[str], out: Path, *, n_folds: int = 5
) -> Evaluation:
    """Fit a stacked recognizer and write its folder.

    Args:
        data: The labeled table that the cross-validations were made on.
        validations: For each member the folder that `juqing crossval` wrote.
        members: For each the model to use from now on: a folder, which is copied, or the name of a shipped model.
        out: The folder to write.
        n_folds: Folds of scripts by which the mixture itself is measured.

    Returns:
        How good the better one of the mixture and the mean is on scripts that it was not fitted on.

    Raises:
        InputError: There is not one member for each validation.
        FormatError: Predictions are missing.
    """
    if len(validations) != len(members) or not members:
        raise InputError(
            f"there are {len(validations)} cross-validations for {len(members)} members.",
            "Give one --cv for each --member.",
        )
    labeled = read_labeled(data)
    if len(labeled) < 2:
        raise InputError("a mixture is learned from at least 2 scripts.", "Give a table of more.", path=data)
    predicted = [read_predictions(folder / PREDICTIONS, labeled) for folder in validations]
    recognizers = [load(member) for member in members]
    shipped = {description.name for description in shipped_models()}
    names = [Path(member).name for member in members]
    if len(set(names)) < len(names):
        raise InputError(f"two members have the same name: {', '.join(names)}.", "Rename one of the folders.")
    index = {item.script.title: k for k, item in enumerate(labeled)}
    values = {"mean": [], "linear mixture": []}
    mean = StackedRecognizer(recognizers).average()
    folds = [deal(labeled, fold, min(n_folds, len(labeled))) for fold in range(min(n_folds, len(labeled)))]
    fitted = {
        item.script.title: mixture
        for learn, held_out in folds
        for mixture in [_fit(StackedRecognizer(recognizers), learn, predicted, index)]
        for item in held_out
    }
    for item, *said in zip(labeled, *predicted, strict=True):
        values["mean"].append(mean.mix(item.script, said))
        values["linear mixture"].append(fitted[item.script.title].mix(item.script, said))
    evaluations = {kind: evaluate(labeled, found) for kind, found in values.items()}
    kind, evaluation = min(
        ((kind, found) for kind, found in evaluations.items() if found is not None), key=lambda each: each[1].rmse
    )
    recognizer = mean
    if kind != "mean":
        recognizer = _fit(StackedRecognizer(recognizers), labeled, predicted, index)
    recognizer.rmse = round(evaluation.rmse, 4)
    with writing_folder(out, (*_FILES, *names)) as folder:
        recognizer.save(folder, names)
        for member, name in zip(members, names, strict=True):
            if member not in shipped:
                shutil.copytree(member, folder / name)
        measured = ", ".join(f"{name} {found.rmse:.4f}" for name, found in evaluations.items() if found is not None)
        (folder / "README.md").write_text(
            f"# {out.name}\n\n- Kind: the {kind} (`juqing.recognition.stacked`) of {', '.join(names)}\n"
            f"- Chosen by: RMSE on scripts that neither the members nor the mixture saw, of {data.name}, {len(labeled)} scripts: "
            f"{measured}\n"
            "- License: to be filled in by whoever passes the model on\n",
            encoding="utf-8",
        )
    return evaluation


def _fit(
    recognizer: StackedRecognizer,
    learn: Sequence[LabeledScript],
    predicted: Sequence[Sequence[np.ndarray]],
    index: dict[str, int],
) -> StackedRecognizer:
    return recognizer.fit(
        [item.script for item in learn],
        [[values[index[item.script.title]] for item in learn] for values in predicted],
        [item.labels for item in learn],
        [item.weights for item in learn],
    )


def read_predictions(path: Path, labeled: Sequence[LabeledScript]) -> list[np.ndarray]:
    """The predictions of a file as `write_predictions` makes them: for each script (n_cues, 6).

    Raises:
        FormatError: The file cannot be read, or a cue has no prediction.
    """
    by_id = predictions_by_id(path)
    result = []
    for item in labeled:
        missing = next((cue.id for cue in item.script.cues if cue.id not in by_id), None)
        if missing is not None:
            raise FormatError(
                f"row {missing} has no prediction.", "Give the cross-validation of the same table.", path=path
            )
        values = [by_id[cue.id] for cue in item.script.cues]
        result.append(np.array(values, dtype=np.float32).reshape(-1, N_EMOTIONS))
    return result
