"""Writing results: aside first, then renamed, so that nothing half-written is ever left."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from juqing.errors import OutputError


def check_writable(path: Path) -> None:
    """Raise `OutputError` where a file or folder cannot be made at `path`: asked before long work, not after it."""
    with _reported(path):  # the name may be too long
        path.exists()
    if path.is_dir() and not os.access(path, os.W_OK):
        raise OutputError("the folder cannot be written to.", "Choose another one with --out.", path=path)
    parent = next((folder for folder in path.absolute().parents if folder.exists()), Path("/"))
    if not parent.is_dir():
        raise OutputError(f"{parent} is a file, not a folder.", "Choose another path with --out.", path=path)
    if not os.access(parent, os.W_OK):
        raise OutputError(f"nothing can be written into {parent}.", "Choose another path with --out.", path=path)


def check_file(path: Path) -> None:
    """Raise `OutputError` where `writing` would refuse: asked before long work, not after it."""
    check_writable(path)
    if path.is_dir():
        raise OutputError("this is a folder; a file was to be written.", "Choose another path with --out.", path=path)


def check_kept(path: Path, given: Iterable[object]) -> None:
    """Raise `OutputError` where a result would be written over something that a command was given to read.

    Args:
        path: Where the result goes.
        given: What the command was given: paths, or lists of them; whatever else is in it is left alone.
    """
    if not path.is_file():
        return
    for each in given:
        for source in each if isinstance(each, (list, tuple)) else (each,):
            if isinstance(source, (str, Path)) and source and _is_same(Path(source), path):
                found = "this is the file that is read; it would be overwritten."
                raise OutputError(found, "Choose another path with --out.", path=path)


def _is_same(source: Path, path: Path) -> bool:
    try:
        return source.samefile(path)
    except (OSError, ValueError):  # no path at all, but a name or a number of words
        return False


@contextmanager
def writing(path: Path) -> Iterator[Path]:
    """Give a path beside `path` to write a file to, and rename it when all went well.

    Raises:
        OutputError: The folder cannot be made, the disk is full, or `path` is a folder.
    """
    if path.is_dir():
        raise OutputError("this is a folder; a file was to be written.", "Choose another path with --out.", path=path)
    with _reported(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".juqing-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        aside = Path(name)
        try:
            yield aside
            aside.chmod(0o666 & ~_umask())
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)


def check_folder(path: Path, names: Sequence[str]) -> None:
    """Raise `OutputError` where `writing_folder` would refuse: asked before long work, not after it."""
    check_writable(path)
    if path.exists() and not path.is_dir():
        raise OutputError("this is a file; a folder was to be written.", "Choose another path with --out.", path=path)
    present = {file.name for file in path.iterdir()} if path.is_dir() else set()
    others = sorted(present - set(names) if names[0] in present else present)
    if others:
        raise OutputError(
            f"the folder holds something else ({others[0]}).", "Choose a new or empty one with --out.", path=path
        )


@contextmanager
def writing_folder(path: Path, names: Sequence[str]) -> Iterator[Path]:
    """Give a new folder beside `path` to fill, and rename it when all went well.

    Args:
        path: The folder. An older one is replaced only where it is empty, or holds the first of these names and no others.
        names: What the folder will hold.

    Raises:
        OutputError: `path` is a file or holds something else, or cannot be written.
    """
    with _reported(path):
        check_folder(path, names)
        path.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=".juqing-", dir=path.parent))
        try:
            aside.chmod(0o777 & ~_umask())
            yield aside
            for file in aside.rglob("*"):  # some libraries write files that nobody else may read
                file.chmod((0o777 if file.is_dir() else 0o666) & ~_umask())
            if path.is_dir():
                shutil.rmtree(path)
            aside.replace(path)
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        found = f"it cannot be written: {error.strerror or error}."
        raise OutputError(found, "Check the path and the free space.", path=path) from None


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
