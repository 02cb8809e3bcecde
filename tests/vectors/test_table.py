import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from juqing.errors import InputError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import WordVectors

COMPASS = WordVectors(
    ["north", "east", "south", "northeast", "zero"], np.array([[0, 2], [3, 0], [0, -1], [1, 1], [0, 0]], np.float32)
)
# a plane in which woman - man = queen - king
PLANE = WordVectors(
    ["man", "woman", "king", "queen", "apple"],
    np.array([[1, 0, 0.2], [0, 1, 0.2], [1, 0, 1], [0, 1, 1], [-1, -1, 0.1]], np.float32),
)


def test_similarity_by_hand():
    assert COMPASS.similarity("north", "east") == 0
    assert COMPASS.similarity("north", "south") == -1
    assert COMPASS.similarity("north", "northeast") == pytest.approx(2**-0.5)
    assert COMPASS.similarity("north", np.array([0.0, 9.0])) == pytest.approx(1)
    assert COMPASS.similarity("north", "zero") == 0  # a vector of no direction is like nothing


def test_most_similar():
    assert [word for word, _ in COMPASS.most_similar("north", 2)] == ["northeast", "east"]
    assert COMPASS.most_similar(["north", "east"], 1) == [("northeast", pytest.approx(1.0))]
    assert COMPASS.most_similar(np.array([0.0, 5.0]), 1) == [("north", 1.0)]
    assert len(COMPASS.most_similar("north", 99)) == 4
    assert COMPASS.most_similar("northeast", 1, negative="north")[0][0] == "east"
    with pytest.raises(InputError, match="leave nothing"):
        COMPASS.most_similar("north", negative="north")


@pytest.mark.parametrize("multiply", [False, True])
def test_analogy(multiply):
    assert PLANE.analogy("man", "king", "woman", 1, multiply=multiply)[0][0] == "queen"
    answers = [word for word, _ in PLANE.analogy("man", "king", "woman", 9, multiply=multiply)]
    assert sorted(answers) == ["apple", "queen"]


def test_analogy_values_by_hand():
    # 3CosAdd: the cosine with b/|b| - a/|a| + c/|c|, here of king - man + woman
    def unit(word):
        return PLANE[word] / np.linalg.norm(PLANE[word])

    target = unit("king") - unit("man") + unit("woman")
    expected = unit("queen") @ target / np.linalg.norm(target)
    assert PLANE.analogy("man", "king", "woman", 1)[0][1] == pytest.approx(expected, abs=1e-6)
    cos = {word: (unit(word) @ unit("queen") + 1) / 2 for word in ("man", "king", "woman")}
    expected = cos["king"] * cos["woman"] / (cos["man"] + 0.001)
    assert PLANE.analogy("man", "king", "woman", 1, multiply=True)[0][1] == pytest.approx(expected, abs=1e-6)


def test_doesnt_match():
    assert PLANE.doesnt_match(["man", "woman", "king", "queen", "apple", "unheard"]) == "apple"
    with pytest.raises(InputError, match="1 have vectors"):
        PLANE.doesnt_match(["man", "unheard"])


@settings(deadline=None)
@given(
    hnp.arrays(np.float32, st.tuples(st.integers(1, 30), st.integers(1, 5)), elements=st.integers(-3, 3)),
    st.integers(1, 9),
    st.randoms(),
)
def test_nearest_is_the_sorted_list_of_all(matrix, n, random):
    vectors = WordVectors([str(k) for k in range(len(matrix))], matrix)
    queries = matrix[[random.randrange(len(matrix)) for _ in range(4)]]
    ids, cosines = vectors.nearest(queries, n)
    assert ids.shape == cosines.shape == (4, min(n, len(matrix)))
    for query, row, found in zip(queries, ids, cosines, strict=True):
        every = [vectors.similarity(query, matrix[k]) for k in range(len(matrix))]
        assert np.allclose(found, sorted(every, reverse=True)[: len(found)], atol=1e-6)
        assert np.allclose([every[k] for k in row], found, atol=1e-6)
        assert len(set(row.tolist())) == len(row)


def test_what_is_refused():
    with pytest.raises(InputError, match="no vector"):
        PLANE["unheard"]
    with pytest.raises(InputError, match="shape"):
        PLANE.most_similar(np.zeros(2))
    with pytest.raises(InputError, match="no word is asked"):
        PLANE.most_similar([])
    with pytest.raises(InputError, match="width of 3"):
        PLANE.nearest(np.zeros((2, 4)))
    with pytest.raises(InputError, match="2 words and vectors"):
        WordVectors(["a", "b"], np.zeros((3, 2)))
    with pytest.raises(InputError, match="'a' is there twice"):
        WordVectors(["a", "b", "a"], np.zeros((3, 2)))


def test_vocabulary_orders_by_count():
    vocabulary = Vocabulary.of_sentences([["b", "a", "c"], ["a", "c"], ["d"]])
    assert vocabulary.words == ["a", "c", "b", "d"]
    assert vocabulary.counts.tolist() == [2, 2, 1, 1]
    assert vocabulary.ids(["d", "x", "a"]).tolist() == [3, 0]
    assert Vocabulary.of_sentences([["b", "a", "c"], ["a", "c"]], min_count=2).words == ["a", "c"]
    assert Vocabulary.of_counts({"a": 1, "b": 5, "c": 3}, max_words=2).words == ["b", "c"]
    for counts in ({}, {"a": 3}):
        with pytest.raises(InputError, match="Lower --min-count"):
            Vocabulary.of_counts(counts, min_count=4)
