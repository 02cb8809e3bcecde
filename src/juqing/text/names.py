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
        self.names = sorted({name for name in names if name}, key=lambda name: (-len(name), name))
        self._known = {name.casefold(): name for name in reversed(self.names)}
        self._pattern = re.compile("|".join(map(self._branch, self.names))) if self.names else None

    @staticmethod
    def _branch(name: str) -> str:
        branch = re.escape(name)
        if not _HAN.search(name):
            branch = f"(?i:{branch})"
        elif len(name) == 1:
            branch = f"(?<![{HAN}]){branch}"
        before = r"(?<![0-9A-Za-z])" if _ALNUM.match(name[0]) else ""
        after = r"(?![0-9A-Za-z])" if _ALNUM.match(name[-1]) else ""
        return before + branch + after

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """`(start, end, name)` of every mention, from left to right."""
        if self._pattern is None:
            return []
        return [(m.start(), m.end(), self._known[m.group().casefold()]) for m in self._pattern.finditer(text)]

    def find(self, text: str) -> list[str]:
        """The names in a text, each once, in the order in which they first occur."""
        return list(dict.fromkeys(name for _, _, name in self.spans(text)))

    def prefix(self, text: str) -> str | None:
        """The longest known name that a text starts with."""
        match = self._pattern.match(text) if self._pattern else None
        return self._known[match.group().casefold()] if match else None
