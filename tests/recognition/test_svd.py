"""Latent semantic analysis, against scikit-learn's."""

from typing import Any, cast

import numpy as np
import pytest
from recognition.rungs import check_rung, learned, stacked
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

from juqing.errors import InputError
from juqing.reading.files import read_labeled
from juqing.recognition.svd import SvdRecognizer
from juqing.text.tokens import cue_tokens


def test_rung(table, tmp_path):
    check_rung(lambda **more: SvdRecognizer(dim=12, alpha=0.1, **more), table, tmp_path)


def test_it_is_that_of_scikit_learn(table):
    labeled = read_labeled(table)
    rung = learned(SvdRecognizer(dim=5, alpha=0.1), table)
    documents = [tokens for item in labeled for tokens in cue_tokens(item.script)]
    X = TfidfVectorizer(analyzer=cast(Any, list), min_df=2).fit_transform(documents)
    Z = TruncatedSVD(5, algorithm="arpack", random_state=0).fit_transform(X)
    y, w = stacked(labeled)
    expected = Ridge(alpha=0.1).fit(Z, y, sample_weight=w).predict(Z).clip(0, 3)
    got = np.concatenate([rung.score(item.script).values for item in labeled])
    np.testing.assert_allclose(got, expected, atol=1e-3)
    assert rung.vectors_.shape == (len(rung.vocabulary_), 5)


def test_no_more_directions_than_words(table):
    rung = learned(SvdRecognizer(dim=1000), table)
    assert rung.vectors_.shape[1] <= len(rung.vocabulary_)


def test_refused(table):
    with pytest.raises(InputError, match="dim is 0"):
        learned(SvdRecognizer(dim=0), table)
