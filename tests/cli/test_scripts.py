"""read, cast and convert, and what analyze does with aliases and pronouns, as a user runs them."""

import json

import numpy as np
from conftest import ENGLISH, FEATURE, SHORT

from juqing.reading import read_script
from juqing.reading.aliases import read_aliases
from juqing.reading.files import read_labeled
from juqing.runtime import load
from juqing.script import Script

from .test_cli import juqing, refused

TEXT = "1、厅　夜　内\n人物：林远、小远、陈念\n林远：走。\n小远：好。\n△陈念看着林远。\n△她转身走了。\n陈念：哎！\n"


def script_file(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text(TEXT, encoding="utf-8")
    return path


def test_read(tmp_path):
    result = juqing("read", script_file(tmp_path), "--explain")
    assert result.returncode == 0, result.stderr
    rows = result.stdout.splitlines()
    assert "scene: number=1; interior=内; place=厅; time=夜; cast=林远, 小远, 陈念" in rows
    assert "5 action: 陈念看着林远。 @ 陈念, 林远" in rows
    assert rows[-1].startswith("# 7 行：1 场，5 行正文")


def test_read_without_pronouns():
    with_pronouns, without = juqing("read", SHORT), juqing("read", SHORT, "--no-pronouns")
    assert "=她" in with_pronouns.stdout and "=她" not in without.stdout


def test_explain():
    result = juqing("read", SHORT, "--explain")
    assert "    她 = 陶小穗: 不是主语，所以是另一人（第 38 行）" in result.stdout.splitlines()


def test_read_json(tmp_path):
    result = juqing("read", FEATURE, "--json")
    assert result.returncode == 0, result.stderr
    script = Script.from_json(result.stdout)
    assert script == read_script(FEATURE)
    path = tmp_path / "s.json"
    path.write_text(result.stdout, encoding="utf-8")
    assert read_script(path) == script
    assert json.loads(result.stdout)["title"] == "回声渡"


def test_read_of_many_scripts_as_json(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("id\tcontent\tcharacter\n1_0001_A_1\ta1：走\ta1\n2_0001_A_1\ta1：走\ta1\n", encoding="utf-8")
    assert juqing("read", path).stdout.count("scene:") == 2
    refused(juqing("read", path, "--json"), "2 scripts")


def test_cast(tmp_path):
    out = tmp_path / "aliases.toml"
    result = juqing("cast", FEATURE, "--out", out)
    assert result.returncode == 0, result.stderr
    assert "沈渡" in result.stdout and "秋姐 → 林秋  95%  人物表里写明" in result.stdout
    aliases = read_aliases(out)
    assert aliases["林秋"] == ("秋姐",)
    again = juqing("cast", FEATURE, "--aliases", out)
    assert "秋姐 → 林秋" not in again.stdout
    refused(juqing("cast", FEATURE, "--out", out), "already", "--out")  # it may have been edited


def test_cast_prints_the_file():
    result = juqing("cast", FEATURE)
    assert '"林秋" = ["秋姐"]' in result.stdout


def test_convert(tmp_path):
    path = script_file(tmp_path)
    for suffix in ("fountain", "fdx", "tsv", "json"):
        result = juqing("convert", path, "--to", suffix)
        assert result.returncode == 0, result.stderr
        target = tmp_path / f"s.{suffix}"
        assert result.stdout.strip() == str(target)
        assert [cue.character for cue in read_script(target).cues] == [cue.character for cue in read_script(path).cues]
    refused(juqing("convert", path, "--to", "json"), "already", "--out")
    refused(juqing("convert", path, "--to", "json", "--out", tmp_path / "x.fdx"), ".json")
    assert juqing("convert", ENGLISH, "--to", "fdx", "--out", tmp_path / "e.fdx").returncode == 0
    assert juqing("convert", path, "--to", "tsv", "--model", "tfidf", "--out", tmp_path / "l.tsv").returncode == 0
    (labeled,) = read_labeled(tmp_path / "l.tsv")
    assert np.allclose(labeled.labels, load("tfidf").score(read_script(path)).values, atol=6e-4)
    refused(
        juqing("convert", path, "--to", "fountain", "--model", "tfidf", "--out", tmp_path / "l.fountain"), "strengths"
    )


def test_analyze_with_aliases_and_without_pronouns(tmp_path):
    path, aliases, out = script_file(tmp_path), tmp_path / "a.toml", tmp_path / "t.jsonl"
    aliases.write_text('"林远" = ["小远"]', encoding="utf-8")
    result = juqing("analyze", path, "--aliases", aliases, "--no-pronouns", "--out", out)
    assert result.returncode == 0, result.stderr
    rows = [json.loads(row) for row in out.read_text(encoding="utf-8").splitlines()]
    assert {row["character"] for row in rows} == {"林远", "陈念"}
    assert {row["by"] for row in rows} == {"cue", "name"}
    assert "nobody" not in result.stderr
    aliases.write_text('"林远" = ["小远", "林圆"]', encoding="utf-8")
    warned = juqing("analyze", path, "--aliases", aliases, "--model", "tfidf")
    assert warned.returncode == 0 and "'林圆' is nobody" in warned.stderr and "小远" not in warned.stderr
    aliases.write_text('"林远" = "小远"', encoding="utf-8")
    refused(juqing("analyze", path, "--aliases", aliases), aliases, "not a list")
    refused(juqing("analyze", path, "--aliases", tmp_path / "none.toml"), "none.toml", "cannot be read")


def test_help_has_an_example():
    for command in ("read", "cast", "convert"):
        result = juqing(command, "--help")
        assert result.returncode == 0 and f"Example: juqing {command}" in result.stdout.replace("\n", " ")
