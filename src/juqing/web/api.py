"""The HTTP API: uploads, the structure of scripts, their scores and what is made of these, jobs."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any, Literal

import anyio
import numpy as np
from fastapi import APIRouter, Body, Depends, Path, Query, Request
from fastapi.responses import PlainTextResponse, Response, StreamingResponse
from pydantic import ValidationError
from sqlalchemy import Engine
from starlette.formparsers import MultiPartException, MultiPartParser

from juqing import __version__
from juqing.analysis import (
    lines_where,
    main_characters,
    only_cues,
    portraits,
    scene_means,
    strongest_moments,
)
from juqing.analysis.arcs import SMOOTH, SWING, Swing, flat_stretches, smoothed_arc, swings
from juqing.analysis.drafts import compare_drafts
from juqing.analysis.pairs import character_pairs
from juqing.emotions import EMOTION_NAMES, MAX_STRENGTH
from juqing.errors import MissingExtraError
from juqing.reading.aliases import suggest_aliases
from juqing.report.charts import ChartName, chart, chart_png, chart_svg
from juqing.runtime import ModelDescription
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.store import Edited, edits, jobs, scripts, writing
from juqing.web import models
from juqing.web.answers import JSON, Kept, Problem, etag, no_script, scored, to_json
from juqing.web.messages import chinese
from juqing.web.metrics import Counts
from juqing.web.settings import Settings
from juqing.web.work import Progress, Workers

Id = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Of a script.")]
JobId = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]
Limit = Annotated[int, Query(ge=1, le=500)]
Cursor = Annotated[str | None, Query(max_length=80, description="What the page before gave as `next`.")]
Place = Annotated[int, Query(ge=0, lt=2**31, description="What the page before gave as `next`.")]
Smooth = Annotated[
    float, Query(gt=0, le=1, allow_inf_nan=False, description="Share of the lines that one value looks at.")
]
HeadingWord = Annotated[str, Query(max_length=1000)]
Format = Literal["json", "jsonl", "csv", "xlsx", "parquet"]
MEDIA_TYPES: dict[str, str] = {
    "json": JSON,
    "jsonl": "application/jsonl",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}
_MAX_NAME = 120

_problem = {"model": models.ProblemOut, "content": {"application/problem+json": {}}}
PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The body cannot be parsed.", **_problem},
    401: {"description": "The token is missing.", **_problem},
    403: {"description": "Another site sent the request.", **_problem},
    404: {"description": "There is no such thing.", **_problem},
    406: {"description": "This form cannot be made here.", **_problem},
    409: {"description": "The script has not been read or scored yet.", **_problem},
    413: {"description": "Too large.", **_problem},
    415: {"description": "Of another media type.", **_problem},
    421: {"description": "Sent to a name that is not this machine's.", **_problem},
    422: {"description": "A value is not allowed.", **_problem},
    429: {"description": "Too many requests.", **_problem},
    503: {"description": "The queue is full, or the database is busy, full or gone.", **_problem},
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "As the client has it."}}

_EVENT = {
    "type": "object",
    "properties": {"event": {"const": "job"}, "data": {"type": "string", "description": "A job as JSON."}},
}

router = APIRouter(prefix="/api", responses=PROBLEMS)


@dataclasses.dataclass(frozen=True)
class Server:
    """What all requests share. `models` are those that uploads may name, with their fingerprints, the default first."""

    settings: Settings
    database: Engine
    models: dict[str, tuple[ModelDescription, str]]
    kept: Kept
    progress: Progress
    workers: Workers
    counts: Counts
    uploads: anyio.CapacityLimiter

    def submit(self, name: str, data: bytes, model: str | None = None, *, most: int | None = None) -> jobs.Job:
        """Queue a script for the model of that name, or the default one, behind at most `most` others."""
        description, fingerprint = self.models[model or next(iter(self.models))]
        return jobs.submit(self.database, name, data, description.name, fingerprint, most=most)


def server_of(request: Request) -> Server:
    """The shared things."""
    return request.app.state.server


def shown(request: Request, id: str) -> Edited:
    """A script as it is shown, with merges and corrections.

    Raises:
        Problem: There is no such script, or it has not been read yet.
    """
    return server_of(request).kept.script(id)


@dataclasses.dataclass(frozen=True)
class Part:
    """Which part of a script is looked at: scenes by their headings, lines by their flag (`none` for those without). All by default."""

    place: HeadingWord = ""
    interior: HeadingWord = ""
    time: HeadingWord = ""
    flag: HeadingWord = ""

    def of(self, edited: Edited) -> Edited:
        """The script with the cues of this part alone."""
        if self == Part():
            return edited
        lines = lines_where(edited.script, **dataclasses.asdict(self))
        kept = [k for k, cue in enumerate(edited.script.cues) if lines[cue.line]]
        scores = only_cues(edited.scores or _no_scores(edited.script), kept)
        return dataclasses.replace(
            edited,
            script=scores.script,
            scores=None if edited.scores is None else scores,
            cue_ids=tuple(edited.cue_ids[k] for k in kept),
            corrected=edited.corrected[kept],
        )


InPart = Annotated[Part, Depends()]


def _no_scores(script: Script) -> EmotionScores:
    return EmotionScores(script, np.zeros((script.n_cues, len(EMOTION_NAMES))), "")


# Uploads and scripts


@router.post(
    "/scripts",
    status_code=202,
    response_model=models.Accepted,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "required": ["file"],
                        "properties": {"file": {"type": "string", "format": "binary"}, "model": {"type": "string"}},
                    }
                },
                JSON: {"schema": models.ScriptText.model_json_schema()},
            },
        }
    },
)
async def post_script(request: Request) -> Response:
    """Upload a script, as a file or as text. It is kept and will be analyzed; the same script and model are analyzed once."""
    server = server_of(request)
    name, data, model = await _upload(request)
    if not data.strip():
        raise Problem(422, "The file is empty. Check that it was saved or copied completely.")
    if len(data) > server.settings.max_upload:
        raise Problem(413, f"The file has {len(data):,} bytes, and the limit is {server.settings.max_upload:,}.")
    if model and model not in server.models:
        raise Problem(422, f"There is no such model. Take one of {', '.join(server.models)}.")

    def stored() -> tuple[jobs.Job, dict[str, Any]]:
        job = server.submit(name, data, model, most=server.settings.max_queued)
        with server.database.connect() as connection:
            script = scripts.get_script(connection, job.script_id)
        if script is None:  # deleted by another within this moment
            raise no_script(job.script_id)
        return job, script_out(script, job)

    # Uploads wait for the database's only writer in threads of their own, so that readings do not wait for them.
    job, script = await anyio.to_thread.run_sync(stored, limiter=server.uploads)
    content = to_json({"script": script, "job": job_out(job)})
    return Response(content, 202, {"Location": f"/api/jobs/{job.id}"}, JSON)


async def _upload(request: Request) -> tuple[str, bytes, str | None]:
    """The name, bytes and model of an upload."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == JSON:
        try:
            posted = models.ScriptText.model_validate_json(await request.body())
        except ValidationError as error:
            raise Problem(422, _first_error(error)) from None
        return file_name(posted.name or "script.txt"), posted.text.encode("utf-8", "replace"), posted.model
    if kind != "multipart/form-data":
        raise Problem(
            415, "Send a form with a file, or JSON with a text.", {"Accept-Post": f"multipart/form-data, {JSON}"}
        )
    parser = MultiPartParser(request.headers, request.stream(), max_files=1, max_fields=4)
    parser.spool_max_size = 2 * server_of(request).settings.max_upload  # never to disk: scripts are confidential
    try:
        form = await parser.parse()
    except (MultiPartException, UnicodeError, ValueError):
        raise Problem(400, "The form cannot be parsed.") from None
    try:
        file, model = form.get("file"), form.get("model")
        if file is None or isinstance(file, str):
            raise Problem(422, "The form has no file in its field 'file'.")
        return file_name(file.filename or "script.txt"), await file.read(), model if isinstance(model, str) else None
    finally:
        await form.close()


def file_name(name: str) -> str:
    """The name of an uploaded file without folders and control characters, with a suffix."""
    name = "".join(c if c.isprintable() else " " for c in name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, suffix = name.rpartition(".")
    if not dot or not stem:
        return f"{name[:_MAX_NAME] or 'script'}.txt"
    return f"{stem[:_MAX_NAME]}.{suffix[:16]}"


def _first_error(error: ValidationError) -> str:
    """What is wrong with a body, without the values that came: they may be a script."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}" if place else str(first["msg"])


@router.get("/scripts", response_model=models.ScriptPage, responses=NOT_MODIFIED)
def get_scripts(request: Request, cursor: Cursor = None, limit: Limit = 50) -> Response:
    """The scripts, the newest first."""
    before = None
    if cursor is not None:
        time, _, id = cursor.partition(":")
        try:
            before = (float(time), id)
        except ValueError:
            raise Problem(422, "The cursor is none that a page gave.") from None
    with server_of(request).database.connect() as connection:
        found = scripts.list_scripts(connection, limit + 1, before)
        newest = jobs.newest_jobs(connection, [script.id for script in found])
    page = found[:limit]
    more = f"{page[-1].created_at!r}:{page[-1].id}" if len(found) > limit else None
    content = {"scripts": [script_out(script, newest.get(script.id)) for script in page], "next": more}
    return _hashed(request, content)


@router.get("/scripts/{id}", response_model=models.ScriptOut, responses=NOT_MODIFIED)
def get_script(request: Request, id: Id) -> Response:
    """One script, and how far its analysis is."""
    with server_of(request).database.connect() as connection:
        script = scripts.get_script(connection, id)
        job = jobs.newest_jobs(connection, [id]).get(id)
    if script is None:
        raise no_script(id)
    return _hashed(request, script_out(script, job))


@router.delete("/scripts/{id}", status_code=204)
def delete_script(request: Request, id: Id) -> Response:
    """Delete a script, its scores, jobs, merges and corrections."""
    server = server_of(request)
    deleted = scripts.delete_script(server.database, id)
    server.kept.forget(id)
    if not deleted:
        raise no_script(id)
    return Response(status_code=204)


@router.get("/scripts/{id}/scenes", response_model=models.ScenePage, responses=NOT_MODIFIED)
def get_scenes(request: Request, id: Id, cursor: Place = 0, limit: Limit = 100) -> Response:
    """The scenes, with the characters who are in them."""
    edited = shown(request, id)

    def make() -> bytes:
        script = edited.script
        people: dict[int, dict[str, None]] = {}
        for cue in script.cues:
            people.setdefault(script.lines[cue.line].scene, {})[cue.character] = None
        rows = [
            {
                "scene": scene.index + 1,
                "number": scene.number,
                "heading": scene.label(),
                "interior": scene.interior,
                "place": scene.place,
                "time": scene.time,
                "part": scene.part,
                "flag": scene.flag,
                "source_line": scene.source.first if scene.source else None,
                "lines": (scene.lines[0].index + 1, scene.lines[-1].index + 1) if scene.lines else None,
                "characters": list(people.get(scene.index, ())),
            }
            for scene in script.scenes[cursor : cursor + limit]
        ]
        return to_json({"scenes": rows, "next": _next(cursor, limit, len(script.scenes))})

    return _answer(request, edited, make)


@router.get("/scripts/{id}/lines", response_model=models.LinePage, responses=NOT_MODIFIED)
def get_lines(
    request: Request,
    id: Id,
    scene: Annotated[int | None, Query(ge=1, lt=2**31)] = None,
    cursor: Place = 0,
    limit: Limit = 200,
) -> Response:
    """The lines, all or those of a scene, with who is in them and what they feel."""
    edited = shown(request, id)
    if scene is not None and scene > len(edited.script.scenes):
        raise Problem(404, f"The script has {len(edited.script.scenes)} scenes.")

    def make() -> bytes:
        lines = edited.script.lines if scene is None else edited.script.scenes[scene - 1].lines
        page = lines[cursor : cursor + limit]
        cues: dict[int, list[dict[str, Any]]] = {line.index: [] for line in page}
        for k, cue in enumerate(edited.script.cues):
            if cue.line in cues:
                cues[cue.line].append(
                    {
                        "cue": edited.cue_ids[k],
                        "id": cue.id,
                        "character": cue.character,
                        "role": cue.role,
                        "by": cue.by,
                        "strengths": None if edited.scores is None else _round(edited.scores.values[k]),
                        "corrected": [
                            name for name, set in zip(EMOTION_NAMES, edited.corrected[k], strict=True) if set
                        ],
                    }
                )
        rows = [
            {
                "line": line.index + 1,
                "scene": line.scene + 1,
                "source_line": line.source.first,
                "kind": line.kind,
                "text": line.text,
                "printed": line.printed,
                "speakers": line.speakers,
                "parentheticals": line.parentheticals,
                "delivery": line.delivery,
                "mentioned": line.mentioned,
                "flag": line.flag,
                "cues": cues[line.index],
            }
            for line in page
        ]
        return to_json({"lines": rows, "next": _next(cursor, limit, len(lines))})

    return _answer(request, edited, make)


@router.get("/scripts/{id}/cast", response_model=models.Cast, responses=NOT_MODIFIED)
def get_cast(request: Request, id: Id, part: InPart) -> Response:
    """The characters, what is merged, and which names may be one person."""
    edited = shown(request, id)
    return _answer(request, edited, lambda: to_json(_cast(edited, part)))


@router.put("/scripts/{id}/cast", response_model=models.Cast)
def put_cast(request: Request, id: Id, posted: Annotated[models.Aliases, Body()]) -> Response:
    """Merge names: these aliases take the place of all that were set before. Scores, arcs and exports follow at once.

    Of an alias that only stands in the text, so that the reader did not know it, the lines are still to be found and scored:
    it is `pending` until `job` is done.
    """
    shown(request, id)
    with writing(server_of(request).database) as connection:
        edits.set_aliases(connection, id, posted.aliases)
    return Response(to_json(_cast(shown(request, id))), media_type=JSON)


def _cast(edited: Edited, part: Part = Part()) -> dict[str, Any]:
    script, looked_at = edited.script, part.of(edited)
    scores = looked_at.scores or _no_scores(looked_at.script)
    told = {character.name: character for character in script.cast}
    characters = [
        {
            "name": person.name,
            "aliases": told[person.name].aliases,
            "merged": [alias for alias, name in edited.aliases.items() if name == person.name],
            "note": told[person.name].note,
            "minor": told[person.name].minor,
            "n_cues": person.n_cues,
            "n_spoken": person.n_spoken,
            "n_scenes": person.n_scenes,
            "means": None if edited.scores is None else _round(person.means),
        }
        for person in portraits(scores)
    ]
    suggestions = [dataclasses.asdict(suggestion) for suggestion in suggest_aliases(script)]
    return {
        "characters": characters,
        "aliases": edited.aliases,
        "suggestions": suggestions,
        "pending": edited.pending,
        "job": edited.pending_job,
    }


# Scores and what is made of them


@router.get(
    "/scripts/{id}/scores",
    response_model=models.Scores,
    responses={
        **NOT_MODIFIED,
        200: {"content": {media_type: {} for media_type in MEDIA_TYPES.values() if media_type != JSON}},
    },
)
def get_scores(request: Request, id: Id, format: Format | None = None) -> Response:
    """A row for each cue: as JSON here, or as a table in the format that `format` or the header Accept names."""
    edited = shown(request, id)
    scores = scored(edited)
    if format is None:
        accepted = [each.partition(";")[0].strip() for each in request.headers.get("accept", "").split(",")]
        format = next((name for name, media_type in MEDIA_TYPES.items() if media_type in accepted), "json")  # type: ignore[assignment]
    assert format is not None

    def make() -> bytes:
        if format != "json":
            from juqing.report.tables import table_bytes

            return table_bytes([scores], f".{format}")
        rows = [{**row, "cue": cue} for row, cue in zip(scores.table(), edited.cue_ids, strict=True)]
        return to_json({"script": id, "model": scores.model, "rmse": scores.rmse, "rows": rows})

    name = "" if format == "json" else f"{_stem(edited)}.{format}"
    return _answer(request, edited, make, MEDIA_TYPES[format], name)


@router.get("/scripts/{id}/arcs", response_model=models.Arcs, responses=NOT_MODIFIED)
def get_arcs(
    request: Request,
    id: Id,
    part: InPart,
    smooth: Smooth = SMOOTH,
    character: Annotated[
        list[str] | None,
        Query(max_length=50, description="The main characters where none is named; empty for the whole script."),
    ] = None,
) -> Response:
    """Smoothed arcs, with their bands, swings and flat stretches (docs/analysis.md)."""
    edited = shown(request, id)
    scored(edited)
    names = check_characters(edited, character)

    def make() -> bytes:
        scores = scored(part.of(edited))
        return to_json({"smooth": smooth, "arcs": [_arc(scores, name, smooth) for name in names]})

    return _answer(request, edited, make)


def check_characters(edited: Edited, names: Sequence[str] | None) -> tuple[str, ...]:
    """The characters that were asked for: the main ones where none was; an empty name is the whole script.

    Raises:
        Problem: One of them is nobody.
    """
    for name in names or ():
        if name and name not in edited.script.characters:
            raise Problem(404, "A character is nobody in this script. Take the names of its cast.")
    return tuple(dict.fromkeys(names)) if names else main_characters(edited.script)


def _arc(scores: EmotionScores, name: str, smooth: float) -> dict[str, Any]:
    arc = smoothed_arc(scores, name, smooth=smooth)
    means = scene_means(scores, [name])[0] if name else np.empty((0, len(EMOTION_NAMES)))
    return {
        "character": name,
        "lines": (arc.lines + 1).tolist(),
        "mean": _round(arc.mean),
        "low": _round(arc.low),
        "high": _round(arc.high),
        "scenes": _rows_or_null(means),
        "swings": [_swing(each) for each in swings(arc)],
        "flat": [
            {"character": each.character, "start": each.start + 1, "end": each.end + 1, "width": round(each.width, 3)}
            for each in flat_stretches(arc)
        ],
    }


def _swing(swing: Swing) -> dict[str, Any]:
    return {
        "character": swing.character,
        "emotion": EMOTION_NAMES[swing.emotion],
        "start": swing.start + 1,
        "end": swing.end + 1,
        "turn": swing.turn + 1,
        "change": round(swing.change, 3),
    }


@router.get("/scripts/{id}/moments", response_model=models.Moments, responses=NOT_MODIFIED)
def get_moments(
    request: Request,
    id: Id,
    part: InPart,
    limit: Annotated[int, Query(ge=1, le=200)] = 12,
    per_emotion: Annotated[int | None, Query(ge=1, le=200, description="How many of one emotion at most.")] = None,
    least: Annotated[float, Query(ge=0, le=MAX_STRENGTH, allow_inf_nan=False, description="Strength of a moment.")] = 0,
    swing: Annotated[
        float, Query(gt=0, le=MAX_STRENGTH, allow_inf_nan=False, description="Change of a swing.")
    ] = SWING,
    smooth: Smooth = SMOOTH,
) -> Response:
    """The strongest moments, and the greatest swings of the main characters; both from a least strength or change on."""
    edited = shown(request, id)
    scored(edited)

    def make() -> bytes:
        looked_at = part.of(edited)
        scores = scored(looked_at)
        script, rows = scores.script, []
        for moment in strongest_moments(scores, limit, per_emotion=per_emotion, least=least):
            cue = script.cues[moment.cue]
            line = script.lines[cue.line]
            rows.append(
                {
                    "cue": looked_at.cue_ids[moment.cue],
                    "scene": line.scene + 1,
                    "line": line.index + 1,
                    "source_line": line.source.first,
                    "character": cue.character,
                    "emotion": EMOTION_NAMES[moment.emotion],
                    "strength": round(moment.strength, 3),
                    "text": line.text or "，".join(line.parentheticals),
                }
            )
        arcs = [smoothed_arc(scores, name, smooth=smooth) for name in main_characters(edited.script)]
        found = [each for arc in arcs for each in swings(arc, swing=swing)]
        found.sort(key=lambda each: -abs(each.change))
        return to_json({"moments": rows, "swings": [_swing(each) for each in found[:limit]]})

    return _answer(request, edited, make)


@router.get("/scripts/{id}/pairs", response_model=models.Pairs, responses=NOT_MODIFIED)
def get_pairs(request: Request, id: Id, part: InPart) -> Response:
    """The main characters in the scenes that they share."""
    edited = shown(request, id)
    scored(edited)

    def make() -> bytes:
        rows = []
        for pair in character_pairs(scored(part.of(edited)), main_characters(edited.script)):
            row = {field.name: getattr(pair, field.name) for field in dataclasses.fields(pair)}
            rows.append(
                {
                    **{name: value if isinstance(value, str) else _round(value) for name, value in row.items()},
                    "scenes": [k + 1 for k in pair.scenes],
                }
            )
        return to_json({"pairs": rows})

    return _answer(request, edited, make)


@router.get(
    "/scripts/{id}/report.html",
    response_class=Response,
    responses={**NOT_MODIFIED, 200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
def get_report(request: Request, id: Id, language: Literal["zh", "en"] | None = None) -> Response:
    """The report as one file that opens offline, to be saved."""
    edited = shown(request, id)
    scores = scored(edited)

    def make() -> bytes:
        from juqing.report.html import render_report

        return render_report(scores, language=language).encode("utf-8", "replace")

    return _answer(request, edited, make, "text/html", f"{_stem(edited)}.html")


@router.get(
    "/scripts/{id}/figures/{name}.{format}",
    response_class=Response,
    responses={
        **NOT_MODIFIED,
        200: {
            "content": {
                JSON: {"schema": {"type": "object"}},
                "image/svg+xml": {"schema": {"type": "string"}},
                "image/png": {"schema": {"type": "string", "format": "binary"}},
            }
        },
    },
)
def get_figure(
    request: Request,
    id: Id,
    name: ChartName,
    format: Literal["json", "svg", "png"],
    character: Annotated[str | None, Query(description="Of an arc; the one with the most cues by default.")] = None,
    smooth: Smooth = SMOOTH,
    language: Literal["zh", "en"] = "zh",
) -> Response:
    """A chart: its Vega-Lite specification with the data in it, or a picture."""
    edited = shown(request, id)
    scores = scored(edited)
    if character:
        check_characters(edited, [character])

    def make() -> bytes:
        figure = chart(name, scores, character=character, smooth=smooth, language=language)
        try:
            if format == "png":
                return chart_png(figure)
            return chart_svg(figure).encode() if format == "svg" else to_json(figure)
        except MissingExtraError as error:
            raise Problem(406, str(error)) from None

    media_type = {"json": JSON, "svg": "image/svg+xml", "png": "image/png"}[format]
    file_name = "" if format == "json" else f"{_stem(edited)} {character or name}.{format}"
    return _answer(request, edited, make, media_type, file_name)


# Corrections


@router.get("/scripts/{id}/corrections", response_model=models.Corrections, responses=NOT_MODIFIED)
def get_corrections(request: Request, id: Id) -> Response:
    """What was set by hand."""
    edited = shown(request, id)
    return _answer(request, edited, lambda: to_json(_corrections(edited)))


@router.put("/scripts/{id}/corrections", response_model=models.Corrections)
def put_correction(request: Request, id: Id, posted: Annotated[models.CorrectionIn, Body()]) -> Response:
    """Set one strength by hand."""
    scored(shown(request, id))
    with writing(server_of(request).database) as connection:
        edits.set_correction(connection, id, edits.Correction(posted.cue, posted.emotion, posted.value))
    return Response(to_json(_corrections(shown(request, id))), media_type=JSON)


@router.delete("/scripts/{id}/corrections/{cue}/{emotion}", response_model=models.Corrections)
def delete_correction(
    request: Request, id: Id, cue: Annotated[int, Path(ge=0, lt=2**31)], emotion: models.EmotionName
) -> Response:
    """Take a correction back: the model's own strength shows again."""
    shown(request, id)
    with writing(server_of(request).database) as connection:
        if not edits.delete_correction(connection, id, cue, emotion):
            raise Problem(404, "There is no such correction.")
    return Response(to_json(_corrections(shown(request, id))), media_type=JSON)


def _corrections(edited: Edited) -> dict[str, Any]:
    return {"corrections": [dataclasses.asdict(each) for each in edited.corrections]}


@router.get(
    "/scripts/{id}/corrections.tsv",
    response_class=Response,
    responses={**NOT_MODIFIED, 200: {"content": {"text/tab-separated-values": {"schema": {"type": "string"}}}}},
)
def get_training_rows(request: Request, id: Id) -> Response:
    """The script as a training table: cues with a correction have a label, everything else is their context.

    Of a cue of which some strengths were set by hand, the others are what the model said.
    """
    edited = shown(request, id)
    scores = scored(edited)

    def make() -> bytes:
        from juqing.writing import to_table

        header, *rows = to_table(scores.script).splitlines()
        lines, k = [f"{header}\temotions\tconfidence"], 0
        for row in rows:  # in the order of the lines, and of the cues in each
            label, sure = "", ""
            if not row.endswith("\t"):
                if edited.corrected[k].any():
                    label, sure = ",".join(f"{value:g}" for value in _round(scores.values[k])), "1"
                k += 1
            lines.append(f"{row}\t{label}\t{sure}")
        return ("\n".join(lines) + "\n").encode("utf-8", "replace")

    return _answer(request, edited, make, "text/tab-separated-values", f"{_stem(edited)}.tsv")


# Two drafts


@router.get("/compare", response_model=models.Comparison, responses=NOT_MODIFIED)
def get_comparison(
    request: Request,
    a: Annotated[str, Query(pattern="^[0-9a-f]{32}$", description="The draft before.")],
    b: Annotated[str, Query(pattern="^[0-9a-f]{32}$", description="The draft after.")],
) -> Response:
    """Two drafts, aligned by scene and line, and how their feelings differ (docs/analysis.md)."""
    before, after = shown(request, a), shown(request, b)
    old, new = scored(before), scored(after)

    def make() -> bytes:
        found = compare_drafts(old, new)
        rows = [
            {
                "before": _one_up(pair.before),
                "after": _one_up(pair.after),
                "similarity": round(pair.similarity, 3),
                "state": pair.state,
                "moved": pair.moved,
                "change": None if pair.change is None else round(pair.change, 3),
                "lines": [
                    {"before": _one_up(line.before), "after": _one_up(line.after), "state": line.state}
                    for line in pair.lines
                ],
            }
            for pair in found.scenes
        ]
        return to_json(
            {
                "before": a,
                "after": b,
                "scenes": rows,
                "characters": found.characters,
                "differences": [_rows_or_null(each) for each in found.differences],
                "totals": _rows_or_null(found.totals),
            }
        )

    return server_of(request).kept.answer(request, (before, after), make)


# Jobs


@router.get("/jobs/{id}", response_model=models.JobOut)
def get_job(request: Request, id: JobId) -> Response:
    """How far an analysis is."""
    with server_of(request).database.connect() as connection:
        job = jobs.get_job(connection, id)
    if job is None:
        raise Problem(404, "There is no such job. Its script may have been deleted.")
    return Response(to_json(job_out(job)), media_type=JSON)


@router.get(
    "/jobs/{id}/events",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": _EVENT}}}},
)
async def get_events(request: Request, id: JobId) -> Response:
    """The job each time that something about it changes, as server-sent events; the stream ends with the job."""
    server = server_of(request)

    def found() -> jobs.Job | None:
        with server.database.connect() as connection:
            return jobs.get_job(connection, id)

    if await anyio.to_thread.run_sync(found) is None:
        raise Problem(404, "There is no such job. Its script may have been deleted.")

    async def events() -> AsyncIterator[bytes]:
        async for job in server.progress.follow(id):
            yield b": waiting\n\n" if job is None else b"event: job\ndata: " + to_json(job_out(job)) + b"\n\n"

    return StreamingResponse(events(), media_type="text/event-stream")


@router.post("/jobs/{id}/cancel", response_model=models.JobOut)
def cancel_job(request: Request, id: JobId) -> Response:
    """Stop an analysis: at once where it waits, within a second or so where it runs."""
    job = jobs.cancel(server_of(request).database, id)
    if job is None:
        raise Problem(404, "There is no such job. Its script may have been deleted.")
    return Response(to_json(job_out(job)), media_type=JSON)


# The server itself


@router.get("/models", response_model=models.Models)
def get_models(request: Request) -> Response:
    """The models that an upload may name."""
    rows = [
        {
            "name": each.name,
            "recognizer": each.recognizer,
            "summary": each.summary,
            "n_bytes": each.n_bytes,
            "rmse": each.rmse,
            "fingerprint": fingerprint,
            "default": k == 0,
        }
        for k, (each, fingerprint) in enumerate(server_of(request).models.values())
    ]
    return Response(to_json({"models": rows}), media_type=JSON)


@router.get("/health", response_model=models.Health)
def get_health(request: Request) -> Response:
    """Whether the server and its database answer."""
    server = server_of(request)
    with server.database.connect() as connection:
        jobs.count_jobs(connection)
    return Response(
        to_json({"status": "ok", "version": __version__, "workers": server.workers.n_alive}), media_type=JSON
    )


@router.get("/metrics", response_class=PlainTextResponse)
def get_metrics(request: Request) -> Response:
    """Numbers for Prometheus."""
    server = server_of(request)
    with server.database.connect() as connection:
        states = jobs.count_jobs(connection)
    gauges = {f'juqing_jobs{{state="{state}"}}': float(states.get(state, 0)) for state in jobs.STATES}
    return PlainTextResponse(server.counts.text({**gauges, "juqing_workers": server.workers.n_alive}))


def job_out(job: jobs.Job) -> dict[str, Any]:
    """A job as `models.JobOut`."""
    row = dataclasses.asdict(job)
    for name in ("fingerprint", "worker", "cancel"):
        del row[name]
    row["script"] = row.pop("script_id")
    row["error_chinese"] = chinese(job.error) if job.error else ""
    return row


def script_out(script: scripts.StoredScript, job: jobs.Job | None) -> dict[str, Any]:
    """A script as `models.ScriptOut`."""
    row = dataclasses.asdict(script)
    for name in ("run_id", "fingerprint", "version"):
        del row[name]
    return {**row, "job": None if job is None else job_out(job)}


def _answer(
    request: Request, edited: Edited, make: Callable[[], bytes], media_type: str = JSON, name: str = ""
) -> Response:
    return server_of(request).kept.answer(request, edited, make, media_type, name)


def _hashed(request: Request, content: Any) -> Response:
    """An answer whose ETag is that of its bytes."""
    import hashlib

    body = to_json(content)
    tag = etag(hashlib.sha256(body).hexdigest()[:20])
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=JSON)


def _stem(edited: Edited) -> str:
    return edited.stored.name.rpartition(".")[0] or "script"


def _next(cursor: int, limit: int, n: int) -> str | None:
    return str(cursor + limit) if cursor + limit < n else None


def _one_up(index: int | None) -> int | None:
    return None if index is None else index + 1


def _round(values: Any) -> Any:
    """Numbers to three places; NaN becomes null in JSON."""
    return None if values is None else np.round(np.asarray(values, dtype=float), 3).tolist()


def _rows_or_null(rows: np.ndarray) -> list[Any]:
    """(n, 6) as lists, None for a row that is not known."""
    return [None if np.isnan(row).any() else _round(row) for row in rows]
