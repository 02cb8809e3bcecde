"""From running text to word vectors, by any of the methods."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from juqing.errors import InputError
from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.counts import cooccurrences
from juqing.vectors.glove import Glove, GloveConfig
from juqing.vectors.svd import log_counts, ppmi, svd_vectors, truncated_svd
from juqing.vectors.table import WordVectors
from juqing.vectors.word2vec import ARCHITECTURES, Word2Vec, Word2VecConfig

Progress = Callable[[float, float], None]
_RATES = {"skip-gram": 0.025, "cbow": 0.125}  # the true gradient of a mean is small: at 0.05, CBOW learns too little
METHODS = (*ARCHITECTURES, "glove", "ppmi", "log", "raw")
_WEIGHTINGS = {"ppmi": ppmi, "log": log_counts, "raw": lambda counts: counts}


def train_vectors(
    corpus: Corpus,
    *,
    method: str = "skip-gram",
    objective: str = "negative",
    dim: int = 100,
    window: int = 5,
    min_count: int = 5,
    epochs: int = 5,
    seed: int = 0,
    progress: Progress | None = None,
) -> tuple[WordVectors, str]:
    """Count the words of a text and train vectors for those that are frequent enough.

    Args:
        corpus: The text.
        method: `skip-gram` or `cbow` (`word2vec`), `glove`; `ppmi`, `log` or `raw` (`counts` through `svd`).
        objective: Of skip-gram and CBOW, see `Word2VecConfig`.
        dim: Width of a vector.
        window: Largest distance of a neighbor.
        min_count: Words that are rarer are left out.
        epochs: Times that skip-gram and CBOW read the text, GloVe the pairs.
        seed: Of everything random.
        progress: Told after each step.

    Returns:
        The vectors, and a line on how it went.

    Raises:
        InputError: A setting is out of its range, or the text is too small.
    """
    if method not in METHODS:
        raise InputError(f"the method is {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    config = None
    glove = GloveConfig(dim=dim, epochs=epochs, seed=seed) if method == "glove" else None
    if method in ARCHITECTURES:
        config = Word2VecConfig(
            method, objective, dim=dim, window=window, epochs=epochs, learning_rate=_RATES[method], seed=seed
        )
    vocabulary = Vocabulary.of_counts(corpus.counts(), min_count=min_count)
    with tempfile.TemporaryDirectory(prefix="juqing-corpus-") as folder:
        encoded = corpus.encode(vocabulary, Path(folder) / "ids")
        if config is not None:
            told = (lambda done, total, rate, loss: progress(done, total)) if progress else None
            model = Word2Vec(config).fit(encoded, vocabulary, told)
            return model.vectors(), f"{encoded.n_words:,} words read {epochs} times, mean loss {model.loss_:.3f}"
        weighting = "harmonic" if glove else "flat"
        counts = cooccurrences(encoded, len(vocabulary), window=window, weighting=weighting, progress=progress)
    if glove is not None:
        fitted = Glove(glove).fit(counts, vocabulary, progress)
        return (
            fitted.vectors(),
            f"{encoded.n_words:,} words read, {counts.nnz:,} pairs gone through {epochs} times, mean loss {fitted.loss_:.4f}",
        )
    svd = truncated_svd(_WEIGHTINGS[method](counts), dim, seed=seed)
    if not np.isfinite(svd.values).all():
        raise InputError("the counts have no finite singular values.", "Give more text.")
    share = float(svd.explained()[-1])
    return svd_vectors(vocabulary, svd), f"{encoded.n_words:,} words read, {share:.1%} of the squared counts kept"
