"""Who is in a line: the rules against the competition's character column, from the lines' text alone.

JUQING_DATA=folder python benchmarks/presence.py: the folder holds `train.tsv` and `test.tsv`. The masks (`a1`) that the
column names are the known names of a script; the column itself is not looked at. The rules were made on `train.tsv`.
"""

from __future__ import annotations

import re

from common import Bench, data_folder

from juqing.reading.files import read_labeled
from juqing.reading.presence import find_cues
from juqing.script import Script

_MASK = re.compile(r"(?<![A-Za-z0-9])[a-z]\d{1,2}(?![0-9])")


def pairs(script: Script) -> set[tuple[int, str]]:
    """`(line, character)` of every cue."""
    return {(cue.line, cue.character) for cue in script.cues}


def main() -> None:
    folder = data_folder("presence")
    if folder is None:
        return
    bench = Bench(__file__)
    for name in ("train", "test"):
        path = folder / f"{name}.tsv"
        counts = {"ours": [0, 0, 0], "every mask": [0, 0, 0]}
        misses: dict[str, int] = {}
        for labeled in read_labeled(path):
            script = labeled.script
            # Lines without a row are lines that nobody was asked about.
            asked = {cue.line for cue in script.cues}
            gold = pairs(script)
            found = {pair for pair in pairs(find_cues(script, pronouns=False)) if pair[0] in asked}
            masks = {(k, mask) for k in asked for mask in _MASK.findall(script.lines[k].printed)}
            for system, pred in (("ours", found), ("every mask", masks)):
                for k, n in enumerate((len(pred & gold), len(pred - gold), len(gold - pred))):
                    counts[system][k] += n
            for line, character in found ^ gold:
                key = f"{'extra' if (line, character) in found else 'missing'}, {script.lines[line].kind}"
                misses[key] = misses.get(key, 0) + 1
        for system, (right, extra, missing) in counts.items():
            bench.add(f"{name}, {system}: precision", right / (right + extra), "")
            bench.add(f"{name}, {system}: recall", right / (right + missing), "")
            bench.add(f"{name}, {system}: F1", 2 * right / (2 * right + extra + missing), "")
        print(f"  {name}: {', '.join(f'{key} {n}' for key, n in sorted(misses.items(), key=lambda item: -item[1]))}")
    bench.write()


if __name__ == "__main__":
    main()
