"""`juqing cast`: who is in a script, who may be one person, and a ready-made file of aliases."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from juqing.cli.options import Aliases, Encoding


def cast(
    path: Annotated[Path, typer.Argument(help="The script.")],
    out: Annotated[Path | None, typer.Option("--out", help="Write the aliases to this file, to edit and use.")] = None,
    aliases: Aliases = None,
    encoding: Encoding = None,
) -> None:
    """Show the characters of a script, and suggest which names are one person. Nothing is merged by itself.

    Example: juqing cast script.docx --out aliases.toml
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from juqing.cli.output import printable
    from juqing.errors import OutputError
    from juqing.outputs import writing
    from juqing.reading import read_script
    from juqing.reading.aliases import format_aliases, read_aliases, suggest_aliases
    from juqing.reading.pronouns import genders_of

    if out is not None and out.exists():  # names that somebody has gone through are not to be lost
        raise OutputError("there is a file of this name already.", "Name another with --out.", path=out)
    script = read_script(path, encoding=encoding, aliases=read_aliases(aliases) if aliases else None)
    chinese = script.language.startswith("zh")

    def say(zh: str, en: str) -> str:
        return zh if chinese else en

    spoken = Counter(name for line in script.lines for name in line.speakers)
    present = Counter(cue.character for cue in script.cues if cue.role == "present")
    talked = Counter(name for line in script.lines for name in line.mentioned)
    genders = genders_of(script)
    console = Console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(say("人物", "character"), no_wrap=True, overflow="ellipsis", max_width=24)
    for zh, en in (("说", "speaks"), ("在场", "present"), ("被提到", "talked of")):
        table.add_column(say(zh, en), justify="right")
    table.add_column("")
    table.add_column(say("别名、说明", "aliases, note"), overflow="fold")
    for character in sorted(script.cast, key=lambda c: (c.minor, -spoken[c.name] - present[c.name])):
        name = character.name
        gender = {"f": say("女", "f"), "m": say("男", "m")}.get(genders[name], "")
        also = "、".join((*character.merged, *character.aliases))
        table.add_row(
            Text(printable(name), style="dim" if character.minor else "bold"),
            *(str(count[name] or "") for count in (spoken, present, talked)),
            gender,
            Text(printable("；".join(piece for piece in (also, character.note) if piece)), style="dim"),
        )
    console.print(table)
    suggestions = suggest_aliases(script)
    console.print()
    if not suggestions:
        console.print(say("没有可能是同一人的名字", "No two names look like one person."))
    else:
        console.print(say("可能是同一人（都没有合并）", "These may be one person (none is merged)"), style="bold")
        for s in suggestions:
            why = s.chinese if chinese else s.reason
            console.print(
                f"  {printable(s.alias)} → {printable(s.name)}  {s.confidence:.0%}  {printable(why)}",
                highlight=False,
                markup=False,
                soft_wrap=True,
            )
    text = format_aliases(suggestions, chinese=chinese)
    if out is not None:
        with writing(out) as aside:
            aside.write_text(text, encoding="utf-8")
        console.print(str(out), soft_wrap=True, highlight=False, markup=False)
    elif suggestions:
        console.print()
        console.print(text, end="", highlight=False, markup=False, soft_wrap=True)
