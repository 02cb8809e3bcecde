"""Frequencies: how often a cue's words were seen where an emotion is felt and where it is not, and a logistic regression on top.

What it adds to `lexicon`: which words go with which emotion is learned from labeled lines, for all words. Of an emotion it sees three
numbers a cue, a one for the bias and the two sums of `juqing.text.documents.EmotionFrequencies`, and gives each of the levels 0 to 3 a
probability; the score is the expected level. It leaves out on purpose which of the words it was: a word can only be common where
the emotion is felt, not tell something in company of another. A cue that it learns from is among those that were counted, which makes it
surer of rare words than it should be; the rungs above weigh words by what they are worth beside each other.

Source: the exercise on logistic regression of "Natural language processing with classification and vector spaces"
(DeepLearning.AI, 2020), for four levels in place of two.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.errors import MissingExtraError
from juqing.recognition.linear import Progress, WordRecognizer
from juqing.settings import check_between
from juqing.text.documents import EmotionFrequencies

_N_LEVELS = int(MAX_STRENGTH) + 1
_NEVER = -1e4
"""The intercept of a level that no label has: its probability is zero."""


class FrequencyRecognizer(WordRecognizer):
    """Multinomial logistic regression on frequencies, an emotion at a time.

    p(level | cue) = softmax over levels of coef_[emotion, level] @ (felt, not felt) + intercept_[emotion, level].

    Args:
        unit: `word` or `character`.
        tags: Whether the parts of speech of the words count beside them.
        inverse_penalty: scikit-learn's C, on frequencies that are divided by their standard deviation.

    Attributes:
        frequencies_: (n_words, 12) float32, those of `EmotionFrequencies`.
        coef_: (6, 4, 2) float32, intercept_: (6, 4) float32.
    """

    kind = "frequency"
    method = "frequencies of words beside emotions and logistic regression"
    settings = ("unit", "tags", "inverse_penalty")
    shapes: ClassVar[dict[str, tuple[int | str, ...]]] = {
        "frequencies": ("n_words", 2 * N_EMOTIONS),
        "coef": (N_EMOTIONS, _N_LEVELS, 2),
        "intercept": (N_EMOTIONS, _N_LEVELS),
    }
    frequencies_: np.ndarray
    coef_: np.ndarray
    intercept_: np.ndarray

    def __init__(self, *, unit: str = "word", tags: bool = False, inverse_penalty: float = 1.0):
        super().__init__(unit=unit, tags=tags)
        self.inverse_penalty = inverse_penalty

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        super().check()
        check_between(self, 0.0, 1e30, "inverse_penalty")

    def _learn(self, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Progress) -> None:
        try:
            from sklearn.linear_model import LogisticRegression
        except ImportError:
            raise MissingExtraError("Training", "train") from None
        levels = np.floor(y + 0.5).astype(np.int64)
        counted = EmotionFrequencies().fit(documents, levels, w)
        self.vocabulary_ = counted.vocabulary_
        self.frequencies_ = counted.frequencies_.astype(np.float32)
        X = self._inputs(documents)  # (n_documents, 6, 2)
        scale = X.std(axis=0)
        scale[scale == 0] = 1.0
        self.coef_ = np.zeros((N_EMOTIONS, _N_LEVELS, 2), np.float32)
        self.intercept_ = np.full((N_EMOTIONS, _N_LEVELS), _NEVER, np.float32)
        for k in range(N_EMOTIONS):
            found = np.unique(levels[:, k])
            if len(found) == 1:
                self.intercept_[k, found] = 0.0
            else:
                model = LogisticRegression(C=self.inverse_penalty, max_iter=1000)
                model.fit(X[:, k] / scale[k], levels[:, k], sample_weight=w)
                # Of two levels, scikit-learn keeps only how much more likely the second is.
                self.coef_[k, found[-len(model.coef_) :]] = model.coef_ / scale[k]
                self.intercept_[k, found] = 0.0
                self.intercept_[k, found[-len(model.coef_) :]] = model.intercept_
            progress(k + 1, N_EMOTIONS)

    def _inputs(self, documents: list[list[str]]) -> np.ndarray:
        """The sums of a cue's words, felt and not felt: (n_documents, 6, 2) float64."""
        counted = EmotionFrequencies(self.vocabulary_)
        counted.vocabulary_ = self.vocabulary_
        counted.frequencies_ = cast(Any, self.frequencies_.astype(np.float64))
        return counted.transform(documents).reshape(-1, 2, N_EMOTIONS).swapaxes(1, 2)

    def _predict(self, documents: list[list[str]]) -> np.ndarray:
        logits = np.einsum("nej,elj->nel", self._inputs(documents), self.coef_) + self.intercept_
        odds = np.exp(logits - logits.max(axis=2, keepdims=True))
        return odds @ np.arange(_N_LEVELS) / odds.sum(axis=2)
