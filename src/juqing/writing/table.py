"""Scripts to the competition's table: one row per character in a line, the text with its cue as `名字（低声）：台词`."""

from __future__ import annotations

import re

import numpy as np

from juqing.emotions import EMOTION_NAMES, N_EMOTIONS
from juqing.errors import InputError
from juqing.script import Line, Script
from juqing.writing.common import one_line, tag_of


def to_table(script: Script, values: np.ndarray | None = None) -> str:
    """A script as tab-separated text: `id`, `content`, `character`. Lines in which nobody is have a row without a character.

    Args:
        script: The script.
        values: Strengths, (n_cues, 6) in 0..3, for six more columns, so that the table can be learned from; empty where nobody is.

    Raises:
        InputError: The strengths are not those of the script's cues.
    """
    if values is not None and values.shape != (script.n_cues, N_EMOTIONS):
        raise InputError(f"there are {script.n_cues} cues and strengths of the shape {values.shape}.")
    people: dict[int, list[tuple[str, list[str]]]] = {}
    for k, cue in enumerate(script.cues):
        strengths = [] if values is None else [f"{value:.3f}" for value in values[k]]
        people.setdefault(cue.line, []).append((cue.character, strengths))
    nobody = [("", [] if values is None else [""] * N_EMOTIONS)]
    title = re.sub(r"[\s_]+", "-", one_line(script.title)).strip("-")[:80] or "1"
    rows = ["\t".join(["id", "content", "character", *(EMOTION_NAMES if values is not None else ())])]
    number = 0
    for line in script.lines:
        content = _cell(_content(line))
        for name, strengths in people.get(line.index, nobody):
            number += 1
            rows.append("\t".join([f"{title}_{line.scene + 1:04d}_A_{number}", content, _cell(name), *strengths]))
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
