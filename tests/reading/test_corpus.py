"""One small file for each form of layout, read as a person says it must be (`tests/data/scripts/README.md`)."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import pytest

from juqing.errors import ScriptError
from juqing.reading import read_script
from juqing.reading.outline import outline

CORPUS = Path(__file__).parents[1] / "data" / "scripts"
FILES = sorted(path.with_suffix("") for path in CORPUS.glob("*.outline"))


def zipped(name: str, data: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return buffer.getvalue()


def placed(path: Path, folder: Path) -> Path:
    """The file as a reader gets it: Word and Highland files are packed."""
    if path.name.endswith(".docx.xml"):
        target = folder / path.name.removesuffix(".xml")
        target.write_bytes(zipped("word/document.xml", path.read_bytes()))
    elif path.name.endswith(".highland.fountain"):
        target = folder / path.name.removesuffix(".fountain")
        target.write_bytes(zipped("text.fountain", path.read_bytes()))
    else:
        target = folder / path.name
        target.write_bytes(path.read_bytes())
    return target


def test_there_are_files():
    assert len(FILES) >= 60


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_file(path, tmp_path):
    expected = path.with_name(path.name + ".outline").read_text(encoding="utf-8").splitlines()
    target = placed(path, tmp_path)
    if expected[0].startswith("refused: "):
        with pytest.raises(ScriptError) as caught:
            read_script(target)
        assert re.search(expected[0].removeprefix("refused: "), str(caught.value))
        assert caught.value.remedy
        return
    script = read_script(target)
    rows = outline(script).splitlines()
    if script.title == target.stem:
        rows = rows[1:]  # nothing but the name of the file
    found = [re.sub(r"^(!(?: \d+)?) .*", r"\1", row).rstrip() for row in rows]
    assert "\n".join(found) == "\n".join(expected)
