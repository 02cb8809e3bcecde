"""The worker processes of a server, and who listens to the progress of a job."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from juqing.runtime import ModelDescription, describe, shipped_models
from juqing.store import jobs, reading

_log = logging.getLogger("juqing.web")
_LOOK_SECONDS = 1.0
_BEAT_SECONDS = 5.0  # between two renewals of a lease
_GRACE_SECONDS = 5.0  # for a worker to notice that its job is not wanted any more
_POLL_SECONDS = 0.25
_STOP_SECONDS = 5.0


def find_models(model: str) -> dict[str, ModelDescription]:
    """The models that uploads may name: the shipped ones, and the server's own, which comes first.

    Raises:
        ModelError: The server's own is no model.
    """
    shipped = {each.name: each for each in shipped_models()}
    own = shipped.get(model) or describe(Path(model))
    return {own.name: own, **shipped, own.name: own}


def fingerprint(folder: Path) -> str:
    """A name for exactly this model: by it a script is known to have been scored. 16 hexadecimal digits of its files."""
    digest = hashlib.sha256()
    for file in sorted(each for each in folder.rglob("*") if each.is_file() and each.suffix != ".md"):
        digest.update(f"{file.relative_to(folder).as_posix()} {file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@dataclass(eq=False)
class _Task:
    """A job that a worker is at; times are monotonic."""

    job: str
    since: float
    renewed: float
    unwanted: float | None = None  # since when it is canceled, deleted or another's


@dataclass(eq=False)
class _Worker:
    """A process, and what it says that it is at."""

    name: str
    process: subprocess.Popen[bytes]
    task: _Task | None = None


class Workers:
    """Processes that work off the queue. One that dies is replaced, and what it had begun is queued again.

    A worker says on its standard output when it begins and ends a job. Its server renews the lease meanwhile, and kills the
    process where the job takes longer than it may, or goes on although nobody wants it any more: a worker that hangs in one
    long step can do neither. It hears of the server's end, however sudden, by the end of its standard input.

    Args:
        database: The database.
        url: Its address.
        n_workers: How many.
        models: Folders of models by fingerprint.
        seconds: How long one job may take.
    """

    def __init__(self, database: Engine, url: str, n_workers: int, models: dict[str, Path], seconds: float):
        self._database = database
        self._n_workers = n_workers
        self._seconds = seconds
        self._prefix = f"{socket.gethostname()}:{os.getpid()}:"
        self._told = {"url": url, "models": {name: str(folder) for name, folder in models.items()}, "seconds": seconds}
        self._workers: list[_Worker] = []
        self._n_started = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._look, name="workers", daemon=True)

    def start(self) -> None:
        """Queue again what a server before left behind, and start the processes."""
        with reading(self._database) as connection:
            holders = jobs.running_workers(connection)
        for holder in holders:
            if _is_gone(holder, self._prefix):  # which was no fault of the job
                jobs.requeue_of(self._database, holder, counts=False)
        for _ in range(self._n_workers):
            self._start_one()
        self._thread.start()

    def stop(self) -> None:
        """End the processes; what they had begun is queued again."""
        self._stopped.set()
        self._thread.join()
        for worker in self._workers:
            _close(worker.process.stdin)
        until = time.monotonic() + _STOP_SECONDS
        for worker in self._workers:
            try:
                worker.process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
                worker.process.wait()
        try:
            jobs.requeue_of(self._database, self._prefix, counts=False)
        except SQLAlchemyError as error:  # the next server does it
            _log.error("queueing again what was begun: %s", type(error).__name__)

    @property
    def n_alive(self) -> int:
        """How many run."""
        return sum(worker.process.poll() is None for worker in list(self._workers))

    def _start_one(self) -> None:
        self._n_started += 1
        name = f"{self._prefix}{self._n_started}:"
        process = subprocess.Popen(
            [sys.executable, "-m", "juqing.web.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        worker = _Worker(name, process)
        self._workers.append(worker)
        threading.Thread(target=_listen, args=(worker,), name="worker", daemon=True).start()
        assert process.stdin is not None
        with contextlib.suppress(OSError):  # it ended at once, which is seen at the next look
            process.stdin.write(json.dumps({**self._told, "name": name}).encode() + b"\n")
            process.stdin.flush()

    def _look(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            try:
                for worker in list(self._workers):
                    if worker.process.poll() is not None:
                        _log.warning("worker %s ended with %s and is replaced", worker.name, worker.process.returncode)
                        self._replace(worker)
                    elif (task := worker.task) is not None:
                        self._look_at(worker, task)
                # Of our own we know better than any lease, which a clock that is set or a sleep of the machine ends.
                jobs.requeue_lost(self._database, [each.name for each in self._workers if each.task is not None])
            except (SQLAlchemyError, OSError) as error:  # tried again in a second
                _log.error("looking after the workers: %s", type(error).__name__)

    def _look_at(self, worker: _Worker, task: _Task) -> None:
        """Renew the lease of the job that a worker is at, or end it."""
        now = time.monotonic()
        if now - task.since > self._seconds:
            _log.error("job %s took more than %g seconds: its worker is killed", task.job, self._seconds)
            self._kill(worker)
            jobs.fail(
                self._database,
                task.job,
                worker.name,
                f"The analysis took longer than {self._seconds / 60:g} minutes, which is the limit of this server "
                "(--max-minutes). Split the script, or try again when the server has less to do.",
            )
            self._replace(worker)
        elif task.unwanted is not None and now - task.unwanted > _GRACE_SECONDS:
            _log.warning("job %s is not wanted any more: its worker, which goes on, is killed", task.job)
            self._kill(worker)
            jobs.stop(self._database, task.job, worker.name)
            self._replace(worker)
        elif now - task.renewed > _BEAT_SECONDS:
            task.renewed = now
            if jobs.report(self._database, task.job, worker.name) == "go on":
                task.unwanted = None
            elif task.unwanted is None:
                task.unwanted = now

    def _kill(self, worker: _Worker) -> None:
        worker.process.kill()
        worker.process.wait()

    def _replace(self, worker: _Worker) -> None:
        """Start another in the place of one that has ended."""
        jobs.requeue_of(self._database, worker.name)  # first: where the database is gone, this is done again
        self._workers.remove(worker)
        _close(worker.process.stdin)
        self._start_one()


def _listen(worker: _Worker) -> None:
    """Hear which job a worker is at, until it ends."""
    assert worker.process.stdout is not None
    with worker.process.stdout as said:
        for line in said:
            now = time.monotonic()
            worker.task = _Task(line.decode().strip(), now, now) if line.strip() else None


def _close(pipe: IO[bytes] | None) -> None:
    assert pipe is not None
    with contextlib.suppress(OSError):
        pipe.close()


def _is_gone(holder: str, own: str) -> bool:
    """Whether the server of a worker, `host:process:number:`, is known not to run any more."""
    host, _, rest = holder.removesuffix(":").rpartition(":")[0].rpartition(":")
    if holder.startswith(own):  # of a server before us that had our number
        return True
    if host != socket.gethostname() or not rest.isdigit():
        return False  # of another machine: its lease will tell
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


class Progress:
    """Who follows jobs: one look at the database serves all of them."""

    def __init__(self, database: Engine):
        self._database = database
        self._followed: Counter[str] = Counter()
        self._now: dict[str, jobs.Job] = {}
        self._looked = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None

    async def follow(self, id: str) -> AsyncIterator[jobs.Job | None]:
        """The job each time that something about it has changed, until it is over; None where nothing has for 15 seconds."""
        self._followed[id] += 1
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        last, quiet = None, 0.0
        try:
            while True:
                async with self._looked:
                    await self._looked.wait()
                job = self._now.get(id)
                if job is None:  # deleted with its script
                    return
                if job != last:
                    yield job
                    last, quiet = job, 0.0
                    if job.state in jobs.FINAL:
                        return
                elif (quiet := quiet + _POLL_SECONDS) >= 15:
                    yield None
                    quiet = 0.0
        finally:
            self._followed[id] -= 1
            if not self._followed[id]:
                del self._followed[id]

    async def _look(self) -> None:
        def found(ids: list[str]) -> dict[str, jobs.Job]:
            with self._database.connect() as connection:
                return {job.id: job for job in jobs.get_jobs(connection, ids)}

        while self._followed:
            try:
                self._now = await asyncio.to_thread(found, list(self._followed))
            except SQLAlchemyError as error:
                _log.error("looking at jobs: %s", type(error).__name__)
                await asyncio.sleep(_LOOK_SECONDS)
            async with self._looked:
                self._looked.notify_all()
            await asyncio.sleep(_POLL_SECONDS)
