"""GloVe: vectors whose products are the logarithms of how often words stand near each other.

What it adds to the SVD of counts: pairs that never meet are left out, rare ones count for less, and every word has a bias, so
the loss is that of a weighted regression on what was seen: the sum over pairs of f(x) (w . c + b + b' - log x)^2 with
f(x) = min(1, (x / x_max)^alpha). Pennington, Socher & Manning, "GloVe: global vectors for word representation" (2014). AdaGrad as in their
program: the sums of squares hold the steps, the learning rate included.
"""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from juqing._compiled import kernel
from juqing.errors import InputError, OutputError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors._rounds import Checkpoint, check_finite, give_back, in_rounds
from juqing.vectors._settings import check_positive, check_ranges
from juqing.vectors.kernels import LANES, aligned, padded
from juqing.vectors.table import WordVectors

if TYPE_CHECKING:
    import scipy.sparse

_PART = 100_000
_BYTES = 16  # of a pair

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


def _close(file: IO[bytes]) -> None:
    with suppress(OSError):  # what a full disk did not take cannot be written when the file is closed either
        file.close()


class Glove:
    """Trains word vectors from co-occurrence counts.

    Args:
        config: How.

    Attributes:
        vocabulary_: The words.
        words_, contexts_: (n_words, 2 * width) float32: vectors, width being dim rounded up to 16, and their sums of squares.
        word_biases_, context_biases_: (n_words, 2) float32, likewise.
        n_pairs_: Pairs of words with a count.
        loss_: Half the weighted squared error of a pair, mean over the last epoch.
    """

    def __init__(self, config: GloveConfig | None = None):
        self.config = config or GloveConfig()

    def fit(
        self,
        counts: scipy.sparse.csr_array,
        vocabulary: Vocabulary,
        progress: Progress | None = None,
        *,
        checkpoint: Path | None = None,
    ) -> Glove:
        """Train on word × word counts (`counts.cooccurrences`).

        Args:
            counts: (n_words, n_words); pairs that never met are zero, or not there. They are let go of before the first step, so
                they make room where the caller does not hold them either: the pairs, shuffled, lie on disk, 16 bytes each, beside
                `checkpoint` or in the folder for temporary files.
            vocabulary: The words.
            progress: Told after each part of the pairs.
            checkpoint: A file to keep the state in, as in `Word2Vec.fit`.

        Raises:
            InputError: The shapes do not fit, or there are no counts.
            TrainingError: A vector is not finite any more, or the checkpoint is one of something else.
            OutputError: The checkpoint or the pairs cannot be written.
        """
        import scipy.sparse

        config, n = self.config, len(vocabulary)
        if counts.shape != (n, n):
            raise InputError(f"there are {n:,} words and counts of the shape {counts.shape}.")
        give_back()
        counts = scipy.sparse.csr_array(counts)
        kept = counts.data > 0
        order = np.arange(counts.nnz, dtype=np.int32 if counts.nnz < 2**31 else np.int64)
        if not kept.all():
            order = order[kept]
        if not len(order):
            raise InputError("there are no counts.", "Give more text.")
        self.vocabulary_, self.n_pairs_ = vocabulary, len(order)
        saved = Checkpoint(checkpoint, vocabulary, config, self.n_pairs_)
        state = saved.load()
        random = np.random.default_rng(config.seed)
        random.shuffle(order)  # once, so that near pairs are far apart
        file = self._written(counts, order, checkpoint.parent if checkpoint else None)
        del counts, kept, order
        give_back()
        with file:
            self._train(file, random, saved, state, progress)
        return self

    def _train(
        self,
        file: IO[bytes],
        random: np.random.Generator,
        saved: Checkpoint,
        state: dict[str, np.ndarray] | None,
        progress: Progress | None,
    ) -> None:
        """Go through the pairs of a file, from the beginning or from a state."""
        train = kernel("juqing.vectors.kernels.glove", "train")
        config, n, n_pairs = self.config, len(self.vocabulary_), self.n_pairs_
        n_parts, width = -(-n_pairs // _PART), padded(config.dim)
        self.words_, self.contexts_ = (self._table(n, width, random) for _ in range(2))
        self.word_biases_, self.context_biases_ = (self._biases(n, random) for _ in range(2))
        first = 0
        tables = {name: getattr(self, name + "_") for name in ("words", "contexts", "word_biases", "context_biases")}
        losses = np.zeros(config.epochs)
        if state is not None:
            for name, table in tables.items():
                table[:] = state["table_" + name]
            losses, first = state["losses"], int(state["part"])
        lock, done = threading.Lock(), first // n_parts * n_pairs + first % n_parts * _PART

        def work(k: int) -> None:
            nonlocal done
            epoch, part = divmod(k, n_parts)
            with lock:
                file.seek(part * _PART * _BYTES)
                pairs = file.read(_PART * _BYTES)
            n = len(pairs) // _BYTES
            rows, columns = np.frombuffer(pairs, np.int32, 2 * n).reshape(2, n)
            logs, weights = np.frombuffer(pairs, np.float32, 2 * n, 8 * n).reshape(2, n)
            (loss,) = train(
                rows, columns, logs, weights, self.words_.ctypes.data, self.contexts_.ctypes.data, width // LANES,
                self.word_biases_, self.context_biases_, config.learning_rate,
            )  # fmt: skip
            with lock:
                losses[epoch] += loss / n_pairs
                done += n
                if progress:
                    progress(done, n_pairs * config.epochs)

        def after(k: int, now: bool) -> None:
            state = {"table_" + name: table for name, table in tables.items()}
            saved.save(lambda: self.vectors().vectors, {**state, "losses": losses, "part": k}, now=now)

        in_rounds(work, first, n_parts * config.epochs, n_threads=config.n_threads or os.cpu_count() or 1, after=after)
        self.loss_ = float(losses[-1])
        for table in tables.values():
            check_finite(table)

    def _written(self, counts: scipy.sparse.csr_array, order: np.ndarray, folder: Path | None) -> IO[bytes]:
        """A file of all pairs, which is gone as soon as it is closed."""
        with ExitStack() as stack:
            try:
                if folder is not None:
                    folder.mkdir(parents=True, exist_ok=True)
                file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - `fit` closes it
                stack.callback(_close, file)
                for part in self._pairs(counts, order):
                    for array in part:
                        file.write(array.data)
                file.flush()
            except OSError as error:
                found = f"the pairs of words cannot be written: {error.strerror}."
                todo = "Choose another path." if folder else "Name another folder by TMPDIR."
                raise OutputError(found, f"Free some space. {todo}", path=folder) from None
            stack.pop_all()
            return file

    def _pairs(self, counts: scipy.sparse.csr_array, order: np.ndarray) -> Iterator[tuple[np.ndarray, ...]]:
        """Pairs as they are gone through, `_PART` at a time.

        Args:
            counts: The counts, by rows.
            order: Which of them to take, one after the other, (n,) integers.

        Yields:
            Rows and columns, int32, logarithms and weights f(x), float32.
        """
        values, indices = np.asarray(counts.data), np.asarray(counts.indices)
        for first in range(0, len(order), _PART):
            taken = order[first : first + _PART]
            x = values[taken].astype(np.float64)
            rows = (np.searchsorted(counts.indptr, taken, side="right") - 1).astype(np.int32)
            weights = np.minimum(1.0, (x / self.config.x_max) ** self.config.alpha).astype(np.float32)
            yield rows, indices[taken].astype(np.int32), np.log(x).astype(np.float32), weights

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
