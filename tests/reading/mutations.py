"""Valid files, damaged: bytes changed, cut, doubled and spliced, also inside containers, where the parsers are."""

from __future__ import annotations

import io
import random
import zipfile
from pathlib import Path

from juqing.reading import read_text
from juqing.reading.files import SUFFIXES

ROOT = Path(__file__).parents[2]
HOSTILE = (
    b"\0", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe2\x80\xa8", b"\r", b"\n\n", b"\x1b[2J", b"<", b"&#0;", b"]]>", b"<!DOCTYPE a>", b"&a;",
    b'"', b"{", b"[" * 300, b"(" * 300, "（".encode() * 300, "：".encode() * 300, "【闪回】".encode(), "△".encode(), b"@", b"*" * 400, b"_" * 400, b"\\",
    b"/*", b"*/", b"[[", b"]]", b"\t", b",,,,", b"\n" * 500, "　".encode() * 400, "1、内 夜 ".encode() * 50, "林远：（".encode(), b"9" * 400, b"1_1_A_1\t", b"-" * 300,
    "\U0001f600".encode(), "\u202e".encode(), "第".encode() * 200, "和".encode() * 200, b"/" * 200, "名字  ".encode() * 100, "他她两人".encode() * 100,
)  # fmt: skip


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip container of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def seeds() -> dict[str, list[bytes]]:
    """Valid files by suffix: the examples, the corpus, and containers and tables made from them."""
    found: dict[str, list[bytes]] = {}
    for path in [*sorted((ROOT / "examples").iterdir()), *sorted((ROOT / "tests/data/scripts").iterdir())]:
        if path.suffix in SUFFIXES:
            found.setdefault(path.suffix, []).append(
                path.read_bytes()[:20_000] if path.suffix != ".docx" else path.read_bytes()
            )
        elif path.name.endswith(".docx.xml"):
            found.setdefault(".docx", []).append(zipped({"word/document.xml": path.read_bytes()}))
    found[".highland"] = [zipped({"info.json": b"{}", "text.fountain": data}) for data in found[".fountain"]]
    found[".json"] = [read_text(data.decode("utf-8", "ignore")).to_json() for data in found[".txt"][:20]]
    found[".xlsx"] = [workbook()]
    found[".spmd"], found[".markdown"], found[".text"] = found[".fountain"], found[".md"], found[".txt"]
    return found


def workbook() -> bytes:
    """A small workbook with the columns of a script."""
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("场次", "人物", "台词"),
        ("1-1 日 内 客厅", "林父", "坐下。"),
        ("1-1 日 内 客厅", "", "林远站着。"),
        (2, 3.5, True),
    ):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def mutate(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """A damaged copy of a file; of a zip container often one of its members."""
    if data.startswith(b"PK") and rng.random() < 0.75:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = {name: archive.read(name) for name in archive.namelist()}
        except (zipfile.BadZipFile, KeyError):
            return damage(data, others, rng)
        name = rng.choice([name for name in members if members[name]] or list(members))
        members[name] = damage(members[name], list(members.values()), rng)
        if rng.random() < 0.05:
            members[rng.choice(["../../evil", "word/document.xml", "text.md"])] = members.pop(name)
        return zipped(members)
    return damage(data, others, rng)


def damage(data: bytes, others: list[bytes], rng: random.Random) -> bytes:
    """One to four random changes."""
    for _ in range(rng.randint(1, 4)):
        i, j = sorted((rng.randint(0, len(data)), rng.randint(0, len(data))))
        what = rng.randrange(9)
        if what == 0:
            data = data[:i] + bytes([rng.randrange(256)]) + data[i + 1 :]
        elif what == 1:
            data = data[:i]
        elif what == 2:
            data = data[:i] + data[min(j, i + 300) :]
        elif what == 3:
            data = data[:j] + data[i : min(j, i + 2000)] + data[j:]
        elif what == 4:
            other = rng.choice(others)
            k = rng.randint(0, len(other))
            data = data[:i] + other[k : k + rng.randint(0, 3000)] + data[j:]
        elif what in (5, 6):
            data = data[:i] + rng.choice(HOSTILE) + data[i:]
        elif what == 7:
            lines = data.split(b"\n")
            rng.shuffle(lines)
            data = b"\n".join(lines)
        else:
            text = data.decode("utf-8", "ignore")
            data = text.encode(rng.choice(("gb18030", "big5", "utf-16", "utf-16-be", "latin-1", "utf-32")), "ignore")
    return data[:200_000]
