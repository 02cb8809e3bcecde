"""TF-IDF and ridge regression, against scikit-learn's own pipeline."""

import json
import math
import shutil

import numpy as np
import pytest
from recognition.contract import check_masks, check_recognizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from juqing.errors import InputError, LabelError, ModelError
from juqing.reading import read_text
from juqing.reading.files import read_labeled
from juqing.recognition.tfidf import TfidfRecognizer, neighbors
from juqing.runtime import load
from juqing.text.lines import cue_texts


def test_contract(trained):
    check_recognizer(trained)
    check_masks(trained, 1e-5)


def test_shipped_default():
    check_recognizer(load())
    check_masks(load("tfidf"), 1e-5)


def test_first_model_is_that_of_scikit_learn(table):
    labeled = read_labeled(table)
    scripts, labels, weights = (
        [i.script for i in labeled], [i.labels for i in labeled], [i.weights for i in labeled]
    )  # fmt: skip
    ours = TfidfRecognizer(min_df=2, alpha=1.0, reach=0.0).fit(scripts, labels, weights)
    texts = [text for script in scripts for text in cue_texts(script)]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2)
    X = vectorizer.fit_transform(texts)
    ridge = Ridge(alpha=1.0, solver="sparse_cg", tol=1e-8).fit(
        X, np.concatenate(labels), sample_weight=np.concatenate(weights)
    )
    assert len(ours.keys_) == len(vectorizer.vocabulary_)
    expected = ridge.predict(X).clip(0, 3)
    got = np.concatenate([ours.score(script).values for script in scripts])
    np.testing.assert_allclose(got, expected, atol=2e-3)


def test_it_learns(trained, table):
    """On the rows that it learned from, the labeled feeling is the strongest, or at least not weaker than in calm rows."""
    for item in read_labeled(table):
        values = trained.score(item.script).values
        calm = item.labels.max(axis=1) == 0
        for k in range(6):
            strong = item.labels[:, k] >= 2
            if strong.any():
                assert values[strong, k].mean() > values[calm, k].mean() + 0.3


def slow_neighbors(script, values, reach):
    """The definition, word by word."""
    result = np.zeros((script.n_cues, 18))
    for i, a in enumerate(script.cues):
        same, others, n_same, n_others = np.zeros(6), np.zeros(6), 0.5, 0.5
        for j, b in enumerate(script.cues):
            if i == j or script.lines[a.line].scene != script.lines[b.line].scene:
                continue
            w = np.exp(-abs(a.line - b.line) / reach)
            if a.character == b.character:
                same, n_same = same + w * values[j], n_same + w
            else:
                others, n_others = others + w * values[j], n_others + w
        result[i] = np.concatenate([values[i], same / n_same, others / n_others])
    return result


def test_neighbors_are_as_defined(feature):
    values = np.random.default_rng(1).uniform(0, 3, (feature.n_cues, 6))
    np.testing.assert_allclose(neighbors(feature, values, 4.0), slow_neighbors(feature, values, 4.0), atol=1e-5)


def test_neighbors_of_nobody():
    assert neighbors(read_text(""), np.zeros((0, 6)), 3.0).shape == (0, 18)


def test_save_and_load(trained, tmp_path, feature):
    trained.save(tmp_path)
    again = load(tmp_path)
    np.testing.assert_allclose(again.score(feature).values, trained.score(feature).values, atol=5e-3)
    assert json.loads((tmp_path / "config.json").read_text())["recognizer"] == "tfidf"


def test_the_same_data_gives_the_same_model(trained, table):
    labeled = read_labeled(table)
    again = TfidfRecognizer(min_df=1).fit(
        [i.script for i in labeled], [i.labels for i in labeled], [i.weights for i in labeled]
    )
    assert np.array_equal(again.coef_, trained.coef_)
    assert np.array_equal(again.context_coef_, trained.context_coef_)


def test_one_script_is_enough_for_the_first_model(table):
    item = read_labeled(table)[0]
    recognizer = TfidfRecognizer(min_df=1).fit([item.script], [item.labels])
    assert not hasattr(recognizer, "context_coef_")
    check_recognizer(recognizer)


@pytest.mark.parametrize(
    "settings",
    [{"n_max": 0}, {"n_max": 9}, {"min_df": 0}, {"alpha": -1.0}, {"alpha": math.nan}, {"reach": -1.0}, {"n_folds": 0}],
)
def test_settings_out_of_range(settings, table):
    with pytest.raises(InputError, match=f"{next(iter(settings))} is "):
        TfidfRecognizer(**settings).fit(
            [i.script for i in read_labeled(table)], [i.labels for i in read_labeled(table)]
        )


def test_labels_of_no_confidence_are_as_none(table, tmp_path):
    doubted = read_labeled(table)
    rows = [np.zeros_like(item.weights) for item in doubted]
    with pytest.raises(LabelError, match="confidence above 0"):
        TfidfRecognizer().fit([i.script for i in doubted], [i.labels for i in doubted], rows)


def test_refused(table):
    item = read_labeled(table)[0]
    with pytest.raises(LabelError, match="no labeled cue"):
        TfidfRecognizer().fit([item.script], [np.full_like(item.labels, np.nan)])
    with pytest.raises(LabelError, match="do not fit"):
        TfidfRecognizer().fit([item.script], [item.labels[:-1]])
    with pytest.raises(ModelError, match="not trained"):
        TfidfRecognizer().score(item.script)


def test_damaged_weights(trained, tmp_path):
    trained.save(tmp_path)
    weights = tmp_path / "weights.npz"
    data = weights.read_bytes()
    for damage in (b"", data[: len(data) // 2], b"PK" + data[2:60] + b"\0" * 50 + data[110:]):
        weights.write_bytes(damage)
        with pytest.raises(ModelError, match=r"weights\.npz"):
            load(tmp_path)
    weights.unlink()
    with pytest.raises(ModelError):
        load(tmp_path)


def test_a_pickle_is_not_loaded(trained, tmp_path):
    trained.save(tmp_path)
    np.savez(tmp_path / "weights.npz", keys=np.array([{"a": 1}], dtype=object))
    with pytest.raises(ModelError):
        load(tmp_path)
    shutil.rmtree(tmp_path)
