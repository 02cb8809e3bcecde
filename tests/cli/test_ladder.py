"""The lower rungs by the command line: trained, scored with, cross-validated; options that a rung does not have."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from conftest import FEATURE

from juqing.cli import main
from juqing.reading.files import read_labeled
from juqing.text.tokens import cue_tokens
from juqing.vectors.files import write_vectors
from juqing.vectors.table import WordVectors


@pytest.fixture
def juqing(capsys, monkeypatch):
    """`juqing ARGS`: exit code, standard output, standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["juqing", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0), *capsys.readouterr()

    return run


def refused(result: tuple[int, str, str], *words: object) -> None:
    """One paragraph on standard error that says all the words; exit code 2; no traceback."""
    code, _, err = result
    assert code == 2 and err.startswith("juqing: ") and "Traceback" not in err
    for word in words:
        assert str(word) in err


@pytest.fixture(scope="module")
def vectors(table, tmp_path_factory):
    path = tmp_path_factory.mktemp("vectors") / "words.vec"
    words = dict.fromkeys(word for i in read_labeled(table) for tokens in cue_tokens(i.script) for word in tokens)
    matrix = np.random.default_rng(0).normal(size=(len(words), 8)).astype(np.float32)
    write_vectors(WordVectors(list(words), matrix), path)
    return path


@pytest.fixture(scope="module")
def words(tmp_path_factory):
    path = tmp_path_factory.mktemp("lexicon") / "words.tsv"
    path.write_text("直不起腰\tjoy\t3\n", encoding="utf-8")
    return path


KINDS = {
    "frequency": ("--tags",),
    "onehot": ("--unit", "character", "--weighting", "counts"),
    "svd": ("--weighting", "tfidf", "--dim", 6),
    "averaged": (),
    "tfidf": ("--set", "alpha=10"),
    "rnn": ("--epochs", 1, "--set", "n_before=1"),
    "gru": ("--unit", "character", "--learning-rate", 0.01, "--set", "epochs=1"),
    "lstm": ("--tags", "--set", "epochs=1", "--set", "hidden=16"),
    "bilstm": ("--epochs", 1, "--seed", 3, "--set", "pooling=last"),
}
RECURRENT = ("rnn", "gru", "lstm", "bilstm")


@pytest.mark.parametrize("kind", KINDS)
def test_train_predict_and_analyze(juqing, table, vectors, tmp_path, kind):
    options = (*KINDS[kind], *(("--vectors", vectors) if kind == "averaged" else ()))
    model = tmp_path / "model"
    code, out, err = juqing("train", kind, "--data", table, "--out", model, *options)
    assert (code, err) == (0, "")
    assert out.startswith(f"{model}: ")
    files = {"README.md", "config.json"} | ({"vectors.safetensors"} if kind == "averaged" else set())
    files |= {"model.safetensors", "vocabulary.json"} if kind in RECURRENT else {"weights.npz"}
    assert {path.name for path in model.iterdir()} == files
    card = (model / "README.md").read_text(encoding="utf-8")
    assert (
        "train.tsv, 4 scripts" in card
        and f"juqing.recognition.{'recurrent' if kind in RECURRENT else kind}" in card
        and "License" in card
    )
    code, out, _ = juqing("predict", model, table, "--out", tmp_path / "p.tsv")
    assert code == 0 and "beside the labels" in out
    assert juqing("analyze", FEATURE, "--model", model)[0] == 0
    assert juqing("train", "onehot", "--data", table, "--out", model)[0] == 0  # a model of another kind is replaced
    assert {path.name for path in model.iterdir()} == {"README.md", "config.json", "weights.npz"}
    code, out, _ = juqing("crossval", kind, "--data", table, "--folds", 2, *options, "--out", tmp_path / "cv")
    assert code == 0 and "rows" in out
    assert len((tmp_path / "cv" / "predictions.tsv").read_text(encoding="utf-8").splitlines()) == 113


def test_lexicon(juqing, table, words, tmp_path):
    model = tmp_path / "model"
    code, out, err = juqing("train", "lexicon", "--lexicon", words, "--out", model)
    assert (code, err) == (0, "") and " words" in out
    assert {path.name for path in model.iterdir()} == {"README.md", "config.json", "lexicon.tsv"}
    assert "words.tsv" in (model / "README.md").read_text(encoding="utf-8")
    assert "直不起腰\tjoy\t3.0\n" in (model / "lexicon.tsv").read_text(encoding="utf-8")
    assert juqing("analyze", FEATURE, "--model", model)[0] == 0
    for more in ((), ("--lexicon", words)):
        assert juqing("crossval", "lexicon", "--data", table, "--folds", 2, *more, "--out", tmp_path / "cv")[0] == 0
    words.with_name("bad.tsv").write_text("高兴\tjoy\n", encoding="utf-8")
    refused(juqing("train", "lexicon", "--lexicon", words.with_name("bad.tsv"), "--out", tmp_path / "m"), "line 1")
    assert not (tmp_path / "m").exists()


def test_vectors_that_are_trained_with_the_task(juqing, table, vectors, tmp_path):
    code, out, _ = juqing(
        "train", "averaged", "--data", table, "--vectors", vectors, "--epochs", 1, "--out", tmp_path / "model"
    )
    assert code == 0 and "for 1 epoch" in out


def test_recurrent_networks_start_from_vectors_or_a_language_model(juqing, table, vectors, tmp_path):
    (tmp_path / "text.txt").write_text("他笑了。\n她哭了。\n他走到窗前。\n" * 60, encoding="utf-8")
    small = [part for name in ("dim=8", "hidden=8", "n_layers=1", "streams=2") for part in ("--set", name)]
    start = tmp_path / "start"
    code, _, err = juqing(
        "pretrain",
        "next-word",
        tmp_path / "text.txt",
        "--cell",
        "gru",
        "--window",
        8,
        "--epochs",
        1,
        *small,
        "--out",
        start,
    )
    assert (code, err) == (0, "")
    out = ("--data", table, "--epochs", 1, "--out", tmp_path / "model")
    shape = ("--set", "dim=8", "--set", "hidden=8")
    assert juqing("train", "gru", *out, "--start", start, *shape)[0] == 0
    cv = ("--data", table, "--epochs", 1, "--folds", 2, "--out", tmp_path / "cv")
    assert juqing("crossval", "gru", *cv, "--start", start, *shape)[0] == 0
    assert juqing("crossval", "rnn", *cv, "--vectors", vectors, "--set", "tune_vectors=false")[0] == 0
    refused(juqing("train", "gru", *out, "--start", start), "its dim is 8", "Set dim=8", start)
    refused(juqing("train", "lstm", *out, "--start", start, *shape), "its cell is gru, the recognizer's lstm")
    refused(juqing("train", "gru", *out, "--start", tmp_path / "none"), "there is no such folder")
    refused(juqing("train", "gru", *out, "--set", "width=3"), "no setting 'width'", "hidden")
    refused(juqing("train", "gru", *out, "--set", "pooling=max"), "pooling is 'max'", "last, mean, attention")


def test_what_is_refused(juqing, table, vectors, tmp_path):
    out = ("--data", table, "--out", tmp_path / "model")
    refused(juqing("train", "onehot", *out, "--unit", "line"), "unit is 'line'", "word, character")
    refused(juqing("train", "frequency", *out, "--unit", "character", "--tags"), "parts of speech")
    refused(juqing("train", "onehot", *out, "--weighting", "log"), "weighting is 'log'", "binary")
    refused(juqing("train", "svd", *out, "--dim", 0), "dim is 0")
    refused(juqing("train", "averaged", *out, "--vectors", tmp_path / "none.vec"), "none.vec", "cannot be read")
    refused(juqing("crossval", "averaged", *out, "--folds", 2), "no word vectors", "--vectors")
    refused(juqing("crossval", "onehot", *out, "--encoder", "x"), "onehot has no setting 'encoder'", "unit")
    refused(juqing("crossval", "onehot", *out, "--vectors", vectors), "no setting 'vectors'")
    refused(juqing("crossval", "tfidf", *out, "--tags"), "no setting 'tags'")
    refused(juqing("crossval", "scene", *out, "--dim", 3), "scene has no setting 'dim'", "encoder")
    refused(juqing("crossval", "bert", *out), "'bert'", "onehot", "scene")
    for kind, option in (("onehot", "--dim"), ("svd", "--vectors"), ("frequency", "--weighting"), ("tfidf", "--unit")):
        code, _, err = juqing("train", kind, *out, option, "3")
        assert code == 2 and "No such option" in err
    assert juqing("train", "averaged", *out)[0] == 2  # --vectors is missing


@pytest.mark.parametrize("kind", ["lexicon", *KINDS])
def test_help(juqing, kind):
    code, out, _ = juqing("train", kind, "--help")
    assert code == 0 and "Example:" in out
