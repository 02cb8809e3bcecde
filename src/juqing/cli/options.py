"""Options that several commands share, with one help text each."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Aliases = Annotated[
    Path | None,
    typer.Option("--aliases", help='Names to merge, a TOML file of rows such as "李明" = ["小明", "李总"].'),
]
Encoding = Annotated[str | None, typer.Option("--encoding", help="Of text files; detected by default.")]
Pronouns = Annotated[
    bool,
    typer.Option(
        "--pronouns/--no-pronouns", help="Resolve 他, 她, 两人, ... in actions to characters, where that is safe."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other setting, NAME=VALUE, such as alpha=3; a wrong name shows all of them."),
]
Texts = Annotated[
    list[Path],
    typer.Argument(
        help="Text (.txt, .md, also .gz, .xz, .zst), scripts (.docx, .fountain, .fdx, ...), folders of them."
    ),
]
