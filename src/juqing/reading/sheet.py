"""Tables with one line of the script a row (.csv, .xlsx, .tsv with named columns): scene, speaker, text.

Columns are found by their names, Chinese or English, in any order; others are left alone. A row without a speaker is an
action, or what its text says it is (`字幕：…`). A change of the scene column opens a scene.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

from juqing.errors import FormatError, LimitError
from juqing.reading import limits
from juqing.reading.builder import ScriptBuilder
from juqing.reading.chinese import special_kind
from juqing.reading.cues import Names, names_of_cues, parse_cue, read_name, read_parentheticals
from juqing.reading.headings import parse_heading
from juqing.script import Span

_COLUMNS = {
    "scene": "scene scene_number heading 场 场次 场景 場次 場景 场号 场次号".split(),
    "speaker": "speaker character name role who 人物 角色 说话人 說話人 说话者 姓名 名字 发言人 发言者".split(),
    "text": "text line dialogue dialog speech content lines 台词 臺詞 内容 內容 对白 對白 文本".split(),
    "mood": "parenthetical mood direction 情绪 情緒 提示 语气 動作 动作 备注".split(),
    "part": "episode act part 集 集数 幕".split(),
}
_GENERIC = re.compile(r"(?<=.)(?:名称|名字?|内容|內容|文本|_(?:name|text))$")  # 角色名, Dialogue Text
_MAX_HEAD_ROWS = 20  # a title and the like above the names of the columns


def columns_of(header: Sequence[str]) -> dict[str, int]:
    """Which column of a header is what; empty where it names no speaker or no text."""
    found: dict[str, int] = {}
    for shorten in (False, True):
        for k, printed in enumerate(header):
            name = printed.strip("\ufeff \t　").lower().replace(" ", "_")
            name = _GENERIC.sub("", name) if shorten else name
            kind = next((kind for kind, known in _COLUMNS.items() if name in known), None)
            if kind is not None and k not in found.values():
                found.setdefault(kind, k)
    return found if {"speaker", "text"} <= found.keys() else {}


def read_csv(lines: list[str], builder: ScriptBuilder, path: Path | str | None = None) -> None:
    """Read a table in text whose fields are separated by commas, semicolons or tabs, with quotes where needed.

    Raises:
        FormatError: The first line names no columns, or a quote is never closed.
    """
    first = next((line for line in lines if line.strip()), "")
    separator = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO("\n".join(lines) + "\n"), delimiter=separator, strict=True)
    rows: list[tuple[int, int, list[str]]] = []
    before = 0
    previous_limit = csv.field_size_limit(limits.MAX_LINE_CHARACTERS)
    try:
        for row in reader:
            rows.append((before + 1, reader.line_num, row))
            before = reader.line_num
    except csv.Error as error:
        raise FormatError(
            f"the table cannot be read ({error}).",
            "Quotes inside a field are doubled; save the table again from its program.",
            path=path,
            line=max(reader.line_num, 1),
        ) from None
    finally:
        csv.field_size_limit(previous_limit)
    _read_rows(rows, builder, path)


def read_xlsx(data: bytes, builder: ScriptBuilder, path: Path | str | None = None) -> int:
    """Read the first sheet of an Excel workbook that has the columns; the number of its rows.

    Raises:
        FormatError: It is no workbook, is damaged, or no sheet names the columns.
        LimitError: It unpacks to more than `juqing.reading.limits` allow.
    """
    from juqing.reading.docx import open_archive

    open_archive(data, "an Excel workbook (.xlsx)", path).close()
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheets = []
        for sheet in book.worksheets:
            rows: list[tuple[int, int, list[str]]] = []
            for k, row in enumerate(sheet.iter_rows(values_only=True), start=1):
                limits.check("MAX_LINES", k, limits.MAX_LINES, "the number of rows", path=path)
                rows.append((k, k, ["" if value is None else str(value) for value in row[: limits.MAX_COLUMNS]]))
            sheets.append(rows)
            if _header(rows) is not None:
                break
    except LimitError:
        raise
    except Exception as error:  # whatever a damaged workbook makes the library raise
        raise FormatError(
            f"the workbook cannot be read ({type(error).__name__}).", "Save it again as .xlsx, or as .csv.", path=path
        ) from None
    rows = sheets[-1] if sheets else []
    for first, _, row in rows:
        longest = max(map(len, row), default=0)
        limits.check(
            "MAX_LINE_CHARACTERS", longest, limits.MAX_LINE_CHARACTERS, "the length of a cell", path=path, line=first
        )
    _read_rows(rows, builder, path)
    return len(rows)


def _header(rows: Sequence[tuple[int, int, list[str]]]) -> int | None:
    """Which of the first rows names the columns."""
    return next((k for k, (_, _, row) in enumerate(rows[:_MAX_HEAD_ROWS]) if columns_of(row)), None)


def _read_rows(rows: list[tuple[int, int, list[str]]], builder: ScriptBuilder, path: Path | str | None) -> None:
    header = _header(rows)
    if header is None:
        k = next((k for k, (_, _, row) in enumerate(rows) if any(field.strip() for field in row)), None)
        named = ", ".join(repr(name[:30]) for name in rows[k][2][:12]) if k is not None else "nothing"
        raise FormatError(
            f"the table names no columns for speaker and text; its first row is {named}.",
            "Name the columns in the first row: scene, speaker, text (场次, 人物, 台词).",
            path=path,
            line=rows[k][0] if k is not None else 1,
        )
    columns = columns_of(rows[header][2])

    def field(row: list[str], kind: str) -> str:
        k = columns.get(kind, len(row))
        return " ".join(row[k].split()) if k < len(row) else ""

    names = names_of_cues(field(row, "speaker") for _, _, row in rows[header + 1 :])
    for first, last, row in rows[:header]:
        text = " ".join(" ".join(row).split())
        builder.note("front" if text else "blank", text, Span(first, last, 0, 0))
    builder.note("label", ", ".join(rows[header][2]), Span(rows[header][0], rows[header][1], 0, 0))
    scene: str | None = None
    for first, last, row in rows[header + 1 :]:
        span = Span(first, last, 0, 0)
        speaker, text, mood = field(row, "speaker"), field(row, "text"), field(row, "mood")
        if (part := field(row, "part")) and part != builder.part:
            builder.part, scene = part, None
        if (here := field(row, "scene")) and here != scene:
            scene = here
            _open_scene(here, builder)
        if not (speaker or text):
            builder.note("blank", "", span)
        elif speaker:
            _, moods, delivery = read_name(speaker)
            told, by_mood = read_parentheticals([mood])
            builder.speech(
                read_name(speaker)[0] or speaker[: limits.MAX_NAME_CHARACTERS],
                names,
                [text],
                (*moods, *told),
                delivery if delivery != "on" else by_mood,
                f"{speaker}：{text}" if text else speaker,
                span,
            )
        else:
            _add(text, names, span, builder)


def _open_scene(printed: str, builder: ScriptBuilder) -> None:
    told = parse_heading(printed)
    if told is not None and (told.interior or told.time or told.place):
        fields = {key: getattr(told, key) for key in ("number", "interior", "place", "time", "flag")}
        builder.scene(printed, None, printed_cast=told.cast, **fields)
    elif len(printed) <= 8 and any(c.isdigit() for c in printed):
        builder.scene("", None, number=told.number if told is not None and told.number else printed)
    else:
        builder.scene(printed, None, place=printed)


def _add(text: str, names: Names, span: Span, builder: ScriptBuilder) -> None:
    if (special := special_kind(text, names)) is not None:
        builder.line(special.kind, special.text, text, span, parentheticals=special.parentheticals)
    elif (cue := parse_cue(text, names)) is not None and cue.confidence == 1:
        builder.cue(cue, text, span)
    else:
        builder.line("action", text, text, span)
