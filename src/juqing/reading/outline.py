"""A script as it was understood, in plain text: one row for each thing read, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterator

from juqing.script import Character, Cue, Line, Note, ReadingWarning, Scene, Script, Span

_FIELDS = ("number", "interior", "place", "time", "part", "flag")
RULES: dict[str, tuple[str, str]] = {
    "self": ("the subject of its clause", "所在分句的主语"),
    "subject": ("the subject goes on", "主语延续"),
    "object": ("not the subject, so the other one", "不是主语，所以是另一人"),
    "addressee": ("whom the speaker answers", "说话人的对象"),
    "only": ("the one person at hand who fits", "近处唯一相符的人"),
    "group": ("those on stage", "场上这几人"),
}
"""What the rules of `juqing.reading.pronouns` mean, in English and Chinese."""


def outline(script: Script, *, chinese: bool = False, explain: bool = False) -> str:
    """The script's rows joined by line breaks: title, cast, scenes, lines with who is in them, notes, warnings.

    `4 dialogue/os: 林父（低声）：又是这句。 @ 林远 ~ 陈念` is a line with its place in the file, kind and delivery, speaker and
    remarks, text; after `@` who else is on stage in it (`林远=他` was resolved from a pronoun), after `~` who is talked about.
    With `explain`, how each pronoun was resolved stands under its line. `chinese` is the language of warnings and reasons.
    """
    return "\n".join(outline_rows(script, chinese=chinese, explain=explain)) + "\n"


def outline_rows(script: Script, *, chinese: bool = False, explain: bool = False) -> Iterator[str]:
    """The rows of `outline`, one after the other."""
    if script.title:
        yield f"title: {script.title}"
    if script.authors:
        yield f"authors: {', '.join(script.authors)}"
    yield f"language: {script.language}"
    for character in script.cast:
        yield cast_row(character)
    by_line: dict[int, list[Cue]] = {}
    for cue in script.cues:
        by_line.setdefault(cue.line, []).append(cue)
    for _, piece in sorted(_pieces(script), key=lambda item: item[0]):
        if isinstance(piece, Scene):
            yield scene_row(piece)
        elif isinstance(piece, Line):
            cues = by_line.get(piece.index, [])
            yield line_row(piece, cues, script.scenes[piece.scene].flag)
            if explain:
                yield from (reason_row(script, cue, chinese) for cue in cues if cue.by == "pronoun")
        elif piece.kind != "blank":
            text = piece.text.replace("\n", "⏎")
            yield f"{_place(piece.source)} note/{piece.kind}: {text}"
    for warning in script.warnings:
        yield warning_row(warning, "zh" if chinese else "en")


def _pieces(script: Script) -> Iterator[tuple[tuple[int, int, int], Scene | Line | Note]]:
    """Scenes, lines and notes with what sorts them: scenes without a place of their own stand before their first line."""
    for scene in script.scenes:
        first = scene.lines[0].source.first if scene.lines else 0
        yield (scene.source.first if scene.source is not None else first, 0, scene.index), scene
        for line in scene.lines:
            yield (line.source.first, 1, line.index), line
    for k, note in enumerate(script.notes):
        yield (note.source.first, 2 if note.kind == "margin" else -1, k), note


def _place(span: Span) -> str:
    return str(span.first) if span.first == span.last else f"{span.first}-{span.last}"


def cast_row(character: Character) -> str:
    """`cast: 林远 = 小林 — 三十岁`; `*` marks an extra."""
    names = (*character.merged, *character.aliases)
    aliases = f" = {', '.join(names)}" if names else ""
    note = f" — {character.note}" if character.note else ""
    return f"cast: {character.name}{aliases}{note}{' *' if character.minor else ''}"


def scene_row(scene: Scene) -> str:
    """`scene: number=1-1; interior=内; …` with the fields that are filled."""
    fields = [f"{name}={getattr(scene, name)}" for name in _FIELDS if getattr(scene, name)]
    if scene.printed_cast:
        fields.append(f"cast={', '.join(scene.printed_cast)}")
    return f"scene: {'; '.join(fields)}".rstrip()


def line_row(line: Line, cues: list[Cue], scene_flag: str = "") -> str:
    """A line, and who is in it."""
    kind = line.kind + (f"/{line.delivery}" if line.delivery != "on" else "")
    if line.flag and line.flag != scene_flag:
        kind += f"{{{line.flag}}}"
    remarks = f"（{'；'.join(line.parentheticals)}）" if line.parentheticals else ""
    speakers = f"{'、'.join(line.speakers)}{remarks}：" if line.speakers or remarks else ""
    row = f"{_place(line.source)} {kind}: {speakers}{line.text}".replace("\n", "⏎").rstrip()
    present = [
        f"{cue.character}={cue.word}" if cue.by == "pronoun" else cue.character for cue in cues if cue.role == "present"
    ]
    if present:
        row += f" @ {', '.join(present)}"
    if line.mentioned:
        row += f" ~ {', '.join(line.mentioned)}"
    return row


def warning_row(warning: ReadingWarning, language: str = "en") -> str:
    """`! 12 what is unsure (60 %)`."""
    place = f" {warning.line}" if warning.line is not None else ""
    return f"!{place} {warning.label(language)} ({warning.confidence:.0%})"


def reason_row(script: Script, cue: Cue, chinese: bool) -> str:
    """How a pronoun was resolved, and the line that names the character."""
    row = f"    {cue.word} = {cue.character}: {RULES[cue.rule][chinese]}"
    if cue.antecedent is None:
        return row
    first = script.lines[cue.antecedent].source.first
    return f"{row}（第 {first} 行）" if chinese else f"{row} (line {first})"
