"""Against hand-worked numbers and scikit-learn and SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.linear_model import LinearRegression
from sklearn.metrics import f1_score, mean_squared_error

from juqing import metrics

RNG = np.random.default_rng(0)


def test_by_hand():
    truth, guess = np.zeros((1, 6)), np.array([[1, 1, 1, 1, 1, 2.0]])
    assert metrics.rmse(truth, guess) == pytest.approx(np.sqrt(9 / 6))
    assert metrics.score(truth, truth) == 1.0
    # The leaderboard's all-zero submission has 0.6667, an RMSE of one half.
    assert metrics.score(np.full((4, 6), 0.5), np.zeros((4, 6))) == pytest.approx(2 / 3)


def test_against_scikit_learn():
    truth, guess, weights = RNG.uniform(0, 3, (50, 6)), RNG.uniform(0, 3, (50, 6)), RNG.uniform(0, 1, 50)
    assert metrics.rmse(truth, guess, weights) == pytest.approx(
        np.sqrt(mean_squared_error(truth, guess, sample_weight=weights))
    )


def test_pearson_against_scipy():
    truth, guess = RNG.uniform(0, 3, (50, 6)), RNG.uniform(0, 3, (50, 6))
    guess[:, 2] = 1.0
    r = metrics.pearson(truth, guess)
    assert np.isnan(r[2])
    for k in (0, 1, 3, 4, 5):
        assert r[k] == pytest.approx(pearsonr(truth[:, k], guess[:, k])[0])


def test_a_weight_is_a_row_so_many_times():
    truth, guess = RNG.integers(0, 4, (30, 6)).astype(float), RNG.uniform(0, 3, (30, 6))
    times = RNG.integers(0, 4, 30)
    many = np.repeat(truth, times, axis=0), np.repeat(guess, times, axis=0)
    assert metrics.pearson(truth, guess, times) == pytest.approx(metrics.pearson(*many))
    assert metrics.f1_by_level(truth, guess, times) == pytest.approx(metrics.f1_by_level(*many), nan_ok=True)
    weighted, repeated = metrics.calibration(truth, guess, times), metrics.calibration(*many)
    for name in ("guess", "truth", "slope", "intercept", "error"):
        assert getattr(weighted, name) == pytest.approx(getattr(repeated, name), nan_ok=True)


def test_f1_by_hand():
    truth, guess = np.array([[0.0], [0.0], [1.0], [2.0]]), np.array([[0.2], [0.5], [1.4], [1.49]])
    # Levels guessed: 0, 1 (halves up), 1, 1. Level 0: TP 1, FN 1. Level 1: TP 1, FP 2. Level 2: FN 1. Level 3: nothing.
    assert metrics.f1_by_level(truth, guess)[0] == pytest.approx([2 / 3, 1 / 2, 0, np.nan], nan_ok=True)


@pytest.mark.parametrize("highest", [1, 2, 3])
def test_f1_against_scikit_learn(highest):
    truth, guess = RNG.integers(0, highest + 1, (60, 6)), RNG.uniform(0, highest, (60, 6))
    weights = RNG.uniform(0.1, 1, 60)
    f1 = metrics.f1_by_level(truth, guess, weights)
    for k in range(6):
        levels = truth[:, k], np.round(guess[:, k]).astype(int)
        alone = [f1_score(*(x == level for x in levels), sample_weight=weights) for level in range(highest + 1)]
        assert f1[k, : highest + 1] == pytest.approx(alone)
        assert np.nanmean(f1[k]) == pytest.approx(f1_score(*levels, average="macro", sample_weight=weights))
        assert np.isnan(f1[k, highest + 1 :]).all()


def test_calibration_by_hand():
    guess, truth = np.array([[0.0], [0.5], [1.0], [3.0]]), np.array([[1.0], [0.0], [1.0], [2.0]])
    c = metrics.calibration(truth, guess, np.array([1, 3, 2, 2]), n_bins=3)
    assert c.edges.tolist() == [0, 1, 2, 3]
    assert c.n.tolist() == [[2, 1, 1]]
    assert c.guess[0] == pytest.approx([0.375, 1, 3])  # (0 + 3 * 0.5) / 4
    assert c.truth[0] == pytest.approx([0.25, 1, 2])
    assert c.error[0] == pytest.approx((4 * 0.125 + 2 * 0 + 2 * 1) / 8)
    # The line by least squares, from another hand.
    line = LinearRegression().fit(guess, truth[:, 0], sample_weight=[1, 3, 2, 2])
    assert (c.slope[0], c.intercept[0]) == pytest.approx((line.coef_[0], line.intercept_))


def test_calibration_against_numpy():
    truth, guess = RNG.uniform(0, 3, (50, 6)), RNG.uniform(0, 3, (50, 6))
    guess[:, 4] = 0.7
    c = metrics.calibration(truth, guess)
    assert np.isnan(c.slope[4]) and np.isnan(c.intercept[4])
    for k in (0, 1, 2, 3, 5):
        assert (c.slope[k], c.intercept[k]) == pytest.approx(np.polyfit(guess[:, k], truth[:, k], 1))


LABELS = st.lists(st.tuples(*[st.integers(0, 3)] * 6), min_size=1, max_size=20).map(lambda x: np.array(x, dtype=float))


@settings(deadline=None)
@given(LABELS)
def test_labels_themselves_are_perfect(labels):
    assert metrics.score(labels, labels) == 1
    f1 = metrics.f1_by_level(labels, labels)
    assert ((f1 == 1) | np.isnan(f1)).all()
    assert (np.isnan(f1) == [[level not in column for level in range(4)] for column in labels.T]).all()
    c = metrics.calibration(labels, labels)
    assert c.error == pytest.approx(np.zeros(6))
    varied = np.ptp(labels, axis=0) > 0
    assert c.slope[varied] == pytest.approx(1) and c.intercept[varied] == pytest.approx(0, abs=1e-12)
    assert np.isnan(c.slope[~varied]).all()
    assert (c.n.sum(axis=1) == len(labels)).all()


def test_refused():
    with pytest.raises(ValueError, match="same"):
        metrics.rmse(np.zeros((2, 6)), np.zeros((3, 6)))
    with pytest.raises(ValueError, match="no rows"):
        metrics.rmse(np.zeros((0, 6)), np.zeros((0, 6)))
