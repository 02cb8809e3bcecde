"""A bag of words and ridge regression, against scikit-learn's pipeline."""

from typing import Any, cast

import numpy as np
import pytest
from recognition.rungs import check_rung, learned, stacked
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import Ridge

from juqing.errors import InputError
from juqing.reading import read_text
from juqing.reading.files import read_labeled
from juqing.recognition.onehot import OneHotRecognizer
from juqing.text.tokens import cue_tokens
from juqing.text.vocabulary import Vocabulary


@pytest.mark.parametrize("settings", [{}, {"weighting": "tfidf", "tags": True}, {"unit": "character"}])
def test_rung(table, tmp_path, settings):
    check_rung(lambda **more: OneHotRecognizer(**{"alpha": 1.0, **settings, **more}), table, tmp_path)


def test_by_hand():
    rung = OneHotRecognizer(weighting="counts")
    rung.vocabulary_ = Vocabulary(["笑", "哭"])
    rung.word_weights_ = np.ones(2, np.float32)
    rung.coef_ = np.array([[0, 1, 0, 0, 0, 0], [0, -0.5, 0, 0, 0, 2]], np.float32)
    rung.intercept_ = np.full(6, 0.25, np.float32)
    documents = [["笑", "啊", "笑", "哭"], ["啊"]]
    np.testing.assert_allclose(rung._predict(documents), [[0.25, 1.75, 0.25, 0.25, 0.25, 2.25], [0.25] * 6])
    rung.weighting = "binary"
    np.testing.assert_allclose(rung._predict(documents)[0, 1], 0.75)
    rung.weighting = "tfidf"  # 2 and 1 brought to length 1
    np.testing.assert_allclose(rung._predict(documents)[0, 1], 0.25 + 1.5 / np.sqrt(5))


@pytest.mark.parametrize("weighting", ["binary", "counts", "tfidf"])
def test_it_is_that_of_scikit_learn(table, weighting):
    labeled = read_labeled(table)
    rung = learned(OneHotRecognizer(weighting=weighting, alpha=1.0), table)
    documents = [tokens for item in labeled for tokens in cue_tokens(item.script)]
    if weighting == "tfidf":
        vectorizer = TfidfVectorizer(analyzer=cast(Any, list), min_df=2)
    else:
        vectorizer = CountVectorizer(analyzer=cast(Any, list), min_df=2, binary=weighting == "binary")
    X: Any = vectorizer.fit_transform(documents)
    y, w = stacked(labeled)
    expected = Ridge(alpha=1.0).fit(X.toarray(), y, sample_weight=w).predict(X.toarray()).clip(0, 3)
    got = np.concatenate([rung.score(item.script).values for item in labeled])
    np.testing.assert_allclose(got, expected, atol=5e-3)  # ours stops when it is near enough


def test_parts_of_speech_tell_of_words_that_were_never_seen():
    """Adjectives are joyful here, verbs are not; of the new lines neither word was there."""
    lines = "聪明 快乐 睡觉 说话".split()
    text = "1、屋里　日　内\n" + "".join(f"林远：{line}。\n" for line in lines)
    labels = np.zeros((len(lines), 6), np.float32)
    labels[:2, 1] = 3
    new = read_text("1、屋里　日　内\n林远：漂亮。\n林远：跳舞。\n")
    values = {}
    for tags in (False, True):
        rung = OneHotRecognizer(tags=tags, alpha=1.0, min_df=1).fit([read_text(text)], [labels])
        values[tags] = rung.score(new).values[:, 1]
    np.testing.assert_allclose(values[False][0], values[False][1])
    assert values[True][0] > values[True][1] + 0.5


def test_refused(table):
    with pytest.raises(InputError, match="weighting is 'log'"):
        learned(OneHotRecognizer(weighting="log"), table)
