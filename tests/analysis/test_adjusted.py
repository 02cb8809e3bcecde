"""Merged names and corrected values, on a made-up script."""

import numpy as np
import pytest

from juqing.analysis.adjusted import adjust, resolved
from juqing.reading import read_text
from juqing.scores import EmotionScores

SCRIPT = read_text("1、屋里　夜　内\n人物：李明、小明、王梅\n李明：一。\n王梅：二。\n李明、小明：三。\n小明：四。\n")
VALUES = np.zeros((5, 6))
VALUES[:, 1] = [0.1, 0.2, 1.0, 2.0, 0.4]
SCORES = EmotionScores(SCRIPT, VALUES, "made up", 0.4)


def test_the_made_up_script():
    assert [(cue.line, cue.character) for cue in SCRIPT.cues] == [
        (0, "李明"),
        (1, "王梅"),
        (2, "李明"),
        (2, "小明"),
        (3, "小明"),
    ]


def test_merging_takes_the_mean_in_a_line():
    adjusted = adjust(SCORES, {"小明": "李明"}, {})
    script = adjusted.scores.script
    assert [(cue.index, cue.line, cue.character) for cue in script.cues] == [
        (0, 0, "李明"),
        (1, 1, "王梅"),
        (2, 2, "李明"),
        (3, 3, "李明"),
    ]
    assert adjusted.scores.values[:, 1] == pytest.approx([0.1, 0.2, 1.5, 0.4])
    assert adjusted.sources == ((0,), (1,), (2, 3), (4,))
    assert not adjusted.corrected.any()
    assert script.lines[2].speakers == ("李明",)
    assert [c.name for c in script.cast] == ["李明", "王梅"] and script.cast[0].merged == ("小明",)
    assert (adjusted.scores.model, adjusted.scores.rmse) == ("made up", 0.4)
    assert script.to_json() and type(script).from_json(script.to_json()) == script
    assert SCORES.values[3, 1] == 2.0 and SCORES.script is SCRIPT


def test_what_was_set_counts_alone():
    adjusted = adjust(SCORES, {"小明": "李明"}, {3: {1: 3.0, 5: 0.5}, 1: {0: 1.0}})
    assert adjusted.scores.values[2].tolist() == [0, 3, 0, 0, 0, 0.5]
    assert adjusted.scores.values[1].tolist() == pytest.approx([1, 0.2, 0, 0, 0, 0])
    assert adjusted.corrected.nonzero()[0].tolist() == [1, 2, 2]
    both = adjust(SCORES, {"小明": "李明"}, {2: {1: 1.0}, 3: {1: 2.0}})
    assert both.scores.values[2, 1] == 1.5


def test_nothing_changed():
    adjusted = adjust(SCORES, {}, {})
    assert adjusted.scores.script is SCRIPT
    assert (adjusted.scores.values == SCORES.values).all()


def test_chains_and_circles():
    assert resolved({"a": "b", "b": "c", "d": "d"}) == {"a": "c", "b": "c"}
    with pytest.raises(ValueError, match="circle"):
        resolved({"a": "b", "b": "c", "c": "a"})


def test_a_name_that_only_the_map_knows():
    script = adjust(SCORES, {"小明": "明", "李明": "明"}, {}).scores.script
    assert script.characters == ("明", "王梅")
    assert [c.name for c in script.cast] == ["明", "王梅"]
