"""Bag of words: each word of the training lines has a dimension of its own, and ridge regression six numbers for it.

What it adds to `frequency`: a word's worth is learned beside that of all other words, so that 的 does not count for what it stands next
to. With `tfidf` in place of `binary` or `counts`, rare words count for more and a long line not for more than a short one. It leaves
out on purpose the order of words, all words that the training lines do not have, and that 高兴 and 开心 say the same: to it, any
two words are equally unlike. `tfidf`, the recognizer, adds order inside three characters; `svd` and `averaged` add likeness.

Sources: Harris, "Distributional structure" (1954), for texts as bags of words; Spärck Jones, "A statistical interpretation of term
specificity" (1972), in scikit-learn's smoothed form, for the weights.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import ClassVar

import numpy as np

from juqing.errors import InputError
from juqing.recognition.linear import BagRecognizer
from juqing.settings import check_between
from juqing.text.vocabulary import Vocabulary

WEIGHTINGS = ("binary", "counts", "tfidf")
"""What a word of a line counts: 1, how often it is there, or that times its rarity, the line brought to length 1."""


class OneHotRecognizer(BagRecognizer):
    """Words as dimensions, and ridge regression.

    Args:
        unit: `word` or `character`.
        tags: Whether the parts of speech of the words count beside them.
        weighting: One of `WEIGHTINGS`.
        min_df: Words of fewer cues are dropped.
        alpha: Strength of the ridge penalty.

    Attributes:
        word_weights_: (n_words,) float32, inverse document frequencies, or ones.
    """

    kind = "onehot"
    method = "bag of words and ridge regression"
    settings: ClassVar[tuple[str, ...]] = ("unit", "tags", "weighting", "min_df", "alpha")

    def __init__(
        self,
        *,
        unit: str = "word",
        tags: bool = False,
        weighting: str = "binary",
        min_df: int = 2,
        alpha: float = 30.0,
    ):
        super().__init__(unit=unit, tags=tags, alpha=alpha)
        self.weighting = weighting
        self.min_df = min_df

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        super().check()
        check_between(self, 1, math.inf, "min_df")
        if self.weighting not in WEIGHTINGS:
            raise InputError(f"the weighting is {self.weighting!r}.", f"Choose one of {', '.join(WEIGHTINGS)}.")

    def _choose(self, documents: list[list[str]]) -> None:
        df = Counter(word for document in documents for word in dict.fromkeys(document))
        self.vocabulary_ = Vocabulary.of_counts(df, min_count=min(self.min_df, max(df.values())))
        idf = np.log((1 + len(documents)) / (1 + self.vocabulary_.counts)) + 1
        self.word_weights_ = (idf if self.weighting == "tfidf" else np.ones_like(idf)).astype(np.float32)

    def _values(self, rows: np.ndarray, columns: np.ndarray, counts: np.ndarray, n_documents: int) -> np.ndarray:
        if self.weighting == "binary":
            return np.ones(len(counts))
        values = counts * self.word_weights_[columns].astype(np.float64)
        if self.weighting == "tfidf":
            values /= np.sqrt(np.bincount(rows, values**2, minlength=n_documents))[rows]
        return values
