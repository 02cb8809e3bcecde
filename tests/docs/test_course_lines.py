"""The lines of the course and what fills them into its pages."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pytest
from conftest import ROOT

from juqing.emotions import EMOTIONS
from juqing.errors import InputError, ModelError
from juqing.reading.files import read_labeled
from juqing.recognition.tfidf import TfidfRecognizer
from juqing.text.tokens import OTHER_TOKEN, OWN_TOKEN, cue_tokens
from juqing.training import train_rung

PROGRAM = ROOT / "benchmarks" / "course_lines.py"
LINES = ROOT / "docs" / "ladder" / "lines.tsv"
spec = importlib.util.spec_from_file_location("course_lines", PROGRAM)
assert spec is not None and spec.loader is not None
course = importlib.util.module_from_spec(spec)
sys.modules["course_lines"] = course  # its dataclass looks itself up there
spec.loader.exec_module(course)


@pytest.fixture(scope="module")
def labeled():
    return read_labeled(LINES)


@pytest.fixture(scope="module")
def ladder(table, tmp_path_factory):
    """A folder as `juqing ladder` leaves it, with one rung."""
    out = tmp_path_factory.mktemp("ladder")
    train_rung(TfidfRecognizer(), table, out / "rungs" / "tfidf" / "model")
    return out


def answer(text: str, label: list[float], predicted: list[float]):
    return course.Answer(text, "a1", np.array(label, np.float32), np.array(predicted, np.float32))


def test_lines(labeled):
    labels = np.concatenate([item.labels for item in labeled])
    assert len(labeled) == 1 and len(labeled[0].script.scenes) == 6 and len(labels) >= 60 and not np.isnan(labels).any()
    assert ((labels >= 2).sum(axis=0) >= 3).all()  # each emotion is felt strongly
    assert (labels == np.round(labels)).all() and (labels.sum(axis=1) == 0).sum() >= 5
    several = [
        line
        for item in labeled
        for line in item.script.lines
        if len({c.character for c in item.script.cues if c.line == line.index}) > 1
    ]
    assert len(several) >= 5


def test_who_does_it_to_whom_is_lost_without_order(labeled):
    """What the pages say of 第二天，a1把c1骂哭了。: the two characters have the same words, in another order."""
    item = labeled[0]
    both = [
        (tokens, label)
        for cue, tokens, label in zip(item.script.cues, cue_tokens(item.script), item.labels, strict=True)
        if "第二天" in item.script.lines[cue.line].text
    ]
    (first, anger), (second, sorrow) = both
    assert first == ["第二天", "，", OWN_TOKEN, "把", OTHER_TOKEN, "骂", "哭", "了", "。"]
    assert sorted(first) == sorted(second) and first != second
    assert anger[3] == 3 and sorrow[3] == 0


def test_what_is_shown():
    assert answer("x", [0, 0, 0, 0, 0, 3], [0, 0, 0, 0, 0, 0]).error == pytest.approx(1.2247, abs=1e-4)  # sqrt(9 / 6)
    assert answer("x", [1, 2, 0, 0, 0, 0], [0, 0, 2, 0, 0, 0]).error == pytest.approx(1.2247, abs=1e-4)
    found = [
        answer("silence", [0] * 6, [0] * 6),
        answer("near", [0, 2, 0, 0, 0, 0], [0, 1.9, 0, 0, 0, 0]),
        answer("near", [0, 2, 0, 0, 0, 0], [0, 1.7, 0, 0, 0, 0]),
        answer("far", [0, 0, 0, 3, 0, 0], [0, 0, 0, 0, 0, 0]),
        answer("farther", [0, 0, 0, 3, 0, 0], [3, 0, 0, 0, 0, 0]),
        answer("weak", [0, 0, 1, 0, 0, 0], [0, 0, 1, 0, 0, 0]),
        answer("half", [0, 0, 2, 0, 0, 0], [0, 0, 1, 0, 0, 0]),
    ]
    best, worst = course.chosen(found)
    assert [each.text for each in best] == ["near", "half", "far"] and best[0] is found[1]
    assert [each.text for each in worst] == ["farther", "near", "weak"] and worst[1] is found[2]
    strengths = np.array([0.1, 1.26, 0, 2.9, 0, 0])
    assert course.emotions_text(strengths, "en", 1) == "anger 2.9, joy 1.3"
    assert course.emotions_text(strengths, "zh", 1) == "怒 2.9、乐 1.3"
    assert course.emotions_text(np.zeros(6), "zh", 0) == "无"


def test_block():
    text = course.block(
        [answer("a|b", [0, 0, 0, 0, 0, 3], [0] * 6), answer("c", [0, 0, 0, 2, 0, 0], [0, 0, 0, 2, 0, 0])], "en"
    )
    assert text.startswith("\n") and text.endswith("\n\n")  # a table needs blank lines around it
    lines = text.strip().splitlines()
    assert lines[0].startswith(
        "2 characters in lines of ours ([lines.tsv](lines.tsv)), none of them learned from. RMSE over all: 0.87; of zeros: 1.04. Best "
    )
    assert lines[2:] == [
        "| | line | who | label | the model | error |",
        "| --- | --- | --- | --- | --- | --- |",
        "| best | c | a1 | anger 2 | anger 2.0 | 0.00 |",
        "| best | a\\|b | a1 | sorrow 3 | nothing | 1.22 |",
    ]


def test_pages_are_filled(ladder, tmp_path, capsys):
    page = "# A\n\n<!-- lines:tfidf -->\n<!-- /lines -->\n\nbehind\n\n<!-- lines:lstm -->\nold\n<!-- /lines -->\n"
    for name in ("a.md", "a.zh.md", "b.md"):
        (tmp_path / name).write_text(page if name[0] == "a" else "# B\n", encoding="utf-8")
    models = course.models_of([str(ladder), "more=somewhere"])
    assert models == {"tfidf": ladder / "rungs" / "tfidf" / "model", "more": course.Path("somewhere")}
    assert [path.name for path in course.fill_pages(models, tmp_path, LINES)] == ["a.md", "a.zh.md"]
    told = capsys.readouterr().out
    assert "lstm: left as it is" in told and "more: no page" in told
    english, chinese = ((tmp_path / name).read_text(encoding="utf-8") for name in ("a.md", "a.zh.md"))
    for text, best, worst in ((english, "| best |", "| worst |"), (chinese, "| 最好 |", "| 最差 |")):
        assert text.count(best) == text.count(worst) == 3
        assert "\n\nbehind\n\n<!-- lines:lstm -->\nold\n<!-- /lines -->\n" in text
        assert (errors := [float(row.split("|")[-2]) for row in text.splitlines() if row.startswith(worst)]) == sorted(
            errors, reverse=True
        )
    assert not any(emotion.name in chinese for emotion in EMOTIONS)
    assert course.fill_pages(models, tmp_path, LINES) == []  # the same again


def test_what_is_refused(ladder, tmp_path):
    with pytest.raises(InputError, match="no models"):
        course.models_of([str(tmp_path)])
    (tmp_path / "a.md").write_text("<!-- lines:x -->\n<!-- /lines -->\n", encoding="utf-8")
    with pytest.raises(ModelError):
        course.fill_pages({"x": tmp_path / "none"}, tmp_path, LINES)
    assert (tmp_path / "a.md").read_text(encoding="utf-8") == "<!-- lines:x -->\n<!-- /lines -->\n"
    done = subprocess.run([sys.executable, str(PROGRAM), str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 1 and "no models" in done.stderr and "Traceback" not in done.stderr
