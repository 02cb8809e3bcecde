"""Words and their ids: the most frequent word is 0, words of one count are in the order of their first occurrence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import numpy as np

from juqing.errors import InputError


class Vocabulary:
    """A fixed list of words with their counts.

    Args:
        words: All different, in the order of their ids.
        counts: For each how often it occurred; zeros where that is not known.

    Attributes:
        words: A list of str.
        counts: (n_words,) int64.
    """

    def __init__(self, words: Sequence[str], counts: Sequence[int] | np.ndarray | None = None):
        self.words = list(words)
        self.counts = np.zeros(len(self.words), np.int64) if counts is None else np.asarray(counts, np.int64)
        if len(set(self.words)) < len(self.words):
            seen: set[str] = set()
            twice = next(word for word in self.words if word in seen or seen.add(word))
            raise InputError(f"the word {twice!r} is there twice.", "Give each word once.")
        if self.counts.shape != (len(self.words),):
            raise InputError(f"there are {len(self.words):,} words and counts of the shape {self.counts.shape}.")

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], *, min_count: int = 1, max_words: int | None = None) -> Vocabulary:
        """The words that occur `min_count` times or more, at most `max_words` of them, the most frequent first.

        Raises:
            InputError: No word is left.
        """
        words = [word for word, n in counts.items() if n >= min_count]
        if not words:
            most = max(counts.items(), key=lambda item: item[1], default=None)
            found = f"the most frequent, {most[0]!r}, occurs {most[1]:,} times" if most else "the text is empty"
            raise InputError(
                f"no word occurs {min_count:,} times or more: {found}.", "Lower --min-count, or give more text."
            )
        found = np.fromiter((counts[word] for word in words), np.int64, len(words))
        order = np.argsort(-found, kind="stable")[:max_words]  # stable: ties stay in the order of first occurrence
        return cls([words[k] for k in order], found[order])

    @classmethod
    def of_sentences(cls, sentences: Iterable[Sequence[str]], *, min_count: int = 1) -> Vocabulary:
        """Count the words of sentences."""
        counts: Counter[str] = Counter()
        for sentence in sentences:
            counts.update(sentence)
        return cls.of_counts(counts, min_count=min_count)

    @cached_property
    def index(self) -> dict[str, int]:
        """The id of each word; made when it is first asked for, since it is as large as the words themselves."""
        return {word: k for k, word in enumerate(self.words)}

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self.index

    def ids(self, words: Iterable[str]) -> np.ndarray:
        """The ids of the words that are known, (n,) int32; others are left out."""
        find = self.index.get
        return np.array([k for word in words if (k := find(word)) is not None], dtype=np.int32)
