import errno
import io
import math
import weakref

import numpy as np
import pytest
import scipy.sparse

from juqing.errors import InputError, OutputError, TrainingError
from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import glove, training
from juqing.vectors.glove import Glove, GloveConfig

WORDS = Vocabulary([str(k) for k in range(9)])


def counts(seed=0):
    random = np.random.default_rng(seed)
    half = np.triu(random.integers(0, 30, (9, 9)) * (random.random((9, 9)) < 0.6)).astype(float)
    return scipy.sparse.csr_array(half + half.T)


def by_the_formula(matrix, config):
    """The paper's loss and AdaGrad in NumPy, pair by pair, from the same beginning."""
    model = Glove(config)
    random = np.random.default_rng(config.seed)
    pairs = scipy.sparse.coo_array(matrix)
    order, loss = np.arange(pairs.nnz), 0.0
    random.shuffle(order)
    width = -(-config.dim // 16) * 16
    tables = [model._table(9, width, random)[:, : config.dim].astype(float) for _ in range(2)]
    biases = [model._biases(9, random)[:, 0].astype(float) for _ in range(2)]
    squares, bias_squares = [np.ones_like(t) for t in tables], [np.ones(9) for _ in range(2)]
    for _ in range(config.epochs):
        loss = 0.0
        for k in order:
            places, x = (pairs.row[k], pairs.col[k]), pairs.data[k]
            weight = min(1.0, (x / config.x_max) ** config.alpha)
            vectors = [table[place].copy() for table, place in zip(tables, places, strict=True)]
            error = vectors[0] @ vectors[1] + sum(b[p] for b, p in zip(biases, places, strict=True)) - math.log(x)
            loss += weight * error**2 / 2
            for side, place in enumerate(places):
                step = config.learning_rate * weight * error * vectors[1 - side]
                tables[side][place] -= step / np.sqrt(squares[side][place])
                squares[side][place] += step**2
                step = config.learning_rate * weight * error
                biases[side][place] -= step / np.sqrt(bias_squares[side][place])
                bias_squares[side][place] += step**2
    return tables[0] + tables[1], biases, loss / pairs.nnz


def test_it_is_the_papers():
    config = GloveConfig(dim=20, x_max=10, epochs=5, n_threads=1, seed=2)
    model = Glove(config).fit(counts(), WORDS)
    vectors, biases, loss = by_the_formula(counts(), config)
    assert np.allclose(model.vectors().vectors, vectors, atol=1e-4)
    assert np.allclose(model.word_biases_[:, 0], biases[0], atol=1e-4)
    assert np.allclose(model.context_biases_[:, 0], biases[1], atol=1e-4)
    assert model.loss_ == pytest.approx(loss, rel=1e-3)
    assert not model.words_[:, 20:32].any()


def test_a_step_goes_down_the_gradient():
    """Of one pair, whose squares of the past are all 1: the change of every number is the rate times the slope of the loss."""
    config = GloveConfig(dim=4, x_max=10, epochs=1, n_threads=1, learning_rate=1e-2)
    pair = scipy.sparse.csr_array(([6.0], ([2], [5])), (9, 9))
    model = Glove(config).fit(pair, WORDS)
    random = np.random.default_rng(config.seed)  # one pair is in order: nothing is drawn for it
    before = [model._table(9, 16, random).astype(float) for _ in range(2)]
    before += [model._biases(9, random).astype(float) for _ in range(2)]
    after = (model.words_, model.contexts_, model.word_biases_, model.context_biases_)

    def loss(words, contexts, word_biases, context_biases):
        error = words[2, :4] @ contexts[5, :4] + word_biases[2, 0] + context_biases[5, 0] - math.log(6)
        return (6 / 10) ** config.alpha * error**2 / 2

    for k, table in enumerate(after):
        for place in np.ndindex(9, 4 if k < 2 else 1):  # behind them are sums of squares
            values = []
            for small in (1e-4, -1e-4):
                moved = [each.copy() for each in before]
                moved[k][place] += small
                values.append(loss(*moved))
            slope = (values[0] - values[1]) / 2e-4
            assert table[place] - before[k][place] == pytest.approx(-config.learning_rate * slope, abs=1e-7)


def test_products_come_to_the_logarithms():
    model = Glove(GloveConfig(dim=16, x_max=1, epochs=3000, learning_rate=0.2, n_threads=2)).fit(counts(), WORDS)
    products = model.words_[:, :16] @ model.contexts_[:, :16].T
    products += model.word_biases_[:, :1] + model.context_biases_[:, 0]
    seen = counts().toarray() > 0
    assert np.allclose(products[seen], np.log(counts().toarray()[seen]), atol=0.05)


def test_pairs_are_the_counts_in_the_order_that_is_given(monkeypatch):
    matrix = scipy.sparse.csr_array(counts())
    order = np.random.default_rng(1).permutation(matrix.nnz).astype(np.int32)
    pairs, x = scipy.sparse.coo_array(matrix), matrix.data[order]
    wanted = pairs.row[order], pairs.col[order], np.log(x), np.minimum(1, (x / 10) ** 0.75)
    monkeypatch.setattr(glove, "_PART", 7)
    found = [np.concatenate(arrays) for arrays in zip(*Glove(GloveConfig(x_max=10))._pairs(matrix, order), strict=True)]
    assert [array.dtype for array in found] == [np.int32, np.int32, np.float32, np.float32]
    for ours, theirs in zip(found, wanted, strict=True):
        assert np.array_equal(ours, theirs.astype(ours.dtype))


class FullDisk(io.BytesIO):
    def write(self, data):
        if self.tell() > 100:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)


def test_a_full_disk(monkeypatch, tmp_path):
    file = FullDisk()
    monkeypatch.setattr(glove.tempfile, "TemporaryFile", lambda **_: file)
    with pytest.raises(OutputError, match="pairs of words cannot be written: No space left"):
        Glove(GloveConfig(dim=8)).fit(counts(), WORDS, checkpoint=tmp_path / "state.npz")
    assert file.closed and not list(tmp_path.iterdir())


def test_the_folder_of_a_checkpoint_is_made(tmp_path):
    path = tmp_path / "a" / "state.npz"
    config = GloveConfig(dim=8, epochs=2, n_threads=1)
    model = Glove(config).fit(counts(), WORDS, checkpoint=path)
    assert [each.name for each in path.parent.iterdir()] == ["state.npz"]
    again = Glove(config).fit(counts(), WORDS, checkpoint=path)
    assert np.array_equal(model.words_, again.words_)
    with pytest.raises(OutputError, match="pairs of words cannot be written: Not a directory"):
        Glove(config).fit(counts(), WORDS, checkpoint=path / "b" / "state.npz")


def test_zeros_are_no_pairs():
    matrix, config = counts(), GloveConfig(dim=8, epochs=2, n_threads=1)
    with_zeros = matrix.copy()
    with_zeros.data[::3] = 0
    without = with_zeros.copy()
    without.eliminate_zeros()
    model, other = Glove(config).fit(with_zeros, WORDS), Glove(config).fit(without, WORDS)
    assert model.n_pairs_ == without.nnz < with_zeros.nnz
    assert np.array_equal(model.words_, other.words_)


def test_counts_are_let_go_of_before_the_first_step():
    held = [counts()]
    gone, told = weakref.ref(held[0].data), []
    Glove(GloveConfig(dim=8, epochs=2, n_threads=1)).fit(held.pop(), WORDS, lambda *_: told.append(gone() is None))
    assert told and all(told)


def test_counts_of_a_text_are_let_go_of_too(monkeypatch):
    random, gone, told = np.random.default_rng(0), [], []
    lines = [" ".join(f"w{k}" for k in random.integers(0, 20, 10)) for _ in range(60)]
    count = training._counted

    def counted(*given):
        found = count(*given)
        gone.append(weakref.ref(found.data))
        return found

    monkeypatch.setattr(training, "_counted", counted)
    training.train_vectors(
        Corpus([lines], unit="blank"), method="glove", settings={"epochs": 2, "n_threads": 1},
        progress=lambda done, total, what: told.append(gone[0]() is None) if what == "training" else None,
    )  # fmt: skip
    assert told and all(told)


def test_refusals():
    with pytest.raises(InputError, match="no counts"):
        Glove().fit(scipy.sparse.csr_array((9, 9)), WORDS)
    with pytest.raises(InputError, match="9 words and counts of the shape"):
        Glove().fit(scipy.sparse.csr_array((3, 3)), WORDS)
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        Glove(GloveConfig(learning_rate=1e30)).fit(counts(), WORDS)
    for setting, message in (
        ({"dim": 0}, "dim is 0"), ({"epochs": 0}, "epochs is 0"), ({"x_max": 0}, "x_max is 0"), ({"seed": -1}, "seed is -1"),
    ):  # fmt: skip
        with pytest.raises(InputError, match=message):
            GloveConfig(**setting)
