"""The text that a recognizer sees of a line, the same for every format."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from juqing.script import Line, Script
from juqing.text.names import NameFinder, name_finder

OWN, OTHER = "\ue000", "\ue001"
"""Signs that stand for the name of the cue's character, and for every other name (private-use characters)."""

_TAGS = {"os": "OS", "vo": "VO", "off": "画外音", "phone": "电话", "sung": "唱"}


def line_text(line: Line) -> str:
    """A line as one string: `名字OS低声：台词` for speech, the text itself for the rest.

    What stood in brackets or beside the name in the cue is read like an action: `林远（冷笑）：` and `林远冷笑：` are the same.
    """
    if not line.speakers:
        return line.text
    return f"{'、'.join(line.speakers)}{_TAGS.get(line.delivery, '')}{'，'.join(line.parentheticals)}：{line.text}"


def cue_texts(script: Script) -> list[str]:
    """For every cue the text of its line, its own character's name replaced by `OWN` and all other names by `OTHER`.

    A model that learned from masked names then reads real ones the same way; traditional characters become simplified ones.
    """
    return [texts[-1] for texts in cue_passages(script, 0)]


def cue_passages(script: Script, n_before: int) -> list[list[str]]:
    """For every cue the texts of up to `n_before` lines before its own in the scene, and last that of its own line.

    Names are replaced in all of them as in `cue_texts`: `OWN` is the character of the cue.
    """
    finder = name_finder(script)
    texts = [line_text(line) for line in script.lines]
    if script.language == "zh-Hant":
        texts = list(map(simplified(), texts))
        finder = NameFinder({simplified()(form): name for form, name in finder.forms.items()})
    spans: dict[int, list[tuple[int, int, str]]] = {}

    def masked(line: int, character: str) -> str:
        text = texts[line]
        if line not in spans:
            spans[line] = finder.spans(text)
        pieces, at = [], 0
        for start, end, name in spans[line]:
            pieces += [text[at:start], OWN if name == character else OTHER]
            at = end
        return "".join(pieces) + text[at:]

    result = []
    for cue in script.cues:
        scene = script.lines[cue.line].scene
        before = range(max(0, cue.line - n_before), cue.line)
        passage = [masked(line, cue.character) for line in before if script.lines[line].scene == scene]
        own = masked(cue.line, cue.character)
        # 她 that stands for the character is read like the name.
        passage.append(own.replace(cue.word, OWN, 1) if cue.by == "pronoun" and cue.word else own)
        result.append(passage)
    return result


@cache
def simplified() -> Callable[[str], str]:
    """Traditional characters to simplified ones, for models that learned from these."""
    from opencc import OpenCC

    return OpenCC("t2s").convert
