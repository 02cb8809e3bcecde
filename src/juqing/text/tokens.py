"""Every cue as a list of words or characters: what the recognizers that have no tokenizer of their own learn from."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from juqing.errors import InputError
from juqing.script import Script
from juqing.text.lines import OTHER, OWN, cue_passages
from juqing.text.words import Words

UNITS = ("word", "character")
"""What a line is cut into."""

OWN_TOKEN, OTHER_TOKEN = "‹我›", "‹他›"
"""What stands for the name of the cue's character, and for every other name."""

BREAK_TOKEN = "‹行›"
"""What stands between two lines."""

_MASKS = {OWN: OWN_TOKEN, OTHER: OTHER_TOKEN}


def check_unit(unit: str, tags: bool) -> None:
    """Raise `InputError` where the unit is not one of `UNITS`, or parts of speech are asked for of characters."""
    if unit not in UNITS:
        raise InputError(f"the unit is {unit!r}.", f"Choose one of {', '.join(UNITS)}.")
    if tags and unit != "word":
        raise InputError(f"parts of speech were asked for, of the unit {unit!r}.", "Only words have them.")


def with_parts(tokens: Sequence[str]) -> list[str]:
    """Tagged tokens, `高兴/a`, and behind them the tags alone, `/a`; what stands for a name has none.

    The tags of rjieba are those of its dictionary: a word has the same one everywhere, so that a bag of tagged words is one of plain
    words. What tags add is what words have in common: how many adjectives, interjections, names of places a line has.
    """
    return [*tokens, *(f"/{token.rpartition('/')[2]}" for token in tokens if "/" in token)]


def cue_tokens(script: Script, *, unit: str = "word", tags: bool = False, n_before: int = 0) -> list[list[str]]:
    """For every cue the tokens of its line as `cue_texts` writes it, blanks left out.

    Args:
        script: The script.
        unit: One of `UNITS`.
        tags: Whether a word gets its part of speech, `高兴/a`, as in word vectors that were trained so. For words alone.
        n_before: So many lines of the scene before the cue's own come first, a `BREAK_TOKEN` behind each of them.

    Raises:
        InputError: The unit is not known, or has no parts of speech.
    """
    check_unit(unit, tags)
    words = Words()

    @cache
    def cut(text: str) -> list[str]:
        if unit == "character":
            return [_MASKS.get(c, c) for c in text if not c.isspace()]
        if tags:
            tagged = words.tag(text)
            return [_MASKS.get(word) or f"{word}/{tag}" for word, tag in tagged if not word.isspace()]
        return [_MASKS.get(word, word) for word in words.cut(text) if not word.isspace()]

    return [
        [*(token for text in before for token in (*cut(text), BREAK_TOKEN)), *cut(own)]
        for *before, own in cue_passages(script, n_before)
    ]
