"""What is still a screenplay: everything above is refused by name, before it costs time or memory."""

from __future__ import annotations

from pathlib import Path

from juqing.errors import LimitError

MAX_SCRIPT_BYTES = 16 * 2**20
"""A feature film is about 0.2 MB of text."""
MAX_TABLE_BYTES = 256 * 2**20
MAX_LINES = 500_000
MAX_LINE_CHARACTERS = 100_000
MAX_COLUMNS = 200
"""Of a sheet; columns beyond are not looked at."""
MAX_SCENES = 20_000
MAX_NAMES = 5_000
MAX_NAME_CHARACTERS = 100
"""A longer text in the place of a name is text."""
MAX_ARCHIVE_MEMBERS = 2_000
MAX_ARCHIVE_BYTES = 128 * 2**20
"""Of a zip container, unpacked."""
MAX_XML_BYTES = 32 * 2**20
"""Of one XML document in a container."""
MAX_ARCHIVE_RATIO = 200
"""Unpacked to packed, of one member."""


def check(
    name: str, value: int, limit: int, what: str, *, path: Path | str | None = None, line: int | None = None
) -> None:
    """Raise `LimitError` where `value` is over `limit`; `name` is the limit's name in this module."""
    if value > limit:
        raise LimitError(
            f"{what} is {value:,}, and the limit {name} is {limit:,}.",
            "Split the file, or check that it is a screenplay.",
            path=path,
            line=line,
        )
