"""The hand-made set of pronouns: mini-scripts in which every pronoun of an action is followed by `{who}`."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from juqing.reading import read_text
from juqing.reading.presence import acted_texts
from juqing.reading.pronouns import PRONOUN, Resolver
from juqing.script import Script
from juqing.text.names import name_finder

DATA = Path(__file__).parents[1] / "data" / "pronouns"
_MARKED = re.compile(r"(他们|她们|两人|二人|两个人|对方|自己|他|她)\{([^}]*)\}")


@dataclass
class Result:
    """How the pronouns of a set were resolved: `n` of them stand for a character; `right` and `wrong` by word."""

    n_pronouns: int = 0
    n: Counter[str] = field(default_factory=Counter)
    right: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, bool]] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)

    @property
    def precision(self) -> float:
        """Of the pronouns that were resolved, the share that was resolved rightly."""
        return self.right.total() / max(self.right.total() + self.wrong.total(), 1)

    @property
    def coverage(self) -> float:
        """The share of all pronouns that were resolved, rightly or not."""
        return (self.right.total() + self.wrong.total()) / self.n_pronouns

    @property
    def accuracy(self) -> float:
        """The share of pronouns that stand for a character and were resolved rightly."""
        return self.right.total() / self.n.total()


def scripts(name: str) -> list[tuple[str, str]]:
    """`(id, text)` of every mini-script of a set, marks and all."""
    parts = re.split(r"^=== (\w+)\n", (DATA / f"{name}.txt").read_text(encoding="utf-8"), flags=re.M)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def expected(text: str) -> tuple[str, dict[tuple[int, int], tuple[str, ...]]]:
    """A text without its marks, and whom the k-th pronoun of a line stands for; `("?",)` for nobody with a name."""
    told: dict[tuple[int, int], tuple[str, ...]] = {}
    lines = text.split("\n")
    for i, line in enumerate(lines, start=1):
        for k, mark in enumerate(_MARKED.finditer(line)):
            told[i, k] = tuple(mark[2].split(","))
    return re.sub(r"\{[^}]*\}", "", text), told


def measure(name: str, *, baseline: bool = False) -> Result:
    """Resolve a set, or guess the character last named before each pronoun (the baseline)."""
    result = Result()
    for script_id, text in scripts(name):
        plain, told = expected(text)
        script = read_text(plain, fountain=False)
        found = last_named(script) if baseline else resolved(script)
        assert found.keys() == told.keys(), (
            f"{script_id}: pronouns of {found.keys() ^ told.keys()} are not read as marked"
        )
        for place, who in told.items():
            word, names, rule = found[place]
            is_nobody = who == ("?",)
            result.n_pronouns += 1
            result.n[word] += not is_nobody
            if not names:
                if not is_nobody:
                    result.unresolved.append(f"{script_id} {place[0]}: {word} = {','.join(who)}")
                continue
            is_right = set(names) == set(who)
            (result.right if is_right else result.wrong)[word] += 1
            result.rules[rule, is_right] += 1
            if not is_right:
                result.errors.append(
                    f"{script_id} {place[0]}: {word} = {','.join(who)}, not {','.join(names)} ({rule})"
                )
    return result


def resolved(script: Script) -> dict[tuple[int, int], tuple[str, list[str], str]]:
    """For the k-th pronoun in the actions of a source line: the word, whom it was resolved to, by which rule."""
    out: dict[tuple[int, int], tuple[str, list[str], str]] = {}
    finder = name_finder(script)
    resolver = Resolver(script)
    for scene in script.scenes:
        resolver.enter(scene)
        for line in scene.lines:
            acted = acted_texts(line, finder)
            found = resolver.line(line, acted)
            k = 0
            for piece, (text, _) in enumerate(acted):
                for pronoun in PRONOUN.finditer(text):
                    hits = [one for one in found if (one.piece, one.start) == (piece, pronoun.start())]
                    out[line.source.first, k] = (pronoun[0], [one.name for one in hits], hits[0].rule if hits else "")
                    k += 1
    return out


def last_named(script: Script) -> dict[tuple[int, int], tuple[str, list[str], str]]:
    """The baseline: the character (for 两人 and the like the two characters) last named or speaking before the pronoun."""
    out: dict[tuple[int, int], tuple[str, list[str], str]] = {}
    finder = name_finder(script)
    for scene in script.scenes:
        past: list[str] = []
        for line in scene.lines:
            past += line.speakers
            k = 0
            for text, spans in acted_texts(line, finder):
                for pronoun in PRONOUN.finditer(text):
                    before = [*past, *(name for start, _, name in spans if start < pronoun.start())]
                    recent = list(dict.fromkeys(reversed(before)))
                    n = 2 if pronoun[0] in ("两人", "二人", "两个人", "他们", "她们") else 1
                    out[line.source.first, k] = (pronoun[0], recent[:n], "last")
                    k += 1
                past += [name for _, _, name in spans]
    return out
