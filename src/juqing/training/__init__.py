"""Training runs: from labeled tables to model folders, and predictions for a table row by row."""

from __future__ import annotations

import hashlib
import importlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType

import numpy as np

from juqing.emotions import EMOTION_NAMES, N_EMOTIONS
from juqing.errors import FormatError, InputError, LabelError, MissingExtraError, reason_of
from juqing.outputs import check_folder, check_writable, writing, writing_folder
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.recognition._folder import TENSORS, WEIGHTS, WORDS
from juqing.recognition.averaged import VECTORS
from juqing.recognition.lexicon import LEXICON, LexiconRecognizer, read_lexicons
from juqing.recognition.linear import Progress
from juqing.scores import Recognizer, level_probabilities
from juqing.training.evaluation import Evaluation, evaluate, known_rows
from juqing.training.ladder import Rung

MODEL_FILES = ("config.json", WEIGHTS, VECTORS, LEXICON, TENSORS, WORDS, "README.md")
"""What the folder of a rung holds, of whatever kind."""


def fingerprint(labeled: Sequence[LabeledScript]) -> str:
    """What tells labeled scripts from others: of their titles, lines, cues, labels and confidences."""
    found = hashlib.sha256()
    for item in labeled:
        script = item.script
        found.update(
            repr([script.title, [line.text for line in script.lines], [cue.id for cue in script.cues]]).encode()
        )
        found.update(np.ascontiguousarray(item.labels, np.float32).tobytes())
        found.update(np.ascontiguousarray(item.weights, np.float32).tobytes())
    return found.hexdigest()[:16]


@dataclass(frozen=True)
class Also:
    """Labeled scripts that are learned from beside a table, and never held out: labels of another model, say.

    Attributes:
        path: Their table.
        weight: How much one of their labels counts beside one of the table's, above 0.
    """

    path: Path
    weight: float = 1.0

    def read(self, labeled: Sequence[LabeledScript]) -> list[LabeledScript]:
        """The scripts, their weights multiplied.

        Args:
            labeled: The table beside which they are learned from.

        Raises:
            ScriptError, LabelError: The table cannot be read, or has no labels.
            InputError: The weight is not above 0, or a script is in both tables: a fold that leaves it out would have seen it.
        """
        if not 0 < self.weight < float("inf"):
            raise InputError(f"--also-weight is {self.weight}.", "It must be above 0.")
        scripts = read_labeled(self.path)
        if not any(known_rows(item.labels, item.weights).any() for item in scripts):
            raise LabelError("there is no labeled cue.", "Rows need a character and six numbers.", path=self.path)
        titles = {item.script.title for item in labeled}
        if both := [item.script.title for item in scripts if item.script.title in titles]:
            raise InputError(
                f"the script {both[0]!r} is in the table of --data too.",
                "Take it out of one of the two.",
                path=self.path,
            )
        return [replace(item, weights=item.weights * np.float32(self.weight)) for item in scripts]


def train_rung(
    rung: Rung, data: Path, out: Path, *, also: Also | None = None, progress: Progress | None = None
) -> None:
    """Train a rung on all labeled rows of a table, weighted by their confidence, and write a model folder.

    Raises:
        ScriptError, LabelError: A table cannot be read or has no labels.
        InputError: A setting of the rung is out of its range, or `also` does not fit.
        OutputError: The folder cannot be written.
    """
    check_folder(out, MODEL_FILES)
    labeled = read_labeled(data)
    named = data.name
    if also is not None:
        labeled = [*labeled, *also.read(labeled)]
        named += f" and {also.path.name} (weight {also.weight:g})"
    fit_rung(rung, labeled, out, named=named, progress=progress)


def fit_rung(
    rung: Rung, labeled: Sequence[LabeledScript], out: Path, *, named: str, progress: Progress | None = None
) -> None:
    """`train_rung` for scripts that were read already; `named` says in the model card where they are from."""
    with writing_folder(out, MODEL_FILES) as folder:
        rung.fit(
            [item.script for item in labeled],
            [item.labels for item in labeled],
            [item.weights for item in labeled],
            progress,
        )
        rung.save(folder)
        n_labeled = sum(int((~np.isnan(item.labels).any(axis=1)).sum()) for item in labeled)
        _write_card(rung, folder, f"Trained on: {named}, {len(labeled)} scripts, {n_labeled:,} labeled cues")


def write_lexicon_model(lexicons: Sequence[Path], out: Path) -> LexiconRecognizer:
    """Write the model folder of a lexicon: the words that come with juqing, and those of files.

    Raises:
        FormatError: A lexicon cannot be read.
        OutputError: The folder cannot be written.
    """
    with writing_folder(out, MODEL_FILES) as folder:
        recognizer = LexiconRecognizer(read_lexicons(lexicons))
        recognizer.save(folder)
        names = ", ".join(["those that come with juqing", *(path.name for path in lexicons)])
        _write_card(recognizer, folder, f"Words: {names}")
    return recognizer


def predict_table(
    recognizer: Recognizer, data: Path, out: Path, *, levels: bool = False, progress: Progress | None = None
) -> Evaluation | None:
    """Score every row of a table and write the file of `write_predictions`, or of `write_levels` where `levels` is true.

    Returns:
        What the table's own labels say of the predictions, None where it has none.
    """
    check_writable(out)
    labeled = read_labeled(data)
    found = []
    for k, item in enumerate(labeled):
        found.append(level_probabilities(recognizer, item.script) if levels else recognizer.score(item.script).values)
        if progress:
            progress(k + 1, len(labeled))
    if not levels:
        write_predictions(labeled, found, out)
        return evaluate(labeled, found)
    write_levels(labeled, found, out)
    return evaluate(labeled, [each @ np.arange(each.shape[2], dtype=np.float32) for each in found])


def write_predictions(labeled: Sequence[LabeledScript], predicted: Sequence[np.ndarray], out: Path) -> None:
    """Write `id` and `emotion` for every row of a table, in its order; rows without a character are zeros.

    Args:
        labeled: The scripts of the table.
        predicted: For each script (n_cues, 6) in 0..3.
        out: The file.
    """
    _write_rows(labeled, predicted, [0.0] * N_EMOTIONS, ["emotion"], ",", out)


def write_levels(labeled: Sequence[LabeledScript], found: Sequence[np.ndarray], out: Path) -> None:
    """Write `id` and `love_0` to `sorrow_3`, how probable each level is, for every row of a table, in its order.

    Args:
        labeled: The scripts of the table.
        found: For each script (n_cues, 6, 4); rows without a character are surely 0.
        out: The file.
    """
    n_levels = 4
    names = [f"{emotion}_{level}" for emotion in EMOTION_NAMES for level in range(n_levels)]
    nothing = [float(level == 0) for _ in EMOTION_NAMES for level in range(n_levels)]
    _write_rows(labeled, [each.reshape(len(each), len(names)) for each in found], nothing, names, "\t", out)


def _write_rows(
    labeled: Sequence[LabeledScript],
    values: Sequence[np.ndarray],
    nothing: Sequence[float],
    names: Sequence[str],
    separator: str,
    out: Path,
) -> None:
    """A table of `id` and the numbers of its cue, or those of nobody."""
    by_id = {
        cue.id: row
        for item, rows in zip(labeled, values, strict=True)
        for cue, row in zip(item.script.cues, rows.astype(float).tolist(), strict=True)
    }
    rows = sorted((line, row_id) for item in labeled for line, row_id in item.rows)
    with writing(out) as path, path.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join(["id", *names]) + "\n")
        file.writelines(
            f"{row_id}\t{separator.join(f'{v:.4f}' for v in by_id.get(row_id, nothing))}\n" for _, row_id in rows
        )


def predictions_by_id(path: Path) -> dict[str, list[float]]:
    """The six numbers of each id in a file as `write_predictions` makes it.

    Raises:
        FormatError: The file cannot be read.
    """
    found: dict[str, list[float]] = {}
    try:
        rows = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = f"the predictions cannot be read: {reason_of(error)}."
        raise FormatError(why, "Run juqing crossval.", path=path) from None
    for number, row in enumerate(rows[1:], start=2):
        try:
            row_id, joined = row.split("\t")
            found[row_id] = [float(value) for value in joined.split(",")]
            if len(found[row_id]) != N_EMOTIONS or not np.isfinite(found[row_id]).all():
                raise ValueError
        except ValueError:
            raise FormatError(
                "the row is not an id and six numbers.", "Give what juqing crossval wrote.", path=path, line=number
            ) from None
    return found


def deal(labeled: Sequence[LabeledScript], k: int, n_folds: int) -> tuple[list[LabeledScript], list[LabeledScript]]:
    """Fold `k` of `n_folds`: the scripts to learn from and those to leave out. Sorted by title, dealt out in turn."""
    ordered = sorted(labeled, key=lambda item: item.script.title)
    return [item for i, item in enumerate(ordered) if i % n_folds != k], ordered[k::n_folds]


def split_scripts(labeled: Sequence[LabeledScript], which: str) -> tuple[list[LabeledScript], list[LabeledScript]]:
    """The scripts to learn from and those to leave out.

    Args:
        labeled: All scripts.
        which: Titles to leave out, separated by commas, or `K/N` for fold K of N, counted from 0.

    Raises:
        InputError: There is no such script or fold, or nothing is left to learn from.
    """
    if (fold := re.fullmatch(r"(\d+)/(\d+)", which)) is not None:
        k, n_folds = int(fold[1]), int(fold[2])
        if not k < n_folds <= len(labeled) or n_folds < 2:
            raise InputError(
                f"there is no fold {which!r} of {len(labeled)} scripts.", "Count from 0: 0/5 is the first of five."
            )
        return deal(labeled, k, n_folds)
    titles = {title.strip() for title in which.split(",")}
    known = {item.script.title for item in labeled}
    if missing := sorted(titles - known):
        raise InputError(
            f"there is no script {missing[0]!r} to hold out.", f"There are {', '.join(sorted(known)[:20])}."
        )
    learn = [item for item in labeled if item.script.title not in titles]
    if not learn:
        raise InputError("no script is left to learn from.", "Hold out fewer.")
    return learn, [item for item in labeled if item.script.title in titles]


def network_module() -> ModuleType:
    """`juqing.training.run`, which needs the extra `train`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module("juqing.training.run")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("juqing"):
            raise
        raise MissingExtraError("Training a network", "train") from None


def _write_card(rung: Rung, folder: Path, learned_from: str) -> None:
    text = f"""# {rung.name}

- Kind: {rung.method} (`{type(rung).__module__}`)
- {learned_from}
- Output: six strengths in 0..3 for each cue: {", ".join(EMOTION_NAMES)}
- Size: {rung.size}
- License and scores: to be filled in by whoever passes the model on
"""
    (folder / "README.md").write_text(text, encoding="utf-8")
