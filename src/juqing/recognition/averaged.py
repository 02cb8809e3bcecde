"""Averaged word vectors: a line is the mean of its words' vectors, frequent words counting less, and ridge regression on top.

What it adds to `svd`: the vectors come from running text without labels, which has thousands of times the words, so that a word that no
labeled line has is understood by its likes. Words are weighted by a / (a + p(w)), p(w) being how frequent a word is, and what all lines
have in common, their strongest direction, is taken out (SIF). The vectors stay as they are, or, for some epochs, are trained with
the task: a start that knows the language, and then what the task needs of it; words that no labeled line has do not move. It leaves
out on purpose the order of words, so that who does what to whom is lost, and any meaning that a word has only in its sentence.

Sources: Arora, Liang & Ma, "A simple but tough-to-beat baseline for sentence embeddings" (2017); for the vectors that are trained with
the task, Joulin et al., "Bag of tricks for efficient text classification" (2017); Kingma & Ba, "Adam" (2015).
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from juqing.emotions import N_EMOTIONS
from juqing.errors import InputError, MissingExtraError
from juqing.recognition._folder import read_arrays, reading
from juqing.recognition.linear import BagRecognizer, Progress
from juqing.script import Script
from juqing.settings import check_between
from juqing.text.tokens import cue_tokens
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.files import read_vectors, write_vectors
from juqing.vectors.table import WordVectors

VECTORS = "vectors.safetensors"
_BATCH = 128


class AveragedRecognizer(BagRecognizer):
    """The mean of word vectors with SIF weights, and ridge regression.

    value(cue, word) = times that the word is there * a / (a + p(word)) / number of the cue's words that have vectors.

    Args:
        vectors: Where training starts from; their words must be of the same unit, with parts of speech where these are asked for.
            None for a recognizer that is not to be trained.
        unit: `word` or `character`.
        tags: Whether a word carries its part of speech, as in vectors of tagged text.
        sif: a; where a word is as frequent as that, its weight is one half.
        max_words: Vectors that are kept: those of all words of the lines, then the first ones of `vectors`, up to so many.
        epochs: Times that the vectors are trained with the task, by Adam; 0 to keep them as they are.
        learning_rate: Of these epochs.
        seed: Of the order of cues in these epochs.
        alpha: Strength of the ridge penalty.

    Attributes:
        word_weights_: (n_words,) float32, SIF weights.
        vectors_: (n_words, dim) float32, without the direction that lines have in common.
        coef_: (dim, 6) float32.
    """

    kind = "averaged"
    method = "averaged word vectors with SIF weights and ridge regression"
    settings = ("unit", "tags", "sif", "max_words", "epochs", "learning_rate", "seed", "alpha")
    shapes: ClassVar[dict[str, tuple[int | str, ...]]] = {
        "word_weights": ("n_words",),
        "coef": ("dim", N_EMOTIONS),
        "intercept": (N_EMOTIONS,),
    }
    vectors_: np.ndarray

    def __init__(
        self,
        vectors: WordVectors | None = None,
        *,
        unit: str = "word",
        tags: bool = False,
        sif: float = 1e-3,
        max_words: int = 50_000,
        epochs: int = 0,
        learning_rate: float = 1e-3,
        seed: int = 0,
        alpha: float = 1.0,
    ):
        super().__init__(unit=unit, tags=tags, alpha=alpha)
        self.vectors = vectors
        self.sif = sif
        self.max_words = max_words
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.seed = seed

    @property
    def size(self) -> str:
        """How large it is, for the model card."""
        tuned = f", trained with the task for {self.epochs} epochs" if self.epochs else ""
        return f"{super().size} of {self.vectors_.shape[1]} dimensions{tuned}"

    def save(self, folder: Path) -> None:
        """Write `config.json`, `weights.npz` and `vectors.safetensors` into an existing folder."""
        super().save(folder)
        write_vectors(WordVectors(self.vocabulary_, self.vectors_), folder / VECTORS)

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> Self:
        """Load what `save` wrote.

        Raises:
            ModelError: A file is missing, damaged, or does not fit the others.
        """
        with reading(folder, VECTORS):
            vectors = read_vectors(folder / VECTORS)
            if not np.isfinite(vectors.vectors).all():
                raise ValueError("a number is not finite")
        with reading(folder):
            recognizer = cls._of_config(folder, config)
            recognizer.vocabulary_, recognizer.vectors_ = vectors.vocabulary, vectors.vectors
            arrays = read_arrays(folder)
            recognizer._take(arrays)
            if len(recognizer.coef_) != vectors.dim:
                raise ValueError(f"it is for vectors of {len(recognizer.coef_)} dimensions, not {vectors.dim}")
        return recognizer

    def _arrays(self) -> dict[str, np.ndarray]:
        """What was learned beside the vectors; the words lie with these."""
        return {name: getattr(self, f"{name}_") for name in self.shapes}

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        super().check()
        check_between(self, 0.0, math.inf, "sif")
        check_between(self, 0, math.inf, "epochs", "max_words")
        check_between(self, 0.0, 1.0, "learning_rate")
        check_between(self, 0, 2**32 - 1, "seed")

    def _documents(self, script: Script) -> list[list[str]]:
        return cue_tokens(script, unit=self.unit, tags=self.tags)

    def _choose(self, documents: list[list[str]]) -> None:
        if self.vectors is None:
            raise InputError("no word vectors were given.", "Give some: --vectors FILE, or vectors=read_vectors(path).")
        table = self.vectors.vocabulary
        seen = Counter(word for document in documents for word in document)
        known = [word for word in table.words if word in seen]
        if not known:
            raise InputError(
                "no word of the labeled lines has a vector.",
                "Give vectors of the same unit, with parts of speech where they are asked for.",
            )
        others = (word for word in table.words if word not in seen)
        self.vocabulary_ = Vocabulary([*known, *islice(others, max(0, self.max_words - len(known)))])
        ids = table.ids(self.vocabulary_.words)
        if table.counts.any():
            counts, total = table.counts[ids], table.counts.sum()
        else:  # a file that does not tell how frequent its words are
            counts, total = np.array([seen[word] for word in self.vocabulary_.words]), seen.total()
        self.word_weights_ = (self.sif / (self.sif + counts / total)).astype(np.float32)
        vectors = self.vectors.vectors[ids].astype(np.float64)
        lines = self._matrix(documents) @ vectors
        common = np.linalg.eigh(lines.T @ lines).eigenvectors[:, -1]  # (dim,), the first right singular vector
        found = vectors - np.outer(vectors @ common, common)
        self.vectors_ = found.astype(np.float32)  # pyright: ignore[reportIncompatibleVariableOverride]

    def _values(self, rows: np.ndarray, columns: np.ndarray, counts: np.ndarray, n_documents: int) -> np.ndarray:
        n_tokens = np.bincount(rows, counts, minlength=n_documents)
        return counts * self.word_weights_[columns].astype(np.float64) / n_tokens[rows]

    def _learn(self, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Progress) -> None:
        super()._learn(documents, y, w, lambda done, total: progress(done, self.epochs + total))
        if self.epochs:
            self._tune(documents, y, w, lambda done: progress(done + 1, self.epochs + 1))

    def _tune(self, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Any) -> None:
        """Train vectors and linear layer together, from where ridge regression left the latter."""
        try:
            import torch
            from torch import nn
        except ImportError:
            raise MissingExtraError("Training vectors with the task", "train") from None
        rows, columns, values = self._entries(documents)
        starts = np.searchsorted(rows, np.arange(len(documents) + 1))
        seen, columns = np.unique(columns, return_inverse=True)  # other words have no gradient
        bag = nn.EmbeddingBag.from_pretrained(
            torch.tensor(self.vectors_[seen]), freeze=False, mode="sum", include_last_offset=True
        )
        top = nn.Linear(*self.coef_.shape)
        with torch.no_grad():
            top.weight.copy_(torch.from_numpy(self.coef_.T.copy()))
            top.bias.copy_(torch.from_numpy(self.intercept_))
        optimizer = torch.optim.Adam([*bag.parameters(), *top.parameters()], lr=self.learning_rate)
        random_state = np.random.default_rng(self.seed)
        norm = float(w.mean())  # of all cues: a batch of doubtful ones is to pull less
        for epoch in range(self.epochs):
            order = random_state.permutation(len(documents))
            for batch in np.split(order, range(_BATCH, len(order), _BATCH)):
                entries = np.concatenate([np.arange(int(starts[i]), int(starts[i + 1])) for i in batch])
                offsets = np.concatenate([[0], np.cumsum(starts[batch + 1] - starts[batch])])
                predicted = top(
                    bag(
                        torch.from_numpy(columns[entries]),
                        torch.from_numpy(offsets),
                        per_sample_weights=torch.from_numpy(values[entries].astype(np.float32)),
                    )
                )
                errors = ((predicted - torch.from_numpy(y[batch].astype(np.float32))) ** 2).mean(1)
                weights = torch.from_numpy(w[batch].astype(np.float32))
                optimizer.zero_grad()
                ((errors * weights).mean() / norm).backward()
                optimizer.step()
            progress(epoch + 1)
        self.vectors_[seen] = bag.weight.detach().numpy()
        self.coef_ = np.ascontiguousarray(top.weight.detach().numpy().T)
        self.intercept_ = top.bias.detach().numpy().copy()
