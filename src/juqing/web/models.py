"""What the API gives and takes, as its OpenAPI description says it. Scenes and lines are counted from 1, as in all tables."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

Name = Annotated[str, Field(min_length=1, max_length=100)]
EmotionName = Literal["love", "joy", "fright", "anger", "fear", "sorrow"]
Six = Annotated[list[float], Field(min_length=6, max_length=6)]
"""love, joy, fright, anger, fear, sorrow."""


class ProblemOut(BaseModel):
    """Why an answer is not what was asked for (RFC 9457); `chinese` is its detail in Chinese."""

    type: str
    title: str
    status: int
    detail: str
    chinese: str


class JobOut(BaseModel):
    """Reading and scoring of one script by one model. `done` of `total` parts of the `stage` are over."""

    id: str
    script: str
    model: str
    state: Literal["queued", "running", "done", "failed", "canceled"]
    stage: Literal["", "reading", "scoring", "saving"]
    done: int
    total: int
    attempts: int
    error: str
    error_chinese: str
    created_at: float
    updated_at: float


class ScriptOut(BaseModel):
    """A script. The counts are null until it has been read, `model` until it has been scored."""

    id: str
    name: str
    title: str
    format: str
    language: str
    n_scenes: int | None
    n_lines: int | None
    n_cues: int | None
    n_characters: int | None
    model: str | None
    rmse: float | None
    created_at: float
    job: JobOut | None


class ScriptText(BaseModel):
    """A script as text. The suffix of the name tells the format, as of a file; .txt where there is none."""

    name: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(min_length=1)]
    model: Annotated[str, Field(max_length=200)] | None = None


class Accepted(BaseModel):
    """An upload that will be analyzed, whatever happens to the server."""

    script: ScriptOut
    job: JobOut


class ScriptPage(BaseModel):
    """Scripts, the newest first; `next` is the cursor of the next page, null on the last."""

    scripts: list[ScriptOut]
    next: str | None


class SceneOut(BaseModel):
    """A scene. `lines` are the first and the last line, null where it has none."""

    scene: int
    number: str
    heading: str
    interior: str
    place: str
    time: str
    part: str
    flag: str
    source_line: int | None
    lines: tuple[int, int] | None
    characters: list[str]


class ScenePage(BaseModel):
    """Scenes in order."""

    scenes: list[SceneOut]
    next: str | None


class CueOut(BaseModel):
    """One character in a line. `cue` names it for corrections; `strengths` are null until the script has been scored."""

    cue: int
    id: str
    character: str
    role: Literal["speaker", "present"]
    by: Literal["cue", "name", "pronoun", "table"]
    strengths: Six | None
    corrected: list[EmotionName]


class LineOut(BaseModel):
    """A speech, action or other piece of text."""

    line: int
    scene: int
    source_line: int
    kind: str
    text: str
    printed: str
    speakers: list[str]
    parentheticals: list[str]
    delivery: str
    mentioned: list[str]
    flag: str
    cues: list[CueOut]


class LinePage(BaseModel):
    """Lines in order."""

    lines: list[LineOut]
    next: str | None


class CharacterOut(BaseModel):
    """Somebody in the script. `means` are the six means over the cues, null until the script has been scored."""

    name: str
    aliases: list[str]
    merged: list[str]
    note: str
    minor: bool
    n_cues: int
    n_spoken: int
    n_scenes: int
    means: Six | None


class SuggestionOut(BaseModel):
    """`alias` may be another name of `name`."""

    name: str
    alias: str
    confidence: float
    reason: str
    chinese: str


class Cast(BaseModel):
    """The characters, those with the most cues first; what is merged, and what might be.

    `pending` are aliases whose lines are still to be found and scored, `job` is the job that does it.
    """

    characters: list[CharacterOut]
    aliases: dict[str, str]
    suggestions: list[SuggestionOut]
    pending: list[str]
    job: str | None


class Aliases(BaseModel):
    """All merges of a script: each name that is given up, and the name that counts in its place."""

    aliases: Annotated[dict[Name, Name], Field(max_length=1000)]


class Scores(BaseModel):
    """A row for each cue, as in the exported tables, and `cue`, which names it for corrections."""

    script: str
    model: str
    rmse: float | None
    rows: list[dict[str, Any]]


class SwingOut(BaseModel):
    """A rise or fall between two lines, and the line at which it is steepest."""

    character: str
    emotion: EmotionName
    start: int
    end: int
    turn: int
    change: float


class FlatOut(BaseModel):
    """Lines in which nothing changes by more than `width`."""

    character: str
    start: int
    end: int
    width: float


class ArcOut(BaseModel):
    """A smoothed arc: for each of `lines` six means and the band around them, and the mean of each scene, null where absent."""

    character: str
    lines: list[int]
    mean: list[Six]
    low: list[list[float | None]]
    high: list[list[float | None]]
    scenes: list[Six | None]
    swings: list[SwingOut]
    flat: list[FlatOut]


class Arcs(BaseModel):
    """Arcs; the character of the whole script's is empty."""

    smooth: float
    arcs: list[ArcOut]


class MomentOut(BaseModel):
    """A cue in which a feeling is strong."""

    cue: int
    scene: int
    line: int
    source_line: int
    character: str
    emotion: EmotionName
    strength: float
    text: str


class Moments(BaseModel):
    """The strongest moments, each line once, and the greatest swings of the main characters."""

    moments: list[MomentOut]
    swings: list[SwingOut]


class PairOut(BaseModel):
    """Two characters in the scenes that they share (docs/analysis.md)."""

    a: str
    b: str
    scenes: list[int]
    a_means: Six
    b_means: Six
    a_changes: Six | None
    b_changes: Six | None
    distances: list[float]
    distance: float
    cosine: float | None


class Pairs(BaseModel):
    """Pairs of main characters, those that share most scenes first."""

    pairs: list[PairOut]


class CorrectionIn(BaseModel):
    """A strength that was set by hand; `cue` as the scores name it."""

    cue: Annotated[int, Field(ge=0, lt=2**31)]
    emotion: EmotionName
    value: Annotated[float, Field(ge=0, le=3, allow_inf_nan=False)]


class Corrections(BaseModel):
    """All corrections, the oldest first."""

    corrections: list[CorrectionIn]


class LinePairOut(BaseModel):
    """A line of both drafts, or of one."""

    before: int | None
    after: int | None
    state: Literal["same", "changed", "added", "removed"]


class ScenePairOut(BaseModel):
    """A scene of both drafts, or of one; `change` is how far its feeling moved."""

    before: int | None
    after: int | None
    similarity: float
    state: Literal["same", "changed", "added", "removed"]
    moved: bool
    change: float | None
    lines: list[LinePairOut]


class Comparison(BaseModel):
    """Two drafts: their scenes aligned, and for each character what changed in each of these scenes, and over all."""

    before: str
    after: str
    scenes: list[ScenePairOut]
    characters: list[str]
    differences: list[list[Six | None]]
    totals: list[Six | None]


class ModelOut(BaseModel):
    """A model that uploads may name."""

    name: str
    recognizer: str
    summary: str
    n_bytes: int
    rmse: float | None
    fingerprint: str
    default: bool


class Models(BaseModel):
    """The models."""

    models: list[ModelOut]


class Health(BaseModel):
    """Whether the server works: `workers` is how many processes read and score."""

    status: Literal["ok"]
    version: str
    workers: int
