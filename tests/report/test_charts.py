"""Charts that stand alone, rendered by vl-convert."""

import json
import sys

import numpy as np
import pytest

from juqing.emotions import EMOTIONS
from juqing.errors import MissingExtraError
from juqing.reading import read_text
from juqing.report.charts import chart, chart_png, chart_svg
from juqing.scores import EmotionScores

SCRIPT = read_text(
    "1、屋里　夜　内\n林远：一。\n陈念：二。\n林远：三。\n2、街上　日　外\n陈念：四。\n陈念：五。\n3、山上　日　外\n林远：六。\n陈念：七。\n"
)
VALUES = np.zeros((7, 6))
VALUES[[0, 2, 5], 3] = [1.5, 0.5, 1.0]  # 林远 is angry
VALUES[[1, 3, 4, 6], 5] = 2.0  # 陈念 is sad
SCORES = EmotionScores(SCRIPT, VALUES, "made up")

TALKING = read_text(
    "1、屋里　夜　内\n林远：一二三。\n陈念：四五。\n林远：六，七八！\n2、街上　日　外\n△林远走过来。\n陈念：一二三四五六七八九，十。\n陈念：……\n路人甲：好吧。\n"
)
TALK = EmotionScores(TALKING, np.zeros((TALKING.n_cues, 6)), "made up")


def rows_of(figure, name):
    """The rows of a data set."""
    parts = [figure, *figure["layer"]]
    return next(part["data"]["values"] for part in parts if part.get("data", {}).get("name") == name)


@pytest.mark.parametrize("name", ["arc", "heat", "river", "pairs"])
def test_each_chart_is_drawn(name):
    figure = chart(name, SCORES, character="林远")
    json.dumps(figure, allow_nan=False)
    svg = chart_svg(figure)
    assert EMOTIONS[3].color in svg and "怒" in svg
    assert chart_png(figure).startswith(b"\x89PNG")
    assert ">anger<" in chart_svg(chart(name, SCORES, character="林远", language="en"))


def test_the_arc_is_that_of_the_character():
    figure = chart("arc", SCORES, character="林远")
    assert figure["title"].endswith("林远")
    points = [(row["x"], row["value"]) for row in rows_of(figure, "points") if row["emotion"] == "anger"]
    assert points == [(0.5, 1.5), (2.5, 0.5), (5.5, 1.0)]
    curve = [(row["x"], row["value"] is None) for row in rows_of(figure, "means") if row["emotion"] == "anger"]
    assert curve == [(0.5, False), (2.5, False), (5.5, True), (5.5, False)]  # it breaks where 林远 is away for a scene
    assert chart("arc", SCORES)["title"].endswith("陈念")  # who has the most cues


def test_cells():
    cells = {(cell["scene"], cell["character"]): cell for cell in rows_of(chart("heat", SCORES), "cells")}
    assert set(cells) == {(1, "林远"), (1, "陈念"), (2, "陈念"), (3, "林远"), (3, "陈念")}
    assert (cells[2, "陈念"]["emotion"], cells[2, "陈念"]["value"], cells[2, "陈念"]["text"]) == ("sorrow", 2.0, "哀")
    pairs = {(cell["a"], cell["b"]): cell for cell in rows_of(chart("pairs", SCORES), "cells")}
    assert (pairs["林远", "陈念"]["emotion"], pairs["林远", "陈念"]["value"]) == ("anger", 1.0)
    assert pairs["陈念", "林远"]["text"] == "哀 2"


def test_presence_and_share():
    cells = {(cell["scene"], cell["character"]): cell for cell in rows_of(chart("presence", TALK), "cells")}
    assert {place: cell["spoken"] for place, cell in cells.items()} == {
        (1, "林远"): 2,
        (1, "陈念"): 1,
        (2, "林远"): 0,  # seen, and silent
        (2, "陈念"): 2,
    }
    assert cells[2, "林远"]["text"] == "·" and cells[1, "林远"]["text"] == "2"
    bars = [(bar["character"], bar["text"]) for bar in rows_of(chart("share", TALK), "bars")]
    assert bars == [("陈念", "60%"), ("林远", "30%"), ("其他 1 人", "10%")]  # of 20 letters
    assert rows_of(chart("share", TALK, language="en"), "bars")[-1]["character"] == "1 others"
    for name in ("presence", "share"):
        figure = chart(name, TALK)
        json.dumps(figure, allow_nan=False)
        assert "林远" in chart_svg(figure)
        assert chart_png(figure).startswith(b"\x89PNG")


def test_without_vl_convert(monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError):
        chart_svg(chart("heat", SCORES))


def test_a_script_without_cues():
    empty = read_text("没有人。\n")
    for name in ("arc", "heat", "river", "pairs", "presence", "share"):
        assert chart_svg(chart(name, EmotionScores(empty, np.zeros((0, 6)), "m"))).startswith("<svg")
