"""Frequencies and logistic regression: by hand, and against scikit-learn."""

import numpy as np
from conftest import labeled_table
from recognition.rungs import check_rung, learned
from sklearn.linear_model import LogisticRegression

from juqing.reading.files import read_labeled
from juqing.recognition.frequency import FrequencyRecognizer
from juqing.text.tokens import cue_tokens
from juqing.text.vocabulary import Vocabulary


def test_rung(table, tmp_path):
    check_rung(FrequencyRecognizer, table, tmp_path)


def test_by_hand():
    """笑 was seen 3 times beside joy and once elsewhere: logits 3 * 1 - 1 * 0.5 for level 1, others zero."""
    rung = FrequencyRecognizer()
    rung.vocabulary_ = Vocabulary(["笑"])
    rung.frequencies_ = np.zeros((1, 12), np.float32)
    rung.frequencies_[0, 1], rung.frequencies_[0, 7] = 3, 1
    rung.coef_ = np.zeros((6, 4, 2), np.float32)
    rung.coef_[1, 1] = 1.0, -0.5
    rung.intercept_ = np.zeros((6, 4), np.float32)
    values = rung._predict([["笑"], ["哭"]])
    odds = np.exp(2.5)
    np.testing.assert_allclose(values[0, 1], (odds * 1 + 2 + 3) / (3 + odds), rtol=1e-6)
    np.testing.assert_allclose(values[1], 1.5)  # four levels alike


def test_expected_level_is_that_of_scikit_learn(table):
    labeled = read_labeled(table)
    rung = learned(FrequencyRecognizer(), table)
    labels = np.concatenate([item.labels for item in labeled])
    weights = np.concatenate([item.weights for item in labeled])
    documents = [tokens for item in labeled for tokens in cue_tokens(item.script)]
    for k in range(6):
        felt = labels[:, k] > 0
        X = np.zeros((len(documents), 2))
        for column, rows in enumerate((felt, ~felt)):
            counts: dict[str, float] = {}
            for i in np.flatnonzero(rows):
                for word in documents[i]:
                    counts[word] = counts.get(word, 0) + weights[i]
            X[:, column] = [sum(counts.get(word, 0) for word in document) for document in documents]
        model = LogisticRegression(max_iter=1000).fit(
            X / X.std(axis=0), labels[:, k].astype(int), sample_weight=weights
        )
        expected = model.predict_proba(X / X.std(axis=0)) @ model.classes_
        got = np.concatenate([rung.score(item.script).values[:, k] for item in labeled])
        np.testing.assert_allclose(got, expected, atol=1e-3)


def test_soft_labels_are_rounded_and_a_level_that_is_never_there_is_never_expected(tmp_path):
    path = tmp_path / "soft.tsv"
    path.write_text(labeled_table().replace("2,1,0,0,0,0", "1.5,0.49,0,0,0,0"), encoding="utf-8")
    rung = learned(FrequencyRecognizer(), path)
    levels = {tuple(row > -1e3) for row in rung.intercept_}
    assert tuple(rung.intercept_[0] > -1e3) == (True, False, True, False)  # 1.5 counts as 2
    assert tuple(rung.intercept_[1] > -1e3) == (True, False, False, True)  # 0.49 as 0
    assert len(levels) > 1
    for item in read_labeled(path):
        assert rung.score(item.script).values.max() <= 3


def test_an_emotion_that_nobody_feels(tmp_path):
    path = tmp_path / "calm.tsv"
    path.write_text(labeled_table().replace("2,1,0,0,0,0", "0,0,0,0,0,0"), encoding="utf-8")
    rung = learned(FrequencyRecognizer(), path)
    for item in read_labeled(path):
        assert rung.score(item.script).values[:, 0].max() == 0
