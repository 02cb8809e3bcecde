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
    finder = name_finder(script)
    texts = [line_text(line) for line in script.lines]
    if script.language == "zh-Hant":
        texts = list(map(simplified(), texts))
        finder = NameFinder({simplified()(form): name for form, name in finder.forms.items()})
    spans: dict[int, list[tuple[int, int, str]]] = {}
    result = []
    for cue in script.cues:
        text = texts[cue.line]
        if cue.line not in spans:
            spans[cue.line] = finder.spans(text)
        pieces, at = [], 0
        for start, end, name in spans[cue.line]:
            pieces += [text[at:start], OWN if name == cue.character else OTHER]
            at = end
        own = "".join(pieces) + text[at:]
        # 她 that stands for the character is read like the name.
        result.append(own.replace(cue.word, OWN, 1) if cue.by == "pronoun" and cue.word else own)
    return result


@cache
def simplified() -> Callable[[str], str]:
    """Traditional characters to simplified ones, for models that learned from these."""
    from opencc import OpenCC

    return OpenCC("t2s").convert
