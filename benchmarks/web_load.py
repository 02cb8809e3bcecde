"""The server under load: 50 clients, each with a script of 100 scenes, upload and read for two minutes; half way the server is killed.

Targets: no error, no lost job, every accepted script analyzed exactly once, 95 of 100 readings under 300 ms on 2 cores. A client
waits a moment between two readings, as a page does that is being looked at; it has an address of its own (127.0.1.x, Linux), since
the server limits the rate of each. Readings that fall between the kill and the new server's first answer are repeated, and not
timed; their number is told. Clients run in a process of their own on the same cores.

    python benchmarks/web_load.py [seconds] [clients] [model]
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter

from common import ROOT, Bench
from sqlalchemy import text as sql

from juqing.runtime import DEFAULT
from juqing.store import open_database

N_SCENES = 100
PAUSE = (0.2, 0.6)  # seconds between two readings of a client
STALLED = 600  # seconds in which no script is finished
READINGS = (
    "scenes",
    "lines?limit=200",
    "cast",
    "scores",
    "arcs",
    "moments",
    "pairs",
    "lines?scene=50",
    "scores?format=csv",
    "",
)


def long_script(k: int) -> bytes:
    """The scenes of the example film again and again, numbered on, with one line that only this script has."""
    text = (ROOT / "examples" / "回声渡.txt").read_text(encoding="utf-8")
    lines = text[text.index("1、") :].splitlines()
    scenes: list[list[str]] = []
    for line in lines:
        number, mark, rest = line.partition("、")
        if mark and number.strip().isdigit():
            scenes.append([rest])
        else:
            scenes[-1].append(line)
    chosen = [scenes[i % len(scenes)] for i in range(N_SCENES)]
    body = [f"{i + 1}、{scene[0]}\n" + "\n".join(scene[1:]) for i, scene in enumerate(chosen)]
    return ("\n".join(body) + f"\n△沈渡数到{k}。\n").encode()


class Load:
    """Clients and what they saw."""

    def __init__(self, port: int, n_clients: int):
        self.port = port
        self.n_clients = n_clients
        self.ended = threading.Event()
        self.down = threading.Event()  # between the kill and the new server
        self.n_servers = 1
        self.connections: dict[int, tuple[http.client.HTTPConnection, int]] = {}  # and to which of the servers
        self.seconds: list[tuple[str, float]] = []
        self.errors: Counter[str] = Counter()
        self.n_repeated = 0
        self.accepted: dict[int, str] = {}

    def ask(
        self, k: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, bytes, str]:
        """One request of a client, repeated while the server is down; status, body and ETag."""
        while True:
            was_down, server = self.down.is_set(), self.n_servers
            try:
                connection, server = self.connections.get(k, (None, self.n_servers))
                if connection is None:
                    connection = http.client.HTTPConnection(
                        "127.0.0.1", self.port, timeout=60, source_address=(f"127.0.1.{k + 1}", 0)
                    )
                    self.connections[k] = connection, server
                start = time.perf_counter()
                connection.request(method, path, body, headers or {})
                answer = connection.getresponse()
                content = answer.read()
                taken = time.perf_counter() - start
            except (OSError, http.client.HTTPException) as error:
                self.connections.pop(k, None)
                if was_down or self.down.is_set() or server != self.n_servers:
                    self.n_repeated += 1
                else:
                    self.errors[type(error).__name__] += 1
                time.sleep(0.3)
                continue
            if not was_down and not self.down.is_set():
                self.seconds.append((method, taken))
            if answer.status >= 400 and answer.status != 409:
                self.errors[str(answer.status)] += 1
            return answer.status, content, answer.headers.get("ETag") or ""

    def client(self, k: int) -> None:
        """Upload, follow the job, read what is there, until the time is over."""
        chance = random.Random(k)
        time.sleep(chance.random() * 5)
        data = long_script(k)
        body = (
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="film.txt"\r\n\r\n' + data + b"\r\n--b--\r\n"
        )
        status, content, _ = self.ask(
            k, "POST", "/api/scripts", body, {"Content-Type": "multipart/form-data; boundary=b"}
        )
        if status != 202:
            return
        accepted = json.loads(content)
        self.accepted[k] = accepted["script"]["id"]
        tags: dict[str, str] = {}
        while not self.ended.is_set():
            self.ask(k, "GET", f"/api/jobs/{accepted['job']['id']}")
            path = f"/api/scripts/{self.accepted[k]}/{chance.choice(READINGS)}".rstrip("/")
            headers = {"If-None-Match": tags[path]} if path in tags and chance.random() < 0.5 else None
            _, _, tags[path] = self.ask(k, "GET", path, headers=headers)
            time.sleep(chance.uniform(*PAUSE))

    def run(self) -> list[threading.Thread]:
        """Start the clients."""
        threads = [threading.Thread(target=self.client, args=(k,), daemon=True) for k in range(self.n_clients)]
        for thread in threads:
            thread.start()
        return threads


def serve(port: int, url: str, model: str) -> subprocess.Popen[bytes]:
    """Start the server and wait for its first answer."""
    command = [sys.executable, "-m", "juqing", "serve", "--port", str(port), "--database-url", url, "--model", model]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/api/health")
            connection.getresponse().read()
            connection.close()
            return process
        except OSError:
            assert process.poll() is None, "the server does not start"
            time.sleep(0.1)


def counts(port: int) -> dict[str, int]:
    """Jobs by state, as the server's metrics say."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/api/metrics")
    rows = connection.getresponse().read().decode().splitlines()
    connection.close()
    return {row.split('"')[1]: int(row.rpartition(" ")[2]) for row in rows if row.startswith("juqing_jobs{")}


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies; NaN of none."""
    if not values:
        return float("nan")
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def main() -> None:
    given = (*sys.argv[1:], *("120", "50", DEFAULT)[len(sys.argv) - 1 :])
    seconds, n_clients, model = int(given[0]), int(given[1]), given[2]
    bench = Bench(__file__)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/juqing.sqlite3"
        process = serve(port, url, model)
        load = Load(port, n_clients)
        started = time.monotonic()
        try:
            threads = load.run()
            killed = False
            shown = 0.0
            while (passed := time.monotonic() - started) < seconds:
                time.sleep(0.2)
                if passed - shown >= 10:
                    shown = passed
                    times = [t for method, t in load.seconds if method == "GET"]
                    print(
                        f"{passed:4.0f} s: {len(load.accepted)} accepted, {counts(port)}, {len(times)} readings, "
                        f"p95 {1000 * percentile(times, 0.95):.0f} ms, errors {dict(load.errors)}, load {os.getloadavg()[0]:.1f}",
                        flush=True,
                    )
                if passed > seconds / 2 and not killed:
                    killed = True
                    load.down.set()
                    process.send_signal(signal.SIGKILL)
                    process.wait()
                    process = serve(port, url, model)
                    load.n_servers += 1
                    load.down.clear()
                    print(
                        f"{passed:4.0f} s: killed and started again in {time.monotonic() - started - passed:.1f} s",
                        flush=True,
                    )
            load.ended.set()
            for thread in threads:
                thread.join()
            state, changed = counts(port), time.monotonic()
            while state["queued"] + state["running"] and time.monotonic() - changed < STALLED:
                time.sleep(1)
                before, state = state, counts(port)
                if state != before:
                    changed = time.monotonic()
                    print(f"{changed - started:4.0f} s: the rest is worked off: {state}", flush=True)
            total = time.monotonic() - started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
        print(f"{total:4.0f} s: {state}", flush=True)
        database = open_database(url)
        with database.connect() as connection:
            runs = dict(connection.execute(sql("SELECT script_id, count(*) FROM runs GROUP BY script_id")).all())  # type: ignore[arg-type]
            wrong = connection.execute(
                sql("SELECT id FROM scripts s WHERE n_cues <> (SELECT count(*) FROM scores WHERE run_id = s.run_id)")
            ).scalars()
            incomplete = set(wrong)
        database.dispose()
    times = [t for method, t in load.seconds if method == "GET"]
    uploads = [t for method, t in load.seconds if method == "POST"]
    lost = [id for id in load.accepted.values() if runs.get(id) != 1 or id in incomplete]
    bench.add("readings", len(times), "requests", threads=n_clients)
    bench.add("a reading, median", 1000 * percentile(times, 0.5), "ms", threads=n_clients)
    bench.add("a reading, 95 of 100 (target 300)", 1000 * percentile(times, 0.95), "ms", threads=n_clients)
    bench.add("a reading, 99 of 100", 1000 * percentile(times, 0.99), "ms", threads=n_clients)
    bench.add("an upload, 95 of 100", 1000 * percentile(uploads, 0.95), "ms", threads=n_clients)
    bench.add("errors (target 0)", sum(load.errors.values()), "requests")
    bench.add("repeated while the server was down", load.n_repeated, "requests")
    bench.add(f"accepted (target {n_clients})", len(set(load.accepted.values())), "scripts")
    bench.add("not analyzed exactly once (target 0)", len(lost), "scripts")
    bench.add("until all were analyzed", total, "s")
    bench.write()


if __name__ == "__main__":
    main()
