"""`juqing predict`: a table in, its rows' scores out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def predict(
    model: Annotated[str, typer.Argument(help="Model folder, or the name of a shipped model.")],
    data: Annotated[Path, typer.Argument(help="Table: id, content, character; labels are optional.")],
    out: Annotated[Path, typer.Option("--out", help="File to write: id and emotion, row for row.")],
    levels: Annotated[
        bool, typer.Option("--levels", help="In place of strengths how probable each level is: love_0 to sorrow_3.")
    ] = False,
) -> None:
    """Score every row of a table, as the competition's submission wants it.

    Example: juqing predict models/mine test.tsv --out predictions.tsv
    """
    from juqing.cli.output import progress
    from juqing.runtime import load
    from juqing.training import predict_table

    with progress("scoring") as report:
        evaluation = predict_table(load(model), data, out, levels=levels, progress=report)
    if evaluation is not None:
        typer.echo(str(evaluation))
    typer.echo(str(out))
