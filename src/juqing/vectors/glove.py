"""GloVe: vectors whose products are the logarithms of how often words stand near each other.

What it adds to the SVD of counts: pairs that never meet are left out, rare ones count for less, and every word has a bias, so
the loss is that of a weighted regression on what was seen: the sum over pairs of f(x) (w . c + b + b' - log x)^2 with
f(x) = min(1, (x / x_max)^alpha). Pennington, Socher & Manning, "GloVe: global vectors for word representation" (2014). AdaGrad as in their
program: the sums of squares hold the steps, the learning rate included.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import scipy.sparse

from juqing.errors import InputError, TrainingError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors._settings import check_positive, check_ranges
from juqing.vectors.kernels import LANES, aligned, padded
from juqing.vectors.table import WordVectors

_PART = 100_000

Progress = Callable[[float, float], None]


@dataclass(frozen=True)
class GloveConfig:
    """How vectors are trained.

    Attributes:
        dim: Width of a vector.
        x_max: Counts from here on weigh 1.
        alpha: Power of the weight of smaller ones.
        epochs: Times that all pairs are gone through.
        learning_rate: Of AdaGrad.
        seed: Of everything random. With one thread, results are the same each time.
        n_threads: All cores where 0.
    """

    dim: int = 100
    x_max: float = 100.0
    alpha: float = 0.75
    epochs: int = 15
    learning_rate: float = 0.05
    seed: int = 0
    n_threads: int = 0

    def __post_init__(self) -> None:
        check_ranges(self, {"dim": (1, 10_000), "epochs": (1, 100_000), "n_threads": (0, 1024)})
        check_positive(self, "x_max", "alpha", "learning_rate")


class Glove:
    """Trains word vectors from co-occurrence counts.

    Args:
        config: How.

    Attributes:
        vocabulary_: The words.
        words_, contexts_: (n_words, 2 * width) float32: vectors, width being dim rounded up to 16, and their sums of squares.
        word_biases_, context_biases_: (n_words, 2) float32, likewise.
        loss_: Half the weighted squared error of a pair, mean over the last epoch.
    """

    def __init__(self, config: GloveConfig | None = None):
        self.config = config or GloveConfig()

    def fit(self, counts: scipy.sparse.csr_array, vocabulary: Vocabulary, progress: Progress | None = None) -> Glove:
        """Train on word × word counts (`counts.cooccurrences`).

        Raises:
            InputError: The shapes do not fit, or there are no counts.
            TrainingError: A vector is not finite any more.
        """
        from juqing.vectors.kernels import glove as kernels

        config, n = self.config, len(vocabulary)
        if counts.shape != (n, n):
            raise InputError(f"there are {n:,} words and counts of the shape {counts.shape}.")
        pairs = scipy.sparse.coo_array(counts)
        x = np.asarray(pairs.data, np.float64)
        kept = x > 0
        if not kept.any():
            raise InputError("there are no counts.", "Give more text.")
        rows, columns = pairs.row[kept].astype(np.int32), pairs.col[kept].astype(np.int32)
        logs = np.log(x[kept]).astype(np.float32)
        weights = np.minimum(1.0, (x[kept] / config.x_max) ** config.alpha).astype(np.float32)
        width = padded(config.dim)
        random = np.random.default_rng(config.seed)
        self.vocabulary_ = vocabulary
        self.words_, self.contexts_ = (self._table(n, width, random) for _ in range(2))
        self.word_biases_, self.context_biases_ = (self._biases(n, random) for _ in range(2))
        order = random.permutation(len(logs))  # once, so that near pairs are far apart
        parts = [order[start : start + _PART] for start in range(0, len(order), _PART)]
        n_threads = min(config.n_threads or os.cpu_count() or 1, len(parts))
        done = 0

        def work(part: np.ndarray) -> float:
            nonlocal done
            loss = kernels.train(
                rows, columns, logs, weights, part, self.words_.ctypes.data, self.contexts_.ctypes.data, width // LANES,
                self.word_biases_, self.context_biases_, np.float32(config.learning_rate),
            )  # fmt: skip
            done += len(part)
            if progress:
                progress(done, len(order) * config.epochs)
            return loss

        with ThreadPoolExecutor(n_threads) as pool:
            for _ in range(config.epochs):
                self.loss_ = sum(pool.map(work, parts)) / len(order)
        if not (math.isfinite(self.loss_) and np.isfinite(self.words_).all()):
            raise TrainingError("a vector is not finite any more.", "Lower the learning rate.")
        return self

    def _table(self, n: int, width: int, random: np.random.Generator) -> np.ndarray:
        table = aligned((n, 2 * width))
        table[:, : self.config.dim] = (random.random((n, self.config.dim), dtype=np.float32) - 0.5) / self.config.dim
        table[:, width:] = 1.0
        return table

    def _biases(self, n: int, random: np.random.Generator) -> np.ndarray:
        biases = np.ones((n, 2), np.float32)
        biases[:, 0] = (random.random(n, dtype=np.float32) - 0.5) / self.config.dim
        return biases

    def vectors(self) -> WordVectors:
        """The sum of both tables, as the authors have it."""
        dim = self.config.dim
        return WordVectors(self.vocabulary_, self.words_[:, :dim] + self.contexts_[:, :dim])
