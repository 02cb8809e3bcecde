"""What a worker does with a job, in this process."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import SHORT
from served import TALK
from sqlalchemy import Engine
from sqlalchemy import text as sql

import juqing
from juqing.reading import read_script
from juqing.runtime import shipped_models
from juqing.store import apply_migrations, edits, jobs, open_database, scripts, writing
from juqing.web import worker
from juqing.web.work import find_models, fingerprint

TFIDF = {"m": str(next(each.folder for each in shipped_models() if each.name == "tfidf"))}


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = open_database(f"sqlite:///{tmp_path}/juqing.sqlite3")
    apply_migrations(engine)
    yield engine
    engine.dispose()


def worked(database: Engine, data: bytes = TALK.encode(), name: str = "talk.txt", mark: str = "m") -> jobs.Job:
    """A job after a worker had it."""
    jobs.submit(database, name, data, "model", mark)
    job = jobs.claim(database, "w")
    assert job is not None
    worker._work(database, job, TFIDF, {})
    with database.connect() as connection:
        found = jobs.get_job(connection, job.id)
    assert found is not None
    return found


def test_a_job_is_done(database):
    assert worked(database).state == "done"


def test_a_fault_is_told_and_logged_without_its_message(database, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)

    def broken(name: str, data: bytes) -> Any:
        raise ValueError(f"secret text of {name}")

    monkeypatch.setattr(worker, "_read", broken)
    job = worked(database)
    assert job.state == "failed" and "ValueError" in job.error
    assert "secret" not in job.error + caplog.text
    assert "test_worker.py" in caplog.text


def test_a_model_that_is_gone(database):
    job = worked(database, mark="of another version")
    assert job.state == "failed" and "not here any more" in job.error


def test_a_script_that_was_deleted_meanwhile(database, monkeypatch, caplog):
    read = worker._read

    def deleted(name: str, data: bytes) -> Any:
        script = read(name, data)
        with database.connect() as connection:
            (found,) = scripts.list_scripts(connection, 2)
        scripts.delete_script(database, found.id)
        return script

    monkeypatch.setattr(worker, "_read", deleted)
    jobs.submit(database, "talk.txt", TALK.encode(), "model", "m")
    job = jobs.claim(database, "w")
    assert job is not None
    worker._work(database, job, TFIDF, {})
    with database.connect() as connection:
        assert jobs.count_jobs(connection) == {}
    assert not caplog.records


def test_names_that_are_others_by_now(database):
    job = worked(database)

    def give(aliases: dict[str, str]) -> None:
        with writing(database) as connection:
            edits.set_aliases(connection, job.script_id, aliases)

    give({"转身": "甲"})
    claimed = jobs.claim(database, "w")
    assert claimed is not None
    give({"你好": "乙"})
    worker._work(database, claimed, TFIDF, {})
    with database.connect() as connection:
        found = jobs.get_job(connection, claimed.id)
        n_runs = connection.execute(sql("SELECT count(*) FROM runs")).scalar_one()
    assert found is not None and found.state == "canceled" and n_runs == 1


def test_scoring_tells_its_batches_and_can_be_stopped(monkeypatch):
    monkeypatch.setitem(os.environ, "JUQING_THREADS", "1")
    recognizer, script = juqing.load("scene"), read_script(SHORT)
    told: list[tuple[int, int]] = []
    worker._listen(recognizer, lambda done, total: told.append((done, total)))
    recognizer.score(script)
    assert [done for done, _ in told] == list(range(told[0][1])) and told[0][1] >= 1

    def stop(done: int, total: int) -> None:
        raise worker._Stopped

    worker._listen(recognizer, stop)
    with pytest.raises(worker._Stopped):
        recognizer.score(script)


def test_a_model_is_named_by_its_files(tmp_path):
    (tmp_path / "config.json").write_text('{"format": 1, "recognizer": "lexicon"}')
    first = fingerprint(tmp_path)
    assert fingerprint(tmp_path) == first
    (tmp_path / "README.md").write_text("the card does not count")
    assert fingerprint(tmp_path) == first
    (tmp_path / "weights.npz").write_bytes(b"")
    assert fingerprint(tmp_path) != first
    assert next(iter(find_models("tfidf"))) == "tfidf"
    assert next(iter(find_models(str(tmp_path)))) == tmp_path.name
