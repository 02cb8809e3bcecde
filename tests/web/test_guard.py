"""Who may ask what."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from served import HERE, TALK, settings, upload
from starlette.responses import Response
from starlette.testclient import TestClient

from juqing.web import create_app
from juqing.web.guard import COOKIE, HEADERS, Guard, session_of
from juqing.web.settings import is_loopback

TOKEN = "correct horse battery staple"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(create_app(settings(tmp_path, n_workers=0)), base_url=HERE) as client:
        yield client


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[TestClient]:
    asked = settings(tmp_path, n_workers=0, host="0.0.0.0", token=TOKEN)
    with TestClient(create_app(asked), base_url="http://studio.example") as client:
        yield client


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:8765", "localhost:1", "LOCALHOST", "[::1]:8765", "[::1]"])
def test_names_of_this_machine(client, host):
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:8765", "", "10.0.0.1", "[::2]", "[::1"]
)
def test_a_name_of_another_that_leads_here_is_refused(client, host):
    answer = client.get("/api/health", headers={"Host": host})
    assert answer.status_code == 421
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://evil.example"},
    ],
)
def test_another_site_changes_nothing(client, headers):
    id = upload(client, "talk.txt", TALK.encode())["script"]["id"]
    assert client.post("/api/scripts", json={"text": TALK + "x"}, headers=headers).status_code == 403
    assert client.delete(f"/api/scripts/{id}", headers=headers).status_code == 403
    assert client.put(f"/api/scripts/{id}/cast", json={"aliases": {}}, headers=headers).status_code == 403
    assert [script["id"] for script in client.get("/api/scripts").json()["scripts"]] == [id]


@pytest.mark.parametrize("headers", [{}, {"Sec-Fetch-Site": "same-origin", "Origin": HERE}, {"Sec-Fetch-Site": "none"}])
def test_our_own_page_may(client, headers):
    assert client.post("/api/scripts", json={"text": TALK}, headers=headers).status_code == 202


def test_the_opener_policy_is_sent_where_browsers_heed_it(client, guarded):
    name = "cross-origin-opener-policy"
    assert client.get("/api/health").headers[name] == "same-origin"
    assert client.get("/api/health", headers={"Host": "localhost:8765"}).headers[name] == "same-origin"
    assert client.get("/api/health", headers={"Host": "evil.example"}).headers.get(name) is None
    assert guarded.get("/api/health").headers.get(name) is None
    claimed = {"X-Forwarded-Proto": "https", "Forwarded": "proto=https"}  # by anybody
    assert guarded.get("/api/health", headers=claimed).headers.get(name) is None
    assert guarded.get("https://studio.example/api/health").headers[name] == "same-origin"


@pytest.mark.parametrize(
    "path", ["/api/health", "/api/nothing", "/api/scripts", "/api/openapi.json", "/api/scripts/xyz"]
)
def test_every_answer_has_the_headers(client, path):
    answer = client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert "cache-control" in answer.headers
    assert "server" not in answer.headers


def test_a_fault_is_told_without_its_message(client, caplog, monkeypatch):
    monkeypatch.setattr("juqing.web.api.jobs.count_jobs", lambda _: {}["secret text"])
    answer = client.get("/api/health")
    assert answer.status_code == 500
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "KeyError" in answer.json()["detail"]
    assert "secret text" not in answer.text + caplog.text
    assert "KeyError at" in caplog.text


def test_what_is_sent_is_limited(tmp_path):
    with TestClient(create_app(settings(tmp_path, n_workers=0, max_upload=1000)), base_url=HERE) as client:
        assert client.post("/api/scripts", files={"file": ("a.txt", b"x" * 1000)}).status_code == 202
        assert client.post("/api/scripts", files={"file": ("a.txt", b"x" * 1001)}).status_code == 413
        too_much = 1000 + 64 * 1024 + 1
        assert client.post("/api/scripts", content=b"x" * too_much).status_code == 413  # by what is announced

        def chunks() -> Iterator[bytes]:
            for _ in range(too_much // 1000 + 1):
                yield b"x" * 1000

        for kind in ("multipart/form-data; boundary=b", "application/json"):  # by what comes
            assert client.post("/api/scripts", content=chunks(), headers={"Content-Type": kind}).status_code == 413
        id = "0" * 32
        answer = client.put(f"/api/scripts/{id}/cast", content=chunks(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413
        answer = client.post("/api/scripts", content=b"", headers={"Content-Length": "many"})
        assert answer.status_code == 413


def test_one_client_is_slowed_and_others_are_not(tmp_path):
    app = create_app(settings(tmp_path, n_workers=0, rate=2.0))
    with TestClient(app, base_url=HERE, client=("127.0.0.1", 1)) as client:
        answers = [client.get("/api/health") for _ in range(20)]
        assert [answer.status_code for answer in answers[:16]] == [200] * 16
        assert answers[-1].status_code == 429
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert answers[-1].headers["content-type"] == "application/problem+json"
        assert TestClient(app, base_url=HERE, client=("127.0.0.2", 1)).get("/api/health").status_code == 200


def test_networks_of_ipv6_are_one_client(tmp_path):
    app = create_app(settings(tmp_path, n_workers=0, rate=0.25))
    with TestClient(app, base_url=HERE, client=("2001:db8::1", 1)) as client:
        client.get("/api/health")
        client.get("/api/health")
        assert TestClient(app, base_url=HERE, client=("2001:db8::2", 1)).get("/api/health").status_code == 429
        assert TestClient(app, base_url=HERE, client=("2001:db8:0:1::1", 1)).get("/api/health").status_code == 200


def test_without_the_token_there_is_nothing(guarded):
    for method, path in (
        ("GET", "/api/scripts"),
        ("POST", "/api/scripts"),
        ("GET", "/api/metrics"),
        ("GET", "/api/openapi.json"),
    ):
        answer = guarded.request(method, path)
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    for wrong in ("Bearer", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer \u00e9"):
        assert guarded.get("/api/scripts", headers={"Authorization": wrong.encode()}).status_code == 401
    assert guarded.get("/api/health").status_code == 200
    assert guarded.get("/api/scripts", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    page = guarded.get("/", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/login")


def test_logging_in(guarded):
    assert "<form" in guarded.get("/login").text
    wrong = guarded.post("/login", data={"token": "wrong"}, follow_redirects=False)
    assert wrong.status_code == 403 and COOKIE not in guarded.cookies
    assert guarded.post("/login", data={"token": TOKEN}, headers={"Origin": "http://evil.example"}).status_code == 403
    assert guarded.post("/login", content=b"token=" + b"x" * 5000).status_code == 413
    right = guarded.post("/login", data={"token": TOKEN}, follow_redirects=False)
    assert (right.status_code, right.headers["location"]) == (303, "/")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie
    assert TOKEN not in cookie and session_of(TOKEN) in cookie
    assert guarded.get("/api/scripts").status_code == 200
    assert (
        guarded.post("/api/scripts", json={"text": TALK}, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    )


def test_an_address_that_others_reach_needs_a_token(tmp_path):
    with pytest.raises(ValueError, match="token"):
        settings(tmp_path, host="0.0.0.0")
    assert is_loopback("127.0.0.1") and is_loopback("::1") and is_loopback("localhost") and is_loopback("127.9.9.9")
    for other in ("0.0.0.0", "::", "192.168.1.2", "example.com", "127.0.0.1.example.com", ""):
        assert not is_loopback(other)


def test_nothing_of_a_script_is_logged(client, caplog):
    caplog.set_level(logging.DEBUG)
    accepted = upload(client, "机密剧本.txt", TALK.encode())
    client.put(f"/api/scripts/{accepted['script']['id']}/cast", json={"aliases": {"甲": "乙"}})
    client.post(
        "/api/scripts",
        content=('{"text": "甲：你好，很高兴见到你" ' + TALK).encode(),
        headers={"Content-Type": "application/json"},
    )
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [message for message in ours if "机密" in message or "你好" in message or "甲" in message]


def test_what_all_uploads_hold_together_is_limited(tmp_path, monkeypatch):
    monkeypatch.setattr("juqing.web.guard._MAX_HELD", 100_000)
    arrived, go = anyio.Event(), anyio.Event()

    async def app(scope, receive, send):
        n, more = 0, True
        while more:
            message = await receive()
            n, more = n + len(message["body"]), message.get("more_body", False)
        if n > 50_000:
            arrived.set()
            await go.wait()
        await Response(str(n))(scope, receive, send)

    guard = Guard(app, settings(tmp_path, max_upload=1000))

    async def post(n: int) -> tuple[int, bytes]:
        scope = {
            "type": "http", "method": "POST", "path": "/", "scheme": "http", "query_string": b"",
            "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1),
        }  # fmt: skip
        sent = []

        async def receive():
            return {"type": "http.request", "body": b"x" * n}

        async def send(message):
            sent.append(message)

        await guard(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]

    async def main() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(post, 60_000)
            await arrived.wait()
            status, body = await post(50_000)
            assert status == 503 and b"100,000 bytes" in body
            assert await post(30_000) == (200, b"30000")
            go.set()
        assert (await post(60_000))[0] == 200
        assert guard.n_held == 0

    with ThreadPoolExecutor(1) as apart:  # in this thread Playwright may have a loop of its own
        apart.submit(anyio.run, main).result()
