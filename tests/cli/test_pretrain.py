"""Language models by the command line."""

from __future__ import annotations

import lzma
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import FEATURE
from encoders import text, tiny_encoder

from juqing.cli import main

SMALL = ("--window", 32, "--set", "checkpoint_minutes=1e9")
SCRATCH = (
    "--from-scratch",
    "--set",
    "dim=16",
    "--set",
    "n_layers=1",
    "--set",
    "n_heads=2",
    "--set",
    "batch_tokens=320",
)


class Result(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def juqing(capsys, monkeypatch):
    """`juqing pretrain ARGS`: exit code, standard output, standard error."""

    def run(*args: object) -> Result:
        monkeypatch.setattr(sys, "argv", ["juqing", "pretrain", *map(str, args)])
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
def texts(tmp_path_factory) -> Path:
    """A folder with text, compressed text and a script."""
    folder = tmp_path_factory.mktemp("texts")
    lines = text().split("\n")[:120]
    (folder / "a.txt").write_text("\n".join(lines[:60]), encoding="utf-8")
    (folder / "b.txt.xz").write_bytes(lzma.compress("\n".join(lines[60:]).encode()))
    return folder


def test_masked(juqing, texts, tmp_path):
    (tmp_path / "words.txt").write_text("笑\n哭\n", encoding="utf-8")
    result = juqing(
        "masked", texts, "--encoder", tiny_encoder(), "--layers", "1", "--words", tmp_path / "words.txt", *SMALL,
        "--epochs", 0.5, "--set", "batch_tokens=320", "--held-out", FEATURE, "--out", tmp_path / "encoder",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert result.err == ""
    assert result.out.startswith(f"{tmp_path / 'encoder'}: ") and "pseudo-perplexity" in result.out
    card = (tmp_path / "encoder" / "README.md").read_text(encoding="utf-8")
    assert "- epochs: 0.5" in card and "- layers: (1,)" in card
    more = juqing(
        "masked", texts, "--encoder", tmp_path / "encoder", *SMALL, "--epochs", 0.1, "--out", tmp_path / "more"
    )
    assert more.code == 0, more.err


def test_masked_from_scratch(juqing, texts, tmp_path):
    out = tmp_path / "encoder"
    result = juqing("masked", texts, *SCRATCH, *SMALL, "--epochs", 1, "--vocabulary-size", 900, "--out", out)
    assert result.code == 0, result.err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder"]
    assert (out / "masked_lm.safetensors").is_file() and (out / "tokenizer.json").is_file()


def test_next_word(juqing, texts, tmp_path):
    result = juqing(
        "next-word", texts, "--cell", "rnn", "--unit", "character", "--epochs", 1, "--window", 16, "--set", "streams=4",
        "--set", "dim=12", "--set", "hidden=12", "--out", tmp_path / "model",
    )  # fmt: skip
    assert result.code == 0, result.err
    assert result.err == ""
    assert "perplexity of held-out text" in result.out
    assert (tmp_path / "model" / "vocabulary.json").is_file()


def test_interrupted_and_resumed(juqing, texts, tmp_path, monkeypatch):
    from juqing.pretraining.next_word import NextWordTask

    original = NextWordTask.loss

    def loss(self, model, number, accelerator):
        if number == 2:
            raise KeyboardInterrupt
        return original(self, model, number, accelerator)

    command = (
        "next-word", texts, "--epochs", 1, "--window", 16, "--set", "streams=4", "--set", "checkpoint_minutes=0",
        "--set", "n_layers=1", "--out", tmp_path / "model",
    )  # fmt: skip
    monkeypatch.setattr(NextWordTask, "loss", loss)
    stopped = juqing(*command)
    assert stopped.code == 130 and "--resume" in stopped.err
    monkeypatch.undo()
    refused(juqing(*command), "an interrupted run is there", "--resume")
    refused(juqing(*command, "--resume", "--seed", 3), "asked for something else: seed")
    assert juqing(*command, "--resume").code == 0


def test_what_is_refused(juqing, texts, tmp_path):
    masked = ("masked", texts, "--out", tmp_path / "out")
    words = ("next-word", texts, "--out", tmp_path / "out")
    encoder = ("--encoder", tiny_encoder())
    refused(juqing(*masked), "no encoder is named", "--encoder", "--from-scratch")
    refused(juqing(*masked, *encoder, "--from-scratch"), "an encoder is named, and one from nothing")
    refused(juqing(*masked, *encoder, "--vocabulary-size", 900), "--vocabulary-size")
    refused(juqing(*masked, *encoder, "--layers", "all"), "--layers is 'all'")
    refused(juqing(*masked, *encoder, "--set", "vocabulary_size=3"), "no setting 'vocabulary_size'")
    refused(juqing(*masked, *encoder, "--set", "mask"), "--set is 'mask'")
    refused(juqing(*masked, *encoder, "--window", 200), "longer than the encoder reads")
    refused(juqing(*masked, "--encoder", tmp_path / "none"), "no folder")
    refused(juqing(*masked, *encoder, "--words", tmp_path / "none"), "list of words cannot be read")
    refused(juqing(*masked, *encoder, "--preset", tmp_path / "none.toml"), "preset cannot be read")
    refused(juqing(*masked, *encoder, "--held-out", tmp_path / "none.txt"), "no such file")
    refused(juqing(*words, "--set", "bidirectional=true"), "reads both ways", "would see that word")
    refused(juqing(*words, "--cell", "bigru"), "reads both ways")
    refused(juqing(*words, "--cell", "transformer"), "Choose one of rnn, gru, lstm")
    refused(juqing("next-word", tmp_path, "--out", tmp_path / "out"), tmp_path)
    empty = tmp_path / "empty.txt"
    empty.write_text("\n\n", encoding="utf-8")
    refused(juqing("next-word", empty, "--out", tmp_path / "out"), "the text is empty")
    refused(juqing("masked", empty, *encoder, "--out", tmp_path / "out"), "the text is empty")
    empty.write_text("一行。\n", encoding="utf-8")
    refused(juqing("masked", empty, *encoder, "--out", tmp_path / "out"), "less than a window of 128")
    assert [path.name for path in tmp_path.iterdir()] == ["empty.txt"]


@pytest.mark.parametrize("command", ["masked", "next-word"])
def test_help(juqing, command):
    result = juqing(command, "--help")
    assert result.code == 0 and "Example:" in result.out
