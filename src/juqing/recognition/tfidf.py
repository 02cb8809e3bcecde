"""TF-IDF: how often a line has a character n-gram, weighted by how rare the n-gram is, and a linear model on top.

The first rung that knows what most n-grams of the corpus say, and nothing of their order beyond three characters. Its
score of a cue is a sum over the n-grams of its line, so training takes half a minute and scoring needs NumPy alone. The line is
first rewritten by `juqing.text.lines.cue_texts`: one sign stands for the cue's own character, another for everybody else, so
that two characters in one line get different scores and a name never matters. It leaves out on purpose whatever needs
more than the line, with one exception: since a feeling rarely lasts for one line only, a second linear model of 18 inputs
mixes each cue's six values with those of the same character and of the others nearby. That model must see the first one's
errors as they are on new films, so it learns from scores that were made out of script: films are dealt into folds, and
each fold is scored by a first model that was trained on the others.

Weighting: Spärck Jones, "A statistical interpretation of term specificity" (1972), in scikit-learn's smoothed form.
Model: ridge regression, Hoerl & Kennard (1970). Second model: stacked generalization, Wolpert (1992), out of script.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.errors import LabelError, ModelError
from juqing.recognition._folder import WEIGHTS, check_shapes, read_arrays, reading, write_config
from juqing.recognition.linear import Progress, fit_ridge, labeled_rows
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.settings import check_between
from juqing.text.lines import cue_texts
from juqing.text.ngrams import MAX_N, character_ngrams

if TYPE_CHECKING:
    import scipy.sparse as sp

_SHRINKAGE = 0.5  # added to the neighbors' total weight: few neighbors say little
_SHAPES = {
    "keys": ("n_ngrams",),
    "idf": ("n_ngrams",),
    "coef": ("n_ngrams", N_EMOTIONS),
    "intercept": (N_EMOTIONS,),
}


class TfidfRecognizer:
    """Character n-gram TF-IDF and ridge regression.

    Args:
        n_max: Longest n-gram, 1 to 3 characters.
        min_df: N-grams of fewer cues are dropped.
        alpha: Strength of the ridge penalty.
        reach: Distance in lines over which neighbors count 1/e; 0 for no neighbors at all.
        n_folds: Folds of scripts that the model of the neighbors is trained on.

    Attributes:
        keys_: (n_ngrams,) uint64, sorted; the n-grams (see `character_ngrams`).
        idf_: (n_ngrams,) float32.
        coef_: (n_ngrams, 6) float32, intercept_: (6,) float32.
        context_coef_: (18, 6) float32, context_intercept_: (6,) float32; absent without neighbors.
    """

    name = "tfidf"
    method = "character n-gram TF-IDF and ridge regression"
    rmse: float | None = None
    """On scripts that it never saw, where somebody measured it and wrote it into `config.json`."""

    def __init__(self, *, n_max: int = 3, min_df: int = 2, alpha: float = 3.0, reach: float = 5.0, n_folds: int = 5):
        self.n_max = n_max
        self.min_df = min_df
        self.alpha = alpha
        self.reach = reach
        self.n_folds = n_folds

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        check_between(self, 1, MAX_N, "n_max")
        check_between(self, 1, math.inf, "min_df")
        check_between(self, 0.0, 1e30, "alpha")
        check_between(self, 0, 1e30, "reach")
        check_between(self, 2, math.inf, "n_folds")

    @property
    def size(self) -> str:
        """How large it is, for the model card."""
        return f"{len(self.keys_):,} n-grams"

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script from the text of its line and the scores of the cues around it."""
        if not hasattr(self, "keys_"):
            raise ModelError("this recognizer was not trained yet.", "Call fit, or load a trained one.")
        values = self._first(cue_texts(script))
        if hasattr(self, "context_coef_"):
            values = neighbors(script, values, self.reach) @ self.context_coef_ + self.context_intercept_
        return EmotionScores(script, np.clip(values, 0.0, MAX_STRENGTH), self.name, self.rmse)

    def fit(
        self,
        scripts: Sequence[Script],
        labels: Sequence[np.ndarray],
        weights: Sequence[np.ndarray] | None = None,
        progress: Progress | None = None,
    ) -> TfidfRecognizer:
        """Train on scripts and the labels of their cues.

        Args:
            scripts: At least one.
            labels: For each script (n_cues, 6) in 0..3, rows of NaN for cues without a label.
            weights: For each script (n_cues,), how much a label counts; all the same where None.
            progress: Told after each of the models that are fitted.

        Raises:
            InputError: A setting is out of its range.
            LabelError: There are no labels, or they do not fit the scripts.
            MissingExtraError: scikit-learn is not installed.
        """
        self.check()
        y, w, known = labeled_rows(scripts, labels, weights)
        texts = [text for script in scripts for text in cue_texts(script)]
        owner = np.repeat(np.arange(len(scripts)), [script.n_cues for script in scripts])
        n_folds = min(self.n_folds, len(scripts)) if self.reach > 0 else 1
        for name in ("context_coef_", "context_intercept_"):
            self.__dict__.pop(name, None)
        out_of_script = np.zeros((len(texts), N_EMOTIONS), dtype=np.float32)
        scored = np.zeros(len(texts), dtype=bool)
        if n_folds > 1:
            for fold in range(n_folds):
                held_out = owner % n_folds == fold
                learn = known & ~held_out
                if learn.any():
                    self._fit_first([texts[i] for i in np.flatnonzero(learn)], y[learn], w[learn])
                    out_of_script[held_out] = self._first([texts[i] for i in np.flatnonzero(held_out)])
                    scored |= held_out
                if progress:
                    progress(fold + 1, n_folds + 1)
        self._fit_first([texts[i] for i in np.flatnonzero(known)], y[known], w[known])
        if (known & scored).any():
            starts = np.cumsum([0] + [script.n_cues for script in scripts])
            around = [
                neighbors(script, out_of_script[a:b], self.reach)
                for script, a, b in zip(scripts, starts[:-1], starts[1:], strict=True)
            ]
            learn = known & scored
            ridge = fit_ridge(1.0, np.concatenate(around)[learn], y[learn], w[learn])
            self.context_coef_ = ridge.coef_.T.astype(np.float32)
            self.context_intercept_ = ridge.intercept_.astype(np.float32)
        if progress:
            progress(n_folds + 1, n_folds + 1)
        return self

    def save(self, folder: Path) -> None:
        """Write `config.json` and `weights.npz` (half precision) into an existing folder."""
        settings = {name: getattr(self, name) for name in ("n_max", "min_df", "alpha", "reach", "n_folds")}
        arrays = {"keys": self.keys_, "idf": self.idf_.astype(np.float16), "coef": self.coef_.astype(np.float16)}
        arrays["intercept"] = self.intercept_
        if hasattr(self, "context_coef_"):
            arrays |= {"context_coef": self.context_coef_, "context_intercept": self.context_intercept_}
        np.savez_compressed(folder / WEIGHTS, **arrays)
        write_config(folder, "tfidf", settings)

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> TfidfRecognizer:
        """Load what `save` wrote.

        Raises:
            ModelError: A file is missing, damaged, or its arrays do not fit each other.
        """
        with reading(folder):
            recognizer = cls(**config["settings"])
            recognizer.name = folder.name or cls.name
            recognizer.rmse = config.get("rmse")
            arrays = read_arrays(folder)
            check_shapes(arrays, _SHAPES)
            if arrays["keys"].dtype != np.uint64:
                raise ValueError("keys are not uint64")
            around = {name: array.shape for name, array in arrays.items() if name.startswith("context_")}
            if around not in ({}, {"context_coef": (3 * N_EMOTIONS, N_EMOTIONS), "context_intercept": (N_EMOTIONS,)}):
                raise ValueError("the weights of the lines around do not fit")
            for name, array in arrays.items():
                setattr(recognizer, f"{name}_", array if name == "keys" else array.astype(np.float32))
        return recognizer

    def _first(self, texts: Sequence[str]) -> np.ndarray:
        """The scores of texts by their own n-grams: (n_texts, 6) float32, not clipped."""
        rows, columns, values = self._weigh(texts, self.keys_, self.idf_)
        result = np.empty((len(texts), N_EMOTIONS), dtype=np.float32)
        for k in range(N_EMOTIONS):
            result[:, k] = np.bincount(rows, values * self.coef_[columns, k], minlength=len(texts))
        return result + self.intercept_

    def _fit_first(self, texts: Sequence[str], y: np.ndarray, w: np.ndarray) -> None:
        n = len(texts)
        rows, keys = character_ngrams(texts, self.n_max)
        vocabulary, columns = np.unique(keys, return_inverse=True)
        pairs = np.unique(rows.astype(np.int64) * len(vocabulary) + columns)
        df = np.bincount(pairs % len(vocabulary), minlength=len(vocabulary))
        kept = df >= min(self.min_df, n)
        if not kept.any():
            raise LabelError("the labeled lines have no text to learn from.", "Check the column 'content'.")
        self.keys_ = vocabulary[kept]
        self.idf_ = (np.log((1 + n) / (1 + df[kept])) + 1).astype(np.float32)
        ridge = fit_ridge(self.alpha, self._matrix(texts), y, w)
        self.coef_ = np.ascontiguousarray(ridge.coef_.T, dtype=np.float32)
        self.intercept_ = ridge.intercept_.astype(np.float32)

    def _matrix(self, texts: Sequence[str]) -> sp.csr_matrix:
        import scipy.sparse

        rows, columns, values = self._weigh(texts, self.keys_, self.idf_)
        return scipy.sparse.csr_matrix((values, (rows, columns)), shape=(len(texts), len(self.keys_)))

    def _weigh(self, texts: Sequence[str], vocabulary: np.ndarray, idf: np.ndarray) -> tuple[np.ndarray, ...]:
        """TF-IDF of known n-grams, each row of length 1: `rows`, `columns`, `values`, all (n_entries,)."""
        rows, keys = character_ngrams(texts, self.n_max)
        columns = np.minimum(np.searchsorted(vocabulary, keys), len(vocabulary) - 1)
        known = vocabulary[columns] == keys
        pairs, counts = np.unique(rows[known].astype(np.int64) * len(vocabulary) + columns[known], return_counts=True)
        rows, columns = pairs // len(vocabulary), pairs % len(vocabulary)
        values = counts * idf[columns]
        norms = np.sqrt(np.bincount(rows, values**2, minlength=len(texts)))
        return rows, columns, (values / norms[rows]).astype(np.float32)


def neighbors(script: Script, values: np.ndarray, reach: float) -> np.ndarray:
    """Each cue's values beside those of its neighbors in the scene: (n_cues, 18) float32.

    Columns: the cue's own six; the mean over the same character's other cues; the mean over all other characters' cues,
    those of the same line too. A cue `d` lines away has the weight exp(-d / reach), and 0.5 is added to the sum of weights.
    Linear in the number of cues, since the kernel is exponential.
    """
    n = script.n_cues
    own = np.concatenate([values, np.ones((n, 1))], axis=1)  # the last column sums weights
    same, everyone = np.zeros((n, N_EMOTIONS + 1)), np.zeros((n, N_EMOTIONS + 1))
    scene_of = [script.lines[cue.line].scene for cue in script.cues]
    nothing = np.zeros(N_EMOTIONS + 1)
    for order in (range(n), range(n - 1, -1, -1)):
        scene, line, total = -1, 0, nothing
        characters: dict[str, tuple[int, np.ndarray]] = {}
        pending: list[int] = []  # cues of the line that is being read; they join the sums when it is over
        for i in [*order, None]:
            cue = script.cues[i] if i is not None else None
            if pending and (cue is None or cue.line != line):
                for j in pending:
                    total = total + own[j]
                    name = script.cues[j].character
                    before, vector = characters.get(name, (line, nothing))
                    characters[name] = (line, vector * math.exp(-abs(line - before) / reach) + own[j])
                pending = []
            if cue is None or i is None:
                break
            if scene_of[i] != scene:
                scene, line, total, characters = scene_of[i], cue.line, nothing, {}
            if cue.line != line:
                total = total * math.exp(-abs(cue.line - line) / reach)
                line = cue.line
            everyone[i] += total
            if cue.character in characters:
                before, vector = characters[cue.character]
                same[i] += vector * math.exp(-abs(line - before) / reach)
            pending.append(i)
    others = everyone - same
    by_line: dict[int, list[int]] = {}
    for i, cue in enumerate(script.cues):
        by_line.setdefault(cue.line, []).append(i)
    for together in by_line.values():
        if len(together) > 1:
            sums = own[together].sum(axis=0)
            for i in together:
                others[i] += sums - own[i]
    means = [part[:, :N_EMOTIONS] / (part[:, N_EMOTIONS:] + _SHRINKAGE) for part in (same, others)]
    return np.concatenate([values, *means], axis=1).astype(np.float32)
