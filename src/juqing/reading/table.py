"""The competition's table: one row per (line, character), many scripts in one tab-separated file, rows in any order.

Columns: `id` (`script_scene_A_number`), `content`, `character`; optionally the labels, as one column `emotion` or `emotions`
(`0,0,2,0,0,1`) or as the six columns of `EMOTION_NAMES`, and `confidence` (0..1) of the label. Rows without a character
give context only. Rows are sorted by script and number; rows of one scene with the same text, one after the other, are one
line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from juqing.emotions import EMOTION_NAMES, MAX_STRENGTH, N_EMOTIONS
from juqing.errors import FormatError, LabelError
from juqing.reading.builder import ScriptBuilder
from juqing.reading.chinese import ACTION_MARKS
from juqing.reading.cues import SURE, Names, parse_cue
from juqing.script import Script, Span

_ID = re.compile(r"(?P<script>[^_\s]+)_(?P<scene>[0-9]{1,18})_(?P<part>[^_\s]+)_(?P<number>[0-9]{1,18})")
_LABELS = ("emotion", "emotions")


@dataclass(frozen=True, eq=False)
class LabeledScript:
    """A script and what people said of its cues.

    Attributes:
        script: The script.
        labels: (n_cues, 6) float32 in 0..3; a row of NaN where a cue has no label.
        weights: (n_cues,) float32 in 0..1, how sure it is that the label belongs to the row; 1 where the table does not say.
        rows: The source line and id of every row, those without a character too.
    """

    script: Script
    labels: np.ndarray
    weights: np.ndarray
    rows: tuple[tuple[int, str], ...]


@dataclass(slots=True)
class _Row:
    source_line: int
    id: str
    scene: str
    number: int
    text: str
    character: str
    label: tuple[float, ...] | None
    weight: float


def read_table(lines: Sequence[str], *, path: Path | str | None = None, sha256: str = "") -> list[LabeledScript]:
    """Read a table's lines into scripts, in the order in which they first occur.

    Raises:
        FormatError: A column is missing, a row has another number of fields than the header, an id does not parse or
            occurs twice.
        LabelError: A label is not six numbers in 0..3, or a confidence not in 0..1.
    """
    if not lines or not lines[0].strip():
        raise FormatError(
            "the table is empty.",
            f"Its first line must name columns: id, content, character{_labels_hint()}.",
            path=path,
        )
    header = [name.strip().lower() for name in lines[0].removeprefix("\ufeff").split("\t")]
    columns = {name: k for k, name in enumerate(header)}
    for name in ("id", "content", "character"):
        if name not in columns:
            raise FormatError(
                f"the table has no column {name!r}; it has {', '.join(map(repr, header[:12]))}.",
                "The columns are separated by tabs and named in the first line: id, content, character"
                f"{_labels_hint()}.",
                path=path,
                line=1,
            )
    by_script: dict[str, list[_Row]] = {}
    seen: dict[str, int] = {}
    for line_number, line in enumerate(lines[1:], start=2):
        if not line.strip():
            continue
        name, row = _read_row(line, line_number, columns, len(header), path)
        if row.id in seen:
            raise FormatError(
                f"the id {row.id!r} was on line {seen[row.id]} already.",
                "Ids must be unique.",
                path=path,
                line=line_number,
            )
        seen[row.id] = line_number
        by_script.setdefault(name, []).append(row)
    if not by_script:
        raise FormatError("the table has a header and no rows.", "Check that the export is complete.", path=path)
    return [_build(name, rows, path, sha256) for name, rows in by_script.items()]


def _labels_hint() -> str:
    return f", and for labels emotion or emotions (six numbers, separated by commas) or {', '.join(EMOTION_NAMES)}"


def _read_row(
    line: str, number: int, columns: dict[str, int], n_columns: int, path: Path | str | None
) -> tuple[str, _Row]:
    fields = line.split("\t")
    if len(fields) != n_columns:
        raise FormatError(
            f"the row has {len(fields)} fields, and the header names {n_columns} columns.",
            "Fields are separated by single tabs; a text must not contain a tab or a line break.",
            path=path,
            line=number,
        )
    row_id = fields[columns["id"]].strip()
    parts = _ID.fullmatch(row_id)
    if parts is None:
        raise FormatError(
            f"the id {row_id[:60]!r} is not of the form script_scene_A_number (such as 1171_0001_A_12).",
            "Give every row such an id; the number is the row's place in its script.",
            path=path,
            line=number,
        )
    weight = 1.0
    if "confidence" in columns and (text := fields[columns["confidence"]].strip()):
        weight = _number(text, 1.0, "the confidence", path, number)
    row = _Row(
        number,
        row_id,
        parts["scene"],
        int(parts["number"]),
        fields[columns["content"]].strip(),
        fields[columns["character"]].strip(),
        _read_label(fields, columns, path, number),
        weight,
    )
    return parts["script"], row


def _read_label(
    fields: list[str], columns: dict[str, int], path: Path | str | None, number: int
) -> tuple[float, ...] | None:
    joined = next((fields[columns[name]].strip() for name in _LABELS if name in columns), None)
    if joined is not None:
        values = joined.split(",") if joined else []
    else:
        values = [fields[columns[name]].strip() for name in EMOTION_NAMES if name in columns]
        if len(values) < N_EMOTIONS or not any(values):
            values = []
    if not values:
        return None
    if len(values) != N_EMOTIONS:
        raise LabelError(
            f"the label {joined!r} has {len(values)} values.",
            "A label is six numbers in 0..3, separated by commas.",
            path=path,
            line=number,
        )
    return tuple(_number(value.strip(), MAX_STRENGTH, "the label", path, number) for value in values)


def _number(text: str, highest: float, what: str, path: Path | str | None, line: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= highest:
        raise LabelError(
            f"{what} {text[:40]!r} is not a number in 0..{highest:g}.", "Correct the row.", path=path, line=line
        )
    return value


def _build(name: str, rows: list[_Row], path: Path | str | None, sha256: str) -> LabeledScript:
    rows.sort(key=lambda row: row.number)
    builder = ScriptBuilder("table")
    builder.title = name
    names = Names(row.character for row in rows if row.character)
    start = 0
    scene: str | None = None
    ordered: list[_Row] = []
    while start < len(rows):
        end = start + 1
        first = rows[start]
        while end < len(rows) and (rows[end].scene, rows[end].text) == (first.scene, first.text):
            end += 1
        group = rows[start:end]
        start = end
        span = Span(min(r.source_line for r in group), max(r.source_line for r in group), 0, len(first.text))
        if first.scene != scene:
            scene = first.scene
            builder.scene("", None, number=scene.lstrip("0") or "0")
        cued = [row for row in group if row.character]
        ordered += cued
        text = first.text.lstrip(ACTION_MARKS)
        cue = parse_cue(text, names)
        spoken = cue is not None and cue.confidence >= SURE
        builder.line(
            "dialogue" if spoken else "action",
            cue.text if cue is not None and spoken else text,
            first.text,
            span,
            speakers=cue.speakers if cue is not None and spoken else (),
            parentheticals=cue.parentheticals if cue is not None and spoken else (),
            delivery=cue.delivery if cue is not None and spoken else "on",
            rows=tuple((row.character, row.id) for row in cued),
        )
    script = builder.build(source_name=str(path or ""), source_sha256=sha256, n_source_lines=len(rows))
    missing = (math.nan,) * N_EMOTIONS
    labels = np.array([row.label or missing for row in ordered], dtype=np.float32).reshape(-1, N_EMOTIONS)
    weights = np.array([row.weight for row in ordered], dtype=np.float32)
    return LabeledScript(script, labels, weights, tuple((row.source_line, row.id) for row in rows))
