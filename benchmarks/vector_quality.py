"""How good word vectors are, side by side with gensim: the same text, settings and epochs, three seeds each.

JUQING_TEXT names the text (words between blanks), JUQING_EVAL a folder with similarity sets and analogies (`juqing vectors eval`
reads them). Window 5, 5 negatives, subsampling 1e-3, min_count 5, dim 100, 5 epochs, one thread. Rates are each program's own for
skip-gram; for CBOW, whose gradients differ, each has the better one of two.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from common import Bench

from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.evaluation import is_analogies, score_analogies, score_similarities
from juqing.vectors.table import WordVectors
from juqing.vectors.training import train_vectors

SEEDS = range(3)
METHODS = {
    "skip-gram": "skip-gram", "cbow": "cbow", "skip-gram, hierarchical": "skip-gram", "cbow, hierarchical": "cbow",
    "glove": "glove", "ppmi": "ppmi", "log": "log", "raw": "raw",
}  # fmt: skip
WITH_PEER = tuple(name for name, method in METHODS.items() if method in ("skip-gram", "cbow"))
EXACT = ("ppmi", "log", "raw")  # nothing in them is random


def scores(vectors: WordVectors, sets: list[Path]) -> dict[str, tuple[float, str]]:
    """Of each set: Spearman's correlation, or the accuracy over all categories."""
    found = {}
    for path in sets:
        if is_analogies(path):
            categories = score_analogies(vectors, path)
            n_known = sum(each.n_known for each in categories)
            found[path.stem] = (sum(each.n_right for each in categories) / max(n_known, 1), "accuracy")
        else:
            found[path.stem] = (score_similarities(vectors, path).spearman, "rho")
    return found


def main() -> None:
    from gensim.models import Word2Vec as Gensim

    text, folder = os.environ.get("JUQING_TEXT"), os.environ.get("JUQING_EVAL")
    if not text or not folder:
        print("vector_quality: left out; name a text by JUQING_TEXT and a folder of evaluation sets by JUQING_EVAL")
        return
    sets = sorted(Path(folder).rglob("*.txt"))
    bench = Bench(__file__)
    corpus = Corpus([Path(text)], unit="blank")

    def ours(name: str, seed: int) -> WordVectors:
        settings: dict[str, Any] = {"seed": seed}
        if name not in EXACT:
            settings["n_threads"] = 1
        if "hierarchical" in name:
            settings["objective"] = "hierarchical"
        return train_vectors(corpus, method=METHODS[name], settings=settings)[0]

    def theirs(name: str, seed: int) -> WordVectors:
        hierarchical, skip_gram = "hierarchical" in name, METHODS[name] == "skip-gram"
        model = Gensim(
            corpus_file=text, vector_size=100, min_count=5, sg=int(skip_gram), hs=int(hierarchical), sample=1e-3,
            negative=0 if hierarchical else 5, alpha=0.025 if skip_gram else 0.05, epochs=5, workers=1, seed=seed,
        )  # fmt: skip
        return WordVectors(Vocabulary(list(map(str, model.wv.index_to_key))), np.asarray(model.wv.vectors))

    def measure(train: Callable[[str, int], WordVectors], method: str, seeds: range) -> tuple[dict[str, Any], float]:
        began, found = time.process_time(), []
        for seed in seeds:
            found.append(scores(train(method, seed), sets))
        took = (time.process_time() - began) / len(seeds)
        return {name: ([each[name][0] for each in found], found[0][name][1]) for name in found[0]}, took

    for method in METHODS:
        seeds = range(1) if method in EXACT else SEEDS
        mine, took = measure(ours, method, seeds)
        peer, peer_took = measure(theirs, method, SEEDS) if method in WITH_PEER else ({}, None)
        for name, (values, unit) in mine.items():
            others = peer[name][0] if peer else None
            bench.add(
                f"{method}, {name}", statistics.mean(values), unit, runs=len(seeds),
                peer="gensim" if others else None, peer_value=statistics.mean(others) if others else None,
                spread=statistics.stdev(values) if len(seeds) > 1 else None,
                peer_spread=statistics.stdev(others) if others else None,
            )  # fmt: skip
        bench.add(f"{method}, all of it", took, "s", peer="gensim" if peer_took else None, peer_value=peer_took)
    bench.write()


if __name__ == "__main__":
    main()
