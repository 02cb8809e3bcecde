import sys
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer

from juqing.emotions import EMOTION_NAMES
from juqing.errors import InputError, LabelError, MissingExtraError, ModelError
from juqing.text.documents import EmotionFrequencies, document_counts, one_hot, smooth_idf, tfidf
from juqing.text.vocabulary import Vocabulary

DOCUMENTS = [["笑", "哭", "笑"], ["哭", "跑"], ["笑", "跑", "跑"]]
ABC = Vocabulary(["a", "b", "c"])
SOME = st.lists(st.lists(st.sampled_from("abcdxy"), max_size=8), min_size=1, max_size=7)


def test_one_hot():
    found = one_hot(["b", "x", "a", "b"], ABC)
    assert found.toarray().tolist() == [[0, 1, 0], [0, 0, 0], [1, 0, 0], [0, 1, 0]]
    assert one_hot([], ABC).shape == (0, 3)


def test_counts():
    documents = [["a", "b", "a"], [], ["c", "b", "x"]]
    assert document_counts(documents, ABC).toarray().tolist() == [[2, 1, 0], [0, 0, 0], [0, 1, 1]]
    assert document_counts(documents, ABC, binary=True).toarray().tolist() == [[1, 1, 0], [0, 0, 0], [0, 1, 1]]
    assert document_counts(iter(documents), ABC).has_sorted_indices
    assert document_counts([], ABC).shape == (0, 3)


def test_tfidf_by_hand():
    # of three documents 笑, 哭 and 跑 stand in two each: idf = log(4 / 3) + 1, the same for all, so it cancels out
    vocabulary = Vocabulary(["笑", "哭", "跑"])
    counts = document_counts(DOCUMENTS, vocabulary)
    assert np.allclose(smooth_idf(counts), np.log(4 / 3) + 1)
    assert np.allclose(tfidf(counts).toarray(), np.array([[2, 1, 0], [0, 1, 1], [1, 0, 2]]) / np.sqrt([[5], [2], [5]]))
    # without the third: 笑 and 跑 in one of two, log(3 / 2) + 1; 哭 in both, log(1) + 1
    rare = np.log(1.5) + 1
    found = tfidf(counts[:2]).toarray()
    assert np.allclose(found[1], np.array([0, 1, rare]) / np.sqrt(1 + rare**2))


@settings(deadline=None)
@given(SOME, SOME, st.booleans())
def test_it_is_scikit_learns(documents, others, binary):
    vocabulary = Vocabulary(["d", "a", "c", "b"])
    known: dict[str, Any] = {"analyzer": lambda words: words, "vocabulary": vocabulary.words, "binary": binary}
    counts = document_counts(documents, vocabulary, binary=binary)
    assert np.array_equal(counts.toarray(), cast(Any, CountVectorizer(**known).transform(documents)).toarray())
    model: Any = TfidfVectorizer(**known).fit(documents)
    idf = smooth_idf(counts)
    assert np.allclose(idf, model.idf_)
    assert np.allclose(tfidf(counts).toarray(), model.transform(documents).toarray())
    found = tfidf(document_counts(others, vocabulary, binary=binary), idf)
    assert np.allclose(found.toarray(), model.transform(others).toarray())


def test_tfidf_leaves_its_input_alone_and_refuses_another_vocabulary():
    counts = document_counts(DOCUMENTS, Vocabulary(["笑", "哭", "跑"]))
    before = counts.toarray()
    tfidf(counts)
    assert np.array_equal(counts.toarray(), before)
    with pytest.raises(InputError, match=r"idf has the shape \(2,\), the counts have 3 words"):
        tfidf(counts, np.ones(2))
    counts.data[:] = 0  # zeros that are written down are zeros
    assert not tfidf(counts).toarray().any()
    assert np.allclose(smooth_idf(counts), np.log(4) + 1)


def labels(*rows):
    return np.array([[dict(row).get(name, 0) for name in EMOTION_NAMES] for row in rows])


def test_frequencies_by_hand():
    # joy in the first and third, sorrow in the second
    model = EmotionFrequencies().fit(DOCUMENTS, labels({"joy": 3}, {"sorrow": 1}, {"joy": 1}))
    assert model.vocabulary_.words == ["笑", "跑", "哭"]
    felt, absent = model.frequencies_[:, :6], model.frequencies_[:, 6:]
    joy, sorrow, love = (EMOTION_NAMES.index(name) for name in ("joy", "sorrow", "love"))
    assert felt[:, joy].tolist() == [3, 2, 1]  # 笑 twice in the first and once in the third, ...
    assert absent[:, joy].tolist() == [0, 1, 1]
    assert felt[:, sorrow].tolist() == [0, 1, 1]
    assert absent[:, sorrow].tolist() == [3, 2, 1]
    assert felt[:, love].tolist() == [0, 0, 0]
    assert absent[:, love].tolist() == [3, 3, 2]
    found = model.transform([["笑", "哭", "哭", "飞"], [], ["飞"]])
    assert found.shape == (3, 12)
    assert found[0, [joy, sorrow, love]].tolist() == [3 + 2 * 1, 0 + 2 * 1, 0]
    assert found[0, [6 + joy, 6 + sorrow, 6 + love]].tolist() == [0 + 2 * 1, 3 + 2 * 1, 3 + 2 * 2]
    assert not found[1:].any()


@settings(deadline=None)
@given(SOME, SOME, st.randoms(use_true_random=False))
def test_frequencies_are_the_definition(documents, others, random):
    strengths = np.array([[random.choice((0, 0.2, 1, 3)) for _ in range(6)] for _ in documents])
    freqs: Counter[tuple[str, int, bool]] = Counter()
    for document, row in zip(documents, strengths, strict=True):
        for word in document:
            freqs.update((word, k, bool(row[k] > 0)) for k in range(6))
    model = EmotionFrequencies(Vocabulary(list("abcdxy"))).fit(documents, strengths)
    for document, found in zip(others, model.transform(others), strict=True):
        expected = [sum(freqs[word, k, felt] for word in document) for felt in (True, False) for k in range(6)]
        assert found.tolist() == expected


def test_a_given_vocabulary():
    model = EmotionFrequencies(Vocabulary(["哭"])).fit(DOCUMENTS, np.ones((3, 6)))
    assert model.frequencies_.tolist() == [[2] * 6 + [0] * 6]
    assert model.transform([["笑", "哭"]]).tolist() == [[2] * 6 + [0] * 6]
    assert not EmotionFrequencies(Vocabulary([])).fit(DOCUMENTS, np.ones((3, 6))).transform(DOCUMENTS).any()


@pytest.mark.parametrize(
    ("given_labels", "message"),
    [
        (np.zeros((2, 6)), r"3 documents and labels of the shape \(2, 6\)"),
        (np.zeros((3, 5)), r"labels of the shape \(3, 5\)"),
        (np.array([[0] * 6, [0, 0, 4, 0, 0, 0], [0] * 6]), "a label of document 1 is 4"),
        (np.array([[0] * 6, [0] * 6, [0, -0.5, 0, 0, 0, 0]]), r"a label of document 2 is -0\.5"),
        (np.full((3, 6), np.nan), "a label of document 0 is nan"),
    ],
)
def test_labels_that_are_refused(given_labels, message):
    with pytest.raises(LabelError, match=message):
        EmotionFrequencies().fit(DOCUMENTS, given_labels)


def test_no_words():
    with pytest.raises(InputError, match="the text is empty"):
        EmotionFrequencies().fit([[], []], np.zeros((2, 6)))
    with pytest.raises(ModelError, match="Call fit"):
        EmotionFrequencies().transform(DOCUMENTS)


@pytest.mark.parametrize("make", [one_hot, document_counts])
def test_without_scipy(monkeypatch, make: Callable):
    monkeypatch.setitem(sys.modules, "scipy.sparse", None)
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"):
        make([], ABC)
    model = EmotionFrequencies().fit(DOCUMENTS, np.ones((3, 6)))
    assert model.transform(DOCUMENTS).shape == (3, 12)
