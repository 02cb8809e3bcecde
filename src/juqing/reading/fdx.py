"""Final Draft (.fdx): XML whose paragraphs carry their kind. A paragraph counts as one source line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from juqing.errors import FormatError
from juqing.reading import limits
from juqing.reading._xml import local, parse_xml
from juqing.reading.builder import ScriptBuilder
from juqing.reading.cast import clean_name
from juqing.reading.chinese import ACTION_MARKS, FlagMarks, closes_flag, opens_flag, special_kind, warn_unclosed
from juqing.reading.cues import has_name, names_of_cues, parse_cue, read_name, read_parentheticals
from juqing.reading.encoding import LINE_BREAK
from juqing.reading.fountain import TITLE_KEYS, UNNAMED
from juqing.reading.headings import PART, parse_heading
from juqing.script import LineKind, Span
from juqing.text.names import HAN

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

_KINDS: dict[str, LineKind] = {
    "Action": "action",
    "Transition": "transition",
    "Shot": "transition",
    "Lyrics": "lyric",
    "General": "action",
}
_HAN = re.compile(f"[{HAN}]")
_CREDIT = re.compile(r"(?P<label>written by|by|screenplay by|编剧|編劇)\s*(?P<colon>[:：])?(?P<names>.*)", re.I | re.S)
_FACT_LABEL = re.compile("(?:内外|地点|时间|场标记)：")
_LINE_FACT = "标记："
"""A fact of the lines from here on; others are of the scene."""
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
    texts = list(map(_text, paragraphs))
    for k, text in enumerate(texts):
        limits.check(
            "MAX_LINE_CHARACTERS",
            len(text),
            limits.MAX_LINE_CHARACTERS,
            "the length of the paragraph",
            path=path,
            line=k + 1,
        )
    _Reader(paragraphs, texts, builder).read()
    return len(paragraphs)


def _read_title_page(root: Element, builder: ScriptBuilder) -> None:
    page = next((child for child in root if local(child) == "TitlePage"), None)
    texts = [_text(p) for p in page.iter() if local(p) == "Paragraph"] if page is not None else []
    texts = [text for text in texts if text]
    others = texts[1:]
    for k, text in enumerate(texts):
        credit = _CREDIT.fullmatch(text)
        if credit is None or (k == 0 and credit["label"].lower() == "by" and not credit["colon"]):
            continue  # a title can begin with By
        names = credit["names"] or (texts[k + 1] if k + 1 < len(texts) else "")
        separator = r"\n" if "\n" in names else r"[、，,&]|\band\b"
        builder.authors = [name.strip() for name in re.split(separator, names) if name.strip()]
        others = texts[1:k] + texts[k + (1 if credit["names"] else 2) :]
        texts = texts[:k]
        break
    builder.title = _one_line(texts[0]) if texts else ""
    if others:
        builder.note("title", "\n".join(map(_title_key, others)), Span(0, 0, 0, 0))


def _title_key(text: str) -> str:
    """A paragraph of the title page as a key of a title page in Fountain."""
    key, rows = text.split("\n", maxsplit=1)[0].rstrip(":："), text.split("\n")[1:]
    if not (rows and key.lower() in TITLE_KEYS):
        key, rows = "Notes", text.split("\n")
    return "\n".join((f"{key}:", *(f"    {row}" for row in rows)))


def _paragraphs(parent: Element) -> Iterator[Element]:
    """Paragraphs in order; a dual dialogue gives its inner ones. Notes and scene properties inside are not entered."""
    for child in parent:
        if local(child) != "Paragraph":
            continue
        dual = next((inner for inner in child if local(inner) == "DualDialogue"), None)
        if dual is None:
            yield child
        else:
            yield from _paragraphs(dual)


def _text(paragraph: Element, *, deleted: bool = False) -> str:
    """The text of a paragraph's own runs, or of those that a revision deleted."""
    runs = ("".join(run.itertext()) for run in paragraph if local(run) == "Text" and _is_deleted(run) is deleted)
    return LINE_BREAK.sub("\n", "".join(runs).replace("\u00a0", " ")).strip()


def _is_deleted(run: Element) -> bool:
    """Whether a run is struck out in a revision; Final Draft itself keeps nothing of text that is deleted for good."""
    return run.get("RevisionID", "0") != "0" and "Strikeout" in run.get("Style", "").split("+")


def _one_line(text: str) -> str:
    return text.replace("\n", " ")


class _Reader:
    def __init__(self, paragraphs: list[Element], texts: list[str], builder: ScriptBuilder):
        self.builder = builder
        self.paragraphs = paragraphs
        self.texts = texts
        self.names = names_of_cues(
            _one_line(text)
            for text, paragraph in zip(self.texts, paragraphs, strict=True)
            if paragraph.get("Type") == "Character"
        )
        self.flags = FlagMarks(map(self._flag_mark, range(len(paragraphs))))

    def read(self) -> None:
        i = 0
        while i < len(self.paragraphs):
            following = self._read_text(i)
            for k in range(i, following):
                self._read_notes(k)
            i = following

    def _kind(self, i: int) -> str:
        return self.paragraphs[i].get("Type", "General")

    def _line_kind(self, i: int) -> LineKind:
        """The kind of line that a paragraph is which is no speech; dialogue without a name is text that nobody speaks."""
        is_centered = self._kind(i) == "General" and self.paragraphs[i].get("Alignment") == "Center"
        return "other" if is_centered else _KINDS.get(self._kind(i), "other")

    def _flag_mark(self, i: int) -> str:
        """What of a paragraph can be the mark of a flashback: the text of an action or a transition of one line."""
        return self.texts[i] if self._line_kind(i) in ("action", "transition") and "\n" not in self.texts[i] else ""

    def _enter(self) -> None:
        """See to it that a scene is open for the line to come."""
        if not self.builder.in_scene:
            self.builder.scene("", None)
            self.builder.line_flag = self.flags.heading()

    def _read_notes(self, i: int) -> None:
        """Read what hangs in a paragraph: script notes, which can tell facts of the scene, and what was deleted."""
        texts = [text for text in _script_notes(self.paragraphs[i]) if not text.startswith(_LINE_FACT)]
        if any(map(_is_deleted, self.paragraphs[i])) and (deleted := _text(self.paragraphs[i], deleted=True)):
            texts.append(deleted)
        for text in texts:
            if _FACT_LABEL.match(text) is not None:
                self._enter()
            if not self.builder.amend_by(text):
                self.builder.note("margin", text, Span(i + 1, i + 1, 0, 0))
        if not self.texts[i] and (names := _printed_cast(self.paragraphs[i])):
            self._enter()
            self.builder.amend_scene(printed_cast=names)

    def _read_text(self, i: int) -> int:
        """Read a paragraph, and those of a speech after it; the index of the next one."""
        builder, paragraph, kind, text = self.builder, self.paragraphs[i], self._kind(i), self.texts[i]
        span = Span(i + 1, i + 1, 0, len(text))
        if any(local(child) in ("OmittedScene", "Omitted") for child in paragraph) or (
            kind == "Scene Heading" and text.upper() == "OMITTED"
        ):
            self.flags.go_on()
            builder.warn("an omitted scene is left out", "略去了标为 OMITTED 的一场", i + 1)
            builder.note("omitted", text, span)
            return i + 1
        if not text:
            builder.note("blank", "", span)
            return i + 1
        if kind == "Scene Heading":
            self._heading(i, _one_line(text), span)
            return i + 1
        self.flags.go_on()
        if kind == "General" and self._line_kind(i) == "action" and PART.match(text):  # 第一集
            kind = "New Act"
        if kind in _NOTES or kind.startswith("Outline"):
            self._note(kind, text, span)
            return i + 1
        self._enter()
        for told in _script_notes(paragraph):
            if told.startswith(_LINE_FACT):
                builder.amend_by(told)
        if kind == "Character" and len(text) <= limits.MAX_NAME_CHARACTERS and has_name(_one_line(text)):
            return self._speech(i)
        self._line(i, text, span)
        return i + 1

    def _heading(self, i: int, text: str, span: Span) -> None:
        number = self.paragraphs[i].get("Number", "").strip()
        if number and text in UNNAMED:
            text = ""
        told = parse_heading(text) or parse_heading("场景：" + text)
        carried = self.flags.heading()
        names = _printed_cast(self.paragraphs[i])
        self.builder.scene(
            text,
            span,
            number=number or (told.number if told else ""),
            interior=told.interior if told else "",
            place=told.place if told else "",
            time=told.time if told else "",
            flag=carried if told is None else told.flag or carried,
            printed_cast=names or (tuple(map(clean_name, told.cast)) if told else ()),
        )

    def _note(self, kind: str, text: str, span: Span) -> None:
        if kind == "New Act":
            self.builder.part = _one_line(text)
            self.builder.close_scene()
        elif kind == "Cast List":
            for row in text.split("\n"):
                self.builder.declare(row)
        elif (level := re.fullmatch("Outline ([1-6])", kind)) is not None:
            text = f"{'#' * int(level[1])} {_one_line(text)}"  # as in Fountain
        self.builder.note(_NOTES.get(kind, "section"), text, span)

    def _line(self, i: int, text: str, span: Span) -> None:
        """Add a paragraph that is no speech; Chinese writers put marked actions, captions and whole speeches into Action."""
        builder, kind = self.builder, self._line_kind(i)
        is_marked = kind == "action" and text[0] in ACTION_MARKS
        plain = text.lstrip(ACTION_MARKS + " 　") if is_marked else text if kind == "action" else _one_line(text)
        if mark := self._flag_mark(i):
            opened, closes = opens_flag(mark), closes_flag(mark)
            if opened is not None and not self.flags.open(opened, i):
                warn_unclosed(builder, opened, i + 1)
            if opened is not None or closes:
                if kind == "action" and not is_marked:
                    kind, plain = "transition", text.strip("【】[]（）()").rstrip("：:")
                builder.line_flag = opened or builder.line_flag
                builder.line(kind, plain, text, span)
                if closes:
                    self.flags.close()
                    builder.line_flag = ""
                return
        if kind == "action" and not is_marked and _HAN.search(text):
            if (special := special_kind(text, self.names)) is not None:
                builder.line(special.kind, special.text, text, span, parentheticals=special.parentheticals)
                return
            if (cue := parse_cue(text, self.names)) is not None and cue.confidence == 1:
                builder.cue(cue, text, span)
                return
        builder.line(kind, plain, text, span)

    def _speech(self, i: int) -> int:
        printed = [self.texts[i]]
        name, moods, delivery = read_name(_one_line(printed[0]))
        said: list[str] = []
        last = i
        while last + 1 < len(self.paragraphs) and self._kind(last + 1) in _SPOKEN:
            last += 1
            text = _one_line(self.texts[last])
            printed.append(self.texts[last])
            if self._kind(last) == "Parenthetical":
                more, told = read_parentheticals([text.strip("()（）")])
                moods, delivery = moods + more, told if delivery == "on" else delivery
            elif text:
                said.append(text)
        source = Span(i + 1, last + 1, 0, len(printed[-1]))
        self.builder.speech(name, self.names, said, moods, delivery, "\n".join(printed), source)
        return last + 1


def _script_notes(paragraph: Element) -> list[str]:
    """The texts of the notes that hang in a paragraph."""
    notes = (child for child in paragraph if local(child) == "ScriptNote")
    texts = ("\n".join(filter(None, (_text(p) for p in note.iter() if local(p) == "Paragraph"))) for note in notes)
    return [text for text in texts if text]


def _printed_cast(paragraph: Element) -> tuple[str, ...]:
    """Who is said to be in a scene, by the arc beats of its heading; not by those of a scene that is omitted in it."""
    properties = (child for child in paragraph if local(child) in ("SceneProperties", "SceneArcBeats"))
    beats = (beat for child in properties for beat in child.iter() if local(beat) == "CharacterArcBeat")
    return tuple(dict.fromkeys(filter(None, (clean_name(beat.get("Name", "")) for beat in beats))))
