"""Word (.docx): a zip of XML. The body is walked here, in order, because what matters is not in a paragraph's plain text.

Paragraphs and table cells become lines for the plain-text reader. Tracked insertions count, deletions do not; automatic
numbers are printed; soft breaks are new lines; headers, footers, text boxes and notes are left out.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element

from juqing.errors import FormatError
from juqing.reading import limits
from juqing.reading._xml import local, parse_xml
from juqing.reading.chinese import ACTION_MARKS
from juqing.reading.cues import looks_like_name
from juqing.reading.headings import PART, parse_heading
from juqing.reading.sheet import columns_of

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_STRICT_W = "{http://purl.oclc.org/ooxml/wordprocessingml/main}"
_SKIPPED = frozenset(
    "del moveFrom txbxContent drawing pict object instrText delText footnoteReference Fallback rPr pPr sectPr rt sdtPr".split()
)
_REFERENCE = re.compile("\ue010([0-9]+)\ue011")  # where a comment hangs, while the text is put together
_MAX_CAST_CELL = 20
_MAX_NUMBER = 40  # characters of a printed number
_CHINESE_DIGITS = "〇一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Document:
    """The printed lines of a document's body, and its margin comments, each with the line (from 1) that it is about."""

    lines: list[str]
    comments: list[tuple[int, str]]


def read_docx(data: bytes, path: Path | str | None = None) -> Document:
    """Read a Word document's body and comments.

    Raises:
        FormatError: The bytes are no zip, no Word document, damaged, or declare XML entities.
        LimitError: The container unpacks to more than `juqing.reading.limits` allow.
    """
    with open_archive(data, "a Word document (.docx)", path) as archive:
        names = set(archive.namelist())
        main = next((name for name in ("word/document.xml", "word/document2.xml") if name in names), None)
        main = main or next((n for n in sorted(names) if re.fullmatch(r"word/document\d*\.xml", n)), None)
        if main is None:
            raise FormatError(
                "the zip container has no word/document.xml, so it is no Word document.",
                "Save the script again as .docx.",
                path=path,
            )
        body = parse_xml(read_member(archive, main, path), "word/document.xml", path)
        numbering = _Numbering(
            *(
                parse_xml(read_member(archive, name, path), name, path) if name in names else None
                for name in ("word/numbering.xml", "word/styles.xml")
            )
        )
        remarks = (
            parse_xml(read_member(archive, "word/comments.xml", path), "word/comments.xml", path)
            if "word/comments.xml" in names
            else None
        )
    told = (
        {_value(c, "id") or "": "".join(_runs(c)).strip() for c in remarks if local(c) == "comment"}
        if remarks is not None
        else {}
    )
    lines: list[str] = []
    comments: list[tuple[int, str]] = []
    n_characters = 0
    try:
        for block in _blocks(body, numbering):
            for reference in _REFERENCE.findall(block):
                if comment := told.pop(reference, ""):
                    comments.append((len(lines) + 1, comment))
            text = _REFERENCE.sub("", block)
            lines += text.split("\n")
            n_characters += len(text)
            limits.check(
                "MAX_LINE_CHARACTERS",
                len(text),
                limits.MAX_LINE_CHARACTERS,
                "the length of a paragraph",
                path=path,
                line=len(lines),
            )
            limits.check("MAX_LINES", len(lines), limits.MAX_LINES, "the number of lines", path=path)
            limits.check(
                "MAX_SCRIPT_BYTES", n_characters, limits.MAX_SCRIPT_BYTES, "the number of characters", path=path
            )
        return Document(lines, comments)
    except RecursionError:
        raise FormatError("its tables are nested too deeply.", "Save the script as plain text.", path=path) from None


def open_archive(data: bytes, what: str, path: Path | str | None) -> zipfile.ZipFile:
    """Open a zip container after a look at what it would unpack to; nothing is ever extracted to disk."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError):
        raise FormatError(
            f"this is not {what}: the zip container is damaged or cut off.", "Save or copy it again.", path=path
        ) from None
    members = archive.infolist()
    if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
        raise FormatError(
            f"this is not {what}: its parts are packed in another way.", "Save it again from its program.", path=path
        )
    limits.check(
        "MAX_ARCHIVE_MEMBERS",
        len(members),
        limits.MAX_ARCHIVE_MEMBERS,
        "the number of files in the container",
        path=path,
    )
    unpacked = sum(member.file_size for member in members)
    limits.check(
        "MAX_ARCHIVE_BYTES", unpacked, limits.MAX_ARCHIVE_BYTES, "the unpacked size of the container", path=path
    )
    for member in members:
        if member.file_size > 2**20:
            ratio = member.file_size // max(member.compress_size, 1)
            limits.check(
                "MAX_ARCHIVE_RATIO",
                ratio,
                limits.MAX_ARCHIVE_RATIO,
                f"the compression of {member.filename!r}",
                path=path,
            )
    return archive


def read_member(archive: zipfile.ZipFile, name: str, path: Path | str | None) -> bytes:
    """A member's bytes, never more than `MAX_XML_BYTES`."""
    import zlib

    try:
        with archive.open(name) as member:
            data = member.read(limits.MAX_XML_BYTES + 1)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError):
        raise FormatError(
            f"{name!r} in the container is damaged, cut off or encrypted.",
            "Save the document again, without a password.",
            path=path,
        ) from None
    limits.check("MAX_XML_BYTES", len(data), limits.MAX_XML_BYTES, f"the unpacked size of {name!r}", path=path)
    return data


def read_highland(data: bytes, path: Path | str | None = None) -> bytes:
    """The Fountain text in a Highland document, a zip that holds a TextBundle.

    Raises:
        FormatError: The bytes are no zip, or no text is in it.
        LimitError: The container unpacks to more than `juqing.reading.limits` allow.
    """
    with open_archive(data, "a Highland document (.highland)", path) as archive:
        texts = sorted(
            (name for name in archive.namelist() if name.lower().endswith((".fountain", ".md", ".txt", ".markdown"))),
            key=lambda name: (not name.lower().rpartition("/")[2].startswith("text."), name),
        )
        if not texts:
            raise FormatError("the zip container holds no text.", "Export it as .fountain from Highland.", path=path)
        return read_member(archive, texts[0], path)


def _value(element: Element | None, name: str = "val") -> str | None:
    if element is None:
        return None
    return element.get(_W + name) or element.get(_STRICT_W + name)


def _child(element: Element | None, *names: str) -> Element | None:
    for name in names:
        element = next((child for child in element if local(child) == name), None) if element is not None else None
    return element


def _blocks(parent: Element, numbering: _Numbering) -> Iterator[str]:
    """The text of every paragraph, tables cell by cell, in document order; tables of contents are left out."""
    for child in parent:
        name = local(child)
        if name == "p":
            if not numbering.style(child).upper().startswith("TOC"):
                yield numbering.label(child) + "".join(_runs(child))
        elif name == "tbl":
            yield from _table(list(_rows(child, numbering)))
        elif name not in _SKIPPED and not _is_contents(child):
            yield from _blocks(child, numbering)


def _rows(parent: Element, numbering: _Numbering) -> Iterator[list[list[str]]]:
    """The rows of a table, each a list of cells, each a list of paragraphs."""
    for child in parent:
        if local(child) == "tr":
            yield list(_cells(child, numbering))
        elif local(child) not in _SKIPPED:
            yield from _rows(child, numbering)


def _cells(parent: Element, numbering: _Numbering) -> Iterator[list[str]]:
    for child in parent:
        if local(child) == "tc":
            yield list(_blocks(child, numbering))
        elif local(child) not in _SKIPPED:
            yield from _cells(child, numbering)


def _table(rows: list[list[list[str]]]) -> Iterator[str]:
    """A table as lines; one whose first row names columns for speaker and text as the script that it tells row by row."""
    columns = columns_of([" ".join(cell) for cell in rows[0]]) if rows else {}
    if not columns:
        for row in rows:
            yield from _row([paragraph for cell in row for paragraph in cell])
        return
    part = scene = ""
    for row in rows[1:]:
        told = {kind: " ".join(" ".join(row[k]).split()) for kind, k in columns.items() if k < len(row)}
        if told.get("part") and told["part"] != part:
            part, scene = told["part"], ""
            yield part if PART.match(part) else f"第{part}集"
        if (here := told.get("scene", "")) and here != scene:
            scene = here
            is_heading = (heading := parse_heading(here)) is not None and heading.sure
            yield here if is_heading else f"第{here}场" if here.isdecimal() else f"场景：{here}"
        speaker, text = told.get("speaker", ""), told.get("text", "")
        mood = f"（{told['mood']}）" if told.get("mood") else ""
        if speaker:
            yield f"{speaker}{mood}：{text}"
        elif text:
            yield text


def _row(cells: list[str]) -> list[str]:
    """A row of a name and a speech is a cue, one of short cells a row of a cast list; others are taken cell by cell."""
    if len(cells) == 2 and looks_like_name(cells[0].strip()) and cells[1].strip() and "：" not in cells[0]:
        return [f"{cells[0].strip()}：{cells[1].strip()}"]
    if len(cells) > 2 and looks_like_name(cells[0].strip()) and max(map(len, cells)) <= _MAX_CAST_CELL:
        return ["　　".join(cell.strip() for cell in cells)]
    return cells


def _is_contents(element: Element) -> bool:
    gallery = _child(element, "sdtPr", "docPartObj", "docPartGallery")
    return local(element) == "sdt" and (_value(gallery) or "").lower() == "table of contents"


def _runs(parent: Element) -> Iterator[str]:
    for child in parent:
        name = local(child)
        if name == "t":
            yield (child.text or "").replace("\n", " ").replace("\ue010", "")
        elif name in ("br", "cr"):
            yield "\n"
        elif name == "tab":
            yield "  "
        elif name == "noBreakHyphen":
            yield "-"
        elif name == "commentReference" and (_value(child, "id") or "").isdecimal():
            yield f"\ue010{_value(child, 'id')}\ue011"
        elif name not in _SKIPPED and not (name == "r" and _child(child, "rPr", "vanish") is not None):
            yield from _runs(child)


@dataclass(frozen=True, slots=True)
class _Level:
    """One level of a list: how numbers are written (`decimal`), the pattern around them (`第%1场`), the first number."""

    form: str
    text: str
    start: int


class _Numbering:
    """Automatic numbers as they are printed: Word keeps only references to lists in the paragraphs."""

    def __init__(self, numbering: Element | None, styles: Element | None):
        abstract: dict[str, dict[int, _Level]] = {}
        self.levels: dict[str, dict[int, _Level]] = {}
        self.restarts: dict[str, dict[int, int]] = {}  # of a list that starts anew: level and first number
        self.counters: dict[str, dict[int, int]] = defaultdict(dict)
        self.lists: dict[str, str] = {}
        self.styles: dict[str, tuple[str, str | None, str | None]] = {}  # style: what it is based on, list, level
        for item in numbering if numbering is not None else ():
            if local(item) == "abstractNum":
                abstract[_value(item, "abstractNumId") or ""] = _levels(item)
        for item in numbering if numbering is not None else ():
            if local(item) == "num":
                key, reference = _value(item, "numId") or "", _value(_child(item, "abstractNumId")) or ""
                overrides = [override for override in item if local(override) == "lvlOverride"]
                own = {depth: level for override in overrides for depth, level in _levels(override).items()}
                self.levels[key], self.lists[key] = abstract.get(reference, {}) | own, reference
                self.restarts[key] = {
                    _integer(_value(override, "ilvl")): _integer(_value(start))
                    for override in overrides
                    if (start := _child(override, "startOverride")) is not None
                }
        for style in styles if styles is not None else ():
            if local(style) == "style":
                number = _child(style, "pPr", "numPr")
                self.styles[_value(style, "styleId") or ""] = (
                    _value(_child(style, "basedOn")) or "",
                    _value(_child(number, "numId")),
                    _value(_child(number, "ilvl")),
                )

    def style(self, paragraph: Element) -> str:
        """The style of a paragraph."""
        return _value(_child(paragraph, "pPr", "pStyle")) or ""

    def _of_style(self, style: str) -> tuple[str | None, str | None]:
        """List and level of a style or of what it is based on."""
        for _ in range(10):
            if style not in self.styles:
                break
            style, num_id, level = self.styles[style]
            if num_id is not None:
                return num_id, level
        return None, None

    def label(self, paragraph: Element) -> str:
        """The printed number of a paragraph and a space, or nothing."""
        number = _child(paragraph, "pPr", "numPr")
        num_id, level = _value(_child(number, "numId")), _value(_child(number, "ilvl"))
        if num_id is None:
            num_id, by_style = self._of_style(self.style(paragraph))
            level = level or by_style
        levels, depth = self.levels.get(num_id or ""), _integer(level)
        if not num_id or not levels or depth not in levels or num_id == "0":
            return ""
        counters = self.counters[self.lists[num_id]]
        restart = self.restarts[num_id].pop(depth, None)
        counters[depth] = restart if restart is not None else counters.get(depth, levels[depth].start - 1) + 1
        for deeper in [other for other in counters if other > depth]:
            del counters[deeper]
        if levels[depth].form in ("bullet", "none"):
            return levels[depth].text if levels[depth].text in ACTION_MARKS else ""

        def printed(mark: re.Match[str]) -> str:
            k = int(mark[1]) - 1
            return _number(counters.get(k, 1), levels[k].form if k in levels else "decimal")

        label = re.sub(r"%([1-9])", printed, levels[depth].text)
        return label + ("" if label.endswith(("、", ".", "．")) else " ")


def _levels(parent: Element) -> dict[int, _Level]:
    return {
        _integer(_value(level, "ilvl")): _Level(
            _value(_child(level, "numFmt")) or "decimal",
            (_value(_child(level, "lvlText")) or "")[:_MAX_NUMBER],
            _integer(_value(_child(level, "start")), 1),
        )
        for level in parent
        if local(level) == "lvl"
    }


def _integer(text: str | None, default: int = 0) -> int:
    return int(text) if text is not None and re.fullmatch(r"\d{1,6}", text) else default


def _number(value: int, form: str) -> str:
    if form in (
        "chineseCounting",
        "chineseCountingThousand",
        "ideographTraditional",
        "japaneseCounting",
        "taiwaneseCounting",
    ):
        return _chinese_number(value)
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (value - 1) % 26)
        return letter.upper() if form == "upperLetter" else letter
    return f"{value:02d}" if form == "decimalZero" else str(value)


def _chinese_number(value: int) -> str:
    """一, 十二, 一百〇三: numbers below 1,000 as they are counted."""
    if value >= 1000:
        return str(value)
    hundreds, rest = divmod(value, 100)
    tens, ones = divmod(rest, 10)
    text = f"{_CHINESE_DIGITS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else _CHINESE_DIGITS[tens]) + "十"
    elif hundreds and ones:
        text += "零"
    return text + (_CHINESE_DIGITS[ones] if ones else "")
