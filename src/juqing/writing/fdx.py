"""Scripts to Final Draft (.fdx), version 5. What it has no place for stands in script notes that our reader understands."""

from __future__ import annotations

from xml.etree.ElementTree import Element, SubElement, indent, tostring

from juqing.script import Line, Note, Scene, Script
from juqing.writing.common import FlagState, cast_rows, facts, has_han, one_line, pieces, tag_of

_NOT_WRITTEN = frozenset(("blank", "title", "author", "cast", "part", "label"))


def to_fdx(script: Script) -> bytes:
    """A script as a Final Draft document (UTF-8)."""
    root = Element("FinalDraft", DocumentType="Script", Template="No", Version="5")
    content = SubElement(root, "Content")
    for row in cast_rows(script):
        _paragraph(content, "Cast List", row)
    part = ""
    flags = FlagState()
    last: Element | None = None
    for piece in pieces(script):
        if isinstance(piece, Note):
            if piece.kind not in _NOT_WRITTEN:
                _note(content, piece, last)
        elif isinstance(piece, Scene):
            if piece.part != part:
                part = piece.part
                _paragraph(content, "New Act", part)
            last = _heading(content, piece) or last
            flags.flag = piece.flag
        else:
            last = _line(content, piece, flags.note_before(piece))
    _title_page(root, script)
    indent(root)
    return b'<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n' + tostring(root, encoding="utf-8") + b"\n"


def _paragraph(parent: Element, kind: str, text: str, **attributes: str) -> Element:
    paragraph = SubElement(parent, "Paragraph", {"Type": kind} | attributes)
    SubElement(paragraph, "Text").text = "\n".join(map(one_line, text.split("\n")))
    return paragraph


def _heading(content: Element, scene: Scene) -> Element | None:
    heading = one_line(scene.heading) or (f"场景 {scene.number}" if scene.number else "")
    rest = facts(scene)
    if not heading and not rest:
        return None
    number = {"Number": one_line(scene.number)} if scene.number else {}
    paragraph = _paragraph(content, "Scene Heading" if heading else "General", heading, **number)
    if scene.printed_cast:
        beats = SubElement(SubElement(paragraph, "SceneProperties", Title=""), "SceneArcBeats")
        for name in scene.printed_cast:
            SubElement(beats, "CharacterArcBeat", Name=one_line(name))
    for row in rest:
        if not row.startswith("人物："):
            _script_note(paragraph, row)
    return paragraph


def _script_note(paragraph: Element, text: str) -> None:
    SubElement(SubElement(SubElement(paragraph, "ScriptNote", Type="Note"), "Paragraph"), "Text").text = one_line(text)


def _note(content: Element, note: Note, last: Element | None) -> None:
    if note.kind == "section":
        _paragraph(content, "Outline 1", note.text.lstrip("# "))
    elif note.kind in ("synopsis", "front"):
        for row in note.text.split("\n"):
            _paragraph(content, "Outline Body", row.lstrip("= "))
    elif note.kind != "page break":
        text = note.text.strip().removeprefix("[[").removesuffix("]]").removeprefix("/*").removesuffix("*/")
        if last is None:
            last = _paragraph(content, "General", "")
        _script_note(last, text)


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
        first = last = _paragraph(content, "Action", f"△{line.text}" if has_han(line.text) else line.text)
    if mark is not None:
        _script_note(first, mark)
    return last


def _title_page(root: Element, script: Script) -> None:
    page = SubElement(SubElement(root, "TitlePage"), "Content")
    _paragraph(page, "General", script.title, Alignment="Center")
    if script.authors:
        label = "编剧：" if script.language.startswith("zh") else "Written by: "
        _paragraph(page, "General", label + "、".join(map(one_line, script.authors)), Alignment="Center")
