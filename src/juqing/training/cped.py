"""CPED, emotions of utterances in Chinese television series, as a labeled table: an intermediate step before scripts.

    python -m juqing.training.cped FOLDER cped.tsv
    juqing train scene --data cped.tsv --encoder ENCODER --out runs/cped
    juqing train scene --data train.tsv --encoder runs/cped --out runs/scene

Chen et al., "CPED: A Large-Scale Chinese Personalized and Emotional Dialogue Dataset" (2022): 13 emotions, one an utterance. A
dialogue becomes a scene, its speaker the character of the line, its emotion strengths of our six.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from juqing.errors import FormatError, InputError, JuqingError
from juqing.outputs import writing

STRENGTHS = {
    "happy": "0,2,0,0,0,0",
    "grateful": "2,1,0,0,0,0",
    "relaxed": "0,1,0,0,0,0",
    "positive-other": "1,1,0,0,0,0",
    "neutral": "0,0,0,0,0,0",
    "anger": "0,0,0,2,0,0",
    "sadness": "0,0,0,0,0,2",
    "fear": "0,0,0,0,2,0",
    "depress": "0,0,0,0,0,1.5",
    "disgust": "0,0,0,1.5,0,0",
    "astonished": "0,0,2,0,0,0",
    "worried": "0,0,0,0,1,1",
    "negative-other": "0,0,0,0.7,0.3,0.7",
}
"""Love, joy, fright, anger, fear, sorrow for each of the 13: what the word means, fitted to nothing."""
_COLUMNS = ("TV_ID", "Dialogue_ID", "Speaker", "Emotion", "Utterance")


def write_table(folder: Path, out: Path) -> int:
    """Write all `*_split.csv` of a folder as one table; the number of its rows.

    Raises:
        InputError: The folder has no such file.
        FormatError: A column is missing, or an emotion is none of the 13.
    """
    files = sorted(folder.glob("*_split.csv"))
    if not files:
        raise InputError("there is no *_split.csv.", "Give the folder with the files of CPED.", path=folder)
    n_rows = 0
    with writing(out) as aside, aside.open("w", encoding="utf-8", newline="\n") as file:
        file.write("id\tcontent\tcharacter\temotions\n")
        for path in files:
            scenes: dict[str, dict[str, int]] = {}
            counts: dict[str, int] = {}
            for line, row in _rows(path):
                if row["Emotion"] not in STRENGTHS:
                    found = f"the emotion {row['Emotion']!r} is none of the 13."
                    raise FormatError(found, "Give a file of CPED.", path=path, line=line)
                series = f"{path.name.split('_')[0]}{row['TV_ID']}"
                counts[series] = counts.get(series, 0) + 1
                dialogues = scenes.setdefault(series, {})
                scene = dialogues.setdefault(row["Dialogue_ID"], len(dialogues) + 1)
                speaker = "".join(row["Speaker"].split()).replace("：", "")
                text = " ".join(row["Utterance"].split())
                if text and speaker:
                    row_id = f"{series}_{scene:04d}_A_{counts[series]}"
                    file.write(f"{row_id}\t{speaker}：{text}\t{speaker}\t{STRENGTHS[row['Emotion']]}\n")
                    n_rows += 1
    return n_rows


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a file with the numbers of their lines."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as source:
            reader = csv.DictReader(source)
            if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
                raise FormatError(f"there is no column {missing[0]!r}.", "Give a file of CPED.", path=path, line=1)
            for row in reader:
                if any(row[name] is None for name in _COLUMNS):
                    raise FormatError("the row is too short.", "Give a file of CPED.", path=path, line=reader.line_num)
                yield reader.line_num, row
    except (UnicodeDecodeError, csv.Error) as error:
        raise FormatError(f"it cannot be read: {error}.", "Give a file of CPED in UTF-8.", path=path) from None


def _main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print("usage: python -m juqing.training.cped FOLDER OUT.tsv", file=sys.stderr)
        return 2
    try:
        print(f"{arguments[1]}: {write_table(Path(arguments[0]), Path(arguments[1])):,} rows")
    except JuqingError as error:
        print(f"juqing: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(_main(sys.argv[1:]))
