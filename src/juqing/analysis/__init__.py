"""From scores to what people ask about: functions of `EmotionScores` that return numbers, never text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from juqing.emotions import N_EMOTIONS
from juqing.scores import EmotionScores
from juqing.script import Line, Script

MAX_MAIN = 12


def main_characters(script: Script) -> tuple[str, ...]:
    """The characters that charts show at once: at most 12 with the most cues, no extras, nobody who appears only once.

    Everybody with a cue where nobody is left by that.
    """
    counts = {name: 0 for name in script.characters}
    for cue in script.cues:
        counts[cue.character] += 1
    main = [name for name in script.characters if name not in script.minor and counts[name] > 1]
    return tuple((main or script.characters)[:MAX_MAIN])


def lines_where(script: Script, *, place: str = "", interior: str = "", time: str = "", flag: str = "") -> list[bool]:
    """For each line whether its scene heading names this place, int/ext and time, and whether it has this flag.

    What is empty asks for nothing; the flag `none` asks for lines without one.
    """
    wanted = {"place": place, "interior": interior, "time": time}
    fits = [all(value in ("", getattr(scene, name)) for name, value in wanted.items()) for scene in script.scenes]
    flags = {"": None, "none": ""}
    flag_wanted = flags.get(flag, flag)
    return [fits[line.scene] and flag_wanted in (None, line.flag) for line in script.lines]


def only_cues(scores: EmotionScores, kept: Sequence[int]) -> EmotionScores:
    """The scores of some cues, by their indexes in order: the script has all its lines, and no other cue."""
    cues = tuple(msgspec.structs.replace(scores.script.cues[k], index=j) for j, k in enumerate(kept))
    script = msgspec.structs.replace(scores.script, cues=cues)
    return EmotionScores(script, scores.values[list(kept)], scores.model, scores.rmse)


def scene_means(scores: EmotionScores, characters: Sequence[str]) -> np.ndarray:
    """How strongly each character feels in each scene: the mean over the cues, (n_characters, n_scenes, 6) float32.

    NaN where a character is not in a scene. This is the character's arc.
    """
    script = scores.script
    place = {name: k for k, name in enumerate(characters)}
    sums = np.zeros((len(characters), len(script.scenes), N_EMOTIONS))
    counts = np.zeros((len(characters), len(script.scenes), 1))
    for cue, values in zip(script.cues, scores.values, strict=True):
        if (k := place.get(cue.character)) is not None:
            scene = script.lines[cue.line].scene
            sums[k, scene] += values
            counts[k, scene] += 1
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0).astype(np.float32)


def n_letters(line: Line) -> int:
    """How much is said in a line: its letters and digits, a Chinese character counting as one."""
    return sum(map(str.isalnum, line.text))


@dataclass(frozen=True, slots=True)
class Portrait:
    """One character in numbers.

    `means` are the six means over the character's cues, each in 0..3; `peak` is the index of the cue in which the
    character feels anything most strongly, `peak_emotion` the index of that emotion.
    """

    name: str
    n_cues: int
    n_spoken: int
    n_letters: int
    n_scenes: int
    means: tuple[float, ...]
    peak: int
    peak_emotion: int


def portraits(scores: EmotionScores) -> list[Portrait]:
    """All characters of a script, those with the most cues first."""
    script = scores.script
    by_name: dict[str, list[int]] = {name: [] for name in script.characters}
    for cue in script.cues:
        by_name[cue.character].append(cue.index)
    result = []
    for name, indices in by_name.items():
        values = scores.values[indices]
        speeches = [script.lines[script.cues[i].line] for i in indices if script.cues[i].role == "speaker"]
        best, emotion = np.unravel_index(np.argmax(values), values.shape)
        result.append(
            Portrait(
                name,
                len(indices),
                len(speeches),
                sum(map(n_letters, speeches)),
                len({script.lines[script.cues[i].line].scene for i in indices}),
                tuple(values.mean(axis=0).astype(float).tolist()),
                indices[int(best)],
                int(emotion),
            )
        )
    return result


@dataclass(frozen=True, slots=True)
class Moment:
    """A cue and the emotion that is strong in it."""

    cue: int
    emotion: int
    strength: float


def strongest_moments(
    scores: EmotionScores, n: int, *, per_emotion: int | None = None, least: float = 0.0
) -> list[Moment]:
    """The strongest moments, each line once, strongest first.

    Args:
        scores: The scores.
        n: How many at most.
        per_emotion: How many of one emotion at most, so that one loud feeling does not hide the others.
        least: From which strength on; nothing of strength 0 is a moment.
    """
    order = np.argsort(-scores.values, axis=None, kind="stable")
    moments: list[Moment] = []
    lines: set[int] = set()
    taken = [0] * N_EMOTIONS
    for flat in order:
        if len(moments) == n:
            break
        cue, emotion = divmod(int(flat), N_EMOTIONS)
        line = scores.script.cues[cue].line
        strength = float(scores.values[cue, emotion])
        if strength <= 0 or strength < least:
            break
        if line in lines or (per_emotion is not None and taken[emotion] >= per_emotion):
            continue
        lines.add(line)
        taken[emotion] += 1
        moments.append(Moment(cue, emotion, strength))
    return moments
