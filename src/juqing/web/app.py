"""The application: database, workers, layers and routes put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from juqing import __version__
from juqing.errors import InputError
from juqing.store import apply_migrations, jobs, open_database
from juqing.web import api, pages
from juqing.web.answers import Kept, Problem, problem_response
from juqing.web.guard import Guard
from juqing.web.metrics import Counts, Metrics
from juqing.web.settings import Settings
from juqing.web.work import Progress, Workers, find_models, fingerprint

_N_THREADS = 8
_N_UPLOADS = 4  # that wait for the database at once


def create_app(settings: Settings) -> FastAPI:
    """The application; its workers run between its start and its end. What its requests share is `app.state.server`.

    Raises:
        InputError: The database does not answer or is of a newer version.
        ModelError: The model is none.
    """
    models = {name: (each, fingerprint(each.folder)) for name, each in find_models(settings.model).items()}
    database = open_database(settings.database_url)
    apply_migrations(database)
    folders = {mark: each.folder for each, mark in models.values()}
    server = api.Server(
        settings,
        database,
        models,
        Kept(database),
        Progress(database),
        Workers(database, settings.database_url, settings.n_workers, folders, settings.job_seconds),
        Counts(),
        anyio.CapacityLimiter(_N_UPLOADS),
    )

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # More threads than cores share them badly, and every reading becomes slow.
        anyio.to_thread.current_default_thread_limiter().total_tokens = _N_THREADS
        await anyio.to_thread.run_sync(server.workers.start)
        try:
            yield
        finally:
            await anyio.to_thread.run_sync(server.workers.stop)
            database.dispose()

    # The usual pages of documentation load their code from elsewhere, and are left out.
    app = FastAPI(
        title="juqing",
        version=__version__,
        description="Scripts in, how strongly every character in every line feels out. See docs/web.md.",
        lifespan=lifespan,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.server = server
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(Metrics, counts=server.counts)
    app.add_exception_handler(HTTPException, _http_problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(InputError, _unusable)
    app.add_exception_handler(jobs.QueueFullError, _queue_full)
    app.include_router(api.router)
    app.include_router(pages.router)
    return app


async def _http_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return pages.problem_page(request, error) or problem_response(error)


async def _invalid(request: Request, error: Exception) -> Response:
    """Which value is wrong and why; not the value itself, which may be a script."""
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])
    return await _http_problem(request, Problem(422, f"{place}: {first['msg']}"))


async def _unusable(request: Request, error: Exception) -> Response:
    return problem_response(Problem(422, str(error)))


async def _queue_full(request: Request, error: Exception) -> Response:
    return problem_response(Problem(503, str(error), {"Retry-After": "10"}))
