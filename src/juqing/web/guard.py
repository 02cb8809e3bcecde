"""Who may ask what: one layer around the whole application.

In this order: the Host header (a page of another site must not reach a server on this machine by a name of its own), the rate of
one client, the token, requests that another site makes a browser send, and the size of what is sent.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import logging
import time
from collections import OrderedDict
from pathlib import Path
from traceback import extract_tb
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from juqing.store import UNAVAILABLE
from juqing.web.answers import Problem, problem_response
from juqing.web.settings import Settings, is_loopback

_log = logging.getLogger("juqing.web")
COOKIE = "juqing"
_SAFE = ("GET", "HEAD", "OPTIONS")
_OPEN = ("/api/health", "/login", "/static/")
_BURST = 8
_MAX_CLIENTS = 10_000
_SLACK = 64 * 1024  # of a form around a file
_MAX_HELD = 256 * 2**20  # bytes of all uploads at once, which are held in memory
_COOKIE_SECONDS = 30 * 24 * 3600
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",  # nothing to others; with no-referrer, browsers send the login with `Origin: null`
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Of every answer."""
_LOGIN = """<!DOCTYPE html>
<html lang="zh">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>juqing 剧情</title>
<link rel="icon" href="/static/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/static/report.css">
<link rel="stylesheet" href="/static/page.css">
</head>
<body class="app login">
<main>
<h1>juqing 剧情</h1>
<form method="post" action="/login">
<input type="text" name="user" value="juqing" autocomplete="username" hidden>
<label class="field">口令 <span lang="en">Token</span> <input name="token" type="password" autocomplete="current-password" required autofocus></label>
<button class="primary">进入 <span lang="en">Enter</span></button>
</form>
<p role="alert" class="error">%s</p>
</main>
</body>
</html>
"""


class Guard:
    """The layer.

    Args:
        app: What it protects.
        settings: The server's.
    """

    def __init__(self, app: ASGIApp, settings: Settings):
        self.app = app
        self.settings = settings
        self.n_held = 0  # bytes of bodies that are being received and answered
        self.buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self.cookie = "" if settings.token is None else session_of(settings.token)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return

        begun = False
        headers = Headers(scope=scope)
        # Elsewhere browsers ignore the policy, and say so on the console. What a proxy in front says of its own address is not
        # believed: a proxy with TLS sets this header itself (docs/web.md).
        is_trustworthy = scope["scheme"] == "https" or is_loopback(_name_of(headers.get("host", "")))

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            begun = True
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if is_trustworthy:
                    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check_host(headers)
            self._check_rate(scope)
            answer = await self._check_token(scope, headers, receive)
            if answer is None:
                self._check_site(scope, headers)
                await self._app_with_body(scope, headers, receive, send_with_headers)
                return
        except Problem as problem:
            answer = problem_response(problem)
        except Exception as error:
            # The last resort. The message is not logged: it may hold text of a script.
            places = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in extract_tb(error.__traceback__)[:-6:-1])
            _log.error("%s at %s", type(error).__name__, places)
            if begun:
                return
            busy = isinstance(error, UNAVAILABLE)
            answer = problem_response(
                Problem(503, "The database is busy, full or gone. Try again.", {"Retry-After": "2"})
                if busy
                else Problem(500, f"This is a fault of juqing ({type(error).__name__}). Please report it.")
            )
        await answer(scope, receive, send_with_headers)

    def _check_host(self, headers: Headers) -> None:
        if self.settings.token is None and not is_loopback(_name_of(headers.get("host", ""))):
            raise Problem(421, "This server answers to the addresses of this machine alone, such as 127.0.0.1.")

    def _check_rate(self, scope: Scope) -> None:
        """A bucket for each client, from which a request takes one: it holds `_BURST` seconds' worth and fills steadily."""
        client = _network(scope["client"][0] if scope.get("client") else "")
        now, most = time.monotonic(), self.settings.rate * _BURST
        left, then = self.buckets.pop(client, (most, now))
        left = min(most, left + (now - then) * self.settings.rate)
        self.buckets[client] = (max(left - 1, 0.0), now)
        if len(self.buckets) > _MAX_CLIENTS:
            self.buckets.popitem(last=False)
        if left < 1:
            seconds = max(1, round((1 - left) / self.settings.rate))
            raise Problem(429, "Too many requests. Wait a little.", {"Retry-After": str(seconds)})

    async def _check_token(self, scope: Scope, headers: Headers, receive: Receive) -> Response | None:
        token = self.settings.token
        if token is None:
            return None
        path = scope["path"]
        if path == "/login":
            return await self._login(scope, headers, receive)
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and _same(given.strip(), token):
            return None
        if _same(Request(scope).cookies.get(COOKIE, ""), self.cookie):
            return None
        if path.startswith(_OPEN):
            return None
        if scope["method"] == "GET" and "text/html" in headers.get("accept", ""):
            return RedirectResponse("/login", 303)
        raise Problem(401, "This server needs its token.", {"WWW-Authenticate": "Bearer"})

    async def _login(self, scope: Scope, headers: Headers, receive: Receive) -> Response:
        if scope["method"] != "POST":
            return Response(_LOGIN % "", media_type="text/html")
        self._check_site(scope, headers)
        body = b""
        async for chunk in Request(scope, self._limited(headers, receive, 4096)).stream():
            body += chunk
        given = parse_qs(body.decode("utf-8", "replace")).get("token", [""])[0]
        if not _same(given.strip(), self.settings.token or ""):
            return Response(_LOGIN % "口令不对。This is not the token.", 403, media_type="text/html")
        answer = RedirectResponse("/", 303)
        secure = scope["scheme"] == "https"
        answer.set_cookie(COOKIE, self.cookie, max_age=_COOKIE_SECONDS, httponly=True, samesite="strict", secure=secure)
        return answer

    def _check_site(self, scope: Scope, headers: Headers) -> None:
        """Whether a request that changes something comes from a page of our own, or from no page at all."""
        if scope["method"] in _SAFE:
            return
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        foreign = site not in (None, "same-origin", "none")
        if origin is not None and (
            origin == "null" or urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
        ):
            foreign = True
        if foreign:
            raise Problem(403, "Another site may not change anything here.")

    async def _app_with_body(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        """The application, with what all bodies together hold in memory limited."""
        limited, n = self._limited(headers, receive), 0

        async def counted() -> Message:
            nonlocal n
            message = await limited()
            size = len(message.get("body", b""))
            if self.n_held + size > max(_MAX_HELD, self.settings.max_upload + _SLACK):
                raise Problem(
                    503, f"Uploads of {_MAX_HELD:,} bytes are under way, which is the limit.", {"Retry-After": "2"}
                )
            n += size
            self.n_held += size
            return message

        try:
            await self.app(scope, counted, send)
        finally:
            self.n_held -= n

    def _limited(self, headers: Headers, receive: Receive, limit: int = 0) -> Receive:
        """`receive` that refuses more than the limit: by what is announced, and by what comes."""
        most = limit or self.settings.max_upload + _SLACK
        problem = Problem(413, f"More than {most:,} bytes were sent, which is the limit. Send a smaller file.")
        announced = headers.get("content-length", "0")
        if not announced.isdigit() or int(announced) > most:
            raise problem
        n = 0

        async def limited() -> Message:
            nonlocal n
            message = await receive()
            n += len(message.get("body", b""))
            if n > most:
                raise problem
            return message

        return limited


def session_of(token: str) -> str:
    """What the cookie holds: who reads it does not know the token."""
    return hmac.new(token.encode("utf-8", "surrogatepass"), b"juqing session", hashlib.sha256).hexdigest()


def _same(given: str, wanted: str) -> bool:
    return bool(wanted) and hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode("utf-8", "replace"))


def _name_of(host: str) -> str:
    """A Host header without its port."""
    return host[: host.find("]") + 1] if host.startswith("[") else host.rsplit(":", 1)[0]


def _network(address: str) -> str:
    """Who counts as one client: an IPv4 address, or the network of an IPv6 one."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if parsed.version == 4 else str(ipaddress.ip_network(f"{address}/64", strict=False))
