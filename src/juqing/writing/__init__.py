"""Scripts to files of other formats: each loses nothing that the format can hold."""

from __future__ import annotations

from pathlib import Path

from juqing.errors import OutputError
from juqing.outputs import writing
from juqing.script import Script
from juqing.writing.fdx import to_fdx
from juqing.writing.fountain import to_fountain
from juqing.writing.table import to_table

__all__ = ["SUFFIXES", "to_fdx", "to_fountain", "to_table", "write_script"]

_WRITERS = {
    ".fountain": lambda script: to_fountain(script).encode(),
    ".fdx": to_fdx,
    ".tsv": lambda script: to_table(script).encode(),
    ".json": Script.to_json,
}
SUFFIXES = tuple(_WRITERS)


def write_script(script: Script, path: Path | str) -> None:
    """Write a script as Fountain, Final Draft, the competition's table or JSON, as the suffix says.

    Raises:
        OutputError: The suffix is another one, or the file cannot be written.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise OutputError(f"the suffix {path.suffix!r} is not known.", f"Use {', '.join(SUFFIXES)}.", path=path)
    data = writer(script)
    with writing(path) as aside:
        aside.write_bytes(data)
