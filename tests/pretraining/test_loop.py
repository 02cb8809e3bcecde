"""Runs of language models of both kinds: exact when resumed, and how they end when something goes wrong."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import accelerate
import pytest
import torch
from accelerate.state import AcceleratorState
from encoders import text, tiny_encoder
from safetensors.torch import load_file

from juqing.errors import InputError, OutputError, TrainingError
from juqing.pretraining import loop, masked, next_word
from juqing.pretraining.loop import load_config, preset, trapezoid
from juqing.pretraining.masked import MaskedConfig, MaskedTask, train_masked
from juqing.pretraining.next_word import NextWordConfig, NextWordTask, train_next_word
from juqing.pretraining.scratch import ScratchConfig
from juqing.text.corpus import Corpus

KINDS = ("masked", "scratch", "next-word")
TASKS: dict[str, Any] = {"masked": MaskedTask, "scratch": MaskedTask, "next-word": NextWordTask}
COMMON: dict[str, Any] = {"checkpoint_minutes": 0.0, "epochs": 2.0}
CONFIGS: dict[str, Any] = {
    "masked": MaskedConfig(encoder=str(tiny_encoder()), window=32, batch_tokens=640, dropout=0.1, **COMMON),
    "scratch": ScratchConfig(
        window=32, batch_tokens=640, dim=16, n_layers=1, n_heads=2, vocabulary_size=900, dropout=0.1, **COMMON
    ),
    "next-word": NextWordConfig(window=16, streams=16, dim=12, hidden=12, min_count=1, dropout=0.2, **COMMON),
}
N_LINES = 90


class Killed(BaseException):
    pass


def killed_at(step: int) -> Callable[..., None]:
    def progress(done: float, total: float | None, what: str) -> None:
        if what.startswith("training") and done == step:
            raise Killed

    return progress


def lines() -> list[str]:
    return text().split("\n")[:N_LINES]


def train(kind: str, out: Path, config: Any = None, **more: Any) -> dict[str, Any]:
    config = config or CONFIGS[kind]
    corpus = Corpus([lines()], unit="word" if kind == "next-word" else "character")
    return (train_next_word if kind == "next-word" else train_masked)(config, corpus, out, **more)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    state = load_file(folder / "model.safetensors")
    head = folder / masked.HEAD
    return {**state, **(load_file(head) if head.is_file() else {})}


def same(one: Path, two: Path) -> bool:
    a, b = weights(one), weights(two)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def rows(folder: Path) -> list[dict[str, Any]]:
    """The log without what depends on the clock."""
    found = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    return [{k: v for k, v in row.items() if k not in ("seconds", "tokens_per_second")} for row in found]


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> Callable[[str], Path]:
    """The runs that nobody interrupted."""
    home = tmp_path_factory.mktemp("whole")

    def run(kind: str) -> Path:
        if not (home / kind).exists():
            train(kind, home / kind)
        return home / kind

    return run


def test_the_rate_rises_stays_and_falls():
    rate = trapezoid(100, 0.1, 0.2)
    assert [rate(k) for k in (0, 4, 9, 10, 79, 80, 90, 99, 100)] == pytest.approx([0.1, 0.5, 1, 1, 1, 1, 0.5, 0.05, 0])
    assert [trapezoid(3, 0, 0)(k) for k in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_run_leaves_behind(kind, whole):
    folder = whole(kind)
    assert not folder.with_name(f"{kind}.run").exists()
    files = next_word.MODEL_FILES if kind == "next-word" else masked.ENCODER_FILES
    assert {path.name for path in folder.iterdir()} == set(files)
    log = rows(folder)
    measured = [row["measured_at"] for row in log if "measured_at" in row]
    n_steps = log[-1]["steps"]
    assert measured == [0, n_steps // 2, n_steps]
    assert log[-1]["perplexity"] == min(row["perplexity"] for row in log if row.get("measured_at"))
    assert next(row["step"] for row in log if "step" in row) == 1
    assert "## What was asked" in (folder / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("step", [1, 3])
def test_killed_and_resumed_it_is_the_same_to_the_last_bit(kind, step, whole, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(Killed):
        train(kind, out, progress=killed_at(step))
    assert not out.exists()
    told: list[float] = []
    train(kind, out, resume=True, progress=lambda done, total, what: told.append(done))
    assert step in told  # its checkpoint was not written any more, the one before was
    assert same(out, whole(kind))
    assert rows(out) == rows(whole(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_killed_before_the_first_checkpoint(kind, whole, tmp_path):
    slow = dataclasses.replace(CONFIGS[kind], checkpoint_minutes=1e9)
    with pytest.raises(Killed):
        train(kind, tmp_path / "run", slow, progress=killed_at(2))
    train(kind, tmp_path / "run", slow, resume=True)
    assert same(tmp_path / "run", whole(kind)) and rows(tmp_path / "run") == rows(whole(kind))


@pytest.mark.parametrize("kind", ["masked", "next-word"])
def test_the_seed_decides(kind, whole, tmp_path):
    config = dataclasses.replace(CONFIGS[kind], seed=1, checkpoint_minutes=1e9)
    train(kind, tmp_path / "other", config)
    assert not same(tmp_path / "other", whole(kind))


def test_an_interrupted_run_is_not_trained_over(tmp_path):
    out = tmp_path / "run"
    with pytest.raises(Killed):
        train("next-word", out, progress=killed_at(1))
    with pytest.raises(TrainingError, match="an interrupted run is there"):
        train("next-word", out)
    other = dataclasses.replace(CONFIGS["next-word"], seed=5, hidden=24, dim=24)
    with pytest.raises(TrainingError, match="asked for something else: seed, dim, hidden"):
        train("next-word", out, other, resume=True)
    corpus = Corpus([[*lines(), "多了一行。"]])
    with pytest.raises(TrainingError, match="asked for something else: text"):
        train_next_word(CONFIGS["next-word"], corpus, out, resume=True)
    assert out.with_name("run.run").is_dir()


@pytest.mark.parametrize("kind", ["masked", "next-word"])
def test_a_loss_that_is_no_number(kind, whole, tmp_path, monkeypatch):
    original = TASKS[kind].loss

    def loss(self, model, number, accelerator):
        value, n = original(self, model, number, accelerator)
        return value * (float("nan") if number == 3 else 1), n

    monkeypatch.setattr(TASKS[kind], "loss", loss)
    with pytest.raises(TrainingError, match=r"the loss is nan at step 4 of \d+") as caught:
        train(kind, tmp_path / "run")
    checkpoint = tmp_path / "run.run" / "checkpoint"
    assert str(checkpoint) in str(caught.value) and checkpoint.is_dir()
    monkeypatch.undo()
    train(kind, tmp_path / "run", resume=True)
    assert same(tmp_path / "run", whole(kind))


def test_a_rate_that_is_far_too_high(tmp_path):
    config = dataclasses.replace(CONFIGS["masked"], learning_rate=1e30, checkpoint_minutes=1e9)
    with pytest.raises(TrainingError, match=r"Lower the learning rate\. No checkpoint was due yet"):
        train("masked", tmp_path / "run", config)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "setting", "error"),
    [
        ("masked", "batch_tokens = 640", torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")),
        ("next-word", "streams = 16", RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried")),
        ("next-word", "streams = 16", MemoryError()),
    ],
)
def test_memory_that_does_not_suffice(kind, setting, error, tmp_path, monkeypatch):
    def loss(self, model, number, accelerator):
        raise error

    monkeypatch.setattr(TASKS[kind], "loss", loss)
    with pytest.raises(TrainingError, match=f"does not suffice for {setting}.* Lower {setting.split()[0]}"):
        train(kind, tmp_path / "run")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_are_not_taken_for_it(tmp_path, monkeypatch):
    def loss(self, model, number, accelerator):
        raise RuntimeError("shapes differ")

    monkeypatch.setattr(NextWordTask, "loss", loss)
    with pytest.raises(RuntimeError, match="shapes differ"):
        train("next-word", tmp_path / "run")


def test_a_full_disk_while_checkpointing(whole, tmp_path, monkeypatch):
    calls = []

    def save_state(self, folder, **more):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, folder, **more)

    original = accelerate.Accelerator.save_state
    monkeypatch.setattr(accelerate.Accelerator, "save_state", save_state)
    with pytest.raises(OutputError, match="No space left on device"):
        train("next-word", tmp_path / "run")
    monkeypatch.undo()
    train("next-word", tmp_path / "run", resume=True)
    assert same(tmp_path / "run", whole("next-word"))


def test_no_training_for_a_place_that_cannot_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(OutputError):
            train("next-word", out)
    (tmp_path / "novel").mkdir()
    (tmp_path / "novel" / "chapter.txt").write_text("")
    with pytest.raises(OutputError, match=r"something else \(chapter\.txt\)"):
        train("masked", tmp_path / "novel")


def test_presets_of_other_settings(tmp_path):
    path = tmp_path / "preset.toml"
    path.write_text("streams = 3\n", encoding="utf-8")
    with pytest.raises(InputError, match="sets 'streams'"):
        load_config(MaskedConfig, path, encoder="x")
    for name, kind in (("masked", MaskedConfig), ("scratch", ScratchConfig), ("next-word", NextWordConfig)):
        changes = {"encoder": "x"} if name == "masked" else {}
        assert load_config(kind, preset(name), **changes).seed == 0


# Several processes


@pytest.mark.parametrize("kind", ["masked", "next-word"])
def test_two_processes(kind, tmp_path, monkeypatch):
    """Masked: half the batches in each of two processes, or two batches a step in one: the same weights, in 32 bits.

    Next word: each has streams of its own, and comes to its end.
    """
    (tmp_path / "text.txt").write_text("\n".join(lines()), encoding="utf-8")
    # Softmax does not feel the keys' biases: their gradient is rounding, which Adam would blow up.
    settings = {
        "masked": {"dropout": 0.0, "epochs": 1.0, "checkpoint_minutes": 1e9, "learning_rate": 1e-4},
        "next-word": {"epochs": 1.0, "streams": 8},
    }[kind]
    config = dataclasses.replace(CONFIGS[kind], **settings)
    values = {k: v for k, v in dataclasses.asdict(config).items() if k != "layers"}
    (tmp_path / "preset.toml").write_text("".join(f"{k} = {json.dumps(v)}\n" for k, v in values.items()), "utf-8")
    (tmp_path / "run.py").write_text(
        "import juqing.pretraining.loop as loop\nloop.has_bf16 = lambda: False\nfrom juqing.cli import main\nmain()\n"
    )

    def two(out: str, *more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [
                sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
                tmp_path / "run.py", "pretrain", kind, tmp_path / "text.txt", "--preset", tmp_path / "preset.toml",
                "--out", tmp_path / out, *more,
            ],
            capture_output=True, encoding="utf-8", check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip

    result = two("two")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("before") >= 1 and result.stdout.count("steps") == 1
    assert rows(tmp_path / "two")[-1]["steps"] >= 2
    if kind == "next-word":
        return
    monkeypatch.setattr(loop, "has_bf16", lambda: False)
    AcceleratorState._reset_state(reset_partial_state=True)  # which keeps the precision of the first run of a process
    try:
        corpus = Corpus([tmp_path / "text.txt"], unit="character")
        train_masked(dataclasses.replace(config, accumulate=2), corpus, tmp_path / "one")
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    one, other = weights(tmp_path / "one"), weights(tmp_path / "two")
    for name in one.keys() - {name for name in one if "key.bias" in name}:
        torch.testing.assert_close(other[name], one[name], atol=1e-5, rtol=0, msg=lambda m, name=name: f"{name}: {m}")
