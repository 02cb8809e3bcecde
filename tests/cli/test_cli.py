"""The commands as a user runs them: in a process of their own."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ENGLISH, FEATURE, SHORT, labeled_table

ENV = {**os.environ, "COLUMNS": "120", "PYTHONIOENCODING": "utf-8", "PYTHONWARNINGS": "error"}


def juqing(*args, cwd=None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from juqing.cli import main; main()", *map(str, args)]
    return subprocess.run(command, capture_output=True, encoding="utf-8", env=ENV, cwd=cwd, check=False)


def refused(result: subprocess.CompletedProcess[str], *words: object) -> None:
    """One paragraph on standard error that says all the words; exit code 2; no traceback."""
    assert result.returncode == 2, result.stderr
    assert "Traceback" not in result.stderr
    for word in words:
        assert str(word) in result.stderr
    assert result.stderr.count("\n\n") == 0


def test_summary():
    result = juqing("analyze", FEATURE)
    assert result.returncode == 0, result.stderr
    assert "回声渡" in result.stdout and "19 场" in result.stdout
    assert re.search(r"沈渡\s+81", result.stdout)
    assert re.search(r"怒 \d\.\d  沈渡  .+第16场 第\d+行", result.stdout)
    assert result.stderr == ""


def test_english_labels():
    result = juqing("analyze", FEATURE, "--language", "en")
    assert "19 scenes" in result.stdout and "sorrow" in result.stdout


def test_a_script_that_is_not_chinese_is_read_and_the_user_is_told():
    result = juqing("analyze", ENGLISH)
    assert result.returncode == 0
    assert "NELL" in result.stdout and "not to be trusted" in result.stdout


def test_outputs(tmp_path):
    outs = [tmp_path / name for name in ("r.html", "t.csv", "t.xlsx", "t.jsonl", "t.parquet")]
    result = juqing("analyze", SHORT, *(arg for out in outs for arg in ("--out", out)))
    assert result.returncode == 0, result.stderr
    assert sorted(tmp_path.iterdir()) == sorted(outs)
    assert all(out.stat().st_size > 1000 for out in outs)
    assert result.stdout.rstrip().endswith(str(outs[-1]))


def test_a_folder_of_scripts(tmp_path):
    for source in (FEATURE, SHORT):
        (tmp_path / source.name).write_bytes(source.read_bytes())
    (tmp_path / "twin").mkdir()
    (tmp_path / "twin" / FEATURE.name).write_bytes(FEATURE.read_bytes())
    out = tmp_path / "reports"
    result = juqing("analyze", tmp_path, "--out", out, "--out", tmp_path / "all.jsonl")
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in out.iterdir()) == ["回声渡-2.html", "回声渡.html", "赊账本.html"]
    rows = [json.loads(line) for line in (tmp_path / "all.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {row["script"] for row in rows} == {"回声渡", "赊账本"}


def test_a_script_in_two_formats_and_a_readme(tmp_path):
    folder, out = tmp_path / "drafts", tmp_path / "reports"
    folder.mkdir()
    (folder / SHORT.name).write_bytes(SHORT.read_bytes())
    (folder / "README.md").write_text("甲：这不是剧本。\n", encoding="utf-8")
    assert juqing("convert", folder / SHORT.name, "--to", "fountain").returncode == 0
    result = juqing("analyze", folder, "--out", out, "--model", "tfidf")
    assert result.returncode == 0, result.stderr
    stem = SHORT.stem
    assert sorted(path.name for path in out.iterdir()) == [f"{stem}{SHORT.suffix}.html", f"{stem}.fountain.html"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("analyze", "s.csv", "--out", "r.html", "--out", "s.csv"),
        ("convert", "s.json", "--to", "json", "--out", "./s.json"),
        ("predict", "tfidf", "t.tsv", "--out", "t.tsv"),
        ("evaluate", "tfidf", "t.tsv", "--out", "t.tsv"),
        ("vectors", "train", "n.txt", "--out", "n.txt"),
    ],
)
def test_what_is_read_is_not_written_over(arguments, tmp_path):
    names = [name for name in arguments if name.removeprefix("./").startswith(("s.", "t.", "n."))]
    for name in names:
        (tmp_path / name).write_text("甲：好。\n", encoding="utf-8")
    refused(juqing(*arguments, cwd=tmp_path), names[-1].removeprefix("./"), "would be overwritten", "--out")
    assert (tmp_path / names[0]).read_text(encoding="utf-8") == "甲：好。\n"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_path_that_the_system_refuses(tmp_path):
    refused(juqing("analyze", tmp_path / ("长" * 300 + ".txt")), "it cannot be", "Check the path")


def test_one_bad_file_does_not_stop_the_others(tmp_path):
    (tmp_path / "1.txt").write_bytes(b"")
    (tmp_path / "2.txt").write_bytes(FEATURE.read_bytes())
    (tmp_path / "3.docx").write_bytes(b"PK\x03\x04")
    out = tmp_path / "t.csv"
    result = juqing("analyze", tmp_path, "--out", out)
    refused(result, "2 of 3 scripts", "1.txt", "empty", "3.docx", "damaged")
    assert "回声渡" in result.stdout and out.exists()


def test_a_table_with_a_script_of_nobody(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text(
        "id\tcontent\tcharacter\n1_1_A_1\ta1笑。\ta1\n2_1_A_1\t天亮了。\t\n3_1_A_1\tb1哭。\tb1\n", encoding="utf-8"
    )
    result = juqing("analyze", path, "--out", tmp_path / "t.jsonl")
    refused(result, path, "script '2'", "no character")
    assert len((tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()) == 2


def test_prose_is_no_script(tmp_path):
    path = tmp_path / "novel.txt"
    path.write_text("那天傍晚，天色渐渐暗了下来。\n他们沿着河边走了很久，谁也没有开口。\n" * 20, encoding="utf-8")
    refused(juqing("analyze", path, "--out", tmp_path / "r.html"), path, "no character", "prose")
    assert not (tmp_path / "r.html").exists()


def test_bad_targets(tmp_path):
    refused(juqing("analyze", FEATURE, "--out", tmp_path / "r.pdf"), "'.pdf' is not known", ".html")
    refused(juqing("analyze", FEATURE, SHORT, "--out", tmp_path / "r.html"), "one report holds one script", "folder")
    (tmp_path / "file").write_text("")
    refused(juqing("analyze", FEATURE, "--out", tmp_path / "file" / "r.html"), "is a file, not a folder")
    (tmp_path / "r.csv").mkdir()
    refused(juqing("analyze", FEATURE, "--out", tmp_path / "r.csv"), "this is a folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "r.csv"]


def test_unwritable_and_unreadable(tmp_path):
    """Root may do anything but in /proc, where the kernel refuses."""
    if os.geteuid() == 0:
        folder, file = Path("/proc"), Path("/proc/self/mem")
    else:
        folder, file = tmp_path / "folder", tmp_path / "s.txt"
        folder.mkdir(0o500)
        file.write_text("林远：好。\n", encoding="utf-8")
        file.chmod(0)
    refused(juqing("analyze", FEATURE, "--out", folder / "r.html"), folder, "written")
    refused(juqing("analyze", file), file, "cannot be read")


def test_no_such_model(tmp_path):
    refused(juqing("analyze", FEATURE, "--model", tmp_path), tmp_path, "no config.json")
    refused(juqing("analyze", FEATURE, "--model", "bert"), "no model 'bert'", "tfidf")


def test_terminal_codes_in_a_script_are_not_sent(tmp_path):
    path = tmp_path / "s.txt"
    path.write_text("1、甲　日　内\n林远：你\x1b[2J好。\n林远：[bold]走[/bold]。\n", encoding="utf-8")
    result = juqing("analyze", path)
    assert result.returncode == 0
    assert "\x1b" not in result.stdout and "[bold]走[/bold]" in result.stdout
    (tmp_path / "a\x1b[31m.txt").write_text("")
    result = juqing("analyze", tmp_path / "a\x1b[31m.txt")
    assert "\x1b" not in result.stderr


def test_train_and_predict(tmp_path):
    data, model, out = tmp_path / "train.tsv", tmp_path / "model", tmp_path / "predictions.tsv"
    data.write_text(labeled_table(), encoding="utf-8")
    result = juqing("train", "tfidf", "--data", data, "--out", model)
    assert result.returncode == 0, result.stderr
    assert sorted(path.name for path in model.iterdir()) == ["README.md", "config.json", "weights.npz"]
    result = juqing("predict", model, data, "--out", out)
    assert result.returncode == 0, result.stderr
    assert "beside the labels" in result.stdout and "score" in result.stdout
    wanted = [line.split("\t")[0] for line in data.read_text(encoding="utf-8").splitlines()]
    rows = [line.split("\t") for line in out.read_text(encoding="utf-8").splitlines()]
    assert [row[0] for row in rows] == wanted  # row for row, in the order of the table
    assert rows[0] == ["id", "emotion"]
    assert all(len(row[1].split(",")) == 6 for row in rows[1:])
    assert juqing("train", "tfidf", "--data", data, "--out", model).returncode == 0  # a model may be replaced
    assert juqing("analyze", FEATURE, "--model", model).returncode == 0


def test_training_on_bad_data(tmp_path):
    data = tmp_path / "train.tsv"
    data.write_text(labeled_table().replace("0,3,0,0,0,0", "0,7,0,0,0,0"), encoding="utf-8")
    result = juqing("train", "tfidf", "--data", data, "--out", tmp_path / "model")
    refused(result, data, "line", "'7' is not a number in 0..3")
    data.write_text("id\tcontent\tcharacter\n1_1_A_1\ta1笑。\ta1\n", encoding="utf-8")
    refused(juqing("train", "tfidf", "--data", data, "--out", tmp_path / "model"), "no labeled cue")
    assert [path.name for path in tmp_path.iterdir()] == ["train.tsv"]


@pytest.mark.parametrize("command", [[], ["analyze"], ["predict"], ["train"], ["train", "tfidf"]])
def test_help(command):
    result = juqing(*command, "--help")
    assert result.returncode == 0
    assert ("Example:" in result.stdout) == (command not in ([], ["train"]))


def test_version():
    from juqing import __version__

    assert juqing("--version").stdout == f"juqing {__version__}\n"


def test_a_closed_pipe_is_no_error():
    command = f'"{sys.executable}" -c "from juqing.cli import main; main()" analyze "{FEATURE}" | head -1'
    result = subprocess.run(command, shell=True, capture_output=True, encoding="utf-8", env=ENV, check=False)
    assert "Traceback" not in result.stderr
