"""Documents as counts of their words: one-hot, bag of words, TF-IDF, and how often words were seen beside an emotion.

A document is a sequence of tokens. Its words are counted and their order is forgotten; words outside the vocabulary are left out. The
functions that make a sparse matrix need SciPy, `EmotionFrequencies` needs NumPy alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.errors import InputError, LabelError, MissingExtraError, ModelError
from juqing.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    import scipy.sparse


def one_hot(tokens: Iterable[str], vocabulary: Vocabulary) -> scipy.sparse.csr_array:
    """Token × word: 1 at the token's own word; a row of zeros for a token that is not in the vocabulary.

    Returns:
        (n_tokens, n_words) float64.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    return document_counts(((token,) for token in tokens), vocabulary)


def document_counts(
    documents: Iterable[Sequence[str]], vocabulary: Vocabulary, *, binary: bool = False
) -> scipy.sparse.csr_array:
    """Document × word: how often each word stands in each document (bag of words).

    Args:
        documents: The tokens of each.
        vocabulary: The words of the columns; others are left out.
        binary: Whether a word is there (1), in place of how often.

    Returns:
        (n_documents, n_words) float64, columns of a row sorted. Its transpose is the word-document matrix.

    Raises:
        MissingExtraError: SciPy is not installed.
    """
    try:
        import scipy.sparse
    except ImportError:
        raise MissingExtraError("A sparse matrix of counts", "train") from None
    ids, ends = _ids(documents, vocabulary)
    counts = scipy.sparse.csr_array((np.ones(len(ids)), ids, ends), shape=(len(ends) - 1, len(vocabulary)))
    counts.sum_duplicates()
    if binary:
        counts.data[:] = 1.0
    return counts


def smooth_idf(counts: scipy.sparse.csr_array) -> np.ndarray:
    """Inverse document frequency of each word: log((1 + n) / (1 + df)) + 1, df of the n documents having the word.

    As if one more document had every word, so that nothing is divided by zero; scikit-learn's form of Spärck Jones, "A
    statistical interpretation of term specificity" (1972).

    Args:
        counts: (n_documents, n_words), as `document_counts` makes them.

    Returns:
        (n_words,) float64, 1 or more.
    """
    n_documents, n_words = cast(tuple[int, int], counts.shape)
    df = np.bincount(counts.indices[counts.data > 0], minlength=n_words)
    return np.log((1 + n_documents) / (1 + df)) + 1


def tfidf(counts: scipy.sparse.csr_array, idf: np.ndarray | None = None) -> scipy.sparse.csr_array:
    """Counts times inverse document frequency, each row divided by its length.

    Args:
        counts: (n_documents, n_words), as `document_counts` makes them.
        idf: (n_words,), that of the documents a model was trained on; `smooth_idf` of these documents where None.

    Returns:
        (n_documents, n_words) float64, rows of length 1; an empty document stays zero.

    Raises:
        InputError: `idf` does not fit the counts.
    """
    idf = smooth_idf(counts) if idf is None else np.asarray(idf, np.float64)
    n_documents, n_words = cast(tuple[int, int], counts.shape)
    if idf.shape != (n_words,):
        raise InputError(f"idf has the shape {idf.shape}, the counts have {n_words:,} words.")
    weighted = counts.copy()
    weighted.eliminate_zeros()
    weighted.data = weighted.data * idf[weighted.indices]
    rows = np.repeat(np.arange(n_documents), np.diff(weighted.indptr))
    weighted.data /= np.sqrt(np.bincount(rows, weighted.data**2, minlength=n_documents))[rows]
    return weighted


class EmotionFrequencies:
    """Twelve numbers of a text: how often its words were seen where each emotion is felt, and how often where it is not.

    The features of the classical frequency classifier, which sums freqs[word, label] over the words of a text, for six emotions in
    place of one sentiment: freqs[w, e, felt] = the sum over documents in which e is above 0 of the times that w stands in them, and
    freqs[w, e, not felt] the same of all others. A word that is there twice is summed twice. Source: the exercise on logistic regression
    of "Natural language processing with classification and vector spaces" (DeepLearning.AI, 2020).

    Args:
        vocabulary: The words that count; all words of the documents that are learned from where None.

    Attributes:
        vocabulary_: The words.
        frequencies_: (n_words, 12) float64; the columns are the six emotions felt, in the order of `EMOTIONS`, then the six not felt.
    """

    def __init__(self, vocabulary: Vocabulary | None = None):
        self.vocabulary = vocabulary

    def fit(
        self, documents: Sequence[Sequence[str]], labels: np.ndarray, weights: np.ndarray | None = None
    ) -> EmotionFrequencies:
        """Count the words of labeled documents.

        Args:
            documents: The tokens of each.
            labels: (n_documents, 6) in 0..3.
            weights: (n_documents,), how much a document counts; 1 each where None.

        Raises:
            LabelError: The labels do not fit the documents, or one is outside 0..3.
            InputError: The documents have no words, and no vocabulary was given.
        """
        labels = np.asarray(labels, np.float64)
        if labels.shape != (len(documents), N_EMOTIONS):
            raise LabelError(
                f"there are {len(documents):,} documents and labels of the shape {labels.shape}.",
                f"Give {N_EMOTIONS} numbers for each document.",
            )
        if (wrong := ~((labels >= 0) & (labels <= MAX_STRENGTH))).any():
            row = int(wrong.any(axis=1).argmax())
            raise LabelError(
                f"a label of document {row} is {labels[row][wrong[row]][0]:g}.", f"Labels are 0 to {MAX_STRENGTH:g}."
            )
        self.vocabulary_ = Vocabulary.of_sentences(documents) if self.vocabulary is None else self.vocabulary
        ids, ends = _ids(documents, self.vocabulary_)
        felt = np.repeat(labels > 0, np.diff(ends), axis=0)  # (n_tokens, 6)
        beside = np.concatenate([felt, ~felt], axis=1).astype(np.float64)
        if weights is not None:
            beside *= np.repeat(np.asarray(weights, np.float64), np.diff(ends))[:, None]
        self.frequencies_ = np.stack(
            [np.bincount(ids, column, minlength=len(self.vocabulary_)) for column in beside.T], axis=1
        )
        return self

    def transform(self, documents: Iterable[Sequence[str]]) -> np.ndarray:
        """The frequencies of the words of each document, summed: (n_documents, 12) float64, zeros where no word is known.

        Raises:
            ModelError: `fit` was not called.
        """
        if not hasattr(self, "frequencies_"):
            raise ModelError("no words were counted yet.", "Call fit.")
        ids, ends = _ids(documents, self.vocabulary_)
        rows = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
        columns = [np.bincount(rows, column[ids], minlength=len(ends) - 1) for column in self.frequencies_.T]
        return np.stack(columns, axis=1)


def _ids(documents: Iterable[Sequence[str]], vocabulary: Vocabulary) -> tuple[np.ndarray, np.ndarray]:
    """The ids of the known words, one document after the other, (n_tokens,) int32, and where each begins, (n_documents + 1,) int64."""
    ids = [vocabulary.ids(document) for document in documents]
    ends = np.cumsum([0, *map(len, ids)])
    return np.concatenate([np.zeros(0, np.int32), *ids]), ends
