"""`juqing average`: the weights of several runs, averaged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def average(
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs that began with the same weights.")],
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")],
) -> None:
    """Average the weights of several runs (folds, seeds) into one model of the same size and speed.

    Example: juqing average runs/cv/fold-0 runs/cv/fold-1 --out models/mean
    """
    from juqing.training import network_module

    network_module().average_runs(runs, out)
    typer.echo(str(out))
