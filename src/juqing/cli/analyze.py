"""`juqing analyze`: scripts in, every character's emotions out."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from juqing.cli.options import Aliases, Encoding, Pronouns
from juqing.errors import InputError, JuqingError, OutputError, ScriptError

if TYPE_CHECKING:
    from rich.console import Console

    from juqing.scores import EmotionScores
    from juqing.script import Script

_N_MOMENTS = 8
_N_WARNINGS = 5


class Language(StrEnum):
    """Languages of labels."""

    zh = "zh"
    en = "en"


def analyze(
    paths: Annotated[
        list[Path],
        typer.Argument(
            help="Scripts (.txt .docx .fountain .fdx .csv ...), or folders of them; .csv, .xlsx and .json in a folder are left out."
        ),
    ],
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "--out",
            help="Write a report (.html) or a table (.csv .xlsx .jsonl .parquet); a folder gets a report for each script. May be given several times.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model folder, or the name of a shipped model.")] = None,
    language: Annotated[
        Language | None, typer.Option("--language", help="Of labels; that of the script by default.")
    ] = None,
    aliases: Aliases = None,
    pronouns: Pronouns = True,
    encoding: Encoding = None,
) -> None:
    """Read scripts and show how strongly their characters feel. Nothing leaves this computer.

    Example: juqing analyze script.docx --out report.html --out scores.xlsx
    """
    from rich.console import Console

    from juqing.cli.output import print_error, progress
    from juqing.outputs import check_writable
    from juqing.reading import find_scripts, read_scripts
    from juqing.reading.aliases import read_aliases, unknown_names
    from juqing.runtime import load

    targets = [_Target(path) for path in dict.fromkeys(out or ())]
    for target in targets:
        check_writable(target.path)
        if target.kind != "folder" and target.path.is_dir():
            raise OutputError(
                "this is a folder; a file was to be written.", "Choose another path with --out.", path=target.path
            )
    merged = read_aliases(aliases) if aliases else None
    recognizer = load(model)
    failures: list[JuqingError] = []
    results: list[EmotionScores] = []
    files: list[Path] = []
    for path in paths:
        try:
            files += find_scripts([path])
        except ScriptError as error:
            failures.append(error)
    with progress("analyzing") as report:
        for k, file in enumerate(files):
            try:
                scripts = read_scripts(file, encoding=encoding, aliases=merged, pronouns=pronouns)
            except InputError as error:
                failures.append(error)
                scripts = []
            for j, script in enumerate(scripts):
                if script.cues:
                    results.append(recognizer.score(script))
                else:
                    failures.append(_no_character(script, file))
                report(k + j / len(scripts), len(files))
            report(k + 1, len(files))
    if merged and results:
        for name in unknown_names((scores.script for scores in results), merged):
            typer.echo(
                f"juqing: {aliases}: {_visible(name)!r} is nobody in what was read. Check the spelling; juqing cast lists the names.",
                err=True,
            )
    labels = language.value if language else None
    written: list[Path] = []
    with progress("writing") as report:
        for k, target in enumerate(targets if results else ()):
            written += target.write(results, labels)
            report(k + 1, len(targets))
    console = Console()
    for scores in results:
        _print_summary(console, scores, labels)
    for path in written:
        console.print(str(path), soft_wrap=True, highlight=False, markup=False)
    if failures:
        if len(failures) + len(results) > 1:
            typer.echo(f"{len(failures)} of {len(failures) + len(results)} scripts could not be analyzed:", err=True)
        for error in failures:
            print_error(error)
        raise typer.Exit(2)


class _Target:
    """One `--out`: a report, a table, or a folder of reports."""

    def __init__(self, path: Path):
        from juqing.report.tables import TABLE_SUFFIXES

        self.path = path
        suffix = path.suffix.lower()
        if suffix in TABLE_SUFFIXES:
            self.kind = "table"
        elif suffix in (".html", ".htm"):
            self.kind = "report"
        elif not suffix or path.is_dir():
            self.kind = "folder"
        else:
            raise OutputError(
                f"the suffix {suffix!r} is not known.",
                f"Use .html, {', '.join(TABLE_SUFFIXES)}, or a folder.",
                path=path,
            )

    def write(self, results: list[EmotionScores], language: str | None) -> list[Path]:
        from juqing.report import write_report, write_table

        if self.kind == "table":
            write_table(results, self.path)
            return [self.path]
        if self.kind == "report":
            if len(results) > 1:
                raise OutputError(
                    f"one report holds one script, and there are {len(results)}.",
                    "Give a folder with --out.",
                    path=self.path,
                )
            write_report(results[0], self.path, language=language)
            return [self.path]
        written: list[Path] = []
        formats: dict[str, set[str]] = {}
        for scores in results:
            formats.setdefault(_file_stem(scores.script), set()).add(Path(scores.script.source_name).suffix)
        for scores in results:
            stem = _file_stem(scores.script)
            if len(formats[stem]) > 1:  # a script in two formats
                stem += Path(scores.script.source_name).suffix
            path, n = self.path / f"{stem}.html", 1
            while path in written:
                n += 1
                path = self.path / f"{stem}-{n}.html"
            write_report(scores, path, language=language)
            written.append(path)
        return written


def _file_stem(script: Script) -> str:
    """A file name from the script's file, or from its title where one file held many; nothing in it leaves the folder."""
    name = script.title if script.format == "table" else Path(script.source_name).stem
    safe = "".join(c if c.isalnum() or c in "-_ .（）()《》" else "_" for c in name).strip(" .")
    return safe[:80] or "script"


def _no_character(script: Script, path: Path) -> ScriptError:
    which = f"script {script.title!r}: " if script.format == "table" else ""
    return ScriptError(
        f"{which}no character was found in {script.n_source_lines} lines: this looks like prose, or a layout that is not known.",
        "Speeches are read in forms such as 名字：台词, or as Fountain.",
        path=path,
    )


def _print_summary(console: Console, scores: EmotionScores, language: str | None) -> None:
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from juqing.analysis import main_characters, portraits, strongest_moments
    from juqing.emotions import EMOTIONS

    script = scores.script
    chinese = (language or script.language).startswith("zh")
    emotion_names = [emotion.label("zh" if chinese else "en") for emotion in EMOTIONS]

    def say(zh: str, en: str) -> str:
        return zh if chinese else en

    title = script.title or script.source_name
    console.print()
    console.print(
        f"[bold]{escape(_visible(title))}[/bold]  "
        + say(
            f"{len(script.scenes)} 场 · {len(script.characters)} 人 · {len(script.lines)} 行 · {script.n_cues} 个人物行",
            f"{len(script.scenes)} scenes · {len(script.characters)} characters · {len(script.lines)} lines · {script.n_cues} cues",
        ),
        highlight=False,
    )
    _print_caveats(console, script, chinese)

    people = portraits(scores)
    main = main_characters(script)
    major = [person for person in people if person.name in main]
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column(say("人物", "character"), overflow="ellipsis", max_width=24, no_wrap=True)
    table.add_column(say("行", "cues"), justify="right")
    for name in emotion_names:
        table.add_column(name, justify="right")
    table.add_column(say("最强", "peak"))
    for person in major:
        strongest = sorted(range(len(person.means)), key=lambda k: -person.means[k])[:2]
        cue = script.cues[person.peak]
        line = script.lines[cue.line]
        table.add_row(
            Text(_visible(person.name), style="bold"),
            str(person.n_cues),
            *(
                Text(f"{value:.2f}", style=f"bold {EMOTIONS[k].color}" if k in strongest else "dim")
                for k, value in enumerate(person.means)
            ),
            Text(
                f"{emotion_names[person.peak_emotion]} {scores.values[person.peak, person.peak_emotion]:.1f} "
                + say(f"第{line.source.first}行", f"line {line.source.first}"),
                style=EMOTIONS[person.peak_emotion].color,
            ),
        )
    console.print(table)
    if len(people) > len(major):
        n = len(people) - len(major)
        console.print(say(f"其他 {n} 人未列出", f"{n} others are not listed"), style="dim")

    console.print()
    console.print(say("最强的时刻", "Strongest moments"), style="bold")
    for moment in strongest_moments(scores, _N_MOMENTS, per_emotion=3):
        cue = script.cues[moment.cue]
        line = script.lines[cue.line]
        scene = script.scenes[line.scene]
        number = script.scene_numbers[scene.index]
        place = say(f"第{number}场 第{line.source.first}行", f"scene {number}, line {line.source.first}")
        said = _visible(line.text or "，".join(line.parentheticals))
        text = Text()
        text.append(
            f"{emotion_names[moment.emotion]} {moment.strength:.1f}", style=f"bold {EMOTIONS[moment.emotion].color}"
        )
        text.append(f"  {_visible(cue.character)}  ", style="bold")
        text.append(said if len(said) <= 60 else said[:59] + "…")
        text.append(f"  {place}", style="dim")
        console.print(text, soft_wrap=True)


def _print_caveats(console: Console, script: Script, chinese: bool) -> None:
    if script.language == "zh-Hant":
        text = (
            "剧本是繁体，模型看的是转成简体的文字，请谨慎参考数值"
            if chinese
            else "the script is in traditional characters; the model read it in simplified ones: read the numbers with care"
        )
        console.print(text, style="yellow")
    elif script.language != "zh":
        text = (
            "模型只懂中文，这个剧本的数值不可信"
            if chinese
            else "the model knows Chinese only: the numbers of this script are not to be trusted"
        )
        console.print(text, style="bold yellow")
    if script.warnings:
        n = len(script.warnings)
        console.print(
            f"读剧本时有 {n} 处没有把握：" if chinese else f"{n} places that the reader was unsure of:", style="yellow"
        )
        for warning in script.warnings[:_N_WARNINGS]:
            place = "" if warning.line is None else (f"第 {warning.line} 行 " if chinese else f"line {warning.line}: ")
            console.print(
                f"  {place}{_visible(warning.label('zh' if chinese else 'en'))}",
                style="yellow",
                highlight=False,
                markup=False,
            )
        if n > _N_WARNINGS:
            console.print("  …", style="yellow")


def _visible(text: str) -> str:
    """One line, without control characters that a terminal would obey."""
    return "".join(c if c.isprintable() else " " for c in text)
