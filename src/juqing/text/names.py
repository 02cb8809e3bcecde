"""Where known names occur in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

HAN = r"\u3400-\u9fff\uf900-\ufaff〇"
"""The inside of a character class: Han characters of the basic plane."""

_HAN = re.compile(f"[{HAN}]")
_ALNUM = re.compile(r"[0-9A-Za-z]")


class NameFinder:
    """Finds known names in texts: longest match first, a name inside a longer known name does not count.

    Latin names match in any case at word boundaries. A name of one Han character counts only where no Han character
    stands before it.
    """

    def __init__(self, names: Iterable[str]):
        self._by_start: dict[str, list[str]] = {}
        for name in sorted({name for name in names if name}, key=lambda name: (-len(name), name)):
            for start in {name[0], name[0].lower(), name[0].upper()}:
                self._by_start.setdefault(start, []).append(name)
        starts = "".join(map(re.escape, self._by_start))
        self._starts = re.compile(f"[{starts}]") if starts else None

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """`(start, end, name)` of every mention, from left to right."""
        found: list[tuple[int, int, str]] = []
        end = 0
        for match in self._starts.finditer(text) if self._starts else ():
            if match.start() >= end and (name := self._at(text, match.start())) is not None:
                end = match.start() + len(name)
                found.append((match.start(), end, name))
        return found

    def _at(self, text: str, i: int) -> str | None:
        """The longest name that stands at a position."""
        for name in self._by_start.get(text[i], ()):
            end = i + len(name)
            if not text.startswith(name, i) and (_HAN.search(name) or text[i:end].lower() != name.lower()):
                continue
            if (_ALNUM.match(name[0]) and i and _ALNUM.match(text[i - 1])) or (
                _ALNUM.match(name[-1]) and _ALNUM.match(text[end : end + 1])
            ):
                continue
            if len(name) == 1 and i and _HAN.match(name) and _HAN.match(text[i - 1]):
                continue
            return name
        return None

    def find(self, text: str) -> list[str]:
        """The names in a text, each once, in the order in which they first occur."""
        return list(dict.fromkeys(name for _, _, name in self.spans(text)))

    def prefix(self, text: str) -> str | None:
        """The longest known name that a text starts with."""
        return self._at(text, 0) if text else None
