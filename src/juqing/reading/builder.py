"""One way to a `Script` for every format: readers say what they see, line by line, and the builder puts it together."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from juqing.reading import limits
from juqing.reading.cast import clean_name, is_minor
from juqing.reading.cues import NARRATORS, Names, SpokenCue, read_speech, split_joint
from juqing.reading.headings import split_names
from juqing.reading.presence import find_cues
from juqing.script import Character, Cue, Delivery, Language, Line, LineKind, Note, ReadingWarning, Scene, Script, Span
from juqing.text.names import HAN

_HAN = re.compile(f"[{HAN}]")
_LANGUAGE_SAMPLE = 30_000  # characters
_LETTER = re.compile(rf"[{HAN}A-Za-zÀ-ɏͰ-ӿぁ-ヿ가-힣]")


_FACTS = {"内外": "interior", "地点": "place", "时间": "time", "场标记": "flag"}
_FACT = re.compile(r"(?P<label>内外|地点|时间|场标记|人物|标记)：(?P<value>[^\n]{0,400})")
_CAST_ROW = re.compile(
    r"(?P<name>[^：:（(\n]{1,60})(?:[（(](?P<aliases>[^）)\n]*)[）)])?\s*(?:[：:]\s*(?P<note>.*))?", re.S
)


@dataclass
class _Draft:
    """A scene in the making."""

    heading: dict[str, Any]
    lines: list[Line] = field(default_factory=list)


class ScriptBuilder:
    """Collects what a reader sees and builds the frozen script."""

    def __init__(self, format: str):
        self.format = format
        self.title = ""
        self.authors: list[str] = []
        self.part = ""
        self.cast: dict[str, Character] = {}
        self.warnings: list[ReadingWarning] = []
        self._notes: list[Note] = []
        self._drafts: list[_Draft] = []
        self._n_lines = 0
        self._speakers: dict[str, None] = {}
        self._rows: list[tuple[Line, tuple[tuple[str, str], ...]]] = []
        self.in_scene = False
        self.line_flag = ""  # of all lines of the open scene

    def close_scene(self) -> None:
        """A new part begins: lines before its first heading belong to a scene of their own."""
        self.in_scene = False

    def scene(self, heading: str, source: Span | None, **fields: Any) -> None:
        """Open a scene; `fields` are those of `Scene`."""
        limits.check(
            "MAX_SCENES", len(self._drafts) + 1, limits.MAX_SCENES, "the number of scenes", line=source and source.first
        )
        self.in_scene = True
        self.line_flag = fields.get("flag", "")
        self._drafts.append(_Draft({"heading": heading, "source": source, "part": self.part, **fields}))

    def amend_scene(self, **fields: Any) -> None:
        """Fill fields of the open scene that its heading left empty."""
        if not self.in_scene:
            self.scene("", None)
        heading = self._drafts[-1].heading
        heading.update({key: value for key, value in fields.items() if value and not heading.get(key)})

    def amend_by(self, fact: str) -> bool:
        """Take a note such as `时间：夜` or `标记：flashback` of a file that juqing wrote; whether it was one."""
        told = _FACT.fullmatch(fact)
        if told is None:
            return False
        label, value = told["label"], told["value"].strip()
        if label == "标记":
            self.line_flag = value
        elif label == "人物":  # English names have spaces in them
            told = split_names(value) if _HAN.search(value) and "、" not in value else value.split("、")
            self.amend_scene(printed_cast=tuple(filter(None, map(clean_name, told))))
        else:
            if not self.in_scene:
                self.scene("", None)
            self._drafts[-1].heading[_FACTS[label]] = value
            if label == "场标记":
                self.line_flag = value
        return True

    def declare(self, row: str) -> None:
        """Declare a character by a row of a cast list, `名字（别名）：说明`."""
        told = _CAST_ROW.fullmatch(row.strip())
        if told is None:
            return
        aliases = tuple(filter(None, map(clean_name, re.split("[、，,]", told["aliases"] or ""))))
        if name := clean_name(told["name"]):
            self.character(name, aliases, (told["note"] or "").strip())

    def line(
        self,
        kind: LineKind,
        text: str,
        printed: str,
        source: Span,
        *,
        speakers: tuple[str, ...] = (),
        parentheticals: tuple[str, ...] = (),
        delivery: Delivery = "on",
        flag: str = "",
        rows: tuple[tuple[str, str], ...] | None = None,
    ) -> None:
        """Add a line to the open scene. `rows` are `(character, id)` pairs where the file itself says who is in the line."""
        if not self.in_scene:
            self.scene("", None)
        draft = self._drafts[-1]
        flag = flag or self.line_flag
        line = Line(self._n_lines, len(self._drafts) - 1, kind, text, printed, source, speakers, parentheticals, delivery, (), flag)  # fmt: skip
        self._n_lines += 1
        draft.lines.append(line)
        for name in speakers:
            if name not in self._speakers:
                self._speakers[name] = None
        if rows is not None:
            self._rows.append((line, rows))

    def speech(
        self,
        name: str,
        names: Names,
        said: list[str],
        moods: Sequence[str],
        delivery: Delivery,
        printed: str,
        source: Span,
    ) -> None:
        """Add a speech of a format that keeps names apart: joint cues split, remarks taken out, a narrator told apart.

        English O.S. is a voice from outside the frame; in Chinese scripts OS is the inner voice.
        """
        is_chinese = _HAN.search(printed) is not None
        text, more, told = read_speech(("" if is_chinese else " ").join(said))
        delivery = told if delivery == "on" else delivery
        is_narrator = name in NARRATORS
        self.line(
            "narration" if is_narrator else "dialogue",
            text,
            printed,
            source,
            speakers=() if is_narrator else split_joint(name, names),
            parentheticals=(*moods, *more),
            delivery="on" if is_narrator else "off" if delivery == "os" and not is_chinese else delivery,
        )

    def cue(self, cue: SpokenCue, printed: str, source: Span) -> None:
        """Add a speech that stood in one line with its name."""
        self.line(
            "dialogue",
            cue.text,
            printed,
            source,
            speakers=cue.speakers,
            parentheticals=cue.parentheticals,
            delivery=cue.delivery,
        )

    def note(self, kind: str, text: str, source: Span) -> None:
        """Add text that is not analyzed."""
        self._notes.append(Note(kind, text, source))

    def warn(self, message: str, chinese: str, line: int | None = None, confidence: float = 1.0) -> None:
        """Say what the reading is unsure of, in both languages, and how likely it is right."""
        self.warnings.append(ReadingWarning(message, chinese, line, confidence))

    def character(self, name: str, aliases: tuple[str, ...] = (), note: str = "") -> None:
        """Declare a character of the cast list."""
        self.cast.setdefault(name, Character(name, aliases, note, is_minor(name)))

    def build(
        self, *, source_name: str = "", source_sha256: str = "", n_source_lines: int = 0, pronouns: bool = True
    ) -> Script:
        """Freeze what was collected: number everything, tell the language, find who is in each line."""
        for draft in self._drafts:
            printed = tuple(filter(None, draft.heading.get("printed_cast", ())))
            draft.heading["printed_cast"] = printed
            for name in printed:
                self.character(name)
        for name in self._speakers:
            self.character(name)
        cues: list[Cue] = []
        for line, rows in self._rows:
            for name, row_id in rows:
                self.character(name)
                role = "speaker" if name in line.speakers else "present"
                cues.append(Cue(len(cues), line.index, name, role, row_id, "table"))
        limits.check("MAX_NAMES", len(self.cast), limits.MAX_NAMES, "the number of characters")
        # A scene that nothing opened and nothing fills is none.
        drafts = [draft for draft in self._drafts if draft.lines or draft.heading["source"] is not None]
        scenes: list[Scene] = []
        for k, draft in enumerate(drafts):
            lines = draft.lines
            if lines and lines[0].scene != k:
                lines = [msgspec.structs.replace(line, scene=k) for line in lines]
            scenes.append(Scene(index=k, lines=tuple(lines), **draft.heading))
        script = Script(
            title=self.title,
            format=self.format,
            language=self._language(),
            scenes=tuple(scenes),
            cues=tuple(cues),
            cast=tuple(self.cast.values()),
            notes=tuple(self._notes),
            warnings=tuple(sorted(self.warnings, key=lambda warning: warning.line or 0)),
            authors=tuple(self.authors),
            source_name=source_name,
            source_sha256=source_sha256,
            n_source_lines=n_source_lines,
        )
        # Where the file itself says who is in each line, it is believed.
        return script if self.format == "table" else find_cues(script, pronouns=pronouns)

    def _language(self) -> Language:
        text = "".join(line.text for draft in self._drafts for line in draft.lines[:2000])[:_LANGUAGE_SAMPLE]
        han = _HAN.findall(text)
        letters = len(_LETTER.findall(text))
        if not letters:
            return "other"
        # One Han character carries about what four Latin letters do.
        if 4 * len(han) >= letters - len(han):
            if re.search("[ぁ-ヿ]", text) and len(re.findall("[ぁ-ヿ]", text)) > len(han) // 4:
                return "other"
            sample = "".join(han[:20_000])
            # Everyday characters are in both sets; what is in one alone tells the script.
            return "zh-Hant" if _n_encoded(sample, "big5") > _n_encoded(sample, "gb2312") else "zh"
        return "en" if len(re.findall("[A-Za-z]", text)) > 0.8 * letters else "other"


def _n_encoded(text: str, encoding: str) -> int:
    return len(text.encode(encoding, "ignore")) // 2
