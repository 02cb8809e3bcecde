"""Emotion words, with negation and degree: the lowest rung, which learns nothing.

A list says which words tell which emotion and how strongly. What a cue feels is the sum over the words of its line,

    score(emotion) = clip(sum over words of strength(word, emotion) * product of the factors before it, 0, 3),

where negations (不 -1) and degree words (很 1.5, 有点 0.5) are factors for the emotion words up to three words behind them in the same
clause: 不高兴 takes from joy what 高兴 gives, 很不高兴 half as much again. It leaves out on purpose who in the line feels it (all
characters of a line score alike), what a word means in its sentence, and all that people feel without naming it, which in
scripts is most; `frequency` learns which words go with which emotion from labeled lines.

Sources: Taboada et al., "Lexicon-based methods for sentiment analysis" (2011), for negation and degree; 徐琳宏 et al., 情感词汇本体的构造
(2008), for the lexicon of DUTIR. The words beside this file were written for juqing.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from juqing.emotions import EMOTIONS, MAX_STRENGTH, N_EMOTIONS
from juqing.errors import FormatError, InputError
from juqing.outputs import writing
from juqing.reading.encoding import decode
from juqing.recognition._folder import reading, write_config
from juqing.recognition.linear import Progress
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.text.lines import OTHER, OWN, cue_texts
from juqing.text.words import Words

OWN_WORDS = Path(__file__).with_name("lexicon.tsv")
"""The list that comes with juqing."""

LEXICON = "lexicon.tsv"
_COLUMNS = {name: k for k, emotion in enumerate(EMOTIONS) for name in (emotion.name, emotion.chinese)}
_REACH = 3
"""So many words behind it, a negation or degree word still counts."""

_DUTIR_HEADER = "词语"
_DUTIR_STRONGEST = 9
_DUTIR = {
    "PA": "joy",
    "PE": "joy",
    "PB": "love",
    "PF": "sorrow",
    "PC": "fright",
    "NA": "anger",
    "ND": "anger",
    "NB": "sorrow",
    "NJ": "sorrow",
    "NH": "sorrow",
    "NI": "fear",
    "NC": "fear",
} | dict.fromkeys(("PD", "PH", "PG", "PK", "NE", "NG", "NN", "NK", "NL"))
"""Of each of its 21 classes our emotion; None for those that judge somebody (praise, blame) or have no near one among the six."""


@dataclass(frozen=True)
class Lexicon:
    """Words that tell emotions, and words that turn or scale those behind them.

    Attributes:
        strengths: Of each emotion word six numbers in 0..3.
        factors: Of each negation a number in -1..0, of each degree word one above 0.
    """

    strengths: dict[str, tuple[float, ...]] = field(default_factory=dict)
    factors: dict[str, float] = field(default_factory=dict)

    def __or__(self, other: Lexicon) -> Lexicon:
        """Both lists; what the other one says of a word replaces all that this one says of it."""
        told = other.strengths.keys() | other.factors.keys()
        return Lexicon(
            {word: each for word, each in self.strengths.items() if word not in told} | other.strengths,
            {word: each for word, each in self.factors.items() if word not in told} | other.factors,
        )


class LexiconRecognizer:
    """Sums the strengths of the emotion words in a line.

    Args:
        lexicon: The words; those of `OWN_WORDS` where None.
    """

    name = "lexicon"
    method = "emotion words with negation and degree, nothing learned"
    rmse: float | None = None

    def __init__(self, lexicon: Lexicon | None = None):
        self.lexicon = read_lexicon(OWN_WORDS) if lexicon is None else lexicon
        words = self.lexicon.strengths.keys() | self.lexicon.factors.keys()
        self._longest = max(map(len, words), default=0)

    @property
    def size(self) -> str:
        """How large it is, for the model card."""
        return f"{len(self.lexicon.strengths):,} words"

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script from the emotion words of its line."""
        words = Words()
        values = np.zeros((script.n_cues, N_EMOTIONS))
        for k, text in enumerate(cue_texts(script)):
            # Unknown words stay apart, or rjieba would join 好 and 怕.
            values[k] = self.sums([word for word, _ in words.tag(text, hmm=False)])
        return EmotionScores(script, np.clip(values, 0.0, MAX_STRENGTH), self.name, self.rmse)

    def sums(self, tokens: Sequence[str]) -> np.ndarray:
        """The sums of a line's words, not clipped: (6,) float64.

        Args:
            tokens: The line cut into words; neighbors that together are a word of the lexicon count as that word.
        """
        total = np.zeros(N_EMOTIONS)
        before: list[float] = []  # of each word of the clause so far the factor, 1 for most
        for word in self._joined(tokens):
            if word in self.lexicon.factors:
                before.append(self.lexicon.factors[word])
                continue
            if word in self.lexicon.strengths:
                total += prod(before[-_REACH:]) * np.array(self.lexicon.strengths[word])
            if word[0].isalnum() or word in (OWN, OTHER):
                before.append(1.0)
            else:
                before.clear()
        return total

    def fit(
        self,
        scripts: Sequence[Script],
        labels: Sequence[np.ndarray],
        weights: Sequence[np.ndarray] | None = None,
        progress: Progress | None = None,
    ) -> LexiconRecognizer:
        """Nothing is learned; the call is there because all rungs answer it."""
        return self

    def save(self, folder: Path) -> None:
        """Write `config.json` and `lexicon.tsv` into an existing folder."""
        write_lexicon(self.lexicon, folder / LEXICON)
        write_config(folder, "lexicon", {})

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> LexiconRecognizer:
        """Load what `save` wrote, or what a user made of it.

        Raises:
            ModelError: The list is missing or damaged.
        """
        with reading(folder, LEXICON):
            recognizer = cls(read_lexicon(folder / LEXICON), **config["settings"])
        recognizer.name = folder.name or cls.name
        recognizer.rmse = config.get("rmse")
        return recognizer

    def _joined(self, tokens: Sequence[str]) -> Iterable[str]:
        """The tokens, those joined that together are a word of the lexicon; the longest such word wins."""
        at = 0
        while at < len(tokens):
            joined, found, end = tokens[at], tokens[at], at + 1
            for k in range(at + 1, len(tokens)):
                joined += tokens[k]
                if len(joined) > self._longest:
                    break
                if joined in self.lexicon.strengths or joined in self.lexicon.factors:
                    found, end = joined, k + 1
            yield found
            at = end


def read_lexicon(path: Path) -> Lexicon:
    """Read a lexicon: our own form (`docs/lexicon.md`), or DUTIR's table, which its first line tells.

    Raises:
        FormatError: The file is missing or no text, or a row is not a word, an emotion and a number (names the line).
    """
    try:
        text = decode(path.read_bytes(), path=path)
    except OSError as error:
        raise FormatError(f"it cannot be read: {error.strerror}.", "Give a lexicon.", path=path) from None
    lines = text.removeprefix("\ufeff").splitlines()
    if lines and lines[0].split(",")[0].strip() == _DUTIR_HEADER:
        return _read_dutir(lines, path)
    return _read_rows(lines, path)


def read_lexicons(paths: Iterable[Path]) -> Lexicon:
    """The list that comes with juqing and those of files, the later ones replacing what the earlier ones say of a word.

    Raises:
        FormatError: A file cannot be read.
    """
    lexicon = read_lexicon(OWN_WORDS)
    for path in paths:
        lexicon |= read_lexicon(path)
    return lexicon


def write_lexicon(lexicon: Lexicon, path: Path) -> None:
    """Write a lexicon in our own form.

    Raises:
        InputError: A word cannot stand in a row (it holds a tab or a line break, or begins with #).
        OutputError: The file cannot be written.
    """
    rows = [
        f"{word}\t{emotion.name}\t{strength!r}\n"
        for word, strengths in lexicon.strengths.items()
        for emotion, strength in zip(EMOTIONS, strengths, strict=True)
        if strength > 0
    ]
    for word, factor in lexicon.factors.items():
        rows.append(f"{word}\t{'negation' if factor <= 0 else 'degree'}\t{factor!r}\n")
    for word in (*lexicon.strengths, *lexicon.factors):
        if not word or word.startswith("#") or word.strip() != word or len(word.splitlines()) != 1 or "\t" in word:
            raise InputError(f"{word!r} cannot stand in a lexicon.", "Leave it out.")
    with writing(path) as aside:
        aside.write_text("".join(rows), encoding="utf-8")


def _read_rows(lines: Sequence[str], path: Path) -> Lexicon:
    remedy = "A row is a word, an emotion and a strength, separated by tabs; see docs/lexicon.md."
    lexicon = Lexicon()
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = [each.strip() for each in line.split("\t")]
        if len(fields) != 3 or not fields[0]:
            raise FormatError(f"the row has {len(fields)} columns, not 3.", remedy, path=path, line=number)
        word, what, printed = fields
        lowest, highest = {"negation": (-1.0, 0.0), "degree": (0.0, 10.0)}.get(what, (0.0, MAX_STRENGTH))
        try:
            value = float(printed)
        except ValueError:
            value = float("nan")
        if not lowest <= value <= highest or (value == 0 and what == "degree"):
            found = f"{printed!r} is not a number in {lowest:g}..{highest:g}."
            raise FormatError(found, remedy, path=path, line=number)
        if what in ("negation", "degree"):
            twice = word in lexicon.factors or word in lexicon.strengths
            lexicon.factors[word] = value
        elif what in _COLUMNS:
            strengths = list(lexicon.strengths.get(word, (0.0,) * N_EMOTIONS))
            twice = word in lexicon.factors or strengths[_COLUMNS[what]] > 0
            strengths[_COLUMNS[what]] = value
            lexicon.strengths[word] = tuple(strengths)
        else:
            known = ", ".join(emotion.name for emotion in EMOTIONS)
            found = f"the emotion is {what!r}."
            raise FormatError(found, f"Known are {known}, negation and degree.", path=path, line=number)
        if twice:
            raise FormatError(
                f"{word!r} is there twice.", "Give each word once for an emotion.", path=path, line=number
            )
    if not lexicon.strengths and not lexicon.factors:
        raise FormatError("it has no words.", remedy, path=path)
    return lexicon


def _read_dutir(lines: Sequence[str], path: Path) -> Lexicon:
    """DUTIR's table: of a word the first class and strength (1 to 9) and, where there are, the second; of several senses the strongest.

    Words with commas stand in it without quotation marks, so columns count from the right.
    """
    lexicon = Lexicon()
    n_columns = lines[0].count(",") + 1
    for number, row in enumerate(csv.reader(lines), start=1):
        fields = [each.strip() for each in row]
        n_more = max(0, len(fields) - n_columns)
        if number == 1 or not any(fields):
            continue
        word = ",".join(fields[: n_more + 1])
        strengths = list(lexicon.strengths.get(word, (0.0,) * N_EMOTIONS))
        try:
            first, strength, _, second, second_strength = fields[n_more + 4 : n_more + 9]
            classes = [(first, strength), (second, second_strength)] if second in _DUTIR else [(first, strength)]
            for name, printed in classes:
                if (emotion := _DUTIR[name]) is not None:
                    scaled = round(float(printed) * MAX_STRENGTH / _DUTIR_STRONGEST, 2)
                    if not 0 <= scaled <= MAX_STRENGTH:
                        raise ValueError(printed)
                    column = _COLUMNS[emotion]
                    strengths[column] = max(strengths[column], scaled)
        except (ValueError, KeyError, IndexError):
            raise FormatError(
                f"the row of {word!r} is not a word, its class and a strength of 0 to 9.",
                "Give DUTIR's table as it comes: UTF-8 or GBK, separated by commas.",
                path=path,
                line=number,
            ) from None
        if any(strengths):
            lexicon.strengths[word] = tuple(strengths)
    return lexicon
