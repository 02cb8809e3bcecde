"""Latent semantic analysis: a line's bag of words on the strongest directions of all lines, and ridge regression on these.

What it adds to `onehot`: words that stand in the same lines, or beside the same words, point in similar directions, so that one may
stand for the other, and there are some hundred numbers to learn from in place of ten thousand. It leaves out on purpose what the
directions do not hold, which is most of what sets rare words apart, and whatever could be learned from text without labels;
`averaged` brings that in.

Sources: Deerwester et al., "Indexing by latent semantic analysis" (1990); Eckart & Young, "The approximation of one matrix by another
of lower rank" (1936).
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from juqing.emotions import N_EMOTIONS
from juqing.recognition.onehot import OneHotRecognizer
from juqing.settings import check_between


class SvdRecognizer(OneHotRecognizer):
    """Truncated SVD of the cues' words, not centered, and ridge regression.

    Args:
        unit: `word` or `character`.
        tags: Whether the parts of speech of the words count beside them.
        weighting: One of `juqing.recognition.onehot.WEIGHTINGS`.
        dim: Number of directions; fewer where there are fewer cues or words.
        min_df: Words of fewer cues are dropped.
        alpha: Strength of the ridge penalty.

    Attributes:
        vectors_: (n_words, dim) float32, the right singular vectors.
        coef_: (dim, 6) float32.
    """

    kind = "svd"
    method = "bag of words through a truncated SVD (LSA) and ridge regression"
    settings = ("unit", "tags", "weighting", "dim", "min_df", "alpha")
    shapes: ClassVar[dict[str, tuple[int | str, ...]]] = {
        "word_weights": ("n_words",),
        "vectors": ("n_words", "dim"),
        "coef": ("dim", N_EMOTIONS),
        "intercept": (N_EMOTIONS,),
    }

    def __init__(
        self,
        *,
        unit: str = "word",
        tags: bool = False,
        weighting: str = "tfidf",
        dim: int = 200,
        min_df: int = 2,
        alpha: float = 1.0,
    ):
        super().__init__(unit=unit, tags=tags, weighting=weighting, min_df=min_df, alpha=alpha)
        self.dim = dim

    @property
    def size(self) -> str:
        """How large it is, for the model card."""
        return f"{super().size}, {self.coef_.shape[0]} directions"

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        super().check()
        check_between(self, 1, math.inf, "dim")

    def _choose(self, documents: list[list[str]]) -> None:
        super()._choose(documents)
        X = self._matrix(documents)
        from juqing.vectors.svd import truncated_svd

        self.vectors_ = truncated_svd(X, min(self.dim, len(documents), len(self.vocabulary_))).right.T.astype(
            np.float32
        )
