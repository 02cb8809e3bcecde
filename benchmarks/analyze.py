"""The main job from the command line: start-up, the example film, a very long script. Targets stand beside the figures.

The peer of the n-gram scorer is the pipeline that scikit-learn users would write: TfidfVectorizer and Ridge.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from common import ROOT, Bench, command, in_turn, peak_memory, seconds
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge

import juqing
from juqing.reading.files import read_text
from juqing.text.lines import cue_texts

FILM = ROOT / "examples" / "回声渡.txt"
RUNS = 5


def long_script(n_lines: int) -> str:
    """The example film again and again, scenes numbered on."""
    text = FILM.read_text(encoding="utf-8")
    body = [line for line in text[text.index("1、") :].splitlines() if line.strip()]
    return "\n".join((body * (n_lines // len(body) + 1))[:n_lines]) + "\n"


def main() -> None:
    bench = Bench(__file__)
    with tempfile.TemporaryDirectory() as folder:
        out, long = Path(folder) / "r.html", Path(folder) / "long.txt"
        long.write_text(long_script(10_000), encoding="utf-8")
        (value,) = in_turn([command("--help")], RUNS)
        bench.add("juqing --help (target 0.4)", value, "s", runs=RUNS)
        (value,) = in_turn([command("analyze", FILM, "--out", out)], RUNS)
        bench.add("the example film to a report (target 3)", value, "s", runs=RUNS)
        bench.add("size of its report (target 3)", out.stat().st_size / 2**20, "MB")
        (value,) = in_turn([command("analyze", long, "--out", out)], 3)
        bench.add("10,000 lines to a report (target 10)", value, "s", runs=3)
        bench.add("10,000 lines, peak memory (target 500)", peak_memory("analyze", long, "--out", out), "MB")
        bench.add("size of that report", out.stat().st_size / 2**20, "MB")

    text = long_script(50_000)
    (value,) = in_turn([seconds(lambda: read_text(text))], 3)
    bench.add("reading plain text", 50_000 / value, "lines/s", runs=3)

    script = read_text(long_script(10_000))
    recognizer = juqing.load("tfidf")
    texts = cue_texts(script)
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2)
    ridge = Ridge(alpha=3.0).fit(vectorizer.fit_transform(texts), np.zeros((len(texts), 6)))
    ours, peer = in_turn(
        [
            seconds(lambda: recognizer.score(script)),
            seconds(lambda: ridge.predict(vectorizer.transform(cue_texts(script)))),
        ],
        RUNS,
    )
    bench.add(
        "scoring with neighbors",
        script.n_cues / ours,
        "cues/s",
        peer="scikit-learn, without neighbors",
        peer_value=script.n_cues / peer,
        runs=RUNS,
    )
    bench.write()


if __name__ == "__main__":
    main()
