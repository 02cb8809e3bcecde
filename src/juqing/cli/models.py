"""`juqing models`: what is installed."""

from __future__ import annotations

import typer


def models() -> None:
    """List the models inside the package; `--model NAME` of other commands takes one.

    Example: juqing models
    """
    from juqing.runtime import DEFAULT, shipped_models

    for description in shipped_models():
        default = "  (default)" if description.name == DEFAULT else ""
        rmse = f"RMSE {description.rmse:.3f}" if description.rmse is not None else ""
        typer.echo(
            f"{description.name:<12} {description.n_bytes / 1e6:6.1f} MB  {rmse}{default}  {description.summary}"
        )
