"""Paths to scripts: which reader a file needs, and what is refused before any reader sees it."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from juqing.errors import FormatError, ScriptError, reason_of
from juqing.reading import limits
from juqing.reading.aliases import merge_aliases
from juqing.reading.builder import ScriptBuilder
from juqing.reading.chinese import read_chinese
from juqing.reading.docx import read_docx, read_highland
from juqing.reading.encoding import decode, split_lines
from juqing.reading.english import looks_indented, looks_like_play, read_english
from juqing.reading.fountain import read_fountain
from juqing.reading.sheet import columns_of, read_csv, read_xlsx
from juqing.reading.table import LabeledScript, read_table
from juqing.script import Script, Span

TEXT_SUFFIXES = (".txt", ".text", ".md", ".markdown")
SUFFIXES = (*TEXT_SUFFIXES, ".docx", ".fountain", ".spmd", ".highland", ".fdx", ".tsv", ".csv", ".xlsx", ".json")
"""What can be read."""

_ZIP = b"PK\x03\x04"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode(
    "utf-16-le"
)  # the stream that [MS-OFFCRYPTO] puts a .docx or .xlsx with a password into
_ENGLISH_SLUG = re.compile(r"^\s*(?:INT|EXT|INT\.?/EXT|EXT\.?/INT|I/E)[. ]", re.M)
_REFUSED = {
    ".doc": ("an old binary Word document (.doc)", "Open it in Word or WPS and save it as .docx."),
    ".wps": ("a WPS document", "Open it in WPS and save it as .docx."),
    ".pdf": (
        "a PDF",
        "Export the script as .docx, .fountain, .fdx or plain text from the program that it was written in.",
    ),
    ".rtf": ("an RTF document", "Open it in Word or WPS and save it as .docx."),
    ".srt": ("a subtitle file, which does not say who speaks", "Give the screenplay itself."),
    ".ass": ("a subtitle file, which does not say who speaks", "Give the screenplay itself."),
    ".xls": ("an old binary Excel workbook (.xls)", "Save it as .xlsx or .csv."),
    ".fadein": ("a Fade In document", "Export it as .fountain or .fdx from Fade In."),
}
_TABLES = (".csv", ".xlsx", ".json", ".xls")
_IN_FOLDERS = tuple(suffix for suffix in (*SUFFIXES, *_REFUSED) if suffix not in _TABLES)
"""Tables lie in folders for many reasons; they are read where they are named."""
_MIN_CLASSICAL = 5
_MAX_CLASSICAL_GAP = 200  # characters to a tag
_CLASSICAL = re.compile("(?:云|唱|科|白|念|诗云|詩云|带云|帶云)[〕）)\\]］]")
_SUBTITLE = re.compile(r"^\s*1\s*\n\d{2}:\d{2}:\d{2}[,.]\d{3} --> ")


def read_script(
    path: Path | str,
    *,
    encoding: str | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
    pronouns: bool = True,
) -> Script:
    """Read one screenplay of any format that `SUFFIXES` names; of a table, the one script that it holds.

    Args:
        path: The file.
        encoding: Of a text file; detected where None.
        aliases: Names to merge: `{"李明": ["小明", "李总"]}` (`juqing.reading.aliases.read_aliases` reads a file of them).
        pronouns: Resolve 他, 她, 两人, ... in actions to characters, where that is safe.

    Raises:
        ScriptError: The file cannot be read; the message names the file, the line, the finding and the remedy.
    """
    return _only(read_scripts(path, encoding=encoding, aliases=aliases, pronouns=pronouns), path)


def _only(scripts: list[Script], path: Path | str) -> Script:
    if len(scripts) > 1:
        raise FormatError(
            f"the table holds {len(scripts)} scripts.",
            "One script was asked for: read_scripts in Python, or juqing read without --json, give all of them.",
            path=path,
        )
    return scripts[0]


def read_scripts(
    path: Path | str,
    *,
    encoding: str | None = None,
    aliases: Mapping[str, Sequence[str]] | None = None,
    pronouns: bool = True,
) -> list[Script]:
    """Read all screenplays of a file; only tables hold more than one. Arguments and errors as for `read_script`."""
    path = Path(path)
    suffix = path.suffix.lower()
    is_large = suffix in (".tsv", ".json")
    data = _read_bytes(
        path,
        limits.MAX_TABLE_BYTES if is_large else limits.MAX_SCRIPT_BYTES,
        "MAX_TABLE_BYTES" if is_large else "MAX_SCRIPT_BYTES",
    )
    try:
        if suffix == ".tsv" and not _is_sheet(data, path, encoding):
            scripts = [labeled.script for labeled in _read_labeled(path, data, encoding)]
        else:
            scripts = [_read_script(path, data, encoding, pronouns)]
    except ScriptError as error:
        error.path = error.path or path
        raise
    if aliases:
        scripts = [merge_aliases(script, aliases, pronouns=pronouns) for script in scripts]
    return scripts


def read_bytes(data: bytes, name: str, *, encoding: str | None = None, pronouns: bool = True) -> Script:
    """`read_script` for a file that is not on disk: its bytes, and its name, whose suffix tells the format."""
    path = Path(name)
    limits.check("MAX_SCRIPT_BYTES", len(data), limits.MAX_SCRIPT_BYTES, "the size in bytes", path=path)
    _check_not_empty(data, path)
    try:
        if path.suffix.lower() == ".tsv" and not _is_sheet(data, path, encoding):
            return _only([labeled.script for labeled in _read_labeled(path, data, encoding)], path)
        return _read_script(path, data, encoding, pronouns)
    except ScriptError as error:
        error.path = error.path or path
        raise


def read_labeled(path: Path | str, *, encoding: str | None = None) -> list[LabeledScript]:
    """Read a table of scripts with whatever labels it has. Arguments and errors as for `read_script`, and `LabelError`."""
    path = Path(path)
    data = _read_bytes(path, limits.MAX_TABLE_BYTES, "MAX_TABLE_BYTES")
    try:
        return _read_labeled(path, data, encoding)
    except ScriptError as error:
        error.path = error.path or path
        raise


def _read_labeled(path: Path, data: bytes, encoding: str | None) -> list[LabeledScript]:
    if data.startswith((_ZIP, _OLE, b"%PDF")):
        raise FormatError(
            "this is a document, not a table of tab-separated text.",
            "A table has the columns id, content, character; to score a script: juqing analyze.",
            path=path,
        )
    lines = _lines(decode(data, path=path, encoding=encoding), path)
    return read_table(lines, path=path, sha256=hashlib.sha256(data).hexdigest())


def _is_sheet(data: bytes, path: Path, encoding: str | None) -> bool:
    """Whether a .tsv is no table of the competition, but has columns for speaker and text."""
    header = decode(data, path=path, encoding=encoding).lstrip("\ufeff\r\n ").split("\n", 1)[0].strip("\r").split("\t")
    return "id" not in header and bool(columns_of(header))


def read_text(text: str, *, fountain: bool | None = None, source_name: str = "", pronouns: bool = True) -> Script:
    """Read a screenplay from a string, as Fountain where `fountain` says so or the text looks like it.

    Any text within `juqing.reading.limits` is read without an exception.
    """
    lines = _lines(text, None)
    if fountain is None:
        builder = _read_plain(text, lines, "text")
    else:
        builder = ScriptBuilder("fountain" if fountain else "text")
        (read_fountain if fountain else read_chinese)(lines, builder)
    return builder.build(
        source_name=source_name,
        source_sha256=hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(),
        n_source_lines=len(lines),
        pronouns=pronouns,
    )


def _read_plain(text: str, lines: list[str], format: str, *, markdown: bool = False) -> ScriptBuilder:
    """Read text without a telling suffix by what it looks like: English by columns, Fountain, an English play, Chinese."""
    if looks_like_fountain(text) and not looks_indented(text):
        builder = ScriptBuilder("fountain" if format == "text" else format)
        read_fountain(lines, builder)
    elif looks_like_fountain(text) or looks_like_play(text):
        builder = ScriptBuilder(format)
        read_english(lines, builder)
    else:
        builder = ScriptBuilder(format)
        read_chinese(lines, builder, markdown=markdown)
    return builder


def looks_like_fountain(text: str) -> bool:
    """Whether a text without a telling suffix has English scene headings, and hardly any Han characters."""
    sample = text[:50_000]
    han = len(re.findall("[一-鿿]", sample))
    return 20 * han < len(sample) and _ENGLISH_SLUG.search(sample) is not None


def find_scripts(paths: Iterable[Path | str]) -> list[Path]:
    """The files that paths name: files as they are, folders searched for script suffixes, sorted, hidden ones and READMEs left out.

    Raises:
        ScriptError: A folder holds no script.
    """
    found: list[Path] = []
    for path in map(Path, paths):
        if not path.is_dir():
            found.append(path)
            continue
        inside = sorted(
            Path(folder) / name
            for folder, folders, names in os.walk(path, onerror=_raise_unreadable)
            for name in names
            if Path(name).suffix.lower() in _IN_FOLDERS and not name.startswith((".", "~$", "README."))
            if not any(part.startswith(".") for part in (Path(folder) / name).relative_to(path).parts)
        )
        if not inside:
            raise ScriptError(
                "the folder holds no script.",
                f"Scripts end in {', '.join(suffix for suffix in _IN_FOLDERS if suffix in SUFFIXES)}; name tables one by one.",
                path=path,
            )
        found += inside
    return list(dict.fromkeys(found))


def text_sources(paths: Sequence[Path]) -> list[Path | list[str]]:
    """What a corpus is made of: text files stay files, scripts that are no text become their lines, of all scripts of a table."""
    from juqing.text.corpus import TEXT_SUFFIXES, find_texts  # most that read scripts need no corpus

    scripts = tuple(suffix for suffix in SUFFIXES if suffix not in TEXT_SUFFIXES)
    sources: list[Path | list[str]] = []
    for path in paths:
        if path.is_dir():
            found = find_texts(path)
            try:
                found += [each for each in find_scripts([path]) if each.suffix.lower() in scripts]
            except ScriptError:
                if not found:
                    raise
        else:
            found = [path]
        for each in sorted(found):
            is_script = each.suffix.lower() in scripts
            sources.append([line.text for script in read_scripts(each) for line in script.lines] if is_script else each)
    return sources


def _raise_unreadable(error: OSError) -> None:
    raise ScriptError("the folder cannot be opened: permission denied.", "Allow reading it.", path=error.filename)


def read_file(path: Path) -> bytes:
    """The bytes of a script, for `read_bytes`.

    Raises:
        ScriptError: There is no such file, or it cannot be read, is empty or too large.
    """
    return _read_bytes(path, limits.MAX_SCRIPT_BYTES, "MAX_SCRIPT_BYTES")


def _read_bytes(path: Path, limit: int, limit_name: str) -> bytes:
    try:
        if path.is_dir():
            raise ScriptError("this is a folder, not a file.", "Name a script in it.", path=path)
        if not path.is_file():
            what = "there is no such file." if not path.exists() else "this is not an ordinary file."
            raise ScriptError(what, "Check the path.", path=path)
        limits.check(limit_name, path.stat().st_size, limit, "the size in bytes", path=path)
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, ValueError) as error:
        raise ScriptError(
            f"the file cannot be read: {reason_of(error)}.", "Check the path and its permissions.", path=path
        ) from None
    limits.check(limit_name, len(data), limit, "the size in bytes", path=path)
    _check_not_empty(data, path)
    return data


def _check_not_empty(data: bytes, path: Path) -> None:
    if not data.strip(b"\0 \t\r\n\xef\xbb\xbf\xff\xfe"):
        raise ScriptError("the file is empty.", "Check that it was saved or copied completely.", path=path)


def _lines(text: str, path: Path | None) -> list[str]:
    lines = split_lines(text)
    limits.check("MAX_LINES", len(lines), limits.MAX_LINES, "the number of lines", path=path)
    longest = max(range(len(lines)), key=lambda i: len(lines[i]), default=None)
    if longest is not None:
        limits.check(
            "MAX_LINE_CHARACTERS",
            len(lines[longest]),
            limits.MAX_LINE_CHARACTERS,
            "the length of the line",
            path=path,
            line=longest + 1,
        )
    return lines


def _read_script(path: Path, data: bytes, encoding: str | None, pronouns: bool) -> Script:
    suffix = path.suffix.lower()
    if data.startswith(_OLE) and _ENCRYPTED in data:
        raise FormatError(
            "the document has a password: it cannot be read.", "Save the document again, without a password.", path=path
        )
    if data.startswith(_OLE):
        suffix = ".xls" if suffix in (".xls", ".xlsx") else ".doc"
    elif data.startswith(b"%PDF"):
        suffix = ".pdf"
    elif data.startswith(b"{\\rtf"):
        suffix = ".rtf"
    elif data.startswith(_ZIP) and suffix in TEXT_SUFFIXES:
        suffix = ".docx"
    if suffix in _REFUSED:
        what, remedy = _REFUSED[suffix]
        raise FormatError(f"this is {what}: it cannot be read.", remedy, path=path)
    if suffix == ".json":
        return Script.from_json(data.removeprefix(b"\xef\xbb\xbf"))
    n_lines = 0
    if suffix == ".docx":
        document = read_docx(data, path)
        builder = _read_plain("\n".join(document.lines), document.lines, "docx")
        for line, comment in document.comments:
            builder.note("margin", comment, Span(line, line, 0, 0))
        n_lines = len(document.lines)
    elif suffix == ".xlsx":
        builder = ScriptBuilder("sheet")
        n_lines = read_xlsx(data, builder, path)
    elif suffix == ".fdx" or data.lstrip()[:200].startswith((b"<?xml", b"<FinalDraft")):
        from juqing.reading.fdx import read_fdx

        builder = ScriptBuilder("fdx")
        n_lines = read_fdx(data, builder, path)
    else:
        if suffix == ".highland":
            text = decode(read_highland(data, path), path=path)
        else:
            text = decode(data, path=path, encoding=encoding)
        lines = _lines(text, path)
        n_lines = len(lines)
        if suffix in (".csv", ".tsv"):
            builder = ScriptBuilder("sheet")
            read_csv(lines, builder, path)
        elif suffix in (".fountain", ".spmd", ".highland"):
            builder = ScriptBuilder("fountain")
            read_fountain(lines, builder)
        else:
            _refuse_text(text, path)
            builder = _read_plain(text, lines, "text", markdown=suffix in (".md", ".markdown"))
    if not builder.title:
        builder.title = path.stem
    digest = hashlib.sha256(data).hexdigest()
    return builder.build(source_name=str(path), source_sha256=digest, n_source_lines=n_lines, pronouns=pronouns)


def _refuse_text(text: str, path: Path) -> None:
    """Refuse subtitles, and classical drama, whose speeches run on in one paragraph."""
    if _SUBTITLE.match(text):
        what, remedy = _REFUSED[".srt"]
        raise FormatError(f"this is {what}: it cannot be read.", remedy, path=path)
    n_tags = len(_CLASSICAL.findall(text))
    if n_tags >= _MIN_CLASSICAL and n_tags * _MAX_CLASSICAL_GAP >= len(text):
        raise FormatError(
            f"this looks like a classical drama (杂剧 or 传奇): {n_tags} stage tags such as 云〕, 唱〕, 科〕 stand inside its paragraphs.",
            "Such texts are not read yet; put each speech on a line of its own as 名字：台词.",
            path=path,
        )
