"""Scripts to the competition's table: one row per character in a line, the text with its cue as `名字（低声）：台词`."""

from __future__ import annotations

import re

from juqing.script import Line, Script
from juqing.writing.common import one_line, tag_of


def to_table(script: Script) -> str:
    """A script as tab-separated text: `id`, `content`, `character`. Lines in which nobody is have a row without a character."""
    people: dict[int, list[str]] = {}
    for cue in script.cues:
        people.setdefault(cue.line, []).append(cue.character)
    title = re.sub(r"[\s_]+", "-", one_line(script.title)).strip("-")[:80] or "1"
    rows = ["id\tcontent\tcharacter"]
    number = 0
    for line in script.lines:
        content = _cell(_content(line))
        for name in people.get(line.index, [""]):
            number += 1
            rows.append(f"{title}_{line.scene + 1:04d}_A_{number}\t{content}\t{_cell(name)}")
    return "\n".join(rows) + "\n"


def _content(line: Line) -> str:
    if not line.speakers:
        label = {"narration": "旁白：", "caption": "字幕："}.get(line.kind, "")
        return label + line.text if line.text else line.printed
    tag = tag_of(line)
    remarks = "".join(f"（{remark}）" for remark in ([tag] if tag else []) + list(line.parentheticals))
    return f"{'、'.join(line.speakers)}{remarks}：{line.text}"


def _cell(text: str) -> str:
    return " ".join(one_line(text).split("\t"))
