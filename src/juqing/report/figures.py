"""The charts of a report as Vega-Lite specifications (version 6), free of language: words stand in the page around them.

Data come from the page, as named data sets, so that one specification serves every character and emotion.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from juqing.emotions import EMOTION_NAMES, EMOTIONS

COLORS = {"domain": list(EMOTION_NAMES), "range": [emotion.color for emotion in EMOTIONS]}
_SHAPES = {
    "domain": list(EMOTION_NAMES),
    "range": ["circle", "square", "triangle-up", "cross", "diamond", "triangle-down"],
}
_DASHES = {"domain": list(EMOTION_NAMES), "range": [[1, 0], [8, 3], [4, 2], [12, 2], [2, 2], [8, 3, 2, 3]]}
_PAGE_WIDTH = 860  # pixels beside the names
CONFIG: dict[str, Any] = {
    "font": "system-ui, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
    "background": None,
    "view": {"stroke": None},
    "axis": {
        "labelColor": "#667",
        "domainColor": "#99a",
        "tickColor": "#99a",
        "gridColor": "#8884",
        "labelFontSize": 11,
    },
}
_MAX_LABELED = 60  # scenes, whose cells have room for a label
_PADDING = {"left": 4, "right": 8, "top": 4, "bottom": 4}
_NAMES = {"title": None, "ticks": False, "domain": False, "labelFontSize": 12, "labelLimit": 140}
_BY_ORDER = {"sort": {"field": "order"}}
_CELL = {
    "type": "rect",
    "cornerRadius": 3,
    "cursor": "pointer",
    "tooltip": {"content": "data"},
    "stroke": "#8883",
    "strokeWidth": 1,
}
_LABEL = {"type": "text", "tooltip": None, "cursor": "pointer"}
_INK, _ON_DEEP = "#20222b", "#fffffe"
"""Of labels on light and on deep cells; the pages put the colors of their theme in place of these and of the emotions'."""


def highest(values: np.ndarray) -> float:
    """The top of the strength axis: all charts of a report share it, so that characters can be compared."""
    return max(1.0, math.ceil(float(values.max(initial=0.0)) * 2) / 2)


def arc_figure(n_lines: int, top: float) -> dict[str, Any]:
    """A character's arc: scene bands behind, a point for each cue, a line through the means of the scenes.

    Data sets: `scenes` (x, x2, middle, odd, label), `points` (x, value, emotion, cue), `means` (x, value, emotion;
    value null where the character is absent), `bridges` (the same without the absences), `band` (x, low, high, emotion, part;
    one area for each emotion and part; may stay empty).
    """
    x = {"type": "quantitative", "scale": {"domain": [0, max(n_lines, 1)], "nice": False}, "axis": None}
    y = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [0, top]},
        "axis": {"title": None, "tickCount": 4, "grid": True},
    }
    color = {"field": "emotion", "type": "nominal", "scale": COLORS, "legend": None}
    return {
        "width": "container",
        "height": 300,
        "padding": _PADDING,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        "layer": [
            {
                "data": {"name": "scenes", "values": []},
                "mark": {"type": "rect", "color": "#8a8fa8"},
                "encoding": {
                    "x": {"field": "x", **x},
                    "x2": {"field": "x2"},
                    "opacity": {"condition": {"test": "datum.odd", "value": 0.16}, "value": 0.04},
                },
            },
            {
                "data": {"name": "scenes"},
                "mark": {"type": "text", "baseline": "top", "dy": 3, "fontSize": 10, "color": "#778"},
                "encoding": {
                    "x": {"field": "middle", **x},
                    "y": {"value": 0},
                    "text": {"field": "label", "type": "nominal"},
                },
            },
            {
                "data": {"name": "band", "values": []},
                "mark": {"type": "area", "opacity": 0.14, "tooltip": None},
                "encoding": {
                    "x": {"field": "x", **x},
                    "y": {**y, "field": "low"},
                    "y2": {"field": "high"},
                    "color": color,
                    "detail": {"field": "part", "type": "nominal"},
                },
            },
            {
                "data": {"name": "bridges", "values": []},
                "mark": {"type": "line", "strokeWidth": 1, "opacity": 0.3},
                "encoding": {"x": {"field": "x", **x}, "y": y, "color": color},
            },
            {
                "data": {"name": "means", "values": []},
                "mark": {
                    "type": "line",
                    "strokeWidth": 2.4,
                    "opacity": 0.9,
                    "invalid": "break-paths-show-domains",
                    "point": {"filled": True, "size": 30},
                },
                "encoding": {
                    "x": {"field": "x", **x},
                    "y": y,
                    "color": color,
                    "strokeDash": {"field": "emotion", "type": "nominal", "scale": _DASHES, "legend": None},
                },
            },
            {
                "data": {"name": "points", "values": []},
                "mark": {
                    "type": "point",
                    "filled": True,
                    "size": 42,
                    "opacity": 0.5,
                    "cursor": "pointer",
                    "tooltip": {"content": "data"},
                },
                "encoding": {
                    "x": {"field": "x", **x},
                    "y": y,
                    "color": color,
                    "shape": {"field": "emotion", "type": "nominal", "scale": _SHAPES, "legend": None},
                },
            },
        ],
    }


def heat_map(scene_numbers: Sequence[str], top: float) -> dict[str, Any]:
    """Scenes by characters: the color says which emotion, its depth how strong; empty where a character is absent.

    Data set: `cells` (scene, label, character, order, emotion, value, text, cue).
    """
    encoding = {
        "color": {"field": "emotion", "type": "nominal", "scale": COLORS, "legend": None},
        "opacity": _depth("value", top, (0.06, 1)),
    }
    return _scene_map(scene_numbers, {"mark": _CELL, "encoding": encoding}, f"datum.value > {top / 3}")


def presence_map(scene_numbers: Sequence[str], most: int) -> dict[str, Any]:
    """Scenes by characters: the deeper the gray, the more speeches; palest where somebody is there and silent.

    Data set: `cells` (scene, label, character, order, spoken, text, cue, c); `most` is the greatest `spoken`.
    """
    depth = _depth("spoken", max(most, 1), (0.07, 0.42))  # so that a label can be read on all of them
    return _scene_map(scene_numbers, {"mark": {**_CELL, "color": _INK}, "encoding": {"opacity": depth}}, "false")


def _scene_map(
    scene_numbers: Sequence[str], layer: dict[str, Any], is_deep: str, order: dict[str, Any] = _BY_ORDER
) -> dict[str, Any]:
    """Scenes across, characters down; cells have labels where there is room, light ones where a cell is deep."""
    n_scenes = len(scene_numbers)
    text = {"text": {"field": "text", "type": "nominal"}, "color": _cell_ink(is_deep)}
    labels = [{"mark": {**_LABEL, "fontSize": 10}, "encoding": text}] if n_scenes <= _MAX_LABELED else []
    return {
        "width": {"step": max(6, min(44, _PAGE_WIDTH // max(n_scenes, 1)))},
        "height": {"step": 24},
        "padding": _PADDING,
        "config": CONFIG,
        "data": {"name": "cells", "values": []},
        "encoding": {
            "x": _scene_axis(scene_numbers),
            "y": {"field": "character", "type": "ordinal", **order, "axis": _NAMES},
        },
        "layer": [layer, *labels],
    }


def share_bars(n_bars: int) -> dict[str, Any]:
    """Each character's share of the dialogue, the longest bar first.

    Data set: `bars` (character, order, share, text, cue, c); their greatest share is the width.
    """
    return {
        "width": "container",
        "height": 24 * max(n_bars, 1),
        "padding": {**_PADDING, "right": 48},
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        "data": {"name": "bars", "values": []},
        "encoding": {
            "x": {"field": "share", "type": "quantitative", "stack": None, "axis": None},
            "y": {"field": "character", "type": "ordinal", **_BY_ORDER, "axis": _NAMES},
        },
        "layer": [
            {"mark": {**_CELL, "type": "bar", "color": _INK, "opacity": 0.55, "height": 14}, "encoding": {}},
            {
                "mark": {**_LABEL, "fontSize": 11, "align": "left", "dx": 6, "color": _INK},
                "encoding": {"text": {"field": "text", "type": "nominal"}},
            },
        ],
    }


def _scene_axis(labels: Sequence[str]) -> dict[str, Any]:
    """Scenes across, counted from 1 in the data and named by their labels."""
    return {
        "field": "scene",
        "type": "ordinal",
        "scale": {"domain": list(range(1, len(labels) + 1))},
        "axis": {
            "labelExpr": f"{json.dumps(list(labels))}[datum.value - 1]",
            "title": None,
            "labelAngle": 0,
            "labelOverlap": True,
            "ticks": False,
            "domain": False,
        },
    }


def _depth(field: str, top: float, opacity: tuple[float, float]) -> dict[str, Any]:
    """How deep a cell is colored, from 0 to `top`."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [0, top], "range": list(opacity), "type": "sqrt", "clamp": True},
        "legend": None,
    }


def _cell_ink(is_deep: str) -> dict[str, Any]:
    """The color of a label on a cell, by a test whether the cell is deep."""
    return {"condition": {"test": is_deep, "value": _ON_DEEP}, "value": _INK}


def river(n_lines: int) -> dict[str, Any]:
    """The whole script: the six smoothed means, stacked.

    Data sets: `scenes` as for `arc_figure`, `rows` (x, value, emotion, order), `labels` (x, y, text).
    """
    x = {"type": "quantitative", "scale": {"domain": [0, max(n_lines, 1)], "nice": False}, "axis": None}
    axis = {"title": None, "tickCount": 4, "grid": True}
    return {
        "width": "container",
        "height": 170,
        "padding": _PADDING,
        "autosize": {"type": "fit-x", "contains": "padding"},
        "config": CONFIG,
        "layer": [
            {
                "data": {"name": "scenes", "values": []},
                "mark": {"type": "rect", "color": "#8a8fa8"},
                "encoding": {
                    "x": {"field": "x", **x},
                    "x2": {"field": "x2"},
                    "opacity": {"condition": {"test": "datum.odd", "value": 0.16}, "value": 0.04},
                },
            },
            {
                "data": {"name": "rows", "values": []},
                "mark": {
                    "type": "area",
                    "opacity": 0.85,
                    "interpolate": "monotone",
                    "stroke": _ON_DEEP,
                    "strokeWidth": 1,
                },
                "encoding": {
                    "x": {"field": "x", **x},
                    "y": {"field": "value", "type": "quantitative", "stack": "zero", "axis": axis},
                    "color": {"field": "emotion", "type": "nominal", "scale": COLORS, "legend": None},
                    "order": {"field": "order", "type": "quantitative"},
                },
            },
            {
                "data": {"name": "labels", "values": []},
                "mark": {"type": "text", "fontSize": 11, "fontWeight": "bold", "color": _ON_DEEP, "tooltip": None},
                "encoding": {
                    "x": {"field": "x", **x},
                    "y": {"field": "y", "type": "quantitative"},
                    "text": {"field": "text", "type": "nominal"},
                },
            },
        ],
    }


def pair_map(names: Sequence[str], top: float) -> dict[str, Any]:
    """Characters by characters: what the one of the row feels in the scenes with the one of the column.

    Data set: `cells` (a, b, emotion, value, text, pair).
    """
    axis = {"title": None, "ticks": False, "domain": False, "labelFontSize": 12, "labelLimit": 110}
    return {
        "width": {"step": 46},
        "height": {"step": 26},
        "padding": _PADDING,
        "config": CONFIG,
        "data": {"name": "cells", "values": []},
        "encoding": {
            "x": {
                "field": "b",
                "type": "ordinal",
                "scale": {"domain": list(names)},
                "axis": {**axis, "orient": "top", "labelAngle": -40, "labelOverlap": False},
            },
            "y": {"field": "a", "type": "ordinal", "scale": {"domain": list(names)}, "axis": axis},
        },
        "layer": [
            {
                "mark": _CELL,
                "encoding": {
                    "color": {"field": "emotion", "type": "nominal", "scale": COLORS, "legend": None},
                    "opacity": _depth("value", top, (0.06, 1)),
                },
            },
            {
                "mark": {**_LABEL, "fontSize": 11},
                "encoding": {
                    "text": {"field": "text", "type": "nominal"},
                    "color": _cell_ink(f"datum.value > {top / 3}"),
                },
            },
        ],
    }


def difference_map(scene_labels: Sequence[str], characters: Sequence[str], top: float) -> dict[str, Any]:
    """Scenes of two drafts by characters: orange where one emotion became stronger, blue where weaker, from -top to top.

    Data set: `cells` (scene, character, value, text, pair), scenes counted from 1 in the order of `scene_labels`.
    """
    color = {
        "field": "value",
        "type": "quantitative",
        "scale": {"domain": [-top, 0, top], "range": ["#2b93cc", "#8888880a", "#d04a02"], "clamp": True},
        "legend": None,
    }
    return _scene_map(
        scene_labels,
        {"mark": _CELL, "encoding": {"color": color}},
        f"abs(datum.value) > {top * 0.6}",
        {"scale": {"domain": list(characters)}},
    )
