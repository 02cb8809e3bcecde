"""The report: one HTML file that opens offline, asks the network for nothing, and carries its own content security policy.

All text is in the page without JavaScript too; the script of the page (assets/report.js) adds the charts. Everything that
comes from a screenplay is escaped by Jinja2, or set as text by the page's script.
"""

from __future__ import annotations

import base64
import hashlib
import json
from bisect import bisect_right
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from juqing.analysis import main_characters, n_letters, portraits, strongest_moments
from juqing.emotions import EMOTIONS
from juqing.outputs import writing
from juqing.report.figures import arc_figure, heat_map, highest, presence_map, share_bars
from juqing.scores import EmotionScores
from juqing.script import Script

_HERE = Path(__file__).parent
_CHIP = 0.5  # strength from which a feeling is named beside its line
_LONG_SCENE, _PART_LINES = 120, 60
_MAX_WARNINGS = 50


def write_report(scores: EmotionScores, path: Path, *, language: str | None = None) -> None:
    """Write the report of one script.

    Args:
        scores: What to show.
        path: The HTML file.
        language: Of the labels when it opens, `zh` or `en`; that of the script where None. The page can switch.

    Raises:
        OutputError: The file cannot be written.
    """
    text = render_report(scores, language=language)
    with writing(path) as aside:
        aside.write_text(text, encoding="utf-8", errors="replace", newline="\n")


def render_report(scores: EmotionScores, *, language: str | None = None) -> str:
    """The report of one script as HTML."""
    script = scores.script
    data = chart_data(scores)
    position = {name: k for k, name in enumerate(data["characters"])}
    people = sorted(portraits(scores), key=lambda person: position[person.name])
    return render_page(
        "report.html.j2",
        ("charts.js", "report.js"),
        data,
        script=script,
        scores=scores,
        emotions=EMOTIONS,
        language=language or ("zh" if script.language.startswith("zh") else "en"),
        people=people,
        total_letters=max(1, sum(person.n_letters for person in people)),
        n_main=data["nMain"],
        moments=strongest_moments(scores, 12, per_emotion=4),
        chips=_chips(scores),
        warnings=script.warnings[:_MAX_WARNINGS],
    )


def chart_data(scores: EmotionScores) -> dict[str, Any]:
    """What charts.js draws: names, scenes, and a row [line, character, six strengths in hundredths, speaks] for each cue.

    The main characters (`nMain` of them) come first; `letters` is how much is said in each line, `speaks` 1 for who says it.
    `arc`, `heat`, `presence` and `share` are the specifications of the charts.
    """
    script = scores.script
    scenes = _scene_rows(script)
    main = main_characters(script)
    order = [*main, *(name for name in script.characters if name not in main)]
    position = {name: k for k, name in enumerate(order)}
    numbers, top = [row[2] for row in scenes], highest(scores.values)
    return {
        "characters": order,
        "nMain": len(main),
        "emotions": [[emotion.name, emotion.chinese, emotion.color] for emotion in EMOTIONS],
        "scenes": scenes,
        "cues": [
            [cue.line, position[cue.character], *row, int(cue.role == "speaker")]
            for cue, row in zip(script.cues, (scores.values * 100).round().astype(int).tolist(), strict=True)
        ],
        "letters": [n_letters(line) for line in script.lines],
        "arc": arc_figure(len(script.lines), top),
        "heat": heat_map(numbers, top),
        "presence": presence_map(numbers, _most_speeches(script, scenes)),
        "share": share_bars(len(main) + (len(order) > len(main))),
    }


def render_page(template: str, page_scripts: tuple[str, ...], data: Any, **context: Any) -> str:
    """A page that opens offline: style, chart library, its own script and data inside, and a policy that allows nothing else.

    Args:
        template: A file of `templates/`; it places `style`, `chart_code`, `page_code`, `data` and `policy`.
        page_scripts: Files of `assets/`, in the order in which they run.
        data: What the script draws, as JSON.
        context: What else the template names.
    """
    style, chart_code, page_code = _asset("report.css"), _asset("vega.js"), "".join(map(_asset, page_scripts))
    return (
        environment(_HERE / "templates")
        .get_template(template)
        .render(
            **context,
            style=style,
            chart_code=chart_code,
            page_code=page_code,
            data=json_in_html(data),
            policy=(
                f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(chart_code)} {_hash(page_code)}; "
                "img-src data:; base-uri 'none'; form-action 'none'"
            ),
        )
    )


def _scene_rows(script: Script) -> list[list[Any]]:
    """[first line, line after the last, number for the axis, label, source line] of each scene; lines counted from 0.

    A very long scene, such as an act of a stage play, is cut into parts of about `_PART_LINES`, or its arc would be a point.
    """
    rows, at = [], 0
    for scene in script.scenes:
        n = len(scene.lines)
        n_parts = round(n / _PART_LINES) if n > _LONG_SCENE else 1
        number = script.scene_numbers[scene.index]
        for part in range(n_parts):
            start, end = n * part // n_parts, n * (part + 1) // n_parts
            source = scene.source if part == 0 and scene.source else scene.lines[start].source if scene.lines else None
            which = f" {part + 1}/{n_parts}" if n_parts > 1 else ""
            short = f"{number}.{part + 1}" if n_parts > 1 else number
            rows.append([at + start, at + end, short, scene.label() + which, source.first if source else 0])
        at += n
    return rows


def _most_speeches(script: Script, scenes: list[list[Any]]) -> int:
    """The most that one character says in one of these scenes."""
    starts = [row[0] for row in scenes]
    spoken = Counter((cue.character, bisect_right(starts, cue.line)) for cue in script.cues if cue.role == "speaker")
    return max(spoken.values(), default=0)


def _chips(scores: EmotionScores) -> dict[int, list[tuple[str, Any, float]]]:
    """By line: (character, emotion, strength) of each cue's strongest feeling, where it is strong enough to be named."""
    chips: dict[int, list[tuple[str, Any, float]]] = {}
    best = scores.values.argmax(axis=1)
    for cue in scores.script.cues:
        strength = float(scores.values[cue.index, best[cue.index]])
        if strength >= _CHIP:
            chips.setdefault(cue.line, []).append((cue.character, EMOTIONS[best[cue.index]], strength))
    return chips


@cache
def _asset(name: str) -> str:
    return (_HERE / "assets" / name).read_text(encoding="utf-8").replace("</script", "<\\/script")


@cache
def environment(folder: Path) -> Any:
    """The templates of a folder: everything is escaped, and a name that is not given is an error."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def json_in_html(data: Any) -> str:
    """JSON that cannot end the script element that it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
