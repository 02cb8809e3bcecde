"""Networks by the command line: trained, scored with, exported, cross-validated, averaged, mixed.

Training a scene reader is a process of its own, as for a user; the rest runs in this one, where PyTorch is loaded already.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from conftest import FEATURE
from encoders import LONGEST, random_run, tiny_config, tiny_encoder

from juqing.cli import main

PRESET = """
kind = "{kind}"
epochs = 1
learning_rate = 3e-3
head_learning_rate = 1e-2
batch_tokens = 512
budget = 64
leading = 16
trailing = 8
"""


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def juqing(capsys, monkeypatch):
    """`juqing ARGS`: exit code, standard output, standard error."""

    def run(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["juqing", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        return Result(int(stopped.value.code or 0), *capsys.readouterr())

    return run


def refused(result: Result, *words: object) -> None:
    """One paragraph on standard error that says all the words; exit code 2; no traceback."""
    assert result.code == 2, result
    assert result.err.startswith("juqing: ") and "Traceback" not in result.err
    for word in words:
        assert str(word) in result.err


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("networks")
    for kind in ("scene", "pair"):
        (folder / f"{kind}.toml").write_text(PRESET.format(kind=kind), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def scene(home, table) -> Path:
    """A scene reader, trained in a process of its own that prints its result and nothing else."""
    command = [
        sys.executable, "-m", "juqing", "train", "scene", "--data", table, "--encoder", tiny_encoder(),
        "--preset", home / "scene.toml", "--hold-out", "0/2", "--seed", "3", "--out", home / "scene",
    ]  # fmt: skip
    result = subprocess.run(
        command, capture_output=True, encoding="utf-8", check=False, env={**os.environ, "COLUMNS": "200"}
    )
    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    assert "labeled cues" in result.stdout and "held-out RMSE" in result.stdout
    return home / "scene"


def test_train_scene(scene):
    card = (scene / "README.md").read_text(encoding="utf-8")
    assert "- seed: 3" in card and "- budget: 64" in card
    rows = [json.loads(line) for line in (scene / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows[0]["step"] == 1 and rows[-1]["best_rmse"] > 0


def test_train_pair_and_predict(juqing, home, table, tmp_path):
    result = juqing(
        "train", "pair", "--data", table, "--encoder", tiny_encoder("electra"), "--preset", home / "pair.toml",
        "--layers", "1", "--head", "ordinal", "--epochs", 2, "--learning-rate", 1e-3, "--window", 48, "--out", tmp_path / "pair",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert result.out.startswith(f"{tmp_path / 'pair'}: ")
    assert result.err == ""
    settings = json.loads((tmp_path / "pair" / "config.json").read_text(encoding="utf-8"))["settings"]
    assert settings == {"head": "ordinal", "dropout": 0.1, "budget": 48}
    encoder = json.loads((tmp_path / "pair" / "encoder" / "config.json").read_text(encoding="utf-8"))
    assert encoder["num_hidden_layers"] == 1
    result = juqing("predict", tmp_path / "pair", table, "--out", tmp_path / "p.tsv")
    assert result.code == 0 and "RMSE" in result.out
    wanted = [line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()]
    strengths = [row.split("\t") for row in (tmp_path / "p.tsv").read_text(encoding="utf-8").splitlines()]
    assert [row[0] for row in strengths] == wanted
    with_levels = juqing("predict", tmp_path / "pair", table, "--levels", "--out", tmp_path / "levels.tsv")
    assert with_levels.out.splitlines()[:-1] == result.out.splitlines()[:-1]  # the expected level is the strength
    head, *rows = [row.split("\t") for row in (tmp_path / "levels.tsv").read_text(encoding="utf-8").splitlines()]
    assert [head[0], *(row[0] for row in rows)] == wanted and head[1:6] == [
        "love_0",
        "love_1",
        "love_2",
        "love_3",
        "joy_0",
    ]
    levels = np.array([row[1:] for row in rows], dtype=float).reshape(-1, 6, 4)
    np.testing.assert_allclose(levels.sum(2), 1, atol=3e-4)
    expected = np.array([row[1].split(",") for row in strengths[1:]], dtype=float)
    np.testing.assert_allclose(levels @ np.arange(4), expected, atol=5e-4)


def test_export_and_analyze(juqing, scene, tmp_path):
    result = juqing("export", scene, "--out", tmp_path / "model")
    assert result.code == 0, result.err
    assert "MB" in result.out and result.err == ""
    result = juqing("analyze", FEATURE, "--model", tmp_path / "model")
    assert result.code == 0, result.err
    assert "回声渡" in result.out and "沈渡" in result.out
    assert '"bits": 8' in (tmp_path / "model" / "config.json").read_text(encoding="utf-8")


def test_models(juqing):
    result = juqing("models")
    assert result.code == 0
    assert any(line.startswith("tfidf ") and " MB" in line for line in result.out.splitlines())
    assert result.out.count("(default)") == 1


def test_crossval_and_stack(juqing, home, table, scene, tmp_path):
    result = juqing(
        "crossval", "scene", "--data", table, "--encoder", tiny_encoder(), "--preset", home / "scene.toml",
        "--folds", 2, "--out", tmp_path / "cv",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert "100 rows" in result.out and str(tmp_path / "cv" / "predictions.tsv") in result.out
    result = juqing("crossval", "tfidf", "--data", table, "--folds", 2, "--out", tmp_path / "cv-tfidf")
    assert result.code == 0, result.err
    result = juqing(
        "stack", "--data", table, "--cv", tmp_path / "cv", "--member", scene, "--cv", tmp_path / "cv-tfidf",
        "--member", "tfidf", "--out", tmp_path / "mixed",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert juqing("analyze", FEATURE, "--model", tmp_path / "mixed").code == 0


def test_average(juqing, scene, tmp_path):
    result = juqing("average", scene, scene, "--out", tmp_path / "mean")
    assert (result.code, result.err) == (0, "")
    assert juqing("average", scene, "--out", tmp_path / "mean").code == 0  # a model may be replaced
    assert juqing("analyze", FEATURE, "--model", tmp_path / "mean").code == 0


def test_train_transformer(juqing, home, table, tmp_path):
    """The scene reader of an encoder from nothing; frozen it makes no sense."""
    small = ("--set", "dim=16", "--set", "n_layers=1", "--set", "n_heads=2", "--epochs", 1)
    run = ("train", "transformer", "--data", table, "--window", 128, "--out", tmp_path / "run")
    result = juqing(*run, *small, "--hold-out", "0/2")
    assert result.code == 0, result.err
    assert "held-out RMSE" in result.out
    assert juqing("analyze", FEATURE, "--model", tmp_path / "run").code == 0
    result = juqing("crossval", "transformer", "--data", table, "--folds", 2, *small, "--out", tmp_path / "cv")
    assert result.code == 0, result.err
    refused(juqing(*run, "--encoder", tiny_encoder()), "an encoder is named, and one from nothing is asked for")
    refused(juqing(*run, "--frozen"), "frozen is true")


def test_frozen(juqing, home, table, tmp_path):
    result = juqing(
        "train", "scene", "--data", table, "--encoder", tiny_encoder(), "--preset", home / "scene.toml", "--frozen",
        "--set", "dropout=0.3", "--out", tmp_path / "run",
    )  # fmt: skip
    assert result.code == 0, result.err
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "- frozen: True" in card and "- dropout: 0.3" in card
    refused(juqing("crossval", "onehot", "--data", table, "--frozen", "--out", tmp_path / "cv"), "no setting 'frozen'")


def test_training_that_is_refused(juqing, home, table, tmp_path):
    scene = ("train", "scene", "--data", table, "--out", tmp_path / "run")
    ours = ("--encoder", tiny_encoder(), "--preset", home / "scene.toml")
    refused(juqing(*scene), "no encoder is named", "--encoder")
    refused(juqing(*scene, "--encoder", tmp_path / "none"), "no folder", tmp_path / "none")
    refused(juqing(*scene, "--encoder", tmp_path), "cannot be loaded")
    refused(juqing(*scene, *ours, "--head", "huge"), "head is 'huge'", "regress, classify, ordinal")
    refused(juqing(*scene, *ours, "--window", LONGEST + 1), "longer than the encoder reads", "--window")
    refused(juqing(*scene, *ours, "--epochs", 0), "epochs is 0")
    refused(juqing(*scene, *ours, "--seed", -1), "seed is -1")
    refused(juqing(*scene, *ours, "--layers", "all"), "--layers is 'all'", "0,2,4")
    refused(juqing(*scene, *ours, "--layers", "0,9"), "the layers 0 to 1")
    refused(juqing(*scene, *ours, "--hold-out", "9999"), "no script '9999' to hold out", "7000")
    refused(juqing(*scene, *ours, "--hold-out", "7/5"), "no fold '7/5'")
    refused(juqing(*scene, *ours, "--hold-out", "0/2", "--also", table), table, "'7000' is in the table of --data too")
    refused(juqing(*scene, *ours, "--also-weight", 2), "--also-weight is given without --also")
    refused(juqing(*scene, *ours, "--also", tmp_path / "none.tsv"), tmp_path / "none.tsv")
    refused(juqing(*scene, "--encoder", tiny_encoder(), "--preset", tmp_path / "none.toml"), "preset cannot be read")
    bad = tmp_path / "bad.tsv"
    bad.write_text(table.read_text(encoding="utf-8").replace("0,3,0,0,0,0", "0,7,0,0,0,0"), encoding="utf-8")
    refused(
        juqing("train", "pair", "--data", bad, *ours, "--out", tmp_path / "run"), bad, "'7' is not a number in 0..3"
    )
    refused(juqing(*scene, *ours, "--learning-rate", 1e30), "Lower the learning rate")
    assert not (tmp_path / "run").exists() and not (tmp_path / "run.run").exists()


def test_other_commands_that_are_refused(juqing, table, tmp_path):
    refused(juqing("export", tmp_path, "--out", tmp_path / "model"), tmp_path, "no config.json")
    refused(juqing("export", "tfidf", "--out", tmp_path / "model"), "only trained networks")
    refused(juqing("average", "tfidf", "--out", tmp_path / "model"), "only trained networks")
    refused(juqing("average", random_run("scene"), random_run("pair"), "--out", tmp_path / "m"), "another shape")
    refused(
        juqing("crossval", "tfidf", "--data", table, "--folds", 9, "--out", tmp_path / "cv"), "4 scripts for 9 folds"
    )
    refused(juqing("crossval", "bert", "--data", table, "--out", tmp_path / "cv"), "'bert'", "scene")
    refused(
        juqing("stack", "--data", table, "--cv", tmp_path, "--member", "tfidf", "--out", tmp_path / "m"), "predictions"
    )
    refused(juqing("predict", tmp_path / "none", table, "--out", tmp_path / "p.tsv"), "no model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["export", "models", "crossval", "average", "stack"])
def test_help(juqing, command):
    result = juqing(command, "--help")
    assert result.code == 0 and "Example:" in result.out


def test_the_presets_name_every_setting_that_is_tested_here(home):
    """A misspelt name in the made-up preset would be an error of the tests."""
    from juqing.training.run import load_config

    for kind in ("scene", "pair"):
        assert load_config(home / f"{kind}.toml", encoder="x").budget == tiny_config().budget
