"""The tables, made and changed by numbered steps: each is a small function, run in one transaction with the record that it ran."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine
from sqlalchemy import text as sql

from juqing.errors import InputError, OutputError
from juqing.store.database import UNAVAILABLE, is_sqlite, why, writing

_LOCK = 0x6A757169  # of PostgreSQL, so that of several servers that start one migrates


def apply_migrations(database: Engine) -> int:
    """Run the steps that have not run yet; the number of the last one.

    Raises:
        InputError: The database was written by a newer juqing.
        OutputError: It cannot be written: it is full, locked or gone.
    """
    try:
        return _apply(database)
    except UNAVAILABLE as error:
        database.dispose()
        raise OutputError(
            f"the database cannot be written ({why(error)}).",
            "Make room, end what holds it, or choose another with --database-url.",
        ) from None


def _apply(database: Engine) -> int:
    with writing(database) as connection:
        if not is_sqlite(connection):
            connection.execute(sql("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(
            sql(
                "CREATE TABLE IF NOT EXISTS migrations "
                "(number INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at DOUBLE PRECISION NOT NULL)"
            )
        )
        last = connection.execute(sql("SELECT coalesce(max(number), 0) FROM migrations")).scalar_one()
        if last > len(MIGRATIONS):
            raise InputError(
                f"the database is at step {last}, and this version knows {len(MIGRATIONS)}.", "Update juqing."
            )
        for number, step in enumerate(MIGRATIONS[last:], start=last + 1):
            step(connection)
            connection.execute(
                sql("INSERT INTO migrations (number, name, applied_at) VALUES (:number, :name, :now)"),
                {"number": number, "name": step.__name__, "now": time.time()},
            )
        return len(MIGRATIONS)


def first_tables(connection: Connection) -> None:
    """All tables of version 0.1. Lists are JSON; times are seconds since 1970; cells are ordered by `place`, from 0."""
    for statement in _FIRST_TABLES.split(";"):
        if statement.strip():
            connection.execute(sql(statement))


def names_in_the_text(connection: Connection) -> None:
    """Aliases that the reader did not know, and runs over what was read with them."""
    connection.execute(
        sql("ALTER TABLE aliases ADD COLUMN read_as TEXT NOT NULL DEFAULT ''")
    )  # who of the cast it is; or empty
    connection.execute(
        sql("ALTER TABLE runs ADD COLUMN cues BYTEA")
    )  # as JSON, where they are others than the script's


MIGRATIONS: tuple[Callable[[Connection], None], ...] = (first_tables, names_in_the_text)

_FIRST_TABLES = """
CREATE TABLE scripts (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    source BYTEA,                 -- the file, until it has been read
    title TEXT NOT NULL,
    format TEXT NOT NULL,
    language TEXT NOT NULL,
    n_scenes INTEGER,             -- the four are null until the file has been read
    n_lines INTEGER,
    n_cues INTEGER,
    n_characters INTEGER,
    rest BYTEA,                   -- the script as JSON, without its scenes and cues
    run_id TEXT,                  -- the run whose scores are shown
    version INTEGER NOT NULL,     -- counts every change that a reader can see
    created_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX scripts_by_time ON scripts (created_at, id);
CREATE TABLE scenes (
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    heading TEXT NOT NULL,
    source TEXT NOT NULL,
    number TEXT NOT NULL,
    interior TEXT NOT NULL,
    location TEXT NOT NULL,
    day_time TEXT NOT NULL,
    printed_cast TEXT NOT NULL,
    part TEXT NOT NULL,
    flag TEXT NOT NULL,
    PRIMARY KEY (script_id, place)
);
CREATE TABLE lines (
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    scene INTEGER NOT NULL,
    kind TEXT NOT NULL,
    content TEXT NOT NULL,
    printed TEXT NOT NULL,
    source TEXT NOT NULL,
    speakers TEXT NOT NULL,
    parentheticals TEXT NOT NULL,
    delivery TEXT NOT NULL,
    mentioned TEXT NOT NULL,
    flag TEXT NOT NULL,
    PRIMARY KEY (script_id, place)
);
CREATE TABLE cues (
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,
    line INTEGER NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    cue_id TEXT NOT NULL,
    found_by TEXT NOT NULL,
    word TEXT NOT NULL,
    rule TEXT NOT NULL,
    antecedent INTEGER,
    PRIMARY KEY (script_id, place)
);
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    rmse DOUBLE PRECISION,
    created_at DOUBLE PRECISION NOT NULL,
    UNIQUE (script_id, fingerprint)
);
CREATE TABLE scores (
    run_id TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    cue INTEGER NOT NULL,
    love REAL NOT NULL,
    joy REAL NOT NULL,
    fright REAL NOT NULL,
    anger REAL NOT NULL,
    fear REAL NOT NULL,
    sorrow REAL NOT NULL,
    PRIMARY KEY (run_id, cue)
);
CREATE TABLE jobs (
    id TEXT PRIMARY KEY,
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL,          -- queued, running, done, failed, canceled
    stage TEXT NOT NULL,          -- of a running one: reading, scoring, saving
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    worker TEXT NOT NULL,         -- who runs it, and until when it is believed to be alive
    lease_until DOUBLE PRECISION NOT NULL,
    cancel INTEGER NOT NULL,
    error TEXT NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    updated_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX jobs_by_state ON jobs (state, created_at);
CREATE INDEX jobs_by_script ON jobs (script_id, created_at);
CREATE UNIQUE INDEX jobs_once ON jobs (script_id, fingerprint) WHERE state IN ('queued', 'running');
CREATE TABLE aliases (
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    alias TEXT NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (script_id, alias)
);
CREATE TABLE corrections (
    script_id TEXT NOT NULL REFERENCES scripts (id) ON DELETE CASCADE,
    cue INTEGER NOT NULL,
    emotion TEXT NOT NULL,
    value REAL NOT NULL,
    created_at DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (script_id, cue, emotion)
);
"""
