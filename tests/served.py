"""A running application for tests, and how they talk to it."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from httpx2 import Client

from juqing.web import Settings

HERE = "http://127.0.0.1"
TALK = "第一场 渡口 日 外\n甲：你好，很高兴见到你。\n乙（怒）：走开！别碰我！\n△甲转身，乙追上。\n第二场 屋 夜 内\n甲：我怕。\n乙：（哭）别走。\n"


def settings(folder: Path, **changes: Any) -> Settings:
    """A small model, a database in a folder, and no limit of rates."""
    asked = {"database_url": f"sqlite:///{folder}/juqing.sqlite3", "model": "tfidf", "rate": 1e6, **changes}
    return Settings(**asked)


def upload(client: Client, name: str, data: bytes) -> dict[str, Any]:
    """Upload a file; what came back."""
    answer = client.post("/api/scripts", files={"file": (name, data)})
    assert answer.status_code == 202, answer.text
    return answer.json()


def finished(client: Client, job: str, *, seconds: float = 60.0) -> dict[str, Any]:
    """A job once it is over."""
    until, found = time.monotonic() + seconds, None
    while time.monotonic() < until:
        found = client.get(f"/api/jobs/{job}").json()
        if found["state"] in ("done", "failed", "canceled"):
            return found
        time.sleep(0.05)
    raise AssertionError(f"the job is still {found}")


def analyzed(client: Client, name: str, data: bytes) -> str:
    """Upload a file and wait for its scores; the id of the script."""
    accepted = upload(client, name, data)
    job = finished(client, accepted["job"]["id"])
    assert job["state"] == "done", job
    return accepted["script"]["id"]


@contextlib.contextmanager
def listening(app: FastAPI) -> Iterator[str]:
    """The application behind a real socket, in a thread; its address."""
    with socket.create_server(("127.0.0.1", 0)) as here:
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [here]})
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.02)
            yield f"http://127.0.0.1:{here.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@contextlib.contextmanager
def command(
    database_url: str, *arguments: str, env: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """`juqing serve` as a process of its own; the process, its address, and what it printed after that. Killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "juqing", "serve", "--port", "0", "--model", "tfidf", "--database-url", database_url, *arguments],
        env={**os.environ, **(env or {})}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    with process, process.stdout:
        try:
            first = process.stdout.readline()
            address = next(word for word in first.split() if word.startswith("http"))
            yield process, address.rstrip("/"), first
        finally:
            process.kill()
