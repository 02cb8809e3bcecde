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


def highest(values: np.ndarray) -> float:
    """The top of the strength axis: all charts of a report share it, so that characters can be compared."""
    return max(1.0, math.ceil(float(values.max(initial=0.0)) * 2) / 2)


def arc_figure(n_lines: int, top: float) -> dict[str, Any]:
    """A character's arc: scene bands behind, a point for each cue, a line through the means of the scenes.

    Data sets: `scenes` (x, x2, middle, odd, label), `points` (x, value, emotion, cue), `means` (x, value, emotion;
    value null where the character is absent), `bridges` (the same without the absences).
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
        "padding": {"left": 4, "right": 8, "top": 4, "bottom": 4},
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
    n_scenes = len(scene_numbers)
    x = {
        "field": "scene",
        "type": "ordinal",
        "scale": {"domain": list(range(1, n_scenes + 1))},
        "axis": {
            "labelExpr": f"{json.dumps(list(scene_numbers))}[datum.value - 1]",
            "title": None,
            "labelAngle": 0,
            "labelOverlap": True,
            "ticks": False,
            "domain": False,
        },
    }
    y = {
        "field": "character",
        "type": "ordinal",
        "sort": {"field": "order"},
        "axis": {"title": None, "ticks": False, "domain": False, "labelFontSize": 12, "labelLimit": 140},
    }
    return {
        "width": {"step": max(6, min(44, _PAGE_WIDTH // max(n_scenes, 1)))},
        "height": {"step": 24},
        "padding": {"left": 4, "right": 8, "top": 4, "bottom": 4},
        "config": CONFIG,
        "data": {"name": "cells", "values": []},
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "mark": {
                    "type": "rect",
                    "cornerRadius": 3,
                    "cursor": "pointer",
                    "tooltip": {"content": "data"},
                    "stroke": "#8883",
                    "strokeWidth": 1,
                },
                "encoding": {
                    "color": {"field": "emotion", "type": "nominal", "scale": COLORS, "legend": None},
                    "opacity": {
                        "field": "value",
                        "type": "quantitative",
                        "scale": {"domain": [0, top], "range": [0.06, 1], "type": "sqrt", "clamp": True},
                        "legend": None,
                    },
                },
            },
            *(
                [
                    {
                        "mark": {"type": "text", "fontSize": 10, "color": "#222", "tooltip": None, "cursor": "pointer"},
                        "encoding": {"text": {"field": "text", "type": "nominal"}},
                    }
                ]
                if n_scenes <= 60
                else []
            ),
        ],
    }
