"""Word vectors in the plane, to be looked at: principal components and t-SNE.

PCA is the plane in which the words are spread most: distances in it are true ones, shortened. t-SNE keeps only neighborhoods: who is near
whom in the picture is near in truth, but the sizes of groups and the gaps between them mean nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from juqing.errors import FormatError, InputError, MissingExtraError, reason_of
from juqing.vectors.table import WordVectors

METHODS = ("tsne", "pca")
N_NEIGHBORS = 10
MAX_GROUPS = 30
_FEWEST = {"tsne": 7, "pca": 3}
_EXAGGERATED, _PLAIN, _EVERY = 250, 500, 25

Progress = Callable[[float, float], None]


@dataclass(frozen=True, slots=True, eq=False)
class WordMap:
    """Words in the plane, with what a picture tells of each.

    Attributes:
        words: The words, n of them, in the order of the vocabulary: the most frequent first.
        points: (n, 2) float64.
        counts: (n,) int64, zeros where the vectors came without.
        groups: Of each word the name of its group, empty where it has none.
        neighbors: Of each word the nearest of the whole vocabulary, with their cosines, the best first.
        method: How the points were found, for people.
    """

    words: tuple[str, ...]
    points: np.ndarray
    counts: np.ndarray
    groups: tuple[str, ...]
    neighbors: tuple[list[tuple[str, float]], ...]
    method: str


def pca(X: np.ndarray, n_components: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """Principal component analysis by the singular value decomposition of the centered rows.

    Signs are fixed: in each column the coordinate that is farthest from zero is positive.

    Args:
        X: (n, dim), finite.
        n_components: k, 1 to min(n, dim).

    Returns:
        Coordinates (n, k) float64, and the share of the variance that each direction explains, (k,) float64 in 0..1, falling;
        zeros where all rows are the same.

    Raises:
        InputError: There are fewer rows or columns than directions.

    Source: Pearson, "On lines and planes of closest fit to systems of points in space" (1901).
    """
    if X.ndim != 2 or not 1 <= n_components <= min(X.shape):
        raise InputError(
            f"{n_components} directions were asked for, of rows of the shape {X.shape}.", "Give more or wider rows."
        )
    centered = X - X.mean(axis=0, dtype=np.float64)
    left, values, _ = np.linalg.svd(centered, full_matrices=False)
    points = left[:, :n_components] * values[:n_components]
    signs = np.sign(points[np.abs(points).argmax(axis=0), np.arange(n_components)])
    signs[signs == 0] = 1.0
    variances = values**2
    return points * signs, variances[:n_components] / (variances.sum() or 1.0)


def tsne(
    X: np.ndarray, *, perplexity: float | None = None, seed: int = 0, progress: Progress | None = None
) -> np.ndarray:
    """t-distributed stochastic neighbor embedding in the plane, by openTSNE, on cosine distances.

    It starts from the first two principal components of the rows at length one, so that the large order of the picture is that
    of the data, with a learning rate of n / exaggeration. Neighbors are exact and one thread works: the same rows give the same picture.

    Args:
        X: (n, dim), finite, no row of zeros.
        perplexity: How many neighbors count for a point, roughly: 2 to (n - 1) / 3; 30 where None, less where n is small.
        seed: Of everything random.
        progress: Told the steps done and in all.

    Returns:
        (n, 2) float64.

    Raises:
        InputError: There are too few rows for the perplexity, or it is below 2, or a row is zero.
        MissingExtraError: openTSNE is not installed.

    Source: van der Maaten & Hinton, "Visualizing data using t-SNE" (2008); Kobak & Berens, "The art of using t-SNE for single-cell
    transcriptomics" (2019), for start and learning rate; Poličar, Stražar & Zupan, "openTSNE: a modular Python library for t-SNE
    dimensionality reduction and embedding" (2024).
    """
    perplexity = check_perplexity(len(X), perplexity)
    rows = X.astype(np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not lengths.all():
        raise InputError(
            f"row {int(np.flatnonzero(lengths == 0)[0])} is zero: it has no direction.", "Leave such rows out."
        )
    rows /= lengths
    try:
        from openTSNE import TSNE
    except ModuleNotFoundError:
        raise MissingExtraError("t-SNE", "train") from None
    start, _ = pca(rows)
    start *= 1e-4 / (start[:, 0].std() or 1.0)
    done = 0

    def told(*_: object) -> None:  # openTSNE counts from zero again when the exaggeration ends
        nonlocal done
        done += _EVERY
        if progress:
            progress(done, _EXAGGERATED + _PLAIN)

    model = TSNE(
        perplexity=cast(Any, perplexity),
        metric="cosine",
        initialization=cast(Any, start),
        early_exaggeration_iter=_EXAGGERATED,
        n_iter=_PLAIN,
        neighbors="exact",
        n_jobs=1,
        random_state=seed,
        callbacks=told,
        callbacks_every_iters=_EVERY,
    )
    return np.array(model.fit(rows), np.float64)


def check_perplexity(n: int, perplexity: float | None = None) -> float:
    """The perplexity for n rows: the one asked for, or 30, less where n is small.

    Raises:
        InputError: It is below 2, or not a third of the other rows at most.
    """
    largest = (n - 1) / 3
    if perplexity is None:
        perplexity = max(2.0, min(30.0, largest))
    if not 2 <= perplexity < math.inf:
        raise InputError(f"the perplexity is {perplexity:g}.", "It is 2 or more.")
    if perplexity > largest:
        remedy = f"or a perplexity of {math.floor(largest * 10) / 10:g} at most" if largest >= 2 else "or take PCA"
        needed = math.ceil(3 * perplexity + 1)
        raise InputError(
            f"t-SNE with a perplexity of {perplexity:g} needs {needed:,} words; there are {n:,}.",
            f"Give more words, {remedy}.",
        )
    return float(perplexity)


def map_words(
    vectors: WordVectors,
    words: Mapping[str, str],
    *,
    method: str = "tsne",
    perplexity: float | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> WordMap:
    """Put words into the plane by the directions of their vectors: lengths are left out, as in a cosine.

    Args:
        vectors: They have a vector that is not zero for each of the words.
        words: For each word the name of its group, or an empty text.
        method: `tsne` or `pca`.
        perplexity, seed: Of `tsne`.
        progress: Told after each step.

    Raises:
        InputError: The method is not known, a word has no vector or there are too few, or more than `MAX_GROUPS` groups.
        MissingExtraError: As for `tsne`.
    """
    if method not in METHODS:
        raise InputError(f"the method is {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    if len(words) < _FEWEST[method]:
        other = ", or take PCA" if method == "tsne" and len(words) >= _FEWEST["pca"] else ""
        raise InputError(
            f"a picture by {'t-SNE' if method == 'tsne' else 'PCA'} needs {_FEWEST[method]} words; there are {len(words)}.",
            f"Give more words{other}.",
        )
    n_groups = len(set(words.values()) - {""})
    if n_groups > MAX_GROUPS:
        raise InputError(
            f"the words are of {n_groups:,} groups; a picture can tell {MAX_GROUPS} apart.", "Use fewer groups."
        )
    rank = vectors.vocabulary.index
    words = dict(sorted(words.items(), key=lambda item: rank.get(item[0], -1)))  # an unknown one is first to be refused
    rows = np.array([vectors[word] for word in words])
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    zero = next((word for word, length in zip(words, lengths, strict=True) if not length), None)
    if zero is not None:
        raise InputError(f"the vector of {zero!r} is zero: it has no direction.", "Leave the word out.")
    rows /= lengths
    if method == "pca":
        points, shares = pca(rows)
        told = f"PCA, {shares[0]:.1%} and {shares[1]:.1%} of the variance"
    else:
        points = tsne(rows, perplexity=perplexity, seed=seed, progress=progress)
        told = f"t-SNE, perplexity {check_perplexity(len(words), perplexity):.3g}, seed {seed}"
    ids = vectors.vocabulary.ids(words)
    found, cosines = vectors.nearest(rows, N_NEIGHBORS + 1)
    neighbors = tuple(
        [
            (vectors.words[k], float(cosine))
            for k, cosine in zip(found[row], cosines[row], strict=True)
            if k != ids[row]
        ][:N_NEIGHBORS]
        for row in range(len(words))
    )
    return WordMap(tuple(words), points, vectors.vocabulary.counts[ids], tuple(words.values()), neighbors, told)


def read_word_groups(path: Path) -> dict[str, str]:
    """Words of a list with their groups: a word a line, a tab and its group after it or nothing; `#` begins a comment.

    Further fields are left; of a word that is there twice, the first line counts.

    Raises:
        FormatError: The file cannot be read, or holds no word.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"it cannot be read: {reason_of(error)}.", "Give a text file in UTF-8.", path=path) from None
    groups: dict[str, str] = {}
    for line in text.splitlines():
        word, _, rest = line.partition("\t")
        if word.strip() and not line.startswith("#"):
            groups.setdefault(word.strip(), rest.partition("\t")[0].strip())
    if not groups:
        raise FormatError("there are no words.", "Give a word a line.", path=path)
    return groups
