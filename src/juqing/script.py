"""The objects that travel: a screenplay as it was read. All of them are frozen.

Script
├── scenes: Scene → lines: Line
├── cues: Cue           one character in one line, the unit that carries a label or a score
├── cast: Character
├── notes: Note         what was read but is not analyzed (title page, cast list, blank lines, ...)
└── warnings: ReadingWarning

Every line of the source file belongs to exactly one scene heading, line or note, named by its `Span`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Literal

import msgspec

from juqing.errors import FormatError

LineKind = Literal["dialogue", "action", "narration", "caption", "transition", "lyric", "other"]
Delivery = Literal["on", "os", "vo", "off", "phone", "sung"]
Language = Literal["zh", "zh-Hant", "en", "other"]
Evidence = Literal["cue", "name", "pronoun", "table"]
Rule = Literal["", "self", "subject", "addressee", "object", "only", "group"]


# They form trees without cycles, so the garbage collector need not look at them (gc=False): reading is a fifth faster.


class Span(msgspec.Struct, frozen=True, gc=False):
    """Where a piece stands in its source: lines from 1, both ends included; columns from 0, end excluded.

    `start` counts in the first line, `end` in the last one. For a table the lines are those of its rows. Line 0 is outside of
    the lines: the title page of Final Draft.
    """

    first: int
    last: int
    start: int
    end: int


class Cue(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One character in one line.

    `role` is `speaker` for who speaks the line, `present` for who is seen or named in it on stage. `id` is the row's id
    where the file has one, else `scene-line-character` numbers, stable for the same text.

    How it was found: `by` is `cue` (the line's own speaker), `name` (named in the text), `pronoun`, or `table` (the file
    says so). `word` is what stands for the character in the text: the name, an alias, a pronoun. For a pronoun, `rule` is
    the rule of `juqing.reading.pronouns` that resolved it, and `antecedent` the index of the line that names the character.
    """

    index: int
    line: int
    character: str
    role: Literal["speaker", "present"]
    id: str
    by: Evidence = "name"
    word: str = ""
    rule: Rule = ""
    antecedent: int | None = None


class Line(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """One speech, action, caption or other piece of text.

    `text` is cleaned (no marks, no name, no parentheticals), `printed` is as in the file. `mentioned` names characters who
    are talked about but not shown to be there. `flag` is `flashback`, `dream`, `montage` or empty, as for scenes.
    """

    index: int
    scene: int
    kind: LineKind
    text: str
    printed: str
    source: Span
    speakers: tuple[str, ...] = ()
    parentheticals: tuple[str, ...] = ()
    delivery: Delivery = "on"
    mentioned: tuple[str, ...] = ()
    flag: str = ""


class Scene(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """A scene and its lines. `number` is as printed (`12`, `12A`, `3-2`); `interior` is `内`, `外`, `内外` or empty.

    `part` is the episode or act it belongs to, as printed. `flag` is `flashback`, `dream`, `montage` or empty.
    `source` is the heading's place, None for lines that stand before any heading.
    """

    index: int
    heading: str
    lines: tuple[Line, ...]
    source: Span | None
    number: str = ""
    interior: str = ""
    place: str = ""
    time: str = ""
    printed_cast: tuple[str, ...] = ()
    part: str = ""
    flag: str = ""

    def label(self) -> str:
        """A short name for charts: the printed heading, else the part, else the number."""
        return self.heading or self.part or self.number or f"#{self.index + 1}"


class Note(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Text that was read but is not analyzed: `title`, `cast`, `synopsis`, `part`, `label`, `comment`, `blank`, ...

    A note of kind `margin` (a comment in Word or Final Draft) stands beside a line that is read as well.
    """

    kind: str
    text: str
    source: Span


class Character(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """Someone in the script. `minor` marks extras (众人, 路人甲), who are folded away in charts.

    `aliases` are other names that the cast list tells, `note` is what else it says. `merged` are names that count as this
    character, because the user's alias map says so.
    """

    name: str
    aliases: tuple[str, ...] = ()
    note: str = ""
    minor: bool = False
    merged: tuple[str, ...] = ()


class ReadingWarning(msgspec.Struct, frozen=True, omit_defaults=True, gc=False):
    """What the reader was unsure of, in both languages: `confidence` is how likely the reading is right, 0..1."""

    message: str
    chinese: str
    line: int | None = None
    confidence: float = 1.0

    def label(self, language: str) -> str:
        """The message in a language: Chinese for `zh…`, else English."""
        return self.chinese if language.startswith("zh") else self.message


class Script(msgspec.Struct, frozen=True, omit_defaults=True, dict=True):
    """A screenplay as read. `cues` are in the order of the lines; all scores are aligned with them."""

    title: str
    format: str
    language: Language
    scenes: tuple[Scene, ...]
    cues: tuple[Cue, ...]
    cast: tuple[Character, ...] = ()
    notes: tuple[Note, ...] = ()
    warnings: tuple[ReadingWarning, ...] = ()
    authors: tuple[str, ...] = ()
    source_name: str = ""
    source_sha256: str = ""
    n_source_lines: int = 0

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all scenes, in order."""
        return tuple(line for scene in self.scenes for line in scene.lines)

    @property
    def n_cues(self) -> int:
        """Number of cues, the length of all arrays that are aligned with them."""
        return len(self.cues)

    @cached_property
    def characters(self) -> tuple[str, ...]:
        """The names that have cues, those with the most cues first."""
        counts: dict[str, int] = {}
        for cue in self.cues:
            counts[cue.character] = counts.get(cue.character, 0) + 1
        return tuple(sorted(counts, key=lambda name: (-counts[name], name)))

    @cached_property
    def scene_numbers(self) -> tuple[str, ...]:
        """A number for each scene: as printed where every scene has one of its own, else counted."""
        printed = tuple(scene.number for scene in self.scenes)
        if all(printed) and len(set(printed)) == len(printed):
            return printed
        return tuple(str(scene.index + 1) for scene in self.scenes)

    @cached_property
    def minor(self) -> frozenset[str]:
        """The names of the extras."""
        return frozenset(character.name for character in self.cast if character.minor)

    def pieces(self) -> Iterator[Span]:
        """The spans of all headings, lines and notes: together they cover every source line once."""
        for scene in self.scenes:
            if scene.source is not None:
                yield scene.source
            for line in scene.lines:
                yield line.source
        for note in self.notes:
            if note.kind != "margin" and note.source.first:
                yield note.source

    def to_json(self) -> bytes:
        """The whole structure as JSON (UTF-8); `Script.from_json` gives an equal script. Default values are left out."""
        return msgspec.json.encode(self)

    @staticmethod
    def from_json(data: bytes | str) -> Script:
        """Read what `to_json` wrote.

        Raises:
            FormatError: It is no JSON, not a script, or its indexes contradict each other.
        """
        remedy = "Give a file that `juqing read --json` or `juqing convert --to json` wrote."
        try:
            script = msgspec.json.decode(data, type=Script)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
            raise FormatError(f"this is not a script in JSON: {error}.", remedy) from None
        if (wrong := _contradiction(script)) is not None:
            raise FormatError(f"the script in JSON contradicts itself: {wrong}.", remedy)
        return script


def _contradiction(script: Script) -> str | None:
    """What in a script's indexes and names cannot be, None where all is well."""
    for k, scene in enumerate(script.scenes):
        if scene.index != k:
            return f"scene {k} has the index {scene.index}"
        if any(line.scene != k for line in scene.lines):
            return f"a line of scene {k} names another scene"
    for k, line in enumerate(script.lines):
        if line.index != k:
            return f"line {k} has the index {line.index}"
    cast = {character.name for character in script.cast}
    for k, cue in enumerate(script.cues):
        if cue.index != k or not 0 <= cue.line < len(script.lines) or cue.character not in cast:
            return f"cue {k} has a wrong index, line or character"
        if k and cue.line < script.cues[k - 1].line:
            return f"cue {k} stands before the cue in front of it"
    return None
