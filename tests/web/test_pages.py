"""The pages in a real browser, from a server that really runs, with its worker."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import uvicorn
from browsing import colored, inks, point_at, printed
from conftest import ENGLISH, FEATURE, SHORT
from playwright.sync_api import Browser, Page, expect
from served import settings

from juqing.reading.files import read_labeled, read_text
from juqing.store import writing
from juqing.store.scripts import save_script
from juqing.web import create_app

AXE = "axe-core@4.14.1"
expect.set_options(timeout=20_000)  # machines that check changes are busy
PROSE = "很久以前有一座山，山里什么人也没有。\n" * 5


class Served:
    """A server on a port of its own."""

    def __init__(self, folder: Path, **changes: Any):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.socket.getsockname()[1]}"
        self.app = create_app(settings(folder, **changes))
        self.server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", ws="none", lifespan="on"))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))

    def __enter__(self) -> Served:
        self.thread.start()
        while not self.server.started:
            assert self.thread.is_alive()
            time.sleep(0.02)
        return self

    def __exit__(self, *error: object) -> None:
        self.server.should_exit = True
        self.thread.join()
        self.socket.close()

    def ask(self, path: str, body: object = None) -> dict:
        """A request to the API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    def analyzed(self, name: str, text: str) -> str:
        """Upload a text and wait for its scores; the id of the script."""
        accepted = self.ask("/api/scripts", {"name": name, "text": text})
        until = time.monotonic() + 120
        while (job := self.ask(f"/api/jobs/{accepted['job']['id']}"))["state"] in ("queued", "running"):
            assert time.monotonic() < until
            time.sleep(0.05)
        assert job["state"] == "done", job
        return accepted["script"]["id"]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("pages")) as served:
        yield served


@pytest.fixture(scope="module")
def film(served: Served) -> str:
    return served.analyzed(FEATURE.name, FEATURE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def draft(served: Served) -> str:
    """The film with scene 5 moved, scene 9 gone, a line changed and one added."""
    text = FEATURE.read_text(encoding="utf-8")
    parts = re.split(r"(?m)^(?=\d+、)", text)
    assert parts[5].startswith("5、") and parts[9].startswith("9、")
    new = "".join([*parts[:5], *parts[6:9], parts[5], *parts[10:]])
    new = new.replace(
        "小满（咯咯笑）：妈，他是造桥的，他怕水！\n", "小满（大哭）：妈，他是造桥的，他怕水！\n小满：（哭）呜呜！\n"
    )
    return served.analyzed("二稿.txt", new)


Open = Callable[..., Page]


@pytest.fixture
def visit(browser: Browser, served: Served) -> Iterator[Open]:
    """Opens pages; anything on the console and any request to elsewhere is a failure."""
    said: list[str] = []
    asked: list[str] = []
    contexts = []

    def opened(
        path: str, *, ready: bool = True, width: int = 1280, height: int = 900, base: str = "", **options
    ) -> Page:
        options = {"viewport": {"width": width, "height": height}, "locale": "zh-CN", **options}
        context = browser.new_context(base_url=base or served.url, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path)
        if ready:
            page.wait_for_selector("body[data-ready]")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert all(re.match(r"http://127\.0\.0\.1:\d+/", url) for url in asked)


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm; on the machine that checks changes its absence is a failure."""
    npm = shutil.which("npm")
    if npm is None and not os.environ.get("CI"):
        pytest.skip("no npm on this machine: install it to run the accessibility tests")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm or "npm", "install", "--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts", AXE]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


# Uploads


@pytest.mark.parametrize("path", [FEATURE, SHORT, ENGLISH], ids=lambda path: path.suffix)
def test_each_example_is_uploaded(visit: Open, path: Path):
    page = visit("/")
    page.evaluate(
        """() => { const states = new Set(); new MutationObserver(() => {
          const state = document.querySelector('#uploads .state');
          if (state) { states.add(state.textContent); sessionStorage.setItem('states', [...states].join('|')); }
        }).observe(document.getElementById('uploads'), { childList: true, subtree: true, characterData: true }); }"""
    )
    page.set_input_files("#file", path)
    page.wait_for_url("**/scripts/*", timeout=120_000)
    page.wait_for_selector("body[data-ready]")
    states = page.evaluate("sessionStorage.getItem('states')").split("|")
    assert states[0] == "上传中" and states[-1] == "已分析"
    assert set(states) & {"等待中", "开始", "读剧本", "分析情感", "保存"}
    assert colored(page, "#arc") > 2000 and colored(page, "#river") > 2000 and colored(page, "#heat") > 500
    expect(page.locator("#script .scene")).to_have_count(19 if path == FEATURE else 12)
    assert page.locator("[role=note]").count() == (path == ENGLISH)


def test_a_file_is_dropped(visit: Open):
    page = visit("/")
    transfer = page.evaluate_handle(
        """() => { const transfer = new DataTransfer();
        transfer.items.add(new File(['1、屋里　夜　内\\n林远：好。\\n陈念：不好！\\n'], '拖.txt')); return transfer; }"""
    )
    page.dispatch_event("#drop", "dragenter", {"dataTransfer": transfer})
    expect(page.locator("#drop.over")).to_be_visible()
    page.dispatch_event("#drop", "drop", {"dataTransfer": transfer})
    page.wait_for_url("**/scripts/*", timeout=60_000)
    page.wait_for_selector("body[data-ready]")
    assert "林远" in page.locator("#characters").inner_text()


def test_text_is_pasted_and_the_script_deleted(visit: Open):
    page = visit("/")
    page.locator("#paste summary").click()
    page.fill("#paste-name", "粘贴的一场")
    page.fill("#paste-text", "1、街上　日　外\n周三：走。\n吴四：（哭）别走。\n")
    page.click("#paste-send")
    page.wait_for_url("**/scripts/*", timeout=60_000)
    page.wait_for_selector("body[data-ready]")
    page.goto("/")
    row = page.locator("tr[data-script]", has_text="粘贴的一场")
    page.on("dialog", lambda dialog: dialog.accept())
    row.locator(".delete").click()
    expect(row).to_have_count(0)
    page.reload()
    expect(page.locator("tr[data-script]", has_text="粘贴的一场")).to_have_count(0)


ENGLISH_WORDS = re.compile("[A-Za-z]{2,} [A-Za-z]{2,} [A-Za-z]{2,}")


def test_what_goes_wrong_is_said_in_the_language_of_the_page(visit: Open, browser: Browser, tmp_path: Path):
    files = {
        "prose.txt": (PROSE.encode(), "在 5 行里没有找到人物", "no character was found in 5 lines"),
        "empty.txt": (b" \n", "文件是空的。请检查", "The file is empty."),
        "a.pdf": (b"%PDF-1.7", "a.pdf：这是 PDF 文件，读不了", "this is a PDF"),
        "locked.docx": (
            bytes.fromhex("D0CF11E0A1B11AE1") + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "文件有密码",
            "the document has a password",
        ),
        "noise.txt": (b"\x81\xff\x00\x9f" * 9, "请另存为 UTF-8", "this is not text"),
        "large.txt": (b"x" * 5000, "文件有 5,000 字节，上限是 4,000", "The file has 5,000 bytes"),
        "huge.txt": (b"x" * 90_000, "超过", "More than"),
    }
    for name, (data, _, _) in files.items():
        (tmp_path / name).write_bytes(data)
    with Served(tmp_path / "db", max_upload=4000) as small:
        context = browser.new_context(
            base_url=small.url, locale="zh-CN"
        )  # a refused upload is a message on the console
        page = context.new_page()
        page.goto("/")
        page.wait_for_selector("body[data-ready]")
        page.set_input_files("#file", [tmp_path / name for name in files])
        expect(page.locator("#uploads .error")).to_have_count(len(files), timeout=60_000)
        for name, (_, chinese, english) in files.items():
            row = page.locator("#uploads li", has_text=name)
            expect(row.locator(".error")).to_contain_text(chinese)
            assert not ENGLISH_WORDS.search(row.inner_text())
            page.click("[data-language=en]")
            assert english in row.inner_text() and chinese not in row.inner_text()
            page.click("[data-language=zh]")
        page.reload()
        said = page.locator("tr.why .error").all_inner_texts()
        assert len(said) == 4 and not any(map(ENGLISH_WORDS.search, said))

        id = small.analyzed("x.txt", "1、屋里　夜　内\n林远：好。\n陈念：（哭）不好。\n")
        page.goto(f"/scripts/{id}")
        page.wait_for_selector("body[data-ready]")
        urllib.request.urlopen(urllib.request.Request(f"{small.url}/api/scripts/{id}", method="DELETE")).close()
        page.locator("#merge button").click()
        expect(page.locator("#said")).to_have_text("没有这个剧本。可能已经删除。")
        for path, heading, text in (
            (f"/scripts/{id}", "没有找到", "没有这个剧本。可能已经删除。"),
            ("/nothing", "没有找到", "没有找到。"),
            ("/scripts/no-id", "内容不能用", ""),
        ):
            page.goto(path)
            expect(page.locator("h1")).to_have_text(heading, use_inner_text=True)
            expect(page.locator("main")).to_contain_text(text)
        page.goto(f"/compare?a={id}&b={id}")
        expect(page.locator("[role=alert]")).to_have_text("没有这个剧本。可能已经删除。", use_inner_text=True)
        context.close()


def test_an_empty_server_offers_a_sample(visit: Open, tmp_path: Path):
    with Served(tmp_path) as empty:
        page = visit("/", base=empty.url)
        page.click("#sample")
        page.wait_for_url("**/scripts/*", timeout=60_000)
        page.wait_for_selector("body[data-ready]")
        assert "周岚" in page.locator("#characters").inner_text()
        expect(page.locator("#script .scene")).to_have_count(3)


def test_a_script_that_waits_shows_that_it_does(visit: Open, tmp_path: Path):
    with Served(tmp_path, n_workers=0) as idle:
        text = "1、屋里　夜　内\n林远：好。\n"
        id = idle.ask("/api/scripts", {"name": "x.txt", "text": text})["script"]["id"]
        page = visit(f"/scripts/{id}", ready=False, base=idle.url)
        expect(page.locator("#stage")).to_have_text("等待中")
        with writing(idle.app.state.server.database) as connection:
            save_script(connection, id, read_text(text))
        page.reload()
        expect(page.locator("#script")).to_contain_text("林远：好。")  # read, and not yet scored
        expect(page.locator(".facts")).to_have_text(re.compile("1 场 · 1 人 · 1 行"))
        expect(page.locator("#arcs")).to_be_hidden()
        expect(page.locator("#stage")).to_have_text("等待中")
        page.click("#cancel")
        expect(page.locator("#stage")).to_have_text("已取消")
        page.goto("/compare")
        expect(page.locator("main")).to_contain_text("先放进两个剧本")


# A script


def test_pointing_and_clicking(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    tip = point_at(page, "#arc")
    assert "沈渡" in tip and "第" in tip and "哀" in tip
    page.mouse.down()
    page.mouse.up()
    at = page.locator("#script .at")
    expect(at).to_have_count(1)
    expect(at).to_be_in_viewport()
    number = re.search(r"第 (\d+) 行", tip)
    assert number is not None and at.locator(".number").inner_text() == number[1]
    assert page.url.endswith("#" + (at.get_attribute("id") or "?"))
    page.reload()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#script .at")).to_be_in_viewport()  # the address names the line


def test_every_chart_leads_to_a_line(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    assert "全剧" in point_at(page, "#river")
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#script .at")).to_be_in_viewport()
    name = point_at(page, "#heat").split("\n")[1]
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#characters button[aria-pressed=true]")).to_have_text(name)
    assert "同场" in point_at(page, "#pairs")
    page.mouse.down()
    page.mouse.up()
    expect(page.locator("#pair-detail")).to_contain_text("情感距离")
    page.locator("#pair-detail .by-scene button").last.click()
    expect(page.locator("#script .at")).to_be_in_viewport()
    for part in ("moments", "swings", "flat"):
        link = page.locator(f"#{part} a").first
        link.click()
        expect(page.locator("#script .at")).to_have_attribute("id", (link.get_attribute("href") or "")[1:])


def test_presence_and_share(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    place, name, says = point_at(page, "#presence").split("\n")
    assert re.fullmatch(r"\d+ 句台词，\d+ 字|在场，没有台词", says)
    page.mouse.down()
    page.mouse.up()
    at = page.locator("#script .at")
    expect(at).to_be_in_viewport()
    assert name in at.inner_text()
    assert page.locator(".scene:has(.at) h3").inner_text().startswith(place)
    told = re.match(r"(?s)说得最多：(.+?)\n(.+?)\n(\d+)% ", point_at(page, "#share", range(5, 95, 3)))
    assert told is not None
    where, name, share = told.groups()
    page.mouse.down()
    page.mouse.up()
    expect(at).to_be_in_viewport()
    assert page.locator(".scene:has(.at) h3").inner_text().startswith(where)
    row = page.locator("#people tbody tr", has=page.locator("th", has_text=name))
    assert row.locator("td").first.inner_text() == f"{share}%"
    shares = page.evaluate(
        "[...document.querySelectorAll('#people tbody tr')].map(row => parseInt(row.cells[1].textContent))"
    )
    assert abs(sum(shares) - 100) <= len(shares) / 2


def test_smoothing_emotions_and_a_range(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    assert page.locator("#emotions button[aria-pressed=true]").count() == 3
    with page.expect_response(lambda response: "smooth=1&" in response.url) as answer:
        page.locator("#smooth").fill("1")
    (arc,) = answer.value.json()["arcs"]
    assert len(arc["mean"]) == len(arc["lines"]) > 50
    expect(page.locator("#smooth-value")).to_have_text("100%")
    before = colored(page, "#arc")
    for button in page.locator("#emotions button[aria-pressed=true]").all()[:2]:
        button.click()
    assert colored(page, "#arc") < before
    box = page.locator("#arc canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 60, steps=5)
    page.mouse.up()
    expect(page.locator("#range")).to_contain_text(re.compile(r"第 \d+–\d+ 行，沈渡 \d+ 行"))


def test_merging_names(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    page.evaluate("window.stayed = true")
    counts = {name: n for name, n in page.evaluate(PEOPLE)}
    page.select_option("#merge-alias", "何雨生")
    page.select_option("#merge-name", "林秋")
    page.locator("#merge button").click()
    expect(page.locator("#merged")).to_contain_text("何雨生 → 林秋")
    expect(page.locator("#characters")).not_to_contain_text("何雨生")
    merged = {name: n for name, n in page.evaluate(PEOPLE)}
    assert "何雨生" not in merged
    assert max(counts["林秋"], counts["何雨生"]) < merged["林秋"] <= counts["林秋"] + counts["何雨生"]
    page.locator("#merged button").click()
    expect(page.locator("#characters")).to_contain_text("何雨生")
    assert {name: n for name, n in page.evaluate(PEOPLE)} == counts
    assert page.evaluate("window.stayed")  # it was never loaded again


def test_a_nickname_of_the_text_counts(visit: Open, served: Served):
    text = "1、渡口 日 外\n王建国：你好。\n小李：（怒）走开！\n△老王站起来，笑了。\n2、屋 夜 内\n△老王失声痛哭。\n"
    page = visit(f"/scripts/{served.analyzed('nick.txt', text)}")
    page.evaluate("window.stayed = true")
    assert dict(page.evaluate(PEOPLE)) == {"王建国": 1, "小李": 1}
    page.fill("#merge-other", "老王")
    page.select_option("#merge-name", "王建国")
    page.locator("#merge button").click()
    expect(page.locator("#merged")).to_contain_text("老王 → 王建国")
    expect(page.locator("#said")).to_contain_text("“老王”的行也算进来了")
    assert dict(page.evaluate(PEOPLE)) == {"王建国": 3, "小李": 1}
    assert page.evaluate("window.stayed")


PEOPLE = """() => [...document.querySelectorAll('#people tbody tr')].map(
  row => [row.querySelector('th button').textContent, Number(row.cells[2].textContent)])"""


def test_correcting_a_score(visit: Open, film: str, tmp_path: Path):
    page = visit(f"/scripts/{film}")
    line = page.locator("#script p", has_text="跟你妈说，多谢。")
    line.click()
    field = page.locator(".editor input").nth(1)  # joy
    before = field.input_value()
    field.fill("2.5")
    field.press("Enter")
    expect(line.locator(".chip")).to_have_text("沈渡 乐 2.5 ✎")
    expect(page.locator(".editor input").nth(1)).to_have_value("2.50")
    page.locator("details.menu summary").click()
    with page.expect_download() as download:
        page.click("#corrections-link")
    path = tmp_path / "corrections.tsv"
    download.value.save_as(path)
    (labeled,) = read_labeled(path)
    found = [k for k, row in enumerate(labeled.labels) if row[1] == 2.5]
    assert len(found) == 1
    cue = labeled.script.cues[found[0]]
    assert cue.character == "沈渡" and "跟你妈说，多谢。" in labeled.script.lines[cue.line].text
    page.locator(".editor input").nth(1).fill("7")
    page.locator(".editor input").nth(1).press("Enter")
    expect(page.locator("#said")).to_have_text("请填 0 到 3 的数。")
    page.locator(".editor button").click()
    expect(page.locator("#said")).to_have_text("已还原")
    expect(page.locator(".editor input").nth(1)).to_have_value(before)
    expect(page.locator(".by-hand")).to_have_count(0)


def test_filters_and_search(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    page.select_option("#filter-character", label="素珍")
    page.select_option("#filter-kind", "dialogue")
    shown = page.locator("#script p:not(.out)")
    assert shown.count() == int(page.locator("#found").inner_text().split()[0]) > 0
    assert all("素珍" in text for text in shown.all_inner_texts())
    assert "who=" in page.url and page.url.endswith("&kind=dialogue")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#filter-character") == "素珍" and all("素珍" in text for text in shown.all_inner_texts())
    page.select_option("#filter-character", "")
    page.select_option("#filter-kind", "")
    page.fill("#search", "回声渡")
    n = int(page.locator("#found").inner_text().split()[0])
    assert n > 1
    places = []
    for _ in range(n + 1):
        page.press("#search", "Enter")
        expect(page.locator("#script .at")).to_be_in_viewport()
        places.append(page.locator("#script .at").get_attribute("id"))
    assert len(set(places)) == n and places[0] == places[-1]


def offered(page: Page, name: str) -> list[str]:
    return page.locator(f"#filter-{name} option").all_inner_texts()


def test_filters_narrow_everything_together(visit: Open, served: Served, film: str):
    page = visit(f"/scripts/{film}")
    assert offered(page, "interior") == ["全部", "外景", "内景"]
    assert offered(page, "place")[:3] == ["全部", "渡口 (3)", "米粉铺 (3)"]
    assert offered(page, "time") == ["全部", "清晨", "上午", "中午", "夜", "凌晨", "黄昏", "傍晚"]
    assert offered(page, "flag") == ["全部", "闪回", "没有标记的"]  # no dream and no montage
    people = dict(page.evaluate(PEOPLE))
    river, heat, presence = (width_of(page, f"{figure} canvas") for figure in ("#river", "#heat", "#presence"))
    full = {figure: colored(page, figure) for figure in ("#arc", "#river")}
    page.locator("#filter-interior").focus()
    page.keyboard.press("ArrowDown")  # the keyboard is enough
    page.select_option("#filter-time", "夜")
    headings = page.locator("#script .scene:not(.out) h3").all_inner_texts()
    assert [heading.split("、")[0] for heading in headings] == ["10", "11", "12", "16"]
    n = page.locator("#script p:not(.out)").count()
    expect(page.locator("#kept")).to_have_text(f"333 行里的 {n} 行")
    cast = served.ask(f"/api/scripts/{film}/cast?{urlencode({'interior': '外', 'time': '夜'})}")["characters"]
    fewer = {person["name"]: person["n_cues"] for person in cast}
    page.wait_for_function(
        f"fewer => JSON.stringify(({PEOPLE})().sort()) === JSON.stringify(fewer)", arg=sorted(fewer.items())
    )
    assert set(fewer) < set(people) and all(fewer[name] <= people[name] for name in fewer)
    expect(page.locator("#n-moments")).to_have_text("")
    page.wait_for_function("width => document.querySelector('#presence canvas').clientWidth < width - 99", arg=presence)
    assert width_of(page, "#heat canvas") < heat - 99 and width_of(page, "#river canvas") == river
    for figure, before in full.items():
        assert colored(page, figure) < before
    places = page.locator("#moments .place, #swings .place").all_inner_texts()
    assert places and all(re.match("1[0126]、", place) for place in places)
    page.locator("#pair-detail .by-scene button").first.click()
    expect(page.locator("#script .at")).to_be_in_viewport()

    page.locator(".jump a[href='#cast']").click()
    expect(page.locator("#cast")).to_be_in_viewport()
    assert "#l" in page.url and "time=%E5%A4%9C" in page.url  # a link inside of the page does not lose the state
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#filter-interior") == "外" and page.input_value("#filter-time") == "夜"
    assert page.locator("#script p:not(.out)").count() == n and dict(page.evaluate(PEOPLE)) == fewer
    expect(page.locator("#script .at")).to_be_in_viewport()
    page.emulate_media(media="print")
    expect(page.locator("#narrowed")).to_have_text(f"只看：外景，夜（{n} 行）")
    page.emulate_media(media="screen")

    page.select_option("#filter-place", "米粉铺")  # which is inside
    expect(page.locator("#kept")).to_have_text("333 行里的 0 行")
    expect(page.locator("#people tbody tr")).to_have_count(0)
    expect(page.locator("#moments")).to_have_text("没有这么强的时刻。")
    assert point_at_nothing(page, "#river")
    page.click("#reset")
    expect(page.locator("#people tbody tr")).to_have_count(len(people))
    assert dict(page.evaluate(PEOPLE)) == people and colored(page, "#arc") == full["#arc"]
    assert re.search(r"#l\d+$", page.url)
    page.evaluate("location.hash = '#flag=flashback'")
    expect(page.locator("#script .scene:not(.out)")).to_have_count(3)
    page.evaluate("location.hash = '#place=nowhere&mark=9&who=nobody'")  # what is none is left out
    expect(page.locator("#script .scene:not(.out)")).to_have_count(19)


def width_of(page: Page, selector: str) -> float:
    box = page.locator(selector).bounding_box()
    assert box is not None
    return box["width"]


def point_at_nothing(page: Page, figure: str) -> bool:
    """Whether the middle of a chart has no tooltip."""
    page.locator(f"{figure} canvas").hover()
    return page.locator("#tip").is_hidden()


def test_filters_of_headings_that_say_little(visit: Open, served: Served):
    evil = '<img src=x onerror=alert(1)>&place="'
    id = served.analyzed("x.txt", f"1、{evil}　内\n林远：好。\n林远：不好！\n2、街上　内\n陈念：（哭）走！\n")
    page = visit(f"/scripts/{id}")
    assert page.locator(".controls label:visible select").count() == 1
    page.select_option("#filter-place", index=1)
    place = page.input_value("#filter-place")
    assert place.startswith("<img")
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.input_value("#filter-place") == place and page.locator("main img").count() == 0
    expect(page.locator("#script p:not(.out)")).to_have_count(2)
    page.click("[data-language=en]")
    expect(page.locator("#kept")).to_have_text("2 of 3 lines")


def test_thresholds_act_at_once(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    chips = page.locator("#script .chip")
    n = chips.count()
    page.locator("#least-mark").fill("1")
    expect(page.locator("#least-mark-value")).to_have_text("1.0")
    assert 0 < chips.count() < n
    assert all(float(text.split()[-1]) >= 1 for text in chips.all_text_contents())
    assert offered(page, "emotion")[4] == "怒 ≥ 1.0"
    page.select_option("#filter-emotion", index=4)
    shown = page.locator("#script p:not(.out)").all_text_contents()
    assert all(" 怒 " in text for text in shown)  # also where sorrow is stronger
    loud = page.locator("#script p:not(.out)").count()
    page.locator("#least-mark").press("ArrowRight")
    expect(page.locator("#least-mark-value")).to_have_text("1.1")
    assert page.locator("#script p:not(.out)").count() <= loud
    page.select_option("#filter-emotion", "")

    page.locator("#least-moment").fill("1.35")
    page.locator("#least-moment").fill("1.4")
    expect(page.locator("#moments li")).not_to_have_count(12)
    strengths = [float(text.split()[1]) for text in page.locator("#moments .chip").all_text_contents()]
    assert strengths and min(strengths) >= 1.4
    expect(page.locator("#n-moments")).to_have_text(re.compile(r"^\d+ 行 ≥ 1.4$"))
    page.locator("#least-moment").fill("3")
    expect(page.locator("#moments")).to_have_text("没有这么强的时刻。")
    page.locator("#least-turn").fill("0.8")
    expect(page.locator("#swings li")).not_to_have_count(12)
    assert all(float(text.split()[2]) >= 0.8 for text in page.locator("#swings .chip").all_text_contents())
    expect(page).to_have_url(re.compile("#mark=1.1&moment=3.0&turn=0.8$"))
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert [page.input_value(f"#least-{name}") for name in ("mark", "moment", "turn")] == ["1.1", "3", "0.8"]
    page.click("#reset")
    expect(chips).to_have_count(n)
    expect(page.locator("#moments li")).to_have_count(12)
    expect(page.locator("#reset")).to_be_disabled()
    assert "#" not in page.url


def test_keys(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    at = page.locator("#script .at")
    page.keyboard.press("j")
    expect(at).to_have_id("l0")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    expect(at).to_have_id("l1")
    expect(at).to_be_focused()
    page.keyboard.press("]")
    expect(page.locator("#s1 .at")).to_have_count(1)
    page.keyboard.press("[")
    expect(page.locator("#s0 .at")).to_have_count(1)
    for _ in range(3):
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator(".editor input").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".editor")).to_have_count(0)
    was = page.locator("#emotions button").first.get_attribute("aria-pressed")
    page.keyboard.press("1")
    assert page.locator("#emotions button").first.get_attribute("aria-pressed") != was
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_every_control_is_reached_by_the_keyboard(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    seen = set()
    look = """() => { const node = document.activeElement;
      const unseen = node !== document.body && getComputedStyle(node).outlineStyle === 'none';
      return [node.id || node.parentElement.id, unseen ? node.outerHTML.slice(0, 99) : '']; }"""
    for _ in range(170):
        page.keyboard.press("Tab")
        id, unseen = page.evaluate(look)
        seen.add(id)
        assert not unseen  # where the focus is can be seen
    assert {
        "theme",
        "help-button",
        "print",
        "characters",
        "emotions",
        "smooth",
        "heat-emotions",
        "pair",
        "search",
    } <= seen
    assert {"filter-place", "filter-interior", "filter-time", "filter-flag"} <= seen
    assert {"least-mark", "least-moment", "least-turn"} <= seen
    assert {"merge-alias", "filter-character", "filter-emotion", "filter-kind"} <= seen


def test_language_is_remembered(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    assert page.locator("h2").first.inner_text() == "人物情感曲线"
    page.click("[data-language=en]")
    assert page.locator("h2").first.inner_text() == "Arc of a character"
    assert "anger" in page.locator("#emotions").inner_text()
    assert page.locator("#search").get_attribute("placeholder") == "search /"
    assert page.locator("#filter-kind option").first.inner_text() == "any kind"
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").inner_text() == "What the people of a script feel"


def test_theme_is_remembered(visit: Open, film: str):
    page = visit(f"/scripts/{film}", color_scheme="light")
    color = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(color)
    page.click("#theme")
    assert page.evaluate(color) == light
    page.click("#theme")
    dark = page.evaluate(color)
    assert dark != light
    page.reload()
    page.wait_for_selector("body[data-ready]")
    assert page.evaluate(color) == dark
    page.click("#theme")
    assert page.evaluate(color) == light  # of the system again


FORMATS = {
    "report.html": (".html", lambda data: b"<!DOCTYPE html>" in data[:200]),
    "format=xlsx": (".xlsx", lambda data: "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(data)).namelist()),
    "format=csv": (".csv", lambda data: data.startswith(b"\xef\xbb\xbf") and "沈渡".encode() in data),
    "format=json": (".json", lambda data: json.loads(data)["rows"][0]["character"] == "小满"),
    "format=jsonl": (".jsonl", lambda data: json.loads(data.splitlines()[0])["character"] == "小满"),
    "format=parquet": (".parquet", lambda data: data[:4] == data[-4:] == b"PAR1"),
    "corrections.tsv": (".tsv", lambda data: data.startswith(b"id\tcontent\tcharacter")),
    "arc.svg": (".svg", lambda data: data.startswith(b"<svg")),
    "arc.png": (".png", lambda data: data.startswith(b"\x89PNG")),
}


def test_downloads_in_each_format(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    page.locator("#characters button", has_text="林秋").click()
    links = page.locator("details.menu a")
    assert links.count() == len(FORMATS)
    for k in range(links.count()):
        if not links.nth(k).is_visible():
            page.locator("details.menu summary").click()
        address = links.nth(k).get_attribute("href") or ""
        suffix, fits = next(check for name, check in FORMATS.items() if name in re.split(r"[?&/]", address))
        with page.expect_download() as download:
            links.nth(k).click()
        assert download.value.suggested_filename.endswith(suffix)
        assert fits(Path(download.value.path()).read_bytes()), address


def test_markup_in_a_script_is_text(visit: Open, served: Served):
    evil = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">"
    text = f"1、{evil}甲　日　内\n林远：{evil}\n林远（{evil}）：好</script><script>alert(1)</script>\n陈<b>念：好\n陈<b>念：{{{{7*7}}}}\n"
    id = served.analyzed(f"{evil}.txt", text)
    page = visit(f"/scripts/{id}")
    page.locator("#script p").first.click()
    point_at(page, "#river")
    assert page.locator("main img").count() == 0 and page.title() != "owned"
    assert "<script>document.title" in (page.locator("#script").text_content() or "")
    assert "49" not in (page.locator("#script").text_content() or "")
    page.goto("/")
    assert page.locator("main img").count() == 0 and page.title() != "owned"
    page.goto(f"/compare?a={id}&b={id}")
    page.wait_for_selector("body[data-ready]")
    assert page.locator("main img").count() == 0 and page.title() != "owned"


def test_nothing_runs_that_is_not_ours(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    policy = page.request.get(f"/scripts/{film}").headers["content-security-policy"]
    assert "unsafe" not in policy and policy.startswith("default-src 'none'")
    html = page.request.get(f"/scripts/{film}").text()
    assert not re.search(r"<script(?![^>]*\b(?:src|application/json))|\son\w+=|\sstyle=", html)


# Two drafts


def test_comparing_two_drafts(visit: Open, film: str, draft: str):
    page = visit("/compare", ready=False)
    page.select_option("select[name=a]", film)
    page.select_option("select[name=b]", draft)
    page.locator("main form button").click()
    page.wait_for_selector("body[data-ready]")
    expect(page.locator("#summary")).to_have_text("17 场没有变，1 场改过，0 场新加，1 场删去，1 场移动过。")
    assert colored(page, "#differences") > 300
    first = page.locator("#most a, #most button").first
    expect(first).to_contain_text("米粉铺")
    first.click()
    expect(page.locator("#lines .changed")).to_have_count(2)
    expect(page.locator("#lines .added")).to_have_count(1)
    assert "呜呜" in page.locator("#lines .added").inner_text()
    tip = point_at(page, "#differences")
    assert re.search(r"爱 [+−]?\d\.\d\d  乐", tip)
    page.select_option("#scene", index=page.locator("#scene option", has_text="删去").evaluate("node => node.index"))
    assert page.locator("#lines .removed").count() > 5
    page.click("[data-language=en]")
    expect(page.locator("#summary")).to_contain_text("1 removed, 1 moved")
    page.goto(f"/compare?a={film}&b={'0' * 32}")
    expect(page.locator("[role=alert]")).to_contain_text("no such script")


def test_two_scripts_that_share_nobody(visit: Open, served: Served, film: str):
    other = served.analyzed("另一部.txt", "1、街上　日　外\n周三：走。\n吴四：（哭）别走。\n")
    page = visit(f"/compare?a={film}&b={other}")
    expect(page.locator("#summary")).to_contain_text("没有人物在两稿的同一场里")
    expect(page.locator("#differences")).to_be_hidden()
    assert page.locator("#lines p").count() > 1


# Everywhere


def pages(film: str, draft: str) -> dict[str, bool]:
    """The pages, and whether a script of theirs says that it is ready."""
    nothing = "/scripts/" + "0" * 32
    return {
        "/": True,
        f"/scripts/{film}": True,
        f"/compare?a={film}&b={draft}": True,
        "/compare": False,
        nothing: False,
    }


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 375)])
def test_accessibility(visit: Open, axe: str, film: str, draft: str, scheme: str, width: int):
    for path, ready in pages(film, draft).items():
        if path.startswith("/scripts/0"):
            continue  # a 404 is a message on the console, see below
        page = visit(path, ready=ready, width=width, color_scheme=scheme)
        panes = ["charts", "script"] if width < 1000 and page.locator(".panes").count() else [""]
        page.evaluate(axe)
        for pane in panes:
            if pane:
                page.click(f".panes [data-pane={pane}]")
            if page.locator("#script").is_visible():
                page.locator("#script p").nth(20).click()
                page.locator("details.menu summary").click()
            found = page.evaluate(
                "axe.run().then(result => result.violations.map(v => [v.impact, v.id, v.nodes.map(n => n.html)]))"
            )
            assert [each for each in found if each[0] in ("serious", "critical")] == [], path


def test_it_fits_a_phone(visit: Open, film: str, draft: str):
    for path, ready in pages(film, draft).items():
        if path.startswith("/scripts/0"):
            continue
        page = visit(path, ready=ready, width=375, height=720)
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path
        page.click("[data-language=en]")
        assert page.evaluate("document.documentElement.scrollWidth") <= 375, path


def test_a_phone_shows_charts_or_script(visit: Open, film: str):
    page = visit(f"/scripts/{film}", width=375, height=720, has_touch=True, is_mobile=True)
    expect(page.locator("#script")).to_be_hidden()
    page.locator("#moments a").first.click()
    expect(page.locator("#script .at")).to_be_in_viewport()
    expect(page.locator("#arc")).to_be_hidden()
    page.locator(".panes [data-pane=charts]").click()
    expect(page.locator("#arc")).to_be_visible()


def test_a_script_that_is_not_there(browser: Browser, served: Served):
    page = browser.new_page(locale="zh-CN")
    answer = page.goto(f"{served.url}/scripts/{'0' * 32}")
    assert answer is not None and answer.status == 404
    expect(page.get_by_role("heading", name="没有找到")).to_be_visible()
    page.close()


def test_chinese_is_drawn_and_no_boxes(visit: Open, film: str):
    page = visit(f"/scripts/{film}")
    known = inks(page, "回声渡爱乐惊怒恐哀")
    box = inks(page, "\U0010ffff\U0010fffe")
    assert box[0] == box[1] and box[0] not in known  # characters without a glyph are all the same box
    assert len(set(known)) == len(known)
    heading, empty = page.locator("h1"), page.locator("h1").screenshot()
    heading.evaluate("node => { node.textContent = '\\u{10FFFF}\\u{10FFFE}\\u{10FFFD}'; }")
    assert heading.screenshot() != empty


def test_print_leaves_the_controls_out(visit: Open, film: str):
    page = visit(f"/scripts/{film}", color_scheme="dark")
    page.emulate_media(media="print")
    for control in (".bar", ".actions", ".filters", ".smooth", "#merge", ".jump"):
        expect(page.locator(control)).to_be_hidden()
    for content in ("#arc", "#moments", "#people", "#script"):
        expect(page.locator(content)).to_be_visible()
    assert page.locator("#script p").last.is_visible()
    page.emulate_media(media="screen")
    page.evaluate("window.print = () => { window.asked = true; }")
    page.click("#print")
    assert page.evaluate("window.asked")


@pytest.mark.parametrize("by_hand", [False, True], ids=["of the system", "chosen"])
def test_paper_is_light(visit: Open, film: str, draft: str, by_hand: bool):
    """However it is printed: by the button, Ctrl+P or the browser's menu."""
    for path in (f"/scripts/{film}", f"/compare?a={film}&b={draft}"):
        light = visit(path, color_scheme="light")
        wanted = light.evaluate("[...document.querySelectorAll('canvas')].map(canvas => canvas.toDataURL())")
        page = visit(path, color_scheme="light" if by_hand else "dark")
        if by_hand:
            page.click("#theme")
            page.click("#theme")
        dark = page.evaluate("getComputedStyle(document.body).color")
        data, on_paper, after = printed(page)
        assert data.startswith(b"%PDF") and len(re.findall(rb"/Type\s*/Page\b", data)) > 1
        assert on_paper == wanted and len(on_paper) == (6 if path.startswith("/s") else 1)
        assert all(one != other for one, other in zip(on_paper, after, strict=True))  # the screen is dark again
        assert page.evaluate("getComputedStyle(document.body).color") == dark
        assert page.evaluate("document.documentElement.dataset.theme || ''") == ("dark" if by_hand else "")
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.querySelector('h1')).color") in (
            "rgb(0, 0, 0)",
            "rgb(32, 34, 43)",
        )


def test_a_long_script_is_there_to_its_end(visit: Open, served: Served):
    body = FEATURE.read_text(encoding="utf-8")
    body = body[body.index("1、") :].replace("（剧终）", "")
    id = served.analyzed("长剧本.txt", body * 9)
    page = visit(f"/scripts/{id}")
    n = page.locator("#script .scene > p").count()
    assert n > 2900
    page = visit(f"/scripts/{id}#l{n - 1}")
    expect(page.locator("#script .at")).to_have_id(f"l{n - 1}")
    expect(page.locator("#script .at")).to_be_in_viewport()
    rendered = page.evaluate(
        "[...document.querySelectorAll('.scene')].filter(node => !node.checkVisibility({contentVisibilityAuto: true}) || node.firstElementChild.checkVisibility({contentVisibilityAuto: true})).length"
    )
    assert rendered < 40  # of 171 scenes: those out of sight are not laid out


def test_figures(visit: Open, film: str):
    page = visit("/")
    address = f"/api/scripts/{film}/figures"
    for name in ("arc", "heat", "river", "pairs", "presence", "share"):
        figure = page.request.get(f"{address}/{name}.json").json()
        assert figure["$schema"].endswith("v6.json") and figure["layer"]
        svg = page.request.get(f"{address}/{name}.svg?language=en")
        assert svg.headers["content-type"] == "image/svg+xml"
        assert ("沈渡" in svg.text()) == (name != "river")
        assert (">sorrow<" in svg.text()) == (name not in ("presence", "share"))
        assert page.request.get(f"{address}/{name}.png").body().startswith(b"\x89PNG")
    one = page.request.get(f"{address}/arc.svg?character=林秋")
    assert "林秋" in one.text() and one.headers["etag"]
    assert page.request.get(f"{address}/arc.svg?character=nobody").status == 404
    assert page.request.get(f"{address}/pie.svg").status == 422


def test_logging_in(visit: Open, axe: str, tmp_path: Path):
    token = "a token of a studio"
    with Served(tmp_path, n_workers=0, token=token) as guarded:
        page = visit("/", ready=False, base=guarded.url)
        assert page.url.endswith("/login")
        page.evaluate(axe)
        found = page.evaluate("axe.run().then(result => result.violations.map(v => [v.impact, v.id]))")
        assert [each for each in found if each[0] in ("serious", "critical")] == []
        page.fill("input[name=token]", token)
        page.keyboard.press("Enter")
        page.wait_for_selector("body[data-ready]")
        expect(page.locator("#drop")).to_be_visible()
