"""The queue: rows that are to be read and scored. Workers take one at a time, and hold it by a lease that they renew.

queued ──claim──▶ running ──finish──▶ done
   ▲                 │ ├──fail──────▶ failed
   └──lease ran out──┘ └──cancel────▶ canceled     (a queued one is canceled at once)

Whoever lost a job to another worker cannot write its result: every change names the worker that it believes to hold the job.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from sqlalchemy import Connection, Engine, String, TextClause, bindparam
from sqlalchemy import text as sql

from juqing.errors import JuqingError
from juqing.script import Cue
from juqing.store.database import is_sqlite, writing
from juqing.store.scripts import (
    add_script,
    changed,
    find_run,
    get_given,
    get_script,
    save_scores,
    show_run,
    with_given,
)

LEASE_SECONDS = 30.0
MAX_ATTEMPTS = 3
STATES = ("queued", "running", "done", "failed", "canceled")
FINAL = STATES[2:]

State = Literal["queued", "running", "done", "failed", "canceled"]


@dataclass(frozen=True, slots=True)
class Job:
    """One script to be scored by one model. `done` of `total` steps of the `stage` are over."""

    id: str
    script_id: str
    model: str
    fingerprint: str
    state: State
    stage: str
    done: int
    total: int
    attempts: int
    worker: str
    cancel: int
    error: str
    created_at: float
    updated_at: float


_LOST = "lease_until < :now AND worker NOT IN :alive"
_ALIVE = bindparam("alive", expanding=True, type_=String)
_IDS = bindparam("ids", expanding=True, type_=String)  # the type counts where there is none
_JOB = (
    "SELECT id, script_id, model, fingerprint, state, stage, done, total, attempts, worker, cancel, error, created_at, updated_at "
    "FROM jobs "
)


class QueueFullError(JuqingError):
    """As many scripts wait as the server takes."""


def submit(database: Engine, name: str, data: bytes, model: str, fingerprint: str, *, most: int | None = None) -> Job:
    """Store a file and queue its analysis; the same file and model have one job, and one that is done is not done again.

    Raises:
        QueueFullError: It would wait behind `most` others. Nothing is stored.
    """
    with writing(database) as connection:
        script_id = add_script(connection, name, data)
        job = newest_job(connection, script_id, fingerprint)
        run_id = find_run(connection, script_id, fingerprint)
        if run_id is not None:
            show_run(connection, script_id, run_id)
            queue_given(connection, script_id)
        if job is not None and (run_id is not None or job.state in ("queued", "running")):
            connection.execute(sql("UPDATE jobs SET cancel = 0 WHERE id = :id"), {"id": job.id})  # wanted after all
            return replace(job, cancel=0)
        if most is not None:
            n = connection.execute(sql("SELECT count(*) FROM jobs WHERE state = 'queued'")).scalar_one()
            if n >= most:
                raise QueueFullError(
                    f"{n:,} scripts wait to be analyzed, and the limit of this server is {most:,} (--max-queued).",
                    "Try again later.",
                )
        return _insert(connection, script_id, model, fingerprint)


def queue_given(connection: Connection, script_id: str) -> None:
    """Queue the reading and scoring with the names that a user gave, where the shown model has not done that; stop what is outdated."""
    script = get_script(connection, script_id)
    if script is None or script.fingerprint is None or script.model is None:
        return  # its own analysis comes first
    given = get_given(connection, script_id)
    fingerprint = with_given(script.fingerprint, given)
    connection.execute(
        sql(
            "UPDATE jobs SET cancel = 1, updated_at = :now, state = CASE WHEN state = 'queued' THEN 'canceled' ELSE state END "
            "WHERE script_id = :id AND state IN ('queued', 'running') AND fingerprint LIKE '%+%' AND fingerprint <> :fingerprint"
        ),
        {"id": script_id, "fingerprint": fingerprint, "now": time.time()},
    )
    if not given or find_run(connection, script_id, fingerprint) is not None:
        return
    job = newest_job(connection, script_id, fingerprint)
    if job is not None and job.state in ("queued", "running"):
        connection.execute(sql("UPDATE jobs SET cancel = 0 WHERE id = :id"), {"id": job.id})
    else:
        _insert(connection, script_id, script.model, fingerprint)
        changed(connection, script_id)


def _insert(connection: Connection, script_id: str, model: str, fingerprint: str) -> Job:
    now = time.time()
    job = Job(secrets.token_hex(16), script_id, model, fingerprint, "queued", "", 0, 0, 0, "", 0, "", now, now)
    connection.execute(
        sql(
            "INSERT INTO jobs (id, script_id, model, fingerprint, state, stage, done, total, attempts, worker, lease_until, "
            "cancel, error, created_at, updated_at) "
            "VALUES (:id, :script_id, :model, :fingerprint, 'queued', '', 0, 0, 0, '', 0, 0, '', :now, :now)"
        ),
        {"id": job.id, "script_id": script_id, "model": model, "fingerprint": fingerprint, "now": now},
    )
    return job


def claim(database: Engine, worker: str) -> Job | None:
    """Take the oldest queued job, None where there is none."""
    with database.connect() as connection:  # who waits does not keep others from writing
        if connection.execute(sql("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1")).first() is None:
            return None
    with writing(database) as connection:
        skip = "" if is_sqlite(connection) else " FOR UPDATE SKIP LOCKED"
        row = connection.execute(sql(_JOB + "WHERE state = 'queued' ORDER BY created_at LIMIT 1" + skip)).one_or_none()
        if row is None:
            return None
        now = time.time()
        connection.execute(
            sql(
                "UPDATE jobs SET state = 'running', stage = 'reading', done = 0, total = 0, attempts = attempts + 1, "
                "worker = :worker, lease_until = :lease, updated_at = :now WHERE id = :id"
            ),
            {"id": row.id, "worker": worker, "lease": now + LEASE_SECONDS, "now": now},
        )
        claimed = connection.execute(sql(_JOB + "WHERE id = :id"), {"id": row.id}).one()
        return Job(*claimed)


def report(
    database: Engine, id: str, worker: str, stage: str | None = None, done: int = 0, total: int = 0
) -> Literal["go on", "canceled", "lost"]:
    """Renew the lease, and say how far the job is where a stage is given; whether to go on."""
    now = time.time()
    progress = "" if stage is None else "stage = :stage, done = :done, total = :total, updated_at = :now, "
    with writing(database) as connection:
        changed = connection.execute(
            sql(f"UPDATE jobs SET {progress}lease_until = :lease WHERE id = :id AND worker = :worker AND state = 'running'"),
            {
                "id": id, "worker": worker, "lease": now + LEASE_SECONDS,
                **({} if stage is None else {"stage": stage, "done": done, "total": total, "now": now}),
            },
        ).rowcount  # fmt: skip
        if not changed:
            return "lost"
        canceled = connection.execute(sql("SELECT cancel FROM jobs WHERE id = :id"), {"id": id}).scalar_one()
        return "canceled" if canceled else "go on"


def finish(
    database: Engine, job: Job, rmse: float | None, values: np.ndarray, cues: Sequence[Cue] | None = None
) -> bool:
    """Store the scores and the end of the job in one; False, and nothing stored, where the job is another's by now.

    Args:
        database: The database.
        job: As it was claimed.
        rmse: What is known of the model's error.
        values: (n_cues, 6), in the order of `cues`.
        cues: Where they are others than the script's.
    """
    with writing(database) as connection:
        changed(connection, job.script_id)  # who changes both, a script and its job, locks the script first
        if not _end(connection, job.id, job.worker, "done"):
            return False
        run_id = find_run(connection, job.script_id, job.fingerprint)
        if run_id is None:
            run_id = save_scores(connection, job.script_id, job.model, job.fingerprint, rmse, values, cues)
        if cues is None:
            show_run(connection, job.script_id, run_id)
            queue_given(connection, job.script_id)
        return True


def fail(database: Engine, id: str, worker: str, error: str) -> None:
    """Mark a job as failed, with a message for its user."""
    with writing(database) as connection:
        _end(connection, id, worker, "failed", error.replace("\0", "\ufffd"))


def stop(database: Engine, id: str, worker: str) -> None:
    """Mark a running job as canceled, if that is still wanted; else it is queued again."""
    with writing(database) as connection:
        wanted = connection.execute(sql("SELECT cancel FROM jobs WHERE id = :id"), {"id": id}).scalar_one_or_none()
        _end(connection, id, worker, "canceled" if wanted else "queued")


def cancel(database: Engine, id: str) -> Job | None:
    """Ask that a job be stopped: a queued one is canceled at once, a running one when its worker hears of it."""
    with writing(database) as connection:
        connection.execute(
            sql(
                "UPDATE jobs SET cancel = 1, updated_at = :now, state = CASE WHEN state = 'queued' THEN 'canceled' ELSE state END "
                "WHERE id = :id AND state IN ('queued', 'running')"
            ),
            {"id": id, "now": time.time()},
        )
        return get_job(connection, id)


def requeue_lost(database: Engine, alive: Iterable[str] = ()) -> int:
    """Queue again what is running under a lease that ran out; what was tried too often fails. How many rows changed.

    Args:
        database: The database.
        alive: Workers that are known to be at their job, whatever the clock says.
    """
    asked = {"now": time.time(), "alive": ["", *alive]}
    with database.connect() as connection:
        lost = sql(f"SELECT 1 FROM jobs WHERE state = 'running' AND {_LOST} LIMIT 1").bindparams(_ALIVE)
        if connection.execute(lost, asked).first() is None:
            return 0
    return _requeue(database, _LOST, asked)


def requeue_of(database: Engine, workers: str, *, counts: bool = True) -> int:
    """Queue again what is running under workers that are known to be gone.

    Args:
        database: The database.
        workers: The beginning of their names.
        counts: Whether it was an attempt: not where they ended with their server.
    """
    asked = {"now": time.time(), "n": len(workers), "workers": workers}
    return _requeue(database, "substr(worker, 1, :n) = :workers", asked, counts=counts)


def _requeue(database: Engine, where: str, asked: dict[str, Any], *, counts: bool = True) -> int:
    def query(text: str) -> TextClause:
        return sql(text).bindparams(_ALIVE) if "alive" in asked else sql(text)

    lost = f"state = 'running' AND {where}"
    with writing(database) as connection:
        n = 0
        if counts:
            n += connection.execute(
                query(f"UPDATE jobs SET state = 'failed', error = :error, updated_at = :now WHERE {lost} AND attempts >= :most"),
                {
                    **asked, "most": MAX_ATTEMPTS,
                    "error": f"The analysis was begun {MAX_ATTEMPTS} times and never came to its end. Upload the script again to try once more.",
                },
            ).rowcount  # fmt: skip
        back = "" if counts else "attempts = attempts - 1, "
        n += connection.execute(
            query(f"UPDATE jobs SET {back}state = 'queued', stage = '', done = 0, total = 0, worker = '', updated_at = :now WHERE {lost}"),
            asked,
        ).rowcount  # fmt: skip
        return n


def running_workers(connection: Connection) -> list[str]:
    """The workers that hold a job."""
    return list(connection.execute(sql("SELECT DISTINCT worker FROM jobs WHERE state = 'running'")).scalars())


def get_job(connection: Connection, id: str) -> Job | None:
    """A job, None where there is no such job."""
    row = connection.execute(sql(_JOB + "WHERE id = :id"), {"id": id}).one_or_none()
    return None if row is None else Job(*row)


def get_jobs(connection: Connection, ids: Iterable[str]) -> list[Job]:
    """Those jobs of the ids that are there."""
    query = sql(_JOB + "WHERE id IN :ids").bindparams(_IDS)
    return [Job(*row) for row in connection.execute(query, {"ids": list(ids)})]


def newest_jobs(connection: Connection, script_ids: Iterable[str]) -> dict[str, Job]:
    """The newest job of each script."""
    query = sql(_JOB + "WHERE script_id IN :ids ORDER BY created_at").bindparams(_IDS)
    return {row.script_id: Job(*row) for row in connection.execute(query, {"ids": list(script_ids)})}


def count_jobs(connection: Connection) -> dict[str, int]:
    """How many jobs are in each state."""
    return {state: n for state, n in connection.execute(sql("SELECT state, count(*) FROM jobs GROUP BY state"))}


def newest_job(connection: Connection, script_id: str, fingerprint: str) -> Job | None:
    """The job of a script and a fingerprint: one that is done, else the newest; None where there was none."""
    row = connection.execute(
        sql(
            _JOB
            + "WHERE script_id = :id AND fingerprint = :fingerprint ORDER BY (state = 'done') DESC, created_at DESC LIMIT 1"
        ),
        {"id": script_id, "fingerprint": fingerprint},
    ).one_or_none()
    return None if row is None else Job(*row)


def _end(connection: Connection, id: str, worker: str, state: str, error: str = "") -> bool:
    return (
        connection.execute(
            sql(
                "UPDATE jobs SET state = :state, error = :error, updated_at = :now, worker = '' "
                "WHERE id = :id AND worker = :worker AND state = 'running'"
            ),
            {"id": id, "worker": worker, "state": state, "error": error, "now": time.time()},
        ).rowcount
        > 0
    )
