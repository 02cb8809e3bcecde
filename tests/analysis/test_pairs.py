"""Numbers worked by hand on a made-up script."""

import math

import numpy as np
import pytest

from juqing.analysis.pairs import character_pairs
from juqing.reading import read_text
from juqing.scores import EmotionScores

SCRIPT = read_text(
    """1、屋里　夜　内
林远：一。
陈念：二。
林远：三。
2、街上　日　外
林远：四。
3、山上　日　外
陈念：五。
林远：六。
4、河边　日　外
周三：七。
"""
)


def test_pairs():
    values = np.zeros((7, 6))
    values[[0, 2, 3, 5], 0] = [1, 3, 0.5, 1]  # 林远 loves: scene means 2, 0.5, 1
    values[1, 0], values[4, 5] = 2, 3  # 陈念: love 2 in scene 1, sorrow 3 in scene 3
    (pair,) = character_pairs(EmotionScores(SCRIPT, values, "made up"), ["林远", "陈念", "周三"])
    assert (pair.a, pair.b, pair.scenes) == ("林远", "陈念", (0, 2))
    assert pair.a_means == pytest.approx((1.5, 0, 0, 0, 0, 0))
    assert pair.b_means == pytest.approx((1, 0, 0, 0, 0, 1.5))
    assert pair.a_changes == pytest.approx((1, 0, 0, 0, 0, 0)) and pair.b_changes is None
    assert pair.distances == pytest.approx((0, math.sqrt(10)))
    assert pair.distance == pytest.approx(math.sqrt(10) / 2)
    assert pair.cosine == pytest.approx(0.5)  # together in the first scene, at a right angle in the other


def test_who_feels_nothing_has_no_angle():
    (pair,) = character_pairs(EmotionScores(SCRIPT, np.zeros((7, 6)), "made up"), ["林远", "陈念"])
    assert pair.distance == 0 and pair.cosine is None
