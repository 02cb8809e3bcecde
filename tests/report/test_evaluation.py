"""What is written of an evaluation; the page in a real browser."""

import csv
import json
import re
import sys

import numpy as np
import pytest
import vl_convert

from juqing.emotions import EMOTION_NAMES, EMOTIONS
from juqing.errors import MissingExtraError, OutputError
from juqing.report.evaluation import (
    EVALUATION_SUFFIXES,
    check_targets,
    evaluation_figure,
    render_evaluation,
    write_evaluation,
)
from juqing.training.evaluation import Evaluation

EVIL = "<img src=x onerror=\"document.title='owned'\"></script>"


def made(*titles: str, whole: bool = True) -> Evaluation:
    """Ten cues for each title."""
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, (10 * len(titles), 6)).astype(float)
    guess = np.clip(truth * 0.6 + random.uniform(0, 0.6, truth.shape), 0, 3)
    guess[:, 0] = 0.1  # love: no correlation, no slope
    script_ids = np.repeat(np.arange(len(titles)), 10)
    return Evaluation(titles, script_ids, truth if whole else truth * 0.97, guess, np.full(len(truth), 0.5))


@pytest.fixture(scope="module")
def evaluation():
    return made("1171", "回声渡", "=1+1")


def test_json(evaluation, tmp_path):
    path = tmp_path / "e.json"
    write_evaluation(evaluation, path, title="tfidf on t.tsv")
    figures = json.loads(path.read_text(encoding="utf-8"))
    assert figures == {"title": "tfidf on t.tsv", **evaluation.to_dict()}


def test_csv(evaluation, tmp_path):
    path = tmp_path / "e.csv"
    write_evaluation(evaluation, path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["kind"] for row in rows] == ["all", *["emotion"] * 6, *["script"] * 3]
    assert [row["name"] for row in rows] == ["", *EMOTION_NAMES, "1171", "回声渡", "'=1+1"]  # Excel runs no formula
    assert float(rows[0]["rmse"]) == pytest.approx(evaluation.rmse, abs=1e-6)
    assert rows[1]["pearson"] == rows[1]["slope"] == ""
    assert float(rows[2]["f1_3"]) == pytest.approx(evaluation.f1[1, 3], abs=1e-6)
    assert [int(row["rows"]) for row in rows] == [30] * 7 + [10] * 3
    assert rows[7]["pearson_love"] == "" and 0 < float(rows[7]["pearson_joy"]) <= 1


def test_pictures(evaluation, tmp_path):
    for name in ("e.svg", "e.PNG"):
        write_evaluation(evaluation, tmp_path / name, title="tfidf on t.tsv")
    svg = (tmp_path / "e.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg") and "tfidf on t.tsv" in svg and "回声渡" in svg and "slope –" in svg
    assert all(emotion.color in svg for emotion in EMOTIONS)
    assert (tmp_path / "e.PNG").read_bytes().startswith(b"\x89PNG")


def test_the_figure_of_one_row_is_drawn():
    one = Evaluation(("1",), np.zeros(1, dtype=np.int64), np.zeros((1, 6)), np.zeros((1, 6)), np.ones(1))
    assert "<svg" in vl_convert.vegalite_to_svg(evaluation_figure(one))


def test_many_scripts_fit_on_a_screen():
    figure = evaluation_figure(made(*map(str, range(200))))
    assert figure["vconcat"][2]["height"]["step"] * 200 <= 900


def test_the_page_opens_offline_and_obeys_its_policy(page, tmp_path):
    path = tmp_path / "e.html"
    write_evaluation(made("1171", EVIL), path, title=f"tfidf {EVIL}")
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert asked == [path.as_uri()] and said == []
    assert page.title().startswith("tfidf <img") and page.locator("img").count() == 0
    box = page.locator("#figure canvas").bounding_box()
    assert box is not None and box["width"] > 700
    page.locator("#figure canvas").hover(position={"x": 200, "y": box["height"] - 45})  # the bar of a script
    page.wait_for_selector("#figure[title*=RMSE]", state="attached")
    page.set_viewport_size({"width": 375, "height": 720})
    page.wait_for_function("document.documentElement.scrollWidth <= 375")  # figures are drawn anew


def test_what_the_page_says(evaluation):
    text = render_evaluation(evaluation)
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None and policy[1].startswith("default-src &#39;none&#39;") and "unsafe" not in policy[1]
    assert f"score {evaluation.score:.4f}" in text and "love 爱" in text and "<td>–</td>" in text
    assert "ranking score" not in text
    blend = render_evaluation(made("1", whole=False))
    assert "would not be the ranking score" in blend and "<th>score</th>" not in blend


def test_targets(tmp_path):
    check_targets([tmp_path / f"e{suffix}" for suffix in EVALUATION_SUFFIXES])
    with pytest.raises(OutputError, match=r"'\.pdf' is not known"):
        check_targets([tmp_path / "e.json", tmp_path / "e.pdf"])
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(OutputError, match="a folder"):
        check_targets([tmp_path / "d.csv"])
    (tmp_path / "f").write_text("")
    with pytest.raises(OutputError, match="is a file, not a folder"):
        check_targets([tmp_path / "f" / "e.json"])


def test_pictures_need_the_extra_and_the_page_does_not(evaluation, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError, match="train"):
        check_targets([tmp_path / "e.png"])
    write_evaluation(evaluation, tmp_path / "e.html")
    assert [path.name for path in tmp_path.iterdir()] == ["e.html"]
