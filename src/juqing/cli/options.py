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


def text_sources(paths: list[Path]) -> list[Path | list[str]]:
    """What a corpus is made of: text files stay files, scripts that are no text become their lines."""
    from juqing.errors import InputError
    from juqing.reading.files import SUFFIXES, find_scripts, read_script
    from juqing.text.corpus import TEXT_SUFFIXES, find_texts

    scripts = tuple(suffix for suffix in SUFFIXES if suffix not in TEXT_SUFFIXES)
    sources: list[Path | list[str]] = []
    for path in paths:
        if path.is_dir():
            found = find_texts(path)
            try:
                found += [each for each in find_scripts([path]) if each.suffix.lower() in scripts]
            except InputError:
                if not found:
                    raise
        else:
            found = [path]
        for each in sorted(found):
            is_script = each.suffix.lower() in scripts
            sources.append([line.text for line in read_script(each).lines] if is_script else each)
    return sources
