"""What the lower rungs share: the words of a cue without their order, a model that is fitted in one go, a folder to keep it in.

A cue is the tokens of its line (`juqing.text.tokens`). `WordRecognizer` turns scripts into tokens and knows what `fit`, `save` and
`load` promise; `BagRecognizer` adds the commonest model, ridge regression on a weighted sum of what stands for the words. Scoring
needs NumPy alone.

Ridge regression: Hoerl & Kennard (1970).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.errors import LabelError, MissingExtraError, ModelError
from juqing.recognition._folder import WEIGHTS, check_shapes, read_arrays, reading, write_config
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.settings import check_between
from juqing.text.tokens import check_unit, cue_tokens, with_parts
from juqing.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    import scipy.sparse

Progress = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""


class WordRecognizer(ABC):
    """A recognizer that sees a cue as the tokens of its line. Subclasses say what is learned of them.

    Args:
        unit: `word` or `character`.
        tags: Whether the parts of speech of the words count beside them, see `with_parts`.

    Attributes:
        vocabulary_: The tokens that count.
    """

    kind: ClassVar[str]
    method: ClassVar[str]
    """What it is, for the model card."""
    settings: ClassVar[tuple[str, ...]] = ("unit", "tags")
    """The arguments of the constructor that are kept in `config.json`."""
    shapes: ClassVar[dict[str, tuple[int | str, ...]]]
    """The arrays that are learned, by the attribute's name without `_`, and their shapes; `n_words` is that of the vocabulary."""
    rmse: float | None = None
    """On scripts that it never saw, where somebody measured it and wrote it into `config.json`."""

    vocabulary_: Vocabulary

    def __init__(self, *, unit: str = "word", tags: bool = False):
        self.name = self.kind
        self.unit = unit
        self.tags = tags

    @property
    def size(self) -> str:
        """How large it is, for the model card."""
        return f"{len(self.vocabulary_):,} {self.unit}s"

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script from the words of its line.

        Raises:
            ModelError: It was not trained.
        """
        if not hasattr(self, "vocabulary_"):
            raise ModelError("this recognizer was not trained yet.", "Call fit, or load a trained one.")
        values = self._predict(self._documents(script))
        return EmotionScores(script, np.clip(values, 0.0, MAX_STRENGTH), self.name, self.rmse)

    def fit(
        self,
        scripts: Sequence[Script],
        labels: Sequence[np.ndarray],
        weights: Sequence[np.ndarray] | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """Train on scripts and the labels of their cues.

        Args:
            scripts: At least one.
            labels: For each script (n_cues, 6) in 0..3, rows of NaN for cues without a label.
            weights: For each script (n_cues,), how much a label counts; all the same where None.
            progress: Told after each step.

        Raises:
            LabelError: There are no labels, or they do not fit the scripts.
            InputError: A setting is out of its range.
            MissingExtraError: scikit-learn is not installed.
        """
        self.check()
        y, w, known = labeled_rows(scripts, labels, weights)
        tokens = [each for script in scripts for each in self._documents(script)]
        documents = [tokens[i] for i in np.flatnonzero(known)]
        if not any(documents):
            raise LabelError("the labeled lines have no text to learn from.", "Check the column 'content'.")
        self._learn(documents, y[known], w[known], progress or (lambda done, total: None))
        return self

    def save(self, folder: Path) -> None:
        """Write `config.json` and `weights.npz` into an existing folder."""
        write_config(folder, self.kind, {name: getattr(self, name) for name in self.settings})
        arrays: dict[str, Any] = self._arrays()
        np.savez_compressed(folder / WEIGHTS, **arrays)

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> Self:
        """Load what `save` wrote.

        Raises:
            ModelError: A file is missing, damaged, or its arrays do not fit each other.
        """
        with reading(folder):
            recognizer = cls._of_config(folder, config)
            arrays = read_arrays(folder)
            recognizer.vocabulary_ = Vocabulary(arrays["words"].tobytes().decode("utf-8").split("\n")[:-1])
            recognizer._take(arrays)
        return recognizer

    @classmethod
    def _of_config(cls, folder: Path, config: dict[str, Any]) -> Self:
        recognizer = cls(**config["settings"])
        recognizer.check()
        recognizer.name = folder.name or cls.kind
        recognizer.rmse = config.get("rmse")
        return recognizer

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        check_unit(self.unit, self.tags)

    def _arrays(self) -> dict[str, np.ndarray]:
        """What was learned, and the words: UTF-8, a newline after each, as in files of word vectors."""
        words = np.frombuffer("".join(word + "\n" for word in self.vocabulary_.words).encode(), dtype=np.uint8)
        return {"words": words, **{name: getattr(self, f"{name}_") for name in self.shapes}}

    def _take(self, arrays: dict[str, np.ndarray]) -> None:
        """Set what was learned from the arrays of a file."""
        check_shapes(arrays, self.shapes, n_words=len(self.vocabulary_))
        for name in self.shapes:
            setattr(self, f"{name}_", arrays[name].astype(np.float32))

    def _documents(self, script: Script) -> list[list[str]]:
        """What is seen of each cue: its tokens, and their parts of speech where these are asked for."""
        tokens = cue_tokens(script, unit=self.unit, tags=self.tags)
        return list(map(with_parts, tokens)) if self.tags else tokens

    @abstractmethod
    def _learn(self, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Progress) -> None:
        """Learn from the tokens of labeled cues, (n_cues, 6) labels and (n_cues,) weights."""

    @abstractmethod
    def _predict(self, documents: list[list[str]]) -> np.ndarray:
        """(n_documents, 6), not clipped."""


class BagRecognizer(WordRecognizer):
    """Ridge regression on the sum of what stands for a cue's words, each word with a weight.

    score(cue) = sum over words of value(cue, word) * vectors_[word] @ coef_ + intercept_. Subclasses say which words count and what
    stands for them (`_choose`), and what the value is (`_values`).

    Attributes:
        word_weights_: (n_words,) float32, a factor of the word's values.
        vectors_: (n_words, dim) float32, what stands for a word; None where each word has a dimension of its own.
        coef_: (dim, 6) float32, intercept_: (6,) float32.
    """

    shapes: ClassVar[dict[str, tuple[int | str, ...]]] = {
        "word_weights": ("n_words",),
        "coef": ("n_words", N_EMOTIONS),
        "intercept": (N_EMOTIONS,),
    }
    vectors_: np.ndarray | None = None
    word_weights_: np.ndarray
    coef_: np.ndarray
    intercept_: np.ndarray

    def __init__(self, *, unit: str = "word", tags: bool = False, alpha: float = 1.0):
        super().__init__(unit=unit, tags=tags)
        self.alpha = alpha

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        super().check()
        check_between(self, 0.0, 1e30, "alpha")

    @abstractmethod
    def _choose(self, documents: list[list[str]]) -> None:
        """Set `vocabulary_`, `word_weights_` and `vectors_`."""

    @abstractmethod
    def _values(self, rows: np.ndarray, columns: np.ndarray, counts: np.ndarray, n_documents: int) -> np.ndarray:
        """(n_entries,) float64: what each word of a document counts, from how often it is there."""

    def _entries(self, documents: Sequence[Sequence[str]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The known words of each document, each once: `rows` and `columns` (n_entries,) int64, sorted, and their values."""
        ids = [self.vocabulary_.ids(document) for document in documents]
        rows = np.repeat(np.arange(len(ids)), np.array([len(each) for each in ids], dtype=np.int64))
        columns = np.concatenate([np.zeros(0, np.int64), *ids])
        pairs, counts = np.unique(rows * len(self.vocabulary_) + columns, return_counts=True)
        rows, columns = np.divmod(pairs, len(self.vocabulary_))
        return rows, columns, self._values(rows, columns, counts, len(ids))

    def _matrix(self, documents: Sequence[Sequence[str]]) -> scipy.sparse.csr_array:
        """The values as a matrix: (n_documents, n_words) float64."""
        try:
            import scipy.sparse
        except ImportError:
            raise MissingExtraError("Training", "train") from None
        rows, columns, values = self._entries(documents)
        shape = (len(documents), len(self.vocabulary_))
        return scipy.sparse.csr_array((values, (rows, columns)), shape=shape)

    def _learn(self, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Progress) -> None:
        self._choose(documents)
        X = self._matrix(documents)
        ridge = fit_ridge(self.alpha, X if self.vectors_ is None else X @ self.vectors_, y, w)
        self.coef_ = np.ascontiguousarray(ridge.coef_.T, dtype=np.float32)
        self.intercept_ = ridge.intercept_.astype(np.float32)
        progress(1, 1)

    def _predict(self, documents: list[list[str]]) -> np.ndarray:
        rows, columns, values = self._entries(documents)
        per_word = self.coef_ if self.vectors_ is None else self.vectors_ @ self.coef_  # (n_words, 6)
        sums = [np.bincount(rows, values * column[columns], minlength=len(documents)) for column in per_word.T]
        return np.stack(sums, axis=1) + self.intercept_


def labeled_rows(
    scripts: Sequence[Script], labels: Sequence[np.ndarray], weights: Sequence[np.ndarray] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The labels (n, 6) and weights (n,) of all cues of all scripts, and which of them have a label that
    counts, (n,) bool: one of confidence 0 is as none.

    Raises:
        LabelError: There are no labels, or they do not fit the scripts.
    """
    if len(scripts) != len(labels) or any(len(y) != s.n_cues for s, y in zip(scripts, labels, strict=True)):
        raise LabelError("the labels do not fit the scripts.", "Give one array of (n_cues, 6) for each script.")
    if weights is None:
        weights = [np.ones(script.n_cues, dtype=np.float32) for script in scripts]
    y, w = np.concatenate(labels), np.concatenate(weights)
    known = np.asarray(~np.isnan(y).any(axis=1) & (w > 0))
    if not known.any():
        raise LabelError(
            "there is no labeled cue to learn from.", "Rows need a character, six numbers and a confidence above 0."
        )
    return y, w, known


def fit_ridge(alpha: float, X: Any, y: np.ndarray, weights: np.ndarray) -> Any:
    """scikit-learn's ridge regression, fitted.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.linear_model import Ridge
    except ImportError:
        raise MissingExtraError("Training", "train") from None
    return Ridge(alpha=alpha, solver="auto", tol=1e-4).fit(X, y, sample_weight=weights)
