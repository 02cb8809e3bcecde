"""The charts of a script with their data, to stand alone: a Vega-Lite specification with a title and a legend, SVG, PNG."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any, Literal

import numpy as np

from juqing.analysis import main_characters, portraits
from juqing.analysis.arcs import SMOOTH, Arc, smoothed_arc
from juqing.analysis.pairs import character_pairs
from juqing.emotions import EMOTION_NAMES, EMOTIONS, N_EMOTIONS
from juqing.errors import MissingExtraError
from juqing.report.figures import highest, pair_map, river
from juqing.report.html import chart_data
from juqing.scores import EmotionScores

ChartName = Literal["arc", "heat", "river", "pairs", "presence", "share"]
_WIDTH = 860


def chart(
    name: ChartName,
    scores: EmotionScores,
    *,
    character: str | None = None,
    smooth: float = SMOOTH,
    language: str = "zh",
) -> dict[str, Any]:
    """One chart as a Vega-Lite specification with everything in it.

    Args:
        name: `arc` (of one character), `heat` (scenes by characters), `river` (the whole script), `pairs`, `presence` (who says
            how much in which scene) or `share` (of the dialogue).
        scores: What to draw.
        character: Whose arc; the character with the most cues where None.
        smooth: As for `smoothed_arc`.
        language: Of the emotions' names.
    """
    data = chart_data(scores)
    title = scores.script.title or scores.script.source_name
    if name == "arc":
        who = character or (data["characters"] or [""])[0]
        arc = smoothed_arc(scores, who, smooth=smooth)
        figure, sets = data["arc"], _arc_sets(scores, data, arc)
        next(part for part in figure["layer"] if part["data"]["name"] == "means")["mark"]["point"] = False
        title = f"{title} · {who}"
    elif name == "river":
        arc = smoothed_arc(scores, "", smooth=smooth)
        figure = river(len(scores.script.lines))
        sets = {"scenes": _bands(data), "labels": [], "rows": _rows(arc)}
    elif name == "heat":
        figure, sets = data["heat"], {"cells": _heat_cells(scores, data, language)}
    elif name == "presence":
        figure, sets = data["presence"], {"cells": _presence_cells(data)}
    elif name == "share":
        figure, sets = data["share"], {"bars": _share_rows(scores, data, language)}
    else:
        names = main_characters(scores.script)
        figure = pair_map(names, highest(scores.values) / 2)
        sets = {"cells": _pair_cells(scores, language)}
    figure = json.loads(json.dumps(figure))
    _fill(figure, sets)
    if figure["width"] == "container":
        figure["width"] = _WIDTH
        del figure["autosize"]
    _explain(figure, language)
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "title": title,
        "background": "white",
        **figure,
    }


def chart_svg(specification: dict[str, Any]) -> str:
    """A chart as SVG.

    Raises:
        MissingExtraError: vl-convert is not installed.
    """
    return _vl_convert().vegalite_to_svg(_pure(specification))


def chart_png(specification: dict[str, Any]) -> bytes:
    """A chart as PNG, twice as fine as the screen's usual points.

    Raises:
        MissingExtraError: vl-convert is not installed.
    """
    return _vl_convert().vegalite_to_png(_pure(specification), scale=2)


def _pure(specification: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in specification.items() if key != "$schema"}


def _vl_convert() -> Any:
    try:
        import vl_convert
    except ModuleNotFoundError:
        raise MissingExtraError("A chart as SVG or PNG", "web") from None
    return vl_convert


def _fill(figure: dict[str, Any], sets: dict[str, list[dict[str, Any]]]) -> None:
    """Put the rows into the named data sets; a layer that only names one finds it at the first that does."""
    for part in (figure, *figure["layer"]):
        if "data" in part:
            part["data"] = {"name": part["data"]["name"], "values": sets.get(part["data"]["name"], [])}


def _explain(figure: dict[str, Any], language: str) -> None:
    """A legend of the emotions, in a language, which pages have as buttons."""
    names = [emotion.label(language) for emotion in EMOTIONS]
    for part in figure["layer"]:
        color = part["encoding"].get("color", {})
        if color.get("field") == "emotion":
            color["legend"] = {
                "title": None,
                "orient": "bottom",
                "symbolOpacity": 1,
                "labelExpr": f"{json.dumps(names)}[indexof({json.dumps(list(EMOTION_NAMES))}, datum.value)]",
            }
            return


def _bands(data: dict[str, Any]) -> list[dict[str, Any]]:
    scenes = data["scenes"]
    every = max(1, -(-len(scenes) // 24))
    return [
        {"x": first, "x2": end, "middle": (first + end) / 2, "odd": k % 2 == 1, "label": "" if k % every else number}
        for k, (first, end, number, *_) in enumerate(scenes)
    ]


def _rows(arc: Arc) -> list[dict[str, Any]]:
    return [
        {"x": line + 0.5, "value": value, "emotion": name, "order": k}
        for k, name in enumerate(EMOTION_NAMES)
        for line, value in zip(arc.lines.tolist(), arc.mean[:, k].astype(float).round(3).tolist(), strict=True)
    ]


def _arc_sets(scores: EmotionScores, data: dict[str, Any], arc: Arc) -> dict[str, list[dict[str, Any]]]:
    """The data sets of `arc_figure`. The curve breaks where the character is away for a scene."""
    points = [
        {"x": cue.line + 0.5, "value": round(float(value), 3), "emotion": name}
        for cue in scores.script.cues
        if cue.character == arc.character
        for name, value in zip(EMOTION_NAMES, scores.values[cue.index], strict=True)
    ]
    scene = np.array([scores.script.lines[line].scene for line in arc.lines], dtype=int)
    away = np.concatenate([[False], np.diff(scene) > 1])[: len(scene)]
    rows = _rows(arc)
    breaks = [
        {"x": line + 0.5, "value": None, "emotion": name}
        for name in EMOTION_NAMES
        for line, is_away in zip(arc.lines.tolist(), away.tolist(), strict=True)
        if is_away
    ]
    means = sorted([*breaks, *rows], key=lambda row: (row["x"], row["value"] is not None))
    return {"scenes": _bands(data), "points": points, "means": means, "bridges": rows, "band": []}


def _heat_cells(scores: EmotionScores, data: dict[str, Any], language: str) -> list[dict[str, Any]]:
    cells = []
    for character, scene, rows in _by_cell(data):
        mean = rows[:, :N_EMOTIONS].mean(axis=0) / 100
        k = int(mean.argmax())
        cells.append(
            {
                **_place(data, character, scene),
                "emotion": EMOTION_NAMES[k],
                "value": round(float(mean[k]), 3),
                "text": _short(k, language) if mean[k] >= 0.25 else "",
            }
        )
    return cells


def _presence_cells(data: dict[str, Any]) -> list[dict[str, Any]]:
    cells = []
    for character, scene, rows in _by_cell(data):
        spoken = int(rows[:, N_EMOTIONS].sum())
        cells.append({**_place(data, character, scene), "spoken": spoken, "text": str(spoken or "·")})
    return cells


def _by_cell(data: dict[str, Any]) -> list[tuple[int, int, np.ndarray]]:
    """Main character, scene, and what `chart_data` has of the cues there, (n, 7): six strengths in hundredths, speaks."""
    starts = [first for first, *_ in data["scenes"]]
    found: dict[tuple[int, int], list[list[int]]] = {}
    for line, character, *rest in data["cues"]:
        if character < data["nMain"]:
            found.setdefault((character, bisect_right(starts, line) - 1), []).append(rest)
    return [(character, scene, np.array(rows)) for (character, scene), rows in found.items()]


def _place(data: dict[str, Any], character: int, scene: int) -> dict[str, Any]:
    name, label = data["characters"][character], data["scenes"][scene][3]
    return {"scene": scene + 1, "label": label, "character": name, "order": character}


def _share_rows(scores: EmotionScores, data: dict[str, Any], language: str) -> list[dict[str, Any]]:
    """A bar for each main character, the longest first, and one for all others."""
    letters = {person.name: person.n_letters for person in portraits(scores)}
    total = sum(letters.values())
    main = data["characters"][: data["nMain"]]
    bars = sorted(((name, letters[name]) for name in main), key=lambda bar: -bar[1])
    if n_others := len(letters) - len(main):
        others = f"其他 {n_others} 人" if language.startswith("zh") else f"{n_others} others"
        bars.append((others, total - sum(n for _, n in bars)))
    shares = [(name, n / max(1, total)) for name, n in bars]
    return [
        {"character": name, "order": k, "share": share, "text": f"{share:.0%}"}
        for k, (name, share) in enumerate(shares)
    ]


def _pair_cells(scores: EmotionScores, language: str) -> list[dict[str, Any]]:
    cells = []
    for pair in character_pairs(scores, main_characters(scores.script)):
        for a, b, means in ((pair.a, pair.b, pair.a_means), (pair.b, pair.a, pair.b_means)):
            k = int(np.argmax(means))
            text = f"{_short(k, language)} {len(pair.scenes)}"
            cells.append({"a": a, "b": b, "emotion": EMOTION_NAMES[k], "value": round(means[k], 3), "text": text})
    return cells


def _short(emotion: int, language: str) -> str:
    return EMOTIONS[emotion].label(language)[: 1 if language.startswith("zh") else 2]
