"""Words in the plane, as a page to explore (HTML, offline, with its own policy) or a picture to print (SVG, PNG).

The figure is a specification of Vega, the layer beneath Vega-Lite and in the same bundle: only there labels get out of each other's way,
again at each step of a zoom. The most frequent words are labeled first, and one that finds no room shows its label when it is searched
or pointed at.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from juqing.emotions import EMOTIONS
from juqing.errors import MissingExtraError, OutputError
from juqing.outputs import check_writable, writing
from juqing.report.figures import CONFIG
from juqing.report.html import render_page
from juqing.vectors.projection import WordMap

WORD_MAP_SUFFIXES = (".html", ".svg", ".png")
WIDTH, HEIGHT = 1000, 760
_ONE_COLOR, _NO_GROUP = "#5b79c9", "#8b8f9c"
_PALETTE = (
    "#4e79a7", "#f28e2b", "#e15759", "#76b7b2", "#59a14f", "#d4a81e", "#b07aa1", "#ff7f9b", "#9c755f", "#7a8791",
)  # fmt: skip
_SHAPES = ("circle", "square", "triangle-up", "cross", "diamond", "triangle-down")
_MARGIN = 1.12


def check_target(path: Path) -> None:
    """Refuse what `write_word_map` could not write: asked before long work, not after it.

    Raises:
        OutputError: The suffix is none of `WORD_MAP_SUFFIXES`, or a file cannot be made there.
        MissingExtraError: SVG and PNG are drawn by vl-convert, which is not installed.
    """
    if path.suffix.lower() not in WORD_MAP_SUFFIXES:
        raise OutputError(
            f"the suffix {path.suffix!r} is not known.", f"Use one of {', '.join(WORD_MAP_SUFFIXES)}.", path=path
        )
    if path.is_dir():
        raise OutputError("this is a folder; a file was to be written.", "Choose another path with --out.", path=path)
    check_writable(path)
    if path.suffix.lower() != ".html":
        _vl_convert()


def write_word_map(word_map: WordMap, path: Path, *, title: str = "") -> None:
    """Write words in the plane in the format of the suffix: `.html` a page to explore, `.svg` and `.png` a picture.

    Raises:
        OutputError, MissingExtraError: As for `check_target`.
    """
    check_target(path)
    suffix = path.suffix.lower()
    with writing(path) as aside:
        if suffix == ".html":
            aside.write_text(render_word_map(word_map, title=title), encoding="utf-8", newline="\n")
        elif suffix == ".svg":
            aside.write_text(_vl_convert().vega_to_svg(_picture(word_map, title)), encoding="utf-8", newline="\n")
        else:
            aside.write_bytes(_vl_convert().vega_to_png(_picture(word_map, title), scale=2))


def undrawable(word_map: WordMap) -> str | None:
    """The first character that no font of this machine can draw, so that a PNG shows a box in its place.

    A character without a glyph looks like one that no font has.

    Raises:
        MissingExtraError: vl-convert is not installed.
    """
    draw = _vl_convert().svg_to_png

    def drawn(c: str) -> bytes:
        text = f'<text x="4" y="24" font-size="20" font-family="{escape(CONFIG["font"])}">{escape(c)}</text>'
        return draw(f'<svg xmlns="http://www.w3.org/2000/svg" width="32" height="32">{text}</svg>')

    box = drawn("\U0010ffff")
    seen = dict.fromkeys(c for text in (*word_map.words, *word_map.groups) for c in _label(text) if not c.isascii())
    return next((c for c in seen if not c.isspace() and drawn(c) == box), None)


def word_map_figure(word_map: WordMap) -> dict[str, Any]:
    """Words in the plane as a specification of Vega (version 6), with its data.

    One unit is as long across as upwards. The wheel zooms at the pointer, dragging moves, a double click shows all again.

    Signals for the page: `search`, a text whose words are brought out, and the colors `ink` and `paper`. Data set: `words` (id, word,
    label, group, x, y), and `found`, those of them that the search is in.
    """
    points = word_map.points
    low, high = points.min(axis=0), points.max(axis=0)
    center = [float(value) for value in (low + high) / 2]
    size_x, size_y = ((high - low) * _MARGIN).tolist() if (high > low).any() else (1.0, 1.0)
    groups = _group_styles(word_map)
    named = [{"name": name, "color": color, "shape": shape} for name, color, shape in groups if name]
    rows = [
        {"id": k, "word": word, "label": _label(word), "group": _label(group), "x": float(x), "y": float(y)}
        for k, (word, group, (x, y)) in enumerate(
            zip(word_map.words, word_map.groups, np.round(points, 6), strict=True)
        )
    ]
    at = {"x": {"scale": "x", "field": "x"}, "y": {"scale": "y", "field": "y"}}
    text = {"font": {"value": CONFIG["font"]}, "fontSize": {"value": 12}}
    return {
        "width": WIDTH,
        "height": HEIGHT,
        "padding": 8,
        "autosize": {"type": "fit", "contains": "padding"},
        "config": {
            "legend": {"labelFont": CONFIG["font"], "labelFontSize": 12, "labelLimit": 140},
            "title": {"font": CONFIG["font"]},
        },
        "signals": [
            {"name": "search", "value": ""},
            {"name": "ink", "value": "#222222"},
            {"name": "paper", "value": "#ffffff"},
            {
                "name": "grab",
                "value": {"x": 0, "y": 0, "center": center},
                "on": [{"events": "pointerdown", "update": "{x: x(), y: y(), center: center}"}],
            },
            {
                "name": "wheel",
                "value": {"factor": 1, "x": 0, "y": 0},
                "on": [
                    {
                        "events": {"type": "wheel", "consume": True},
                        "force": True,
                        "update": "{factor: clamp(zoom * pow(1.0015, -event.deltaY * pow(16, event.deltaMode)), 0.5, 100) / zoom,"
                        " x: invert('x', x()), y: invert('y', y())}",
                    }
                ],
            },
            {
                "name": "zoom",
                "value": 1,
                "on": [
                    {"events": {"signal": "wheel"}, "update": "zoom * wheel.factor"},
                    {"events": "dblclick", "update": "1"},
                ],
            },
            {"name": "unit", "update": f"max({size_x} / width, {size_y} / height) / zoom"},
            {
                "name": "center",
                "value": center,
                "on": [
                    {
                        "events": {"signal": "wheel"},
                        "update": "[wheel.x + (center[0] - wheel.x) / wheel.factor, wheel.y + (center[1] - wheel.y) / wheel.factor]",
                    },
                    {
                        "events": "[pointerdown, window:pointerup] > window:pointermove!",
                        "update": "[grab.center[0] - (x() - grab.x) * unit, grab.center[1] + (y() - grab.y) * unit]",
                    },
                    {"events": "dblclick", "update": f"{center}"},
                ],
            },
        ],
        "data": [
            {"name": "words", "values": rows},
            {
                "name": "found",
                "source": "words",
                "transform": [
                    {
                        "type": "filter",
                        "expr": "search != '' && indexof(lower(datum.word), lower(search)) >= 0",
                    }
                ],
            },
        ],
        "scales": [
            {
                "name": axis,
                "type": "linear",
                "zero": False,
                "nice": False,
                "domain": {"signal": f"[center[{k}] - unit * {length} / 2, center[{k}] + unit * {length} / 2]"},
                "range": length,
            }
            for k, (axis, length) in enumerate((("x", "width"), ("y", "height")))
        ]
        + [
            {"name": key, "type": "ordinal", "domain": [_label(name) for name, *_ in groups], "range": values}
            for key, values in (("color", [c for _, c, _ in groups]), ("shape", [s for *_, s in groups]))
        ],
        "legends": [
            {
                "fill": "color",
                "shape": "shape",
                "values": [_label(row["name"]) for row in named],
                "orient": "top",
                "direction": "horizontal",
                "columns": 8,
                "encode": {"labels": {"update": {"fill": {"signal": "ink"}}}},
            }
        ]
        if named
        else [],
        "marks": [
            {
                "type": "symbol",
                "clip": True,
                "from": {"data": "words"},
                "encode": {
                    "enter": {
                        "fill": {"scale": "color", "field": "group"},
                        "shape": {"scale": "shape", "field": "group"},
                        "size": {"value": 45},
                        "tooltip": {"signal": "datum"},
                    },
                    "update": {**at, "opacity": {"signal": "search == '' ? 0.8 : 0.2"}},
                },
            },
            {
                "type": "text",
                "clip": True,
                "interactive": False,
                "from": {"data": "words"},
                "encode": {
                    "enter": {**text, "text": {"field": "label"}},
                    "update": {**at, "fill": {"signal": "ink"}, "fillOpacity": {"signal": "search == '' ? 1 : 0.25"}},
                },
                "transform": [
                    {
                        "type": "label",
                        # Labels are placed anew only where a parameter changes: all that encodes them again is named here.
                        "size": {"signal": "slice([width, height, unit, center, search, ink], 0, 2)"},
                        "sort": {"field": "datum.id"},
                        "anchor": ["right", "left", "top", "bottom"],
                        "offset": [5],
                        "padding": None,
                    }
                ],
            },
            {
                "type": "symbol",
                "clip": True,
                "interactive": False,
                "from": {"data": "found"},
                "encode": {
                    "enter": {"size": {"value": 150}, "strokeWidth": {"value": 2}},
                    "update": {**at, "stroke": {"signal": "ink"}},
                },
            },
            *(
                {
                    "type": "text",
                    "clip": True,
                    "interactive": False,
                    "from": {"data": "found"},
                    "encode": {
                        "enter": {
                            **text,
                            "text": {"field": "label"},
                            "fontWeight": {"value": "bold"},
                            "dx": {"value": 10},
                            "baseline": {"value": "middle"},
                            "strokeWidth": {"value": 4},
                            "strokeJoin": {"value": "round"},
                        },
                        "update": {**at, channel: {"signal": color}},
                    },
                }
                for channel, color in (("stroke", "paper"), ("fill", "ink"))
            ),
        ],
    }


def render_word_map(word_map: WordMap, *, title: str = "") -> str:
    """Words in the plane as one HTML page that opens offline: the figure with zoom, search and hints, and the words as a table."""
    return render_page(
        "word_map.html.j2",
        ("word_map.js",),
        word_map_figure(word_map),
        title=title or "Words",
        word_map=word_map,
        rows=list(zip(word_map.words, word_map.counts.tolist(), word_map.groups, word_map.neighbors, strict=True)),
    )


def _group_styles(word_map: WordMap) -> list[tuple[str, str, str]]:
    """(name, color, shape) of each group; emotions have their own colors where all groups are emotions."""
    names = list(dict.fromkeys(group for group in word_map.groups if group))
    emotions = {name: emotion for emotion in EMOTIONS for name in (emotion.name, emotion.chinese)}
    if names and all(name in emotions for name in names):
        order = [emotion.name for emotion in EMOTIONS]
        names.sort(key=lambda name: order.index(emotions[name].name))
        styles = [(name, emotions[name].color, _SHAPES[order.index(emotions[name].name)]) for name in names]
    else:
        styles = [(name, _PALETTE[k % len(_PALETTE)], _SHAPES[k % len(_SHAPES)]) for k, name in enumerate(names)]
    return [*styles, ("", _NO_GROUP if names else _ONE_COLOR, "circle")]


def _label(word: str) -> str:
    """A word as it is drawn: SVG allows no control characters."""
    return "".join(c if c.isprintable() else "\ufffd" for c in word)


def _picture(word_map: WordMap, title: str) -> dict[str, Any]:
    """The figure as it stands alone: on white, with a heading."""
    figure = word_map_figure(word_map)
    heading = f"{title} · {word_map.method}" if title else word_map.method
    return {
        **figure,
        "background": "white",
        "title": {"text": _label(heading), "fontSize": 15, "color": "#222", "offset": 10, "anchor": "start"},
    }


def _vl_convert() -> Any:
    try:
        return importlib.import_module("vl_convert")
    except ModuleNotFoundError:
        raise MissingExtraError("Drawing words as .svg or .png", "train") from None
