"""Word vectors by the command line."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from juqing.cli import main
from juqing.vectors import WordVectors
from juqing.vectors.files import write_vectors


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


@pytest.fixture
def table(tmp_path):
    matrix = np.array([[1, 0, 0.2], [0, 1, 0.2], [1, 0, 1], [0, 1, 1], [-1, -1, 0.1]], np.float32)
    path = tmp_path / "vectors.vec"
    write_vectors(WordVectors(["男人", "女人", "国王", "女王", "苹果"], matrix), path)
    return path


def test_similar_and_analogy(juqing, table):
    code, out, _ = juqing("vectors", "similar", table, "女人", "-n", 2)
    assert code == 0 and [line.split()[1] for line in out.splitlines()] == ["女王", "国王"]
    for options in ((), ("--multiply",)):
        code, out, _ = juqing("vectors", "analogy", table, "男人", "国王", "女人", "-n", 1, *options)
        assert code == 0 and out.split()[1] == "女王"


def test_eval(juqing, table, tmp_path):
    pairs, questions = tmp_path / "pairs.txt", tmp_path / "questions.txt"
    pairs.write_text("男人 国王 9\n男人 苹果 1\n男人 没有 5\n", encoding="utf-8")
    questions.write_text(": a\n男人 国王 女人 女王\n: b\n国王 男人 女王 女人\n", encoding="utf-8")
    code, out, _ = juqing("vectors", "eval", table, pairs, questions)
    assert code == 0
    rows = out.splitlines()
    assert "spearman  1.0000  2 of 3 pairs" in rows[0]
    assert [row.split()[0] for row in rows[1:]] == ["a", "b", "questions"]
    assert "accuracy  1.0000  2 of 2 questions" in rows[3]


def test_convert(juqing, table, tmp_path):
    code, out, _ = juqing("vectors", "convert", table, "--out", tmp_path / "v.safetensors")
    assert code == 0 and "5 words, 3 numbers each" in out
    assert juqing("vectors", "similar", tmp_path / "v.safetensors", "女人")[0] == 0


def test_refusals(juqing, table, tmp_path):
    for args, word in (
        (("similar", table, "没有"), "'没有' has no vector"),
        (("similar", tmp_path / "none.vec", "男人"), "cannot be read"),
        (("convert", table, "--out", tmp_path / "x.doc"), "'.doc' is not known"),
        (("eval", table, tmp_path / "none.txt"), "cannot be read"),
    ):
        code, _, err = juqing("vectors", *args)
        assert code == 2 and word in err and "Traceback" not in err


@pytest.mark.parametrize("command", ["train", "similar", "analogy", "eval", "convert"])
def test_help(juqing, command):
    code, out, _ = juqing("vectors", command, "--help")
    assert code == 0 and "Example: juqing vectors" in out


@pytest.mark.parametrize("method", ["skip-gram", "cbow", "glove", "ppmi", "log", "raw"])
def test_train(juqing, tmp_path, method):
    random = np.random.default_rng(0)
    text = tmp_path / "text.txt"
    text.write_text(
        "\n".join(" ".join(f"{kind}{k}" for k in random.integers(0, 8, 12)) for kind in "ab" * 300), encoding="utf-8"
    )
    out = tmp_path / "vectors.vec"
    code, said, err = juqing(
        "vectors", "train", text, "--method", method, "--unit", "blank", "--dim", 6, "--epochs", 40, "--out", out
    )
    assert (code, err) == (0, "")
    assert "16 words, 6 numbers each" in said and "7,200 words read" in said
    assert juqing("vectors", "similar", out, "a1", "-n", 1)[1].split()[1].startswith("a")


def test_training_that_is_refused(juqing, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("一 二 三\n", encoding="utf-8")
    for options, word in (
        (("--method", "bert"), "the method is 'bert'"),
        (("--objective", "x"), "the objective is 'x'"),
        (("--unit", "x"), "the unit is 'x'"),
        (("--dim", 0), "dim is 0"),
        (("--window", 0), "window is 0"),
        (("--method", "ppmi", "--window", 0, "--min-count", 1), "window is 0"),
        (("--method", "ppmi", "--dim", 9, "--min-count", 1), "rank 9"),
        ((), "Lower min_count"),
        (("--out", tmp_path / "x.doc"), "suffix '.doc'"),
    ):
        code, _, err = juqing("vectors", "train", text, "--unit", "blank", "--out", tmp_path / "v.vec", *options)
        assert code == 2 and word in err and "Traceback" not in err, (options, err)
    assert [path.name for path in tmp_path.iterdir()] == ["text.txt"]
    (tmp_path / "empty.txt").write_bytes(b"")
    code, _, err = juqing("vectors", "train", tmp_path / "empty.txt", "--out", tmp_path / "v.vec")
    assert code == 2 and "the text is empty" in err
