"""Averaged word vectors: by hand, as the paper says, trained with the task."""

import numpy as np
import pytest
from recognition.rungs import check_rung, learned, stacked
from sklearn.linear_model import Ridge

from juqing.errors import InputError, ModelError
from juqing.reading.files import read_labeled
from juqing.recognition.averaged import AveragedRecognizer
from juqing.runtime import load
from juqing.text.tokens import cue_tokens
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.table import WordVectors

DIM = 24


@pytest.fixture(scope="module")
def vectors(table):
    """Random vectors for the words of the table but two, and for some that it does not have."""
    words = dict.fromkeys(word for i in read_labeled(table) for tokens in cue_tokens(i.script) for word in tokens)
    words = [*list(words)[2:], *(f"词{k}" for k in range(20))]
    random_state = np.random.default_rng(3)
    counts = random_state.integers(1, 1000, len(words))
    return WordVectors(Vocabulary(words, counts), random_state.normal(size=(len(words), DIM)))


@pytest.mark.parametrize("settings", [{}, {"epochs": 2}])
def test_rung(table, tmp_path, vectors, settings):
    check_rung(lambda **more: AveragedRecognizer(vectors, sif=0.1, alpha=0.01, **settings, **more), table, tmp_path)


def test_by_hand():
    rung = AveragedRecognizer()
    rung.vocabulary_ = Vocabulary(["笑", "的"])
    rung.word_weights_ = np.array([0.8, 0.2], np.float32)
    rung.vectors_ = np.array([[1, 0], [0, 1]], np.float32)
    rung.coef_ = np.zeros((2, 6), np.float32)
    rung.coef_[:, 1] = 2, -1
    rung.intercept_ = np.zeros(6, np.float32)
    values = rung._predict([["笑", "的", "的", "啊"], []])
    np.testing.assert_allclose(values[:, 1], [(0.8 * 2 - 2 * 0.2) / 3, 0], rtol=1e-6)


def test_it_is_as_the_paper_says(table, vectors):
    """Algorithm 1 of Arora, Liang & Ma (2017), word by word."""
    labeled = read_labeled(table)
    rung = learned(AveragedRecognizer(vectors, sif=0.01, alpha=0.1), table)
    total = vectors.vocabulary.counts.sum()
    lines = []
    for item in labeled:
        for tokens in cue_tokens(item.script):
            known = [word for word in tokens if word in vectors]
            terms = [
                0.01 / (0.01 + vectors.vocabulary.counts[vectors.vocabulary.index[word]] / total) * vectors[word]
                for word in known
            ]
            lines.append(np.mean(terms, axis=0) if terms else np.zeros(DIM))
    lines = np.array(lines)
    u = np.linalg.svd(lines)[2][0]
    X = lines - np.outer(lines @ u, u)
    y, w = stacked(labeled)
    expected = Ridge(alpha=0.1).fit(X, y, sample_weight=w).predict(X).clip(0, 3)
    got = np.concatenate([rung.score(item.script).values for item in labeled])
    np.testing.assert_allclose(got, expected, atol=1e-4)


def test_training_with_the_task_fits_better(table, vectors):
    labeled = read_labeled(table)
    y, w = stacked(labeled)
    errors = []
    for epochs in (0, 20):
        rung = learned(AveragedRecognizer(vectors, sif=1.0, epochs=epochs, learning_rate=0.05), table)
        got = np.concatenate([rung.score(item.script).values for item in labeled])
        errors.append(np.average(((got - y) ** 2).mean(axis=1), weights=w))
    assert errors[1] < 0.8 * errors[0]


def test_words_of_no_line_are_kept_up_to_a_number_and_do_not_move(table, vectors):
    labels = [np.tile([0, 1, 0, 0, 0, 2], (item.script.n_cues, 1)) for item in read_labeled(table)]
    scripts = [item.script for item in read_labeled(table)]
    frozen = AveragedRecognizer(vectors).fit(scripts, labels)
    tuned = AveragedRecognizer(vectors, epochs=1).fit(scripts, labels)
    assert frozen.vocabulary_.words == tuned.vocabulary_.words
    k = frozen.vocabulary_.index["词3"]
    assert np.array_equal(frozen.vectors_[k], tuned.vectors_[k])
    few = AveragedRecognizer(vectors, max_words=1).fit(scripts, labels)
    assert len(few.vocabulary_) == len(frozen.vocabulary_) - 20


def test_a_file_that_does_not_tell_how_frequent_its_words_are(table, vectors):
    rung = learned(AveragedRecognizer(WordVectors(vectors.words, vectors.vectors)), table)
    assert rung.word_weights_[rung.vocabulary_.index["词3"]] == 1
    assert rung.word_weights_.min() < 0.1


def test_progress(table, vectors):
    item = read_labeled(table)[0]
    told = []
    AveragedRecognizer(vectors, epochs=2).fit([item.script], [item.labels], None, lambda *each: told.append(each))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_refused(table, vectors):
    with pytest.raises(InputError, match="no word vectors"):
        learned(AveragedRecognizer(), table)
    with pytest.raises(InputError, match="no word of the labeled lines"):
        learned(AveragedRecognizer(WordVectors(["cat"], np.ones((1, 3)))), table)
    with pytest.raises(InputError, match="sif is 0"):
        learned(AveragedRecognizer(vectors, sif=0.0), table)
    with pytest.raises(InputError, match="epochs is -1"):
        learned(AveragedRecognizer(vectors, epochs=-1), table)


def test_damaged_vectors(table, vectors, tmp_path):
    learned(AveragedRecognizer(vectors), table).save(tmp_path)
    path = tmp_path / "vectors.safetensors"
    data = path.read_bytes()
    for damage in (b"", data[:100], data[:-40]):
        path.write_bytes(damage)
        with pytest.raises(ModelError, match="vectors"):
            load(tmp_path)
    path.unlink()
    with pytest.raises(ModelError, match="vectors"):
        load(tmp_path)


def test_vectors_of_another_width(table, vectors, tmp_path):
    from juqing.vectors.files import write_vectors

    rung = learned(AveragedRecognizer(vectors), table)
    rung.save(tmp_path)
    write_vectors(WordVectors(rung.vocabulary_, rung.vectors_[:, :5]), tmp_path / "vectors.safetensors")
    with pytest.raises(ModelError, match="dimensions"):
        load(tmp_path)
