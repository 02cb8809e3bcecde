"""Fills the pages of docs/ladder and the README with what `juqing ladder` measured, so that no number on them is typed.

JUQING_LADDER names the folder of a ladder; without it the pages are filled with what was measured before, which measured.json beside them
keeps: rungs of the folder take the place of those of the same name there; where a rung of the folder was scored on the test table alone, its
score there joins what is known of the folds, if it had the same settings. Between `<!-- ladder:NAME,NAME -->` and `<!-- /ladder -->` goes
the table of these rungs and of their variants (`onehot` stands for `onehot-characters` and `onehot+tags` too), of all rungs where the name
is `*`. The README has fewer columns, and no variants. Pages that end in `.zh.md` are filled in Chinese. The lines on the pages are those of
course_lines.py.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import vl_convert
from common import ROOT

from juqing.report.ladder import chinese as chinese_name
from juqing.report.ladder import chinese_cell, columns, pareto_figure, rows
from juqing.training.ladder_preset import PRESETS, read_ladder

PAGES = ROOT / "docs" / "ladder"
MEASURED = PAGES / "measured.json"
_BLOCK = re.compile(r"<!-- ladder:(\S+) -->\n(.*?)<!-- /ladder -->", re.DOTALL)
_SHORT = ("score, fold", "test score", "size", "cues/s")  # how the columns of the README begin


def fill(text: str, table: Callable[[list[str]], str]) -> str:
    """A page with its blocks filled; a block of what was not measured stays as it is."""
    return _BLOCK.sub(
        lambda found: f"<!-- ladder:{found[1]} -->\n{table(found[1].split(',')) or found[2]}<!-- /ladder -->", text
    )


def is_named(rung: str, names: Sequence[str]) -> bool:
    """Whether a rung is one of these names or a variant of it."""
    return any(name in ("*", rung) or rung.startswith((f"{name}-", f"{name}+")) for name in names)


def table_of(told: Sequence[dict[str, Any]], names: Sequence[str], chinese: bool, short: bool = False) -> str:
    """The table of some rungs; empty where none of them was measured."""
    shown = [
        row
        for row in rows(told)
        if row["train_seconds"] is not None and (row["rung"] in names if short else is_named(row["rung"], names))
    ]
    if not shown:
        return ""
    chosen = [each for each in columns(told) if not short or each[0].startswith(_SHORT)]
    above = [chinese_name(name) if chinese else name for name, _ in chosen]
    table = [["级" if chinese else "rung", *above], ["---", *["---:"] * len(above)]]
    for row in shown:
        cells = [cell(row) for _, cell in chosen]
        table.append([row["rung"], *(map(chinese_cell, cells) if chinese else cells)])
    picture = f"\n![{'分数与速度' if chinese else 'Score against speed'}](pareto.svg)\n" if "*" in names else ""
    return "\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in table) + picture + "\n"


def merged(before: Sequence[dict[str, Any]], now: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """All rungs, those of now in place of those of the same name before, in the order of the full preset."""
    by_name = {each["name"]: each for each in before}
    for each in now:
        known = by_name.get(each["name"])
        if known and "folds" not in each and known["settings"] == each["settings"]:
            by_name[each["name"]] = {**known, "test": each["test"]}
        else:
            by_name[each["name"]] = each
    order = [rung.name for rung in read_ladder(PRESETS / "ladder.toml").rungs]
    told = [by_name[name] for name in dict.fromkeys([*order, *by_name]) if name in by_name]
    common = next((each["common"]["done"] for each in told if "common" in each), None)
    for each in told:  # a rung that was measured apart from others
        if common and "common" not in each and each.get("folds", {}).get("done") == common:
            each["common"] = each["folds"]
    return told


def main() -> None:
    folder = os.environ.get("JUQING_LADDER")
    now = []
    for path in sorted(Path(folder).glob("rungs/*/rung.json")) if folder else []:
        each = json.loads(path.read_text(encoding="utf-8"))
        if each["status"] == "measured" and "train_seconds" in each:
            now.append(each)
    if folder and not now:
        print(f"ladder: {folder} has no measured rungs")
        return
    told = merged(json.loads(MEASURED.read_text(encoding="utf-8")), now)
    MEASURED.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (PAGES / "pareto.svg").write_text(vl_convert.vegalite_to_svg(pareto_figure(told, "en")), encoding="utf-8")
    for page in [*sorted(PAGES.glob("*.md")), ROOT / "README.md", ROOT / "README.zh.md"]:
        chinese, short = page.name.endswith(".zh.md"), page.parent == ROOT
        text = page.read_text(encoding="utf-8")
        filled = fill(text, lambda names, chinese=chinese, short=short: table_of(told, names, chinese, short))
        if filled != text:
            page.write_text(filled, encoding="utf-8")
            print(f"ladder: {page.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
