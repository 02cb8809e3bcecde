"""Against a plain weighted least squares, SciPy's peaks, brute force, and curves with a known answer."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import find_peaks

from juqing.analysis.arcs import (
    Arc,
    extremes,
    flat_stretches,
    local_regression,
    scatter,
    smoothed_arc,
    swings,
)
from juqing.reading import read_text
from juqing.scores import EmotionScores


def fitted_by_hand(x, y, at, smooth):
    """The definition: for each point a line by numpy's own least squares, tricube weights."""
    n_near = min(len(x), max(math.ceil(smooth * len(x)), 5))
    values = []
    for place in at:
        distance = np.abs(x - place)
        h = np.sort(distance)[n_near - 1]
        root = np.sqrt(np.clip(1 - (distance / h) ** 3, 0, None) ** 3)
        design = np.stack([np.ones(len(x)), x - place], axis=1)
        values.append(np.linalg.lstsq(design * root[:, None], y * root[:, None], rcond=None)[0][0])
    return np.array(values)


@pytest.mark.parametrize("smooth", [0.05, 0.3, 1.0])
def test_local_regression_is_weighted_least_squares(smooth):
    rng = np.random.default_rng(3)
    x = np.sort(rng.choice(900, 150, replace=False)).astype(float)
    y = rng.random((150, 6)) * 3
    at = np.linspace(x[0], x[-1], 97)
    values, _ = local_regression(x, y, at, smooth=smooth)
    np.testing.assert_allclose(values, fitted_by_hand(x, y, at, smooth), atol=1e-8)


def test_a_straight_line_stays_straight_to_its_ends():
    x = np.array([0, 1, 2, 5, 9, 30, 31, 40, 77, 78, 90.0])
    y = np.stack([0.02 * x, 2.5 - 0.01 * x], axis=1)
    for smooth in (0.1, 0.5, 1.0):
        np.testing.assert_allclose(local_regression(x, y, x, smooth=smooth)[0], y, atol=1e-9)


def test_the_length_is_that_of_the_coefficients():
    rng = np.random.default_rng(5)
    x = np.arange(40.0)
    at = np.array([0.0, 3.0, 20.5, 39.0])
    identity = np.eye(40)  # the values of unit observations are the coefficients
    coefficients, lengths = local_regression(x, identity, at, smooth=0.4)
    np.testing.assert_allclose(lengths, np.linalg.norm(coefficients, axis=1))
    np.testing.assert_allclose(coefficients.sum(1), 1)
    y = rng.random((40, 2))
    np.testing.assert_allclose(coefficients @ y, local_regression(x, y, at, smooth=0.4)[0])


@given(
    st.lists(st.integers(0, 400), min_size=1, max_size=40, unique=True).map(sorted),
    st.floats(0, 1),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=None)
def test_any_lines_give_finite_values(x, smooth, random):
    x = np.array(x, dtype=float)
    y = np.array([[random.uniform(0, 3)] for _ in x])
    values, lengths = local_regression(x, y, x, smooth=smooth)
    assert np.isfinite(values).all() and np.isfinite(lengths).all()
    if len(x) == 1:
        assert values[0] == pytest.approx(y[0])


def test_scatter():
    assert scatter(np.array([[0.0], [1.0], [0.0], [1.0]]))[0] == pytest.approx(math.sqrt(3 / 6))
    assert np.isnan(scatter(np.zeros((2, 6)))).all()
    rng = np.random.default_rng(0)
    noise = np.sin(np.linspace(0, 3, 4000))[:, None] + rng.normal(0, 0.3, (4000, 1))
    assert scatter(noise)[0] == pytest.approx(0.3, rel=0.05)  # the curve itself is no scatter


@given(st.integers(0, 10_000), st.floats(0.3, 4))
@settings(max_examples=150, deadline=None)
def test_extremes_are_the_prominent_peaks(seed, swing):
    walk = np.random.default_rng(seed).normal(size=60).cumsum()
    kept = extremes(walk, swing)
    tops = set(find_peaks(walk, prominence=swing)[0].tolist())
    bottoms = set(find_peaks(-walk, prominence=swing)[0].tolist())
    assert set(kept[1:-1]) == tops | bottoms
    steps = np.diff(walk[kept])
    assert (np.abs(steps) >= swing).all() and (np.sign(steps[1:]) == -np.sign(steps[:-1])).all()


def test_extremes_by_hand():
    assert extremes(np.array([0, 1, 0.9, 2, 0.0]), 0.5) == [0, 3, 4]
    assert extremes(np.array([0.5, 0.6, 0.5]), 0.5) == []
    assert extremes(np.array([1.0, 0, 0, 0, 2]), 0.5) == [0, 1, 4]
    assert extremes(np.array([]), 0.5) == []


def arc_of(*curves):
    mean = np.zeros((len(curves[0]), 6), dtype=np.float32)
    for k, curve in enumerate(curves):
        mean[:, k] = curve
    return Arc("林远", np.arange(len(mean)) * 10, mean, mean, mean)


def test_swings_are_told_greatest_first():
    found = swings(arc_of([0, 0.1, 1.0, 1.1, 0.6], [2, 2, 2, 2, 2]), swing=0.2)
    assert [(s.emotion, s.start, s.end, s.turn) for s in found] == [(0, 0, 30, 20), (0, 30, 40, 40)]
    assert [s.change for s in found] == pytest.approx([1.1, -0.5])
    assert swings(arc_of([1.0] * 5)) == []


def test_what_may_be_scatter_is_no_swing():
    arc = arc_of([0, 0.5, 1.0])
    wide = Arc(arc.character, arc.lines, arc.mean, arc.mean - 0.6, arc.mean + 0.6)
    narrow = Arc(arc.character, arc.lines, arc.mean, arc.mean - 0.4, arc.mean + 0.4)
    assert swings(wide) == [] and len(swings(narrow)) == 1
    unknown = np.full_like(arc.mean, np.nan)
    assert swings(Arc(arc.character, arc.lines, arc.mean, unknown, unknown)) == []


def test_flat_stretches():
    arc = arc_of([0, 0.05, 0.1, 0.9, 1.8, 1.8, 1.8, 1.8], [0, 0, 0, 0, 0, 0, 0, 0.5])
    found = flat_stretches(arc, width=0.1, share=0.15)
    assert [(f.start, f.end) for f in found] == [(0, 20), (40, 60)]
    assert found[0].width == pytest.approx(0.1)
    assert flat_stretches(arc, width=0.1, share=0.9) == []


@given(st.lists(st.floats(0, 1, width=32), min_size=2, max_size=14))
@settings(max_examples=100, deadline=None)
def test_the_longest_flat_stretch_is_found(curve):
    arc = arc_of(curve)
    lengths = [
        j - i
        for i, j in itertools.combinations(range(len(curve)), 2)
        if np.ptp(arc.mean[i : j + 1], axis=0).max() <= 0.15
    ]
    found = flat_stretches(arc, share=0)
    assert max((f.end - f.start for f in found), default=0) == 10 * max(lengths, default=0)


SCRIPT = read_text(
    "1、屋里　夜　内\n林远：一。\n陈念：二。\n林远、陈念：三。\n2、街上　日　外\n△下雨。\n" + "林远：走。\n" * 8
)


def test_an_arc_is_that_of_its_character():
    values = np.zeros((SCRIPT.n_cues, 6))
    for cue in SCRIPT.cues:
        values[cue.index, 3] = 2.0 if cue.character == "林远" else 1.0
    scores = EmotionScores(SCRIPT, values, "made up")
    arc = smoothed_arc(scores, "林远")
    assert arc.lines.tolist() == [0, 2, *range(4, 12)]
    np.testing.assert_allclose(arc.mean[:, 3], 2.0, atol=1e-6)
    np.testing.assert_allclose(arc.low, arc.high, atol=1e-6)  # without scatter there is no doubt
    assert np.isnan(smoothed_arc(scores, "陈念").low).all()
    whole = smoothed_arc(scores, "", smooth=0.01)
    assert whole.lines.tolist() == [0, 1, 2, *range(4, 12)]
    by_line = np.array([2, 1, 1.5, *[2] * 8])[:, None]
    np.testing.assert_allclose(
        whole.mean[:, 3:4], fitted_by_hand(whole.lines.astype(float), by_line, whole.lines, 0.01), atol=1e-5
    )
    assert len(smoothed_arc(scores, "nobody").lines) == 0
    assert len(smoothed_arc(scores, "林远", n_points=4).lines) == 4


def test_the_band_holds_the_truth():
    """Of 200 scripts made from a known curve, the band holds the curve at about 95 in 100 places."""
    script = read_text("1、屋里　夜　内\n" + "林远：走。\n" * 120)
    rng = np.random.default_rng(11)
    truth = 1.5 + 0.5 * np.sin(np.linspace(0, 2, 120))
    held = []
    for _ in range(200):
        values = np.clip(truth[:, None] + rng.normal(0, 0.3, (120, 6)), 0, 3)
        arc = smoothed_arc(EmotionScores(script, values, "made up"), "林远", smooth=0.3, n_points=30)
        at = truth[arc.lines][:, None]
        held.append(((arc.low <= at) & (at <= arc.high)).mean())
    assert np.mean(held) == pytest.approx(0.95, abs=0.03)
