"""`juqing ladder`: every representation on one task, in one table."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from juqing.cli.train import Data

if TYPE_CHECKING:
    from rich.console import Console


def ladder(
    data: Data,
    out: Annotated[Path, typer.Option("--out", help="Folder to write; called again, the ladder goes on in it.")],
    test: Annotated[
        Path | None, typer.Option("--test", help="Labeled table that models trained on all of --data score once.")
    ] = None,
    texts: Annotated[
        list[Path] | None,
        typer.Option(
            "--texts", help="Running text for word vectors and language models: a file or a folder. May be repeated."
        ),
    ] = None,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Pretrained encoder: a Hugging Face folder or a hub name.")
    ] = None,
    lexicon: Annotated[
        list[Path] | None, typer.Option("--lexicon", help="Emotion words, as of juqing train lexicon. May be repeated.")
    ] = None,
    preset: Annotated[
        str, typer.Option("--preset", help="small (minutes), full (hours), or a TOML file of your own rungs.")
    ] = "small",
    only: Annotated[str | None, typer.Option("--only", help="Rungs to train, such as onehot,svd.")] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Processes at a time, where memory allows.")] = 1,
    with_text: Annotated[
        bool, typer.Option("--with-text", help="Put the text of compared lines into ladder.html, not their ids alone.")
    ] = False,
    test_error: Annotated[
        float,
        typer.Option("--test-error", min=0, help="Mean squared error that the labels of --test are known to have."),
    ] = 0.0,
) -> None:
    """Train and score rungs by one protocol: folds of scripts of --data, and --test once. Needs the extra: pip install -e ".[train]"

    Writes ladder.md, ladder.csv, ladder.html and pareto.svg, .png; of each rung its figures and predictions in OUT/rungs. What was
    measured is not trained again. Rungs without what they need are left out, and the table says why.

    Example: juqing ladder --data train.tsv --test test.tsv --texts novels/ --encoder encoders/e5-small-zh --preset full --out out/ladder
    """
    from rich.console import Console

    from juqing.cli.output import printable, progress
    from juqing.report.evaluation import vl_convert
    from juqing.report.ladder import write_ladder
    from juqing.training.ladder_preset import PRESETS, read_ladder
    from juqing.training.ladder_run import Given, held_out_lines, run_ladder

    vl_convert()  # says which extra is missing
    shipped = {"small": "ladder-small.toml", "full": "ladder.toml"}
    asked = read_ladder(PRESETS / shipped[preset] if preset in shipped else Path(preset))
    given = Given(data, test, tuple(texts or ()), encoder, tuple(lexicon or ()), test_error)
    names = [name.strip() for name in only.split(",")] if only else []
    with progress("ladder") as report:
        told = run_ladder(asked, given, out, only=names, jobs=jobs, progress=report)
        report(0, None, "writing")
        paths = write_ladder(
            told, held_out_lines(told, data, out), out, title=f"Ladder on {data.name}", with_text=with_text
        )
    _print(Console(), told)
    for path in paths:
        typer.echo(str(path))
    failed = [each for each in told if each["status"] == "failed" and (not names or each["name"] in names)]
    for each in failed:
        typer.echo(f"juqing: the rung {each['name']} failed: {printable(each['why'])}", err=True)
    if failed:
        raise typer.Exit(1)


def _print(console: Console, told: list[dict[str, Any]]) -> None:
    from rich.table import Table

    from juqing.report.ladder import columns, rows

    made = Table(box=None, pad_edge=False, header_style="dim")
    made.add_column("rung", overflow="ellipsis", max_width=32, no_wrap=True)
    # what fits a terminal; the files have the rest
    shown = [(name, cell) for name, cell in columns(told) if "score" in name or name in ("folds", "training", "cues/s")]
    for name, _ in shown:
        made.add_column(name, justify="right", no_wrap=True)
    for row in rows(told):
        if row["train_seconds"] is not None:
            made.add_row(row["rung"], *(cell(row) for _, cell in shown))
    if made.row_count:
        console.print(made)
    for row in rows(told):
        if row["status"] == "skipped":
            console.print(
                f"{row['rung']}: left out, {row['why']}", style="dim", highlight=False, markup=False, soft_wrap=True
            )
