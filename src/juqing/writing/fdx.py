"""Scripts to Final Draft (.fdx), version 5. What it has no place for stands in script notes that our reader understands."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

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

_PARAGRAPHS = frozenset(("section", "synopsis", "front", "omitted"))
"""Kinds of notes that are paragraphs here; others hang in one."""


def to_fdx(script: Script) -> bytes:
    """A script as a Final Draft document (UTF-8)."""
    root = Element("FinalDraft", DocumentType="Script", Template="No", Version="5")
    content = SubElement(root, "Content")
    for row in cast_rows(script):
        _paragraph(content, "Cast List", row)
    state = SceneState(script)
    last: Element | None = None
    for piece in pieces(script):
        if isinstance(piece, Note):
            if piece.kind not in REGENERATED:
                last = _note(content, piece, last)
                if piece.kind in _PARAGRAPHS:
                    state.paragraph()
        elif isinstance(piece, Scene):
            if state.needs_part(piece):
                _paragraph(content, "New Act", one_line(piece.part))
            last = _heading(content, piece, script, state) or last
        else:
            last = _line(content, piece, state.fact_before(piece))
    _title_page(root, script)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + tostring(root, encoding="utf-8") + b"\n"


def _paragraph(parent: Element, kind: str, text: str, **attributes: str) -> Element:
    paragraph = SubElement(parent, "Paragraph", {"Type": kind} | attributes)
    SubElement(paragraph, "Text").text = "\n".join(text_lines(text))
    return paragraph


def _heading(content: Element, scene: Scene, script: Script, state: SceneState) -> Element | None:
    heading = heading_of(scene, script)
    facts = state.facts(scene)
    if not (heading or facts or scene.printed_cast):
        return None
    number = {"Number": one_line(scene.number)} if scene.number else {}
    paragraph = _paragraph(content, "Scene Heading" if heading else "General", heading, **number)
    if scene.printed_cast and (not heading or scene.printed_cast != told_by(scene).cast):
        beats = SubElement(SubElement(paragraph, "SceneProperties", Title=""), "SceneArcBeats")
        for name in scene.printed_cast:
            SubElement(beats, "CharacterArcBeat", Name=one_line(name))
    for fact in facts:
        _script_note(paragraph, fact)
    return paragraph


def _script_note(paragraph: Element, text: str) -> None:
    note = SubElement(paragraph, "ScriptNote", Type="Note")
    for row in text_lines(text):
        SubElement(SubElement(note, "Paragraph"), "Text").text = row


def _note(content: Element, note: Note, last: Element | None) -> Element | None:
    """Write a note; the paragraph that notes after it hang in."""
    text = note.text.strip()
    if note.kind == "section":
        marks = re.match("#*", text)
        level = max(1, min(len(marks[0]) if marks else 1, 4))  # there are four
        return _paragraph(content, f"Outline {level}", text.lstrip("# "))
    if note.kind in ("synopsis", "front"):
        return _paragraph(content, "Outline Body", "\n".join(row.removeprefix("=").strip() for row in text.split("\n")))
    if note.kind == "omitted":
        return _paragraph(content, "Scene Heading", "OMITTED")
    if note.kind != "page break":
        if last is None:
            last = _paragraph(content, "General", "")
        _script_note(last, text.removeprefix("[[").removesuffix("]]").removeprefix("/*").removesuffix("*/").strip())
    return last


def _line(content: Element, line: Line, mark: str | None) -> Element:
    text = one_line(line.text)
    if line.kind == "dialogue" or (line.kind == "narration" and not line.speakers):
        tag = tag_of(line)
        name = " / ".join(line.speakers) or "旁白"
        first = last = _paragraph(content, "Character", f"{name} ({tag})" if tag else name)
        for remark in line.parentheticals:
            last = _paragraph(content, "Parenthetical", f"({one_line(remark)})")
        if text:
            last = _paragraph(content, "Dialogue", text)
    elif line.kind == "caption":
        first = last = _paragraph(content, "Action", f"【字幕：{text}】")
    elif line.kind == "other":
        first = last = _paragraph(content, "General", text, Alignment="Center")
    elif line.kind in ("transition", "lyric"):
        if (
            line.kind == "lyric"
            and len(content)
            and content[-1].get("Type") in ("Character", "Parenthetical", "Dialogue")
        ):
            _paragraph(content, "Action", "")  # nobody's lyrics: not the speech above
        first = last = _paragraph(content, "Transition" if line.kind == "transition" else "Lyrics", text)
    else:
        first = last = _paragraph(content, "Action", f"△{line.text}" if has_han(line.text) or not text else line.text)
    if mark is not None:
        _script_note(first, mark)
    return last


def _title_page(root: Element, script: Script) -> None:
    page = SubElement(SubElement(root, "TitlePage"), "Content")
    _paragraph(page, "General", script.title, Alignment="Center")
    if script.authors:
        label = "编剧：" if script.language.startswith("zh") else "Written by:"
        authors = "\n".join(map(one_line, script.authors))  # a line for each: their names may hold commas
        _paragraph(page, "General", f"{label}\n{authors}", Alignment="Center")
    for key, values in other_keys(script):
        _paragraph(page, "General", "\n".join((f"{key}:", *map(one_line, values))))
