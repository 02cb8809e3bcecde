"""What a store promises, on SQLite and on a real PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
from conftest import ENGLISH, FEATURE, SHORT
from databases import cluster, emptied, file_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, inspect
from sqlalchemy import text as sql

import juqing.store.database
import juqing.store.migrations
from juqing.emotions import EMOTION_NAMES
from juqing.errors import InputError, OutputError
from juqing.reading.aliases import merge_aliases
from juqing.reading.files import read_bytes, read_text
from juqing.script import Script
from juqing.store import Edited, apply_migrations, edits, jobs, load_edited, open_database, reading, scripts, writing

TEXT = "第一场 渡口 日 外\n甲：你好。\n乙：（怒）走开！\n△甲转身，乙追上。\n第二场 屋 夜 内\n甲：我怕。\n".encode()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with cluster() as started:
        yield started


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/a folder/juqing.sqlite3"
    return emptied(request.getfixturevalue("address"))


@pytest.fixture
def database(url: str) -> Iterator[Engine]:
    engine = open_database(url)
    apply_migrations(engine)
    yield engine
    engine.dispose()


def stored(database: Engine, script: Script, id: str = "0" * 32) -> Script | None:
    with writing(database) as connection:
        connection.execute(sql("DELETE FROM scripts"))
        connection.execute(
            sql(
                "INSERT INTO scripts (id, name, title, format, language, version, created_at) VALUES (:id, '', '', '', '', 1, 0)"
            ),
            {"id": id},
        )
        scripts.save_script(connection, id, script)
    with reading(database) as connection:
        return scripts.load_script(connection, id)


def analyzed(
    database: Engine, name: str = "a.txt", data: bytes = TEXT, model: str = "m1"
) -> tuple[jobs.Job, Script, np.ndarray]:
    """A script that went through the queue, with made-up scores."""
    jobs.submit(database, name, data, model, model)
    job = jobs.claim(database, "w")
    assert job is not None
    script = scripts.storable(read_bytes(data, name))
    with writing(database) as connection:
        scripts.save_script(connection, job.script_id, script)
    values = (np.arange(script.n_cues * 6, dtype=np.float32).reshape(-1, 6) * np.float32(0.1)) % 3
    assert jobs.finish(database, job, 0.5, values)
    return job, script, values


def counts(database: Engine) -> dict[str, int]:
    with database.connect() as connection:
        tables = [t for t in inspect(connection).get_table_names() if t != "migrations"]
        return {t: connection.execute(sql(f"SELECT count(*) FROM {t}")).scalar_one() for t in tables}


def test_what_an_older_version_stored_is_kept(url, monkeypatch):
    steps = juqing.store.migrations.MIGRATIONS
    database = open_database(url)
    try:
        monkeypatch.setattr(juqing.store.migrations, "MIGRATIONS", steps[:1])
        assert apply_migrations(database) == 1
        script = scripts.storable(read_bytes(TEXT, "a.txt"))
        values = np.full((script.n_cues, 6), 1.5)
        with writing(database) as connection:
            id = scripts.add_script(connection, "a.txt", TEXT)
            scripts.save_script(connection, id, script)
            connection.execute(
                sql(
                    "INSERT INTO runs (id, script_id, model, fingerprint, rmse, created_at) VALUES ('r', :id, 'm', 'f', 0.5, 0)"
                ),
                {"id": id},
            )
            for k, row in enumerate(values.tolist()):
                named = dict(zip(EMOTION_NAMES, row, strict=True))
                connection.execute(
                    sql(
                        f"INSERT INTO scores (run_id, cue, {', '.join(named)}) "
                        f"VALUES ('r', :cue, {', '.join(f':{name}' for name in named)})"
                    ),
                    {"cue": k, **named},
                )
            connection.execute(sql("INSERT INTO aliases (script_id, alias, name) VALUES (:id, '乙', '甲')"), {"id": id})
            scripts.show_run(connection, id, "r")
        monkeypatch.setattr(juqing.store.migrations, "MIGRATIONS", steps)
        assert apply_migrations(database) == len(steps)
        with reading(database) as connection:
            edited = load_edited(connection, id)
        assert edited is not None and edited.scores is not None and edited.pending == ()
        assert edited.aliases == {"乙": "甲"} and [person.name for person in edited.script.cast] == ["甲"]
        assert np.array_equal(edited.scores.values, np.full((edited.script.n_cues, 6), 1.5))
    finally:
        database.dispose()


def test_migrations_run_once_and_together(database, monkeypatch):
    def second(connection):
        connection.execute(sql("CREATE TABLE new (a INTEGER)"))

    def broken(connection):
        connection.execute(sql("CREATE TABLE half (a INTEGER)"))
        raise RuntimeError

    first = juqing.store.migrations.MIGRATIONS
    monkeypatch.setattr(juqing.store.migrations, "MIGRATIONS", (*first, second, broken))
    with pytest.raises(RuntimeError):
        apply_migrations(database)
    assert not {"new", "half"} & set(inspect(database).get_table_names())
    monkeypatch.setattr(juqing.store.migrations, "MIGRATIONS", (*first, second))
    assert apply_migrations(database) == apply_migrations(database) == len(first) + 1
    with database.connect() as connection:
        rows = connection.execute(sql("SELECT number, name FROM migrations ORDER BY number")).all()
    assert rows == [*((k, step.__name__) for k, step in enumerate(first, start=1)), (len(first) + 1, "second")]
    monkeypatch.setattr(juqing.store.migrations, "MIGRATIONS", first)
    with pytest.raises(InputError, match="Update juqing"):
        apply_migrations(database)


def test_two_servers_migrate_at_once(url):
    engines = [open_database(url) for _ in range(4)]
    threads = [threading.Thread(target=apply_migrations, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with engines[0].connect() as connection:
        n = connection.execute(sql("SELECT count(*) FROM migrations")).scalar_one()
    assert n == len(juqing.store.migrations.MIGRATIONS)
    for engine in engines:
        engine.dispose()


@pytest.mark.parametrize("path", [FEATURE, SHORT, ENGLISH], ids=lambda path: path.suffix)
def test_a_script_comes_back_as_it_was(database, path):
    script = read_bytes(path.read_bytes(), path.name)
    assert stored(database, script) == script


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.sampled_from(
            [
                "甲：你\0好。",
                "1、屋 夜 内",
                "（他\U0001f600走了）",
                "ANN: \\u0000 'quoted\"",
                "乙（怒）：x\ty",
                "\ufeff",
            ]
        )
    )
)
def test_any_text_comes_back(database, lines):
    script = scripts.storable(read_text("\n".join(lines)))
    assert stored(database, script) == script


def test_nul_of_a_script_in_json_is_replaced_and_nothing_else(database):
    text = read_text("甲：a b\\u0000 c\n").to_json().replace(b"a b", rb"a\u0000b")
    script = scripts.storable(Script.from_json(text))
    (line,) = script.lines
    assert line.text == "a\ufffdb\\u0000 c"
    assert stored(database, script) == script


def test_the_same_file_and_model_have_one_job(database):
    first = jobs.submit(database, "a.txt", TEXT, "m1", "m1")
    again = jobs.submit(database, "other name.txt", TEXT, "m1", "m1")
    assert first.id == again.id
    assert jobs.submit(database, "a.txt", TEXT, "m2", "m2").id != first.id
    assert jobs.submit(database, "a.fountain", TEXT, "m1", "m1").script_id != first.script_id
    assert counts(database)["scripts"] == 2


def test_what_was_analyzed_is_not_analyzed_again(database):
    job, _, _ = analyzed(database)
    again = jobs.submit(database, "a.txt", TEXT, "m1", "m1")
    assert (again.id, again.state) == (job.id, "done")
    assert jobs.claim(database, "w") is None


def test_a_run_of_another_model_is_shown_until_the_first_is_asked_for_again(database):
    job, script, values = analyzed(database)
    jobs.submit(database, "a.txt", TEXT, "m2", "m2")
    second = jobs.claim(database, "w")
    assert second is not None
    jobs.finish(database, second, None, np.zeros((script.n_cues, 6), np.float32))

    def shown():
        with reading(database) as connection:
            edited = load_edited(connection, job.script_id)
        assert edited is not None and edited.scores is not None
        return edited.scores

    assert shown().model == "m2" and not shown().values.any()
    jobs.submit(database, "a.txt", TEXT, "m1", "m1")
    assert shown().model == "m1"
    assert (shown().values == values).all()
    assert shown().rmse == 0.5


def test_a_full_queue_takes_nothing_but_what_waits_already(database):
    for k in range(2):
        jobs.submit(database, "a.txt", TEXT + b"%d" % k, "m", "m", most=2)
    before = counts(database)
    with pytest.raises(jobs.QueueFullError, match="limit of this server is 2"):
        jobs.submit(database, "a.txt", TEXT, "m", "m", most=2)
    assert counts(database) == before
    assert jobs.submit(database, "a.txt", TEXT + b"0", "m", "m", most=2).state == "queued"
    assert jobs.claim(database, "w") is not None
    jobs.submit(database, "a.txt", TEXT, "m", "m", most=2)


def test_one_worker_gets_a_job(database):
    for k in range(12):
        jobs.submit(database, "a.txt", TEXT + b"%d" % k, "m", "m")
    taken: list[jobs.Job] = []

    def work(name: str) -> None:
        while (job := jobs.claim(database, name)) is not None:
            taken.append(job)

    threads = [threading.Thread(target=work, args=(f"w{k}",)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len({job.id for job in taken}) == 12


def test_jobs_are_taken_in_order(database):
    submitted = [jobs.submit(database, "a.txt", TEXT + b"%d" % k, "m", "m").id for k in range(3)]
    assert [job.id for _ in range(3) if (job := jobs.claim(database, "w"))] == submitted


def test_a_lost_job_is_queued_again_and_its_first_worker_cannot_finish(database):
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    first = jobs.claim(database, "w1")
    assert first is not None
    assert jobs.requeue_lost(database) == 0  # its lease runs
    with writing(database) as connection:
        connection.execute(sql("UPDATE jobs SET lease_until = 0"))
    assert jobs.requeue_lost(database) == 1
    second = jobs.claim(database, "w2")
    assert second is not None and second.id == first.id and second.attempts == 2
    assert jobs.report(database, first.id, "w1", "scoring", 1, 2) == "lost"
    values = np.zeros((0, 6), np.float32)
    assert not jobs.finish(database, first, None, values)
    jobs.fail(database, first.id, "w1", "late")
    assert jobs.finish(database, second, None, values)
    assert not jobs.finish(database, second, None, values)
    assert counts(database)["runs"] == 1


def test_a_worker_that_is_known_to_be_alive_keeps_its_job_whatever_the_clock_says(database):
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    assert jobs.claim(database, "w1") is not None
    with writing(database) as connection:
        connection.execute(sql("UPDATE jobs SET lease_until = 0"))
    assert jobs.requeue_lost(database, ["w0", "w1"]) == 0
    assert jobs.report(database, jobs.submit(database, "a.txt", TEXT, "m", "m").id, "w1") == "go on"
    with writing(database) as connection:
        connection.execute(sql("UPDATE jobs SET lease_until = 0"))
    assert jobs.requeue_lost(database, ["w0"]) == 1


def test_who_reads_does_not_wait_for_who_writes(url, monkeypatch):
    monkeypatch.setattr(juqing.store.database, "_BUSY_SECONDS", 1)
    database = open_database(url)
    apply_migrations(database)
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    with writing(database) as connection:
        connection.execute(sql("UPDATE jobs SET updated_at = 0"))
        if url.startswith("sqlite"):
            with pytest.raises(OutputError, match="locked"):
                apply_migrations(open_database(url))
        another = open_database(url)
        with reading(another) as reader:
            assert len(scripts.list_scripts(reader, 10)) == 1
        another.dispose()
    database.dispose()


def test_the_third_time_a_lost_job_fails(database):
    submitted = jobs.submit(database, "a.txt", TEXT, "m", "m")
    for _ in range(jobs.MAX_ATTEMPTS):
        assert jobs.claim(database, "host:1:2:") is not None
        assert jobs.requeue_of(database, "host:1:23:") == 0
        assert jobs.requeue_of(database, "host:1:") == 1
    with reading(database) as connection:
        job = jobs.get_job(connection, submitted.id)
    assert job is not None and job.state == "failed" and "3 times" in job.error
    again = jobs.submit(database, "a.txt", TEXT, "m", "m")
    assert again.id != submitted.id and again.state == "queued"


def test_an_orderly_stop_is_no_attempt(database):
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    for _ in range(jobs.MAX_ATTEMPTS + 2):
        job = jobs.claim(database, "host:1:2:")
        assert job is not None and job.attempts == 1
        jobs.requeue_of(database, "host:1:", counts=False)


def test_cancel(database):
    waiting = jobs.submit(database, "a.txt", TEXT, "m", "m")
    canceled = jobs.cancel(database, waiting.id)
    assert canceled is not None and canceled.state == "canceled"
    assert jobs.claim(database, "w") is None

    jobs.submit(database, "a.txt", TEXT, "m", "m")
    job = jobs.claim(database, "w")
    assert job is not None and job.id != waiting.id
    asked = jobs.cancel(database, job.id)
    assert asked is not None and asked.state == "running"
    assert jobs.report(database, job.id, "w", "scoring", 1, 2) == "canceled"
    jobs.stop(database, job.id, "w")
    with reading(database) as connection:
        found = jobs.get_job(connection, job.id)
    assert found is not None
    after = replace(asked, state="canceled", stage="scoring", done=1, total=2, worker="", updated_at=0)
    assert replace(found, updated_at=0) == after
    assert jobs.cancel(database, "f" * 32) is None


def test_uploading_again_takes_a_cancel_back(database):
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    job = jobs.claim(database, "w")
    assert job is not None
    jobs.cancel(database, job.id)
    assert jobs.submit(database, "a.txt", TEXT, "m", "m").id == job.id
    assert jobs.report(database, job.id, "w") == "go on"
    jobs.cancel(database, job.id)
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    jobs.stop(database, job.id, "w")  # the worker had heard of the first only
    with reading(database) as connection:
        found = jobs.get_job(connection, job.id)
    assert found is not None and found.state == "queued"


def test_deleting_leaves_nothing(database, url):
    secret = "滂沱悱恻"
    job, _, _ = analyzed(database, data=TEXT + f"甲：{secret}\n乙：{secret}！\n".encode() * 500)
    other, script, values = analyzed(database, data=TEXT)
    with writing(database) as connection:
        edits.set_aliases(connection, job.script_id, {"乙": "甲"})
        edits.set_correction(connection, job.script_id, edits.Correction(0, "joy", 2.0))
    before = counts(database)
    assert all(before.values()) and before["scripts"] == 2
    assert scripts.delete_script(database, job.script_id)
    assert not scripts.delete_script(database, job.script_id)
    left = counts(database)
    assert left == {
        **dict.fromkeys(left, 0), "scripts": 1, "runs": 1, "jobs": 1,
        "scenes": len(script.scenes), "lines": len(script.lines), "cues": script.n_cues, "scores": len(values),
    }  # fmt: skip
    with reading(database) as connection:
        edited = load_edited(connection, other.script_id)
    assert edited is not None and edited.script == script
    if url.startswith("sqlite"):
        folder = Path(url.removeprefix("sqlite:///")).parent
        data = file_bytes(folder)
        assert secret.encode() not in data
        assert "你好".encode() in data
        assert len(data) < 300_000
        assert [file.stat().st_mode & 0o077 for file in folder.iterdir()] == [0] * len(list(folder.iterdir()))


def test_a_worker_of_a_deleted_script_stores_nothing(database):
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    job = jobs.claim(database, "w")
    assert job is not None
    scripts.delete_script(database, job.script_id)
    assert jobs.report(database, job.id, "w", "scoring", 1, 2) == "lost"
    assert not jobs.finish(database, job, None, np.zeros((1, 6), np.float32))
    assert not any(counts(database).values())


def test_merges_and_corrections_are_shown_and_taken_back(database):
    job, script, values = analyzed(database)
    line = next(line for line in script.lines if line.kind == "action")
    (a, b) = (cue.index for cue in script.cues if cue.line == line.index)

    def shown():
        with reading(database) as connection:
            edited = load_edited(connection, job.script_id)
        assert edited is not None and edited.scores is not None
        return edited, edited.scores.values

    version = shown()[0].stored.version
    with writing(database) as connection:
        edits.set_aliases(connection, job.script_id, {"乙": "甲", "甲": "甲"})
    merged, shown_values = shown()
    assert merged.stored.version > version
    assert set(merged.script.characters) == {"甲"}
    assert merged.script.n_cues == script.n_cues - 1
    k = merged.cue_ids.index(min(a, b))
    np.testing.assert_allclose(shown_values[k], values[[a, b]].mean(axis=0), rtol=1e-6)
    with writing(database) as connection:
        edits.set_correction(connection, job.script_id, edits.Correction(merged.cue_ids[k], "fear", 1.0))
        edits.set_correction(connection, job.script_id, edits.Correction(merged.cue_ids[k], "fear", 2.5))
    assert shown()[1][k, 4] == 2.5
    assert shown()[0].corrected.sum() == 1
    with writing(database) as connection:
        edits.set_aliases(connection, job.script_id, {})
        assert edits.delete_correction(connection, job.script_id, min(a, b), "fear")
        assert not edits.delete_correction(connection, job.script_id, min(a, b), "fear")
    assert shown()[0].script == script
    assert (shown()[1] == values).all()


@pytest.mark.parametrize(
    "aliases",
    [{"丙": "甲"}, {"转身": "丙"}, {"乙": " "}, {"乙": "甲", "甲": "乙"}, {"乙": "x" * 101}, {"乙": "a\nb"}],
)
def test_wrong_merges_are_refused(database, aliases):
    job, _, _ = analyzed(database)
    with pytest.raises(InputError), writing(database) as connection:
        edits.set_aliases(connection, job.script_id, aliases)
    assert counts(database)["aliases"] == 0


NICKNAMED = "1、渡口 日 外\n王建国：你好。\n小李：（怒）走开！\n△老王站起来，大嗓门笑了。\n2、屋 夜 内\n△老王哭了。\n小李：（看老王）我怕。\n".encode()


def test_a_name_that_only_the_text_has_makes_new_cues(database):
    job, script, values = analyzed(database, data=NICKNAMED)
    assert script.characters == ("小李", "王建国")
    id = job.script_id

    def shown():
        with reading(database) as connection:
            edited = load_edited(connection, id)
        assert edited is not None
        return edited

    def strengths(edited: Edited) -> np.ndarray:
        assert edited.scores is not None
        return edited.scores.values

    def given(aliases: dict[str, str]):
        with writing(database) as connection:
            edits.set_aliases(connection, id, aliases)
        return shown()

    def worked(value: float) -> tuple[int, ...]:
        """The job that reads and scores with the names, done; the numbers of the cues."""
        claimed = jobs.claim(database, "w")
        assert claimed is not None and claimed.script_id == id and claimed.fingerprint.startswith("m1+")
        with reading(database) as connection:
            read = edits.read_given(connection, id, script)
        filled = np.full((read.n_cues, 6), value, np.float32)
        assert jobs.finish(database, claimed, 0.5, filled, read.cues)
        return shown().cue_ids

    edited = given({"老王": "王建国"})
    assert edited.pending == ("老王",) and edited.pending_job is not None
    assert edited.script.cues == script.cues and (strengths(edited) == values).all()  # what is known at once
    assert edited.script.cast[0].merged == ("老王",)
    again = given({"老王": "王建国"})
    assert again.pending_job == edited.pending_job and counts(database)["jobs"] == 2
    ids = worked(1.0)

    edited = shown()
    assert not edited.pending and edited.pending_job is None and edited.stored.run_id is not None
    wanted = merge_aliases(script, {"王建国": ["老王"]})
    assert edited.script == wanted and len(wanted.cues) == script.n_cues + 3
    assert (strengths(edited) == 1).all()
    assert [cue for cue in ids if cue < script.n_cues] == list(range(script.n_cues)) and len(set(ids)) == len(ids)

    # A new cue can be corrected, and keeps its number whatever else is given.
    (new,) = (k for k, cue in enumerate(wanted.cues) if wanted.lines[cue.line].text == "老王哭了。")
    with writing(database) as connection:
        edits.set_correction(connection, id, edits.Correction(ids[new], "sorrow", 3.0))
        edits.set_correction(connection, id, edits.Correction(0, "joy", 2.0))
    edited = shown()
    assert strengths(edited)[new, 5] == 3.0 and strengths(edited)[0, 1] == 2.0 and edited.corrected.sum() == 2
    edited = given({"老王": "王建国", "大嗓门": "小李"})
    assert edited.pending == ("大嗓门", "老王") and strengths(edited)[0, 1] == 2.0 and edited.corrected.sum() == 1
    more = worked(2.0)
    edited = shown()
    assert set(ids) < set(more) and len(more) == len(ids) + 1
    assert strengths(edited)[more.index(ids[new]), 5] == 3.0

    # Merges of names that the reader knew still show at once, over the new cues too.
    edited = given({"老王": "老板", "大嗓门": "小李", "王建国": "老板"})
    assert not edited.pending and set(edited.script.characters) == {"老板", "小李"}
    assert set(edited.script.cast[0].merged) == {"老王", "王建国"}
    assert strengths(edited)[edited.cue_ids.index(ids[new]), 5] == 3.0

    # Taken back, and given again: nothing is scored twice.
    edited = given({})
    assert edited.script == script and strengths(edited)[0, 1] == 2.0
    assert (strengths(edited)[1:] == values[1:]).all()
    edited = given({"老王": "王建国"})
    assert not edited.pending and edited.cue_ids == ids
    assert jobs.claim(database, "w") is None
    assert scripts.delete_script(database, id)
    assert not any(counts(database).values())


def test_a_job_with_names_that_are_others_by_now_is_stopped(database):
    job, _, _ = analyzed(database, data=NICKNAMED)

    def give(aliases: dict[str, str]) -> None:
        with writing(database) as connection:
            edits.set_aliases(connection, job.script_id, aliases)

    give({"老王": "王建国"})
    running = jobs.claim(database, "w")
    assert running is not None
    give({"老王": "小李"})  # that one is stopped, another waits
    assert jobs.report(database, running.id, "w") == "canceled"
    give({"老王": "王建国"})
    assert jobs.report(database, running.id, "w") == "go on"
    assert jobs.claim(database, "w2") is None
    give({})
    assert jobs.report(database, running.id, "w") == "canceled"
    jobs.stop(database, running.id, "w")
    with reading(database) as connection:
        assert jobs.count_jobs(connection) == {"done": 1, "canceled": 2}


def test_names_that_were_given_before_the_scores_are_queued_with_them(database):
    submitted = jobs.submit(database, "a.txt", NICKNAMED, "m1", "m1")
    job = jobs.claim(database, "w")
    assert job is not None
    script = scripts.storable(read_bytes(NICKNAMED, "a.txt"))
    with writing(database) as connection:
        scripts.save_script(connection, job.script_id, script)
        edits.set_aliases(connection, job.script_id, {"老王": "王建国"})
    with reading(database) as connection:
        edited = load_edited(connection, job.script_id)
    assert edited is not None and edited.scores is None and edited.pending == ("老王",) and edited.pending_job is None
    jobs.finish(database, job, None, np.zeros((script.n_cues, 6), np.float32))
    second = jobs.claim(database, "w")
    assert second is not None and second.id != submitted.id
    jobs.fail(database, second.id, "w", "no")
    assert jobs.claim(database, "w") is None
    jobs.submit(database, "a.txt", NICKNAMED, "m1", "m1")  # tries once more
    assert (third := jobs.claim(database, "w")) is not None and third.fingerprint == second.fingerprint
    # Another model has not read them yet.
    jobs.submit(database, "a.txt", NICKNAMED, "m2", "m2")
    other = jobs.claim(database, "w")
    assert other is not None and other.fingerprint == "m2"
    jobs.finish(database, other, None, np.zeros((script.n_cues, 6), np.float32))
    last = jobs.claim(database, "w")
    assert last is not None and last.fingerprint.startswith("m2+")
    assert jobs.report(database, third.id, "w") == "canceled"


def test_a_table_says_itself_who_is_in_a_line(database):
    data = "id\tcontent\tcharacter\n1_0001_A_1\t老王走了。\t王建国\n".encode()
    job, script, _ = analyzed(database, "a.tsv", data)
    assert script.format == "table"
    with pytest.raises(InputError, match="nobody"), writing(database) as connection:
        edits.set_aliases(connection, job.script_id, {"老王": "王建国"})


@pytest.mark.parametrize("correction", [(999, "joy", 1.0), (0, "hate", 1.0), (0, "joy", 3.1), (0, "joy", float("nan"))])
def test_wrong_corrections_are_refused(database, correction):
    job, _, _ = analyzed(database)
    with pytest.raises(InputError), writing(database) as connection:
        edits.set_correction(connection, job.script_id, edits.Correction(*correction))


def test_pages_hold_every_script_once(database):
    for k in range(7):
        jobs.submit(database, "a.txt", TEXT + b"%d" % k, "m", "m")
    seen, before = [], None
    with reading(database) as connection:
        while page := scripts.list_scripts(connection, 3, before):
            seen += [script.id for script in page]
            before = (page[-1].created_at, page[-1].id)
        everything = [script.id for script in scripts.list_scripts(connection, 100)]
        newest = jobs.newest_jobs(connection, everything)
        assert jobs.newest_jobs(connection, []) == {} and jobs.get_jobs(connection, []) == []
    assert seen == everything and len(set(seen)) == 7
    assert set(newest) == set(everything)


def test_a_failed_file_can_be_uploaded_again(database):
    jobs.submit(database, "a.txt", TEXT, "m", "m")
    job = jobs.claim(database, "w")
    assert job is not None
    jobs.fail(database, job.id, "w", "no\0t a script")
    again = jobs.submit(database, "a.txt", TEXT, "m", "m")
    assert again.id != job.id and again.state == "queued"
    with reading(database) as connection:
        assert scripts.get_source(connection, job.script_id) == ("a.txt", TEXT)
        assert jobs.get_job(connection, job.id).error == "no\ufffdt a script"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://a/b", "sqlite://", "sqlite:///:memory:", "postgresql://juqing@127.0.0.1:1/x"]
)
def test_addresses_that_are_none(url):
    with pytest.raises(InputError) as error:
        open_database(url)
    assert error.value.remedy


def test_rows_hold_every_field():
    # A field that is added to these and not to the tables would be lost in silence.
    from juqing.script import Cue, Line, Scene

    assert [len(msgspec.structs.fields(each)) for each in (Scene, Line, Cue)] == [11, 11, 9]
