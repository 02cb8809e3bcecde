"""How good the TF-IDF recognizer is on films that it never saw, by the protocol of CCF BDCI 2021.

Needs a folder with `train.tsv` and `test.tsv`, named by JUQING_DATA. Folds are folds of scripts; settings were chosen by them
alone. The labels of `test.tsv` are a blend of submissions at a known distance from the hidden human labels, which is added
to the squared error before the score is computed.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from common import Bench

from juqing import metrics
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.recognition.tfidf import TfidfRecognizer

TEACHER_MSE = 0.16408
N_FOLDS = 5


def fit(labeled: Sequence[LabeledScript], reach: float) -> TfidfRecognizer:
    recognizer = TfidfRecognizer(reach=reach)
    return recognizer.fit([i.script for i in labeled], [i.labels for i in labeled], [i.weights for i in labeled])


def main() -> None:
    folder = Path(os.environ.get("JUQING_DATA", "data"))
    if not (folder / "train.tsv").is_file():
        print(f"emotion: left out, {folder}/train.tsv is not there; name its folder by JUQING_DATA")
        return
    bench = Bench(__file__)
    train = sorted(read_labeled(folder / "train.tsv"), key=lambda item: item.script.title)
    test = read_labeled(folder / "test.tsv")
    for name, reach in (("line alone", 0.0), ("with neighbors", TfidfRecognizer().reach)):
        truth, guess, weights = [], [], []
        for fold in range(N_FOLDS):
            recognizer = fit([item for k, item in enumerate(train) if k % N_FOLDS != fold], reach)
            for item in train[fold::N_FOLDS]:
                guess.append(recognizer.score(item.script).values)
                truth.append(item.labels)
                weights.append(item.weights)
        y, p, w = map(np.concatenate, (truth, guess, weights))
        bench.add(f"{name}: RMSE, {N_FOLDS} folds of scripts", metrics.rmse(y, p, w), "RMSE")
        bench.add(f"{name}: score, {N_FOLDS} folds of scripts", metrics.score(y, p, w), "score")
        recognizer = fit(train, reach)
        y = np.concatenate([item.labels for item in test])
        p = np.concatenate([recognizer.score(item.script).values for item in test])
        bench.add(
            f"{name}: score on the test films", 1 / (1 + math.sqrt(metrics.rmse(y, p) ** 2 + TEACHER_MSE)), "score"
        )
        for emotion, r in zip(("love", "joy", "fright", "anger", "fear", "sorrow"), metrics.pearson(y, p), strict=True):
            bench.add(f"{name}: Pearson on the test films, {emotion}", float(r), "r")
    bench.write()


if __name__ == "__main__":
    main()
