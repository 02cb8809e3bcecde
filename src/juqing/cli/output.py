"""What all commands print alike: errors and progress on standard error, results on standard output."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from juqing.errors import JuqingError


def print_error(error: JuqingError) -> None:
    """One paragraph: the file, the line, what was found, what to do. Control characters of hostile names are shown, not run."""
    print(f"juqing: {printable(str(error))}", file=sys.stderr)


def printable(text: str) -> str:
    """A text whose control characters are shown instead of being obeyed by the terminal."""
    return "".join(c if c.isprintable() or c == "\u3000" else f"\\x{ord(c):02x}" for c in text)


def print_once(text: str) -> None:
    """A result, once whatever the number of processes that `torchrun` has started."""
    if os.environ.get("RANK", "0") == "0":
        print(text)


@contextmanager
def progress(what: str) -> Iterator[Callable[..., None]]:
    """A progress bar on standard error: call the function that is given with the steps done, the steps in all (None: not known),
    and, where it changes, what is going on.
    """
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)

        def update(done: float, total: float | None, what: str | None = None) -> None:
            bar.update(task, completed=done, total=total, description=None if what is None else escape(what))

        yield update
