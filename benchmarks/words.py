"""Words and parts of speech on the Chinese treebanks of Universal Dependencies, beside jieba.posseg and THULAC, where installed.

JUQING_UD=folder python benchmarks/words.py: the folder holds `zh_*.conllu`. Traditional text is converted to simplified
(OpenCC t2s, character by character where the length changes) for all programs alike. A word is right where both its ends
are; a part of speech where the word and its UPOS are. The mapping of tags was made on `zh_gsdsimp-ud-dev` alone.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import Bench
from opencc import OpenCC

from juqing.text.parts import upos
from juqing.text.words import Words

Tagger = Callable[[str], Any]  # a list of (word, tag)
Sentence = list[tuple[str, str]]


def sentences(path: Path) -> list[Sentence]:
    """The words and UPOS of a treebank, in simplified characters."""
    convert = OpenCC("t2s").convert
    found: list[Sentence] = []
    current: Sentence = []
    for line in path.read_text(encoding="utf-8").splitlines():
        fields = line.split("\t")
        if len(fields) == 10 and fields[0].isdecimal():
            word = convert(fields[1])
            current.append((word if len(word) == len(fields[1]) else fields[1], fields[3]))
        elif not line and current:
            found.append(current)
            current = []
    return [*found, current] if current else found


def spans(words: Sentence) -> tuple[set[tuple[int, int]], set[tuple[int, int, str]]]:
    at, cut, tagged = 0, set(), set()
    for word, part in words:
        cut.add((at, at + len(word)))
        tagged.add((at, at + len(word), part))
        at += len(word)
    return cut, tagged


def f1(right: int, ours: int, theirs: int) -> float:
    return 2 * right / (ours + theirs)


def taggers() -> dict[str, Tagger]:
    found: dict[str, Tagger] = {"ours": Words().tag}
    try:
        import jieba.posseg  # pyright: ignore[reportMissingImports]

        jieba.setLogLevel(logging.ERROR)
        found["jieba.posseg"] = lambda text: [(pair.word, pair.flag) for pair in jieba.posseg.cut(text)]
    except ImportError:
        print("words: jieba is not installed and left out")
    try:
        import thulac  # pyright: ignore[reportMissingImports]

        cutter = thulac.thulac()
        tags = {"np": "nr", "ni": "nt", "vm": "v", "w": "x", "mm": "m"}  # what is named otherwise than in jieba's set
        found["THULAC"] = lambda text: [(word, tags.get(tag, tag)) for word, tag in cutter.cut(text)]
    except ImportError:
        print("words: thulac is not installed and left out")
    return found


def main() -> None:
    folder = Path(os.environ.get("JUQING_UD", "ud_zh"))
    files = sorted(folder.glob("*.conllu"))
    if not files:
        print(f"words: left out, there is no .conllu file in {folder}; name its folder by JUQING_UD")
        return
    bench = Bench(__file__)
    all_taggers = taggers()
    for path in files:
        treebank = sentences(path)
        scores: dict[str, tuple[float, float, float]] = {}
        for name, tag in all_taggers.items():
            tag("预热")  # loads the dictionary
            n_cut = n_tagged = n_ours = n_theirs = 0
            n_characters, took = 0, 0.0
            for sentence in treebank:
                text = "".join(word for word, _ in sentence)
                start = time.perf_counter()
                found = tag(text)
                took += time.perf_counter() - start
                n_characters += len(text)
                cut, tagged = spans(sentence)
                our_cut, our_tagged = spans([(word, upos(word, flag)) for word, flag in found])
                n_cut += len(cut & our_cut)
                n_tagged += len(tagged & our_tagged)
                n_ours += len(our_cut)
                n_theirs += len(cut)
            scores[name] = f1(n_cut, n_ours, n_theirs), f1(n_tagged, n_ours, n_theirs), n_characters / took
        for k, (what, unit) in enumerate(
            (("segmentation F1", ""), ("part of speech F1", ""), ("speed", "characters/s"))
        ):
            for name in all_taggers:
                if name != "ours":
                    bench.add(f"{path.stem}: {what}", scores["ours"][k], unit, peer=name, peer_value=scores[name][k])
            if len(all_taggers) == 1:
                bench.add(f"{path.stem}: {what}", scores["ours"][k], unit)
    bench.write()


if __name__ == "__main__":
    sys.exit(main())
