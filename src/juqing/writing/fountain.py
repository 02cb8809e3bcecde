"""Scripts to Fountain. Everything is forced (`@`, `.`, `!`), so that every program reads Chinese text rightly.

What Fountain has no element for stands in notes that `juqing.reading.fountain` understands: `[[时间：夜]]` under a heading,
`[[标记：flashback]]` before lines of a flashback; the cast list is a key of the title page.
"""

from __future__ import annotations

import re

from juqing.reading.chinese import ACTION_MARKS
from juqing.reading.headings import parse_heading
from juqing.script import Line, Note, Scene, Script
from juqing.writing.common import FlagState, cast_rows, facts, has_han, one_line, pieces, tag_of, text_lines

_NUMBER = re.compile(r"[\w.\-]+")
_NOT_WRITTEN = frozenset(("blank", "title", "author", "cast", "part", "label"))
_MARKED = re.compile(r"^[@!#>=~.\\(（<]|^。")


def to_fountain(script: Script) -> str:
    """A script as Fountain text."""
    rows = _title_page(script)
    part = ""
    flags = FlagState()
    for piece in pieces(script):
        if isinstance(piece, Note):
            if piece.kind not in _NOT_WRITTEN:
                rows += ["", *_note(piece)]
                part = piece.text.lstrip("# ") if piece.kind == "section" else part
        elif isinstance(piece, Scene):
            if piece.part != part:
                part = piece.part
                rows += ["", f"# {one_line(part)}"]
            rows += _heading(piece)
            flags.flag = piece.flag
        else:
            note = flags.note_before(piece)
            rows += ["", *([f"[[{note}]]", ""] if note else []), *_line(piece)]
    return "\n".join(rows).lstrip("\n") + "\n"


def _title_page(script: Script) -> list[str]:
    rows: list[str] = []
    if script.title:
        rows.append(f"Title: {_escaped(one_line(script.title))}")
    if script.authors:
        rows += ["Author:", *(f"    {_escaped(one_line(author))}" for author in script.authors)]
    if cast := cast_rows(script):
        rows += ["Cast:", *(f"    {_escaped(row)}" for row in cast)]
    return rows


def _heading(scene: Scene) -> list[str]:
    """A forced heading with its number, and what it does not say in notes; nothing for lines before any heading."""
    rows: list[str] = []
    heading = one_line(scene.heading)
    told = parse_heading(heading) or parse_heading("场景：" + heading)
    if not heading and scene.number:
        heading = f"场景 {scene.number}"
    if heading:
        number = scene.number if told is None or told.number != scene.number else ""
        tail = f" #{number}#" if _NUMBER.fullmatch(number) else ""
        rows += ["", f".{_set_apart(heading)}{tail}"]
    rest = facts(scene)
    return [*rows, *([""] if rest else []), *(f"[[{row}]]" for row in rest)]


def _note(note: Note) -> list[str]:
    text = note.text.strip()
    if note.kind in ("comment", "boneyard") and text.startswith(("[[", "/*")):
        return text.split("\n")
    if note.kind == "section":
        return [one_line(text) if text.startswith("#") else f"# {one_line(text)}"]
    if note.kind == "page break":
        return ["==="]
    if note.kind in ("synopsis", "front"):
        return [f"= {_set_apart(row.lstrip('= '))}" for row in text_lines(text) if row]
    text = re.sub(r"(?<=\[)(?=\[)|(?<=\])(?=\])", " ", one_line(text))
    return [f"[[{text}{' ' if text.endswith(']') else ''}]]"]


def _line(line: Line) -> list[str]:
    text = one_line(line.text)
    if line.kind == "dialogue" or (line.kind == "narration" and not line.speakers):
        name = " / ".join(line.speakers) or "旁白"
        tag = tag_of(line)
        return [
            f"@{_set_apart(name)}{f' ({tag})' if tag else ''}",
            *(f"({_escaped(one_line(remark))})" for remark in line.parentheticals),
            *([_spoken(text)] if text else []),
        ]
    if line.kind == "caption":
        return [f"【字幕：{_escaped(text)}】"]
    if line.kind == "transition":
        return [f"> {re.sub('<$', lambda _: chr(92) + '<', _escaped(text))}"]
    if line.kind == "lyric":
        return [f"~{_escaped(text)}"]
    if line.kind == "other":
        return [f">{_escaped(text)}<"]
    mark = "△" if has_han(line.text) else ""
    rows = [("\\" if row[:1] and row[0] in ACTION_MARKS else "") + _escaped(row) for row in text_lines(line.text)]
    return [f"!{mark if k == 0 else ''}{row}" for k, row in enumerate(rows)]


def _spoken(text: str) -> str:
    """A line of a speech that cannot be taken for anything else."""
    escaped = _escaped(text)
    is_marked = _MARKED.match(text) is not None or text[0] in ACTION_MARKS
    return f"\\{escaped}" if is_marked and not escaped.startswith("\\") else escaped


def _escaped(text: str) -> str:
    """A text whose marks of emphasis, notes and boneyards are text."""
    return re.sub(r"(?=[*_\\])|(?<=\[)(?=\[)|(?<=\])(?=\])", r"\\", text)


def _set_apart(text: str) -> str:
    """A heading or a name, in which only notes and boneyards must not begin."""
    return re.sub(r"(?<=\[)(?=\[)|(?<=\])(?=\])|(?<=/)(?=\*)", r"\\", text.replace("\\", "\\\\"))
