"""Makes the shipped default again, from data, an encoder and running text: the commands that made it, one after the other.

JUQING_DATA names a folder with train.tsv and, to score it once, test.tsv; JUQING_ENCODER a Hugging Face folder; JUQING_TEXT files and
folders of running text, separated as in PATH; JUQING_OUT the folder to write, where an interrupted run goes on. OUT/scene is the model
and OUT/tfidf its other half (in the package they lie side by side, and scene/tfidf is left out). It takes half a day on two cores; on a GPU
JUQING_LAYERS= (all layers) and JUQING_TEXT_EPOCHS=10 cost little. The text of the scripts that are learned from is part of the running
text, that of the test scripts is not.

JUQING_ALSO names a table that every model learns from besides: with the test films, whose labels are those of other people's models,
it makes the weights that are shipped. Without it, it makes the model whose score on the test films is quoted.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from common import JUQING, data_folder

from juqing.outputs import writing
from juqing.reading.files import read_labeled
from juqing.recognition.lexicon import OWN_WORDS, read_lexicon
from juqing.text.lines import line_text

LAYERS = "0,2,4,6,8,11"
ALSO_WEIGHT = {"scene": "2", "tfidf": "4"}
N_FOLDS = 5


def run(*command: str, made: Path) -> None:
    """Run a juqing command, unless what it makes is there."""
    if not made.exists():
        print("juqing", *command, flush=True)
        if code := subprocess.run([*JUQING, *command], check=False).returncode:
            sys.exit(code)


def main() -> None:
    data, (encoder, text, folder) = (
        data_folder("shipped"),
        map(os.environ.get, ("JUQING_ENCODER", "JUQING_TEXT", "JUQING_OUT")),
    )
    if data is None or not (encoder and text and folder):
        print("shipped: left out; name what it needs by JUQING_DATA, JUQING_ENCODER, JUQING_TEXT and JUQING_OUT")
        return
    train, test, out = data / "train.tsv", data / "test.tsv", Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    scripts, words = out / "scripts.txt", out / "words.txt"
    with writing(scripts) as aside:
        lines = [line_text(line) for item in read_labeled(train) for line in item.script.lines]
        aside.write_text("\n".join(lines) + "\n", encoding="utf-8")
    with writing(words) as aside:
        aside.write_text("\n".join(sorted(read_lexicon(OWN_WORDS).strengths)) + "\n", encoding="utf-8")

    further, cv, cv_tfidf, tfidf, mean, reader, model = (
        out / name for name in ("encoder", "cv", "cv-tfidf", "tfidf", "mean", "reader", "scene")
    )
    also = os.environ.get("JUQING_ALSO")

    def learn(kind: str) -> tuple[str, ...]:
        """The options that say what a model learns from."""
        return "--data", str(train), *(("--also", also, "--also-weight", ALSO_WEIGHT[kind]) if also else ())

    layers = os.environ.get("JUQING_LAYERS", LAYERS)
    run(
        "pretrain", "masked", *text.split(os.pathsep), str(scripts), "--encoder", encoder, "--words", str(words),
        "--epochs", os.environ.get("JUQING_TEXT_EPOCHS", "1"), *(("--layers", layers) if layers else ()), "--out", str(further),
        *(("--resume",) if further.with_name("encoder.run").exists() else ()), made=further,
    )  # fmt: skip
    folds = ("--folds", str(N_FOLDS), "--out")
    epochs = ("--epochs", "3") if also else ()  # of half as many cues again
    run(
        "crossval", "scene", "--encoder", str(further), *epochs, *learn("scene"), *folds, str(cv),
        made=cv / "evaluation.json",
    )  # fmt: skip
    run("crossval", "tfidf", *learn("tfidf"), *folds, str(cv_tfidf), made=cv_tfidf / "evaluation.json")
    run("train", "tfidf", *learn("tfidf"), "--out", str(tfidf), made=tfidf)
    run("average", *(str(cv / f"fold-{k}") for k in range(N_FOLDS)), "--out", str(mean), made=mean)
    run("export", str(mean), "--out", str(reader), made=reader)
    members = ("--cv", str(cv), "--member", str(reader), "--cv", str(cv_tfidf), "--member", str(tfidf))
    run("stack", "--data", str(train), *members, "--out", str(model), made=model)
    if test.is_file() and not also:
        figures = out / "evaluation.json"
        run("evaluate", str(model), str(test), "--out", str(figures), made=figures)


if __name__ == "__main__":
    main()
