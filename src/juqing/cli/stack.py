"""`juqing stack`: several models, mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from juqing.cli.train import Data


def stack(
    data: Data,
    cv: Annotated[list[Path], typer.Option("--cv", help="Folder that juqing crossval wrote, one for each member.")],
    member: Annotated[list[str], typer.Option("--member", help="Model folder, or the name of a shipped model.")],
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")],
) -> None:
    """Mix models by how far each can be trusted on scripts that it never saw, which cross-validations tell.

    Example: juqing stack --data train.tsv --cv runs/cv --member models/scene --cv runs/cv-tfidf --member tfidf --out models/mine
    """
    from juqing.training.stack import stack as fit_stack

    typer.echo(str(fit_stack(data, cv, member, out)))
    typer.echo(str(out))
