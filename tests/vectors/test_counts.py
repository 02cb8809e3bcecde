from collections import defaultdict
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juqing._compiled import kernel
from juqing.errors import InputError
from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import counts as module
from juqing.vectors.counts import SIDES, WEIGHTINGS, cooccurrences
from juqing.vectors.kernels import counts as kernels


def reference(sentences, n, window, side, weighting):
    """By definition."""
    found = defaultdict(float)
    for sentence in sentences:
        for i, word in enumerate(sentence):
            for j, other in enumerate(sentence):
                if 0 < abs(i - j) <= window and (side == "both" or (j < i) == (side == "left")):
                    found[word, other] += 1 / abs(i - j) if weighting == "harmonic" else 1
    matrix = np.zeros((n, n))
    for pair, value in found.items():
        matrix[pair] = value
    return matrix


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.lists(st.integers(0, 6), min_size=1, max_size=9), min_size=1, max_size=8),
    st.integers(1, 6),
    st.sampled_from(SIDES),
    st.sampled_from(WEIGHTINGS),
    st.integers(0, 4),
    st.booleans(),
)
def test_it_is_the_definition(tmp_path_factory, sentences, window, side, weighting, n_dense, on_disk):
    """With none, some or all pairs in the dense table; with all keys in memory or most of them on disk."""
    vocabulary = Vocabulary([str(k) for k in range(7)])
    corpus = Corpus([[" ".join(map(str, sentence)) for sentence in sentences]], unit="blank")
    encoded = corpus.encode(vocabulary, tmp_path_factory.mktemp("counts") / "ids")
    before = module._DENSE, module._PART
    module._DENSE, module._PART = n_dense, 5
    try:
        found = cooccurrences(
            encoded, 7, window=window, side=side, weighting=weighting, memory=16 if on_disk else 2**20, n_threads=2
        )
    finally:
        module._DENSE, module._PART = before
    assert np.allclose(found.toarray(), reference(sentences, 7, window, side, weighting))
    assert found.indices.dtype == found.indptr.dtype == np.int32


def test_runs_on_disk_are_merged(tmp_path):
    random = np.random.default_rng(0)
    runs = module._Runs(tmp_path, 40)
    total = np.zeros(200)
    for _ in range(12):
        keys = np.unique(random.integers(0, 200, 30)).astype(np.uint64)
        values = random.normal(size=len(keys))
        total[keys.astype(int)] += values
        runs.add(keys, values)
    assert runs.on_disk
    keys, values = runs.result()
    assert np.array_equal(keys, np.unique(keys))
    assert np.allclose(values, total[keys.astype(int)])
    assert len(keys) == np.count_nonzero(total)


@pytest.mark.parametrize("is_symmetric", [False, True])
def test_the_plain_kernels_say_the_same(is_symmetric):
    random = np.random.default_rng(1)
    ids, ends = random.integers(0, 9, 60).astype(np.int32), np.array([20, 45, 60])
    weights = 1 / np.maximum(np.arange(5), 1)
    other = np.array([3, 4, 80], np.uint64), np.array([1.0, 2.0, 3.0])
    results = []
    for is_compiled in (True, False):
        pairs, merged, joined, row_lengths, rows = (
            kernel(module._KERNELS, name) if is_compiled else getattr(kernels, name).py_func
            for name in kernels.C_FUNCTIONS
        )
        dense, keys = np.zeros((3, 3)), np.zeros(300, np.uint64)
        n = int(pairs(ids, 0, 0, ends, 4, 9, weights, is_symmetric, dense, keys)[0])
        keys, values = np.sort(keys[:n]), np.zeros(n)
        n = int(merged(keys, values, weights)[0])
        keys, values = keys[:n], values[:n]
        both = np.zeros(n + 3, np.uint64), np.zeros(n + 3)
        n_both = int(joined(keys, values, *other, *both)[0])
        starts = np.zeros(10, np.int64)
        row_lengths(keys, 9, is_symmetric, starts[1:])
        starts = np.cumsum(starts)
        columns, entries = np.zeros(starts[-1], np.int32), np.zeros(starts[-1])
        rows(keys, values, 9, is_symmetric, starts[:-1].copy(), columns, entries)
        results.append((dense, keys, values, both[0][:n_both], both[1][:n_both], starts, columns, entries))
    for compiled, plain in zip(*results, strict=True):
        assert np.allclose(compiled, plain)
    starts, columns, _ = results[0][-3:]
    for row in range(9):
        assert np.all(np.diff(columns[starts[row] : starts[row + 1]]) > 0)


def test_refusals(tmp_path):
    encoded = Corpus([["a b"]], unit="blank").encode(Vocabulary(["a", "b"]), tmp_path / "ids")
    cases: tuple[tuple[dict[str, Any], str], ...] = (
        ({"window": 0}, "window is 0"),
        ({"window": 256}, "window is 256"),
        ({"side": "up"}, "side is 'up'"),
        ({"weighting": "odd"}, "weighting is 'odd'"),
    )
    for settings_, message in cases:
        with pytest.raises(InputError, match=message):
            cooccurrences(encoded, 2, **settings_)


def test_a_context_larger_than_the_text(tmp_path):
    encoded = Corpus([["a b"]], unit="blank").encode(Vocabulary(["a", "b"]), tmp_path / "ids")
    assert cooccurrences(encoded, 2, window=200).toarray().tolist() == [[0, 1], [1, 0]]
