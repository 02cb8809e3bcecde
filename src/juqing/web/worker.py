"""A worker process: takes queued jobs one at a time, reads and scores the script, stores the result.

It is started by `work.Workers`, which writes one line of JSON to its standard input and keeps that open: when it ends, so does the
worker, at once. On its standard output the worker says which job it is at. It runs at low priority and scores on one core, so that
the server stays quick.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from juqing.errors import JuqingError, ScriptError
from juqing.scores import Recognizer
from juqing.script import Script
from juqing.store import UNAVAILABLE, jobs, open_database, reading, writing
from juqing.store.database import why
from juqing.store.edits import read_given
from juqing.store.scripts import get_given, get_source, load_script, save_script, storable, with_given

_log = logging.getLogger("juqing.web.worker")
_NICE = 5
_WAIT_SECONDS = 0.2
_PAUSE_SECONDS = 5.0
_REPORT_SECONDS = 0.3
_SPARE_SECONDS = 60.0


class _Stopped(Exception):
    """The job is canceled, or another's by now."""


def main() -> None:
    """Work until standard input ends."""
    told = json.loads(sys.stdin.buffer.readline())
    _end_with_server()
    said = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever else is printed is no word to the server
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the server, which ends its workers
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    if hasattr(os, "nice"):
        os.nice(_NICE)
    os.environ["JUQING_THREADS"] = "1"
    recognizers: dict[str, Recognizer] = {}
    with contextlib.suppress(JuqingError):  # said when a job wants it
        _recognizer(next(iter(told["models"])), told["models"], recognizers)
    database = None
    while database is None:
        try:
            database = open_database(told["url"])
        except JuqingError:
            _log.error("the database cannot be opened")
            time.sleep(_PAUSE_SECONDS)
    while True:
        try:
            job = jobs.claim(database, told["name"])
            if job is None:
                time.sleep(_WAIT_SECONDS)
                continue
            print(job.id, file=said, flush=True)
            # The server kills a worker whose job takes too long; this ends one whose server is gone too.
            faulthandler.dump_traceback_later(told["seconds"] + _SPARE_SECONDS, exit=True)
            try:
                _work(database, job, told["models"], recognizers)
            finally:
                faulthandler.cancel_dump_traceback_later()
                print(file=said, flush=True)
        except UNAVAILABLE as error:  # the lease runs out, and the job is queued again
            _log.error("the database does not answer: %s", why(error))
            time.sleep(_PAUSE_SECONDS)


def _end_with_server() -> None:
    """End this process when standard input does."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
    with contextlib.suppress(ImportError, OSError):
        # A thread does not run while one long step of the analysis holds the interpreter; the signal, which nobody handles, ends it.
        import fcntl

        fcntl.fcntl(0, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(0, fcntl.F_SETFL, fcntl.fcntl(0, fcntl.F_GETFL) | os.O_ASYNC)


def _work(database: Engine, job: jobs.Job, models: dict[str, str], recognizers: dict[str, Recognizer]) -> None:
    started = time.monotonic()
    try:
        ended = _analyze(database, job, models, recognizers)
    except _Stopped:
        jobs.stop(database, job.id, job.worker)
        ended = "stopped"
    except JuqingError as error:
        jobs.fail(database, job.id, job.worker, str(error))
        ended = "refused"
    except UNAVAILABLE:
        raise
    except Exception as error:
        # Neither its message nor its values are logged: they may hold text of the script.
        places = " < ".join(
            f"{Path(frame.filename).name}:{frame.lineno}"
            for frame in reversed(traceback.extract_tb(error.__traceback__)[-6:])
        )
        _log.error("job %s failed: %s at %s", job.id, type(error).__name__, places)
        told = f"The analysis broke off by a fault of juqing ({type(error).__name__}). Please report it."
        jobs.fail(database, job.id, job.worker, told)
        ended = "failed"
    _log.info("job %s %s after %.1f s", job.id, ended, time.monotonic() - started)


def _analyze(database: Engine, job: jobs.Job, models: dict[str, str], recognizers: dict[str, Recognizer]) -> str:
    report = _reporter(database, job)
    report("reading", 0, 1)
    with reading(database) as connection:
        script, source = load_script(connection, job.script_id), get_source(connection, job.script_id)
    if script is None:
        if source is None:
            raise _Stopped  # deleted
        script = _read(*source)
        with writing(database) as connection:
            if not save_script(connection, job.script_id, script):
                raise _Stopped
    model, _, given = job.fingerprint.partition("+")
    cues = None
    if given:
        with reading(database) as connection:
            if with_given(model, get_given(connection, job.script_id)) != job.fingerprint:
                raise _Stopped  # the names are others by now
            script = read_given(connection, job.script_id, script)
        cues = script.cues
    if model not in models:
        raise ScriptError(f"the model {job.model!r} is not here any more.", "Upload the script again.")
    report("scoring", 0, 1)
    recognizer = _recognizer(model, models, recognizers)
    _listen(recognizer, lambda done, total: report("scoring", done, total))
    scores = recognizer.score(script)
    report("saving", 0, 1)
    return "done" if jobs.finish(database, job, scores.rmse, scores.values, cues) else "lost"


def _recognizer(fingerprint: str, models: dict[str, str], recognizers: dict[str, Recognizer]) -> Recognizer:
    """The model of a fingerprint, loaded once."""
    if fingerprint not in recognizers:
        from juqing.runtime import load

        recognizers[fingerprint] = load(models[fingerprint])
    return recognizers[fingerprint]


def _read(name: str, data: bytes) -> Script:
    from juqing.reading.files import read_bytes

    script = storable(read_bytes(data, name))
    if not script.cues:
        raise ScriptError(
            f"no character was found in {script.n_source_lines} lines: this looks like prose, or a layout that is not known.",
            "Speeches are read in forms such as 名字：台词, or as Fountain.",
        )
    return script


def _reporter(database: Engine, job: jobs.Job) -> Callable[[str, int, int], None]:
    """A function that says how far the job is, at most a few times a second, and raises `_Stopped` where it is not wanted any more."""
    last: tuple[str, float] = ("", 0.0)

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if stage == last[0] and now - last[1] < _REPORT_SECONDS:
            return
        last = (stage, now)
        if jobs.report(database, job.id, job.worker, stage, done, total) != "go on":
            raise _Stopped

    return report


def _listen(recognizer: Any, on_batch: Callable[[int, int], None]) -> None:
    """Hear of every batch of a network, be it the recognizer itself or a member of a mixture."""
    for member in (recognizer, *getattr(recognizer, "members", ())):
        if hasattr(member, "on_batch"):
            member.on_batch = on_batch


if __name__ == "__main__":
    main()
