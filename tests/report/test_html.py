"""The report in a real browser: it opens from disk, asks for nothing, obeys its own policy, and does what it says."""

import itertools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import vl_convert
from browsing import colored, inks, point_at, printed
from conftest import ENGLISH, FEATURE
from playwright.sync_api import Page

from juqing.reading import read_script, read_text
from juqing.report.html import render_report, write_report
from juqing.runtime import load

ASSETS = Path(__file__).parents[2] / "src" / "juqing" / "report" / "assets"


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "r.html"
    write_report(load().score(read_script(FEATURE)), path)
    return path


def open_report(page: Page, path: Path) -> None:
    """Open a report; any request beside the file itself, and any console message, is a failure."""
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert asked == [path.as_uri()]
    assert said == []


def test_charts_show_and_explain(page, report):
    open_report(page, report)
    assert colored(page, "#arc") > 2000
    assert colored(page, "#heat") > 2000
    tip = point_at(page, "#arc")
    assert "沈渡" in tip and "第" in tip and "哀" in tip
    page.mouse.down()
    page.mouse.up()
    at = page.locator("#script .at")
    assert at.count() == 1 and "沈渡" in (at.text_content() or "")


def test_choosing_characters_and_emotions(page, report):
    open_report(page, report)
    before = colored(page, "#arc")
    for name in ("乐", "惊", "怒", "恐", "哀"):
        page.locator("#emotions button", has_text=name).click()
    assert page.locator("#emotions button[aria-pressed=true]").count() == 1
    assert colored(page, "#arc") < before
    page.locator("#characters button", has_text="林秋").click()
    assert page.locator("#characters button[aria-pressed=true]").inner_text() == "林秋"
    page.locator("#emotions button", has_text="哀").click()
    assert "林秋" in point_at(page, "#arc")
    page.locator("#heat-emotions button", has_text="怒").click()
    assert page.locator("#heat-emotions button[aria-pressed=true]").inner_text() == "怒"


def test_a_cell_of_the_map_opens_its_character(page, report):
    open_report(page, report)
    name = point_at(page, "#heat").split("\n")[1]
    page.mouse.down()
    page.mouse.up()
    assert page.locator("#characters button[aria-pressed=true]").inner_text() == name


def test_presence_and_share_lead_to_the_script(page, report):
    open_report(page, report)
    for figure in ("#presence", "#share"):
        tip = point_at(page, figure, range(5, 95, 3))
        assert re.search(r"\d+ 句台词，\d+ 字|在场，没有台词", tip)
        page.mouse.down()
        page.mouse.up()
        assert tip.split("\n")[1] in (page.locator("#script .at").text_content() or "")
        page.evaluate("document.querySelector('#script .at').classList.remove('at')")
    shares = page.locator("table tr td:nth-child(4)").all_inner_texts()
    assert abs(sum(int(share.strip().rstrip("%") or 0) for share in shares) - 100) <= len(shares) / 2


def test_switching_the_language(page, report):
    open_report(page, report)
    assert page.locator("h2").first.inner_text() == "人物情感曲线"
    page.locator("[data-language=en]").click()
    assert page.locator("h2").first.inner_text() == "Arc of a character"
    assert "anger" in page.locator("#emotions").inner_text()
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.locator("h2").first.inner_text() == "Arc of a character"  # remembered


def test_minor_characters_are_folded_away(page, tmp_path):
    lines = "".join(
        f"{n + 1}、街上　日　外\n"
        + "".join(f"角色{chr(0x4E00 + k)}：第{n}句。\n" for k in range(60) if (k + n) % (k // 10 + 1) == 0)
        for n in range(90)
    )
    script = read_text(lines)
    assert len(script.characters) == 60
    path = tmp_path / "r.html"
    write_report(load().score(script), path)
    open_report(page, path)
    assert page.locator("#characters > button").count() == 12
    assert not page.locator("#characters details button").first.is_visible()
    page.locator("#characters summary").click()
    page.locator("#characters details button").last.click()
    assert page.locator("tbody.minor").is_hidden()
    page.locator("#show-minor").click()
    assert page.locator("tbody.minor").is_visible()


def test_paper_is_light(page, report):
    open_report(page, report)
    wanted = page.evaluate("[...document.querySelectorAll('canvas')].map(canvas => canvas.toDataURL())")
    page.emulate_media(color_scheme="dark")
    open_report(page, report)
    _, on_paper, after = printed(page)
    assert on_paper == wanted and len(wanted) == 4
    assert all(one != other for one, other in zip(on_paper, after, strict=True))


def test_it_fits_a_phone(page, report):
    page.set_viewport_size({"width": 375, "height": 720})
    open_report(page, report)
    page.wait_for_function("document.documentElement.scrollWidth <= 375")  # figures are drawn anew


def test_chinese_is_drawn_and_no_boxes(page, report):
    open_report(page, report)
    page.set_viewport_size({"width": 1000, "height": 700})
    assert len(set(inks(page, "一爱恐\U0010ffff"))) == 4  # boxes would all look the same


def test_a_name_with_markup_is_text(page, tmp_path):
    evil = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    script = read_text(
        f"1、{evil}甲　日　内\n林远：{evil}\n林远（{evil}）：好</script><script>alert(1)</script>\n陈<b>念：好\n陈<b>念：好\n{{{{7*7}}}}：啊\n"
    )
    path = tmp_path / "r.html"
    write_report(load().score(script), path)
    open_report(page, path)
    assert page.title() != "owned"
    assert page.locator("img").count() == 0
    assert "<script>document.title" in page.locator("#script").text_content()
    assert "49" not in page.locator("#script").text_content()


def test_policy_and_references(report):
    text = report.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None and policy[1].startswith("default-src &#39;none&#39;")
    assert "unsafe" not in policy[1]
    page = text.replace((ASSETS / "vega.js").read_text(encoding="utf-8"), "")
    assert not re.findall(r'(?:src|href)\s*=\s*["\'](?!#)', page)
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_a_feature_film_stays_under_three_megabytes(report):
    text = FEATURE.read_text(encoding="utf-8")
    body = text[text.index("1、") :]
    script = read_text(body * 6)
    assert len(script.lines) >= 1900
    assert len(render_report(load().score(script)).encode()) < 3 * 2**20


def test_english_script_says_that_the_model_is_chinese(page, tmp_path):
    path = tmp_path / "r.html"
    write_report(load().score(read_script(ENGLISH)), path)
    open_report(page, path)
    assert "not to be trusted" in page.locator(".alert").first.inner_text()


def test_without_a_cue(page, tmp_path):
    path = tmp_path / "r.html"
    write_report(load().score(read_text("没有人。\n")), path)
    page.goto(path.as_uri())
    assert page.locator("#script").inner_text().strip() != ""


def test_the_chart_code_is_that_of_vl_convert():
    code = "import sys, vl_convert; sys.stdout.write(vl_convert.javascript_bundle())"
    bundle = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8").stdout
    assert (ASSETS / "vega.js").read_text(encoding="utf-8") == bundle


def test_figures_are_valid_for_vega_lite():
    from juqing.report.figures import arc_figure, heat_map

    arc, heat = arc_figure(10, 1.5), heat_map(["1", "2", "3A"], 1.5)
    arc["width"] = 400
    for layer in arc["layer"][3:]:
        layer["data"]["values"] = [
            {"x": 1, "value": 1.2, "emotion": "anger", "cue": 0},
            {"x": 8, "value": 0.4, "emotion": "anger", "cue": 1},
        ]
    heat["data"]["values"] = [
        {"scene": 1, "character": "林远", "order": 0, "emotion": "joy", "value": 1, "text": "乐", "cue": 0}
    ]
    for figure, color in ((arc, "#d04a02"), (heat, "#c98500")):
        assert color in vl_convert.vegalite_to_svg(figure)


def test_a_very_long_scene_is_cut_into_parts():
    act = "第一幕\n" + "".join(f"母亲：第{k}句。\n〔阿贵走动。\n" for k in range(100))
    data = render_report(load().score(read_text(act + "第二幕\n母亲：走。\n")))
    rows = re.search(r'"scenes": ?(\[\[.*?\]\])', data)
    assert rows is not None
    parts = json.loads(rows[1])
    assert [row[2] for row in parts] == ["1.1", "1.2", "1.3", "2"]
    assert parts[0][0] == 0 and parts[-1][1] == 201
    assert all(before[1] == after[0] for before, after in itertools.pairwise(parts))
