"""The command line: one file a command, each a thin shell around a function that can be imported."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from juqing.cli.analyze import analyze
from juqing.cli.average import average
from juqing.cli.cast import cast
from juqing.cli.convert import convert
from juqing.cli.crossval import crossval
from juqing.cli.evaluate import evaluate
from juqing.cli.export import export
from juqing.cli.ladder import ladder
from juqing.cli.models import models
from juqing.cli.predict import predict
from juqing.cli.pretrain import pretrain_app
from juqing.cli.read import read
from juqing.cli.serve import serve
from juqing.cli.stack import stack
from juqing.cli.train import train_app
from juqing.cli.vectors import vectors_app

app = typer.Typer(
    name="juqing",
    help="Reads a screenplay and tells how strongly every character in every line feels love 爱, joy 乐, fright 惊, anger 怒, "
    "fear 恐, sorrow 哀 (0-3).",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Rich would double the time of --help
)
for command in (
    analyze, read, cast, convert, serve, models, predict, evaluate, crossval, ladder, average, stack, export,
):  # fmt: skip
    app.command()(command)
app.add_typer(train_app, name="train")
app.add_typer(pretrain_app, name="pretrain")
app.add_typer(vectors_app, name="vectors")


class Command(TyperCommand):
    """A command that refuses to write over what it reads."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command, once that is clear."""
        from juqing.outputs import check_kept

        # vectors that training goes on from may be replaced by what comes of it
        given = {name: value for name, value in ctx.params.items() if name != "start"}
        targets = given.pop("out", None) or ()
        for target in (targets,) if isinstance(targets, (str, Path)) else targets:
            check_kept(Path(target), given.values())
        return super().invoke(ctx)


for _app in (app, train_app, pretrain_app, vectors_app):
    for _command in _app.registered_commands:
        _command.cls = Command


def _version(wanted: bool) -> None:
    if wanted:
        from juqing import __version__

        typer.echo(f"juqing {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line: our own errors become one paragraph and exit code 2."""
    from juqing.cli.output import print_error
    from juqing.errors import InputError, JuqingError

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        app()
    except JuqingError as error:
        print_error(error)
        raise SystemExit(2) from None
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:  # juqing analyze ... | head
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:  # a folder that may not be entered, a name that is too long
        if error.filename is None:
            raise
        found = f"it cannot be opened: {error.strerror}."
        print_error(InputError(found, "Check the path and its permissions.", path=error.filename))
        raise SystemExit(2) from None
