"""`juqing crossval`: how good a recipe is on scripts that it never saw."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from juqing.cli.options import Settings
from juqing.cli.train import (
    AlsoTable,
    AlsoWeight,
    Budget,
    Data,
    Dim,
    Encoder,
    Epochs,
    Frozen,
    HeadName,
    Layers,
    LearningRate,
    LexiconFiles,
    Preset,
    Seed,
    Start,
    Tags,
    Unit,
    Weighting,
    given,
    make_also,
    network_config,
)

_KINDS = (
    "lexicon", "frequency", "onehot", "svd", "averaged", "tfidf", "rnn", "gru", "lstm", "bilstm", "transformer", "pair",
    "scene",
)  # fmt: skip


def crossval(
    kind: Annotated[str, typer.Argument(help=f"One of {', '.join(_KINDS)}.")],
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write: predictions.tsv, evaluation.json, a model for each fold.")
    ],
    n_folds: Annotated[int, typer.Option("--folds", min=2, help="Number of folds of scripts.")] = 5,
    also: AlsoTable = None,
    also_weight: AlsoWeight = 1.0,
    encoder: Encoder = None,
    layers: Layers = None,
    preset: Preset = None,
    head: HeadName = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    window: Budget = None,
    seed: Seed = None,
    unit: Unit = None,
    tags: Tags = False,
    weighting: Weighting = None,
    dim: Dim = None,
    vectors: Annotated[
        Path | None, typer.Option("--vectors", help="Word vectors of the averaged or recurrent rungs.")
    ] = None,
    start: Start = None,
    lexicon: LexiconFiles = None,
    frozen: Frozen = False,
    settings: Settings = None,
) -> None:
    """Train on all folds of scripts but one, score that one, and so on: predictions for every row, none by a model that saw its script.

    Called again after an interruption, it goes on where it was.

    Example: juqing crossval scene --data train.tsv --encoder encoders/e5-small-zh --out runs/cv
    """
    from juqing.cli.output import print_once, progress
    from juqing.errors import InputError
    from juqing.training.crossval import cross_validate
    from juqing.training.ladder import RUNGS, make_rung

    of_both = {"epochs": epochs, "learning_rate": learning_rate, "seed": seed}
    of_networks = {
        "encoder": encoder, "layers": layers, "preset": preset, "head": head, "window": window, "frozen": frozen
    }  # fmt: skip
    of_rungs = {
        "unit": unit, "tags": tags, "weighting": weighting, "dim": dim, "vectors": vectors, "start": start,
        "lexicon": lexicon,
    }  # fmt: skip
    if kind in RUNGS:
        recipe = make_rung(kind, given({**of_both, **of_rungs, **of_networks}), settings or ())
    elif kind not in _KINDS:
        raise InputError(f"the kind is {kind!r}.", f"Choose one of {', '.join(_KINDS)}.")
    elif unknown := list(given(of_rungs)):
        raise InputError(f"{kind} has no setting {unknown[0]!r}.", f"It has {', '.join([*of_networks, *of_both])}.")
    else:
        recipe = network_config(
            kind, preset, encoder, layers, head, epochs, learning_rate, window, seed, frozen, settings
        )
    with progress(f"{n_folds} folds") as report:
        evaluation = cross_validate(
            recipe, data, out, n_folds=n_folds, also=make_also(also, also_weight), progress=report
        )
    print_once(str(evaluation))
    print_once(str(out / "predictions.tsv"))
