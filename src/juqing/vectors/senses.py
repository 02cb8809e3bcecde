"""Senses: several vectors for one form, found by clustering the contexts in which it stands.

Each occurrence of a form gets a vector of its context; the contexts are clustered, and each cluster is a sense whose vector is
its center (Schütze, "Automatic word sense discrimination", 1998; Reisinger & Mooney, "Multi-prototype vector-space models of word
meaning", 2010). The word vectors stay as they are: nothing is trained. What comes out are uses, as the text has them, and not
the senses of a dictionary: two may be one meaning in two kinds of text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from juqing.errors import InputError, MissingExtraError
from juqing.text.corpus import Corpus
from juqing.vectors.table import WordVectors

Progress = Callable[[float, float], None]

FEWEST = 10
"""So many occurrences are needed to look for senses."""

_SMOOTHING = 1e-3
_N_REFERENCES = 19  # the chance that one cloud beats them all is 1 in 20
_N_NEAREST = 8
_N_EXAMPLES = 3
_SHOWN = 20  # words on each side of an example: a line may be a whole chapter


@dataclass(frozen=True, slots=True)
class Occurrence:
    """A form in its line: what stands before it and after it, cut to some twenty words on each side."""

    before: str
    word: str
    after: str


@dataclass(frozen=True, slots=True)
class Sense:
    """One sense of a form.

    Attributes:
        vector: (dim,) float32 of length one: the center of its contexts.
        share: Of the occurrences, 0..1; those of all senses sum to 1.
        nearest: The words of the highest cosine with the vector, the form itself left out, with the cosines.
        examples: The occurrences nearest the center, different lines.
    """

    vector: np.ndarray
    share: float
    nearest: tuple[tuple[str, float], ...]
    examples: tuple[Occurrence, ...]


@dataclass(frozen=True, slots=True)
class WordSenses:
    """What was found for a form.

    Attributes:
        word: The form.
        senses: The most frequent first.
        n_occurrences: In the text, those without a known word around them left out.
        n_clustered: Of these, drawn at random.
        silhouettes: For each number of senses that was tried, the mean silhouette by cosine distance, -1..1.
    """

    word: str
    senses: tuple[Sense, ...]
    n_occurrences: int
    n_clustered: int
    silhouettes: dict[int, float]


class Contexts:
    """What stands around a word, as a vector.

    It is the mean of the unit vectors of the words up to `window` places away, each weighted by a / (a + p) with its
    frequency p and a = 0.001, less the same mean of the whole vocabulary, and of length one. Of the common direction that all
    contexts share, nothing is left. Where the counts of the vocabulary are not known, frequencies are taken to follow Zipf's
    law, since files of word vectors have the frequent words first.

    Args:
        vectors: Of the words.
        window: Words on each side.

    Source: Arora, Liang & Ma, "A simple but tough-to-beat baseline for sentence embeddings" (2017), who take away the first
    principal component instead.

    Raises:
        InputError: The window is below 1.
    """

    def __init__(self, vectors: WordVectors, window: int = 10):
        if window < 1:
            raise InputError(f"window is {window}.", "It is 1 or more.")
        self.vectors = vectors
        self.window = window
        counts = vectors.vocabulary.counts
        shares = counts if counts.any() else 1 / np.arange(1, len(vectors) + 1)
        shares = shares / shares.sum()
        weights = _SMOOTHING / (_SMOOTHING + shares)
        self._weights = weights.astype(np.float32)
        expected = shares * weights
        self._expected = ((expected / expected.sum() / vectors.norms).astype(np.float32)) @ vectors.vectors

    def ids(self, words: Sequence[str], place: int) -> np.ndarray:
        """The known words around a place, the form that stands there left out wherever it is: (n,) int32."""
        around = words[max(0, place - self.window) : place + self.window + 1]
        return self.vectors.vocabulary.ids(word for word in around if word != words[place])

    def vector(self, words: Sequence[str], place: int) -> np.ndarray:
        """The vector of the context, (dim,) float32 of length one; zeros where none of the words is known."""
        return self._of_ids(self.ids(words, place))

    def _of_ids(self, ids: np.ndarray) -> np.ndarray:
        if not len(ids):
            return np.zeros(self.vectors.dim, np.float32)
        weights = self._weights[ids]
        mean = (weights / weights.sum() / self.vectors.norms[ids]) @ self.vectors.vectors[ids]
        return _unit(mean - self._expected)


def find_senses(
    contexts: Contexts,
    word: str,
    corpus: Corpus,
    *,
    n_senses: int | None = None,
    max_senses: int = 6,
    max_contexts: int = 1000,
    seed: int = 0,
    progress: Progress | None = None,
) -> WordSenses:
    """Cluster the contexts of a form in a text by k-means on vectors of length one.

    Where the number of senses is not given, 2 to `max_senses` are tried and the one of the highest mean silhouette is taken, if
    the contexts fall apart at all: none of 19 references, drawn from one Gaussian with the mean and covariance of the contexts,
    may reach that silhouette with any of these numbers. Otherwise there is one sense.

    The text is read once, a sentence at a time; of more than `max_contexts` occurrences, so many are drawn at random while
    it is read (reservoir sampling).

    Args:
        contexts: Makes the vectors.
        word: The form; of a corpus with tags, form and tag (`打/v`).
        corpus: The text, cut as the text of the vectors was.
        n_senses: Number of senses, from 1.
        max_senses: Most that are tried.
        max_contexts: Most occurrences that are clustered.
        seed: Of the drawing, the clustering and the references.
        progress: Told after each source, each number of senses that was tried, and each reference.

    Raises:
        InputError: The word has no vector, holds a blank, occurs fewer than `FEWEST` times, or has fewer different contexts than
            senses are asked for; a number is out of its range.
        MissingExtraError: scikit-learn is not installed.

    Source: Rousseeuw, "Silhouettes" (1987); the references as in Liu et al., "Statistical significance of clustering" (2008).
    """
    try:
        import sklearn.cluster  # noqa: F401  # before threads are limited: what is loaded later is not
        from threadpoolctl import threadpool_limits
    except ImportError:
        raise MissingExtraError("Finding senses", "train") from None
    vectors = contexts.vectors
    if word.split() != [word]:
        raise InputError(f"the word {word!r} is empty or holds a blank.", "Give one word.")
    if word not in vectors:
        raise InputError(f"the word {word!r} has no vector.", "Give a word that the text of the vectors holds.")
    for name, value, least in (("n_senses", n_senses, 1), ("max_senses", max_senses, 2), ("max_contexts", max_contexts, FEWEST)):  # fmt: skip
        if value is not None and value < least:
            raise InputError(f"{name} is {value}.", f"It is {least} or more.")
    if not 0 <= seed < 2**32:
        raise InputError(f"seed is {seed}.", f"It is 0 to {2**32 - 1:,}.")
    n_steps = len(corpus.sources) + (1 if n_senses else max_senses - 1 + _N_REFERENCES)
    report = (lambda done: progress(done, n_steps)) if progress else (lambda done: None)
    kept, n_occurrences = _occurrences(contexts, word, corpus, max_contexts, seed, report)
    if n_occurrences < FEWEST:
        raise InputError(
            f"the word {word!r} occurs {n_occurrences} times with a known word around it; {FEWEST} are needed.",
            "Give more text, or cut it as the text of the vectors was cut.",
        )
    units = np.array([contexts._of_ids(ids) for ids, _ in kept])
    n_distinct = len(np.unique(units.round(5), axis=0))
    if n_senses is not None and n_senses > min(n_distinct, len(units) - 1):
        raise InputError(
            f"{n_senses} senses are asked for, and {word!r} has {n_distinct} different contexts in {len(units)} places.",
            "Ask for fewer.",
        )
    most = min(max_senses, n_distinct, len(units) - 1)
    with threadpool_limits(1):  # so few rows are slower on several threads, and sums would depend on their number
        labels, silhouettes = _cluster(units, n_senses, most, seed, lambda k: report(len(corpus.sources) + k))
    senses = [
        _sense(vectors, word, units[labels == k], [kept[m][1] for m in np.flatnonzero(labels == k)], len(units))
        for k in range(labels.max() + 1)
    ]
    senses.sort(key=lambda sense: -sense.share)
    return WordSenses(word, tuple(senses), n_occurrences, len(units), silhouettes)


def similarity_in_context(
    contexts: Contexts,
    first: tuple[WordSenses, Sequence[str]],
    second: tuple[WordSenses, Sequence[str]],
    *,
    best: bool = False,
) -> float:
    """How alike two words are, each in a sentence: their senses compared as far as the sentences speak for them, -1..1.

    AvgSimC, the sum over pairs of senses of p(i) q(j) cos(i, j), where p and q are the inverse cosine distances between the
    context and the senses, scaled to sum to 1; or MaxSimC, the cosine of the two senses that are likeliest.

    Args:
        contexts: As the senses were found with.
        first, second: The senses of a word and the words of a sentence in which it stands; its first place counts.
        best: MaxSimC in place of AvgSimC.

    Raises:
        InputError: A word is not in its sentence.

    Source: Reisinger & Mooney (2010); Huang et al., "Improving word representations via global context and multiple word
    prototypes" (2012), with shares in place of likelihoods divided by the number of pairs.
    """
    (p, senses), (q, others) = _in_context(contexts, *first), _in_context(contexts, *second)
    cosines = senses @ others.T  # (n_senses, n_others)
    value = cosines[p.argmax(), q.argmax()] if best else p @ cosines @ q
    return float(np.clip(value, -1, 1))


def _in_context(contexts: Contexts, found: WordSenses, sentence: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """How far a sentence speaks for each sense, (n_senses,), and their vectors (n_senses, dim)."""
    words = list(sentence)
    if found.word not in words:
        raise InputError(f"the word {found.word!r} is not in the sentence {' '.join(words)!r}.", "Give one that holds it.")  # fmt: skip
    matrix = np.array([sense.vector for sense in found.senses])
    distances = 1 - matrix @ contexts.vector(words, words.index(found.word))
    likely = 1 / np.maximum(distances, 1e-6)
    return likely / likely.sum(), matrix


def _occurrences(
    contexts: Contexts, word: str, corpus: Corpus, n_kept: int, seed: int, report: Callable[[int], None]
) -> tuple[list[tuple[np.ndarray, Occurrence]], int]:
    """The known words around occurrences and what stands there, at most `n_kept`, each with the same chance; how many there are."""
    random = np.random.default_rng(seed)
    kept: list[tuple[np.ndarray, Occurrence]] = []
    n_seen = 0
    form = word.rpartition("/")[0] if corpus.tags else word
    for done, source in enumerate(corpus.sources, 1):
        for words in Corpus([source], unit=corpus.unit, tags=corpus.tags).containing(form):
            shown = [each.rpartition("/")[0] for each in words] if corpus.tags else words
            for place in (k for k, each in enumerate(words) if each == word):
                ids = contexts.ids(words, place)
                if not len(ids):
                    continue
                n_seen += 1
                if len(kept) < n_kept:
                    kept.append((ids, _occurrence(shown, place)))
                elif (k := int(random.integers(n_seen))) < n_kept:
                    kept[k] = (ids, _occurrence(shown, place))
        report(done)
    return kept, n_seen


def _occurrence(words: Sequence[str], place: int) -> Occurrence:
    first, last = max(0, place - _SHOWN), place + 1 + _SHOWN
    before = _joined(words[first:place], words[place])
    after = _joined(words[place:last], "")[len(words[place]) :]
    return Occurrence("…" * (first > 0) + before, words[place], after + "…" * (last < len(words)))


def _joined(words: Sequence[str], following: str) -> str:
    """A line again, up to the word that follows: blanks stand between Latin words, not between Chinese ones."""
    text = ""
    for word, after in zip(words, [*words, following][1:], strict=True):
        text += word + " " * (word.isascii() and after[:1].isascii() and after[:1].isalnum())
    return text


def _cluster(
    units: np.ndarray, n_senses: int | None, most: int, seed: int, report: Callable[[int], None]
) -> tuple[np.ndarray, dict[int, float]]:
    """The sense of each context, (n,) ints from 0, and the silhouettes of the numbers of senses that were tried."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score

    def clustered(rows: np.ndarray, k: int) -> tuple[np.ndarray, float]:
        labels = KMeans(k, n_init=cast(Any, 5), random_state=seed).fit_predict(rows)
        return labels, float(silhouette_score(rows, labels, metric="cosine"))

    one = np.zeros(len(units), np.int64)
    if n_senses == 1:
        return one, {}
    tried: dict[int, tuple[np.ndarray, float]] = {}
    for k in [n_senses] if n_senses else range(2, most + 1):
        tried[k] = clustered(units, k)
        report(len(tried))
    silhouettes = {k: value for k, (_, value) in tried.items()}
    if n_senses:
        return tried[n_senses][0], silhouettes
    best = max(silhouettes, key=silhouettes.__getitem__, default=None)
    if best is None:
        return one, silhouettes
    random = np.random.default_rng(seed)
    mean = units.mean(axis=0)
    deviations, axes = np.linalg.svd((units - mean) / np.sqrt(len(units)), full_matrices=False)[1:]
    for n in range(1, _N_REFERENCES + 1):
        cloud = _unit(mean + random.standard_normal((len(units), len(deviations))) * deviations @ axes)
        if any(clustered(cloud, k)[1] >= silhouettes[best] for k in tried):
            return one, silhouettes
        report(len(tried) + n)
    return tried[best][0], silhouettes


def _sense(vectors: WordVectors, word: str, units: np.ndarray, lines: Sequence[Occurrence], n_contexts: int) -> Sense:
    center = _unit(units.mean(axis=0))
    nearest = [pair for pair in vectors.most_similar(center, _N_NEAREST + 1) if pair[0] != word][:_N_NEAREST]
    examples: dict[str, Occurrence] = {}
    for k in np.argsort(-(units @ center), kind="stable"):
        examples.setdefault(lines[k].before + lines[k].word + lines[k].after, lines[k])
    return Sense(center, len(units) / n_contexts, tuple(nearest), tuple(examples.values())[:_N_EXAMPLES])


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)).astype(np.float32)
