"""`juqing export`: a trained network to ONNX."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(help="Folder that `juqing train scene` or `juqing train pair` wrote.")],
    out: Annotated[Path, typer.Option("--out", help="Folder to write.")],
    int8: Annotated[
        bool, typer.Option("--int8/--fp32", help="8-bit weights, a quarter of the size, or 32-bit ones.")
    ] = True,
) -> None:
    """Write a model that needs no PyTorch: ONNX weights, tokenizer, configuration, model card.

    Example: juqing export runs/scene --out models/scene
    """
    from juqing.training import network_module

    network_module()  # says which extra is missing
    from juqing.training.export import export as export_run

    done = export_run(run, out, int8=int8)
    typer.echo(
        f"{out}: {done['n_bytes'] / 1e6:.1f} MB; ONNX and PyTorch differ by {done['difference']:.1g} before rounding"
    )
