"""Two made-up drafts of which every change is known."""

import math

import numpy as np
import pytest
from conftest import FEATURE

from juqing.analysis.drafts import compare_drafts
from juqing.reading import read_script, read_text
from juqing.scores import EmotionScores

KITCHEN = "厨房　夜　内\n林远：水烧开了，你要不要喝茶？\n陈念：不用了，我一会儿就走。\n△陈念把杯子推回去。\n"
STREET = "街上　日　外\n陈念：那年冬天，我在这条街上等了你三个钟头。\n林远：我知道，我一直站在对面。\n"
STATION = "车站　晨　外\n△汽笛响起，人群涌向站台。\n林远：票在你大衣口袋里，别再弄丢了。\n陈念：到了给你写信。\n"
ROOF = "楼顶　夜　外\n周三：风太大了，把绳子系紧。\n林远：再等一等，他们马上就到。\n"


def draft(*scenes):
    return read_text("".join(f"{k}、{scene}" for k, scene in enumerate(scenes, start=1)))


def scored(script, feel=lambda cue: 0.0):
    values = np.zeros((script.n_cues, 6))
    values[:, 3] = [feel(cue) for cue in script.cues]
    return EmotionScores(script, values, "made up")


def states(comparison):
    return [(p.before, p.after, p.state, p.moved) for p in comparison.scenes]


def test_the_same_draft():
    scores = scored(draft(KITCHEN, STREET, STATION))
    comparison = compare_drafts(scores, scores)
    assert states(comparison) == [(k, k, "same", False) for k in range(3)]
    assert all(p.similarity == pytest.approx(1) and p.change == 0 for p in comparison.scenes)
    assert np.nanmax(np.abs(comparison.differences)) == 0 and comparison.most_changed() == []


def test_added_and_removed():
    before, after = scored(draft(KITCHEN, STREET, STATION)), scored(draft(KITCHEN, ROOF, STATION))
    assert states(compare_drafts(before, after)) == [
        (0, 0, "same", False),
        (None, 1, "added", False),
        (1, None, "removed", False),
        (2, 2, "same", False),
    ]


def test_a_moved_scene_keeps_its_lines():
    before = scored(draft(KITCHEN, STREET, STATION, ROOF))
    after = scored(draft(ROOF, KITCHEN, STREET, STATION))
    comparison = compare_drafts(before, after)
    assert states(comparison) == [
        (3, 0, "same", True),
        (0, 1, "same", False),
        (1, 2, "same", False),
        (2, 3, "same", False),
    ]


def test_lines():
    changed = KITCHEN.replace("我一会儿就走", "我一会儿就要走").replace("△陈念把杯子推回去。\n", "")
    changed = changed.replace("内\n", "内\n△窗外下着雨。\n")
    comparison = compare_drafts(scored(draft(KITCHEN)), scored(draft(changed)))
    (pair,) = comparison.scenes
    assert pair.state == "changed"
    assert [(line.before, line.after, line.state) for line in pair.lines] == [
        (None, 0, "added"),
        (0, 1, "same"),
        (1, 2, "changed"),
        (2, None, "removed"),
    ]


def test_differences_of_feelings():
    one = scored(draft(KITCHEN, STREET), lambda cue: 1.0 if cue.character == "林远" else 0.5)
    two = scored(draft(KITCHEN, STREET), lambda cue: 2.5 if cue.line == 0 else 0.5)
    comparison = compare_drafts(one, two)
    assert set(comparison.characters) == {"林远", "陈念"}
    lin, chen = comparison.characters.index("林远"), comparison.characters.index("陈念")
    assert comparison.differences[lin, :, 3] == pytest.approx([1.5, -0.5])
    assert comparison.differences[chen, :, 3] == pytest.approx([0, 0])
    assert comparison.totals[lin, 3] == pytest.approx(0.5)
    kitchen = [1.0, 0.5, 0.5]  # 林远, 陈念, and 陈念 with the cup
    change = np.mean([2.5, 0.5, 0.5]) - np.mean(kitchen)
    assert comparison.scenes[0].change == pytest.approx(change)
    assert [p.after for p in comparison.most_changed()] == [0, 1]
    assert comparison.most_changed()[1].change == pytest.approx(abs(np.mean([0.5, 0.5]) - np.mean([0.5, 1.0])))


def test_who_is_in_one_draft_only():
    comparison = compare_drafts(scored(draft(KITCHEN, STREET)), scored(draft(KITCHEN, STREET, ROOF + "周三：快。\n")))
    zhou = comparison.characters.index("周三")
    assert np.isnan(comparison.differences[zhou]).all() and np.isnan(comparison.totals[zhou]).all()


@pytest.mark.parametrize("text", ["", "没有人。\n"])
def test_an_empty_draft(text):
    comparison = compare_drafts(scored(read_text(text)), scored(draft(KITCHEN)))
    assert [p.state for p in comparison.scenes if p.after == 0] == ["added"]
    back = compare_drafts(scored(draft(KITCHEN)), scored(read_text(text)))
    assert [p.state for p in back.scenes if p.before == 0] == ["removed"]


def test_every_scene_and_line_is_there_once():
    script = read_script(FEATURE)
    text = FEATURE.read_text(encoding="utf-8")
    head, *scenes = text.split("\n\n1", 1)[0], *(f"\n{part}" for part in text.split("\n\n")[5:])
    shuffled = head + "\n".join([*scenes[7:], *scenes[:5]])
    comparison = compare_drafts(scored(script), scored(read_text(shuffled)))
    other = read_text(shuffled)
    for side, whole in (("before", script), ("after", other)):
        assert sorted(getattr(p, side) for p in comparison.scenes if getattr(p, side) is not None) == list(
            range(len(whole.scenes))
        )
        lines = [getattr(line, side) for p in comparison.scenes for line in p.lines]
        assert sorted(k for k in lines if k is not None) == list(range(len(whole.lines)))
    changes = [p.change or 0.0 for p in comparison.most_changed()]
    assert all(map(math.isfinite, changes)) and changes == sorted(changes, reverse=True)
