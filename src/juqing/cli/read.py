"""`juqing read`: a script as it was understood."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from juqing.cli.options import Aliases, Encoding, Pronouns

if TYPE_CHECKING:
    from juqing.script import Script


def read(
    path: Annotated[Path, typer.Argument(help="The script.")],
    json: Annotated[bool, typer.Option("--json", help="The whole structure as JSON, which juqing reads back.")] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Under each line with a resolved pronoun, how it was resolved.")
    ] = False,
    aliases: Aliases = None,
    pronouns: Pronouns = True,
    encoding: Encoding = None,
) -> None:
    """Show a script as it was understood: scenes, kinds, speakers, who is in each line, and what was unsure.

    Example: juqing read script.docx | less
    """
    from juqing.cli.output import printable
    from juqing.reading import read_script, read_scripts
    from juqing.reading.aliases import read_aliases
    from juqing.reading.outline import outline_rows

    merged = read_aliases(aliases) if aliases else None
    if json:
        script = read_script(path, encoding=encoding, aliases=merged, pronouns=pronouns)
        sys.stdout.buffer.write(script.to_json() + b"\n")
        return
    scripts = read_scripts(path, encoding=encoding, aliases=merged, pronouns=pronouns)
    for script in scripts:
        chinese = script.language.startswith("zh")
        for row in outline_rows(script, chinese=chinese, explain=explain):
            print(printable(row))
        _print_counts(script, chinese)


def _print_counts(script: Script, chinese: bool) -> None:
    from juqing.reading.pronouns import count_pronouns

    resolved = sum(cue.by == "pronoun" for cue in script.cues)
    n = count_pronouns(script)
    blank = sum(note.kind == "blank" for note in script.notes)
    if chinese:
        print(
            f"# {script.n_source_lines} 行：{len(script.scenes)} 场，{len(script.lines)} 行正文，{len(script.notes) - blank} 行不分析，"
            f"空行 {blank} 处；人物 {len(script.cast)}，人物行 {script.n_cues}；动作里的代词 {n} 处，由代词认出的人物行 {resolved}；没有把握 {len(script.warnings)} 处"
        )
    else:
        print(
            f"# {script.n_source_lines} lines: {len(script.scenes)} scenes, {len(script.lines)} lines of text, "
            f"{len(script.notes) - blank} notes; {len(script.cast)} characters, {script.n_cues} cues; "
            f"{n} pronouns in actions, {resolved} cues found by them; {len(script.warnings)} warnings"
        )
