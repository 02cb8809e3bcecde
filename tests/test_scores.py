import numpy as np
import pytest

from juqing.reading import read_text
from juqing.runtime import load
from juqing.scores import EmotionScores, level_probabilities

SCRIPT = read_text("1、屋里　夜　内\n人物：林远、陈念\n林远：你来了。\n△陈念点头。\n")


def test_values_are_float32_and_read_only():
    scores = EmotionScores(SCRIPT, np.zeros((2, 6)), "m")
    assert scores.values.dtype == np.float32
    with pytest.raises(ValueError, match="read-only"):
        scores.values[0, 0] = 1


@pytest.mark.parametrize(
    "values", [np.zeros((1, 6)), np.zeros((2, 5)), np.full((2, 6), 3.5), np.full((2, 6), np.nan), -np.ones((2, 6))]
)
def test_refused(values):
    with pytest.raises(ValueError):
        EmotionScores(SCRIPT, values, "m")


def test_table():
    values = np.zeros((2, 6))
    values[1, 5] = 1.23456
    rows = EmotionScores(SCRIPT, values, "m").table()
    assert [row["character"] for row in rows] == ["林远", "陈念"]
    assert rows[1]["sorrow"] == 1.235
    assert rows[0]["id"] == "1-1-1"
    assert (rows[1]["scene_number"], rows[1]["source_line"], rows[1]["role"]) == ("1", 4, "present")


def test_levels_of_strengths():
    """A strength between two levels belongs to both, by its distance, so that the expected level is the strength."""

    class Fixed:
        name = "fixed"

        def score(self, script):
            return EmotionScores(script, np.tile([0.0, 1.25, 3.0, 2.5, 0.1, 1.0], (script.n_cues, 1)), self.name)

    levels = level_probabilities(Fixed(), SCRIPT)
    assert levels.shape == (2, 6, 4) and levels.dtype == np.float32
    np.testing.assert_allclose(levels[0, :4], [[1, 0, 0, 0], [0, 0.75, 0.25, 0], [0, 0, 0, 1], [0, 0, 0.5, 0.5]])


@pytest.mark.parametrize("model", ["scene", "tfidf"])
def test_levels_of_the_shipped_models(model):
    recognizer = load(model)
    levels = level_probabilities(recognizer, SCRIPT)
    np.testing.assert_allclose(levels.sum(2), 1, atol=1e-6)
    np.testing.assert_allclose(levels @ np.arange(4), recognizer.score(SCRIPT).values, atol=1e-6)
