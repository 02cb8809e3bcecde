"""How good word vectors are: similarity against people's judgments, analogies against their answers.

What is not in the vocabulary is left out and counted, never guessed: a score without its coverage says little.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from juqing.errors import FormatError, reason_of
from juqing.vectors.table import WordVectors

_BLOCK = 2**24


@dataclass(frozen=True, slots=True)
class SimilarityScore:
    """Of one set of word pairs.

    Attributes:
        name: Of the set.
        spearman: Rank correlation of cosines and people's judgments, -1..1; NaN for fewer than two pairs.
        n_pairs: Pairs in the set.
        n_known: Pairs whose words both have vectors.
    """

    name: str
    spearman: float
    n_pairs: int
    n_known: int


@dataclass(frozen=True, slots=True)
class AnalogyScore:
    """Of one category of analogy questions: how many there are, how many of known words, how many answered rightly."""

    category: str
    n_questions: int
    n_known: int
    n_right: int

    @property
    def accuracy(self) -> float:
        """Right answers among the questions of known words, 0..1; NaN where there are none."""
        return self.n_right / self.n_known if self.n_known else float("nan")


def read_similarities(path: Path) -> list[tuple[str, str, float]]:
    """Word pairs with a judgment: two words and, first among the fields behind them that are numbers, the judgment.

    Fields stand between tabs, commas or blanks; `#` begins a comment, and the first line may be names of columns, so that
    SimLex-999 and WordSim-353 are read as they are given out.

    Raises:
        FormatError: A line is something else, or there is none.
    """
    pairs = []
    for k, (number, line) in enumerate(_lines(path)):
        first, second, *rest = (*_fields(line), "", "")
        judgment = next((float(field) for field in rest if _is_number(field)), None)
        if judgment is not None and math.isfinite(judgment):
            pairs.append((first, second, judgment))
        elif k or judgment is not None:
            raise FormatError(
                f"{line[:60]!r} is not two words and a number.", "Correct the line.", path=path, line=number
            )
    if not pairs:
        raise FormatError("there are no word pairs.", "Give two words and a number a line.", path=path)
    return pairs


def read_analogies(path: Path) -> dict[str, list[tuple[str, str, str, str]]]:
    """Questions of four words a line, by category: `: name` begins one.

    Raises:
        FormatError: A line is something else, or there is none.
    """
    questions: dict[str, list[tuple[str, str, str, str]]] = {}
    category = path.stem
    for number, line in _lines(path):
        if line.startswith(":"):
            category = line[1:].strip()
            continue
        words = line.split()
        if len(words) != 4:
            raise FormatError(f"{line[:60]!r} is not four words.", "Correct the line.", path=path, line=number)
        questions.setdefault(category, []).append((words[0], words[1], words[2], words[3]))
    if not questions:
        raise FormatError("there are no questions.", "Give four words a line.", path=path)
    return questions


def is_analogies(path: Path) -> bool:
    """Whether a file holds analogies: its first line names a category or has four words, the third of them no number."""
    for _, line in _lines(path):
        fields = _fields(line)
        return line.startswith(":") or (len(fields) == 4 and not _is_number(fields[2]))
    return False


def _fields(line: str) -> list[str]:
    mark = next((mark for mark in ("\t", ",") if line.count(mark) >= 2), None)
    return [field.strip() for field in line.split(mark)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FormatError(f"it cannot be read: {reason_of(error)}.", "Give a text file in UTF-8.", path=path) from None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip() and not line.startswith("#"):
            yield number, line.strip()


def score_similarities(vectors: WordVectors, path: Path) -> SimilarityScore:
    """Spearman's correlation on a file of `read_similarities`. A word is looked up as it is, then in lower case."""
    pairs = read_similarities(path)
    known = [
        (a, b, value)
        for first, second, value in pairs
        if (a := _find(vectors, first)) and (b := _find(vectors, second))
    ]
    cosines = [vectors.similarity(a, b) for a, b, _ in known]
    return SimilarityScore(
        path.stem, spearman(np.array([v for *_, v in known]), np.array(cosines)), len(pairs), len(known)
    )


def score_analogies(vectors: WordVectors, path: Path, *, multiply: bool = False) -> list[AnalogyScore]:
    """Accuracy on a file of `read_analogies`, by category; the three words of a question are never its answer."""
    scores = []
    for category, questions in read_analogies(path).items():
        found = [[_find(vectors, word) for word in question] for question in questions]
        known = np.array(
            [[vectors.vocabulary.index[w] for w in words if w] for words in found if all(words)], dtype=np.int64
        )
        right, rows = 0, max(1, _BLOCK // max(1, len(vectors)))
        for start in range(0, len(known), rows):
            part = known[start : start + rows]
            values = vectors.analogies(part[:, :3], multiply=multiply)
            np.put_along_axis(values, part[:, :3], -np.inf, axis=1)
            right += int((values.argmax(axis=1) == part[:, 3]).sum())
        scores.append(AnalogyScore(category, len(questions), len(known), right))
    return scores


def _find(vectors: WordVectors, word: str) -> str | None:
    return next((form for form in (word, word.lower()) if form in vectors), None)


def spearman(first: np.ndarray, second: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays (n,): Pearson's of the ranks, ties at their mean. NaN where undefined."""
    if len(first) < 2:
        return float("nan")
    a, b = _ranks(first), _ranks(second)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / size if size else float("nan")


def _ranks(values: np.ndarray) -> np.ndarray:
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return (last - (counts - 1) / 2)[inverse]
