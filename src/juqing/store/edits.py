"""What the user changed, and a script as it is shown: merged names and corrected scores over what was read and scored.

Nothing is overwritten: without the changes the script and its scores are as they were (`juqing.analysis.adjusted`).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from sqlalchemy import Connection
from sqlalchemy import text as sql

from juqing.analysis.adjusted import adjust
from juqing.emotions import EMOTION_NAMES, MAX_STRENGTH, N_EMOTIONS
from juqing.errors import InputError
from juqing.reading.aliases import merge_aliases
from juqing.reading.limits import MAX_NAME_CHARACTERS
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.store.jobs import newest_job, queue_given
from juqing.store.scripts import (
    StoredScript,
    changed,
    find_run,
    get_given,
    get_script,
    load_cues,
    load_scores,
    load_script,
    with_given,
)
from juqing.text.names import NameFinder


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
        pending: Aliases that stand in the text alone, the lines of which are not in the scores yet.
        pending_job: The job that will bring them, where there is one.
    """

    stored: StoredScript
    script: Script
    scores: EmotionScores | None
    cue_ids: tuple[int, ...]
    corrected: np.ndarray
    aliases: dict[str, str]
    corrections: tuple[Correction, ...]
    pending: tuple[str, ...]
    pending_job: str | None


def load_edited(connection: Connection, id: str) -> Edited | None:
    """A script as it is shown, None where there is none or it has not been read. Use it in one `reading` transaction."""
    stored = get_script(connection, id)
    script = load_script(connection, id) if stored is not None else None
    if stored is None or script is None:
        return None
    read, run_id, pending, pending_job = script, stored.run_id, (), None
    if given := get_given(connection, id):
        fingerprint = with_given(stored.fingerprint or "", given)
        found = find_run(connection, id, fingerprint)
        if found is None:
            job = newest_job(connection, id, fingerprint)
            pending, pending_job = tuple(given), None if job is None else job.id
        else:
            run_id, read = found, merge_aliases(script, _by_name(given))
            read = msgspec.structs.replace(read, cues=load_cues(connection, found) or ())
    ids = _cue_ids(script, read)
    values = load_scores(connection, run_id) if run_id else np.zeros((read.n_cues, N_EMOTIONS))
    aliases, corrections = get_aliases(connection, id), get_corrections(connection, id)
    by_cue: dict[int, dict[int, float]] = {}
    place = {cue: k for k, cue in enumerate(ids)}
    for correction in corrections:
        if (k := place.get(correction.cue)) is not None:  # else of a line that counts with aliases alone
            by_cue.setdefault(k, {})[EMOTION_NAMES.index(correction.emotion)] = correction.value
    adjusted = adjust(EmotionScores(read, values, stored.model or "", stored.rmse), aliases, by_cue)
    return Edited(
        stored,
        adjusted.scores.script,
        adjusted.scores if run_id else None,
        tuple(ids[source[0]] for source in adjusted.sources),
        adjusted.corrected,
        aliases,
        corrections,
        pending,
        pending_job,
    )


def _cue_ids(script: Script, read: Script) -> list[int]:
    """For each cue of what was read with a user's names its number: of the stored cue of that line and character, else a number behind all stored ones.

    It says line and character, so it stays the same whatever other names are given.
    """
    if read is script:
        return list(range(script.n_cues))
    known = {(cue.line, cue.character): cue.index for cue in script.cues}
    cast = {character.name: k for k, character in enumerate(script.cast)}
    return [
        known.get((cue.line, cue.character), script.n_cues + cue.line * len(cast) + cast[cue.character])
        for cue in read.cues
    ]


def _by_name(given: Mapping[str, str]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for alias, name in given.items():
        names.setdefault(name, []).append(alias)
    return names


def read_given(connection: Connection, id: str, script: Script) -> Script:
    """A script read anew with the names that its user gave (`juqing.reading.aliases.merge_aliases`)."""
    return merge_aliases(script, _by_name(get_given(connection, id)))


def get_aliases(connection: Connection, id: str) -> dict[str, str]:
    """alias → the name that counts."""
    rows = connection.execute(sql("SELECT alias, name FROM aliases WHERE script_id = :id ORDER BY alias"), {"id": id})
    return {alias: name for alias, name in rows}


def set_aliases(connection: Connection, id: str, aliases: Mapping[str, str]) -> None:
    """Replace the aliases of a script. An alias may be a name of the cast, or stand in the text alone: then a job is queued
    that reads and scores the lines in which it stands.

    Raises:
        InputError: An alias is nobody's name and stands nowhere, or a name is no name, itself an alias, or nobody.
    """
    aliases = {alias: name for alias, name in aliases.items() if alias != name}
    script = load_script(connection, id)
    known = {character.name for character in script.cast} if script is not None else set()
    unknown = [alias for alias in aliases if alias not in known]
    nowhere = _nowhere(script, unknown) if script is not None else set(unknown)
    given: dict[str, str] = {}
    for alias, name in aliases.items():
        if alias in nowhere:
            raise InputError(
                f"{alias!r} is nobody in this script.", "Give names of its cast, or names that stand in its text."
            )
        if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
            raise InputError(f"{name!r} is not a name.", f"Give 1 to {MAX_NAME_CHARACTERS} printable characters.")
        if name in aliases:
            raise InputError(f"{name!r} is an alias itself.", f"Let both count as {aliases[name]!r}.")
        if alias not in known:
            people = [name, *sorted(other for other, counts_as in aliases.items() if counts_as == name)]
            if (person := next((each for each in people if each in known), None)) is None:
                raise InputError(f"{name!r} is nobody in this script.", "Let the alias count as a name of its cast.")
            given[alias] = person
    changed(connection, id)
    connection.execute(sql("DELETE FROM aliases WHERE script_id = :id"), {"id": id})
    if aliases:
        connection.execute(
            sql("INSERT INTO aliases (script_id, alias, name, read_as) VALUES (:id, :alias, :name, :read_as)"),
            [
                {"id": id, "alias": alias, "name": name, "read_as": given.get(alias, "")}
                for alias, name in aliases.items()
            ],
        )
    queue_given(connection, id)


def _nowhere(script: Script, names: Sequence[str]) -> set[str]:
    """Which of these names, which are nobody's, do not stand in the text of a script either."""
    left = set(names)
    if script.format == "table" or not left:  # the rows of a table say who is in a line
        return left
    forms = {character.name: "" for character in script.cast}
    finder = NameFinder({**forms, **{name: name for name in names}})
    for line in script.lines:
        for text in (line.text, *line.parentheticals):
            left.difference_update(finder.find(text))
            if not left:
                return left
    return left


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
    if there is None and ((edited := load_edited(connection, id)) is None or correction.cue not in edited.cue_ids):
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
    changed(connection, id)


def delete_correction(connection: Connection, id: str, cue: int, emotion: str) -> bool:
    """Take a correction back; False where there is none."""
    deleted = connection.execute(
        sql("DELETE FROM corrections WHERE script_id = :id AND cue = :cue AND emotion = :emotion"),
        {"id": id, "cue": cue, "emotion": emotion},
    ).rowcount
    if deleted:
        changed(connection, id)
    return deleted > 0
