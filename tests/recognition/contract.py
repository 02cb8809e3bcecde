"""What every recognizer promises; the tests of each one run it."""

from __future__ import annotations

import numpy as np
from conftest import ENGLISH, FEATURE, SHORT

from juqing.reading import read_script, read_text
from juqing.scores import EmotionScores, Recognizer


def check_recognizer(recognizer: Recognizer) -> None:
    assert isinstance(recognizer, Recognizer)
    assert isinstance(recognizer.name, str) and recognizer.name
    texts = ["", "\n\n", "没有人说话。", "林远：\n林远：啊\n", "林远：😀\x00\n林远：" + "哈" * 5000]
    for script in [*map(read_script, (FEATURE, SHORT, ENGLISH)), *map(read_text, texts)]:
        scores = recognizer.score(script)
        assert isinstance(scores, EmotionScores)
        assert scores.script is script
        assert scores.model == recognizer.name
        assert scores.values.shape == (script.n_cues, 6)
        assert scores.values.dtype == np.float32
        assert ((scores.values >= 0) & (scores.values <= 3)).all()
        assert np.array_equal(scores.values, recognizer.score(script).values)


def check_masks(recognizer: Recognizer, tolerance: float) -> None:
    """Names must not matter: the same script with other names scores the same."""
    text = FEATURE.read_text(encoding="utf-8")
    other = text.replace("林秋", "顾盼").replace("马德宽", "许大江")
    values, renamed = (recognizer.score(read_text(t)).values for t in (text, other))
    assert values.shape == renamed.shape
    assert np.abs(values - renamed).max() <= tolerance
