"""Two drafts of one script: which scenes and lines belong together, and what became of the feelings. See docs/analysis.md."""

from __future__ import annotations

import difflib
import itertools
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import numpy as np

from juqing.analysis import main_characters, scene_means
from juqing.scores import EmotionScores
from juqing.script import Line, Scene, Script

LIKE = 0.4
"""Least similarity of two scenes that count as one."""
_LIKE_LINE = 0.5
_HEADING = 0.2  # its share in the similarity of scenes
_MAX_PAIRED = 200  # changed lines of one place that are compared with each other

State = Literal["same", "changed", "added", "removed"]


@dataclass(frozen=True, slots=True)
class LinePair:
    """A line of both drafts, or of one; `before` and `after` are line indexes."""

    before: int | None
    after: int | None
    state: State


@dataclass(frozen=True, slots=True)
class ScenePair:
    """A scene of both drafts, or of one.

    Attributes:
        before: Its index in the first draft.
        after: Its index in the second draft.
        similarity: Of the two, 0..1; 0 where there is one only.
        state: `same` where heading and lines are the same.
        moved: Whether it stands at another place among the scenes that both drafts have.
        change: Euclidean distance of the six means over all cues of the scene, before and after, 0..7.35 (3 √6); None where
            one of the two has no cue.
        lines: Its lines, aligned.
    """

    before: int | None
    after: int | None
    similarity: float
    state: State
    moved: bool
    change: float | None
    lines: tuple[LinePair, ...]


@dataclass(frozen=True, slots=True, eq=False)
class DraftComparison:
    """Two drafts, side by side.

    Attributes:
        scenes: In the order of the second draft; a removed scene stands behind the one that it followed in the first.
        characters: Main characters of either draft.
        differences: (n_characters, n_scenes, 6) float32, mean of the character in the scene after less that before, aligned with
            `scenes`; NaN where the character is not in it in both drafts.
        totals: (n_characters, 6) float32, mean over all cues after less that before; NaN where somebody is in one draft only.
    """

    scenes: tuple[ScenePair, ...]
    characters: tuple[str, ...]
    differences: np.ndarray
    totals: np.ndarray

    def most_changed(self) -> list[ScenePair]:
        """The scenes of both drafts whose feeling changed at all, the most changed first."""
        changed = [pair for pair in self.scenes if pair.change]
        return sorted(changed, key=lambda pair: -(pair.change or 0.0))


def compare_drafts(before: EmotionScores, after: EmotionScores) -> DraftComparison:
    """Align two drafts by scene and line and take the difference of their scores.

    Scenes are alike by the bigrams of their text and of their headings (Sørensen-Dice). Those in the same order are found by the
    alignment with the greatest total similarity (Needleman and Wunsch 1970); what is left over is paired by similarity, the
    greatest first, and called moved. Lines are aligned in each pair by `difflib`.
    """
    old, new = before.script, after.script
    pairs = _paired_scenes(_similarities(old, new))
    partner = {j: (i, likeness, moved) for i, j, likeness, moved in pairs}
    removed = sorted(set(range(len(old.scenes))) - {i for i, *_ in pairs})
    order: list[tuple[int | None, int | None, float, bool]] = []
    waiting = list(removed)
    for j in range(len(new.scenes)):
        i, likeness, moved = partner.get(j, (None, 0.0, False))
        if i is not None and not moved:
            while waiting and waiting[0] < i:
                order.append((waiting.pop(0), None, 0.0, False))
        order.append((i, j, likeness, moved))
    order += [(i, None, 0.0, False) for i in waiting]

    old_means, new_means = _all_means(before), _all_means(after)
    characters = tuple(dict.fromkeys((*main_characters(new), *main_characters(old))))
    of_old, of_new = scene_means(before, characters), scene_means(after, characters)
    differences = np.full((len(characters), len(order), old_means.shape[1]), np.nan, dtype=np.float32)
    scenes = []
    for k, (i, j, likeness, moved) in enumerate(order):
        change = None
        if i is not None and j is not None:
            differences[:, k] = of_new[:, j] - of_old[:, i]
            distance = float(np.linalg.norm(new_means[j] - old_means[i]))
            change = None if np.isnan(distance) else distance
        lines = _paired_lines(
            old.scenes[i].lines if i is not None else (), new.scenes[j].lines if j is not None else ()
        )
        scenes.append(ScenePair(i, j, likeness, _state(old, new, i, j, lines), moved, change, lines))
    totals = _character_means(after, characters) - _character_means(before, characters)
    return DraftComparison(tuple(scenes), characters, differences, totals.astype(np.float32))


def _state(old: Script, new: Script, i: int | None, j: int | None, lines: tuple[LinePair, ...]) -> State:
    if i is None:
        return "added"
    if j is None:
        return "removed"
    same = old.scenes[i].label() == new.scenes[j].label() or _name(old.scenes[i]) == _name(new.scenes[j])
    return "same" if same and all(line.state == "same" for line in lines) else "changed"


def _name(scene: Scene) -> tuple[str, ...]:
    """What a heading says without its number, which changes when a scene before it goes."""
    return (scene.interior, scene.place, scene.time) if scene.place else (scene.heading,)


def _bigrams(text: str) -> Counter[str]:
    text = "".join(text.split())
    return Counter(a + b for a, b in itertools.pairwise(text)) if len(text) > 1 else Counter([text])


def _similarities(old: Script, new: Script) -> np.ndarray:
    """(n_old, n_new) similarity of scenes, 0..1."""

    def text_of(scene: Scene) -> str:
        return " ".join(f"{''.join(line.speakers)}{line.text}" for line in scene.lines)

    text = _dice([_bigrams(text_of(s)) for s in old.scenes], [_bigrams(text_of(s)) for s in new.scenes])
    heading = _dice(
        [_bigrams("".join(_name(s))) for s in old.scenes], [_bigrams("".join(_name(s))) for s in new.scenes]
    )
    return (1 - _HEADING) * text + _HEADING * heading


def _dice(a: list[Counter[str]], b: list[Counter[str]]) -> np.ndarray:
    """Sørensen-Dice of multisets, 2 |x ∩ y| / (|x| + |y|), of each of a with each of b; only those with common members are touched."""
    common = np.zeros((len(a), len(b)))
    holders: dict[str, list[tuple[int, int]]] = {}
    for j, counts in enumerate(b):
        for gram, n in counts.items():
            holders.setdefault(gram, []).append((j, n))
    for i, counts in enumerate(a):
        for gram, n in counts.items():
            for j, m in holders.get(gram, ()):
                common[i, j] += min(n, m)
    sizes = np.array([c.total() for c in a])[:, None] + np.array([c.total() for c in b])[None, :]
    return 2 * common / np.maximum(sizes, 1)


def _paired_scenes(likeness: np.ndarray) -> list[tuple[int, int, float, bool]]:
    """(before, after, similarity, moved) of the scenes that both drafts have."""
    n, m = likeness.shape
    gain = np.where(likeness >= LIKE, likeness, 0.0)
    best = np.zeros((n + 1, m + 1))
    for i in range(n):
        for j in range(m):
            best[i + 1, j + 1] = max(best[i, j + 1], best[i + 1, j], best[i, j] + gain[i, j])
    pairs = []
    i, j = n, m
    while i and j:
        if gain[i - 1, j - 1] and best[i, j] == best[i - 1, j - 1] + gain[i - 1, j - 1]:
            i, j = i - 1, j - 1
            pairs.append((i, j, float(likeness[i, j]), False))
        elif best[i, j] == best[i - 1, j]:
            i -= 1
        else:
            j -= 1
    rest = gain.copy()
    rest[[i for i, *_ in pairs], :] = 0
    rest[:, [j for _, j, *_ in pairs]] = 0
    while rest.size and rest.max() > 0:
        i, j = (int(k) for k in np.unravel_index(np.argmax(rest), rest.shape))
        pairs.append((i, j, float(likeness[i, j]), True))
        rest[i, :] = rest[:, j] = 0
    return pairs


def _paired_lines(old: tuple[Line, ...], new: tuple[Line, ...]) -> tuple[LinePair, ...]:
    matcher = difflib.SequenceMatcher(None, [_key(line) for line in old], [_key(line) for line in new], autojunk=False)
    found: list[LinePair] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            found += [
                LinePair(old[i].index, new[j].index, "same") for i, j in zip(range(i1, i2), range(j1, j2), strict=True)
            ]
        else:
            found += _changed_lines(old[i1:i2], new[j1:j2])
    return tuple(found)


def _changed_lines(old: tuple[Line, ...], new: tuple[Line, ...]) -> list[LinePair]:
    """Lines that stand at the same place in both drafts and differ: in order, those that are half alike are one line."""
    found: list[LinePair] = []
    at = 0
    if old and new and max(len(old), len(new)) <= _MAX_PAIRED:
        likeness = _dice(
            [_bigrams("".join(_key(line))) for line in old], [_bigrams("".join(_key(line))) for line in new]
        )
        for i, line in enumerate(old):
            j = at + int(np.argmax(likeness[i, at:])) if at < len(new) else len(new)
            if j < len(new) and likeness[i, j] >= _LIKE_LINE:
                found += [LinePair(None, each.index, "added") for each in new[at:j]]
                found.append(LinePair(line.index, new[j].index, "changed"))
                at = j + 1
            else:
                found.append(LinePair(line.index, None, "removed"))
    else:
        found += [LinePair(line.index, None, "removed") for line in old]
    return found + [LinePair(None, line.index, "added") for line in new[at:]]


def _key(line: Line) -> tuple[str, ...]:
    return (*line.speakers, "\n", line.text, *line.parentheticals)


def _all_means(scores: EmotionScores) -> np.ndarray:
    """(n_scenes, 6) means over all cues of each scene, NaN where there is none."""
    script = scores.script
    scene = np.array([script.lines[cue.line].scene for cue in script.cues], dtype=int)
    sums = np.zeros((len(script.scenes), scores.values.shape[1]))
    np.add.at(sums, scene, scores.values)
    counts = np.bincount(scene, minlength=len(script.scenes))[:, None].astype(float)
    return np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)


def _character_means(scores: EmotionScores, characters: tuple[str, ...]) -> np.ndarray:
    """(n_characters, 6) means over all cues of each character, NaN for who has none."""
    rows = np.full((len(characters), scores.values.shape[1]), np.nan)
    for k, name in enumerate(characters):
        indices = [cue.index for cue in scores.script.cues if cue.character == name]
        if indices:
            rows[k] = scores.values[indices].mean(0)
    return rows
