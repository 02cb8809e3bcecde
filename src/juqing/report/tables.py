"""Tables of scores: CSV that Excel opens right, XLSX with one sheet a table, JSON Lines, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from juqing.analysis import portraits
from juqing.emotions import EMOTION_NAMES
from juqing.errors import OutputError
from juqing.outputs import writing
from juqing.scores import EmotionScores

TABLE_SUFFIXES = (".csv", ".xlsx", ".jsonl", ".parquet")
_MAX_ROWS = 2**20 - 1  # of a sheet, without its header
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_table(scores: Sequence[EmotionScores], path: Path) -> None:
    """Write one row a cue, for one or many scripts, in the format of the suffix.

    Raises:
        OutputError: The suffix is none of `TABLE_SUFFIXES`, or the file cannot be written.
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise OutputError(
            f"there is no table format {path.suffix!r}.", f"Use one of {', '.join(TABLE_SUFFIXES)}.", path=path
        )
    with writing(path) as aside, aside.open("wb") as file:
        writer(scores, file)


def table_bytes(scores: Sequence[EmotionScores], suffix: str) -> bytes:
    """What `write_table` writes into a file with one of `TABLE_SUFFIXES`."""
    file = io.BytesIO()
    _WRITERS[suffix](scores, file)
    return file.getvalue()


def _rows(scores: Sequence[EmotionScores]) -> list[dict[str, Any]]:
    return [row for item in scores for row in item.table()]


def _write_csv(scores: Sequence[EmotionScores], file: BinaryIO) -> None:
    """UTF-8 with a byte-order mark, for Excel."""
    rows = _rows(scores)
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", errors="replace")
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    for row in rows:
        writer.writerow({name: safe_text(value) for name, value in row.items()})
    text.detach()


def safe_text(value: Any) -> Any:
    """A value for CSV: a text that Excel would run as a formula gets a leading apostrophe."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_jsonl(scores: Sequence[EmotionScores], file: BinaryIO) -> None:
    file.writelines((json.dumps(row, ensure_ascii=False) + "\n").encode(errors="replace") for row in _rows(scores))


def _write_parquet(scores: Sequence[EmotionScores], file: BinaryIO) -> None:
    from arro3.core import Array, DataType, Table
    from arro3.io import write_parquet

    rows = _rows(scores)
    types = {str: DataType.utf8(), int: DataType.int32(), float: DataType.float32()}
    columns = [Array([row[name] for row in rows], type=types[type(value)]) for name, value in rows[0].items()]
    write_parquet(Table.from_arrays(columns, names=list(rows[0])), file)


def _write_xlsx(scores: Sequence[EmotionScores], file: BinaryIO) -> None:
    import xlsxwriter

    sheets = {
        "cues": _rows(scores),
        "characters": [row for item in scores for row in _character_rows(item)],
        "scenes": [row for item in scores for row in _scene_rows(item)],
    }
    if len(sheets["cues"]) > _MAX_ROWS:
        found = f"{len(sheets['cues']):,} rows do not fit into a sheet, which holds {_MAX_ROWS:,}."
        raise OutputError(found, "Write .csv or .parquet.")
    options = {
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "in_memory": True,
    }
    with xlsxwriter.Workbook(file, options) as workbook:
        bold = workbook.add_format({"bold": True})
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            sheet.freeze_panes(1, 0)
            for column, key in enumerate(rows[0]):
                sheet.set_column(column, column, 60 if key == "text" else 18 if isinstance(rows[0][key], str) else 9)
                sheet.write_string(0, column, key, bold)
            sheet.autofilter(0, 0, len(rows), len(rows[0]) - 1)
            for k, row in enumerate(rows, start=1):
                for column, value in enumerate(row.values()):
                    if isinstance(value, str):
                        sheet.write_string(k, column, _printable(value)[:32767])
                    else:
                        sheet.write_number(k, column, value)


def _printable(text: str) -> str:
    """Without the control characters that XML cannot hold."""
    return "".join(c for c in text if c >= " " or c in "\t\n")


def _character_rows(scores: EmotionScores) -> list[dict[str, Any]]:
    script = scores.script
    rows = []
    for portrait in portraits(scores):
        cue = script.cues[portrait.peak]
        rows.append(
            {
                "file": script.source_name,
                "script": script.title or script.source_name,
                "character": portrait.name,
                "cues": portrait.n_cues,
                "spoken": portrait.n_spoken,
                "scenes": portrait.n_scenes,
                **{name: round(value, 3) for name, value in zip(EMOTION_NAMES, portrait.means, strict=True)},
                "peak_emotion": EMOTION_NAMES[portrait.peak_emotion],
                "peak_strength": round(float(scores.values[portrait.peak, portrait.peak_emotion]), 3),
                "peak_source_line": script.lines[cue.line].source.first,
            }
        )
    return rows


def _scene_rows(scores: EmotionScores) -> list[dict[str, Any]]:
    script = scores.script
    by_scene: dict[int, list[int]] = {}
    for cue in script.cues:
        by_scene.setdefault(script.lines[cue.line].scene, []).append(cue.index)
    rows = []
    for scene in script.scenes:
        indices = by_scene.get(scene.index)
        means = scores.values[indices].mean(axis=0).astype(float).tolist() if indices else [0.0] * len(EMOTION_NAMES)
        rows.append(
            {
                "file": script.source_name,
                "script": script.title or script.source_name,
                "scene": scene.index + 1,
                "number": scene.number,
                "part": scene.part,
                "heading": scene.label(),
                "place": scene.place,
                "time": scene.time,
                "interior": scene.interior,
                "flag": scene.flag,
                "lines": len(scene.lines),
                "cues": len(indices or ()),
                **{name: round(value, 3) for name, value in zip(EMOTION_NAMES, means, strict=True)},
            }
        )
    return rows


_WRITERS = {".csv": _write_csv, ".xlsx": _write_xlsx, ".jsonl": _write_jsonl, ".parquet": _write_parquet}
