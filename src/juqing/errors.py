"""Every error that juqing raises on purpose.

JuqingError
├── InputError            a file or value that was handed in cannot be used
│   ├── ScriptError       a screenplay cannot be read
│   │   ├── LimitError    it is larger than a named limit
│   │   └── FormatError   it is not what its name or its first bytes promise
│   ├── LabelError        a label is missing, not a number or outside 0..3
│   └── ModelError        a folder is not a model, or not one of this version
├── TrainingError         a training run cannot go on
├── OutputError           a result cannot be written
└── MissingExtraError     a part needs an extra that is not installed

A message says what was found and what to do about it; `str(error)` puts the file and the line in front.
"""

from __future__ import annotations

from pathlib import Path


class JuqingError(Exception):
    """Base of all errors that juqing raises on purpose.

    Args:
        found: What is wrong, with the value that came.
        remedy: What the user can do about it.
        path: The file it is about.
        line: The line in that file, counted from 1.
    """

    def __init__(self, found: str, remedy: str = "", *, path: Path | str | None = None, line: int | None = None):
        self.found = found
        self.remedy = remedy
        self.path = path
        self.line = line
        super().__init__(found)

    def __str__(self) -> str:
        place = str(self.path) if self.path is not None else ""
        if self.line is not None:
            place = f"{place}, line {self.line}" if place else f"line {self.line}"
        return (f"{place}: " if place else "") + self.found + (f" {self.remedy}" if self.remedy else "")


class InputError(JuqingError):
    """A file or value that was handed in cannot be used."""


class ScriptError(InputError):
    """A screenplay cannot be read."""


class LimitError(ScriptError):
    """A screenplay is larger than a named limit of `juqing.reading.limits`."""


class FormatError(ScriptError):
    """A file is not what its name or its first bytes promise."""


def reason_of(error: Exception) -> str:
    """Why a file cannot be read, without its path, which our own errors name."""
    return getattr(error, "strerror", None) or str(error)


class LabelError(InputError):
    """A label is missing, not a number or outside 0..3."""


class ModelError(InputError):
    """A folder is not a model, or not one that this version reads."""


class TrainingError(JuqingError):
    """A training run cannot go on."""


class OutputError(JuqingError):
    """A result cannot be written."""


class MissingExtraError(JuqingError):
    """A part needs an extra that is not installed."""

    def __init__(self, part: str, extra: str):
        super().__init__(
            f"{part} needs the extra '{extra}'.",
            f'Install it in the folder of juqing: .venv/bin/pip install -e ".[{extra}]"',
        )
