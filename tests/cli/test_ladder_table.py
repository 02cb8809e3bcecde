"""`juqing ladder` by the command line: the table, one rung that fails while the others go on, what is not there."""

from __future__ import annotations

import sys

import pytest

from juqing.cli import main


@pytest.fixture
def juqing(capsys, monkeypatch):
    """`juqing ARGS`: exit code, standard output, standard error."""

    def run(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["juqing", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        return int(stopped.value.code or 0), *capsys.readouterr()

    return run


def test_one_rung_fails_and_the_others_go_on(juqing, table, tmp_path):
    preset, out = tmp_path / "p.toml", tmp_path / "out"
    preset.write_text(
        "n_folds = 2\n[[rungs]]\nname = 'broken'\nkind = 'averaged'\n"
        "[[rungs]]\nname = 'words'\nkind = 'lexicon'\n[[rungs]]\nname = 'net'\nkind = 'scene'\nencoder = true\n",
        encoding="utf-8",
    )
    code, printed, err = juqing("ladder", "--data", table, "--preset", preset, "--out", out)
    assert code == 1 and err.startswith("juqing: the rung broken failed: ") and "Traceback" not in err
    lines = printed.splitlines()
    assert lines[1].startswith("words  2 of 2  0.") and "net: left out, needs a pretrained encoder" in printed
    assert [line.rsplit("/", 1)[1] for line in lines[-5:]] == [
        "ladder.md",
        "ladder.csv",
        "ladder.html",
        "pareto.svg",
        "pareto.png",
    ]
    assert "- broken (failed): " in (out / "ladder.md").read_text(encoding="utf-8")
    assert "抱住" not in (out / "ladder.html").read_text(encoding="utf-8")
    code, printed, err = juqing(
        "ladder", "--data", table, "--preset", preset, "--only", "words", "--out", out, "--with-text"
    )
    assert (code, err) == (0, "")  # what was asked for went well; the table still tells of the other one
    assert "- broken (failed): " in (out / "ladder.md").read_text(encoding="utf-8")


def test_what_is_refused(juqing, table, tmp_path):
    for args, words in (
        (("--data", table, "--only", "bert"), ("no rung 'bert'", "lexicon")),
        (("--data", tmp_path / "none.tsv"), ("none.tsv",)),
        (("--data", table, "--preset", "large"), ("large", "cannot be read")),
    ):
        code, _, err = juqing("ladder", *args, "--out", tmp_path / "out")
        assert code == 2 and err.startswith("juqing: ") and all(word in err for word in words)
    assert juqing("ladder", "--data", table, "--out", table)[0] == 2
    assert not (tmp_path / "out").exists()
    assert "Example:" in juqing("ladder", "--help")[1]
