"""`WordVectors`: a vocabulary and a matrix, and what one asks of them.

Vectors may lie in a file and be mapped into memory: nothing here copies the matrix, and lengths are divided out after the products.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property

import numpy as np

from juqing.errors import InputError
from juqing.text.vocabulary import Vocabulary

_BLOCK = 2**24
"""So many numbers, at most, are held of the similarities of a batch of queries: 64 MB."""

Query = str | np.ndarray


class WordVectors:
    """A vector for each word of a vocabulary.

    Args:
        vocabulary: The words, or a list of them.
        vectors: (n_words, dim), kept as float32.

    Raises:
        InputError: The shapes do not fit.
    """

    def __init__(self, vocabulary: Vocabulary | Sequence[str], vectors: np.ndarray):
        self.vocabulary = vocabulary if isinstance(vocabulary, Vocabulary) else Vocabulary(vocabulary)
        vectors = np.asanyarray(vectors)
        self.vectors = vectors if vectors.dtype == np.float32 else vectors.astype(np.float32)
        if vectors.ndim != 2 or len(vectors) != len(self.vocabulary) or vectors.shape[1] == 0:
            raise InputError(f"there are {len(self.vocabulary):,} words and vectors of the shape {vectors.shape}.")

    @property
    def words(self) -> list[str]:
        """The words in the order of the rows."""
        return self.vocabulary.words

    @property
    def dim(self) -> int:
        """The width of a vector."""
        return self.vectors.shape[1]

    @cached_property
    def norms(self) -> np.ndarray:
        """(n_words,) float32: the lengths of the vectors; 1 where a vector is zero, so that its cosines are 0."""
        rows = max(1, _BLOCK // self.dim)
        squares = [
            np.einsum("nd,nd->n", part := self.vectors[k : k + rows], part) for k in range(0, len(self.words), rows)
        ]
        norms = np.sqrt(np.concatenate(squares)) if squares else np.zeros(0, np.float32)
        norms[norms == 0] = 1.0
        return norms

    def __len__(self) -> int:
        return len(self.vocabulary)

    def __contains__(self, word: object) -> bool:
        return word in self.vocabulary

    def __getitem__(self, word: str) -> np.ndarray:
        """The vector of a word, (dim,) float32.

        Raises:
            InputError: The word is not in the vocabulary.
        """
        return self.vectors[self._id(word)]

    def _id(self, word: str) -> int:
        try:
            return self.vocabulary.index[word]
        except KeyError:
            raise InputError(f"the word {word!r} has no vector.", "Ask for a word of the vocabulary.") from None

    def _unit(self, query: Query) -> np.ndarray:
        if isinstance(query, str):
            k = self._id(query)
            return self.vectors[k] / self.norms[k]
        vector = np.asarray(query, dtype=np.float32)
        if vector.shape != (self.dim,):
            raise InputError(f"the vector asked for has the shape {vector.shape}, those here ({self.dim},).")
        return vector / (np.linalg.norm(vector) or 1.0)

    def similarity(self, first: Query, second: Query) -> float:
        """The cosine of two words or vectors, in -1..1; 0 where one of them is zero."""
        return float(np.clip(self._unit(first) @ self._unit(second), -1.0, 1.0))

    def most_similar(
        self, query: Query | Sequence[Query], n: int = 10, *, negative: Query | Sequence[Query] = ()
    ) -> list[tuple[str, float]]:
        """The words of the highest cosine with a word, a vector, or the mean direction of several; those named are left out.

        Args:
            query: Words and vectors.
            n: Number of answers.
            negative: Words and vectors whose directions are taken away: 苹果 without 手机.
        """
        wanted, unwanted = ([each] if isinstance(each, str | np.ndarray) else list(each) for each in (query, negative))
        if not wanted:
            raise InputError("no word is asked for.", "Give at least one.")
        signed = [self._unit(each) for each in wanted] + [-self._unit(each) for each in unwanted]
        mean = np.mean(signed, axis=0)
        if unwanted and np.linalg.norm(mean) < 1e-6:
            raise InputError("the words that are taken away leave nothing.", "Name others.")
        asked = [self._id(each) for each in (*wanted, *unwanted) if isinstance(each, str)]
        return self._best(self._cosines(self._unit(mean)[None])[0], asked, n)

    def analogy(self, a: str, b: str, c: str, n: int = 10, *, multiply: bool = False) -> list[tuple[str, float]]:
        """The words that are to `c` as `b` is to `a`: 男人 is to 国王 as 女人 to ...

        Args:
            a, b, c: Words; they are left out of the answers.
            n: Number of answers.
            multiply: 3CosMul, (cos(x, b) + 1)(cos(x, c) + 1) / (2 (cos(x, a) + 1 + 0.002)), in place of 3CosAdd, cos(x, b - a + c).

        Source: Mikolov, Yih & Zweig (2013); Levy & Goldberg, "Linguistic regularities in sparse and explicit word
        representations" (2014), with cosines moved to 0..1 and an epsilon of 0.001.
        """
        asked = [self._id(word) for word in (a, b, c)]
        return self._best(self.analogies(np.array([asked]), multiply=multiply)[0], asked, n)

    def analogies(self, questions: np.ndarray, *, multiply: bool = False) -> np.ndarray:
        """Values of all words as answers to questions (n, 3) of ids a, b, c: (n, n_words) float32; higher is better."""
        units = self.vectors[questions] / self.norms[questions][..., None]  # (n, 3, dim)
        if multiply:
            of_a, of_b, of_c = (self._cosines(units[:, k]) for k in range(3))
            return (of_b + 1) * (of_c + 1) / (2 * (of_a + 1.002))
        target = units[:, 1] - units[:, 0] + units[:, 2]
        return self._cosines(target / np.maximum(np.linalg.norm(target, axis=1, keepdims=True), 1e-12))

    def nearest(self, queries: np.ndarray, n: int = 10) -> tuple[np.ndarray, np.ndarray]:
        """For each row of queries (m, dim) the ids and cosines of the nearest words: (m, n) int64 and float32, the best first."""
        queries = np.atleast_2d(np.asarray(queries, dtype=np.float32))
        if queries.ndim != 2 or queries.shape[1] != self.dim:
            raise InputError(f"queries have the shape {queries.shape}; the vectors here have a width of {self.dim}.")
        n = min(n, len(self))
        units = queries / np.maximum(np.linalg.norm(queries, axis=1, keepdims=True), 1e-12)
        ids, cosines = np.zeros((len(units), n), np.int64), np.zeros((len(units), n), np.float32)
        rows = max(1, _BLOCK // max(1, len(self)))
        for start in range(0, len(units), rows):
            values = self._cosines(units[start : start + rows])
            best = np.argpartition(-values, n - 1, axis=1)[:, :n]
            order = np.argsort(-np.take_along_axis(values, best, axis=1), axis=1, kind="stable")
            best = np.take_along_axis(best, order, axis=1)
            ids[start : start + rows], cosines[start : start + rows] = best, np.take_along_axis(values, best, axis=1)
        return ids, cosines

    def doesnt_match(self, words: Iterable[str]) -> str:
        """The word whose vector is farthest from the mean direction of all of them: breakfast, lunch, dinner, cereal.

        Raises:
            InputError: Fewer than two of the words have vectors.
        """
        known = [word for word in words if word in self]
        if len(known) < 2:
            raise InputError(
                f"of the words, {len(known)} have vectors; two are needed.", "Give words of the vocabulary."
            )
        units = np.array([self._unit(word) for word in known])
        return known[int(np.argmin(units @ units.mean(axis=0)))]

    def _cosines(self, units: np.ndarray) -> np.ndarray:
        """Of rows (m, dim) of length one with all words: (m, n_words)."""
        return np.clip((units @ self.vectors.T) / self.norms, -1.0, 1.0)

    def _best(self, values: np.ndarray, left_out: Sequence[int], n: int) -> list[tuple[str, float]]:
        values = values.copy()
        values[list(left_out)] = -np.inf
        n = max(0, min(n, len(self) - len(set(left_out))))
        best = np.argpartition(-values, n - 1)[:n] if n else np.zeros(0, np.int64)
        best = best[np.argsort(-values[best], kind="stable")]
        return [(self.words[k], float(values[k])) for k in best]
