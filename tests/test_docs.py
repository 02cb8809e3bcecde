"""The pages in docs/: the site is built without a warning and asks no network; every command of the course runs."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import FEATURE, ROOT, labeled_table
from encoders import tiny_encoder

from juqing.cli import main

DOCS = ROOT / "docs"
COURSE = sorted((DOCS / "ladder").glob("*.md"))
ENGLISH = [page for page in COURSE if not page.name.endswith(".zh.md")]


def blocks(page: Path) -> list[str]:
    """What is in the blocks of shell commands of a page."""
    return re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def commands(page: Path) -> list[str]:
    """Every `juqing` command of a page, each once."""
    lines = [line.split(" #")[0].strip() for each in blocks(page) for line in each.replace("\\\n", " ").splitlines()]
    return list(dict.fromkeys(line for line in lines if line.startswith("juqing")))


@pytest.fixture
def folder(tmp_path):
    """The files that the pages name, made up."""
    (tmp_path / "train.tsv").write_text(labeled_table(5, 14), encoding="utf-8")
    (tmp_path / "test.tsv").write_text(labeled_table(2, 14).replace("\n70", "\n80"), encoding="utf-8")
    (tmp_path / "texts").mkdir()
    lines = "".join(line.split("\t")[1] + "\n" for line in labeled_table().splitlines())
    (tmp_path / "texts" / "a.txt").write_text(FEATURE.read_text(encoding="utf-8") + lines * 3, encoding="utf-8")
    shutil.copytree(tiny_encoder(), tmp_path / "encoder")
    return tmp_path


@pytest.mark.parametrize("page", ENGLISH, ids=lambda page: page.stem)
def test_every_command_of_the_course_runs(folder, monkeypatch, capsys, page):
    monkeypatch.chdir(folder)
    assert commands(page)
    for command in commands(page):
        monkeypatch.setattr(sys, "argv", command.split())
        with pytest.raises(SystemExit) as stopped:
            main()
        assert not stopped.value.code, f"{command}\n{capsys.readouterr().err}"


def test_both_languages_have_the_same_commands():
    for page in ENGLISH:
        assert blocks(page) == blocks(page.with_suffix(".zh.md")), page.name
    assert len(COURSE) == 2 * len(ENGLISH)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site."""
    out = tmp_path_factory.mktemp("site") / "site"
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(out)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return out


def test_the_site_has_all_pages_and_formulas(site):
    for page in DOCS.rglob("*.md"):
        name = page.relative_to(DOCS).with_suffix(".html")
        assert (site / (name.with_name("index.html") if name.name == "README.html" else name)).is_file(), page
    svd = (site / "ladder" / "svd.html").read_text(encoding="utf-8")
    assert "<math" in svd and "arithmatex" not in svd and "\\Sigma" not in re.sub(r"<code>.*?</code>", "", svd)
    for page in site.rglob("*.html"):
        assert "arithmatex" not in page.read_text(encoding="utf-8")


def test_the_site_asks_no_network(site):
    for page in site.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        loaded = re.findall(r'<(?:script|img|iframe)[^>]+src="([^"]+)"', text) + re.findall(
            r'<link[^>]+href="([^"]+)"', text
        )
        assert loaded and not [url for url in loaded if "//" in url], page


def test_a_page_in_the_browser(page, site):
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto((site / "ladder" / "svd.zh.html").as_uri())
    assert page.locator("math").count() > 3 and page.locator("h1").inner_text().startswith("svd")
    assert all(url.startswith("file:") for url in asked) and said == []


def benchmark():
    """benchmarks/ladder.py."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        spec = importlib.util.spec_from_file_location("fill_ladder", ROOT / "benchmarks" / "ladder.py")
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
    finally:
        sys.path.pop(0)


def test_blocks_are_filled():
    fill = benchmark().fill
    text = "a\n<!-- ladder:svd,x -->\n\nold\n\n<!-- /ladder -->\nb\n<!-- ladder:none -->\nkept\n<!-- /ladder -->\n"
    filled = fill(text, lambda names: "" if names == ["none"] else f"T{names}\n")
    assert filled == text.replace("\nold\n\n", "T['svd', 'x']\n")
    assert fill(filled, lambda names: "") == filled
    assert [benchmark().is_named(rung, ["svd", "b"]) for rung in ("svd", "svd-1000", "b+tags", "svdx", "x-svd")] == [
        True, True, True, False, False
    ]  # fmt: skip


def test_rungs_measured_anew_take_the_place_of_old_ones():
    old = [{"name": name, "n": 1, "settings": {}, "folds": {}} for name in ("tfidf", "mine", "lexicon")]
    new = [{"name": name, "n": 2, "settings": {}, "folds": {}} for name in ("tfidf", "onehot")]
    assert [(each["name"], each["n"]) for each in benchmark().merged(old, new)] == [
        ("lexicon", 1), ("onehot", 2), ("tfidf", 2), ("mine", 1)
    ]  # fmt: skip


def test_a_test_score_alone_joins_what_is_known_of_the_folds():
    old = [{"name": "mine", "settings": {"a": 1}, "folds": {"score": 0.6}}]
    tested = {"name": "mine", "settings": {"a": 1}, "test": {"score": 0.7}}
    assert benchmark().merged(old, [tested]) == [{**old[0], "test": {"score": 0.7}}]
    other = {**tested, "settings": {"a": 2}}
    assert benchmark().merged(old, [other]) == [other]


def test_a_rung_measured_apart_stands_beside_the_others():
    five, one = {"done": [0, 1], "score": 0.6}, {"done": [0], "score": 0.7}
    old = [{"name": "onehot", "folds": five, "common": {"done": [0], "score": 0.5}}]
    told = benchmark().merged(old, [{"name": "scene", "folds": one}, {"name": "mine", "folds": five}])
    assert [each.get("common", {}).get("score") for each in told] == [0.5, 0.7, None]


def test_tables_are_those_of_what_was_measured():
    module = benchmark()
    told = json.loads(module.MEASURED.read_text(encoding="utf-8"))
    for page in [*COURSE, ROOT / "README.md", ROOT / "README.zh.md"]:
        chinese, short = page.name.endswith(".zh.md"), page.parent == ROOT
        text = page.read_text(encoding="utf-8")
        assert text == module.fill(text, lambda names, c=chinese, s=short: module.table_of(told, names, c, s)), page


def test_pages_have_a_place_for_their_numbers():
    for page in COURSE:
        name = "*" if "README" in page.name else page.name.split(".")[0]
        assert re.search(
            rf"<!-- ladder:(\S+,)?{re.escape(name)} -->\n.*?<!-- /ladder -->", page.read_text("utf-8"), re.DOTALL
        ), page


def test_pages_name_no_folder_of_this_machine():
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "README.zh.md"]:
        assert not re.search(r"(?<![\w.])/(work|home|root|tmp)/", page.read_text(encoding="utf-8")), page
