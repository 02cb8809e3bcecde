"""How well the next word is foreseen: the LSTM of `juqing pretrain next-word` beside a trigram model, on the same held-out words.

JUQING_TEXT names the text. Both have the vocabulary, the words to learn from and the held-out words (every fiftieth window) of
`juqing.pretraining.next_word`; words outside the vocabulary count as one word. The trigram model is interpolated modified Kneser-Ney
(Chen and Goodman, "An empirical study of smoothing techniques for language modeling", 1999).
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import Bench

from juqing.pretraining.loop import load_config, preset
from juqing.pretraining.next_word import NextWordConfig, count_words, train_next_word, word_windows
from juqing.pretraining.texts import HELD_OUT, TRAIN, Windows, write_windows
from juqing.text.corpus import Corpus


class _Order:
    """The n-grams of one length: discounted shares of those that were seen, and what each context leaves to the shorter ones.

    Args:
        grams: (n,) int64, each seen once: context * n_words + word.
        counts: (n,) how often; for all but the longest, behind how many words.
        n_words: Size of the vocabulary.
    """

    def __init__(self, grams: np.ndarray, counts: np.ndarray, n_words: int):
        n = [max(1, int((counts == k).sum())) for k in range(1, 5)]
        y = n[0] / (n[0] + 2 * n[1])
        discounts = np.array([0, *(k + 1 - (k + 2) * y * n[k + 1] / n[k] for k in range(3))]).clip(0)
        discounts[1:] = np.minimum(discounts[1:], (1, 2, 3))
        taken = discounts[np.minimum(counts, 3)]
        self.grams, self.n_words = grams, n_words
        self.contexts, of = np.unique(grams // n_words, return_inverse=True)
        totals = np.bincount(of, counts)
        self.left = np.bincount(of, taken) / totals
        self.shares = (counts - taken) / totals[of]

    def probability(self, contexts: np.ndarray, words: np.ndarray, shorter: np.ndarray | float) -> np.ndarray:
        """p(word | context), (n,), where `shorter` is p(word | a context shorter by one)."""
        shares = _found(self.grams, self.shares, contexts * self.n_words + words, 0.0)
        return shares + _found(self.contexts, self.left, contexts, 1.0) * shorter


def _found(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray, otherwise: float) -> np.ndarray:
    at = np.searchsorted(keys, wanted).clip(max=len(keys) - 1)
    return np.where(keys[at] == wanted, values[at], otherwise)


class Trigram:
    """Interpolated modified Kneser-Ney over a row of word ids (n,)."""

    def __init__(self, word_ids: np.ndarray, n_words: int):
        ids = word_ids.astype(np.int64)
        threes, counts = np.unique((ids[:-2] * n_words + ids[1:-1]) * n_words + ids[2:], return_counts=True)
        twos, behind_two = np.unique(threes % n_words**2, return_counts=True)
        ones, behind_one = np.unique(twos % n_words, return_counts=True)
        self.n_words = n_words
        self.orders = [_Order(*each, n_words) for each in ((ones, behind_one), (twos, behind_two), (threes, counts))]

    def probabilities(self, first: np.ndarray, second: np.ndarray, words: np.ndarray) -> np.ndarray:
        """p(word | two words before), (n,)."""
        one, two, three = self.orders
        p = one.probability(np.zeros_like(words), words, 1 / self.n_words)
        p = two.probability(second, words, p)
        return three.probability(first * self.n_words + second, words, p)

    def perplexity(self, word_ids: np.ndarray) -> float:
        """Of all words but the first two."""
        ids = word_ids.astype(np.int64)
        return float(np.exp(-np.log(self.probabilities(ids[:-2], ids[1:-1], ids[2:])).mean()))


def main() -> None:
    text = os.environ.get("JUQING_TEXT")
    if not text:
        print("language_models: left out; name a text by JUQING_TEXT")
        return
    bench = Bench(__file__)
    corpus = Corpus([Path(text)])
    config = load_config(NextWordConfig, preset("next-word"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        vocabulary = count_words(corpus, max_words=config.max_words, min_count=config.min_count)
        write_windows(word_windows(corpus, vocabulary, config.window), folder, config.window)
        train, held_out = (np.asarray(Windows.load(folder, part).ids) for part in (TRAIN, HELD_OUT))
        trigram = Trigram(train, len(vocabulary))
        some = np.random.default_rng(0).integers(len(held_out) - 2)
        rows = np.repeat(held_out[some : some + 2, None], len(vocabulary), axis=1).astype(np.int64)
        assert abs(trigram.probabilities(rows[0], rows[1], np.arange(len(vocabulary))).sum() - 1) < 1e-6
        done = train_next_word(config, corpus, folder / "model")
    where = f"held-out words, {len(train):,} to learn from, {len(vocabulary):,} in the vocabulary"
    bench.add(where, done["perplexity"], "perplexity", peer="trigram", peer_value=trigram.perplexity(held_out))
    bench.write()


if __name__ == "__main__":
    sys.exit(main())
