"""Scripts to files of other formats: each loses nothing that the format can hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np

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


def write_script(script: Script, path: Path | str, values: np.ndarray | None = None) -> None:
    """Write a script as Fountain, Final Draft, the competition's table or JSON, as the suffix says.

    Args:
        script: The script.
        path: The file.
        values: Strengths for a table, (n_cues, 6) in 0..3, as in `EmotionScores.values`.

    Raises:
        OutputError: The suffix is another one, or has no room for strengths, or the file cannot be written.
    """
    path = Path(path)
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise OutputError(f"the suffix {path.suffix!r} is not known.", f"Use {', '.join(SUFFIXES)}.", path=path)
    if values is not None and path.suffix.lower() != ".tsv":
        raise OutputError(f"a {path.suffix} file has no place for strengths.", "Write a .tsv.", path=path)
    data = writer(script) if values is None else to_table(script, values).encode()
    with writing(path) as aside:
        aside.write_bytes(data)
