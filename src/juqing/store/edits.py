"""What the user changed, and a script as it is shown: merged names and corrected scores over what was read and scored.

Nothing is overwritten: without the changes the script and its scores are as they were (`juqing.analysis.adjusted`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import text as sql

from juqing.analysis.adjusted import adjust
from juqing.emotions import EMOTION_NAMES, MAX_STRENGTH, N_EMOTIONS
from juqing.errors import InputError
from juqing.reading.limits import MAX_NAME_CHARACTERS
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.store.scripts import StoredScript, get_script, load_scores, load_script


@dataclass(frozen=True, slots=True)
class Correction:
    """A strength set by hand: `cue` is the index of a stored cue, `value` in 0..3."""

    cue: int
    emotion: str
    value: float


@dataclass(frozen=True, eq=False)
class Edited:
    """A script as it is shown.

    Attributes:
        stored: Its row.
        script: With names merged.
        scores: Of `script`, with corrections; None until it has been scored.
        cue_ids: For each cue of `script` the index of the stored cue that names it for corrections: merges do not change it.
        corrected: (n_cues, 6) bool, where a person set the value.
        aliases: alias → the name that counts.
        corrections: In the order in which they were made.
    """

    stored: StoredScript
    script: Script
    scores: EmotionScores | None
    cue_ids: tuple[int, ...]
    corrected: np.ndarray
    aliases: dict[str, str]
    corrections: tuple[Correction, ...]


def load_edited(connection: Connection, id: str) -> Edited | None:
    """A script as it is shown, None where there is none or it has not been read. Use it in one `reading` transaction."""
    stored = get_script(connection, id)
    script = load_script(connection, id) if stored is not None else None
    if stored is None or script is None:
        return None
    scored = stored.run_id is not None
    values = load_scores(connection, stored.run_id) if stored.run_id else np.zeros((script.n_cues, N_EMOTIONS))
    aliases, corrections = get_aliases(connection, id), get_corrections(connection, id)
    by_cue: dict[int, dict[int, float]] = {}
    for correction in corrections:
        by_cue.setdefault(correction.cue, {})[EMOTION_NAMES.index(correction.emotion)] = correction.value
    adjusted = adjust(EmotionScores(script, values, stored.model or "", stored.rmse), aliases, by_cue)
    return Edited(
        stored,
        adjusted.scores.script,
        adjusted.scores if scored else None,
        tuple(source[0] for source in adjusted.sources),
        adjusted.corrected,
        aliases,
        corrections,
    )


def get_aliases(connection: Connection, id: str) -> dict[str, str]:
    """alias → the name that counts."""
    rows = connection.execute(sql("SELECT alias, name FROM aliases WHERE script_id = :id ORDER BY alias"), {"id": id})
    return {alias: name for alias, name in rows}


def set_aliases(connection: Connection, id: str, aliases: Mapping[str, str]) -> None:
    """Replace the aliases of a script.

    Raises:
        InputError: An alias is nobody's name in the script, or a name is no name or itself an alias.
    """
    aliases = {alias: name for alias, name in aliases.items() if alias != name}
    script = load_script(connection, id)
    known = {character.name for character in script.cast} if script is not None else set()
    for alias, name in aliases.items():
        if alias not in known:
            raise InputError(f"{alias!r} is nobody in this script.", "Give names of its cast.")
        if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
            raise InputError(f"{name!r} is not a name.", f"Give 1 to {MAX_NAME_CHARACTERS} printable characters.")
        if name in aliases:
            raise InputError(f"{name!r} is an alias itself.", f"Let both count as {aliases[name]!r}.")
    connection.execute(sql("DELETE FROM aliases WHERE script_id = :id"), {"id": id})
    if aliases:
        connection.execute(
            sql("INSERT INTO aliases (script_id, alias, name) VALUES (:id, :alias, :name)"),
            [{"id": id, "alias": alias, "name": name} for alias, name in aliases.items()],
        )
    _changed(connection, id)


def get_corrections(connection: Connection, id: str) -> tuple[Correction, ...]:
    """The corrections of a script, the oldest first."""
    rows = connection.execute(
        sql("SELECT cue, emotion, value FROM corrections WHERE script_id = :id ORDER BY created_at, cue, emotion"),
        {"id": id},
    )
    return tuple(Correction(*row) for row in rows)


def set_correction(connection: Connection, id: str, correction: Correction) -> None:
    """Set one strength of a stored cue by hand.

    Raises:
        InputError: There is no such cue or emotion, or the strength is outside 0..3.
    """
    there = connection.execute(
        sql("SELECT 1 FROM cues WHERE script_id = :id AND place = :cue"), {"id": id, "cue": correction.cue}
    ).one_or_none()
    if there is None:
        raise InputError(f"there is no cue {correction.cue} in this script.", "Take its `cue` from the scores.")
    if correction.emotion not in EMOTION_NAMES or not 0 <= correction.value <= MAX_STRENGTH:
        raise InputError(
            f"{correction.emotion!r} {correction.value} is not a strength.",
            f"Give one of {', '.join(EMOTION_NAMES)} and a number in 0..{MAX_STRENGTH:g}.",
        )
    connection.execute(
        sql(
            "INSERT INTO corrections (script_id, cue, emotion, value, created_at) VALUES (:id, :cue, :emotion, :value, :now) "
            "ON CONFLICT (script_id, cue, emotion) DO UPDATE SET value = excluded.value, created_at = excluded.created_at"
        ),
        {"id": id, "cue": correction.cue, "emotion": correction.emotion, "value": correction.value, "now": time.time()},
    )
    _changed(connection, id)


def delete_correction(connection: Connection, id: str, cue: int, emotion: str) -> bool:
    """Take a correction back; False where there is none."""
    deleted = connection.execute(
        sql("DELETE FROM corrections WHERE script_id = :id AND cue = :cue AND emotion = :emotion"),
        {"id": id, "cue": cue, "emotion": emotion},
    ).rowcount
    if deleted:
        _changed(connection, id)
    return deleted > 0


def _changed(connection: Connection, id: str) -> None:
    connection.execute(sql("UPDATE scripts SET version = version + 1 WHERE id = :id"), {"id": id})
