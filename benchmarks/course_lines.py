"""The lines of the course: what trained rungs say of `docs/ladder/lines.tsv`, written into the pages.

    python benchmarks/course_lines.py OUT                      # all models of a folder that `juqing ladder` wrote
    python benchmarks/course_lines.py lstm=models/lstm ...     # or these

JUQING_LADDER names OUT where nothing is given. A page that holds `<!-- lines:NAME -->` and `<!-- /lines -->` gets between them three
lines that the rung NAME does best and three that it does worst, in the page's language. The lines were written for the course; no
model has learned from them. An error is the root of the mean square over the six emotions of one character in one line. Worst are the
largest errors. Best are the smallest of those where somebody feels something of strength 2 or more: a model that says nothing is right
about all lines without feelings, and that tells little.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from juqing.emotions import EMOTIONS
from juqing.errors import InputError, JuqingError
from juqing.outputs import writing
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.runtime import load
from juqing.scores import Recognizer
from juqing.text.lines import line_text

PAGES = Path(__file__).parent.parent / "docs" / "ladder"
LINES = "lines.tsv"
N_SHOWN = 3
FELT = 2.0
"""A line that is shown among the best has a label of this strength or more."""
_SPOKEN = 0.2  # weaker predictions are not told
_BLOCK = re.compile(r"<!-- lines:(?P<name>[\w.+-]+) -->\n(?P<inside>.*?)<!-- /lines -->", re.DOTALL)
_WORDS = {
    "en": {
        "intro": "{n} characters in lines of ours ([lines.tsv](lines.tsv)), none of them learned from. RMSE over all: {rmse:.2f}; "
        "of zeros: {zeros:.2f}. Best are the smallest errors where a label is 2 or more, worst the largest of all; "
        "an error is the root of the mean square of the six differences, and strengths below 0.2 are not told.",
        "head": "| | line | who | label | the model | error |",
        "best": "best",
        "worst": "worst",
        "nothing": "nothing",
        "comma": ", ",
    },
    "zh": {
        "intro": "我们自己写的台词中的 {n} 个人物（[lines.tsv](lines.tsv)），模型都没有学过。全部的 RMSE：{rmse:.2f}；全答零：{zeros:.2f}。"
        "“最好”是有标注达到 2 的里面误差最小的，“最差”是全部里面误差最大的；误差是六个差的均方根，低于 0.2 的强度不写。",
        "head": "| | 台词 | 人物 | 标注 | 模型 | 误差 |",
        "best": "最好",
        "worst": "最差",
        "nothing": "无",
        "comma": "、",
    },
}


@dataclass(frozen=True, eq=False)
class Answer:
    """What a model says of one character in one line. `label` and `predicted` are (6,) in 0..3."""

    text: str
    character: str
    label: np.ndarray
    predicted: np.ndarray

    @property
    def error(self) -> float:
        """The root of the mean square of the six differences."""
        return float(np.sqrt(((self.predicted - self.label) ** 2).mean()))


def answers(recognizer: Recognizer, labeled: Sequence[LabeledScript]) -> list[Answer]:
    """What a model says of every labeled cue, in the order of the table."""
    found = []
    for item in labeled:
        values = recognizer.score(item.script).values
        for cue, label, predicted in zip(item.script.cues, item.labels, values, strict=True):
            if not np.isnan(label).any():
                line = item.script.lines[cue.line]
                found.append(Answer(line_text(line), cue.character, label, predicted))
    return found


def chosen(found: Sequence[Answer]) -> tuple[list[Answer], list[Answer]]:
    """The lines that are told as the best, the smallest error first, and as the worst, the largest first; no line twice in a list."""
    ordered = sorted(found, key=lambda answer: answer.error)
    best = _distinct(answer for answer in ordered if answer.label.max() >= FELT)
    return best, _distinct(answer for answer in reversed(ordered) if answer not in best)


def _distinct(ordered: Iterable[Answer]) -> list[Answer]:
    """The first `N_SHOWN` of different lines."""
    by_text: dict[str, Answer] = {}
    for answer in ordered:
        by_text.setdefault(answer.text, answer)
    return list(by_text.values())[:N_SHOWN]


def emotions_text(values: np.ndarray, language: str, places: int) -> str:
    """Six strengths by name, the strongest first, those that are nearly nothing left out: `fear 2.1, sorrow 0.4`."""
    words = _WORDS[language]
    ranked = sorted(zip(values.tolist(), EMOTIONS, strict=True), key=lambda each: -each[0])
    told = [f"{emotion.label(language)} {value:.{places}f}" for value, emotion in ranked if value >= _SPOKEN]
    return words["comma"].join(told) or words["nothing"]


def block(found: Sequence[Answer], language: str) -> str:
    """What stands in a page between the marks, in `en` or `zh`."""
    words = _WORDS[language]
    label, predicted = (np.array([getattr(answer, name) for answer in found]) for name in ("label", "predicted"))
    rmse, zeros = (float(np.sqrt(((each - label) ** 2).mean())) for each in (predicted, np.zeros_like(label)))
    rows = ["", words["intro"].format(n=len(found), rmse=rmse, zeros=zeros), "", words["head"], "| --- " * 6 + "|"]
    for verdict, some in zip(("best", "worst"), chosen(found), strict=True):
        for answer in some:
            cells = (
                words[verdict],
                answer.text.replace("|", "\\|"),
                answer.character,
                emotions_text(answer.label, language, 0),
                emotions_text(answer.predicted, language, 1),
                f"{answer.error:.2f}",
            )
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows) + "\n\n"


def fill(text: str, blocks: Mapping[str, str]) -> str:
    """A page with its blocks replaced, those of other names left as they are."""

    def put(match: re.Match[str]) -> str:
        name = match["name"]
        return f"<!-- lines:{name} -->\n{blocks.get(name, match['inside'])}<!-- /lines -->"

    return _BLOCK.sub(put, text)


def models_of(given: Sequence[str]) -> dict[str, Path]:
    """Model folders by the name of their rung, of arguments `NAME=FOLDER` and folders of `juqing ladder`.

    Raises:
        InputError: A folder holds no models.
    """
    found: dict[str, Path] = {}
    for each in given:
        name, equals, folder = each.partition("=")
        if equals:
            found[name] = Path(folder)
            continue
        made = {path.parent.name: path for path in sorted(Path(each).glob("rungs/*/model"))}
        if not made:
            raise InputError(
                "there are no models in it.", "Give a folder that `juqing ladder` wrote, or NAME=FOLDER.", path=each
            )
        found |= made
    return found


def fill_pages(models: Mapping[str, Path], pages: Path, lines: Path) -> list[Path]:
    """Score the lines by each model that a page asks for, and write what came of it into the pages.

    Returns:
        The pages that changed.

    Raises:
        JuqingError: The lines or a model cannot be read, or a page cannot be written.
    """
    texts = {path: path.read_text(encoding="utf-8") for path in sorted(pages.glob("*.md"))}
    asked = dict.fromkeys(match["name"] for text in texts.values() for match in _BLOCK.finditer(text))
    labeled = read_labeled(lines)
    found = {name: answers(load(models[name]), labeled) for name in asked if name in models}
    changed = []
    for path, text in texts.items():
        language = "zh" if path.name.endswith(".zh.md") else "en"
        filled = fill(text, {name: block(each, language) for name, each in found.items()})
        if filled != text:
            with writing(path) as aside:
                aside.write_text(filled, encoding="utf-8")
            changed.append(path)
    for name in asked:
        if name not in models:
            print(f"course_lines: {name}: left as it is, there is no model of it")
    for name in models:
        if name not in asked:
            print(f"course_lines: {name}: no page asks for it")
    return changed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("given", nargs="*", metavar="OUT | NAME=FOLDER")
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--lines", type=Path, help="lines.tsv of the pages by default")
    options = parser.parse_args()
    given = options.given or list(filter(None, [os.environ.get("JUQING_LADDER")]))
    if not given:
        print("course_lines: left out; name a folder that `juqing ladder` wrote by JUQING_LADDER, or give NAME=FOLDER")
        return
    try:
        for path in fill_pages(models_of(given), options.pages, options.lines or options.pages / LINES):
            print(f"course_lines: {path}")
    except JuqingError as error:
        sys.exit(f"course_lines: {error}")


if __name__ == "__main__":
    main()
