"""Character n-grams are those of scikit-learn."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from juqing.text.ngrams import character_ngrams, ngram_text


@given(st.lists(st.text("林远ab Ⅷ\t😀。\ue000", max_size=12), min_size=1, max_size=5), st.integers(1, 3))
def test_against_scikit_learn(texts, n_max):
    rows, keys = character_ngrams(texts, n_max)
    analyze = CountVectorizer(analyzer="char", ngram_range=(1, n_max)).build_analyzer()
    for k, text in enumerate(texts):
        assert Counter(ngram_text(key) for key in keys[rows == k]) == Counter(analyze(text))


def test_any_text():
    rows, keys = character_ngrams(["", "\0\ud800", "\U0010ffff"], 3)
    assert len(rows) == len(keys) == 4


def test_refused():
    with pytest.raises(ValueError, match=r"1\.\.3"):
        character_ngrams(["a"], 4)
