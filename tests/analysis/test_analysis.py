"""On a made-up script with known answers."""

import numpy as np
import pytest

from juqing.analysis import (
    lines_where,
    main_characters,
    only_cues,
    portraits,
    scene_means,
    strongest_moments,
)
from juqing.reading import read_text
from juqing.scores import EmotionScores

SCRIPT = read_text(
    """1、屋里　夜　内
人物：林远、陈念
林远：一。
陈念：二。
林远：三。
2、街上　日　外
人物：林远、路人甲
林远：四。
路人甲：五。
路人甲：六。
"""
)
VALUES = np.zeros((6, 6), dtype=np.float32)
VALUES[:, 0] = [1, 2, 3, 0.5, 0.25, 0]
VALUES[2, 5] = 2.5
VALUES[3, 5] = 2.75
SCORES = EmotionScores(SCRIPT, VALUES, "made up")


def test_scene_means():
    means = scene_means(SCORES, ["林远", "陈念"])
    assert means.shape == (2, 2, 6)
    assert means[0, :, 0] == pytest.approx([2.0, 0.5])
    assert means[0, :, 5] == pytest.approx([1.25, 2.75])
    assert np.isnan(means[1, 1]).all() and means[1, 0, 0] == 2


def test_portraits():
    first, second, third = portraits(SCORES)
    assert (first.name, first.n_cues, first.n_spoken, first.n_scenes) == ("林远", 3, 3, 2)
    assert [person.n_letters for person in (first, second, third)] == [3, 2, 1]
    assert first.means[0] == pytest.approx(1.5)
    assert (first.peak, first.peak_emotion) == (2, 0)
    assert (second.name, third.name) == ("路人甲", "陈念")


def test_main_characters():
    assert main_characters(SCRIPT) == ("林远",)  # 路人甲 is an extra, 陈念 has one cue
    assert main_characters(read_text("众人：好！\n")) == ("众人",)
    assert main_characters(read_text("")) == ()


def test_strongest_moments():
    moments = strongest_moments(SCORES, 3)
    assert [(m.cue, m.emotion, m.strength) for m in moments] == [(2, 0, 3.0), (3, 5, 2.75), (1, 0, 2.0)]
    assert [m.cue for m in strongest_moments(SCORES, 9, per_emotion=1)] == [2, 3]
    assert [m.cue for m in strongest_moments(SCORES, 9, least=2)] == [2, 3, 1]
    assert strongest_moments(EmotionScores(SCRIPT, np.zeros((6, 6)), "m"), 3) == []


HEADED = read_text(
    "1、屋里　夜　内\n林远：一。\n陈念：二。\n2、街上　日　外\n林远：三。\n【闪回】\n林远：四。\n【闪回结束】\n陈念：五。\n3、屋里　日　内\n陈念：六。\n"
)


@pytest.mark.parametrize(
    ("wanted", "texts"),
    [
        ({}, "一二三四五六"),
        ({"place": "屋里"}, "一二六"),
        ({"place": "屋里", "time": "日"}, "六"),
        ({"interior": "外"}, "三四五"),
        ({"flag": "flashback"}, "四"),
        ({"flag": "none", "interior": "外"}, "三五"),
        ({"place": "天上"}, ""),
    ],
)
def test_lines_where(wanted, texts):
    kept = lines_where(HEADED, **wanted)
    said = "".join(line.text[0] for line, keep in zip(HEADED.lines, kept, strict=True) if keep and line.speakers)
    assert said == texts


def test_only_cues():
    kept = only_cues(SCORES, [1, 3, 4])
    assert [cue.index for cue in kept.script.cues] == [0, 1, 2]
    assert [cue.line for cue in kept.script.cues] == [SCRIPT.cues[k].line for k in (1, 3, 4)]
    assert kept.values.tolist() == VALUES[[1, 3, 4]].tolist()
    assert kept.script.characters == ("林远", "路人甲", "陈念") and kept.script.lines == SCRIPT.lines
    assert only_cues(SCORES, []).script.characters == ()
