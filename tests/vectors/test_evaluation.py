import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from juqing.errors import FormatError
from juqing.vectors import WordVectors
from juqing.vectors.evaluation import (
    is_analogies,
    read_analogies,
    read_similarities,
    score_analogies,
    score_similarities,
    spearman,
)

PLANE = WordVectors(
    ["man", "woman", "king", "queen", "apple"],
    np.array([[1, 0, 0.2], [0, 1, 0.2], [1, 0, 1], [0, 1, 1], [-1, -1, 0.1]], np.float32),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=30))
def test_spearman_is_scipys(pairs):
    a, b = np.array(pairs, dtype=float).T
    result: Any = spearmanr
    expected = result(a, b).statistic if len(set(a)) > 1 and len(set(b)) > 1 else math.nan
    assert spearman(a, b) == pytest.approx(expected, nan_ok=True)


def test_similarities(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("# a comment\nman\tking\t9\tx\nman woman 5\nMan\tapple\t1\nman\tunheard\t3\n", encoding="utf-8")
    assert read_similarities(path)[0] == ("man", "king", 9.0)
    score = score_similarities(PLANE, path)
    assert (score.name, score.n_pairs, score.n_known) == ("pairs", 4, 3)
    assert score.spearman == pytest.approx(1.0)


@pytest.mark.parametrize(
    "text",
    [
        "word1\tword2\tPOS\tSimLex999\tconc(w1)\nman\tking\tN\t9.5\t3\nman\twoman\tN\t5\t2\n",  # SimLex-999
        "Word 1,Word 2,Human (mean)\nman,king,9.5\nman,woman,5\n",  # WordSim-353, combined.csv
        "Word 1\tWord 2\tHuman (mean)\nman\tking\t9.5\nman\twoman\t5\n",  # combined.tab
    ],
)
def test_similarities_as_they_are_given_out(text, tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text(text, encoding="utf-8")
    assert not is_analogies(path)
    assert read_similarities(path) == [("man", "king", 9.5), ("man", "woman", 5.0)]


def test_analogies(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(
        ": royal\nman king woman queen\nKing man QUEEN woman\nman king woman apple\n: other\na b c d\n",
        encoding="utf-8",
    )
    royal, other = score_analogies(PLANE, path)
    assert (royal.category, royal.n_questions, royal.n_known, royal.n_right) == ("royal", 3, 3, 2)
    assert (other.n_questions, other.n_known) == (1, 0)
    assert royal.accuracy == pytest.approx(2 / 3) and math.isnan(other.accuracy)
    assert [score.n_right for score in score_analogies(PLANE, path, multiply=True)] == [2, 0]


@pytest.mark.parametrize(
    ("reader", "content", "message"),
    [
        (read_similarities, "a b 1\na b c\n", "line 2: 'a b c' is not two words and a number"),
        (read_similarities, "a b c\n", "no word pairs"),
        (read_similarities, "a b nan\n", "line 1: 'a b nan' is not two words and a number"),
        (read_similarities, "# nothing\n", "no word pairs"),
        (read_analogies, ": x\na b c\n", "line 2: 'a b c' is not four words"),
        (read_analogies, ": x\n", "no questions"),
    ],
)
def test_damaged_sets(tmp_path, reader, content, message):
    path = tmp_path / "set.txt"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        reader(path)
    assert message in str(caught.value)
    with pytest.raises(FormatError, match="cannot be read"):
        reader(tmp_path / "none.txt")
