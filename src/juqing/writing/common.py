"""What the writers share: pieces in order, names of deliveries, and facts of a scene that its heading does not say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from juqing.reading.chinese import closes_flag, opens_flag
from juqing.reading.encoding import LINE_BREAK
from juqing.reading.headings import parse_heading
from juqing.script import Line, Note, Scene, Script
from juqing.text.names import HAN

_HAN = re.compile(f"[{HAN}]")
_TAGS = {"vo": "V.O.", "off": "O.S.", "phone": "on the phone", "sung": "singing", "os": "内心独白"}
_CHINESE_TAGS = {"vo": "VO", "off": "画外音", "phone": "电话", "sung": "唱", "os": "OS"}
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufffe\uffff\ud800-\udfff]")


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


def facts(scene: Scene) -> list[str]:
    """What the heading alone does not tell of a scene, as `时间：夜` rows."""
    told = parse_heading(scene.heading) or parse_heading("场景：" + scene.heading)
    rows = [
        f"{label}：{one_line(value)}"
        for label, name in (("内外", "interior"), ("地点", "place"), ("时间", "time"), ("场标记", "flag"))
        if (value := getattr(scene, name)) != (getattr(told, name) if told else "") and value
    ]
    if scene.printed_cast and scene.printed_cast != (told.cast if told else ()):
        rows.append(f"人物：{'、'.join(scene.printed_cast)}")
    return rows


class FlagState:
    """Which flag a reader takes the next line to have, and so which lines need a `标记：` note before them."""

    def __init__(self) -> None:
        self.flag = ""

    def note_before(self, line: Line) -> str | None:
        """The note that a line needs, None where a reader knows its flag already."""
        text = one_line(line.text) if line.kind in ("transition", "action") else ""
        opened = opens_flag(text)
        note = None
        if line.flag != (opened or self.flag):
            note = f"标记：{line.flag}"
        self.flag = "" if closes_flag(text) else opened or line.flag
        return note


def cast_rows(script: Script) -> list[str]:
    """`名字（别名）：说明` of everyone of whom the lines alone do not tell all."""
    speak = {name for line in script.lines for name in line.speakers}
    rows = []
    for c in script.cast:
        aliases = "、".join(map(one_line, (*c.aliases, *c.merged)))
        if aliases or c.note or c.name not in speak:
            row = one_line(c.name) + (f"（{aliases}）" if aliases else "")
            rows.append(f"{row}：{one_line(c.note)}" if c.note else row)
    return rows


def one_line(text: str) -> str:
    """A text without line breaks and control characters."""
    return _CONTROL.sub("", LINE_BREAK.sub(" ", text)).strip()


def text_lines(text: str) -> list[str]:
    """The lines of a text, without control characters."""
    return [one_line(line) for line in text.split("\n")]
