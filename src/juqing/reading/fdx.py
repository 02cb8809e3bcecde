"""Final Draft (.fdx): XML whose paragraphs carry their kind. A paragraph counts as one source line."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree.ElementTree import Element

from juqing.errors import FormatError
from juqing.reading import limits
from juqing.reading._xml import local, parse_xml
from juqing.reading.builder import ScriptBuilder
from juqing.reading.cast import clean_name
from juqing.reading.chinese import ACTION_MARKS, closes_flag, opens_flag, special_kind
from juqing.reading.cues import Names, has_name, names_of_cues, parse_cue, read_name, read_parentheticals
from juqing.reading.headings import parse_heading
from juqing.script import LineKind, Span
from juqing.text.names import HAN

_KINDS: dict[str, LineKind] = {
    "Action": "action",
    "Transition": "transition",
    "Shot": "transition",
    "Lyrics": "lyric",
    "General": "action",
}
_HAN = re.compile(f"[{HAN}]")
_CREDIT = re.compile(r"(?:written by|by|screenplay by|编剧|編劇)\s*[:：]?\s*(?P<names>.*)", re.I | re.S)
_SPOKEN = ("Dialogue", "Parenthetical", "Lyrics")
_NOTES = {"Cast List": "cast", "New Act": "part", "End of Act": "part", "Outline Body": "synopsis"}


def read_fdx(data: bytes, builder: ScriptBuilder, path: Path | str | None = None) -> int:
    """Read a Final Draft document into a builder; the number of its paragraphs.

    Raises:
        FormatError: It is not well-formed XML, not a Final Draft document, or declares entities.
    """
    root = parse_xml(data, "the Final Draft document", path)
    if local(root) != "FinalDraft":
        raise FormatError(
            f"its first element is <{local(root)}>, not <FinalDraft>.",
            "Export the script as Final Draft (.fdx).",
            path=path,
        )
    content = next((child for child in root if local(child) == "Content"), root)
    _read_title_page(root, builder)
    try:
        paragraphs = list(_paragraphs(content))
    except RecursionError:
        raise FormatError("its dual dialogues are nested too deeply.", "Export the script again.", path=path) from None
    limits.check("MAX_LINES", len(paragraphs), limits.MAX_LINES, "the number of paragraphs", path=path)
    for k, paragraph in enumerate(paragraphs):
        length = len(_text(paragraph))
        limits.check(
            "MAX_LINE_CHARACTERS",
            length,
            limits.MAX_LINE_CHARACTERS,
            "the length of the paragraph",
            path=path,
            line=k + 1,
        )
    names = names_of_cues(_text(p).strip() for p in paragraphs if p.get("Type") == "Character")
    i = 0
    while i < len(paragraphs):
        i = _read_paragraph(paragraphs, i, builder, names)
    return len(paragraphs)


def _read_title_page(root: Element, builder: ScriptBuilder) -> None:
    page = next((child for child in root if local(child) == "TitlePage"), None)
    texts = [_text(p).strip() for p in page.iter() if local(p) == "Paragraph"] if page is not None else []
    texts = [text for text in texts if text]
    for k, text in enumerate(texts):
        if (credit := _CREDIT.fullmatch(text)) is not None:
            names = credit["names"] or (texts[k + 1] if k + 1 < len(texts) else "")
            builder.authors = [name for name in re.split(r"\s*(?:[、，,&]|\band\b)\s*", names) if name]
            texts = texts[:k]
            break
    builder.title = texts[0] if texts else ""


def _paragraphs(parent: Element):
    """Paragraphs in order; a dual dialogue gives its inner ones. Notes and scene properties inside are not entered."""
    for child in parent:
        if local(child) != "Paragraph":
            continue
        dual = next((inner for inner in child if local(inner) == "DualDialogue"), None)
        if dual is None:
            yield child
        else:
            yield from _paragraphs(dual)


def _text(paragraph: Element) -> str:
    return "".join("".join(run.itertext()) for run in paragraph if local(run) == "Text").replace("\u00a0", " ")


def _read_paragraph(paragraphs: list[Element], i: int, builder: ScriptBuilder, names: Names) -> int:
    """Read a paragraph, and those of a speech after it; then what hangs in it: script notes, and who is in the scene."""
    paragraph = paragraphs[i]
    following = _read_text(paragraphs, i, builder, names)
    beats = [beat.get("Name", "") for beat in paragraph.iter() if local(beat) == "CharacterArcBeat"]
    if beats and paragraph.get("Type") == "Scene Heading":
        builder.amend_scene(printed_cast=tuple(dict.fromkeys(filter(None, map(clean_name, beats)))))
    for k in range(i, following):
        for note in (child for child in paragraphs[k] if local(child) == "ScriptNote"):
            text = "\n".join(filter(None, (_text(p).strip() for p in note.iter() if local(p) == "Paragraph")))
            if text and not builder.amend_by(text):
                builder.note("margin", text, Span(k + 1, k + 1, 0, 0))
    return following


def _read_text(paragraphs: list[Element], i: int, builder: ScriptBuilder, names: Names) -> int:
    paragraph = paragraphs[i]
    kind, text = paragraph.get("Type", "General"), _text(paragraph).strip()
    span = Span(i + 1, i + 1, 0, len(text))
    for note in (child for child in paragraph if local(child) == "ScriptNote"):
        told = "".join(_text(p).strip() for p in note.iter() if local(p) == "Paragraph")
        if told.startswith("标记："):  # of the lines from here on
            builder.amend_by(told)
    if any(local(child) in ("OmittedScene", "Omitted") for child in paragraph) or (
        kind == "Scene Heading" and text.upper() == "OMITTED"
    ):
        builder.warn("an omitted scene is left out", "略去了标为 OMITTED 的一场", i + 1)
        builder.note("omitted", text, span)
    elif not text:
        builder.note("blank", "", span)
    elif kind == "Scene Heading":
        told = parse_heading(text) or parse_heading("场景：" + text)
        fields = {key: getattr(told, key) for key in ("interior", "place", "time", "flag")} if told else {}
        builder.scene(text, span, number=paragraph.get("Number") or (told.number if told else ""), **fields)
    elif kind == "Character" and len(text) <= limits.MAX_NAME_CHARACTERS and has_name(text):
        return _read_speech(paragraphs, i, builder, names)
    elif kind in _NOTES or kind.startswith("Outline"):
        if kind == "New Act":
            builder.part = text
            builder.close_scene()
        elif kind == "Cast List":
            for row in text.split("\n"):
                builder.declare(row)
        builder.note(_NOTES.get(kind, "section"), text, span)
    else:
        # Dialogue without a character is text that somebody forgot to assign.
        is_centered = kind == "General" and paragraph.get("Alignment") == "Center"
        _add_line("other" if is_centered else _KINDS.get(kind, "other"), text, span, builder, names)
    return i + 1


def _add_line(kind: LineKind, text: str, span: Span, builder: ScriptBuilder, names: Names) -> None:
    """Add a paragraph that is no speech; Chinese writers put marked actions, captions and whole speeches into Action."""
    if kind in ("action", "transition") and _HAN.search(text):
        plain = text.strip("【】[]（）()").lstrip(ACTION_MARKS).rstrip("：:")
        opened, closes = opens_flag(text), closes_flag(text)
        if opened is not None or closes:
            builder.line_flag = opened or builder.line_flag
            builder.line("action" if text[0] in ACTION_MARKS else "transition", plain, text, span)
            builder.line_flag = "" if closes else builder.line_flag
            return
    if kind == "action" and _HAN.search(text):
        if (special := special_kind(text, names)) is not None:
            builder.line(special.kind, special.text, text, span, parentheticals=special.parentheticals)
            return
        if (cue := parse_cue(text, names)) is not None and cue.confidence == 1:
            builder.cue(cue, text, span)
            return
    builder.line(kind, text, text, span)


def _read_speech(paragraphs: list[Element], i: int, builder: ScriptBuilder, names: Names) -> int:
    printed = [_text(paragraphs[i]).strip()]
    name, moods, delivery = read_name(printed[0])
    said: list[str] = []
    last = i
    while last + 1 < len(paragraphs) and paragraphs[last + 1].get("Type") in _SPOKEN:
        last += 1
        text = _text(paragraphs[last]).strip()
        printed.append(text)
        if paragraphs[last].get("Type") == "Parenthetical":
            more, told = read_parentheticals([text.strip("()（）")])
            moods, delivery = moods + more, told if delivery == "on" else delivery
        elif text:
            said.append(text)
    source = Span(i + 1, last + 1, 0, len(printed[-1]))
    builder.speech(name, names, said, moods, delivery, "\n".join(printed), source)
    return last + 1
