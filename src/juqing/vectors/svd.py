"""Vectors from counts: a matrix of what stands near what, weighted, and cut down to its strongest directions.

The classical way to word vectors: a word is described by its neighbors (`counts`); the matrix is large and sparse, and its
best approximation of rank k (Eckart & Young, 1936) gives k numbers a word. Sources: Deerwester et al., "Indexing by latent semantic
analysis" (1990); Levy & Goldberg, "Neural word embedding as implicit matrix factorization" (2014); Levy, Goldberg & Dagan, "Improving
distributional similarity with lessons learned from word embeddings" (2015).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg

from juqing.errors import InputError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.table import WordVectors

WEIGHTINGS = ("raw", "log", "ppmi")


def log_counts(counts: scipy.sparse.csr_array) -> scipy.sparse.csr_array:
    """log(1 + n): a neighbor that is there a hundred times does not count a hundred times as much."""
    return scipy.sparse.csr_array((np.log1p(counts.data), counts.indices, counts.indptr), shape=counts.shape)


def ppmi(counts: scipy.sparse.csr_array, *, smoothing: float = 0.75, shift: float = 1.0) -> scipy.sparse.csr_array:
    """Positive pointwise mutual information: how much more often two words meet than by chance.

    max(0, log(n(w, c) N_a / (n(w) n(c)^a)) - log(shift)), with n(w) and n(c) the sums of row and column, a the smoothing and
    N_a the sum of all n(c)^a.

    Args:
        counts: (n_words, n_contexts), not negative.
        smoothing: a, 0 < a <= 1: below 1, rare contexts count for less. Levy, Goldberg & Dagan (2015).
        shift: k >= 1: pairs must be k times more frequent than by chance; that of k negative samples.

    Raises:
        InputError: A setting is out of its range, or there are no counts.
    """
    if not 0 < smoothing <= 1:
        raise InputError(f"smoothing is {smoothing}.", "It is above 0, and 1 at most.")
    if not shift >= 1:
        raise InputError(f"shift is {shift}.", "It is 1 or more.")
    rows = np.asarray(counts.sum(axis=1)).ravel()
    columns = np.asarray(counts.sum(axis=0)).ravel() ** smoothing
    if not rows.sum() > 0:
        raise InputError("there are no counts.", "Give more text.")
    pairs = scipy.sparse.coo_array(counts)
    with np.errstate(divide="ignore"):
        values = np.log(pairs.data * columns.sum() / (rows[pairs.row] * columns[pairs.col])) - np.log(shift)
    kept = values > 0
    found = scipy.sparse.coo_array((values[kept], (pairs.row[kept], pairs.col[kept])), shape=counts.shape)
    return scipy.sparse.csr_array(found)


@dataclass(frozen=True, slots=True)
class TruncatedSVD:
    """The k strongest directions of a matrix: left @ diag(values) @ right is its best approximation of rank k.

    Attributes:
        left: (n_rows, k) float64, columns of length one.
        values: (k,) float64, singular values, the largest first.
        right: (k, n_columns) float64, rows of length one.
        squared_norm: The sum of the squares of all entries of the matrix.
    """

    left: np.ndarray
    values: np.ndarray
    right: np.ndarray
    squared_norm: float

    def explained(self) -> np.ndarray:
        """(k,) float64, rising to 1 at most: the share of the squared entries that the first 1, 2, ..., k directions hold."""
        return np.cumsum(self.values**2) / self.squared_norm

    def error(self) -> np.ndarray:
        """(k,) float64: the Frobenius distance of the matrix from its approximation of rank 1, 2, ..., k."""
        return np.sqrt(np.maximum(self.squared_norm - np.cumsum(self.values**2), 0.0))


def truncated_svd(matrix: scipy.sparse.csr_array | np.ndarray, k: int, *, seed: int = 0) -> TruncatedSVD:
    """The k largest singular values and their vectors, exact up to rounding (ARPACK; LAPACK where k is nearly all).

    Signs are fixed: the entry of a left vector that is farthest from zero is positive.

    Raises:
        InputError: k is not in 1..min(shape), or the matrix is zero.
    """
    shape: Any = matrix.shape
    smallest = min(shape)
    if not 1 <= k <= smallest:
        raise InputError(f"rank {k} was asked for, of a matrix of the shape {matrix.shape}.", f"It is 1 to {smallest}.")
    data = np.asarray(matrix if isinstance(matrix, np.ndarray) else matrix.data, np.float64)
    squared_norm = float((data * data).sum())
    if not squared_norm > 0:
        raise InputError("all entries of the matrix are zero.", "Give more text, or lower shift.")
    if k < smallest // 2:
        start = np.random.default_rng(seed).normal(size=smallest)
        found: Any = scipy.sparse.linalg.svds(matrix.astype(np.float64), k, v0=start)
        left, values, right = found[0][:, ::-1], found[1][::-1], found[2][::-1]
    else:
        dense = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
        left, values, right = np.linalg.svd(dense, full_matrices=False)
        left, values, right = left[:, :k], values[:k], right[:k]
    signs = np.sign(left[np.abs(left).argmax(axis=0), np.arange(k)])
    signs[signs == 0] = 1.0
    return TruncatedSVD(left * signs, np.ascontiguousarray(values), right * signs[:, None], squared_norm)


def svd_vectors(vocabulary: Vocabulary, svd: TruncatedSVD, *, power: float = 0.5) -> WordVectors:
    """left @ diag(values ** power) as word vectors: 1 keeps the distances of the matrix's rows, 0.5 and 0 are better for similarity.

    Directions whose singular value is nothing but rounding are zero, whatever the power. Levy, Goldberg & Dagan (2015),
    "eigenvalue weighting".
    """
    least = svd.values.max() * max(svd.left.shape[0], svd.right.shape[1]) * np.finfo(np.float64).eps
    weights = np.where(svd.values > least, svd.values**power, 0.0)
    return WordVectors(vocabulary, (svd.left * weights).astype(np.float32))
