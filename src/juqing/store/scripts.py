"""Scripts and scores as rows, and back."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import msgspec
import numpy as np
from sqlalchemy import Connection, Engine
from sqlalchemy import text as sql

from juqing.emotions import EMOTION_NAMES, N_EMOTIONS
from juqing.script import Cue, Line, Scene, Script, Span
from juqing.store.database import writing

_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
_to_json = msgspec.json.Encoder().encode
_names = msgspec.json.Decoder(tuple[str, ...]).decode
_cues = msgspec.json.Decoder(tuple[Cue, ...]).decode
_span = msgspec.json.Decoder(tuple[int, int, int, int] | None).decode


@dataclass(frozen=True, slots=True)
class StoredScript:
    """What a list of scripts shows of one. The counts are None until it has been read, `run_id` until it has been scored."""

    id: str
    name: str
    title: str
    format: str
    language: str
    n_scenes: int | None
    n_lines: int | None
    n_cues: int | None
    n_characters: int | None
    run_id: str | None
    model: str | None
    fingerprint: str | None
    rmse: float | None
    version: int
    created_at: float


_STORED = """
SELECT s.id, s.name, s.title, s.format, s.language, s.n_scenes, s.n_lines, s.n_cues, s.n_characters,
    s.run_id, r.model, r.fingerprint, r.rmse, s.version, s.created_at
FROM scripts s LEFT JOIN runs r ON r.id = s.run_id
"""


def script_id(name: str, data: bytes) -> str:
    """The name of a file's content: 32 hexadecimal digits. The suffix counts too, since it decides how the file is read."""
    return hashlib.sha256(Path(name).suffix.lower().encode("utf-8", "replace") + b"\0" + data).hexdigest()[:32]


def add_script(connection: Connection, name: str, data: bytes) -> str:
    """Store a file that is to be read; its id. One that is there keeps its name."""
    new = script_id(name, data)
    connection.execute(
        sql(
            "INSERT INTO scripts (id, name, source, title, format, language, version, created_at) "
            "VALUES (:id, :name, :source, :title, '', '', 1, :now) ON CONFLICT (id) DO NOTHING"
        ),
        {"id": new, "name": name, "source": data, "title": Path(name).stem, "now": time.time()},
    )
    # The row is locked from here on, so that of two that upload the same at once one waits.
    connection.execute(
        sql("UPDATE scripts SET source = CASE WHEN rest IS NULL THEN :source END WHERE id = :id"),
        {"id": new, "source": data},
    )
    return new


def get_script(connection: Connection, id: str) -> StoredScript | None:
    """What is known of a script, None where there is no such script."""
    row = connection.execute(sql(_STORED + "WHERE s.id = :id"), {"id": id}).one_or_none()
    return None if row is None else StoredScript(*row)


def list_scripts(connection: Connection, limit: int, before: tuple[float, str] | None = None) -> list[StoredScript]:
    """Scripts, the newest first; those after `before`, the time and id of the last one of the page in front."""
    where = "" if before is None else "WHERE s.created_at < :time OR (s.created_at = :time AND s.id < :id) "
    time, id = before or (0.0, "")
    rows = connection.execute(
        sql(_STORED + where + "ORDER BY s.created_at DESC, s.id DESC LIMIT :limit"),
        {"time": time, "id": id, "limit": limit},
    )
    return [StoredScript(*row) for row in rows]


def get_source(connection: Connection, id: str) -> tuple[str, bytes] | None:
    """The name and bytes of a file that has not been read yet."""
    row = connection.execute(
        sql("SELECT name, source FROM scripts WHERE id = :id AND source IS NOT NULL"), {"id": id}
    ).one_or_none()
    return None if row is None else (row[0], bytes(row[1]))


def storable(script: Script) -> Script:
    """The script with U+FFFD for NUL, which PostgreSQL has no text for."""
    data = script.to_json()
    return Script.from_json(_NUL.sub(rb"\1\\ufffd", data)) if b"\\u0000" in data else script


def save_script(connection: Connection, id: str, script: Script) -> bool:
    """Store a script (`storable`) as it was read, in place of its file; False where it was deleted meanwhile."""
    rest = msgspec.structs.replace(script, scenes=(), cues=())
    updated = connection.execute(
        sql(
            "UPDATE scripts SET source = NULL, title = :title, format = :format, language = :language, n_scenes = :n_scenes, "
            "n_lines = :n_lines, n_cues = :n_cues, n_characters = :n_characters, rest = :rest, version = version + 1 WHERE id = :id"
        ),
        {
            "id": id,
            "title": script.title or script.source_name,
            "format": script.format,
            "language": script.language,
            "n_scenes": len(script.scenes),
            "n_lines": len(script.lines),
            "n_cues": script.n_cues,
            "n_characters": len(script.characters),
            "rest": rest.to_json(),
        },
    ).rowcount
    if not updated:
        return False
    _insert(
        connection,
        "scenes",
        [
            {
                "script_id": id,
                "place": scene.index,
                "heading": scene.heading,
                "source": _json(scene.source and _numbers(scene.source)),
                "number": scene.number,
                "interior": scene.interior,
                "location": scene.place,
                "day_time": scene.time,
                "printed_cast": _json(scene.printed_cast),
                "part": scene.part,
                "flag": scene.flag,
            }
            for scene in script.scenes
        ],
    )
    _insert(
        connection,
        "lines",
        [
            {
                "script_id": id,
                "place": line.index,
                "scene": line.scene,
                "kind": line.kind,
                "content": line.text,
                "printed": line.printed,
                "source": _json(_numbers(line.source)),
                "speakers": _json(line.speakers),
                "parentheticals": _json(line.parentheticals),
                "delivery": line.delivery,
                "mentioned": _json(line.mentioned),
                "flag": line.flag,
            }
            for line in script.lines
        ],
    )
    _insert(
        connection,
        "cues",
        [
            {
                "script_id": id,
                "place": cue.index,
                "line": cue.line,
                "name": cue.character,
                "role": cue.role,
                "cue_id": cue.id,
                "found_by": cue.by,
                "word": cue.word,
                "rule": cue.rule,
                "antecedent": cue.antecedent,
            }
            for cue in script.cues
        ],
    )
    return True


def load_script(connection: Connection, id: str) -> Script | None:
    """The script as `save_script` got it, None where it has not been read."""
    rest = connection.execute(sql("SELECT rest FROM scripts WHERE id = :id"), {"id": id}).scalar_one_or_none()
    if rest is None:
        return None
    lines: dict[int, list[Line]] = {}
    for place, scene, kind, content, printed, source, speakers, parentheticals, delivery, mentioned, flag in _rows(
        connection,
        "SELECT place, scene, kind, content, printed, source, speakers, parentheticals, delivery, mentioned, flag FROM lines",
        id,
    ):
        line = Line(
            place, scene, kind, content, printed, Span(*(_span(source) or ())),
            _names(speakers), _names(parentheticals), delivery, _names(mentioned), flag,
        )  # fmt: skip
        lines.setdefault(scene, []).append(line)
    scenes = [
        Scene(
            place, heading, tuple(lines.get(place, ())), None if (at := _span(source)) is None else Span(*at),
            number, interior, location, day_time, _names(printed_cast), part, flag,
        )
        for place, heading, source, number, interior, location, day_time, printed_cast, part, flag in _rows(
            connection,
            "SELECT place, heading, source, number, interior, location, day_time, printed_cast, part, flag FROM scenes",
            id,
        )
    ]  # fmt: skip
    cues = [
        Cue(*row)
        for row in _rows(
            connection,
            "SELECT place, line, name, role, cue_id, found_by, word, rule, antecedent FROM cues",
            id,
        )
    ]
    return msgspec.structs.replace(Script.from_json(bytes(rest)), scenes=tuple(scenes), cues=tuple(cues))


def find_run(connection: Connection, id: str, fingerprint: str) -> str | None:
    """The run of a model over a script, None where there was none."""
    return connection.execute(
        sql("SELECT id FROM runs WHERE script_id = :id AND fingerprint = :fingerprint"),
        {"id": id, "fingerprint": fingerprint},
    ).scalar_one_or_none()


def get_given(connection: Connection, id: str) -> dict[str, str]:
    """Aliases that stand in the text alone, where the reader did not know them, and who of the cast each is."""
    rows = connection.execute(
        sql("SELECT alias, read_as FROM aliases WHERE script_id = :id AND read_as <> '' ORDER BY alias"), {"id": id}
    )
    return {alias: name for alias, name in rows}


def with_given(fingerprint: str, given: Mapping[str, str]) -> str:
    """The name of a run of a model over a script that was read with such aliases; without any, the model's own name."""
    if not given:
        return fingerprint
    return f"{fingerprint}+{hashlib.sha256(_to_json(sorted(given.items()))).hexdigest()[:16]}"


def changed(connection: Connection, id: str) -> None:
    """Count a change that readers see; the script's row is locked from here on."""
    connection.execute(sql("UPDATE scripts SET version = version + 1 WHERE id = :id"), {"id": id})


def show_run(connection: Connection, id: str, run_id: str) -> None:
    """Take a run as the one whose scores are shown."""
    connection.execute(
        sql(
            "UPDATE scripts SET run_id = :run, version = version + 1 WHERE id = :id AND (run_id IS NULL OR run_id <> :run)"
        ),
        {"id": id, "run": run_id},
    )


def save_scores(
    connection: Connection,
    id: str,
    model: str,
    fingerprint: str,
    rmse: float | None,
    values: np.ndarray,
    cues: Sequence[Cue] | None = None,
) -> str:
    """Store what a model said, (n_cues, 6) in the order of the script's cues or of those given; the id of the run."""
    run_id = hashlib.sha256(f"{id} {fingerprint}".encode()).hexdigest()[:32]
    connection.execute(
        sql(
            "INSERT INTO runs (id, script_id, model, fingerprint, rmse, cues, created_at) "
            "VALUES (:run, :id, :model, :fingerprint, :rmse, :cues, :now)"
        ),
        {
            "run": run_id,
            "id": id,
            "model": model,
            "fingerprint": fingerprint,
            "rmse": rmse,
            "cues": None if cues is None else _to_json(cues),
            "now": time.time(),
        },
    )
    _insert(
        connection,
        "scores",
        [
            {"run_id": run_id, "cue": k, **dict(zip(EMOTION_NAMES, row, strict=True))}
            for k, row in enumerate(values.astype(float).tolist())
        ],
    )
    return run_id


def load_cues(connection: Connection, run_id: str) -> tuple[Cue, ...] | None:
    """The cues of a run, None where they are the script's."""
    cues = connection.execute(sql("SELECT cues FROM runs WHERE id = :run"), {"run": run_id}).scalar_one()
    return None if cues is None else _cues(bytes(cues))


def load_scores(connection: Connection, run_id: str) -> np.ndarray:
    """What `save_scores` stored: (n_cues, 6) float32."""
    rows = connection.execute(
        sql(f"SELECT {', '.join(EMOTION_NAMES)} FROM scores WHERE run_id = :run ORDER BY cue"), {"run": run_id}
    ).all()
    return np.array([tuple(row) for row in rows], dtype=np.float32).reshape(-1, N_EMOTIONS)


def delete_script(database: Engine, id: str) -> bool:
    """Delete a script and everything about it, and give its pages back; False where there is no such script."""
    with writing(database) as connection:
        deleted = connection.execute(sql("DELETE FROM scripts WHERE id = :id"), {"id": id}).rowcount > 0
    if deleted:
        _clean(database)
    return deleted


def _clean(database: Engine) -> None:
    """Free pages go back to the file system; of SQLite the log, in which old pages stand, is emptied as well."""
    if database.dialect.name != "sqlite":
        with database.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sql("VACUUM scripts, scenes, lines, cues, runs, scores, jobs, aliases, corrections"))
        return
    connection = database.raw_connection()
    try:  # a page is freed by each step of the first, and only executescript takes more than one
        cast(Any, connection).executescript("PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE);")
    finally:
        connection.close()


def _rows(connection: Connection, select: str, id: str) -> Sequence[Any]:
    return connection.execute(sql(select + " WHERE script_id = :id ORDER BY place"), {"id": id}).all()


def _insert(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        names = list(rows[0])
        values = ", ".join(f":{name}" for name in names)
        connection.execute(sql(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"), rows)


def _json(value: Any) -> str:
    return _to_json(value).decode()


def _numbers(span: Span) -> tuple[int, int, int, int]:
    return span.first, span.last, span.start, span.end
