"""`juqing evaluate`: how good a model is on labeled lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from juqing.training.evaluation import Evaluation

Outs = Annotated[
    list[Path] | None,
    typer.Option(
        "--out",
        help="Write all figures (.json), a table (.csv) or a picture (.html .svg .png). May be given several times.",
    ),
]


def evaluate(
    model: Annotated[str, typer.Argument(help="Model folder, or the name of a shipped model.")],
    data: Annotated[Path, typer.Argument(help="Labeled table: id, content, character, emotion(s); tab-separated.")],
    out: Outs = None,
) -> None:
    """Score a labeled table and compare: RMSE, score, Pearson, F1 by level, calibration, scripts; weighted by confidence.

    Example: juqing evaluate tfidf held-out.tsv --out evaluation.html --out evaluation.json
    """
    from juqing.cli.output import progress
    from juqing.report.evaluation import check_targets
    from juqing.runtime import load
    from juqing.training.evaluation import evaluate_table

    targets = list(dict.fromkeys(out or ()))
    check_targets(targets)
    with progress("scoring") as report:
        evaluation = evaluate_table(load(model), data, progress=report)
    show_evaluation(evaluation, targets, title=f"{Path(model).name} on {data.name}")


def show_evaluation(evaluation: Evaluation, targets: Sequence[Path] = (), *, title: str = "") -> None:
    """Print an evaluation and write it to files, whose suffixes `juqing.report.evaluation.check_targets` has seen."""
    from rich.console import Console

    from juqing.cli.output import progress
    from juqing.report.evaluation import write_evaluation

    with progress("writing") as report:
        for k, target in enumerate(targets):
            write_evaluation(evaluation, target, title=title)
            report(k + 1, len(targets))
    console = Console()
    _print(console, evaluation, title)
    for target in targets:
        console.print(str(target), soft_wrap=True, highlight=False, markup=False)


def _print(console: Console, evaluation: Evaluation, title: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from juqing.cli.output import printable
    from juqing.emotions import EMOTIONS
    from juqing.report.evaluation import emotion_rows, script_rows

    def number(value: float, places: int = 3) -> str:
        return "–" if math.isnan(value) else f"{value:.{places}f}"

    def table(first: str, *others: str) -> Table:
        made = Table(box=None, pad_edge=False, header_style="dim", padding=(0, 1, 0, 0))
        made.add_column(first, overflow="ellipsis", max_width=24, no_wrap=True)
        for name in others:
            made.add_column(name, justify="right")
        return made

    score = f" · score {evaluation.score:.4f}" if evaluation.is_human else ""
    console.print()
    if title:
        console.print(printable(title), style="bold", highlight=False, markup=False)
    console.print(
        f"{evaluation.n:,} labeled rows of {len(evaluation.scripts)} scripts · RMSE {evaluation.rmse:.4f}{score} · "
        f"Pearson {number(evaluation.mean_pearson)}",
        highlight=False,
    )
    if not evaluation.is_human:
        console.print("the labels are no whole numbers, so 1 / (1 + RMSE) is not the ranking score", style="yellow")
    console.print()
    emotions = table("emotion", "RMSE", "r", "F1", "0", "1", "2", "3", "slope", "icpt", "cal.")
    for emotion, row in zip(EMOTIONS, emotion_rows(evaluation), strict=True):
        label = Text(f"{emotion.name} {emotion.chinese}", style=f"bold {emotion.color}")
        emotions.add_row(label, *(number(value) for key, value in row.items() if key != "name"))
    console.print(emotions)
    console.print(
        "r: Pearson · 0 to 3: F1 of each level, F1 their mean · slope, icpt: line of truth on prediction · cal.: calibration error",
        style="dim",
        highlight=False,
    )
    console.print()
    scripts = table("script", "rows", "RMSE", *(["score"] if evaluation.is_human else []), "Pearson")
    for row in script_rows(evaluation):
        figures = [number(row["rmse"], 4), *([number(row["score"], 4)] if evaluation.is_human else [])]
        scripts.add_row(Text(printable(row["name"])), f"{row['rows']:,}", *figures, number(row["pearson"]))
    console.print(scripts)
