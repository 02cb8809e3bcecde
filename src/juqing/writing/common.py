"""What the writers share: pieces in order, names of deliveries, and facts of a scene that its heading does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from juqing.reading.cast import clean_name
from juqing.reading.chinese import ACTION_MARKS, FlagMarks, closes_flag, opens_flag
from juqing.reading.encoding import LINE_BREAK
from juqing.reading.fountain import AUTHORS, CASTS, TITLES, UNNAMED, read_title_page, without_comments
from juqing.reading.headings import Heading, parse_heading
from juqing.script import Line, Note, Scene, Script
from juqing.text.names import HAN

REGENERATED = frozenset(("blank", "title", "author", "cast", "part", "label", "page"))
"""Kinds of notes that are not written: the fields of the script say what is in them, or they are left from a layout."""
_HAN = re.compile(f"[{HAN}]")
_TAGS = {"vo": "V.O.", "off": "O.S.", "phone": "on the phone", "sung": "singing", "os": "内心独白"}
_CHINESE_TAGS = {"vo": "VO", "off": "画外音", "phone": "电话", "sung": "唱", "os": "OS"}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_MAX_NAME = 60  # of a row of the cast list


def pieces(script: Script) -> Iterator[Scene | Line | Note]:
    """Scenes, lines and notes in the order of the source; a scene stands before its first line."""
    items: list[tuple[tuple[int, int], Scene | Line | Note]] = []
    at = 0
    for scene in script.scenes:
        at = scene.source.first if scene.source is not None else scene.lines[0].source.first if scene.lines else at
        items.append(((at, 1), scene))
        for line in scene.lines:
            at = max(at, line.source.first)  # a table's lines may stand in any order
            items.append(((at, 2), line))
    items += [((note.source.first, 3 if note.kind == "margin" else 0), note) for note in script.notes]
    yield from (item for _, item in sorted(items, key=lambda item: item[0]))


def has_han(*texts: str) -> bool:
    """Whether a Han character is in any of the texts."""
    return any(_HAN.search(text) for text in texts)


def tag_of(line: Line) -> str:
    """How a line's delivery is printed beside the name, empty for `on`; our readers tell Chinese OS from English O.S."""
    if line.delivery == "on":
        return ""
    return (_CHINESE_TAGS if has_han(line.text, *line.speakers, *line.parentheticals) else _TAGS)[line.delivery]


def heading_of(scene: Scene, script: Script) -> str:
    """The heading in one line; a stand-in where the scene has nothing but a number; empty for lines without a heading."""
    unnamed = UNNAMED[script.language.startswith("zh")] if scene.number else ""
    return one_line(scene.heading) or unnamed


def told_by(scene: Scene) -> Heading:
    """What a reader takes from the heading itself."""
    heading = one_line(scene.heading)
    return parse_heading(heading) or parse_heading("场景：" + heading) or Heading()


class SceneState:
    """What a reader takes to be so at each piece of what is written: the part, and the flag of the next line."""

    def __init__(self, script: Script):
        self.part = ""
        self._marks = FlagMarks(map(_mark, script.lines))
        self._flag = ""
        self._is_open = False  # a scene is

    def needs_part(self, scene: Scene) -> bool:
        """Whether the part must be named before a scene: it is a new one, or nothing else tells that a scene begins."""
        is_new = scene.part != self.part or (self._is_open and not scene.heading and not scene.number)
        if is_new:
            self.part, self._is_open = scene.part, False
            self._marks.go_on()
        return is_new

    def facts(self, scene: Scene) -> list[str]:
        """What the heading does not tell of a scene, as `时间：夜` rows; the scene is open after this."""
        told = told_by(scene)
        carried = self._marks.heading()
        has_heading = bool(scene.heading or scene.number)
        expected = (told.flag or carried) if has_heading else ""
        rows = [
            f"{label}：{one_line(value)}"
            for label, value, known in (
                ("内外", scene.interior, told.interior),
                ("地点", scene.place, told.place),
                ("时间", scene.time, told.time),
                ("场标记", scene.flag, expected),
            )
            if value != known
        ]
        self._flag = scene.flag if has_heading or scene.flag != expected else carried
        self._is_open = has_heading or bool(rows or scene.printed_cast)
        return rows

    def paragraph(self) -> None:
        """A note that is written and read as a paragraph of its own goes by."""
        self._marks.go_on()

    def section(self, part: str, *, closes: bool) -> None:
        """A section that names the part goes by; whether it closes the scene."""
        self.part = part
        self._is_open = self._is_open and not closes

    def fact_before(self, line: Line) -> str | None:
        """The row that a line needs before it, None where a reader knows its flag already."""
        self._is_open = True
        text = _mark(line)
        opened = opens_flag(text)
        fact = None
        if opened is None:
            self._marks.go_on()
        if opened is not None:
            self._marks.open(opened, line.index)
        elif line.flag != self._flag:
            fact = f"标记：{line.flag}"
        self._flag = opened or line.flag
        if closes_flag(text):
            self._marks.close()
            self._flag = ""
        return fact


def _mark(line: Line) -> str:
    """The text of a line that can be the mark of a flashback, else nothing."""
    if line.kind not in ("transition", "action") or "\n" in line.text:
        return ""
    text = one_line(line.text)
    return text.lstrip(ACTION_MARKS + " ") if line.kind == "action" else text


def other_keys(script: Script) -> list[tuple[str, list[str]]]:
    """The keys of the title page as it was read that no field of the script holds, such as Contact."""
    note = next((note for note in script.notes if note.kind == "title"), None)
    page, _ = read_title_page(without_comments(note.text.split("\n"))[0]) if note is not None else ([], 0)
    return [(key, values) for key, values in page if key.lower() not in (*TITLES, *AUTHORS, *CASTS) and values]


def cast_rows(script: Script) -> list[str]:
    """`名字（别名）：说明` of everyone of whom the lines alone do not tell all; not of names that have such marks in them."""
    speak = {name for line in script.lines for name in line.speakers}
    rows = []
    for c in script.cast:
        aliases = "、".join(
            alias for alias in map(one_line, (*c.aliases, *c.merged)) if not re.search("[、，,)）]", alias)
        )
        is_name = clean_name(c.name) == c.name and len(c.name) <= _MAX_NAME and not re.search("[：:（(\n]", c.name)
        if is_name and (aliases or c.note or c.name not in speak):
            row = c.name + (f"（{aliases}）" if aliases else "")
            rows.append(f"{row}：{one_line(c.note)}" if c.note else row)
    return rows


def one_line(text: str) -> str:
    """A text without line breaks and control characters."""
    return _CONTROL.sub("", LINE_BREAK.sub(" ", text)).strip()


def text_lines(text: str) -> list[str]:
    """The lines of a text, without control characters."""
    return [one_line(line) for line in text.split("\n")]
