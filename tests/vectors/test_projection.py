"""PCA beside scikit-learn's, t-SNE by what it promises, and what a picture is told of its words."""

import sys
from typing import Any

import numpy as np
import pytest
import sklearn.decomposition

from juqing.errors import FormatError, InputError, MissingExtraError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import WordVectors
from juqing.vectors.projection import MAX_GROUPS, check_perplexity, map_words, pca, read_word_groups, tsne


def clusters(n_clusters: int = 3, size: int = 12, dim: int = 10) -> tuple[np.ndarray, np.ndarray]:
    """Rows around directions that stand at right angles, and the number of each row's cluster."""
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(n_clusters), size)
    return (3 * np.eye(n_clusters, dim)[labels] + random.normal(0, 0.3, (len(labels), dim))).astype(np.float32), labels


def word_vectors(rows: np.ndarray) -> WordVectors:
    return WordVectors(Vocabulary([f"词{k}" for k in range(len(rows))], range(len(rows), 0, -1)), rows)


@pytest.mark.parametrize("shape", [(40, 6), (5, 20)])
def test_pca_is_that_of_scikit_learn(shape):
    X = np.random.default_rng(1).normal(size=shape) * np.arange(1, shape[1] + 1) + 7
    points, shares = pca(X, 3)
    other = sklearn.decomposition.PCA(3).fit(X)
    np.testing.assert_allclose(np.abs(points), np.abs(other.transform(X)), atol=1e-9)
    np.testing.assert_allclose(shares, other.explained_variance_ratio_, atol=1e-12)
    assert (points[np.abs(points).argmax(axis=0), range(3)] > 0).all()
    np.testing.assert_allclose(pca(-X, 3)[0][np.abs(points).argmax(axis=0), range(3)], np.abs(points).max(axis=0))


def test_pca_of_rows_that_are_all_the_same():
    points, shares = pca(np.ones((4, 3), np.float32))
    assert not points.any() and not shares.any()


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_pca_of_too_little(shape):
    with pytest.raises(InputError, match="2 directions"):
        pca(np.ones(shape))


def test_tsne_keeps_neighbors_together():
    X, labels = clusters()
    points = tsne(X, perplexity=5)
    distances = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (labels[distances.argmin(axis=1)] == labels).all()
    between = labels[:, None] != labels[None]
    assert distances[between].min() > 2 * distances.min(axis=1).max()


def test_tsne_goes_by_directions_alone_and_gives_the_same_picture_again():
    X, _ = clusters(size=6)
    told = []
    points = tsne(X, seed=3, progress=lambda done, total: told.append((done, total)))
    np.testing.assert_array_equal(points, tsne(X, seed=3))
    np.testing.assert_array_equal(points, tsne(X * np.float32(4), seed=3))
    assert told[0] == (25, 750) and told[-1] == (750, 750) and told == sorted(told)


def test_perplexity():
    assert check_perplexity(1000) == 30 and check_perplexity(31) == 10 and check_perplexity(7) == 2
    assert check_perplexity(91, 30) == 30
    for n, perplexity, words in (
        (
            90,
            30,
            "t-SNE with a perplexity of 30 needs 91 words; there are 90. Give more words, or a perplexity of 29.6 at most.",
        ),
        (6, None, "t-SNE with a perplexity of 2 needs 7 words; there are 6. Give more words, or take PCA."),
        (50, 1, "the perplexity is 1. It is 2 or more."),
        (50, float("nan"), "the perplexity is nan. It is 2 or more."),
    ):
        with pytest.raises(InputError) as error:
            check_perplexity(n, perplexity)
        assert str(error.value) == words


def test_a_row_of_zeros_has_no_direction():
    X, _ = clusters(size=4)
    X[5] = 0
    with pytest.raises(InputError, match="row 5 is zero"):
        tsne(X)
    with pytest.raises(InputError, match="'词5' is zero"):
        map_words(word_vectors(X), dict.fromkeys([f"词{k}" for k in range(8)], ""))


def test_without_opentsne(monkeypatch):
    monkeypatch.setitem(sys.modules, "openTSNE", None)
    X, _ = clusters(size=4)
    with pytest.raises(MissingExtraError, match="t-SNE needs the extra 'train'"):
        tsne(X)
    assert map_words(word_vectors(X), {"词0": "", "词1": "", "词2": ""}, method="pca").points.shape == (3, 2)


def test_words_of_a_map():
    X, labels = clusters(size=4)
    vectors = word_vectors(X)
    words = {f"词{k}": f"组{labels[k]}" if k else "" for k in range(11, -1, -1)}
    found = map_words(vectors, words, method="pca")
    assert found.words == tuple(f"词{k}" for k in range(12)) and found.groups[0] == "" and found.groups[11] == "组2"
    assert found.counts.tolist() == list(range(12, 0, -1))
    rows = X / np.linalg.norm(X, axis=1, keepdims=True)
    np.testing.assert_allclose(found.points, pca(rows)[0], atol=1e-6)
    assert found.method == "PCA, {:.1%} and {:.1%} of the variance".format(*pca(rows)[1])
    for word, near in zip(found.words, found.neighbors, strict=True):
        assert [name for name, _ in near] == [name for name, _ in vectors.most_similar(word)] and len(near) == 10
        assert near[0][1] == pytest.approx(vectors.similarity(word, near[0][0]), abs=1e-6)
    assert map_words(vectors, words, seed=4).method == "t-SNE, perplexity 3.67, seed 4"


def test_a_map_that_is_refused():
    vectors = word_vectors(np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32))
    names = vectors.words
    cases: tuple[tuple[list[str], dict[str, Any], str], ...] = (
        (names, {"method": "umap"}, "the method is 'umap'. Choose one of tsne, pca."),
        (names[:2], {"method": "pca"}, "a picture by PCA needs 3 words; there are 2. Give more words."),
        (names[:2], {}, "a picture by t-SNE needs 7 words; there are 2. Give more words."),
        (names[:6], {}, "a picture by t-SNE needs 7 words; there are 6. Give more words, or take PCA."),
        (["没有", *names], {}, "the word '没有' has no vector"),
    )
    for words, options, said in cases:
        with pytest.raises(InputError) as error:
            map_words(vectors, dict.fromkeys(words, ""), **options)
        assert str(error.value).startswith(said)
    with pytest.raises(InputError, match=f"of 40 groups; a picture can tell {MAX_GROUPS} apart"):
        map_words(vectors, {word: word for word in names})


def test_word_groups(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text("\ufeff# six\n高兴\t乐\t9\n\n 哭 \t 哀\n走\n高兴\t怒\nMrs Holt\tx\n", encoding="utf-8")
    assert read_word_groups(path) == {"高兴": "乐", "哭": "哀", "走": "", "Mrs Holt": "x"}
    path.write_text("# nothing\n", encoding="utf-8")
    with pytest.raises(FormatError, match="no words"):
        read_word_groups(path)
    path.write_bytes("高兴".encode("gb18030"))
    with pytest.raises(FormatError, match="cannot be read"):
        read_word_groups(path)
    with pytest.raises(FormatError, match="cannot be read"):
        read_word_groups(tmp_path / "none.tsv")
