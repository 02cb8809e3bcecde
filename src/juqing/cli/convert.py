"""`juqing convert`: a script in another format."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from juqing.cli.options import Aliases, Encoding


class Format(StrEnum):
    """What a script can be converted to."""

    fountain = "fountain"
    fdx = "fdx"
    tsv = "tsv"
    json = "json"


def convert(
    path: Annotated[Path, typer.Argument(help="The script.")],
    to: Annotated[
        Format, typer.Option("--to", help="Fountain, Final Draft, the competition's table, or the whole structure.")
    ],
    out: Annotated[Path | None, typer.Option("--out", help="The file to write; beside the script by default.")] = None,
    model: Annotated[
        str | None,
        typer.Option(
            "--model",
            help="With tsv: add what this model says, to be corrected by hand or learned from (train --also).",
        ),
    ] = None,
    aliases: Aliases = None,
    encoding: Encoding = None,
) -> None:
    """Write a script in another format, with all that this format can hold.

    Example: juqing convert script.docx --to fountain
    """
    from juqing.errors import OutputError
    from juqing.reading import read_script
    from juqing.reading.aliases import read_aliases
    from juqing.writing import write_script

    if model is not None and to is not Format.tsv:
        raise OutputError(f"a .{to.value} file has no place for strengths.", "Take --to tsv, or leave out --model.")
    script = read_script(path, encoding=encoding, aliases=read_aliases(aliases) if aliases else None)
    target = out or path.with_suffix(f".{to.value}")
    if target.suffix.lower() != f".{to.value}":
        raise OutputError(f"the suffix of the file is not .{to.value}.", "Name it so, or leave out --out.", path=target)
    if out is None and target.exists():
        raise OutputError("there is a file of this name already.", "Name another with --out.", path=target)
    values = None
    if model is not None:
        from juqing.runtime import load

        values = load(model).score(script).values
    write_script(script, target, values)
    typer.echo(str(target))
