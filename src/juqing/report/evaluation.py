"""An evaluation to take along: all figures as JSON, a table as CSV, a picture as HTML (offline, with its own policy), SVG or PNG."""

from __future__ import annotations

import csv
import importlib
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from juqing.emotions import EMOTION_NAMES, EMOTIONS
from juqing.errors import MissingExtraError, OutputError
from juqing.metrics import N_LEVELS
from juqing.outputs import check_writable, writing
from juqing.report.figures import COLORS, CONFIG, highest
from juqing.report.html import render_page
from juqing.report.tables import safe_text

if TYPE_CHECKING:
    from juqing.training.evaluation import Evaluation

EVALUATION_SUFFIXES = (".json", ".csv", ".html", ".svg", ".png")
_GRAY = "#667"
FIGURE_CONFIG = {
    **CONFIG,
    "axis": {**CONFIG["axis"], "titleColor": _GRAY, "titleFontWeight": "normal"},
    "legend": {"labelColor": _GRAY, "titleColor": _GRAY},
    "title": {"color": _GRAY, "fontSize": 12, "anchor": "start", "frame": "group"},
    "text": {"color": _GRAY},
}


def check_targets(paths: Sequence[Path]) -> None:
    """Refuse what `write_evaluation` could not write: asked before long work, not after it.

    Raises:
        OutputError: A suffix is none of `EVALUATION_SUFFIXES`, or a file cannot be made there.
        MissingExtraError: SVG and PNG are drawn by vl-convert, which is not installed.
    """
    for path in paths:
        if path.suffix.lower() not in EVALUATION_SUFFIXES:
            raise OutputError(
                f"the suffix {path.suffix!r} is not known.", f"Use one of {', '.join(EVALUATION_SUFFIXES)}.", path=path
            )
        if path.is_dir():
            raise OutputError(
                "this is a folder; a file was to be written.", "Choose another path with --out.", path=path
            )
        check_writable(path)
        if path.suffix.lower() in (".svg", ".png"):
            vl_convert()


def write_evaluation(evaluation: Evaluation, path: Path, *, title: str = "") -> None:
    """Write an evaluation in the format of the suffix.

    Args:
        evaluation: What to write.
        path: The file: `.json` all figures, `.csv` a row for each emotion and script, `.html`, `.svg` and `.png` a picture.
        title: What was measured on what.

    Raises:
        OutputError, MissingExtraError: As for `check_targets`.
    """
    check_targets([path])
    suffix = path.suffix.lower()
    with writing(path) as aside:
        if suffix == ".json":
            figures = {"title": title, **evaluation.to_dict()}
            aside.write_text(json.dumps(figures, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        elif suffix == ".csv":
            _write_csv(evaluation, aside)
        elif suffix == ".html":
            aside.write_text(render_evaluation(evaluation, title=title), encoding="utf-8", newline="\n")
        elif suffix == ".svg":
            aside.write_text(vl_convert().vegalite_to_svg(_picture(evaluation, title)), encoding="utf-8", newline="\n")
        else:
            aside.write_bytes(vl_convert().vegalite_to_png(_picture(evaluation, title), scale=2))


def evaluation_figure(evaluation: Evaluation) -> dict[str, Any]:
    """The picture of an evaluation as a Vega-Lite specification (version 6) with its data: calibration, Pearson and F1, scripts.

    Emotions have their English names: where a picture is drawn there may be no Chinese font.
    """
    return {
        "config": FIGURE_CONFIG,
        "padding": 8,
        "spacing": 28,
        "vconcat": [_calibration_figure(evaluation), _quality_figure(evaluation), _script_figure(evaluation)],
    }


def _calibration_figure(evaluation: Evaluation) -> dict[str, Any]:
    """For each emotion the mean label over the mean prediction of each bin; on the dotted line predictions mean what they say."""
    calibration = evaluation.calibration
    filled = calibration.n > 0
    top = highest(np.concatenate([calibration.guess[filled], calibration.truth[filled]]))
    scale = {"domain": [0, top], "nice": False}

    def axis(field: str, title: str | None) -> dict[str, Any]:
        return {"field": field, "type": "quantitative", "scale": scale, "axis": {"title": title, "tickCount": 4}}

    panels = []
    for k, emotion in enumerate(EMOTIONS):
        rows = [
            {
                "prediction": round(float(calibration.guess[k, b]), 3),
                "label": round(float(calibration.truth[k, b]), 3),
                "rows": int(calibration.n[k, b]),
            }
            for b in np.flatnonzero(filled[k])
        ]
        x, y = (
            axis("prediction", "mean prediction" if k >= 3 else None),
            axis("label", "mean label" if k % 3 == 0 else None),
        )
        points = {
            "mark": {
                "type": "point",
                "filled": True,
                "opacity": 0.9,
                "color": emotion.color,
                "tooltip": True,
            },
            "encoding": {
                "x": x,
                "y": y,
                "size": {
                    "field": "rows",
                    "type": "quantitative",
                    "scale": {"type": "log", "domain": [1, max(10, evaluation.n)], "range": [10, 160]},
                    "legend": None,
                },
            },
        }
        panels.append(
            {
                "title": f"{emotion.name} · slope {_number(calibration.slope[k], 2)} · error {calibration.error[k]:.3f}",
                "width": 220,
                "height": 180,
                "data": {"values": rows},
                "layer": [
                    {
                        "data": {"values": [{"prediction": 0, "label": 0}, {"prediction": top, "label": top}]},
                        "mark": {"type": "line", "strokeDash": [3, 3], "strokeWidth": 1, "color": "#99a"},
                        "encoding": {"x": x, "y": y},
                    },
                    {
                        "mark": {"type": "line", "strokeWidth": 1.5, "opacity": 0.6, "color": emotion.color},
                        "encoding": {"x": x, "y": y},
                    },
                    points,
                ],
            }
        )
    return {"columns": 3, "concat": panels}


def _quality_figure(evaluation: Evaluation) -> dict[str, Any]:
    """Bars: Pearson's correlation of each emotion, and F1 of its levels, pale for 0 to full for 3."""
    colored = {"field": "emotion", "type": "nominal", "scale": COLORS, "legend": None}
    pearson = [
        {"emotion": name, "pearson": round(float(r), 3)}
        for name, r in zip(EMOTION_NAMES, evaluation.pearson, strict=True)
        if not np.isnan(r)
    ]
    f1 = [
        {"emotion": name, "level": level, "F1": round(float(row[level]), 3)}
        for name, row in zip(EMOTION_NAMES, evaluation.f1, strict=True)
        for level in range(N_LEVELS)
        if not np.isnan(row[level])
    ]
    x = {
        "field": "emotion",
        "type": "nominal",
        "scale": {"domain": list(EMOTION_NAMES)},
        "axis": {"title": None, "labelAngle": 0, "ticks": False},
    }
    lowest = min([0.0, *(row["pearson"] for row in pearson)])
    return {
        "hconcat": [
            {
                "title": "Pearson",
                "width": 310,
                "height": 150,
                "data": {"values": pearson},
                "encoding": {
                    "x": x,
                    "y": {
                        "field": "pearson",
                        "type": "quantitative",
                        "scale": {"domain": [lowest, 1]},
                        "axis": {"title": None},
                    },
                },
                "layer": [
                    {
                        "mark": {"type": "bar", "width": 26, "tooltip": True},
                        "encoding": {"color": colored},
                    },
                    {
                        "mark": {"type": "text", "dy": -7, "fontSize": 10},
                        "encoding": {"text": {"field": "pearson", "format": ".2f"}},
                    },
                ],
            },
            {
                "title": "F1 of the levels 0 none · 1 weak · 2 medium · 3 strong (pale to full)",
                "width": 400,
                "height": 150,
                "data": {"values": f1},
                "mark": {"type": "bar", "tooltip": True},
                "encoding": {
                    "x": x,
                    "xOffset": {"field": "level", "type": "nominal", "scale": {"domain": list(range(N_LEVELS))}},
                    "y": {"field": "F1", "type": "quantitative", "scale": {"domain": [0, 1]}, "axis": {"title": None}},
                    "color": colored,
                    "opacity": {
                        "field": "level",
                        "type": "ordinal",
                        "scale": {"type": "ordinal", "domain": list(range(N_LEVELS)), "range": [0.25, 0.5, 0.75, 1]},
                        "legend": None,
                    },
                },
            },
        ]
    }


def _script_figure(evaluation: Evaluation) -> dict[str, Any]:
    """A bar for each script, the worst on top; the rule is the RMSE of all."""
    rows = [
        {"script": f"{part.scripts[0]} ({part.n:,} rows)", "RMSE": round(part.rmse, 4)} for part in evaluation.by_script
    ]
    y = {
        "field": "script",
        "type": "nominal",
        "sort": {"field": "RMSE", "order": "descending"},
        "axis": {"title": None, "ticks": False, "labelLimit": 180, "labelOverlap": True},
    }
    x = {"field": "RMSE", "type": "quantitative", "axis": {"title": None}}
    return {
        "title": f"RMSE of each script; of all {evaluation.rmse:.3f}",
        "width": 600,
        "height": {"step": max(3, min(16, 900 // len(rows)))},
        "data": {"values": rows},
        "layer": [
            {"mark": {"type": "bar", "color": "#8a8fa8", "tooltip": True}, "encoding": {"x": x, "y": y}},
            {
                "data": {"values": [{"RMSE": round(evaluation.rmse, 4)}]},
                "mark": {"type": "rule", "strokeDash": [3, 3], "color": "#d04a02"},
                "encoding": {"x": x},
            },
        ],
    }


def render_evaluation(evaluation: Evaluation, *, title: str = "") -> str:
    """An evaluation as one HTML page that opens offline: the picture, and its numbers as tables."""
    return render_page(
        "evaluation.html.j2",
        ("evaluation.js",),
        evaluation_figure(evaluation),
        title=title,
        evaluation=evaluation,
        rows=list(zip(EMOTIONS, emotion_rows(evaluation), strict=True)),
        scripts=script_rows(evaluation),
        number=_number,
    )


def emotion_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """A row for each emotion: name, RMSE, Pearson, macro F1 and that of each level, slope, intercept and error of calibration."""
    calibration = evaluation.calibration
    return [
        {
            "name": name,
            "rmse": float(evaluation.emotion_rmse[k]),
            "pearson": float(evaluation.pearson[k]),
            "macro_f1": float(evaluation.macro_f1[k]),
            **{f"f1_{level}": float(evaluation.f1[k, level]) for level in range(N_LEVELS)},
            "slope": float(calibration.slope[k]),
            "intercept": float(calibration.intercept[k]),
            "calibration_error": float(calibration.error[k]),
        }
        for k, name in enumerate(EMOTION_NAMES)
    ]


def script_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    """A row for each script, in the order of the table: name, rows, RMSE, score, Pearson (the mean of the emotions and each).

    The score is NaN where it is not the ranking score.
    """
    return [
        {
            "name": part.scripts[0],
            "rows": part.n,
            "rmse": part.rmse,
            "score": part.score if evaluation.is_human else math.nan,
            "pearson": part.mean_pearson,
            **{f"pearson_{name}": float(r) for name, r in zip(EMOTION_NAMES, part.pearson, strict=True)},
        }
        for part in evaluation.by_script
    ]


def _write_csv(evaluation: Evaluation, path: Path) -> None:
    """UTF-8 with a byte-order mark, for Excel; a field is empty where a figure is undefined or of the other kind of row."""
    total = {
        "kind": "all",
        "rows": evaluation.n,
        "rmse": evaluation.rmse,
        "score": evaluation.score if evaluation.is_human else math.nan,
        "pearson": evaluation.mean_pearson,
    }
    emotions = [{"kind": "emotion", "rows": evaluation.n, **row} for row in emotion_rows(evaluation)]
    scripts = [{"kind": "script", **row} for row in script_rows(evaluation)]
    names = list(dict.fromkeys(("kind", "name", *scripts[0], *emotions[0])))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        for row in (total, *emotions, *scripts):
            writer.writerow({name: _field(value) for name, value in row.items()})


def _field(value: Any) -> Any:
    """A text that Excel would run as a formula gets a leading apostrophe."""
    if isinstance(value, float):
        return "" if math.isnan(value) else round(value, 6)
    return safe_text(value)


def _number(value: float, places: int) -> str:
    return "–" if math.isnan(value) else f"{value:.{places}f}"


def _picture(evaluation: Evaluation, title: str) -> dict[str, Any]:
    """The figure as it stands alone: on white, with a heading."""
    figure = evaluation_figure(evaluation)
    figure["config"] = {**figure["config"], "background": "white"}
    figure["title"] = {"text": _headline(evaluation, title), "fontSize": 15, "color": "#222", "offset": 14}
    return figure


def _headline(evaluation: Evaluation, title: str) -> str:
    score = f", score {evaluation.score:.4f}" if evaluation.is_human else ""
    facts = f"{evaluation.n:,} rows: RMSE {evaluation.rmse:.4f}{score}"
    return f"{title} · {facts}" if title else facts


def vl_convert() -> Any:
    """The module that draws SVG and PNG.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module("vl_convert")
    except ModuleNotFoundError:
        raise MissingExtraError("Drawing .svg or .png", "train") from None
