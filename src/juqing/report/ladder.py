"""The table of a ladder as Markdown and CSV, and its pictures: one HTML page (offline, with its own policy), SVG and PNG.

Everything is made of what `juqing.training.ladder_run.run_ladder` tells of each rung.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from juqing.emotions import EMOTION_NAMES, EMOTIONS
from juqing.outputs import writing
from juqing.report.evaluation import FIGURE_CONFIG, vl_convert
from juqing.report.html import render_page
from juqing.report.tables import safe_text

N_COMPARED = 15
"""So many lines are shown of each two rungs."""

_FRONT, _BEHIND = "#d04a02", "#8a8fa8"
_PALETTE = ("#2b4a9b", "#d04a02", "#00835f", "#c98500", "#c4619b", "#2b93cc", "#7a5195", "#667", "#9a6b3f", "#4f9d2f")
_WORDS = {
    "zh": {
        "score": "分数", "speed": "每秒人物行", "scripts": "训练剧本数", "rung": "级", "front": "没有别的级既更快又更准",
        "rmse": "RMSE", "pearson": "Pearson",
    },
    "en": {
        "score": "score", "speed": "cues per second", "scripts": "training scripts", "rung": "rung",
        "front": "no other is both faster and better", "rmse": "RMSE", "pearson": "Pearson",
    },
}  # fmt: skip
_CHINESE = {
    "folds": "折", "score": "分数", "RMSE": "RMSE", "Pearson": "Pearson", "test score": "测试分数", "test Pearson": "测试 Pearson",
    "parameters": "参数", "size": "大小", "training": "训练", "CPU": "CPU", "cues/s": "每秒人物行", "memory: training": "内存：训练", "scoring": "打分",
}  # fmt: skip

Told = Sequence[dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Lines:
    """Labeled cues with the predictions of several rungs.

    Attributes:
        ids, texts, characters: Of each cue.
        truth: (n, 6) float64, labels.
        guesses: By rung (n, 6) float64, rows of NaN where there is no prediction.
    """

    ids: Sequence[str]
    texts: Sequence[str]
    characters: Sequence[str]
    truth: np.ndarray
    guesses: dict[str, np.ndarray]


def write_ladder(told: Told, lines: Lines, out: Path, *, title: str = "", with_text: bool = False) -> list[Path]:
    """Write `ladder.md`, `ladder.csv`, `ladder.html`, and the picture of score and speed as `pareto.svg` and `pareto.png`.

    Args:
        told: What `run_ladder` returns.
        lines: For the comparison of two rungs.
        out: The folder.
        title: What was measured on.
        with_text: Whether the page holds the text of lines; their ids alone where not.

    Returns:
        The files; there is no picture where nothing was measured by folds.

    Raises:
        OutputError: A file cannot be written.
        MissingExtraError: vl-convert is not installed.
    """
    paths = [out / "ladder.md", out / "ladder.csv", out / "ladder.html"]
    with writing(paths[0]) as path:
        path.write_text(markdown(told, title), encoding="utf-8", newline="\n")
    with writing(paths[1]) as path:
        _write_csv(told, path)
    with writing(paths[2]) as path:
        path.write_text(render_ladder(told, lines, title=title, with_text=with_text), encoding="utf-8", newline="\n")
    if not measured(told):
        return paths
    figure = pareto_figure(told, "en")
    figure["config"] = {**figure["config"], "background": "white"}
    figure["width"] = 720
    drawer = vl_convert()
    for suffix, draw in ((".svg", drawer.vegalite_to_svg), (".png", drawer.vegalite_to_png)):
        paths.append(out / f"pareto{suffix}")
        with writing(paths[-1]) as path:
            made = draw(figure) if suffix == ".svg" else draw(figure, scale=2)
            path.write_bytes(made.encode() if isinstance(made, str) else made)
    return paths


def measured(told: Told) -> list[dict[str, Any]]:
    """The rungs that were scored by folds, which is what the pictures show."""
    return [each for each in told if "folds" in each]


def comparable(each: dict[str, Any]) -> dict[str, Any]:
    """The figures of a rung that stand beside those of all others: of the folds that all were scored on."""
    return each.get("common") or each["folds"]


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Of each point whether no other one is at least as large in both numbers and larger in one."""
    return [not any(b[0] >= a[0] and b[1] >= a[1] and b != a for b in points) for a in points]


def rows(told: Told) -> list[dict[str, Any]]:
    """The table: a row for each rung, the lowest first, plain numbers; None where there is none."""
    found = []
    for each in told:
        folds, test, common, first = (each.get(key, {}) for key in ("folds", "test", "common", "first_trained"))
        done = folds.get("done", [])
        found.append(
            {
                "rung": each["name"],
                "kind": each["kind"],
                "settings": json.dumps(each["settings"], ensure_ascii=False) if each["settings"] else "",
                "status": each["status"],
                "why": each.get("why", ""),
                "seeds": len(each["seeds"]) if "train_seconds" in each else None,
                "folds": f"{len(done)} of {folds['of']}" if done else "",
                **{key: folds.get(key) for key in ("score", "score_spread", "rmse", "rmse_spread", "pearson")},
                **{
                    f"{key}_{name}": folds.get("emotions", {}).get(name, {}).get(key)
                    for key in ("pearson", "rmse")
                    for name in EMOTION_NAMES
                },
                "common_folds": " ".join(map(str, common["done"])) if common else "",
                "common_score": common.get("score"),
                **{f"test_{key}": test.get(key) for key in ("score", "score_spread", "rmse", "pearson")},
                **{f"test_pearson_{name}": test.get("emotions", {}).get(name, {}).get("pearson") for name in EMOTION_NAMES},
                **{
                    key: each.get(key)
                    for key in ("parameters", "n_bytes", "train_seconds", "train_cpu_seconds", "train_peak_mb")
                },
                "resumed": each.get("resumed"),
                "first_seconds": first.get("wall"),
                "first_cpu_seconds": first.get("cpu"),
                "first_peak_mb": first.get("peak_mb"),
                "cues_per_second": each.get("cues_per_second"),
                "score_peak_mb": each.get("score_peak_mb"),
                "data": each.get("data", ""),
                "device": each.get("device", ""),
                "versions": " ".join(f"{name} {version}" for name, version in each.get("versions", {}).items()),
            }
        )  # fmt: skip
    return found


def markdown(told: Told, title: str = "") -> str:
    """The table for people, in two parts, and why rungs are missing."""
    table = [row for row in rows(told) if row["train_seconds"] is not None]
    parts = [f"# {title or 'Ladder'}\n"]
    if table:
        parts += [_markdown_table(["rung", *(name for name, _ in columns(told))], [
            [row["rung"], *(cell(row) for _, cell in columns(told))] for row in table
        ])]  # fmt: skip
        parts += [*(f"- {english}" for english, _ in notes(told)), ""]
        by_emotion = [row for row in table if row["score"] is not None]
        if by_emotion:
            parts += ["## Pearson by emotion\n", _markdown_table(
                ["rung", *EMOTION_NAMES],
                [[row["rung"], *(number(row[f"pearson_{name}"], 3) for name in EMOTION_NAMES)] for row in by_emotion],
            )]  # fmt: skip
    if absent := [row for row in rows(told) if row["why"]]:
        parts += ["## Not measured\n", *(f"- {row['rung']} ({row['status']}): {row['why']}" for row in absent), ""]
    return "\n".join(parts)


def columns(told: Told) -> list[tuple[str, Any]]:
    """The columns of the table for people: what is above them, and a function from a row to what is in it."""
    has_folds, has_test = any("folds" in each for each in told), any("test" in each for each in told)
    common = next((each["common"]["done"] for each in told if "common" in each), None)
    found: list[tuple[str, Any]] = []
    if has_folds:
        found += [
            ("folds", _folds),
            ("score", lambda row: _with_spread(row["score"], row["score_spread"])),
            ("RMSE", lambda row: number(row["rmse"], 4)),
            ("Pearson", lambda row: number(row["pearson"], 3)),
        ]
    if common is not None:
        found.append((f"score, fold {', '.join(map(str, common))}", lambda row: number(row["common_score"], 4)))
    if has_test:
        found += [
            ("test score", lambda row: _with_spread(row["test_score"], row["test_score_spread"])),
            ("test Pearson", lambda row: number(row["test_pearson"], 3)),
        ]
    return [
        *found,
        ("parameters", lambda row: count(row["parameters"])),
        ("size", lambda row: size(row["n_bytes"])),
        ("training", _training),
        ("CPU", lambda row: duration(row["train_cpu_seconds"])),
        ("cues/s", lambda row: count(row["cues_per_second"])),
        ("memory: training", lambda row: _megabytes(row["train_peak_mb"])),
        ("scoring", lambda row: _megabytes(row["score_peak_mb"])),
    ]


def chinese(column: str) -> str:
    """The name of a column for people, in Chinese."""
    name, _, folds = column.partition(", fold ")
    return _CHINESE[name] + (f"，第 {folds} 折" if folds else "")


def chinese_cell(cell: str) -> str:
    """A cell of the table for people, in Chinese."""
    cell = re.sub(r"(\d+) of (\d+)", r"\1/\2", cell)
    cell = re.sub(r"([\d.]+) million", lambda found: f"{float(found[1]) * 100:,.0f} 万", cell)
    for english, word in ((" seeds", " 个种子"), (" min", " 分"), (" h", " 小时"), (" s", " 秒")):
        cell = re.sub(rf"{english}\b", word, cell)
    return cell


def notes(told: Told) -> list[tuple[str, str]]:
    """What must be known to read the table, in English and in Chinese."""
    some = measured(told)
    found = []
    if some:
        n, zeros = some[0]["folds"]["of"], some[0]["folds"]["score_of_zeros"]
        found.append(
            (
                f"Folds: of {n}, by script; a model never saw the scripts that it is scored on. Score: 1 / (1 + RMSE); {zeros:.4f} "
                "where everybody feels nothing.",
                f"折：按剧本分成 {n} 折，模型没见过被打分的剧本。分数 = 1 / (1 + RMSE)；全部预测为 0 时是 {zeros:.4f}。",
            )
        )
    if any(each.get("folds", {}).get("score_spread") is not None for each in told):
        found.append(("±: standard deviation over seeds.", "±：不同随机种子的标准差。"))
    if tests := [each["test"] for each in told if "test" in each]:
        error, zeros = tests[0]["label_error"], tests[0]["score_of_zeros"]
        if error:
            found.append(
                (
                    f"Test: the labels' own mean squared error, {error:g}, is added to that of predictions; all zeros: {zeros:.4f}.",
                    f"测试：标签自身的均方误差 {error:g} 加在预测的均方误差上；全零是 {zeros:.4f}。",
                )
            )
        elif not tests[0]["labels_are_whole"]:
            found.append(
                (
                    "The test labels are no whole numbers, so 1 / (1 + RMSE) is not the ranking score there.",
                    "测试标签不是整数，所以那里的 1 / (1 + RMSE) 不是排名用的分数。",
                )
            )
    jobs = max([each.get("jobs", 1) for each in told], default=1)
    device, n_cores = next(((each["device"], each["n_cores"]) for each in told if "device" in each), ("", 0))
    found.append(
        (
            f"Training: of one model, wall time{f', {jobs} processes at a time, which slows each' if jobs > 1 else ''}; + word "
            f"vectors or a language model. Memory: peak of the process. On {device}, {n_cores} cores.",
            f"训练：一个模型的实际时间{f'，同时 {jobs} 个进程，各自会慢一些' if jobs > 1 else ''}；+ 词向量或语言模型。内存：进程的峰值。"
            f"{device}，{n_cores} 核。",
        )
    )
    if any(each.get("resumed") for each in told):
        found.append(
            (
                "≥: training was interrupted and went on, and the first part was not counted.",
                "≥：训练中断后接着做，前一段没有计入。",
            )
        )
    return found


def pareto_figure(told: Told, language: str) -> dict[str, Any]:
    """Score against speed; the line joins the rungs to which no other is preferable in both."""
    words, rungs = _WORDS[language], measured(told)
    front = pareto_front([(each["cues_per_second"], comparable(each)["score"]) for each in rungs])
    data = [
        {
            "rung": each["name"],
            "speed": each["cues_per_second"],
            "score": comparable(each)["score"],
            "front": on_it,
        }
        for each, on_it in zip(rungs, front, strict=True)
    ]
    x = {
        "field": "speed",
        "type": "quantitative",
        "scale": {"type": "log"},
        "axis": {"title": words["speed"], "tickCount": 5},
    }
    y = {
        "field": "score",
        "type": "quantitative",
        "scale": {"zero": False, "padding": 12},
        "axis": {"title": words["score"]},
    }
    return {
        **_sized(340),
        "title": {"text": words["front"], "color": _FRONT, "fontWeight": "normal"},
        "data": {"values": data},
        "encoding": {"x": x, "y": y},
        "layer": [
            {
                "transform": [{"filter": "datum.front"}],
                "mark": {"type": "line", "color": _FRONT, "opacity": 0.5, "interpolate": "step-before"},
                "encoding": {"order": {"field": "speed", "type": "quantitative"}},
            },
            {
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1, "tooltip": {"content": "data"}},
                "encoding": {"color": {"condition": {"test": "datum.front", "value": _FRONT}, "value": _BEHIND}},
            },
            {
                "mark": {"type": "text", "dy": -10, "fontSize": 11},
                "encoding": {"text": {"field": "rung", "type": "nominal"}},
            },
        ],
    }  # fmt: skip


def curve_figure(told: Told, language: str) -> dict[str, Any] | None:
    """Score against the number of training scripts; None where no rung has a curve."""
    words, rungs = _WORDS[language], [each for each in measured(told) if each.get("curve")]
    if not rungs:
        return None
    data = [
        {"rung": each["name"], "scripts": point["n_scripts"], "score": point["score"]}
        for each in rungs
        for point in each["curve"]
    ]
    names = [each["name"] for each in rungs]
    return {
        **_sized(300),
        "data": {"values": data},
        "mark": {"type": "line", "point": {"filled": True, "size": 40}, "tooltip": {"content": "data"}},
        "encoding": {
            "x": {
                "field": "scripts", "type": "quantitative", "scale": {"type": "log", "base": 2, "nice": False},
                "axis": {"title": words["scripts"], "values": sorted({row["scripts"] for row in data}), "format": "d"},
            },
            "y": {"field": "score", "type": "quantitative", "scale": {"zero": False}, "axis": {"title": words["score"]}},
            "color": {
                "field": "rung", "type": "nominal", "legend": {"title": None, "orient": "bottom", "columns": 4},
                "scale": {"domain": names, "range": [_PALETTE[k % len(_PALETTE)] for k in range(len(names))]},
            },
        },
    }  # fmt: skip


def heat_figure(told: Told, language: str, measure: str) -> dict[str, Any]:
    """Rungs by emotions, `measure` being `rmse` or `pearson`; the better, the darker, each emotion by itself."""
    data = []
    for k, emotion in enumerate(EMOTIONS):
        values = [comparable(each)["emotions"][emotion.name][measure] for each in measured(told)]
        known = [value for value in values if value is not None]
        low, high = min(known, default=0.0), max(known, default=0.0)
        for each, value in zip(measured(told), values, strict=True):
            if value is not None:
                good = 0.5 if high == low else (value - low) / (high - low)
                good = 1 - good if measure == "rmse" and high != low else good
                data.append(
                    {"rung": each["name"], "emotion": emotion.label(language), "order": k, "value": value, "good": good}
                )
    return {
        "config": FIGURE_CONFIG,
        "padding": 4,
        "width": {"step": 74},
        "height": {"step": 22},
        "data": {"values": data},
        "encoding": {
            "x": {
                "field": "emotion", "type": "nominal", "sort": {"field": "order"},
                "axis": {"title": None, "orient": "top", "labelAngle": 0, "ticks": False, "domain": False},
            },
            "y": {
                "field": "rung", "type": "nominal", "sort": [each["name"] for each in measured(told)],
                "axis": {"title": None, "ticks": False, "domain": False, "labelLimit": 240},
            },
        },
        "layer": [
            {
                "mark": {"type": "rect", "color": "#2b93cc", "cornerRadius": 3, "tooltip": {"content": "data"}},
                "encoding": {
                    "opacity": {"field": "good", "type": "quantitative", "scale": {"domain": [0, 1], "range": [0.05, 0.75]}, "legend": None}
                },
            },
            {
                "mark": {"type": "text", "fontSize": 11},
                "encoding": {"text": {"field": "value", "type": "quantitative", "format": ".3f"}},
            },
        ],
    }  # fmt: skip


def compared_lines(lines: Lines, n: int = N_COMPARED) -> np.ndarray:
    """The cues on which two rungs differ most, `n` of each two rungs, sorted ids: so that any two can be chosen in the page."""
    found: set[int] = set()
    for a, b in combinations(lines.guesses.values(), 2):
        apart = ((a - b) ** 2).sum(axis=1)
        order = np.argsort(np.where(np.isnan(apart), -1.0, apart), kind="stable")[::-1][:n]
        found.update(int(k) for k in order if apart[k] > 0)
    return np.array(sorted(found), dtype=np.int64)


def render_ladder(told: Told, lines: Lines, *, title: str = "", with_text: bool = False, language: str = "en") -> str:
    """The ladder as one HTML page that opens offline."""
    some = measured(told)
    chosen = compared_lines(lines)

    def numbers(values: np.ndarray) -> list[int] | None:
        return None if np.isnan(values).any() else (values * 100).round().astype(int).tolist()

    data = {
        "emotions": [[emotion.name, emotion.chinese] for emotion in EMOTIONS],
        "figures": {
            each: {
                "pareto": pareto_figure(told, each),
                "curve": curve_figure(told, each),
                "rmse": heat_figure(told, each, "rmse"),
                "pearson": heat_figure(told, each, "pearson"),
            }
            for each in _WORDS
        } if some else None,
        "n": N_COMPARED,
        "rungs": list(lines.guesses),
        "lines": [
            {
                "id": lines.ids[k],
                **({"character": lines.characters[k], "text": lines.texts[k]} if with_text else {}),
                "truth": numbers(lines.truth[k]),
                "guesses": [numbers(guess[k]) for guess in lines.guesses.values()],
            }
            for k in chosen
        ],
    }  # fmt: skip
    table = [row for row in rows(told) if row["train_seconds"] is not None]
    return render_page(
        "ladder.html.j2",
        ("ladder.js",),
        data,
        title=title,
        language=language,
        columns=[(name, chinese(name)) for name, _ in columns(told)],
        rows=[(row, [(text := cell(row), chinese_cell(text)) for _, cell in columns(told)]) for row in table],
        notes=notes(told) if table else [],
        absent=[row for row in rows(told) if row["why"]],
        has_curve=bool(some) and curve_figure(told, "en") is not None,
        has_figures=bool(some),
        n_rungs=len(lines.guesses),
        n_compared=N_COMPARED,
    )


def _sized(height: int) -> dict[str, Any]:
    return {
        "config": FIGURE_CONFIG,
        "width": "container",
        "height": height,
        "padding": 8,
        "autosize": {"type": "fit-x", "contains": "padding"},
    }


def _write_csv(told: Told, path: Path) -> None:
    """UTF-8 with a byte-order mark, for Excel; a field is empty where there is no number."""
    table = rows(told)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, list(table[0]) if table else ["rung"])
        writer.writeheader()
        for row in table:
            writer.writerow({name: "" if value is None else safe_text(value) for name, value in row.items()})


def _markdown_table(header: Sequence[str], table: Sequence[Sequence[str]]) -> str:
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *table]
    return "".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |\n" for line in lines)


def number(value: float | None, places: int) -> str:
    """A figure, or a dash."""
    return "–" if value is None else f"{value:.{places}f}"


def count(value: float | None) -> str:
    """A large number, such as 12,345 or 23 million; or a dash."""
    if value is None:
        return "–"
    return f"{value / 1e6:.1f} million" if value >= 1e6 else f"{value:,.0f}"


def size(n_bytes: int | None) -> str:
    """Bytes for people."""
    if n_bytes is None:
        return "–"
    return f"{n_bytes / 1e6:.1f} MB" if n_bytes >= 1e6 else f"{n_bytes / 1e3:.0f} kB"


def duration(seconds: float | None) -> str:
    """Seconds for people."""
    if seconds is None:
        return "–"
    if seconds < 100:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def _folds(row: dict[str, Any]) -> str:
    seeds = f" × {row['seeds']} seeds" if (row["seeds"] or 1) > 1 else ""
    return (row["folds"] or "–") + seeds


def _training(row: dict[str, Any]) -> str:
    vectors = f" + {duration(row['first_seconds'])}" if row["first_seconds"] is not None else ""
    return ("≥ " if row["resumed"] else "") + duration(row["train_seconds"]) + vectors


def _megabytes(value: float | None) -> str:
    return "–" if value is None else f"{value:,.0f} MB"


def _with_spread(value: float | None, spread: float | None) -> str:
    return number(value, 4) + (f" ± {spread:.4f}" if spread is not None else "")
