"""Opening a database, and the two kinds of transactions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc, make_url
from sqlalchemy import text as sql

from juqing.errors import InputError, OutputError

UNAVAILABLE = (exc.OperationalError, exc.InterfaceError, exc.TimeoutError)
"""What is raised where the database is gone, busy or full: not a fault of what was asked."""
_BUSY_SECONDS = 30
# As long as SQLite waits for another that writes; a server that is gone without a word is noticed.
_POSTGRES = {
    "connect_timeout": "10",
    "options": f"-c lock_timeout={_BUSY_SECONDS}s",
    "keepalives_idle": "30",
    "tcp_user_timeout": f"{1000 * _BUSY_SECONDS}",
}


def default_url() -> str:
    """The SQLite file in the user's data folder."""
    from platformdirs import user_data_path

    return f"sqlite:///{user_data_path('juqing', appauthor=False) / 'juqing.sqlite3'}"


def open_database(url: str) -> Engine:
    """Open a database, not yet migrated.

    Args:
        url: `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`.

    Raises:
        InputError: The URL names no database of these two kinds, or the database does not answer.
        OutputError: The folder of the SQLite file cannot be made.
    """
    remedy = "Use sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME."
    try:
        parsed = make_url(url)
        kind = parsed.get_backend_name()
    except (exc.SQLAlchemyError, ValueError):
        raise InputError("the address of the database is not one.", remedy) from None
    # Parameters may be the text of a script, and must not end up in a message or a log.
    options: dict[str, Any] = {"hide_parameters": True, "pool_size": 10, "max_overflow": 20}
    if kind == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InputError("several processes share the database, which one in memory cannot be.", remedy)
        _make_private(Path(parsed.database))
        database = create_engine(parsed, connect_args={"timeout": _BUSY_SECONDS, "isolation_level": None}, **options)
        event.listen(database, "connect", _prepare_sqlite)
        event.listen(database, "begin", _begin_sqlite)
    elif kind in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
        for name, value in _POSTGRES.items():
            if name not in parsed.query:
                parsed = parsed.update_query_dict({name: value})
        database = create_engine(parsed, pool_pre_ping=True, **options)
    else:
        raise InputError(f"{kind} is not a database that juqing uses.", remedy)
    try:
        with database.connect() as connection:
            connection.execute(sql("SELECT 1"))
    except exc.DBAPIError as error:
        database.dispose()
        raise InputError(f"the database cannot be opened ({why(error)}).", remedy) from None
    return database


def why(error: exc.SQLAlchemyError) -> str:
    """What the database itself says of an error, in a line."""
    return str(getattr(error, "orig", None) or error).strip().split("\n")[0]


def is_sqlite(connection: Connection | Engine) -> bool:
    """Whether this is SQLite rather than PostgreSQL."""
    return connection.dialect.name == "sqlite"


@contextmanager
def reading(database: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database, whatever others write meanwhile."""
    with database.connect() as connection:
        if is_sqlite(connection):
            yield connection
        else:
            yield connection.execution_options(isolation_level="REPEATABLE READ")


@contextmanager
def writing(database: Engine) -> Iterator[Connection]:
    """A transaction that is committed when all went well; on SQLite it waits for its turn before its first statement."""
    with database.connect().execution_options(juqing_write=True) as connection, connection.begin():
        yield connection


def _make_private(path: Path) -> None:
    """Make the folder and the file, for this user alone: scripts are confidential."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # A file that is there is not opened: closing it would drop the locks that SQLite holds on it in this process.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise OutputError(
            f"the database cannot be written: {error.strerror or error}.",
            "Choose another file with --database-url.",
            path=path,
        ) from None


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # Deleting gives pages back. It counts in an empty file alone, and would wait for whoever is writing in any other.
    if connection.execute("PRAGMA page_count").fetchone()[0] == 0:
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")  # what was accepted outlives a power cut
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA secure_delete=ON")  # deleted text is overwritten with zeros


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that begins by reading cannot always become one that writes: those that write say so at once.
    write = connection.get_execution_options().get("juqing_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
