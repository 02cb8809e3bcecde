"""How the server answers: problems as problem+json (RFC 9457), readings with an ETag, rendered once."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import HTTPException
from sqlalchemy import Engine
from sqlalchemy import text as sql
from starlette.exceptions import HTTPException as AnyHTTPException
from starlette.requests import Request
from starlette.responses import Response

from juqing import __version__
from juqing.scores import EmotionScores
from juqing.store import Edited, load_edited, reading
from juqing.web.messages import chinese

JSON = "application/json"
_MAX_KEPT_BYTES = 64 * 2**20
_MAX_KEPT_LINES = 200_000


class Problem(HTTPException):
    """An answer that is not what was asked for: its status, and what is wrong and what to do, for a person."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None):
        super().__init__(status, detail, headers)


def problem_response(problem: AnyHTTPException) -> Response:
    """The answer as problem+json, with its detail in Chinese too."""
    status = problem.status_code
    content = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": problem.detail,
        "chinese": chinese(str(problem.detail), status),
    }
    return Response(to_json(content), status, problem.headers, "application/problem+json")


def to_json(content: Any) -> bytes:
    """JSON of plain values; what is not a number becomes null."""
    return msgspec.json.encode(content)


class Kept:
    """Scripts as they are shown, and answers rendered from them, kept until they change or room is needed."""

    def __init__(self, database: Engine):
        self._database = database
        self._lock = threading.Lock()
        self._scripts: OrderedDict[str, Edited] = OrderedDict()
        self._answers: OrderedDict[tuple[str, str], bytes] = OrderedDict()
        self._n_lines = 0
        self._n_bytes = 0

    def script(self, id: str) -> Edited:
        """A script as it is shown now.

        Raises:
            Problem: There is no such script, or it has not been read yet.
        """
        with self._database.connect() as connection:
            row = connection.execute(
                sql("SELECT version, created_at, n_lines FROM scripts WHERE id = :id"), {"id": id}
            ).one_or_none()
        if row is None:
            raise no_script(id)
        if row.n_lines is None:
            raise Problem(409, "The script has not been read yet. Wait for its job.", {"Retry-After": "1"})
        with self._lock:
            if (kept := self._scripts.get(id)) is not None:
                if (kept.stored.version, kept.stored.created_at) == (row.version, row.created_at):
                    self._scripts.move_to_end(id)
                    return kept
                self._drop(id)
        with reading(self._database) as connection:
            loaded = load_edited(connection, id)
        if loaded is None:
            raise no_script(id)
        with self._lock:
            self._drop(id)
            self._scripts[id] = loaded
            self._n_lines += len(loaded.script.lines)
            while self._n_lines > _MAX_KEPT_LINES and len(self._scripts) > 1:
                self._drop(next(iter(self._scripts)))
        return loaded

    def forget(self, id: str) -> None:
        """Drop everything about a script that was deleted."""
        with self._lock:
            self._drop(id)
            for key in [key for key in self._answers if id in key[0]]:
                self._n_bytes -= len(self._answers.pop(key))

    def answer(
        self,
        request: Request,
        shown: Edited | tuple[Edited, ...],
        make: Callable[[], bytes],
        media_type: str = JSON,
        name: str = "",
    ) -> Response:
        """An answer that depends on nothing but the URL and scripts: 304 where the client has it, else rendered at most once.

        Args:
            request: The request.
            shown: What it is made of.
            make: Renders it.
            media_type: Of the answer.
            name: Of the file, where it is to be saved.
        """
        scripts = shown if isinstance(shown, tuple) else (shown,)
        tag = etag(*scripts, media_type)
        headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept"}
        if tag in [each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        key = (f"{request.url.path}?{request.url.query}", tag)
        with self._lock:
            if (body := self._answers.get(key)) is not None:
                self._answers.move_to_end(key)
        if body is None:
            body = make()
            with self._lock:
                if key not in self._answers:
                    self._answers[key] = body
                    self._n_bytes += len(body)
                while self._n_bytes > _MAX_KEPT_BYTES and self._answers:
                    self._n_bytes -= len(self._answers.popitem(last=False)[1])
        if name:
            headers["Content-Disposition"] = attachment(name)
        return Response(body, headers=headers, media_type=media_type)

    def _drop(self, id: str) -> None:
        if (old := self._scripts.pop(id, None)) is not None:
            self._n_lines -= len(old.script.lines)


def etag(*parts: Edited | str) -> str:
    """A name for a state of scripts: it changes with every change that a reader can see."""
    named = [
        part
        if isinstance(part, str)
        else f"{part.stored.id[:12]}.{int(part.stored.created_at * 1e3):x}.{part.stored.version}"
        for part in parts
    ]
    return f'"{__version__}-{"-".join(named)}"'.replace(" ", "")


def attachment(name: str) -> str:
    """The header that makes a browser save an answer under a name of any letters (RFC 6266)."""
    from urllib.parse import quote

    plain = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name.encode('utf-8', 'replace'), safe='')}"


def no_script(id: str) -> Problem:
    """There is no script of this id."""
    return Problem(404, "There is no such script. It may have been deleted.")


def scored(shown: Edited) -> EmotionScores:
    """The scores of a script.

    Raises:
        Problem: It has not been scored yet.
    """
    if shown.scores is None:
        raise Problem(409, "The script has not been scored yet. Wait for its job.", {"Retry-After": "1"})
    return shown.scores
