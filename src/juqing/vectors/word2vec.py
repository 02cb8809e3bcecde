"""word2vec: vectors that predict which words stand near each other.

Two tables: a word as the center of a window (`V`, the vectors that are kept) and as its context (`U`). Skip-gram lets each word of a
window tell its center, CBOW their mean. What is learned of a window is one of: logistic regression of the right word against
some drawn at random (negative sampling), of the turns on its way down a Huffman tree (hierarchical softmax), or the softmax over all
words, for small vocabularies and for checking the others.

Sources: Mikolov et al., "Efficient estimation of word representations in vector space" and "Distributed representations of words
and phrases and their compositionality" (2013); Rong, "word2vec parameter learning explained" (2014). The mean of CBOW gets its true
gradient, as in Irsoy, Benton & Stratos, "Corrected CBOW performs as well as skip-gram" (2021), but with a tree (docs/vectors/word2vec.md).
"""

from __future__ import annotations

import heapq
import math
import os
import threading
import time
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from juqing._compiled import kernel
from juqing.errors import InputError
from juqing.text.corpus import EncodedCorpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import kernels
from juqing.vectors._rounds import Checkpoint, check_finite, in_rounds
from juqing.vectors._settings import check_positive, check_ranges
from juqing.vectors.kernels import LANES, aligned, padded
from juqing.vectors.table import WordVectors

ARCHITECTURES = ("skip-gram", "cbow")
OBJECTIVES = ("negative", "hierarchical", "softmax")
_PART = 20_000
_ROWS = 1024
_LONGEST_SENTENCE = 1000
_LOWEST_RATE = 1e-4
_LARGEST_SOFTMAX = 20_000

Progress = Callable[[float, float, float, float], None]
"""Told the words done, all of them, the words a second since the start and the mean loss of late."""


@dataclass(frozen=True)
class Word2VecConfig:
    """How vectors are trained.

    Attributes:
        architecture: `skip-gram` or `cbow`.
        objective: `negative`, `hierarchical` or `softmax`.
        dim: Width of a vector.
        window: Largest distance of a context word; each window's width is drawn from 1 to it.
        n_negative: Words drawn at random for a window.
        smoothing: Negatives are drawn in proportion to count ** smoothing.
        subsample: Words of a share of the text above it are thinned out: a word of share f is kept with probability
            sqrt(subsample / f) + subsample / f. 0 keeps all.
        epochs: Times that the text is read.
        learning_rate: At the start; it falls in a line to a ten-thousandth of itself.
        seed: Of everything random. With one thread, results are the same each time.
        n_threads: All cores where 0.
    """

    architecture: str = "skip-gram"
    objective: str = "negative"
    dim: int = 100
    window: int = 5
    n_negative: int = 5
    smoothing: float = 0.75
    subsample: float = 1e-3
    epochs: int = 5
    learning_rate: float = 0.025
    seed: int = 0
    n_threads: int = 0

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise InputError(
                f"the architecture is {self.architecture!r}.", f"Choose one of {', '.join(ARCHITECTURES)}."
            )
        if self.objective not in OBJECTIVES:
            raise InputError(f"the objective is {self.objective!r}.", f"Choose one of {', '.join(OBJECTIVES)}.")
        check_ranges(
            self,
            {
                "dim": (1, 10_000),
                "window": (1, 200),
                "n_negative": (1, 1000),
                "smoothing": (0, 1),
                "subsample": (0, 1),
                "epochs": (1, 100_000),
                "n_threads": (0, 1024),
            },
        )
        check_positive(self, "learning_rate")


class Word2Vec:
    """Trains word vectors.

    Args:
        config: How.

    Attributes:
        vocabulary_: The words.
        centers_: (n_words, width) float32, width being dim rounded up to 16, zeros behind dim.
        contexts_: The same of contexts; of inner nodes for `hierarchical`.
        loss_: Mean loss of a prediction over the last part of the text.
    """

    def __init__(self, config: Word2VecConfig | None = None):
        self.config = config or Word2VecConfig()

    def start(self, vocabulary: Vocabulary, vectors: WordVectors | None = None) -> Word2Vec:
        """Make the tables: centers small and random, or those of `vectors` for the words that are there; contexts zero."""
        config, n = self.config, len(vocabulary)
        if n < 2:
            raise InputError(f"the vocabulary has {n} word.", "Give more text, or lower --min-count.")
        if config.objective == "softmax" and n > _LARGEST_SOFTMAX:
            raise InputError(
                f"the vocabulary has {n:,} words; the full softmax would take all of them for each word of the text.",
                f"Choose another objective, or raise min_count until {_LARGEST_SOFTMAX:,} are left.",
            )
        if vectors is not None:
            check_width(vectors, config.dim)
        width = padded(config.dim)
        self.vocabulary_ = vocabulary
        self.centers_, self.contexts_ = aligned((n, width)), aligned((n, width))
        random = np.random.default_rng(config.seed)
        for first in range(0, n, _ROWS):  # not all at once: that would be half as much memory again
            rows = self.centers_[first : first + _ROWS, : config.dim]
            rows[:] = (random.random(rows.shape, dtype=np.float32) - 0.5) / config.dim
        if vectors is not None:
            known = [k for k, word in enumerate(vocabulary.words) if word in vectors]
            rows = [vectors.vocabulary.index[vocabulary.words[k]] for k in known]
            self.centers_[known, : config.dim] = vectors.vectors[rows]
        self.loss_ = math.nan
        return self

    def fit(
        self,
        corpus: EncodedCorpus,
        vocabulary: Vocabulary,
        progress: Progress | None = None,
        *,
        checkpoint: Path | None = None,
    ) -> Word2Vec:
        """Train on a text, from the start or from the tables that `start` made of the same vocabulary.

        Args:
            corpus: The text as ids.
            vocabulary: Its words.
            progress: Told after each part of the text.
            checkpoint: A file to keep the state in: every minute, and at Ctrl-C. Where it is there, training goes on from it; with one
                thread, as if it had never stopped. It is a table of vectors too (`read_vectors`).

        Raises:
            InputError: The vocabulary or the text is too small.
            TrainingError: A vector is not finite any more, or the checkpoint is one of something else.
            OutputError: The checkpoint cannot be written.
        """
        train = kernel("juqing.vectors.kernels.word2vec", "train")
        if getattr(self, "vocabulary_", None) is not vocabulary:
            self.start(vocabulary)
        config = self.config
        objective = OBJECTIVES.index(config.objective)
        counts = np.maximum(self.vocabulary_.counts, 1)
        keep = _keep(counts, config.subsample)
        thresholds, alias = alias_table(counts**config.smoothing)
        paths, path_ends, codes = (
            huffman(counts) if objective == kernels.HIERARCHICAL else (_NO_IDS, _NO_ENDS, _NO_CODES)
        )
        n_outputs = {
            kernels.NEGATIVE: config.n_negative + 1,
            kernels.HIERARCHICAL: int(np.diff(path_ends, prepend=0).max(initial=0)),
            kernels.SOFTMAX: len(counts),
        }[objective]
        if len(corpus.ids) == len(corpus.ends):  # all sentences are of one word
            raise InputError("no word of the text has a neighbor.", "A line is a sentence: lines of several words.")
        ids = np.ascontiguousarray(corpus.ids, np.int32)
        parts = corpus.parts(_PART)
        n_words, n_parts = len(corpus.ids), len(parts)
        width = self.centers_.shape[1]
        n_in, n_out = 2 * config.window, -(-n_outputs // kernels.ROWS) * kernels.ROWS
        table, nothing = kernels.sigmoid_table(), aligned((1, width))
        heard = np.zeros(2)  # of late: the loss, and how many predictions it is of
        saved, first = Checkpoint(checkpoint, vocabulary, config, n_words), 0
        if (state := saved.load()) is not None:
            self.centers_[:, : config.dim], self.contexts_[:, : config.dim] = state["vectors"], state["contexts"]
            heard, first = state["heard"], int(state["part"])
            self.loss_ = heard[0] / heard[1] if heard[1] else math.nan
        before = n_words * (first // n_parts) + parts[first % n_parts][0]
        lock, began, done = threading.Lock(), time.perf_counter(), before

        def work(k: int) -> None:
            nonlocal done
            epoch, part = divmod(k, n_parts)
            start, first_sentence, behind = parts[part]
            ends = np.ascontiguousarray(corpus.ends[first_sentence:behind])
            scratch = aligned((n_in + kernels.ROWS + 4, width))
            left = 1.0 - (n_words * epoch + start) / (n_words * config.epochs)
            learning_rate = np.float32(config.learning_rate * max(left, _LOWEST_RATE))
            loss, n_terms, _ = train(
                ids, start, ends, self.centers_.ctypes.data, self.contexts_.ctypes.data, width // LANES,
                config.window, keep, thresholds, alias, config.n_negative, paths, path_ends, codes,
                config.architecture == "cbow", objective, learning_rate,
                np.array([_mixed(config.seed, epoch, part)], np.uint64), np.empty(_LONGEST_SENTENCE, np.int32),
                np.empty(2 * config.n_negative, np.int64),
                np.empty(n_in + 1, np.int64), np.empty(n_out + n_in, np.int64), np.empty(n_out, np.float32),
                np.empty((n_in, n_out), np.float32), scratch.ctypes.data,
                nothing.ctypes.data, table,
            )  # fmt: skip
            corpus.release()
            with lock:
                heard[:] = 0.9 * heard + (loss, n_terms)
                if heard[1]:
                    self.loss_ = heard[0] / heard[1]
                done += int(ends[-1]) - start
                if progress:
                    rate = (done - before) / (time.perf_counter() - began)
                    progress(done, n_words * config.epochs, rate, self.loss_)

        def after(k: int, now: bool) -> None:
            dim = config.dim
            state = {"contexts": self.contexts_[:, :dim], "heard": heard, "part": k}
            saved.save(lambda: self.centers_[:, :dim], state, now=now)

        in_rounds(work, first, n_parts * config.epochs, n_threads=config.n_threads or os.cpu_count() or 1, after=after)
        check_finite(self.centers_)
        return self

    def vectors(self) -> WordVectors:
        """The vectors of words as centers."""
        return WordVectors(self.vocabulary_, np.ascontiguousarray(self.centers_[:, : self.config.dim]))

    def probabilities(self, words: Sequence[str]) -> np.ndarray:
        """How probable each word of the vocabulary is beside these: (n_words,) float64, the sum is 1.

        What predicts is the mean of their vectors, as in CBOW; of one word it is that of skip-gram.

        Raises:
            InputError: The objective is `negative`, which knows no probabilities, or a word is not in the vocabulary.
        """
        if self.config.objective == "negative":
            raise InputError("negative sampling knows no probabilities.", "Train with hierarchical or softmax.")
        index = self.vocabulary_.index
        unknown = [word for word in words if word not in index]
        if unknown or not words:
            found = f"{unknown[0]!r} is not in the vocabulary." if unknown else "no words are given."
            raise InputError(found, "Ask for words of the text.")
        hidden = self.centers_[[index[word] for word in words]].mean(axis=0, dtype=np.float64)
        scores = self.contexts_ @ hidden
        if self.config.objective == "softmax":
            odds = np.exp(scores - scores.max())
            return odds / odds.sum()
        paths, ends, codes = huffman(np.maximum(self.vocabulary_.counts, 1))
        turns = -np.logaddexp(
            0, np.where(codes == 0, -1, 1) * scores[paths]
        )  # the logarithm of each turn's probability
        return np.exp(np.add.reduceat(turns, np.concatenate(([0], ends[:-1]))))


def check_width(vectors: WordVectors, dim: int) -> None:
    """Raise `InputError` where vectors to go on from are not as wide as those that are asked for."""
    if vectors.dim != dim:
        raise InputError(f"vectors of a width of {vectors.dim} cannot go on with dim {dim}.", "Ask for the same.")


def _keep(counts: np.ndarray, subsample: float) -> np.ndarray:
    """The probability that a word is kept, as a part of 2^32 - 1, (n_words,) uint32."""
    if not subsample:
        return np.full(len(counts), 2**32 - 1, np.uint32)
    ratio = subsample * counts.sum() / counts
    return (np.minimum(np.sqrt(ratio) + ratio, 1.0) * (2**32 - 1)).astype(np.uint32)


def alias_table(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For drawing in proportion to weights with one random number: Walker (1977), in the form of Vose (1991).

    Args:
        weights: (n,), not negative, their sum above 0.

    Returns:
        thresholds (n,) uint16 and alias (n,) int32: draw k evenly and a 16-bit number; below the threshold it is k, else
        alias[k]. Probabilities are exact to 2^-16 / n.
    """
    n = len(weights)
    scaled = np.asarray(weights, np.float64) * (n / np.sum(weights))
    thresholds, alias = np.full(n, 2**16 - 1, np.uint16), np.arange(n, dtype=np.int32)
    # arrays that can grow and shrink, of plain numbers: lists of them would take as much memory as the words
    low, high = (array("i", np.flatnonzero(part).astype(np.intc).tobytes()) for part in (scaled < 1, scaled >= 1))
    left = array("d", scaled.tobytes())
    while low and high:
        k, other = low.pop(), high[-1]
        thresholds[k], alias[k] = min(round(left[k] * 2**16), 2**16 - 1), other
        left[other] -= 1 - left[k]
        if left[other] < 1:
            low.append(high.pop())
    return thresholds, alias


def huffman(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The binary tree of words with the shortest mean path. Huffman (1952).

    Args:
        counts: (n_words,), two or more.

    Returns:
        paths: The inner nodes of each word's path from the root, one word after the other, int32; the root is n_words - 2.
        ends: (n_words,) int64, the places behind each word's path.
        codes: int8 beside `paths`: which way the path goes on, 0 or 1.
    """
    n = len(counts)
    heap = [(int(count), k) for k, count in enumerate(counts)]
    heapq.heapify(heap)
    parent, way = np.zeros(2 * n - 1, np.int64), np.zeros(2 * n - 1, np.int8)
    for node in range(n, 2 * n - 1):
        (first, a), (second, b) = heapq.heappop(heap), heapq.heappop(heap)
        parent[a] = parent[b] = node
        way[b] = 1
        heapq.heappush(heap, (first + second, node))
    paths: list[int] = []
    codes: list[int] = []
    ends = np.zeros(n, np.int64)
    for word in range(n):
        nodes, turns, node = [], [], word
        while node != 2 * n - 2:
            turns.append(int(way[node]))
            node = int(parent[node])
            nodes.append(node - n)
        paths += reversed(nodes)
        codes += reversed(turns)
        ends[word] = len(paths)
    return np.array(paths, np.int32), ends, np.array(codes, np.int8)


_NO_IDS, _NO_ENDS, _NO_CODES = np.zeros(0, np.int32), np.zeros(0, np.int64), np.zeros(0, np.int8)


def _mixed(*numbers: int) -> int:
    """A random state that is never 0, of a seed and where it is used."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0]) | 1
