"""What a person changed: names that are one person, scores that were set by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np

from juqing.reading.aliases import rename_characters
from juqing.scores import EmotionScores
from juqing.script import Cue, Script

Corrections = Mapping[int, Mapping[int, float]]
"""`{index of a cue: {index of an emotion: strength}}`, cues counted as they were scored, before any merge."""


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """Scores as a person wants them.

    Attributes:
        scores: With merged names and corrected values.
        sources: For each of its cues the indexes of the cues that it was made of, in the scores as given; the first of them
            names the cue for corrections.
        corrected: (n_cues, 6) bool, where a person set the value.
    """

    scores: EmotionScores
    sources: tuple[tuple[int, ...], ...]
    corrected: np.ndarray


def adjust(scores: EmotionScores, aliases: Mapping[str, str], corrections: Corrections) -> Adjusted:
    """Merge names and set values.

    Two cues in one line that become one person are one cue then, and its values are the means of theirs. Where a person set
    some of these, the mean of what was set counts alone.

    Args:
        scores: As the model gave them; they are not changed.
        aliases: `{"小明": "李明"}`, the name that is given up and the one that counts; chains are followed.
        corrections: Values set by hand, each in 0..3.

    Raises:
        ValueError: The aliases go in a circle.
    """
    to_name = resolved(aliases)
    corrected = np.zeros(scores.values.shape, dtype=bool)
    values = scores.values.astype(float)
    for cue, changes in corrections.items():
        for emotion, value in changes.items():
            values[cue, emotion] = value
            corrected[cue, emotion] = True
    script, sources = _merged(scores.script, to_name)
    place = np.empty(len(values), dtype=int)  # of each cue among the merged ones
    for k, source in enumerate(sources):
        for cue in source:
            place[cue] = k

    def summed(each: np.ndarray) -> np.ndarray:
        sums = np.zeros((len(sources), values.shape[1]))
        np.add.at(sums, place, each)
        return sums

    was_set = summed(corrected) > 0
    weights = np.where(was_set[place], corrected, 1.0)
    merged = summed(values * weights) / summed(weights)
    return Adjusted(EmotionScores(script, merged, scores.model, scores.rmse), sources, was_set)


def resolved(aliases: Mapping[str, str]) -> dict[str, str]:
    """Aliases with chains followed to their end, those of a name for itself left out.

    Raises:
        ValueError: They go in a circle.
    """
    to_name = {}
    for alias in aliases:
        name, seen = alias, {alias}
        while (further := aliases.get(name, name)) != name:
            if further in seen:
                raise ValueError(f"the aliases of {alias!r} go in a circle")
            seen.add(further)
            name = further
        if name != alias:
            to_name[alias] = name
    return to_name


def _merged(script: Script, to_name: Mapping[str, str]) -> tuple[Script, tuple[tuple[int, ...], ...]]:
    if not to_name:
        return script, tuple((k,) for k in range(script.n_cues))
    others: dict[str, list[str]] = {}
    for alias, name in to_name.items():
        others.setdefault(name, []).append(alias)
    cues: list[Cue] = []
    sources: list[list[int]] = []
    places: dict[tuple[int, str], int] = {}
    for cue in script.cues:
        name = to_name.get(cue.character, cue.character)
        at = places.setdefault((cue.line, name), len(cues))
        if at == len(cues):
            cues.append(msgspec.structs.replace(cue, index=at, character=name))
            sources.append([cue.index])
        else:
            sources[at].append(cue.index)
            if cue.role == "speaker":  # who speaks is not only present
                cues[at] = msgspec.structs.replace(cue, index=at, character=name, id=cues[at].id)
    renamed = rename_characters(script, others)
    return msgspec.structs.replace(renamed, cues=tuple(cues)), tuple(tuple(source) for source in sources)
