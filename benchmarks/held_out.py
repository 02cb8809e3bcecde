"""What names in place of masks and 8-bit weights cost a scene reader, on films that it never saw.

Needs the folder of `juqing crossval scene`, named by JUQING_CV, and the folder of the `train.tsv` that it was made of, named by
JUQING_DATA. Each fold's model scores the films that were held out from it: as they are, with an invented name for each mask, and as
an exported model with 8-bit weights.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import Bench, data_folder

from juqing import metrics
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.runtime import load
from juqing.scores import Recognizer
from juqing.text.pseudonyms import MASK, draw_names
from juqing.training import deal
from juqing.training.export import export


def named_table(table: Path, out: Path, seed: int) -> None:
    """A competition table with names for masks: one for each mask and script."""
    header, *rows = table.read_text(encoding="utf-8-sig").splitlines()
    content, character = (header.split("\t").index(name) for name in ("content", "character"))
    names: dict[str, dict[str, str]] = {}
    keys = [f"{letter}{number}" for letter in "abcdefghijklmnopqrstuvwxyz" for number in range(100)]
    written = [header]
    for row in rows:
        fields = row.split("\t")
        script = fields[0].split("_")[0]
        if script not in names:
            names[script] = draw_names(keys, random.Random(f"{seed} {script}"))
        for place in (content, character):
            fields[place] = MASK.sub(lambda found, script=script: names[script].get(found[0], found[0]), fields[place])
        written.append("\t".join(fields))
    out.write_text("\n".join(written) + "\n", encoding="utf-8")


def predicted(recognizer: Recognizer, labeled: Sequence[LabeledScript]) -> list[np.ndarray]:
    """Labels, predictions and weights of the labeled cues of some scripts."""
    values = [recognizer.score(item.script).values for item in labeled]
    parts = ([item.labels for item in labeled], values, [item.weights for item in labeled])
    y, p, w = map(np.concatenate, parts)
    known = np.isfinite(y).all(axis=1)
    return [y[known], p[known], w[known]]


def main() -> None:
    data = data_folder("held_out")
    folds = sorted(Path(os.environ.get("JUQING_CV", "")).glob("fold-*"))
    if data is None or not folds:
        print("held_out: left out; name the folder of a cross-validation by JUQING_CV")
        return
    bench = Bench(__file__)
    results: dict[str, list[list[np.ndarray]]] = {"masks": [], "names": [], "8-bit weights": []}
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "train.tsv"
        named_table(data / "train.tsv", table, 0)
        masked, named = read_labeled(data / "train.tsv"), read_labeled(table)
        for k, run in enumerate(folds):
            recognizer = load(run)
            export(run, Path(folder) / "model")
            results["masks"].append(predicted(recognizer, deal(masked, k, len(folds))[1]))
            results["names"].append(predicted(recognizer, deal(named, k, len(folds))[1]))
            results["8-bit weights"].append(predicted(load(Path(folder) / "model"), deal(masked, k, len(folds))[1]))
    scores = {name: metrics.score(*map(np.concatenate, zip(*parts, strict=True))) for name, parts in results.items()}
    for name, score in scores.items():
        bench.add(f"{name}: score on films held out", score, "score")
    for name in ("names", "8-bit weights"):
        bench.add(f"{name}: what they cost", scores["masks"] - scores[name], "score")
    bench.write()


if __name__ == "__main__":
    main()
