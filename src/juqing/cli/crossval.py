"""`juqing crossval`: how good a recipe is on scripts that it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from juqing.cli.train import Budget, Data, Encoder, Epochs, HeadName, Layers, LearningRate, Preset, Seed, network_config


def crossval(
    kind: Annotated[str, typer.Argument(help="tfidf, pair or scene.")],
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write: predictions.tsv, evaluation.json, a model for each fold.")
    ],
    n_folds: Annotated[int, typer.Option("--folds", min=2, help="Number of folds of scripts.")] = 5,
    encoder: Encoder = None,
    layers: Layers = None,
    preset: Preset = None,
    head: HeadName = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    window: Budget = None,
    seed: Seed = None,
) -> None:
    """Train on all folds of scripts but one, score that one, and so on: predictions for every row, none by a model that saw its script.

    Called again after an interruption, it goes on where it was.

    Example: juqing crossval scene --data train.tsv --encoder encoders/e5-small-zh --out runs/cv
    """
    from juqing.cli.output import progress
    from juqing.errors import InputError
    from juqing.training.crossval import cross_validate

    config = None
    if kind not in ("tfidf", "pair", "scene"):
        raise InputError(f"the kind is {kind!r}.", "Choose one of tfidf, pair, scene.")
    if kind != "tfidf":
        config = network_config(kind, preset, encoder, layers, head, epochs, learning_rate, window, seed)
    with progress(f"{n_folds} folds") as report:
        evaluation = cross_validate(config, data, out, n_folds=n_folds, progress=report)
    typer.echo(str(evaluation))
    typer.echo(str(out / "predictions.tsv"))
