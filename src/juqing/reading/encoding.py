"""Bytes to text: byte-order mark, strict UTF-8, UTF-16 by its zero bytes, then GB18030 or Big5 by plausibility.

GBK read as Big5 (and the reverse) often decodes without an error into plausible rubbish, so both are decoded and the one
with more everyday characters wins.
"""

from __future__ import annotations

import codecs
import re
from functools import cache
from pathlib import Path

from juqing.errors import FormatError

LINE_BREAK = re.compile(r"\r\n|[\n\r\v\f\x85\u2028\u2029]")

_MARKS = (  # the longer mark first: UTF-32's begins like UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FOREIGN = re.compile(r"[^\x00-\x7f]+")
_SAMPLE = 200_000
_PLAUSIBLE = 0.7
_CHINESE = ("gb18030", "big5", "cp950")


def decode(data: bytes, *, path: Path | str | None = None, encoding: str | None = None) -> str:
    """Decode a script's bytes.

    Args:
        data: The file's bytes.
        path: For messages.
        encoding: Use this one and do not guess.

    Raises:
        FormatError: The bytes are no text, not in `encoding`, or in none that can be told.
    """
    if encoding is not None:
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except LookupError:
            raise FormatError(
                f"there is no encoding called {encoding!r}.", "Use for example utf-8, gb18030, big5, utf-16.", path=path
            ) from None
        except UnicodeError as error:
            at = error.start if isinstance(error, UnicodeDecodeError) else 0
            raise FormatError(
                f"byte {at} is not {encoding}.",
                "Leave the encoding out to have it detected.",
                path=path,
                line=data.count(b"\n", 0, at) + 1,
            ) from None
    for mark, name in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(name)
            except UnicodeDecodeError as error:
                raise FormatError(
                    f"the byte-order mark says {name}, but byte {error.start} is not.",
                    "Save the file again as UTF-8.",
                    path=path,
                ) from None
    try:
        text = data.decode("utf-8")
        if "\0" not in text:
            return text
    except UnicodeDecodeError:
        text = None
    if b"\0" in data:
        other = _utf16(data)
    else:
        chinese = _best(data, _CHINESE)
        other = chinese[0] if chinese else _others(data)
    if other:
        return other
    if text is not None and text.count("\0") < len(text) // 10:
        return text  # UTF-8 with a few stray zero bytes
    raise FormatError(
        "this is not text in UTF-8, UTF-16, GB18030 or Big5.",
        "If it is a script in another encoding, name it with --encoding; if it is another kind of file, export it as text.",
        path=path,
    )


def chinese_encoding(data: bytes) -> str | None:
    """`gb18030`, or `cp950`, which reads all that is Big5 and some more; None where the bytes read as neither."""
    found = _best(data, _CHINESE)
    return found and ("gb18030" if found[1] == "gb18030" else "cp950")


def split_lines(text: str) -> list[str]:
    """Split at CRLF, LF, CR, form feed, U+2028 and the like; a last empty piece is no line."""
    lines = LINE_BREAK.split(text)
    if lines[-1] == "":
        lines.pop()
    return lines


@cache
def _everyday() -> frozenset[str]:
    """The 3,755 first-level characters of GB 2312, the 5,401 of Big5, and Chinese punctuation."""
    gb = bytes(b for row in range(0xB0, 0xD8) for cell in range(0xA1, 0xFF) for b in (row, cell))
    big5_cells = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    big5 = bytes(b for row in range(0xA4, 0xC7) for cell in big5_cells for b in (row, cell))
    marks = "，。！？：；、（）【】《》〈〉“”‘’—…　．·「」『』△▲▽〔〕～"
    return frozenset(gb.decode("gb2312", "ignore") + big5.decode("big5", "ignore") + marks)


def _plausibility(text: str) -> float:
    """The share of everyday characters among those that are not ASCII; 0 with private-use or control characters."""
    sample = "".join(_FOREIGN.findall(text))[:_SAMPLE]
    if not sample:
        return 1.0
    if any("\ue000" <= c <= "\uf8ff" or c == "\ufffd" or "\x80" <= c <= "\x9f" for c in sample):
        return 0.0
    everyday = _everyday()
    return sum(c in everyday for c in sample) / len(sample)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _best(data: bytes, encodings: tuple[str, ...]) -> tuple[str, str] | None:
    """The most plausible text, with its encoding."""
    texts = [(text, encoding) for encoding in encodings if (text := _decoded(data, encoding)) is not None]
    best = max(texts, key=lambda each: _plausibility(each[0]), default=None)
    return best if best is not None and _plausibility(best[0]) >= _PLAUSIBLE else None


def _utf16(data: bytes) -> str | None:
    text, _ = _best(data, ("utf-16-le", "utf-16-be")) or (None, None)
    if text is None or sum(c < " " and c not in "\t\r\n\v\f" for c in text[:_SAMPLE]) > len(text[:_SAMPLE]) // 100:
        return None
    return text


def _others(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    best = from_bytes(data[:_SAMPLE]).best()
    if best is None:
        return None
    text = _decoded(data, best.encoding)
    controls = sum(c < " " and c not in "\t\r\n\v\f" for c in text[:_SAMPLE]) if text else 0
    return text if text and controls <= len(text) // 100 else None
