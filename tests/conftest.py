"""What many tests need: the project's examples, a small labeled table, a model trained on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from juqing.reading import read_script
from juqing.reading.files import read_labeled
from juqing.recognition.tfidf import TfidfRecognizer
from juqing.script import Script

ROOT = Path(__file__).parent.parent
FEATURE = ROOT / "examples" / "回声渡.txt"
SHORT = ROOT / "examples" / "赊账本.docx"
ENGLISH = ROOT / "examples" / "Tally.fountain"

FEELINGS = (
    ("抱住孩子，亲了亲她的脸", "2,1,0,0,0,0"),
    ("笑得直不起腰", "0,3,0,0,0,0"),
    ("猛地跳起来，瞪大了眼", "0,0,3,0,1,0"),
    ("把杯子狠狠摔在地上", "0,0,0,3,0,0"),
    ("缩在墙角发抖", "0,0,1,0,3,0"),
    ("捂着脸哭了", "0,0,0,0,0,3"),
    ("走到窗前", "0,0,0,0,0,0"),
)


def labeled_table(n_scripts: int = 4, n_rows: int = 28) -> str:
    """A made-up table in the competition's form, with sure and unsure rows, context rows and rows out of order."""
    rows = []
    for script in range(n_scripts):
        for k in range(n_rows):
            name = "abc"[(k + script) % 3] + "1"
            text, label = FEELINGS[(k * 3 + script) % len(FEELINGS)]
            row_id = f"{7000 + script}_{k // 7 + 1:04d}_A_{k + 1}"
            if k % 9 == 8:
                rows.append((row_id, "外面下起了雨。", "", "", ""))
            elif k % 2:
                rows.append((row_id, f"{name}{text}。", name, label, "0.9"))
            else:
                rows.append((row_id, f"{name}（{text}）：我知道了。", name, label, "0.5"))
    rows.sort(key=lambda row: (row[0].split("_")[0], -int(row[0].split("_")[3])))
    header = ("id", "content", "character", "emotions", "confidence")
    return "".join("\t".join(row) + "\n" for row in (header, *rows))


@pytest.fixture(scope="session")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "train.tsv"
    path.write_text(labeled_table(), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def trained(table: Path) -> TfidfRecognizer:
    labeled = read_labeled(table)
    return TfidfRecognizer(min_df=1).fit(
        [item.script for item in labeled], [item.labels for item in labeled], [item.weights for item in labeled]
    )


@pytest.fixture(scope="session")
def feature() -> Script:
    return read_script(FEATURE)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of the system; on the machine that checks changes its absence is a failure."""
    from playwright.sync_api import sync_playwright

    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None and not os.environ.get("CI"):
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    quiet = [
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet.append("--no-sandbox")  # Chromium has no sandbox for root
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=quiet)
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    yield context.new_page()
    context.close()
