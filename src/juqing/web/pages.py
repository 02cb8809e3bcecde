"""The pages: the list of scripts, a script beside its charts, two drafts. Rendered here, brought to life by `static/`.

What changes after a page was loaded (scores, arcs, pairs, cast) comes from the API and from `view.json`, so that a merge or a
correction shows without a reload.
"""

from __future__ import annotations

import json
from http import HTTPStatus
from importlib.util import find_spec
from pathlib import Path as FilePath
from typing import Annotated, Any

import numpy as np
from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from juqing.emotions import EMOTIONS
from juqing.reading.files import SUFFIXES
from juqing.report.figures import difference_map, highest, pair_map, river
from juqing.report.html import chart_data, environment, json_in_html
from juqing.script import Script
from juqing.store import Edited, jobs, scripts
from juqing.web.answers import Problem, no_script, scored, to_json
from juqing.web.api import Id, get_comparison, server_of, shown
from juqing.web.messages import STATUSES, chinese

LANGUAGE, THEME = "juqing-language", "juqing-theme"
"""Cookies that page.js sets."""
_HERE = FilePath(__file__).parent
_ASSETS = _HERE.parent / "report" / "assets"
_STATIC = {
    **{path.name: path for path in sorted((_HERE / "static").iterdir())},
    **{name: _ASSETS / name for name in ("report.css", "charts.js", "vega.js")},
}
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_N_LISTED = 200
_KINDS = {
    "dialogue": "台词",
    "action": "动作",
    "narration": "旁白",
    "caption": "字幕",
    "transition": "转场",
    "lyric": "唱词",
    "other": "其他",
}

router = APIRouter(include_in_schema=False)


@router.get("/static/{name}")
def get_static(name: str) -> Response:
    """A file that pages load."""
    if name not in _STATIC:
        raise Problem(404, "There is no such file.")
    kind = _MEDIA_TYPES[_STATIC[name].suffix]
    return FileResponse(_STATIC[name], media_type=kind, headers={"Cache-Control": "no-cache"})


@router.get("/")
def get_start(request: Request) -> Response:
    """The list of scripts, and where new ones are given."""
    server = server_of(request)
    with server.database.connect() as connection:
        found = scripts.list_scripts(connection, _N_LISTED + 1)
        newest = jobs.newest_jobs(connection, [script.id for script in found])
    return _page(
        request,
        "start.html.j2",
        at="start",
        scripts=[(script, newest.get(script.id)) for script in found[:_N_LISTED]],
        more=len(found) > _N_LISTED,
        suffixes=SUFFIXES,
        max_mb=server.settings.max_upload // 2**20,
    )


@router.get("/scripts/{id}")
def get_script(request: Request, id: Id) -> Response:
    """A script beside its charts; while it is analyzed, what is known of it so far."""
    with server_of(request).database.connect() as connection:
        stored = scripts.get_script(connection, id)
    if stored is None:
        raise no_script(id)
    script = None
    if stored.n_lines is not None:
        edited = shown(request, id)
        stored, script = edited.stored, edited.script
    kinds = {line.kind for line in script.lines} if script else set()
    return _page(
        request,
        "script.html.j2",
        at="script",
        stored=stored,
        script=script,
        emotions=EMOTIONS,
        kinds=[kind for kind in _KINDS if kind in kinds],
        kind_names=_KINDS,
        chart_formats=("svg", "png") if find_spec("vl_convert") else (),
    )


@router.get("/scripts/{id}/view.json")
def get_view(request: Request, id: Id) -> Response:
    """What the charts of a script are drawn from.

    As `juqing.report.html.chart_data`; a cue has two more numbers, its name for corrections and the emotions that a person
    set (bit k for emotion k). `river` and `pairs` are two more specifications. `headings` are what filters go by, a row
    [first line, line after the last, place, int/ext, time] for each scene, `flags` that of each line.
    """
    edited = shown(request, id)
    scores = scored(edited)

    def make() -> bytes:
        data = chart_data(scores)
        set_by_hand = edited.corrected @ (1 << np.arange(len(EMOTIONS)))
        for row, cue_id, bits in zip(data["cues"], edited.cue_ids, set_by_hand.tolist(), strict=True):
            row += [cue_id, bits]
        main = data["characters"][: data["nMain"]]
        data["river"] = river(len(scores.script.lines))
        data["pairs"] = pair_map(main, highest(scores.values) / 2)
        data["headings"] = [
            [scene.lines[0].index, scene.lines[-1].index + 1, scene.place, scene.interior, scene.time]
            for scene in scores.script.scenes
            if scene.lines
        ]
        data["flags"] = [line.flag for line in scores.script.lines]
        return to_json(data)

    return server_of(request).kept.answer(request, edited, make)


@router.get("/compare")
def get_compare(
    request: Request,
    a: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
    b: Annotated[str, Query(pattern="^([0-9a-f]{32})?$")] = "",
) -> Response:
    """Two drafts side by side."""
    with server_of(request).database.connect() as connection:
        listed = [script for script in scripts.list_scripts(connection, _N_LISTED) if script.run_id is not None]
    context: dict[str, Any] = {
        "scripts": listed,
        "a_id": a,
        "b_id": b,
        "ready": False,
        "problem": "",
        "emotions": EMOTIONS,
    }
    if a and b:
        try:
            before, after = shown(request, a), shown(request, b)
            comparison = json.loads(bytes(get_comparison(request, a, b).body))
        except Problem as problem:
            context["problem"] = problem.detail
        else:
            context |= {"ready": True, "a": before, "b": after}
            context["data"] = json_in_html(_comparison_data(before, after, comparison))
    return _page(request, "compare.html.j2", at="compare", **context)


def _comparison_data(before: Edited, after: Edited, comparison: dict[str, Any]) -> dict[str, Any]:
    """What compare.js draws: the comparison of the API, the texts of both drafts, and the figure."""
    numbers = [
        after.script.scene_numbers[pair["after"] - 1]
        if pair["after"]
        else f"({before.script.scene_numbers[pair['before'] - 1]})"
        for pair in comparison["scenes"]
    ]
    values = [abs(value) for rows in comparison["differences"] for row in rows if row for value in row]
    return {
        "comparison": comparison,
        "before": _texts(before.script),
        "after": _texts(after.script),
        "emotions": [[emotion.name, emotion.chinese, emotion.color] for emotion in EMOTIONS],
        "figure": difference_map(numbers, comparison["characters"], max(0.5, max(values, default=0.0))),
    }


def _texts(script: Script) -> dict[str, Any]:
    return {
        "scenes": [scene.label() for scene in script.scenes],
        "lines": [[line.source.first, line.printed] for line in script.lines],
    }


def problem_page(request: Request, problem: HTTPException) -> Response | None:
    """A page that says what is wrong, where a browser asked for a page."""
    if request.url.path.startswith(("/api/", "/static/")) or "text/html" not in request.headers.get("accept", ""):
        return None
    status = problem.status_code
    titles = {"title": HTTPStatus(status).phrase, "title_chinese": STATUSES.get(status, "没有成功")}
    page = _page(request, "problem.html.j2", at="", status=status, detail=str(problem.detail), **titles)
    page.status_code = status
    page.headers.update(problem.headers or {})
    return page


def _page(request: Request, template: str, **context: Any) -> Response:
    language = request.cookies.get(LANGUAGE)
    if language not in ("zh", "en"):
        first = request.headers.get("accept-language", "zh").strip().lower()
        language = "en" if first.startswith("en") else "zh"
    theme = request.cookies.get(THEME)
    text = (
        environment(_HERE / "templates")
        .get_template(template)
        .render(
            language=language,
            theme=theme if theme in ("light", "dark") else "",
            static="/static",
            chinese=chinese,
            **context,
        )
    )
    return Response(text.encode("utf-8", "replace"), media_type="text/html; charset=utf-8")
