"""Against hand-worked numbers and scikit-learn and SciPy."""

import numpy as np
import pytest
from scipy.stats import pearsonr
from sklearn.metrics import mean_squared_error

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


def test_refused():
    with pytest.raises(ValueError, match="same"):
        metrics.rmse(np.zeros((2, 6)), np.zeros((3, 6)))
    with pytest.raises(ValueError, match="no rows"):
        metrics.rmse(np.zeros((0, 6)), np.zeros((0, 6)))
