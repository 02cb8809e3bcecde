"""`juqing train`: labeled lines to a model folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

train_app = typer.Typer(help="Train a recognizer on labeled lines.", no_args_is_help=True, rich_markup_mode=None)


@train_app.callback()
def _train() -> None:
    pass


@train_app.command()
def tfidf(
    data: Annotated[
        Path, typer.Option("--data", help="Labeled table: id, content, character, emotion(s); tab-separated.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Model folder to write.")],
) -> None:
    """Train character n-gram TF-IDF and ridge regression. Needs the extra: pip install "juqing[train]"

    Example: juqing train tfidf --data train.tsv --out models/mine
    """
    from juqing.cli.output import progress
    from juqing.training import train_tfidf

    with progress("training") as report:
        recognizer = train_tfidf(data, out, progress=report)
    typer.echo(f"{out}: {len(recognizer.keys_):,} n-grams")
