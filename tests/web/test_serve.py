"""`juqing serve` as a process: what it prints, what it refuses, and what is left when it is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import httpx2
import pytest
from conftest import SHORT
from databases import restartable
from served import TALK, command, finished, upload
from sqlalchemy import text as sql

from juqing.store import open_database
from juqing.store.jobs import MAX_ATTEMPTS

N_SCRIPTS = 12


def run(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "juqing", "serve", *arguments],
        env={**os.environ, **env}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_scripts_are_there_from_the_start_and_ctrl_c_ends_it(tmp_path):
    with command(f"sqlite:///{tmp_path}/j.sqlite3", str(SHORT)) as (process, address, printed):
        assert printed.startswith("juqing: http://127.0.0.1:")
        with httpx2.Client(base_url=address) as client:
            (script,) = client.get("/api/scripts").json()["scripts"]
            assert script["name"] == SHORT.name
            assert finished(client, script["job"]["id"])["state"] == "done"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stdout is not None and "Stopped." in process.stdout.read()


def test_another_host_prints_a_token_once_and_wants_it(tmp_path):
    url = f"sqlite:///{tmp_path}/j.sqlite3"
    with command(url, "--host", "0.0.0.0", "--workers", "0") as (process, address, _):
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "Others can reach this address" in line
        token = line.rpartition(" ")[2].strip()
        here = address.replace("0.0.0.0", "127.0.0.1")
        assert httpx2.get(f"{here}/api/scripts").status_code == 401
        assert httpx2.get(f"{here}/api/scripts", headers={"Authorization": f"Bearer {token}"}).status_code == 200
    with command(url, "--workers", "0", env={"JUQING_TOKEN": "x" * 20}) as (_, address, printed):
        assert "x" * 20 not in printed
        assert httpx2.get(f"{address}/api/scripts").status_code == 401


def test_what_it_refuses(tmp_path):
    url = f"sqlite:///{tmp_path}/j.sqlite3"
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.7")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = run("--port", str(taken.getsockname()[1]), "--database-url", url)
    assert done.returncode == 2 and "--port" in done.stderr and "Traceback" not in done.stderr
    for arguments, env, why in (
        (["--database-url", "mysql://x"], {}, "sqlite:///FILE"),
        (["--database-url", url, "--model", "none"], {}, "none"),
        (["--database-url", url], {"JUQING_TOKEN": "short"}, "16 characters"),
        (["--database-url", url, f"{tmp_path}/nowhere.txt"], {}, "no such file"),
        (["--database-url", url, f"{tmp_path}/a.pdf"], {}, "this is a PDF"),
        (["--database-url", f"sqlite:///{tmp_path}"], {}, "cannot be opened"),
    ):
        done = run("--port", "0", *arguments, **env)
        assert done.returncode == 2 and why in done.stderr and "Traceback" not in done.stderr


def test_without_the_extra_it_says_which(tmp_path):
    code = (
        "import sys; sys.modules['fastapi'] = None; sys.argv = ['juqing', 'serve']; from juqing.cli import main; main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert 'pip install -e ".[web]"' in done.stderr and "Traceback" not in done.stderr


# Expressions that backtrack for ever hold the interpreter, so that no other thread of the worker runs.
HANG = """
import pathlib, re, juqing.reading.files as files
read = files.read_bytes
def read_bytes(data, name, **options):
    if "hang" in name:
        pathlib.Path(__file__).with_name("hangs").touch()
        re.match("(a+)+$", "a" * 64 + "b")
    return read(data, name, **options)
files.read_bytes = read_bytes
"""


def hanging(folder: Path) -> dict[str, str]:
    """An environment in which workers hang at files whose names say so."""
    (folder / "sitecustomize.py").write_text(HANG)
    return {"PYTHONPATH": os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH")]))}


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_script_that_hangs_fails_and_the_next_one_is_analyzed(tmp_path):
    limit = ("--max-minutes", "0.05", "--workers", "1")
    with (
        command(f"sqlite:///{tmp_path}/j.sqlite3", *limit, env=hanging(tmp_path)) as (process, address, _),
        httpx2.Client(base_url=address) as client,
    ):
        hung = upload(client, "hang.txt", TALK.encode())["job"]["id"]
        wait_for(tmp_path / "hangs")
        (before,) = children(process.pid)
        after = upload(client, "talk.txt", TALK.encode() + b"\n")["job"]["id"]
        ended = finished(client, hung)
        assert ended["state"] == "failed" and ended["attempts"] == 1
        assert "longer than 0.05 minutes" in ended["error"] and "--max-minutes" in ended["error"]
        ended = finished(client, after)
        assert ended["state"] == "done" and ended["attempts"] == 1
        assert not is_alive(before) and len(children(process.pid)) == 1


@pytest.mark.parametrize("way", ["cancel", "delete"])
def test_a_script_that_hangs_can_be_given_up(tmp_path, way):
    with (
        command(f"sqlite:///{tmp_path}/j.sqlite3", "--workers", "1", env=hanging(tmp_path)) as (_, address, _),
        httpx2.Client(base_url=address) as client,
    ):
        hung = upload(client, "hang.txt", TALK.encode())
        wait_for(tmp_path / "hangs")
        after = upload(client, "talk.txt", TALK.encode() + b"\n")["job"]["id"]
        if way == "cancel":
            client.post(f"/api/jobs/{hung['job']['id']}/cancel")
            assert finished(client, hung["job"]["id"])["state"] == "canceled"
        else:
            client.delete(f"/api/scripts/{hung['script']['id']}")
        assert finished(client, after)["state"] == "done"


def test_a_worker_that_hangs_ends_with_its_server(tmp_path):
    url = f"sqlite:///{tmp_path}/j.sqlite3"
    with (
        command(url, "--workers", "1", env=hanging(tmp_path)) as (process, address, _),
        httpx2.Client(base_url=address) as client,
    ):
        upload(client, "hang.txt", TALK.encode())
        wait_for(tmp_path / "hangs")
        (worker,) = children(process.pid)
        process.kill()
        process.wait()
        until = time.monotonic() + 10
        while is_alive(worker):
            assert time.monotonic() < until
            time.sleep(0.05)


def test_a_full_queue_says_so(tmp_path):
    with (
        command(f"sqlite:///{tmp_path}/j.sqlite3", "--workers", "0", "--max-queued", "2") as (_, address, _),
        httpx2.Client(base_url=address) as client,
    ):
        first, _ = (upload(client, "a.txt", TALK.encode() + b"%d" % k) for k in range(2))
        refused = client.post("/api/scripts", files={"file": ("a.txt", TALK.encode())})
        assert refused.status_code == 503 and refused.headers["retry-after"]
        assert refused.headers["content-type"] == "application/problem+json"
        assert "limit of this server is 2 (--max-queued)" in refused.json()["detail"]
        assert len(client.get("/api/scripts").json()["scripts"]) == 2
        assert upload(client, "a.txt", TALK.encode() + b"0")["job"] == first["job"]  # waits already
        client.post(f"/api/jobs/{first['job']['id']}/cancel")
        upload(client, "a.txt", TALK.encode())


def test_postgresql_is_started_again_under_a_running_server():
    with (
        restartable() as (url, restart),
        command(url, "--workers", "1") as (_, address, _),
        httpx2.Client(base_url=address, timeout=60) as client,
    ):
        accepted = [upload(client, "a.txt", (TALK * 60 + f"△{k}。").encode())["job"]["id"] for k in range(6)]
        while client.get(f"/api/jobs/{accepted[0]}").json()["state"] == "queued":
            time.sleep(0.02)
        told: list[int] = []
        asking = threading.Event()

        def ask() -> None:
            while not asking.wait(0.1):
                told.append(client.get("/api/scripts").status_code)

        thread = threading.Thread(target=ask)
        thread.start()
        restart(3)
        asking.set()
        thread.join()
        assert set(told) <= {200, 503} and 503 in told
        assert client.get("/api/health").status_code == 200
        for job in accepted:  # the one that was at work has to wait until its lease has run out
            assert finished(client, job, seconds=120)["state"] == "done"


def test_after_a_kill_every_accepted_script_is_analyzed_once(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/j.sqlite3"
    accepted: list[str] = []
    for kill in range(MAX_ATTEMPTS):
        with command(url) as (process, address, _), httpx2.Client(base_url=address) as client:
            for k in range(N_SCRIPTS // MAX_ATTEMPTS):
                text = (TALK + f"△第{kill}次第{k}人。\n") * 5
                accepted.append(upload(client, "a.txt", text.encode())["script"]["id"])
            jobs = client.get("/api/scripts?limit=100").json()["scripts"]
            while not any(script["job"]["state"] == "running" for script in jobs):
                jobs = client.get("/api/scripts?limit=100").json()["scripts"]
            workers = children(process.pid)
            process.kill()
            process.wait()
        until = time.monotonic() + 10
        while any(map(is_alive, workers)):  # they hear of it at once
            assert time.monotonic() < until
            time.sleep(0.05)
    with command(url) as (_, address, _), httpx2.Client(base_url=address) as client:
        for script in client.get("/api/scripts?limit=100").json()["scripts"]:
            assert finished(client, script["job"]["id"])["state"] == "done"
            rows = client.get(f"/api/scripts/{script['id']}/scores").json()["rows"]
            assert rows
    assert len(set(accepted)) == N_SCRIPTS
    database = open_database(url)
    with database.connect() as connection:
        runs = connection.execute(sql("SELECT script_id, count(*) FROM runs GROUP BY script_id")).all()
        n_jobs = connection.execute(sql("SELECT count(*) FROM jobs")).scalar_one()
        wrong = connection.execute(
            sql("SELECT count(*) FROM scripts s WHERE n_cues <> (SELECT count(*) FROM scores WHERE run_id = s.run_id)")
        ).scalar_one()
    database.dispose()
    assert sorted(runs) == sorted((id, 1) for id in accepted)
    assert n_jobs == N_SCRIPTS and wrong == 0


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    if not found.exists():
        pytest.skip("this system does not list the children of a process")
    return [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
