"""Pictures of words, and the page in a real browser: it opens from disk, asks for nothing, and runs no word."""

import os
import re
import struct
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from juqing.emotions import EMOTIONS
from juqing.errors import MissingExtraError, OutputError
from juqing.report.word_map import HEIGHT, WIDTH, WORD_MAP_SUFFIXES, check_target, undrawable, write_word_map
from juqing.vectors.projection import WordMap

EVIL = "</script><img src=x onerror=\"document.title='owned'\">"


def made(words: list[str], points: list[tuple[float, float]] | np.ndarray, groups: list[str] | None = None) -> WordMap:
    """A map of words at given points; the first word occurred 1,200 times."""
    counts = np.arange(len(words), 0, -1)
    counts[0] = 1200
    neighbors = tuple([(f"近{word}", 0.75), (EVIL, -0.5)] for word in words)
    groups = groups or [""] * len(words)
    return WordMap(tuple(words), np.array(points, float), counts, tuple(groups), neighbors, "PCA, 50% and 20%")


@pytest.fixture
def word_map() -> WordMap:
    """The plane is 2 wide; 中 stands in its middle, 右 to the right of it."""
    return made(["中", "右", EVIL, "Left"], [(0, 0), (0.25, 0), (1, 0.5), (-1, -0.5)], ["爱", "怒", "怒", ""])


def open_map(page: Page, word_map: WordMap, folder: Path, title: str = "v.vec") -> dict[str, float]:
    """Open the page of a map: the box of its canvas, with the lengths of a pixel in the plane. No request, no message."""
    path = folder / "m.html"
    write_word_map(word_map, path, title=title)
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(path.as_uri())
    page.wait_for_selector("body[data-ready]")
    assert asked == [path.as_uri()] and said == []
    box = page.locator("#figure canvas").bounding_box()
    assert box is not None
    return {name: float(box[name]) for name in ("x", "y", "width", "height")}


def point_at(page: Page, x: float, y: float) -> str:
    """The text of the tip where the mouse is moved to; empty where there is none."""
    page.mouse.move(x + 9, y + 9)
    page.mouse.move(x, y)
    page.wait_for_timeout(50)
    return page.locator("#tip").inner_text() if page.locator("#tip").is_visible() else ""


def bright(page: Page) -> int:
    """How many pixels of the figure are nearly white."""
    return page.evaluate(
        """() => { const canvas = document.querySelector('#figure canvas');
        const data = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        let n = 0; for (let i = 0; i < data.length; i += 4) n += data[i + 3] > 200 && Math.min(data[i], data[i + 1], data[i + 2]) > 200;
        return n; }"""
    )


def test_hover_tells_the_word_its_count_and_its_neighbors(page, word_map, tmp_path):
    plain = made(list(word_map.words), word_map.points)
    box = open_map(page, plain, tmp_path)
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    tip = point_at(page, *middle)
    assert re.sub(r"\s+", " ", tip) == f"中 1,200 times 近中 0.75 {EVIL} -0.50"
    assert point_at(page, middle[0], middle[1] - 60) == ""


def test_the_wheel_zooms_dragging_moves_and_a_double_click_goes_back(page, word_map, tmp_path):
    box = open_map(page, made(list(word_map.words), word_map.points), tmp_path)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    quarter = 0.25 / (2 * 1.12) * (box["width"] - 16)
    assert point_at(page, x + quarter, y).startswith("右")
    page.mouse.move(x, y)
    page.mouse.wheel(0, -400)
    quarter *= 1.0015**400
    assert point_at(page, x, y).startswith("中") and point_at(page, x + quarter, y).startswith("右")
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 50, y + 20)
    page.mouse.move(x - 100, y + 40)
    page.mouse.up()
    assert point_at(page, x - 100 + quarter, y + 40).startswith("右")
    page.mouse.dblclick(x, y + 100)
    assert point_at(page, x, y).startswith("中")


def test_search(page, word_map, tmp_path):
    open_map(page, word_map, tmp_path)
    pictures = [page.locator("#figure canvas").screenshot()]
    for text, n in (("lef", 1), ("<IMG", 1), ("e", 2), ("没有", 0), ("中", 1)):
        page.fill("#search", text)
        page.wait_for_function(f"document.getElementById('found').textContent === '{n} found'")
        pictures.append(page.locator("#figure canvas").screenshot())
    assert len(set(pictures)) == len(pictures)
    page.fill("#search", "")
    page.wait_for_function("document.getElementById('found').textContent === ''")
    assert page.locator("#figure canvas").screenshot() == pictures[0]


def test_a_word_with_markup_is_text(page, word_map, tmp_path):
    open_map(page, word_map, tmp_path, title=f"{EVIL}.vec")
    assert page.title().startswith("</script><img") and page.locator("img").count() == 0
    assert page.locator("tbody th").all_inner_texts() == ["中", "右", EVIL, "Left"]
    text = (tmp_path / "m.html").read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None and policy[1].startswith("default-src &#39;none&#39;") and "unsafe" not in policy[1]


def test_dark_and_narrow(page, word_map, tmp_path):
    open_map(page, made(["中", "右", "上"], [(0, 0), (1, 0), (0, 1)]), tmp_path)
    assert bright(page) == 0
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(100)
    assert bright(page) > 0
    page.set_viewport_size({"width": 375, "height": 720})
    page.wait_for_timeout(100)
    box = page.locator("#figure canvas").bounding_box()
    assert box is not None and box["width"] < 375
    page.wait_for_function("document.documentElement.scrollWidth <= 375")  # figures are drawn anew


def labels(svg: str) -> list[tuple[str, float, float]]:
    """The words that are shown in a picture, and where each begins: words are 30 wide at least."""
    found = []
    for text in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}text"):
        x, y = map(float, re.findall(r"-?[\d.]+", text.get("transform", ""))[:2])
        x -= {"end": 30, "middle": 15}.get(text.get("text-anchor", ""), 0)
        if text.get("opacity") != "0":
            found.append(("".join(text.itertext()), x, y))
    return found


def test_pictures(word_map, tmp_path):
    for name in ("m.svg", "m.PNG"):
        write_word_map(word_map, tmp_path / name, title="v.vec\x1b")
    svg = (tmp_path / "m.svg").read_text(encoding="utf-8")
    shown = [word for word, *_ in labels(svg)]
    assert sorted(shown) == sorted(["v.vec\ufffd · PCA, 50% and 20%", "爱", "怒", "中", "右", EVIL, "Left"])
    assert EMOTIONS[0].color in svg and EMOTIONS[3].color in svg
    png = (tmp_path / "m.PNG").read_bytes()
    assert png.startswith(b"\x89PNG") and struct.unpack(">II", png[16:24]) == (2 * WIDTH, 2 * HEIGHT)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.PNG", "m.svg"]


def test_labels_make_room_for_the_words_that_come_first(tmp_path):
    words = [f"第{k}词" for k in range(300)]
    points = np.random.default_rng(0).normal(size=(300, 2))
    points *= 1 + 1 / np.linalg.norm(points, axis=1, keepdims=True)  # a ring around the first ten
    points[:10] = 0
    write_word_map(made(words, points), tmp_path / "m.svg")
    shown = {word: place for word, *place in labels((tmp_path / "m.svg").read_text(encoding="utf-8")) if word in words}
    assert [word for word in words[:10] if word in shown] == words[:2]  # right and left
    assert 50 < len(shown) < 250
    places = np.array(list(shown.values()))
    assert (np.abs(places[:, None] - places[None]) < (30, 9)).all(axis=2).sum() == len(
        shown
    )  # each lies on itself alone


def test_many_groups_are_told_apart(tmp_path):
    words = [f"词{k}" for k in range(30)]
    write_word_map(
        made(words, np.random.default_rng(0).normal(size=(30, 2)), [f"组{k}" for k in range(30)]), tmp_path / "m.svg"
    )
    svg = (tmp_path / "m.svg").read_text(encoding="utf-8")
    marks = re.findall(r'<path transform="translate[^"]+" d="(\w+[^"]*)" fill="(#\w+)"', svg)
    points = marks[-30:]
    assert len(set(points)) == 30 and {word for word, *_ in labels(svg)} > {f"组{k}" for k in range(30)}


def test_points_that_are_all_the_same(tmp_path):
    write_word_map(made(["一", "二", "三"], np.zeros((3, 2))), tmp_path / "m.svg")
    assert len(labels((tmp_path / "m.svg").read_text(encoding="utf-8"))) > 1


def test_a_character_that_no_font_draws(tmp_path):
    assert undrawable(made(["ab", "é", "<&"], [(0, 0), (1, 1), (2, 2)])) is None
    if sys.platform == "linux":  # where fonts are found by fontconfig's list of folders
        (tmp_path / "fonts.conf").write_text(f"<fontconfig><dir>{tmp_path}</dir></fontconfig>")
        code = (
            "import sys; sys.path.insert(0, sys.argv[1]); from test_word_map import made\n"
            "from juqing.report.word_map import undrawable\n"
            "print(ascii(undrawable(made(['ab', 'é爱'], [(0, 0), (1, 1)]))), undrawable(made(['ab'], [(0, 0)])))"
        )
        result = subprocess.run(
            [sys.executable, "-c", code, str(Path(__file__).parent)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")},
        )
        assert result.stdout.split() == ["'\\u7231'", "None"]


def test_targets(word_map, tmp_path, monkeypatch):
    for suffix in WORD_MAP_SUFFIXES:
        check_target(tmp_path / f"m{suffix}")
    with pytest.raises(OutputError, match=r"'\.pdf' is not known"):
        check_target(tmp_path / "m.pdf")
    (tmp_path / "d.svg").mkdir()
    with pytest.raises(OutputError, match="a folder"):
        check_target(tmp_path / "d.svg")
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtraError, match="train"):
        check_target(tmp_path / "m.png")
    write_word_map(word_map, tmp_path / "m.html")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.svg", "m.html"]
