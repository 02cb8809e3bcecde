import threading
import tracemalloc
from concurrent.futures import wait

import numpy as np
import pytest
import scipy.sparse

from juqing.errors import ModelError, OutputError, TrainingError
from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import _rounds, glove, word2vec
from juqing.vectors._rounds import in_rounds
from juqing.vectors.files import read_vectors
from juqing.vectors.glove import Glove, GloveConfig
from juqing.vectors.kernels import aligned
from juqing.vectors.word2vec import Word2Vec, Word2VecConfig


@pytest.mark.parametrize("n_threads", [1, 3])
def test_all_is_done_once(n_threads):
    done, told, lock = [], [], threading.Lock()

    def work(k):
        with lock:
            done.append(k)

    in_rounds(work, 3, 40, n_threads=n_threads, after=lambda k, now: told.append((k, now)))
    assert sorted(done) == list(range(3, 40))
    assert told[-1] == (40, True) and not any(now for _, now in told[:-1])
    assert [k for k, _ in told] == sorted({k for k, _ in told})


def test_ctrl_c_waits_for_the_end_of_the_round(monkeypatch):
    done, told, pressed = [], [], []

    def interrupted(futures):
        if not pressed and len(futures) >= 4:
            pressed.append(True)
            raise KeyboardInterrupt
        return wait(futures)

    monkeypatch.setattr(_rounds, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        in_rounds(done.append, 0, 100, n_threads=1, after=lambda k, now: told.append((k, now)))
    assert told[-1] == (len(done), True) and sorted(done) == list(range(len(done))) and len(done) < 100


class StopError(Exception):
    pass


def stopping(at):
    """A progress that stops a training in its middle, as a kill would."""
    told = []

    def progress(*each):
        told.append(each)
        if len(told) == at:
            raise StopError

    return progress


@pytest.fixture
def often(monkeypatch):
    """Parts are small, and the state is kept after each round."""
    monkeypatch.setattr(_rounds, "_EVERY", 0.0)
    monkeypatch.setattr(word2vec, "_PART", 50)
    monkeypatch.setattr(glove, "_PART", 20)


@pytest.fixture
def text(tmp_path):
    random = np.random.default_rng(0)
    corpus = Corpus([[" ".join(f"w{k}" for k in random.integers(0, 30, 10)) for _ in range(60)]], unit="blank")
    vocabulary = Vocabulary.of_counts(corpus.counts())
    return corpus.encode(vocabulary, tmp_path / "ids"), vocabulary


@pytest.mark.parametrize("at", [3, 9, 30])
@pytest.mark.parametrize("architecture", ["skip-gram", "cbow"])
def test_word2vec_goes_on_as_if_it_had_never_stopped(often, text, tmp_path, architecture, at):
    config = Word2VecConfig(architecture, dim=8, epochs=3, n_threads=1)
    whole = Word2Vec(config).fit(*text)
    path = tmp_path / "state.npz"
    with pytest.raises(StopError):
        Word2Vec(config).fit(text[0], text[1], stopping(at), checkpoint=path)
    assert read_vectors(path).vectors.shape == (30, 8)
    told = []
    model = Word2Vec(config).fit(text[0], text[1], lambda *each: told.append(each), checkpoint=path)
    assert np.array_equal(model.vectors().vectors, whole.vectors().vectors)
    assert np.array_equal(model.contexts_, whole.contexts_) and model.loss_ == whole.loss_
    assert told[0][0] > 50 and told[-1][0] == told[-1][1] == 1800


@pytest.mark.parametrize("at", [3, 40])
def test_glove_goes_on_as_if_it_had_never_stopped(often, tmp_path, at):
    random = np.random.default_rng(0)
    counts = scipy.sparse.csr_array(random.integers(0, 9, (12, 12)).astype(float))
    vocabulary = Vocabulary([str(k) for k in range(12)])
    config = GloveConfig(dim=8, epochs=9, n_threads=1)
    whole = Glove(config).fit(counts, vocabulary)
    path = tmp_path / "state.npz"
    with pytest.raises(StopError):
        Glove(config).fit(counts, vocabulary, stopping(at), checkpoint=path)
    model = Glove(config).fit(counts, vocabulary, checkpoint=path)
    assert np.array_equal(model.vectors().vectors, whole.vectors().vectors)
    assert model.loss_ == pytest.approx(whole.loss_)
    assert np.allclose(read_vectors(path).vectors, model.vectors().vectors)


def test_a_state_of_something_else_is_refused(text, tmp_path):
    path = tmp_path / "state.npz"
    Word2Vec(Word2VecConfig(dim=8, epochs=1, n_threads=1)).fit(text[0], text[1], checkpoint=path)
    Word2Vec(Word2VecConfig(dim=8, epochs=1, n_threads=2)).fit(text[0], text[1], checkpoint=path)
    with pytest.raises(
        TrainingError, match=r"other words, text or settings.*state.npz|state.npz.*other words, text or settings"
    ):
        Word2Vec(Word2VecConfig(dim=9, epochs=1)).fit(text[0], text[1], checkpoint=path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelError, match="cannot be read"):
        Word2Vec(Word2VecConfig(dim=8, epochs=1)).fit(text[0], text[1], checkpoint=path)


def test_a_full_disk_keeps_the_state_before(often, text, tmp_path, monkeypatch):
    path = tmp_path / "state.npz"
    config = Word2VecConfig(dim=8, epochs=3, n_threads=1)
    with pytest.raises(StopError):
        Word2Vec(config).fit(text[0], text[1], stopping(9), checkpoint=path)
    before = path.read_bytes()

    def full(file, array):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_rounds, "_write_array", full)
    with pytest.raises(OutputError, match="No space left"):
        Word2Vec(config).fit(text[0], text[1], checkpoint=path)
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_no_state_without_finite_numbers(often, text, tmp_path):
    config = Word2VecConfig(dim=8, epochs=3, learning_rate=1e30, n_threads=1)
    with pytest.raises(TrainingError, match="not finite"):
        Word2Vec(config).fit(text[0], text[1], checkpoint=tmp_path / "state.npz")


def test_writing_the_state_takes_no_memory_of_the_size_of_the_table(tmp_path):
    table = aligned((100_000, 112))
    vocabulary = Vocabulary([f"w{k}" for k in range(len(table))])
    saved = _rounds.Checkpoint(tmp_path / "state.npz", vocabulary, Word2VecConfig(), 9)
    tracemalloc.start()
    saved.save(lambda: table[:, :100], {"contexts": table[:, :100], "part": 3}, now=True)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 12e6  # a copy of one table would be 40 MB
    state = saved.load()
    assert state is not None
    assert np.array_equal(state["vectors"], table[:, :100])
    assert int(state["part"]) == 3
