"""Scripts to Fountain. Everything is forced (`@`, `.`, `!`), so that every program reads Chinese text rightly.

What Fountain has no element for stands in notes that `juqing.reading.fountain` understands: `[[时间：夜]]` under a heading,
`[[标记：flashback]]` before lines of a flashback; the cast list is a key of the title page.
"""

from __future__ import annotations

import re

from juqing.reading.chinese import ACTION_MARKS, closes_flag, opens_flag
from juqing.reading.fountain import (
    LEVEL_ONE,
)
from juqing.script import Line, Note, Scene, Script
from juqing.writing.common import (
    REGENERATED,
    SceneState,
    cast_rows,
    has_han,
    heading_of,
    one_line,
    other_keys,
    pieces,
    tag_of,
    text_lines,
    told_by,
)

_NUMBER = re.compile(r"[\w.\-—–－~]+")
_MARKED = re.compile(r"^[@!#>=~.\\(（<]|^。")

_PARAGRAPHS = frozenset(("section", "synopsis", "front", "page break"))
"""Kinds of notes that end what stands before them; others are comments."""


def to_fountain(script: Script) -> str:
    """A script as Fountain text."""
    rows = _title_page(script)
    state = SceneState(script)
    items = list(pieces(script))
    parts = _parts_after(items)
    for k, piece in enumerate(items):
        if isinstance(piece, Note):
            part = _part_of(piece, parts[k]) if piece.kind == "section" else ""
            if part and parts[k] == "":
                rows += ["", f"= {_set_apart(part)}"]  # no scene is said to be part of it
                state.paragraph()
            elif piece.kind not in REGENERATED:
                rows += ["", *_note(piece, part)]
                if piece.kind in _PARAGRAPHS:
                    state.paragraph()
                if piece.kind == "section":
                    state.section(part, closes=LEVEL_ONE.match(rows[-1]) is not None)
        elif isinstance(piece, Scene):
            if state.needs_part(piece):
                rows += ["", f"# {_part(piece.part)}"]
            rows += _heading(piece, script, state)
        else:
            fact = state.fact_before(piece)
            rows += ["", *([f"[[{fact}]]", ""] if fact else []), *_line(piece)]
    return "\n".join(rows).lstrip("\n") + "\n"


def _part_of(section: Note, following: str | None) -> str:
    """The part that a section names: that of the next scene where its name begins with the section's own mark, else all behind it."""
    part = section.text.lstrip("# ")
    if following and following.lstrip("# ") == part and len(following) < len(section.text):
        return following
    return part


def _parts_after(items: list[Scene | Line | Note]) -> list[str | None]:
    """For each piece the part of the next scene, None behind the last one."""
    parts: list[str | None] = []
    following: str | None = None
    for piece in reversed(items):
        parts.append(following)
        following = piece.part if isinstance(piece, Scene) else following
    return parts[::-1]


def _title_page(script: Script) -> list[str]:
    rows: list[str] = []
    others = other_keys(script)
    if script.title or others:
        rows.append(f"Title: {_escaped(one_line(script.title))}".rstrip())
    if script.authors:
        rows += ["Author:", *(f"    {_escaped(one_line(author))}" for author in script.authors)]
    for key, values in others:
        rows += [f"{key}:", *(f"    {_escaped(one_line(value))}" for value in values)]
    if cast := cast_rows(script):
        rows += ["Cast:", *(f"    {_escaped(row)}" for row in cast)]
    return rows


def _heading(scene: Scene, script: Script, state: SceneState) -> list[str]:
    """A forced heading with its number, and what it does not say in notes; nothing for lines before any heading."""
    rows: list[str] = []
    if heading := heading_of(scene, script):
        number = scene.number if told_by(scene).number != scene.number else ""
        tail = f" #{number}#" if _NUMBER.fullmatch(number) else ""
        mark = ".\\" if heading[0] in ".。" else "."  # two dots would be action
        rows += ["", f"{mark}{_set_apart(heading)}{tail}"]
    facts = state.facts(scene)
    if scene.printed_cast != told_by(scene).cast:
        facts.append(f"人物：{'、'.join(map(one_line, scene.printed_cast))}")
    return [*rows, *([""] if facts else []), *(f"[[{_in_note(row)}]]" for row in facts)]


def _in_note(text: str) -> str:
    """A text inside `[[ ]]`: nothing in it may end the note."""
    return re.sub(r"(?<=\[)(?=\[)|(?<=\])(?=\])|(?<=/)(?=\*)|(?<=\*)(?=/)", " ", text) + (
        " " if text.endswith("]") else ""
    )


def _note(note: Note, part: str) -> list[str]:
    text = note.text.strip()
    if note.kind in ("comment", "boneyard") and text.startswith(("[[", "/*")):
        return text.split("\n")
    if note.kind == "section":
        level = re.match("#*", text.removesuffix(part))
        return [f"{level[0] if level and level[0] else '#'} {_part(part)}".rstrip()]
    if note.kind == "page break":
        return ["==="]
    if note.kind in ("synopsis", "front"):
        return [f"= {_set_apart(row.removeprefix('=').strip())}".rstrip() for row in text_lines(text) if row]
    return f"[[{_in_note(chr(10).join(text_lines(text)))}]]".split("\n")


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
    is_marked = is_marked or (text[0] in "【[" and (opens_flag(text) is not None or closes_flag(text)))
    return f"\\{escaped}" if is_marked and not escaped.startswith("\\") else escaped


def _escaped(text: str) -> str:
    """A text whose marks of emphasis, notes and boneyards are text."""
    return re.sub(r"(?=[*_\\])|(?<=\[)(?=\[)|(?<=\])(?=\])", r"\\", text)


def _part(name: str) -> str:
    """The name of a part behind the mark of a section, of which it must not become more."""
    return "\\" * name.startswith("#") + _set_apart(one_line(name))


def _set_apart(text: str) -> str:
    """A heading or a name, in which only notes and boneyards must not begin."""
    return re.sub(r"(?<=\[)(?=\[)|(?<=\])(?=\])|(?<=/)(?=\*)", r"\\", text.replace("\\", "\\\\"))
