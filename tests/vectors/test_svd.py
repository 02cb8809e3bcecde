import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from juqing.errors import InputError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.svd import log_counts, ppmi, svd_vectors, truncated_svd

COUNTS = scipy.sparse.csr_array(np.array([[0, 2, 1], [2, 0, 0], [1, 0, 4.0]]))


def test_ppmi_by_hand():
    # n = 10; rows 3, 2, 5; columns 3, 2, 5: log(2 * 10 / (3 * 2)), log(1 * 10 / (3 * 5)) < 0, log(4 * 10 / (5 * 5))
    expected = np.log([[1, 20 / 6, 1], [20 / 6, 1, 1], [1, 1, 1.6]])
    assert np.allclose(ppmi(COUNTS, smoothing=1.0).toarray(), expected)
    shifted = np.log([[1, 20 / 12, 1], [20 / 12, 1, 1], [1, 1, 1]])
    assert np.allclose(ppmi(COUNTS, smoothing=1.0, shift=2.0).toarray(), shifted)
    columns = np.array([3, 2, 5.0]) ** 0.75
    smooth = np.log(2 * columns.sum() / (3 * columns[1]))
    assert ppmi(COUNTS).toarray()[0, 1] == pytest.approx(smooth)


def test_log_counts():
    assert np.allclose(log_counts(COUNTS).toarray(), np.log1p(COUNTS.toarray()))


@settings(deadline=None, max_examples=40)
@given(
    hnp.arrays(np.float64, st.tuples(st.integers(2, 12), st.integers(2, 12)), elements=st.integers(0, 5)),
    st.integers(1, 12),
    st.booleans(),
)
def test_it_is_numpys(matrix, k, sparse):
    k = min(k, *matrix.shape)
    if not matrix.any():
        return
    found = truncated_svd(scipy.sparse.csr_array(matrix) if sparse else matrix, k)
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    assert np.allclose(found.values, values[:k], atol=1e-8)
    best = (left[:, :k] * values[:k]) @ right[:k]
    distance = np.linalg.norm(matrix - (found.left * found.values) @ found.right)
    assert distance == pytest.approx(np.linalg.norm(matrix - best), abs=1e-6)
    assert found.error()[-1] == pytest.approx(distance, abs=1e-7 * float(np.linalg.norm(matrix)))
    assert np.allclose(found.explained(), np.cumsum(values[:k] ** 2) / (matrix**2).sum())


def test_a_large_sparse_matrix():
    matrix = scipy.sparse.random_array((300, 200), density=0.05, rng=np.random.default_rng(0)).tocsr()
    found = truncated_svd(matrix, 10)
    values = np.linalg.svd(matrix.toarray(), compute_uv=False)
    assert np.allclose(found.values, values[:10])
    again = truncated_svd(matrix, 10, seed=5)
    assert np.allclose(found.left, again.left, atol=1e-6)  # signs too
    vectors = svd_vectors(Vocabulary([str(k) for k in range(300)]), found, power=1.0)
    assert np.allclose(vectors.vectors, found.left * found.values, atol=1e-6)


def test_directions_that_are_nothing_but_rounding_are_left_out():
    """Words of the same counts stay the same, whatever the power: here there are three kinds of them, and 40 directions."""
    kinds = np.arange(60) % 3
    counts = scipy.sparse.csr_array(np.array([[5.0, 1, 2], [1, 7, 3], [2, 3, 4]])[kinds][:, kinds])
    words = Vocabulary([str(k) for k in range(60)])
    for power in (0.0, 0.5, 1.0):
        for rank in (10, 40):  # by Lanczos, and dense
            vectors = svd_vectors(words, truncated_svd(counts, rank), power=power)
            assert vectors.similarity("0", "3") == pytest.approx(1)
            assert vectors.similarity("0", "1") < 0.99


def test_refusals():
    for k in (0, 4):
        with pytest.raises(InputError, match=f"rank {k}"):
            truncated_svd(COUNTS, k)
    with pytest.raises(InputError, match="zero"):
        truncated_svd(np.zeros((3, 3)), 1)
    with pytest.raises(InputError, match="smoothing is 0"):
        ppmi(COUNTS, smoothing=0)
    with pytest.raises(InputError, match=r"shift is 0\.5"):
        ppmi(COUNTS, shift=0.5)
    with pytest.raises(InputError, match="no counts"):
        ppmi(scipy.sparse.csr_array((3, 3)))
