"""Fills the pages of docs/ladder with what `juqing ladder` measured, so that no number on them is typed.

Needs the folder of a ladder, named by JUQING_LADDER. Between `<!-- ladder:NAME,NAME -->` and `<!-- /ladder -->` goes the table of these
rungs and of their variants (`onehot` stands for `onehot-characters` and `onehot+tags` too), of all rungs where the name is `*`. Pages that
end in `.zh.md` are filled in Chinese. The lines on the pages are those of course_lines.py.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common import ROOT

from juqing.report.ladder import CHINESE, columns, rows

PAGES = ROOT / "docs" / "ladder"
_BLOCK = re.compile(r"<!-- ladder:(\S+) -->\n(.*?)<!-- /ladder -->", re.DOTALL)


def fill(text: str, table: Callable[[list[str]], str]) -> str:
    """A page with its blocks filled; a block of what was not measured stays as it is."""
    return _BLOCK.sub(
        lambda found: f"<!-- ladder:{found[1]} -->\n{table(found[1].split(',')) or found[2]}<!-- /ladder -->", text
    )


def is_named(rung: str, names: Sequence[str]) -> bool:
    """Whether a rung is one of these names or a variant of it."""
    return any(name in ("*", rung) or rung.startswith((f"{name}-", f"{name}+")) for name in names)


def table_of(told: Sequence[dict[str, Any]], names: Sequence[str], chinese: bool) -> str:
    """The table of some rungs; empty where none of them was measured."""
    shown = [row for row in rows(told) if row["train_seconds"] is not None and is_named(row["rung"], names)]
    if not shown:
        return ""
    above = [CHINESE.get(name.split(",")[0], name) if chinese else name for name, _ in columns(told)]
    table = [["级" if chinese else "rung", *above], ["---", *["---:"] * len(above)]]
    table += [[row["rung"], *(cell(row) for _, cell in columns(told))] for row in shown]
    picture = f"\n![{'分数与速度' if chinese else 'Score against speed'}](pareto.svg)\n" if "*" in names else ""
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in table) + picture + "\n"


def main() -> None:
    folder = Path(os.environ.get("JUQING_LADDER", ""))
    specs = sorted(folder.glob("rungs/*/rung.json")) if os.environ.get("JUQING_LADDER") else []
    if not specs:
        print("ladder: left out; name the folder of `juqing ladder` by JUQING_LADDER")
        return
    by_name = {path.parent.name: json.loads(path.read_text(encoding="utf-8")) for path in specs}
    lines = (folder / "ladder.md").read_text(encoding="utf-8").splitlines()  # which has them in order
    order = dict.fromkeys(line.split("|")[1].strip() for line in lines if line.startswith("|"))
    told = [by_name[name] for name in order if name in by_name]
    for page in sorted(PAGES.glob("*.md")):
        chinese = page.name.endswith(".zh.md")
        text = page.read_text(encoding="utf-8")
        filled = fill(text, lambda names, chinese=chinese: table_of(told, names, chinese))
        if filled != text:
            page.write_text(filled, encoding="utf-8")
            print(f"ladder: {page.relative_to(ROOT)}")
    shutil.copy(folder / "pareto.svg", PAGES / "pareto.svg")


if __name__ == "__main__":
    main()
