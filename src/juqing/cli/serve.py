"""`juqing serve`: the page and the HTTP API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_MIN_TOKEN = 16


def serve(
    scripts: Annotated[
        list[Path] | None, typer.Argument(help="Scripts, or folders of them, to have there from the start.")
    ] = None,
    host: Annotated[
        str, typer.Option("--host", help="Address to listen at; any but a loopback one demands a token.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="0 takes a free one.")] = 8765,
    database_url: Annotated[
        str | None,
        typer.Option(
            "--database-url",
            envvar="JUQING_DATABASE_URL",
            help="sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; a file in your data folder by default.",
        ),
    ] = None,
    model: Annotated[str | None, typer.Option("--model", help="Model folder, or the name of a shipped model.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers", min=0, max=64, help="Processes that read and score; one for each core but one by default."
        ),
    ] = None,
    max_minutes: Annotated[
        float, typer.Option("--max-minutes", min=0.01, help="How long the analysis of one script may take.")
    ] = 60.0,
    max_queued: Annotated[
        int, typer.Option("--max-queued", min=1, help="How many scripts may wait; uploads beyond are refused.")
    ] = 1000,
) -> None:
    """Serve the page and the HTTP API to this computer's browser. Needs the extra: pip install -e ".[web]"

    Nothing leaves this computer. With another --host than the loopback address, others can reach it: they need a token, which
    is taken from JUQING_TOKEN or made up and printed.

    Example: juqing serve script.docx
    """
    import logging
    import os
    import secrets
    import socket
    from contextlib import suppress

    from juqing.errors import InputError, MissingExtraError, OutputError

    try:
        import uvicorn

        from juqing.cli.output import print_error
        from juqing.reading import find_scripts
        from juqing.reading.files import read_bytes, read_file
        from juqing.runtime import DEFAULT
        from juqing.store import UNAVAILABLE, default_url
        from juqing.store.database import why
        from juqing.web import Settings, create_app
        from juqing.web.settings import is_loopback
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("juqing"):
            raise
        raise MissingExtraError("Serving the page", "web") from None

    token = os.environ.get("JUQING_TOKEN")
    if token is not None and len(token) < _MIN_TOKEN:
        raise InputError(f"JUQING_TOKEN has fewer than {_MIN_TOKEN} characters.", "Take a longer one, or unset it.")
    made = token is None and not is_loopback(host)
    if made:
        token = secrets.token_urlsafe(24)
    if workers is None:
        workers = max(1, (os.cpu_count() or 2) - 1)
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    settings = Settings(
        database_url or default_url(),
        model or DEFAULT,
        host=host,
        token=token,
        n_workers=workers,
        max_queued=max_queued,
        job_seconds=60 * max_minutes,
    )
    given, refused = [], []
    for file in find_scripts(scripts or ()):
        try:
            data = read_file(file)
            read_bytes(data, file.name)
            given.append((file.name, data))
        except InputError as error:
            error.path = file
            refused.append(error)
    for error in refused if given else refused[:-1]:
        print_error(error)
    if refused and not given:
        raise refused[-1]
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host.strip("[]"), port), family=family, backlog=2048)
    except OSError as error:
        raise OutputError(
            f"{host}:{port} cannot be listened at: {error.strerror or error}.", "Choose another --port or --host."
        ) from None
    with listening:
        app = create_app(settings)
        for name, data in given:
            try:
                app.state.server.submit(name, data)
            except UNAVAILABLE as error:
                raise OutputError(
                    f"{name} cannot be stored: {why(error)}.", "Make room, or choose another --database-url."
                ) from None
        name = f"[{host.strip('[]')}]" if ":" in host else host
        address = f"http://{name}:{listening.getsockname()[1]}/"
        typer.echo(f"juqing: {address}  (Ctrl-C ends it)")
        if not is_loopback(host):
            typer.echo(
                "Others can reach this address. They need the token" + (f": {token}" if made else " in JUQING_TOKEN.")
            )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=3,
        )
        with suppress(KeyboardInterrupt):  # whether it comes through, or ends the server alone, is a matter of luck
            uvicorn.Server(config).run(sockets=[listening])
        typer.echo("Stopped.")
