"""The command as a user runs it: in a process of its own."""

import json
import os
import subprocess
import sys

from juqing.reading.files import read_labeled
from juqing.runtime import load
from juqing.training.evaluation import evaluate_table

ENV = {**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}


def evaluated(*args) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "juqing", "evaluate", *map(str, args)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=ENV, check=False)


def test_printed_and_written(table, tmp_path):
    outs = [tmp_path / f"e.{suffix}" for suffix in ("json", "csv", "html", "svg", "png")]
    result = evaluated("tfidf", table, *(arg for out in outs for arg in ("--out", out)))
    assert result.returncode == 0 and result.stderr == ""
    expected = evaluate_table(load("tfidf"), table)
    rows = [line.split() for line in result.stdout.splitlines()]
    facts = f"{expected.n} labeled rows of 4 scripts · RMSE {expected.rmse:.4f} · score {expected.score:.4f} · Pearson"
    assert facts in result.stdout
    anger = next(row for row in rows if row[:1] == ["anger"])
    assert anger[1:4] == ["怒", f"{expected.emotion_rmse[3]:.3f}", f"{expected.pearson[3]:.3f}"]
    assert len(anger) == 12
    scripts = [item.script.title for item in read_labeled(table)]
    assert [row[0] for row in rows if row and row[0] in scripts] == scripts
    assert result.stdout.splitlines()[-5:] == [str(out) for out in outs]
    assert json.loads(outs[0].read_text(encoding="utf-8"))["title"] == "tfidf on train.tsv"
    assert sorted(tmp_path.iterdir()) == sorted(outs)


def test_a_blend(table, tmp_path):
    data = tmp_path / "t.tsv"
    data.write_text(table.read_text(encoding="utf-8").replace("0,3,0,0,0,0", "0,2.6,0,0,0,0"), encoding="utf-8")
    result = evaluated("tfidf", data)
    assert result.returncode == 0, result.stderr
    assert "not the ranking score" in result.stdout and "· score" not in result.stdout


def test_refused(table, tmp_path):
    def refused(*args, words):
        result = evaluated(*args)
        assert result.returncode == 2 and "Traceback" not in result.stderr and result.stdout == ""
        assert all(str(word) in result.stderr for word in words), result.stderr

    refused("bert", tmp_path / "none.tsv", "--out", tmp_path / "e.pdf", words=["'.pdf' is not known", ".json"])
    refused("bert", table, words=["no model 'bert'"])
    data = tmp_path / "t.tsv"
    data.write_text("id\tcontent\tcharacter\n1_1_A_1\ta1笑。\ta1\n", encoding="utf-8")
    refused("tfidf", data, "--out", tmp_path / "e.json", words=[data, "no labeled row", "juqing predict"])
    assert list(tmp_path.iterdir()) == [data]
