"""The table and the pictures of a ladder, of made-up measurements; the page in a real browser."""

from __future__ import annotations

import csv
import re
from typing import Any

import numpy as np
import pytest
import vl_convert

from juqing.emotions import EMOTION_NAMES
from juqing.report.ladder import (
    Lines,
    chinese_cell,
    compared_lines,
    count,
    curve_figure,
    duration,
    heat_figure,
    markdown,
    pareto_figure,
    pareto_front,
    render_ladder,
    rows,
    size,
    write_ladder,
)

EVIL = "<img src=x onerror=\"document.title='owned'\"></script>"


def rung(name: str, score: float, speed: float, **more: Any) -> dict[str, Any]:
    emotions = {
        emotion: {"rmse": 0.1 * k + score, "pearson": None if k == 5 else score}
        for k, emotion in enumerate(EMOTION_NAMES)
    }
    figures = {
        "rows": 9, "scripts": 3, "labels_are_whole": True, "label_error": 0.0, "score": score, "score_spread": None,
        "rmse": 1 / score - 1, "rmse_spread": None, "pearson": 0.5, "score_of_zeros": 0.6667, "emotions": emotions,
    }  # fmt: skip
    return {
        "name": name, "kind": "onehot", "settings": {"alpha": 3.0}, "seeds": [0], "status": "measured", "data": "ab12",
        "parameters": 12_345, "n_bytes": 2_600_000, "versions": {"juqing": "0.1.0"}, "device": "x86_64", "n_cores": 2, "jobs": 1,
        "train_seconds": 12.3, "train_cpu_seconds": 4.0, "train_peak_mb": 163.4, "resumed": False, "cues_per_second": speed,
        "score_peak_mb": 71.6, "folds": {"of": 5, "done": [0, 1, 2, 3, 4], **figures}, "curve": [], **more,
    }  # fmt: skip


def some_rungs() -> list[dict[str, Any]]:
    test = {**rung("t", 0.71, 1)["folds"], "label_error": 0.16408, "labels_are_whole": False, "score_spread": 0.001}
    curve = [{"n_scripts": n, "rmse": 0.5, "score": s} for n, s in ((4, 0.66), (8, 0.67), (22, 0.68))]
    tuned = rung("tuned", 0.69, 500.0, test=test, seeds=[0, 1, 2], resumed=True)
    tuned["folds"]["score_spread"] = 0.0012
    tuned["first_trained"] = {"wall": 480.0, "cpu": 900.0, "peak_mb": 800.0, "n_words": 5, "dim": 3}
    return [
        rung("onehot", 0.68, 9000.0, curve=curve),
        rung("slow", 0.67, 400.0),
        tuned,
        {"name": "scene", "kind": "scene", "settings": {}, "seeds": [0], "status": "skipped", "why": "needs --encoder"},
        {"name": "=bad", "kind": "svd", "settings": {}, "seeds": [0], "status": "failed", "why": "out | of luck"},
    ]


def some_lines() -> Lines:
    random = np.random.default_rng(0)
    truth = random.integers(0, 4, (40, 6)).astype(float)
    guesses = {name: np.clip(truth + random.normal(0, 0.5, truth.shape), 0, 3) for name in ("onehot", "slow", "tuned")}
    guesses["slow"][:10] = np.nan
    guesses["tuned"][17] = 3 - guesses["onehot"][17].round()
    ids = [f"7_0001_A_{k}" for k in range(40)]
    return Lines(ids, [f"第{k}句{EVIL if k == 17 else ''}" for k in range(40)], ["甲"] * 40, truth, guesses)


def test_the_front_of_a_worked_example():
    points = [(1.0, 9.0), (2.0, 8.0), (2.0, 7.0), (3.0, 8.0), (4.0, 1.0), (0.5, 9.0), (4.0, 1.0)]
    # (2, 8) loses to (3, 8), (2, 7) to (2, 8), (0.5, 9) to (1, 9); the two that are equal lose to none
    assert pareto_front(points) == [True, False, False, True, True, False, True]
    assert pareto_front([]) == [] and pareto_front([(1, 1)]) == [True]


def test_the_front_in_the_picture():
    data = pareto_figure(some_rungs(), "en")["data"]["values"]
    assert {row["rung"]: row["front"] for row in data} == {"onehot": True, "slow": False, "tuned": True}


def test_a_cell_in_chinese():
    cells = ("1 of 5 × 3 seeds", "15.1 million", "≥ 12 s + 8 min", "2.5 h", "0.6900 ± 0.0012", "2.6 MB", "–")
    assert [chinese_cell(cell) for cell in cells] == [
        "1/5 × 3 个种子", "1,510 万", "≥ 12 秒 + 8 分", "2.5 小时", "0.6900 ± 0.0012", "2.6 MB", "–"
    ]  # fmt: skip


def test_markdown():
    text = markdown(some_rungs(), "Ladder on t.tsv")
    table = [
        [cell.strip() for cell in line.strip("|\n").split("|")] for line in text.splitlines() if line.startswith("|")
    ]
    header, _, onehot, slow, tuned = table[:5]
    cells = dict(zip(header, tuned, strict=True))
    assert text.startswith("# Ladder on t.tsv\n") and (onehot[0], slow[0]) == ("onehot", "slow")
    assert cells["folds"] == "5 of 5 × 3 seeds" and cells["score"] == "0.6900 ± 0.0012" and cells["RMSE"] == "0.4493"
    assert (
        cells["test score"] == "0.7100 ± 0.0010" and cells["training"] == "≥ 12 s + 8 min" and cells["CPU"] == "4.0 s"
    )
    assert cells["parameters"] == "12,345" and cells["size"] == "2.6 MB" and cells["cues/s"] == "500"
    assert (cells["memory: training"], cells["scoring"]) == ("163 MB", "72 MB")
    assert dict(zip(header, onehot, strict=True))["test score"] == "–"
    assert "0.16408" in text and "0.6667" in text and "± : " not in text
    assert table[5] == ["rung", *EMOTION_NAMES] and table[7] == ["onehot", *["0.680"] * 5, "–"]
    assert "- scene (skipped): needs --encoder" in text and "- =bad (failed): out | of luck" in text
    assert "common" not in text


def test_rungs_of_other_folds_are_compared_on_those_of_all():
    told = some_rungs()[:2]
    told[1]["folds"]["done"] = [0]
    for each in told:
        each["common"] = {**each["folds"], "done": [0], "score": each["folds"]["score"] - 0.01}
    text = markdown(told)
    assert [row["score"] for row in pareto_figure(told, "en")["data"]["values"]] == pytest.approx([0.67, 0.66])
    assert "| score, fold 0 |" in text and "| 1 of 5 | 0.6700 |" in text and "| 0.6600 |" in text


def test_csv(tmp_path):
    write_ladder(some_rungs(), some_lines(), tmp_path)
    with (tmp_path / "ladder.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["rung"] for row in table] == ["onehot", "slow", "tuned", "scene", "'=bad"]
    assert (
        float(table[0]["score"]) == 0.68 and table[0]["settings"] == '{"alpha": 3.0}' and table[0]["test_score"] == ""
    )
    assert float(table[2]["first_seconds"]) == 480 and table[2]["seeds"] == "3" and table[0]["rmse_joy"] == "0.78"
    assert table[3]["why"] == "needs --encoder" and table[3]["score"] == ""
    assert list(table[0]) == list(rows(some_rungs())[0])


def test_pictures(tmp_path):
    paths = write_ladder(some_rungs(), some_lines(), tmp_path)
    assert [path.name for path in paths] == ["ladder.md", "ladder.csv", "ladder.html", "pareto.svg", "pareto.png"]
    svg = (tmp_path / "pareto.svg").read_text(encoding="utf-8")
    assert svg.startswith("<svg") and "tuned" in svg and "scene" not in svg
    assert (tmp_path / "pareto.png").read_bytes().startswith(b"\x89PNG")
    for figure in (
        curve_figure(some_rungs(), "zh"),
        *(heat_figure(some_rungs(), "en", m) for m in ("rmse", "pearson")),
    ):
        assert figure is not None and "onehot" in vl_convert.vegalite_to_svg(figure)
    assert curve_figure(some_rungs()[1:], "en") is None
    nothing = write_ladder(some_rungs()[3:], Lines([], [], [], np.zeros((0, 6)), {}), tmp_path / "none")
    assert [path.name for path in nothing] == ["ladder.md", "ladder.csv", "ladder.html"]


def test_the_lines_of_any_two_rungs_are_there():
    lines = some_lines()
    chosen = compared_lines(lines, 3)
    for a, b in (("onehot", "slow"), ("onehot", "tuned"), ("slow", "tuned")):
        apart = np.nan_to_num(((lines.guesses[a] - lines.guesses[b]) ** 2).sum(axis=1))
        assert set(np.argsort(apart)[-3:]) <= set(chosen)
    assert len(chosen) <= 9 and chosen.tolist() == sorted(chosen)
    same = Lines(lines.ids, lines.texts, lines.characters, lines.truth, {"a": lines.truth, "b": lines.truth})
    assert compared_lines(same).size == 0


def test_text_is_in_the_page_only_where_it_is_asked_for():
    assert "第3句" not in render_ladder(some_rungs(), some_lines()) and "甲" not in render_ladder(
        some_rungs(), some_lines()
    )
    assert "第3句" in render_ladder(some_rungs(), some_lines(), with_text=True)


def test_the_page(page, tmp_path):
    write_ladder(some_rungs(), some_lines(), tmp_path, title=f"Ladder {EVIL}", with_text=True)
    path = tmp_path / "ladder.html"
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert page.title().startswith("Ladder <img") and page.locator("img").count() == 0
    for figure in ("pareto", "curve", "heat"):
        box = page.locator(f"#{figure} canvas").bounding_box()
        assert box is not None and box["width"] > 300
    assert page.locator("#lines tbody").count() == 15
    page.locator("#second").select_option("slow")
    page.locator("#first").select_option("tuned")
    assert "tuned" in page.locator("#lines tbody").first.inner_text()
    page.locator("#second").select_option("onehot")
    assert page.locator("#lines tbody").first.locator("th.line").inner_text().startswith("甲 · 第17句<img")
    before = page.locator("#heat canvas").screenshot()
    page.locator("[data-measure=pearson]").click()
    page.wait_for_selector("[data-measure=pearson][aria-pressed=true]")
    page.locator("[data-language=zh]").click()
    page.wait_for_function("document.documentElement.lang === 'zh'")
    assert page.locator("h2").first.inner_text() == "总表" and "标签" in page.locator("#lines").inner_text()
    assert page.locator("#heat canvas").screenshot() != before
    page.set_viewport_size({"width": 375, "height": 720})
    page.wait_for_function("document.documentElement.scrollWidth <= 375")  # figures are drawn anew
    assert asked == [path.as_uri()] and said == []


def test_the_page_obeys_its_policy_and_is_small():
    text = render_ladder(some_rungs(), some_lines())
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None and policy[1].startswith("default-src &#39;none&#39;") and "unsafe" not in policy[1]
    assert len(text) < 2**20


@pytest.mark.parametrize(
    ("made", "text"),
    [(duration(0.04), "0.0 s"), (duration(42), "42 s"), (duration(300), "5 min"), (duration(9000), "2.5 h"), (duration(None), "–"),
     (count(23_400_000), "23.4 million"), (count(1234.4), "1,234"), (size(1500), "2 kB"), (size(None), "–")],
)  # fmt: skip
def test_numbers_for_people(made, text):
    assert made == text
