"""Word vectors by the command line."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from conftest import labeled_table

from juqing.cli import main
from juqing.reading.files import read_scripts
from juqing.text.corpus import Corpus
from juqing.vectors import WordVectors
from juqing.vectors.files import read_vectors, write_vectors
from juqing.vectors.training import EPOCHS, METHODS, train_vectors


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


@pytest.mark.parametrize("command", ["train", "similar", "analogy", "eval", "convert", "plot", "senses", "wordnet"])
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
        "vectors", "train", text, "--method", method, "--unit", "blank", "--dim", 6, "--out", out,
        *(("--epochs", 40) if method in EPOCHS else ()),
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "16 words, 6 numbers each" in said and "7,200 words read" in said
    assert juqing("vectors", "similar", out, "a1", "-n", 1)[1].split()[1].startswith("a")


def test_training_that_is_refused(juqing, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("一 二 三\n", encoding="utf-8")
    write_vectors(WordVectors(["一", "九"], np.eye(2, dtype=np.float32)), tmp_path / "before.vec")
    for options, word in (
        (("--method", "bert"), "the method is 'bert'"),
        (("--set", "objective=x"), "the objective is 'x'"),
        (("--set", "objective"), "Write NAME=VALUE"),
        (("--set", "negatives=3"), "skip-gram has no setting 'negatives'. It has objective, dim"),
        (("--set", "n_negative=few"), "n_negative is 'few'"),
        (("--method", "log", "--set", "shift=2"), "log has no setting 'shift'"),
        (("--method", "ppmi", "--epochs", 3), "ppmi has no setting 'epochs'"),
        (("--method", "glove", "--start", tmp_path / "before.vec"), "glove cannot go on from other vectors"),
        (("--start", tmp_path / "before.vec", "--min-count", 1), "a width of 2 cannot go on with dim 100"),
        (("--resume", "--start", tmp_path / "none.vec"), "cannot be read"),
        (("--unit", "x"), "the unit is 'x'"),
        (("--dim", 0), "dim is 0"),
        (("--window", 0), "window is 0"),
        (("--method", "ppmi", "--window", 0, "--min-count", 1), "window is 0"),
        (("--method", "ppmi", "--dim", 9, "--min-count", 1), "rank 9"),
        ((), "Lower --min-count"),
        (("--out", tmp_path / "x.doc"), "suffix '.doc'"),
    ):
        code, _, err = juqing("vectors", "train", text, "--unit", "blank", "--out", tmp_path / "v.vec", *options)
        assert code == 2 and word in err and "Traceback" not in err, (options, err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["before.vec", "text.txt"]
    (tmp_path / "empty.txt").write_bytes(b"")
    code, _, err = juqing("vectors", "train", tmp_path / "empty.txt", "--out", tmp_path / "v.vec")
    assert code == 2 and "the text is empty" in err


def test_text_that_is_too_small_to_learn_from(juqing, tmp_path):
    """Nothing is written that would be the random beginning, or a table of one word."""
    text, out = tmp_path / "text.txt", tmp_path / "v.vec"
    command = ("vectors", "train", text, "--unit", "blank", "--dim", 2, "--min-count", 1, "--out", out)
    text.write_text("a b c d\r\ne f g h\r", encoding="utf-8")
    code, _, err = juqing(*command)
    assert code == 2 and "of 8 words subsampling left none" in err and "--set subsample=0" in err
    assert juqing(*command, "--set", "subsample=0")[0] == 0
    out.unlink()
    text.write_text("a a a\n" * 9, encoding="utf-8")
    for method in METHODS:
        code, _, err = juqing(*command, "--method", method)
        assert code == 2 and "vocabulary has 1 word" in err
    text.write_text("a b c d\n" * 9, encoding="utf-8")
    code, _, err = juqing(*command, "--method", "glove", "--set", "learning_rate=1e30")
    assert code == 2 and "not finite" in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.txt"]


def many_words(path, n_lines):
    random = np.random.default_rng(0)
    drawn = (random.zipf(1.3, (n_lines, 20)) - 1) % 3000
    path.write_text("\n".join(" ".join(f"w{k}" for k in line) for line in drawn), encoding="utf-8")


@pytest.mark.parametrize(("sign", "code"), [(signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)])
def test_an_interrupted_training_goes_on(juqing, tmp_path, sign, code):
    text, out = tmp_path / "text.txt", tmp_path / "v.npz"
    many_words(text, 4000)
    options = ("--unit", "blank", "--dim", 16, "--set", "n_threads=1", "--seed", 3)
    assert juqing("vectors", "train", text, *options, "--epochs", 120, "--out", tmp_path / "whole.npz")[0] == 0
    command = [sys.executable, "-c", EVERY_ROUND, "vectors", "train", text, *options, "--epochs", 120, "--out", out]
    state = tmp_path / "v.npz.run" / "state.npz"
    with subprocess.Popen(list(map(str, command)), stderr=subprocess.PIPE, text=True) as process:
        while not state.is_file() and process.poll() is None:
            time.sleep(0.01)
        process.send_signal(sign)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code and not out.exists() and "Traceback" not in err
    assert ("--resume goes on from" in err) == (sign == signal.SIGINT)
    assert read_vectors(state).dim == 16
    again = ("vectors", "train", text, *options, "--epochs", 120, "--out", out)
    assert "an interrupted run is there" in juqing(*again)[2]
    assert "of something else: dim" in juqing(*again, "--dim", 17, "--resume")[2]
    assert juqing(*again, "--resume")[0] == 0
    assert np.array_equal(read_vectors(out).vectors, read_vectors(tmp_path / "whole.npz").vectors)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["text.txt", "v.npz", "whole.npz"]


EVERY_ROUND = """
import time
from juqing.cli import main
from juqing.reading.files import read_scripts
from juqing.vectors import _rounds

def slow(*args, save=_rounds.Checkpoint.save, **settings):  # so that it is not over before it is interrupted
    save(*args, **settings)
    time.sleep(0.1)

_rounds._EVERY, _rounds._ROUND, _rounds.Checkpoint.save = 0.0, 0.0, slow  # rounds stay short: 12 seconds in all
main()
"""


def test_training_goes_on_from_vectors(juqing, tmp_path):
    text, other = tmp_path / "text.txt", tmp_path / "other.txt"
    many_words(text, 300)
    other.write_text("w0 w1 new " * 50, encoding="utf-8")
    options = ("--unit", "blank", "--dim", 8, "--out", tmp_path / "v.npz", "--min-count", 5)
    assert juqing("vectors", "train", text, *options)[0] == 0
    before = read_vectors(tmp_path / "v.npz")
    assert juqing("vectors", "train", other, *options, "--start", tmp_path / "v.npz")[0] == 0
    after = read_vectors(tmp_path / "v.npz")
    assert set(after.words) == {*before.words, "new"} and "new" not in before
    rare = before.words[-1]
    assert np.array_equal(after[rare], before[rare]) and not np.array_equal(after["w0"], before["w0"])
    assert after.vocabulary.counts[after.vocabulary.index["w0"]] == before.vocabulary.counts[0] + 50


def test_scripts_are_text_too(juqing, tmp_path):
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    (scripts / "a.fountain").write_text("INT. HOUSE - DAY\n\nANNA\nCome here now.\n\n" * 9, encoding="utf-8")
    (scripts / "b.txt").write_text("Come along.\n" * 9, encoding="utf-8")
    out = tmp_path / "v.vec"
    all_words = ("--set", "subsample=0")
    code, _, err = juqing("vectors", "train", scripts, "--unit", "blank", "--dim", 4, *all_words, "--out", out)
    assert (code, err) == (0, "")
    assert set(read_vectors(out).words) == {"Come", "here", "now.", "along."}
    code, _, err = juqing("vectors", "train", scripts / "none.docx", "--out", out)
    assert code == 2 and "none.docx" in err
    table = scripts / "labels.tsv"
    table.write_text(labeled_table(), encoding="utf-8")
    assert len(read_scripts(table)) > 1  # all of them are text
    assert juqing("vectors", "train", scripts, "--dim", 4, *all_words, "--out", out)[0] == 0
    assert "Come" in read_vectors(out).words and len(read_vectors(out).words) > 20


def test_parts_of_speech(juqing, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("他很高兴。\n" * 99, encoding="utf-8")
    assert juqing("vectors", "train", text, "--tags", "--dim", 4, "--out", tmp_path / "v.vec")[0] == 0
    assert "他/r" in read_vectors(tmp_path / "v.vec").words


@pytest.fixture
def many(tmp_path):
    """24 words, the last with a vector of zeros."""
    rows = np.random.default_rng(0).normal(size=(24, 5)).astype(np.float32)
    rows[-1] = 0
    path = tmp_path / "many.npz"
    write_vectors(WordVectors([f"词{k}" for k in range(24)], rows), path)
    return path


def test_plot(juqing, many, tmp_path):
    out = tmp_path / "w.html"
    code, said, err = juqing("vectors", "plot", many, "--out", out)
    assert code == 0 and f"{out}: 23 words; t-SNE, perplexity 7.33, seed 0" in said
    assert err == "Left out, as they have no vector: 1 of 24 words: 词23\n"
    first = out.read_bytes()
    assert juqing("vectors", "plot", many, "--out", out, "-n", 1000)[0] == 0 and out.read_bytes() == first
    assert juqing("vectors", "plot", many, "--out", out, "--perplexity", 3, "--seed", 1)[0] == 0
    assert "perplexity 3, seed 1" in out.read_text(encoding="utf-8")
    code, said, err = juqing("vectors", "plot", many, "--out", tmp_path / "w.png", "--method", "pca", "-n", 5)
    assert code == 0 and "5 words; PCA, " in said and (tmp_path / "w.png").read_bytes().startswith(b"\x89PNG")


def test_plot_of_words_that_are_named(juqing, many, tmp_path):
    groups, out = tmp_path / "groups.tsv", tmp_path / "w.svg"
    groups.write_text("词1\t乐\n没有\t怒\n词2\t怒\n", encoding="utf-8")
    code, said, err = juqing("vectors", "plot", many, "词2", "词9", "--words", groups, "--method", "pca", "--out", out)
    assert code == 0 and "3 words; PCA" in said and err == "Left out, as they have no vector: 1 of 4 words: 没有\n"
    svg = out.read_text(encoding="utf-8")
    assert all(f">{word}<" in svg for word in ("词1", "词2", "词9", "乐", "怒")) and ">词3<" not in svg


def test_plot_says_that_a_font_is_missing(juqing, many, tmp_path, monkeypatch):
    monkeypatch.setattr("juqing.report.word_map.undrawable", lambda word_map: "词")
    options = ("vectors", "plot", many, "--method", "pca", "-n", 9, "--out")
    code, _, err = juqing(*options, tmp_path / "w.png")
    assert code == 0 and err.startswith("No font here can draw '词': install one") and err.count("\n") == 1
    assert juqing(*options, tmp_path / "w.svg")[2] == ""


def test_plot_that_is_refused(juqing, many, tmp_path):
    (tmp_path / "words.txt").write_text("没有\n", encoding="utf-8")
    for options, said in (
        (("--out", tmp_path / "w.pdf"), "'.pdf' is not known. Use one of .html, .svg, .png"),
        (("没有", "也没有"), "none of the words has a vector: 没有 也没有."),
        (("--words", tmp_path / "words.txt"), "none of the words has a vector: 没有."),
        (("--words", tmp_path / "none.txt"), "none.txt: it cannot be read"),
        (("词1", "词2", "--method", "pca"), "needs 3 words; there are 2"),
        (("词1", "词2", "词3"), "needs 7 words; there are 3. Give more words, or take PCA."),
        (("--perplexity", 30), "needs 91 words; there are 23. Give more words, or a perplexity of 7.3 at most."),
        (("--method", "umap"), "the method is 'umap'"),
        (("--method", "pca", "--perplexity", 5), "PCA has no perplexity"),
        (("词1", "-n", 5), "-n counts the most frequent words"),
    ):
        code, _, err = juqing("vectors", "plot", many, "--out", tmp_path / "w.html", *options)
        assert code == 2 and said in err and "Traceback" not in err, (options, err)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many.npz", "words.txt"]


def test_senses(juqing, tmp_path):
    random = np.random.default_rng(1)
    words = ["打", *(f"电{k}" for k in range(8)), *(f"球{k}" for k in range(8))]
    topics = np.repeat(np.eye(2, 10), 8, axis=0)
    matrix = np.concatenate([np.ones((1, 10)), topics + 0.1 * random.standard_normal((16, 10))])
    table, text = tmp_path / "vectors.npz", tmp_path / "text.txt"
    write_vectors(WordVectors(words, matrix), table)
    lines = [" ".join(f"{kind}{k}" for k in random.integers(0, 8, 6)) + " 打" for kind in ["电"] * 30 + ["球"] * 10]
    text.write_text("\n".join(lines), encoding="utf-8")
    code, out, err = juqing("vectors", "senses", table, "打", text, "--unit", "blank")
    assert (code, err) == (0, "")
    rows = out.splitlines()
    assert rows[0] == "打: 40 occurrences; 2 senses"
    assert [row.split()[:2] for row in rows if row[:1].isdigit()] == [["1.", "75%"], ["2.", "25%"]]
    assert rows[2].count("电") == 8 and rows[7].count("球") == 8
    assert all(row.endswith("【打】") for row in rows if row.startswith("   "))
    assert juqing("vectors", "senses", table, "打", text, "--unit", "blank")[1] == out
    code, out, _ = juqing("vectors", "senses", table, "打", text, "--unit", "blank", "--n-senses", 1, "--window", 2)
    assert code == 0 and "; 1 sense\n" in out and "1. 100%" in out
    for options, said in (
        (("没有", text), "'没有' has no vector"),
        (("打 人", text), "holds a blank"),
        (("电0", text, "--unit", "character"), "occurs 0 times"),
        (("打", text, "--window", 0), "window is 0"),
        (("打", tmp_path / "none.txt"), "no such file"),
    ):
        code, _, err = juqing("vectors", "senses", table, *options)
        assert code == 2 and said in err and "Traceback" not in err, (options, err)


def test_wordnet(juqing, tmp_path, monkeypatch):
    from wn._config import config

    monkeypatch.setattr(config, "data_directory", tmp_path / "wn")
    feelings, table = Path(__file__).parent.parent / "data" / "wordnet" / "feelings.xml", tmp_path / "vectors.vec"
    write_vectors(WordVectors(["快乐", "高兴", "给力"], np.array([[1, 0], [4, 3], [3, 4]], np.float32)), table)
    options = ("--vectors", table, "--lexicon-file", feelings)
    code, out, err = juqing("vectors", "wordnet", "快乐", *options)
    assert (code, err) == (0, "")
    assert out.splitlines() == [
        "a  感到快乐的",
        "   0.8000  高兴",
        "     -     开心",
        "n  满意而愉快的情感",
        "     -     喜悦",
        "     -     欢乐",
        "   快乐 → 情感 → 心理 → 事物",
        "",
        "cosine  path    nearest by vectors",
        "0.8000  1.0000  高兴",
        "0.6000    -     给力  (not in WordNet)",
    ]
    assert "给力 is not in feelings:1." in juqing("vectors", "wordnet", "给力", *options)[1]
    assert "暴怒 has no vector" in juqing("vectors", "wordnet", "暴怒", *options)[1]
    code, out, _ = juqing("vectors", "wordnet", "狂喜", "暴怒", "--lexicon-file", feelings)
    assert code == 0 and out == "0.2000  path similarity\n"
    code, out, _ = juqing("vectors", "wordnet", "快乐", "给力", *options)
    assert out == "  -     path similarity (not in WordNet: 给力)\n0.6000  cosine\n"
    for args, said in (
        (("快乐",), "wn download omw-cmn:2.0"),
        (("没有", *options), "neither feelings:1 nor vectors know '没有'"),
        (("快乐", "--lexicon-file", table), "vectors.vec: it is no WN-LMF lexicon"),
        (("快乐", *options, "--lexicon", "other"), "Choose of feelings:1"),
    ):
        code, _, err = juqing("vectors", "wordnet", *args)
        assert code == 2 and said in err and "Traceback" not in err, (args, err)
    assert not (tmp_path / "wn").exists()


def test_a_run_that_was_tampered_with_is_refused(juqing, tmp_path):
    """Kernels trust their arrays, so what is read of a run is checked."""
    text, out = tmp_path / "text.txt", tmp_path / "v.npz"
    many_words(text, 50)
    options = {"min_count": 1, "settings": {"dim": 4, "epochs": 1, "n_threads": 1}}
    run = tmp_path / "v.npz.run"
    train_vectors(Corpus([text], unit="blank"), run=run, **options)
    numbers = json.loads((run / "text.json").read_text(encoding="utf-8"))
    ids = (run / "ids").read_bytes()
    command = ("vectors", "train", text, "--unit", "blank", "--dim", 4, "--epochs", 1, "--min-count", 1, "--out", out)
    for changed, data in (
        ({"n_ids": numbers["n_ids"] - 4}, ids),
        ({"words": numbers["words"][:2], "counts": numbers["counts"][:2]}, ids),
        ({}, b"\0\0\0\x70" + ids[4:]),
        ({}, ids[:-8] + b"\0\0\0\0\0\0\0\x70"),
        ({}, ids[:100]),
    ):
        (run / "text.json").write_text(json.dumps({**numbers, **changed}), encoding="utf-8")
        (run / "ids").write_bytes(data)
        code, _, err = juqing(*command, "--set", "n_threads=1", "--resume")
        assert code == 2 and "cannot be read" in err and "Delete the run" in err
    (run / "text.json").write_text(json.dumps(numbers), encoding="utf-8")
    (run / "ids").write_bytes(ids)
    code, said, _ = juqing(*command, "--set", "n_threads=1", "--resume")
    assert code == 0 and "nan" not in said and not run.exists()
