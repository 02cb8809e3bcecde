"""Where known names occur in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable

HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇"
"""The inside of a character class: Han characters."""

_HAN = re.compile(f"[{HAN}]")
_ALNUM = re.compile(r"[0-9A-Za-z]")


class NameFinder:
    """Finds known names in texts: longest match first, a name inside a longer known name does not count.

    Latin names match in any case at word boundaries. A name of one Han character counts only where no Han character
    stands before it.
    """

    def __init__(self, names: Iterable[str]):
        # Per first character the names that start with it, folded, and their lengths, longest first: finding one
        # costs a look-up a length, however many names there are.
        self._names: dict[str, str] = {}
        lengths: dict[str, set[int]] = {}
        for name in sorted({name for name in names if name}, reverse=True):
            key = name if _HAN.search(name) else name.lower()
            self._names[key] = name
            for start in {name[0], name[0].lower(), name[0].upper()}:
                lengths.setdefault(start, set()).add(len(name))
        self._lengths = {start: sorted(known, reverse=True) for start, known in lengths.items()}
        starts = "".join(map(re.escape, self._lengths))
        self._starts = re.compile(f"[{starts}]") if starts else None

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """`(start, end, name)` of every mention, from left to right."""
        found: list[tuple[int, int, str]] = []
        end = 0
        for match in self._starts.finditer(text) if self._starts else ():
            if match.start() >= end and (mention := self._at(text, match.start())) is not None:
                found.append(mention)
                end = mention[1]
        return found

    def _at(self, text: str, i: int) -> tuple[int, int, str] | None:
        """The longest name that stands at a position."""
        for length in self._lengths.get(text[i], ()):
            end = i + length
            piece = text[i:end]
            name = self._names.get(piece) or self._names.get(piece.lower())
            if name is None or len(piece) != length:
                continue
            before, after = text[i - 1 : i], text[end : end + 1]
            if (_ALNUM.match(piece) and _ALNUM.match(before)) or (_ALNUM.match(piece[-1]) and _ALNUM.match(after)):
                continue
            if length == 1 and _HAN.match(piece) and _HAN.match(before):
                continue
            return i, end, name
        return None

    def find(self, text: str) -> list[str]:
        """The names in a text, each once, in the order in which they first occur."""
        return list(dict.fromkeys(name for _, _, name in self.spans(text)))

    def prefix(self, text: str) -> str | None:
        """The longest known name that a text starts with."""
        mention = self._at(text, 0) if text else None
        return mention[2] if mention else None
