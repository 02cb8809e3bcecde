"""Where known names occur in a text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cached_property

from juqing.script import Script
from juqing.text.words import Words

HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇"
"""The inside of a character class: Han characters."""

_HAN = re.compile(f"[{HAN}]")
_ALNUM = re.compile(r"[0-9A-Za-z]")
_TITLES = frozenset("mr mrs ms miss dr sir lady lord king queen prince princess old young the a an uncle aunt officer captain".split())  # fmt: skip


class NameFinder:
    """Finds known names in texts: longest match first, a name inside a longer known name does not count.

    Latin names match in any case at word boundaries, also by the first word where that is one person's alone. A name of one
    Han character counts only where it is a word by itself and stands as a name does (`is_name_here` of `Words`).

    Args:
        names: The names, or a mapping of every form (name or alias) to the name that it stands for.
    """

    def __init__(self, names: Iterable[str] | Mapping[str, str]):
        forms = dict(names) if isinstance(names, Mapping) else {name: name for name in names}
        forms.pop("", None)
        for first, name in _first_words(forms).items():
            forms.setdefault(first, name)
        self.forms = forms
        # Per first character the forms that start with it, folded, and their lengths, longest first: finding one
        # costs a look-up a length, however many names there are.
        self._names: dict[str, str] = {}
        lengths: dict[str, set[int]] = {}
        for form in sorted(forms, reverse=True):
            self._names[form if _HAN.search(form) else form.lower()] = forms[form]
            for start in {form[0], form[0].lower(), form[0].upper()}:
                lengths.setdefault(start, set()).add(len(form))
        self._lengths = {start: sorted(known, reverse=True) for start, known in lengths.items()}
        starts = "".join(map(re.escape, self._lengths))
        self._starts = re.compile(f"[{starts}]") if starts else None

    @cached_property
    def _words(self) -> Words:
        return Words(form for form in self.forms if len(form) > 1 and _HAN.search(form))

    def spans(self, text: str) -> list[tuple[int, int, str]]:
        """`(start, end, name)` of every mention, from left to right."""
        found: list[tuple[int, int, str]] = []
        end, has_single = 0, False
        for match in self._starts.finditer(text) if self._starts else ():
            start = match.start()
            if start >= end and (mention := self._at(text, start)) is not None:
                found.append(mention)
                end = mention[1]
                has_single = has_single or end - start == 1
        return self._without_words(text, found) if has_single else found

    def _without_words(self, text: str, found: list[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Mentions without the one-character ones that are ordinary words, or parts of them."""
        single = {start for start, end, _ in found if end - start == 1 and _HAN.match(text[start])}
        names = frozenset(start for start, _, _ in found)
        kept = self._words.names_at(text, single, names) if single else single
        return [mention for mention in found if mention[0] not in single or mention[0] in kept]

    def _at(self, text: str, i: int) -> tuple[int, int, str] | None:
        """The longest name that stands at a position."""
        for length in self._lengths.get(text[i], ()):
            end = i + length
            piece = text[i:end]
            name = self._names.get(piece) or self._names.get(piece.lower())
            if name is None or len(piece) != length:
                continue
            before, after = text[i - 1 : i], text[end : end + 1]
            if _runs_on(before, piece[0]) or _runs_on(piece[-1], after):
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


def name_finder(script: Script) -> NameFinder:
    """Finds the characters of a script, by their names and by the aliases that were merged into them."""
    forms = {character.name: character.name for character in script.cast}
    for character in script.cast:
        for alias in character.merged:
            forms.setdefault(alias, character.name)
    return NameFinder(forms)


def _runs_on(left: str, right: str) -> bool:
    """Whether two characters are inside one Latin word or number. A letter after a digit begins anew: `a1b2`, `医生2OS`."""
    return (
        _ALNUM.match(left) is not None and _ALNUM.match(right) is not None and not (left.isdigit() and right.isalpha())
    )


def _first_words(forms: Mapping[str, str]) -> dict[str, str]:
    """First words of Latin names that belong to one name alone: `Ann` of `Ann Lee`."""
    owners: dict[str, set[str]] = {}
    for form, name in forms.items():
        first, _, rest = form.partition(" ")
        if rest and len(first) > 1 and first.isalpha() and not _HAN.search(form) and first.lower() not in _TITLES:
            owners.setdefault(first.lower(), set()).add(name)
    taken = {form.lower() for form in forms}
    return {first: min(names) for first, names in owners.items() if len(names) == 1 and first not in taken}
