import heapq
import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from juqing.errors import InputError, TrainingError
from juqing.text.corpus import Corpus, EncodedCorpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.kernels import aligned, sigmoid_table
from juqing.vectors.kernels import word2vec as kernels
from juqing.vectors.training import config_of
from juqing.vectors.word2vec import (
    ARCHITECTURES,
    OBJECTIVES,
    Word2Vec,
    Word2VecConfig,
    _keep,
    _mixed,
    alias_table,
    huffman,
)

BOTH = list(product(ARCHITECTURES, OBJECTIVES))


def logistic(x):
    return 1 / (1 + np.exp(-x))


def loss(inputs, outputs, labels, objective):
    """Of one window, by definition."""
    scores = inputs @ outputs.T
    if objective == kernels.SOFTMAX:
        return float((np.log(np.exp(scores).sum(axis=1)) - scores[:, labels == 1].sum(axis=1)).sum())
    return float(-np.where(labels == 1, np.log(logistic(scores)), np.log(logistic(-scores))).sum())


def slopes_of(value, table):
    """How a value changes with each number of a table that it is made of, by small differences."""
    slopes = np.zeros(table.shape)
    for place in np.ndindex(*table.shape):
        kept = table[place]
        table[place] = kept + 1e-4
        above = value()
        table[place] = kept - 1e-4
        slopes[place] = (above - value()) / 2e-4
        table[place] = kept
    return slopes


@pytest.mark.parametrize("objective", range(3))
@pytest.mark.parametrize("n_out", [6, 4, 15])
def test_a_step_goes_down_the_gradient(objective, n_out):
    """The change of every number is the learning rate times the slope of the loss, found by small differences."""
    random = np.random.default_rng(n_out)
    width, n_in, rate = 32, 3, 1e-2
    centers, contexts = aligned((n_in, width)), aligned((n_out, width))
    centers[:] = random.normal(size=centers.shape) / 3
    contexts[:] = random.normal(size=contexts.shape) / 3
    before = centers.astype(np.float64), contexts.astype(np.float64)
    labels = np.zeros(n_out + 6, np.float32)
    labels[1 if objective == kernels.SOFTMAX else [1, 3]] = 1
    filled = -(-n_out // 6) * 6
    nothing, scratch = aligned((1, width)), aligned((n_in + 6, width))
    outputs = np.array([contexts[k].ctypes.data for k in range(n_out)] + [nothing.ctypes.data] * (filled - n_out))
    labels[n_out:filled] = -1
    kernels.step(
        np.array([centers[k].ctypes.data for k in range(n_in)]), n_in, outputs, labels, filled, width // 16,
        np.float32(rate), objective, np.zeros((n_in, filled), np.float32), scratch.ctypes.data, sigmoid_table(),
    )  # fmt: skip
    assert not nothing.any()
    for table, after in zip(range(2), (centers, contexts), strict=True):
        moved = [part.copy() for part in before]
        slopes = slopes_of(lambda moved=moved: loss(moved[0], moved[1], labels[:n_out], objective), moved[table])
        np.testing.assert_allclose(after - before[table], -rate * slopes, atol=1e-6)


@pytest.mark.parametrize("n_out", [6, 12])
def test_a_word_twice_in_a_window_counts_twice(n_out):
    width = 16
    random = np.random.default_rng(5)
    centers, contexts = aligned((1, width)), aligned((n_out, width))
    centers[:], contexts[:] = random.normal(size=(1, width)), random.normal(size=(n_out, width))
    before, around = centers.copy(), contexts.copy()
    labels = np.zeros(n_out, np.float32)
    address = centers.ctypes.data
    arguments = (
        np.array([contexts[k].ctypes.data for k in range(n_out)]), labels, n_out, 1, np.float32(0.01), 0,
        np.zeros((3, n_out), np.float32), aligned((12, width)).ctypes.data, sigmoid_table(),
    )  # fmt: skip
    kernels.step(np.array([address]), 1, *arguments)
    once = centers - before
    centers[:], contexts[:] = before, around
    kernels.step(np.array([address, address]), 2, *arguments)
    assert np.allclose(centers - before, 2 * once, atol=1e-6)


class Dice:
    """The random numbers of the kernel, in Python's integers."""

    def __init__(self, state):
        self.state = state

    def bits(self):
        x = self.state
        x ^= x >> 12
        x = (x ^ (x << 25)) & (2**64 - 1)
        x ^= x >> 27
        self.state = x
        return x * 2685821657736338717 & (2**64 - 1)

    def below(self, n):
        return ((self.bits() >> 33) * n) >> 31

    def draw(self, thresholds, alias):
        bits = self.bits()
        k = ((bits >> 33) * len(thresholds)) >> 31
        return k if bits & 0xFFFF < thresholds[k] else int(alias[k])


def train_plainly(sentences, config, counts, centers, contexts):
    """One epoch as the papers have it, in NumPy: window by window, every gradient by its formula."""
    dice = Dice(_mixed(config.seed, 0, 0))
    keep, (thresholds, alias) = _keep(counts, config.subsample), alias_table(counts**config.smoothing)
    paths, ends, codes = huffman(counts)
    for sentence in sentences:
        words = [word for word in sentence if keep[word] == 2**32 - 1 or dice.bits() >> 32 <= keep[word]]
        if len(words) < 2:
            continue
        negative = config.objective == "negative"
        drawn = [dice.draw(thresholds, alias) for _ in range(config.n_negative if negative else 0)]
        for c, center in enumerate(words):
            following = [dice.draw(thresholds, alias) for _ in range(config.n_negative if negative else 0)]
            reach = 1 + dice.below(config.window)
            around = [words[k] for k in range(max(0, c - reach), min(len(words), c + reach + 1)) if k != c]
            if config.objective == "negative":
                outputs, labels = [center], [1.0]
                outputs += [k for k in drawn if k != center]
                labels += [0.0] * (len(outputs) - 1)
            elif config.objective == "hierarchical":
                span = slice(int(ends[center - 1]) if center else 0, int(ends[center]))
                outputs, labels = paths[span].tolist(), (1 - codes[span]).tolist()
            else:
                outputs, labels = list(range(len(counts))), [float(k == center) for k in range(len(counts))]
            drawn = following
            old = contexts[outputs].copy()
            rows = [centers[around].mean(axis=0)] if config.architecture == "cbow" else list(centers[around].copy())
            change = np.zeros_like(old)
            for k, row in enumerate(rows):
                scores = old @ row
                guess = np.exp(scores) / np.exp(scores).sum() if config.objective == "softmax" else logistic(scores)
                error = config.learning_rate * (np.array(labels) - guess)
                change += error[:, None] * row
                is_shared = config.architecture == "cbow" and config.objective != "hierarchical"
                for word in around if config.architecture == "cbow" else [around[k]]:
                    centers[word] += error @ old / (len(around) if is_shared else 1)
            for k, row in zip(outputs, change, strict=True):
                contexts[k] += row
    return centers, contexts


@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_an_epoch_of_plain_numpy_goes_down_the_gradient(architecture):
    """At a rate so low that the steps do not see each other, the change of every number is the slope of the epoch's loss."""
    config = Word2VecConfig(
        architecture, "softmax", dim=4, window=1, subsample=0, epochs=1, learning_rate=1e-7, n_threads=1
    )
    random = np.random.default_rng(1)
    sentences = [random.permutation(7)[:5].tolist() for _ in range(3)]
    before = [random.normal(size=(7, 4)) for _ in range(2)]
    after = train_plainly(sentences, config, np.ones(7), *(table.copy() for table in before))

    def whole():
        total = 0.0
        for words in sentences:
            for c, center in enumerate(words):
                around = before[0][[words[k] for k in (c - 1, c + 1) if 0 <= k < len(words)]]
                rows = around.mean(axis=0, keepdims=True) if architecture == "cbow" else around
                scores = rows @ before[1].T
                total += float((np.log(np.exp(scores).sum(axis=1)) - scores[:, center]).sum())
        return total

    for table, found in zip(before, after, strict=True):
        np.testing.assert_allclose((found - table) / -1e-7, slopes_of(whole, table), atol=1e-4)


@pytest.mark.parametrize(("architecture", "objective"), BOTH)
def test_an_epoch_is_that_of_plain_numpy(architecture, objective):
    config = Word2VecConfig(
        architecture, objective, dim=20, window=2, n_negative=5, subsample=0.05, epochs=1, learning_rate=0.05, seed=3,
        n_threads=1,
    )  # fmt: skip
    random = np.random.default_rng(0)
    # no word twice in one window: a step takes all its rows as they were before it
    sentences = [random.permutation(13)[: random.integers(1, 9)].tolist() for _ in range(40)]
    ids = np.concatenate(sentences).astype(np.int32)
    counts = np.bincount(ids, minlength=13)
    vocabulary = Vocabulary([str(k) for k in range(13)], counts)
    model = Word2Vec(config).start(vocabulary)
    model.contexts_[:, :20] = random.normal(size=(13, 20)) / 5
    expected = [table[:, :20].astype(np.float64) for table in (model.centers_, model.contexts_)]
    train_plainly(sentences, config, counts, *expected)
    corpus = EncodedCorpus(ids, np.cumsum([len(s) for s in sentences]), len(ids))
    model.fit(corpus, vocabulary)
    for found, wanted in zip((model.centers_, model.contexts_), expected, strict=True):
        assert np.allclose(found[:, :20], wanted, atol=2e-5)
        assert not found[:, 20:].any()
    assert 0 < model.loss_ < 30


@pytest.mark.parametrize(("architecture", "objective"), BOTH)
def test_words_of_one_kind_come_together(tmp_path, architecture, objective):
    """Two kinds of sentence, each with words of its own."""
    random = np.random.default_rng(1)
    lines = [" ".join(f"{kind}{k}" for k in random.integers(0, 8, 12)) for kind in "ab" * 300]
    corpus = Corpus([lines], unit="blank")
    vocabulary = Vocabulary.of_counts(corpus.counts())
    config = Word2VecConfig(
        architecture, objective, dim=16, window=4, epochs=12, subsample=0, learning_rate=0.1, n_threads=2
    )
    told = []
    model = Word2Vec(config).fit(
        corpus.encode(vocabulary, tmp_path / "ids"), vocabulary, lambda *each: told.append(each)
    )
    assert told[-1][0] == told[-1][1] == 12 * 600 * 12
    vectors = model.vectors()
    for word in vocabulary.words:
        assert [other[0] for other, _ in vectors.most_similar(word, 5)] == [word[0]] * 5


def test_probabilities_are_what_the_loss_is_made_of():
    """Of every word, by the loss of the plain formulas: the full softmax, and the turns of the Huffman tree."""
    random = np.random.default_rng(2)
    counts = np.array([9, 5, 3, 2, 2, 1])
    vocabulary = Vocabulary([f"w{k}" for k in range(6)], counts)
    for objective in ("softmax", "hierarchical"):
        model = Word2Vec(Word2VecConfig(objective=objective, dim=8)).start(vocabulary)
        model.centers_[:, :8], model.contexts_[:, :8] = random.normal(size=(2, 6, 8))
        for words in (["w1"], ["w0", "w4", "w4"]):
            found = model.probabilities(words)
            assert found.sum() == pytest.approx(1)
            hidden = model.centers_[[int(word[1]) for word in words]].mean(axis=0, keepdims=True).astype(float)
            paths, ends, codes = huffman(counts)
            for word in range(6):
                if objective == "softmax":
                    outputs, labels, kind = model.contexts_, np.eye(6)[word], kernels.SOFTMAX
                else:
                    span = slice(int(ends[word - 1]) if word else 0, int(ends[word]))
                    outputs, labels, kind = model.contexts_[paths[span]], 1 - codes[span], kernels.HIERARCHICAL
                assert -np.log(found[word]) == pytest.approx(loss(hidden, outputs.astype(float), labels, kind))
        for words, message in ((["w9"], "'w9' is not in the vocabulary"), ([], "no words")):
            with pytest.raises(InputError, match=message):
                model.probabilities(words)
    with pytest.raises(InputError, match="knows no probabilities"):
        Word2Vec().start(vocabulary).probabilities(["w1"])


def test_one_thread_gives_the_same_again_and_training_goes_on(tmp_path):
    corpus = Corpus([["a b c d e a c"] * 50], unit="blank")
    vocabulary = Vocabulary.of_counts(corpus.counts())
    encoded = corpus.encode(vocabulary, tmp_path / "ids")
    config = Word2VecConfig(dim=8, epochs=2, n_threads=1)
    first, second = (Word2Vec(config).fit(encoded, vocabulary).vectors() for _ in range(2))
    assert np.array_equal(first.vectors, second.vectors)
    more = Word2Vec(config).start(Vocabulary(["c", "z", "a"], [5, 1, 4]), first)
    assert np.array_equal(more.vectors()["a"], first["a"]) and np.array_equal(more.vectors()["c"], first["c"])
    with pytest.raises(InputError, match="width of 8 cannot go on with dim 9"):
        Word2Vec(Word2VecConfig(dim=9)).start(vocabulary, first)


@given(st.lists(st.floats(0, 100), min_size=1, max_size=40).filter(lambda w: sum(w) > 0.1))
def test_alias_table_holds_the_probabilities(weights):
    weights = np.array(weights)
    thresholds, alias = alias_table(weights)
    n = len(weights)
    share = np.zeros(n)
    for k in range(n):
        share[k] += thresholds[k] / 2**16 / n
        share[alias[k]] += (1 - thresholds[k] / 2**16) / n
    assert np.allclose(share, weights / weights.sum(), atol=2**-16)


@given(st.lists(st.integers(1, 1000), min_size=2, max_size=40))
def test_huffman_is_the_shortest_prefix_code(counts):
    paths, ends, codes = huffman(np.array(counts))
    words = ["".join(map(str, codes[start:end])) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    assert all(not b.startswith(a) for k, a in enumerate(words) for m, b in enumerate(words) if k != m)
    heap, cost = counts.copy(), 0  # the cost of all merges is the length of the text in the best code
    heapq.heapify(heap)
    while len(heap) > 1:
        heapq.heappush(heap, both := heapq.heappop(heap) + heapq.heappop(heap))
        cost += both
    assert sum(count * len(word) for count, word in zip(counts, words, strict=True)) == cost
    assert (paths[[0, *ends[:-1]]] == len(counts) - 2).all()  # every path begins at the root
    assert paths.min() >= 0


def test_subsampling_by_hand():
    # of 100 words one has a share of 0.9: sqrt(0.01 / 0.9) + 0.01 / 0.9
    assert (_keep(np.array([90, 10]), 0.01) / (2**32 - 1))[0] == pytest.approx(math.sqrt(1 / 90) + 1 / 90)
    assert (_keep(np.array([90, 10]), 0) == 2**32 - 1).all()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"dim": 0}, "dim is 0"),
        ({"window": 0}, "window is 0"),
        ({"epochs": 0}, "epochs is 0"),
        ({"n_negative": 0}, "n_negative is 0"),
        ({"learning_rate": 0}, "learning_rate is 0"),
        ({"learning_rate": math.nan}, "learning_rate is nan"),
        ({"subsample": 2}, "subsample is 2"),
        ({"architecture": "dog"}, "the architecture is 'dog'"),
        ({"objective": "x"}, "the objective is 'x'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_are_refused(setting, message):
    with pytest.raises(InputError, match=message):
        Word2VecConfig(**setting)


def test_other_refusals(tmp_path):
    with pytest.raises(InputError, match="has 1 word"):
        Word2Vec().start(Vocabulary(["a"]))
    with pytest.raises(InputError, match="softmax"):
        Word2Vec(Word2VecConfig(objective="softmax")).start(Vocabulary([str(k) for k in range(20_001)]))
    corpus = Corpus([["a b c d e a c"] * 200], unit="blank")
    vocabulary = Vocabulary.of_counts(corpus.counts())
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        Word2Vec(Word2VecConfig(learning_rate=1e30, n_threads=1)).fit(
            corpus.encode(vocabulary, tmp_path / "ids"), vocabulary
        )


def test_a_text_without_neighbors_is_refused(tmp_path):
    corpus = Corpus([["a", "b", "a"]], unit="blank")
    vocabulary = Vocabulary.of_counts(corpus.counts())
    with pytest.raises(InputError, match="no word of the text has a neighbor"):
        Word2Vec().fit(corpus.encode(vocabulary, tmp_path / "ids"), vocabulary)


def rate(method, objective, **given):
    config = config_of(method, {"objective": objective, **given})
    assert isinstance(config, Word2VecConfig)
    return config.learning_rate


def test_rates():
    """CBOW's shared changes are small, but for those of a tree, which words take whole."""
    assert [rate("skip-gram", objective) for objective in OBJECTIVES] == [0.025] * 3
    assert [rate("cbow", objective) for objective in OBJECTIVES] == [0.125, 0.05, 0.125]
    assert rate("cbow", "hierarchical", learning_rate=0.1) == 0.1
