"""A private PostgreSQL: a cluster of its own in a temporary folder, reached by a socket in it, gone after the tests."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy import text as sql


def programs() -> Path | None:
    """The folder of initdb and pg_ctl: that of Debian's package, or where PATH has it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return None if there is None else Path(there).parent


@contextlib.contextmanager
def cluster() -> Iterator[str]:
    """The address of a database in a running cluster; skips where no server is installed."""
    with restartable() as (address, _):
        yield address


@contextlib.contextmanager
def restartable() -> Iterator[tuple[str, Callable[[float], None]]]:
    """As `cluster`, and a function that stops the server, waits so many seconds, and starts it again."""
    folder = programs()
    if folder is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is not installed")
        pytest.skip("no PostgreSQL on this machine: install the package postgresql to run its tests")
    # PostgreSQL does not run as root.
    user = (
        next(u for u in ("postgres", "nobody") if u in {p.pw_name for p in pwd.getpwall()})
        if os.geteuid() == 0
        else None
    )
    root = Path(tempfile.mkdtemp(prefix="juqing-pg-"))
    server: subprocess.Popen[bytes] | None = None

    def start() -> None:
        nonlocal server
        settings = ["listen_addresses=", "fsync=off", "max_connections=50", "shared_buffers=16MB"]
        with (root / "log").open("a") as log:
            server = subprocess.Popen(
                [folder / "postgres", "-D", root / "data", "-k", root, *(word for each in settings for word in ("-c", each))],
                user=user, cwd=root, stdout=log, stderr=log,
            )  # fmt: skip
        for _ in range(600):
            if subprocess.run([folder / "pg_isready", "-q", "-h", root], check=False).returncode == 0:
                break
            assert server.poll() is None, (root / "log").read_text()
            time.sleep(0.1)

    def stop() -> None:
        if server is None:
            return
        server.send_signal(signal.SIGINT)  # without waiting for those who are connected
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()

    def restart(pause: float) -> None:
        stop()
        time.sleep(pause)
        start()

    try:
        if user is not None:
            shutil.chown(root, user)
        options = ["-U", "juqing", "--auth=trust", "--no-sync", "-E", "UTF8", "--locale=C"]
        with (root / "log").open("w") as log:
            done = subprocess.run(
                [folder / "initdb", "-D", root / "data", *options],
                user=user, cwd=root, stdout=log, stderr=log, check=False,
            )  # fmt: skip
        assert done.returncode == 0, (root / "log").read_text()
        start()
        yield f"postgresql://juqing@/postgres?host={root}", restart
    finally:
        stop()
        shutil.rmtree(root, ignore_errors=True)


def emptied(address: str) -> str:
    """The address, after everything in the database was dropped: quicker than a new database, which is a thousand files."""
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sql("DROP SCHEMA public CASCADE"))
        connection.execute(sql("CREATE SCHEMA public"))
    engine.dispose()
    return address


def file_bytes(folder: Path) -> bytes:
    """All files of a folder of SQLite's, read by another process: closing one here would drop the locks that this one holds."""
    return subprocess.run(["cat", *folder.iterdir()], capture_output=True, check=True).stdout
