"""Training runs: that they learn, that they are exact, and how they end when something goes wrong."""

from __future__ import annotations

import dataclasses
import errno
import json
import math
import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import pytest
import torch
from accelerate.state import AcceleratorState
from encoders import LONGEST, random_run, tiny_config, tiny_encoder
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer

import juqing.training.run as run_module
from juqing.errors import InputError, LabelError, ModelError, OutputError, TrainingError
from juqing.reading.files import read_labeled
from juqing.runtime import load
from juqing.training import split_scripts
from juqing.training.run import (
    RunConfig,
    TransformerConfig,
    build_reader,
    load_config,
    make_task,
    measure,
    preset,
    train,
)

TIMES = ("seconds", "pairs_per_second", "tokens_per_second")
ALL_RANDOM: dict[str, Any] = {"dropout": 0.1, "encoder_dropout": 0.1, "token_dropout": 0.2, "average": 0.8}
"""Everything that draws random numbers, and an average that must be kept too."""


class Killed(BaseException):
    pass


def killed_at(step: int):
    def progress(done, total):
        if done == step:
            raise Killed

    return progress


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return {**load_file(folder / "head.safetensors"), **load_file(folder / "encoder" / "model.safetensors")}


def same(one: Path, two: Path) -> bool:
    a, b = weights(one), weights(two)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def rows(folder: Path) -> list[dict]:
    """The log without what depends on the clock."""
    lines = (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()
    return [{name: value for name, value in json.loads(line).items() if name not in TIMES} for line in lines]


@pytest.fixture(scope="module")
def labeled(table):
    return read_labeled(table)


@pytest.fixture(scope="module")
def config() -> RunConfig:
    """A run of which every step is a checkpoint."""
    return tiny_config("scene", **ALL_RANDOM, batch_tokens=384, checkpoint_minutes=0.0)


@pytest.fixture(scope="module")
def whole(labeled, config, tmp_path_factory) -> Path:
    """The run that nobody interrupted."""
    folder = tmp_path_factory.mktemp("whole") / "run"
    train(config, labeled, folder, held_out=labeled[:1])
    return folder


# What comes of a run


@pytest.mark.parametrize(("kind", "head"), [("scene", "regress"), ("scene", "ordinal"), ("pair", "classify")])
def test_it_learns(kind, head, labeled, tmp_path):
    """Much better than the mean label, which is the best that one can say without reading."""
    config = tiny_config(
        kind, head=head, epochs=20, batch_tokens=128, dropout=0.0, token_dropout=0.0, freeze_embeddings=False
    )
    done = train(config, labeled, tmp_path / "run")
    truth, w = np.concatenate([i.labels for i in labeled]), np.concatenate([i.weights for i in labeled])
    mean = np.average(truth, axis=0, weights=w)
    of_mean = math.sqrt((((truth - mean) ** 2).mean(1) * w).sum() / w.sum())
    learned = measure(load(tmp_path / "run"), labeled)
    assert learned["rmse"] < 0.5 * of_mean
    assert done["n_labeled"] == len(truth)
    steps = [row for row in rows(tmp_path / "run") if "step" in row]
    assert steps[-1]["loss"] < steps[0]["loss"]


def test_a_short_run_does_not_keep_its_beginning(labeled, tmp_path, monkeypatch):
    """The average of the weights of a hundred steps, in a run of a few dozen, would be mostly what it began with."""
    config = tiny_config("scene", epochs=12, batch_tokens=256, dropout=0.0, token_dropout=0.0, freeze_embeddings=False)
    found = {}
    for average in (0.0, 0.99):
        train(dataclasses.replace(config, average=average), labeled, tmp_path / f"run{average}")
        found[average] = measure(load(tmp_path / f"run{average}"), labeled)["rmse"]
    assert found[0.99] < 1.3 * found[0.0]
    monkeypatch.setattr(run_module, "_AVERAGED", 0)
    train(dataclasses.replace(config, average=0.99), labeled, tmp_path / "lagging")
    assert measure(load(tmp_path / "lagging"), labeled)["rmse"] > 1.3 * found[0.0]


def test_what_a_run_leaves_behind(whole):
    assert sorted(path.name for path in whole.parent.iterdir()) == ["run"]
    assert sorted(path.name for path in whole.iterdir()) == [
        "README.md", "config.json", "encoder", "head.safetensors", "log.jsonl", "tensorboard",
    ]  # fmt: skip
    assert any((whole / "tensorboard").iterdir())
    card = (whole / "README.md").read_text(encoding="utf-8")
    assert "- dropout: 0.1" in card and "head `regress`" in card
    log = rows(whole)
    best = log[-1]["best_rmse"]
    assert "- Held out: 7000\n" in card and f"{log[-1]['best_epoch']}, RMSE {best:.4f}" in card
    assert f"{log[-1]['n_labeled']} labeled cues, {log[-1]['steps']} steps" in card
    assert json.loads((whole / "config.json").read_text())["rmse"] == best
    assert all(path.stat().st_mode & 0o777 == (0o755 if path.is_dir() else 0o644) for path in whole.rglob("*"))
    peak = max(log[:-1], key=lambda row: row.get("learning_rate", 0))
    assert peak["head_learning_rate"] / peak["learning_rate"] == pytest.approx(1e-2 / 3e-3)
    assert [row["epoch"] for row in log if "rmse" in row and "step" not in row and "steps" not in row] == [1, 2]
    assert {"steps", "n_labeled", "best_rmse"} <= set(log[-1])


def test_the_best_epoch_is_kept(labeled, tmp_path, monkeypatch):
    """Of three epochs whose scores are made up, the second one's weights remain."""
    seen = []

    def made_up(recognizer, held_out):
        seen.append({name: tensor.clone() for name, tensor in recognizer.reader.top.state_dict().items()})
        return {"rmse": (0.5, 0.3, 0.4)[len(seen) - 1]}

    monkeypatch.setattr(run_module, "measure", made_up)
    done = train(tiny_config("scene", epochs=3), labeled, tmp_path / "run", held_out=labeled[:1])
    assert done["best_rmse"] == 0.3
    kept = load_file(tmp_path / "run" / "head.safetensors")
    assert all(torch.equal(kept[name], seen[1][name]) for name in kept)
    assert not torch.equal(kept["hidden.weight"], seen[2]["hidden.weight"])


def test_what_is_logged_of_held_out_scripts_is_true_of_the_folder(labeled, tmp_path):
    learn, held_out = split_scripts(labeled, "7001")
    done = train(tiny_config("scene", epochs=3, average=0.5), learn, tmp_path / "run", held_out=held_out)
    found = [row["rmse"] for row in rows(tmp_path / "run") if "rmse" in row and "steps" not in row]
    assert len(found) == 3 and done["best_rmse"] == min(found)
    assert measure(load(tmp_path / "run"), held_out)["rmse"] == pytest.approx(min(found), abs=2e-5)


def test_every_batch_of_an_epoch_is_learned_from(labeled, tmp_path, monkeypatch):
    """Three at a time; where the last step has too few, the first is repeated and does not count."""
    sizes, weighed = [], []

    def losses(raw, labels, head):
        sizes.append(len(labels))
        weighed.append(labels.sum(0).double())
        return run_losses(raw, labels, head)

    run_losses = run_module.losses
    monkeypatch.setattr(run_module, "losses", losses)
    config = tiny_config("scene", epochs=1, batch_tokens=150, accumulate=3)
    steps = train(config, labeled, tmp_path / "run")["steps"]
    n = len(make_task(config, build_reader(config), labeled).plan(0))
    assert n % 3 and len(sizes) == 3 * steps and steps == -(-n // 3)
    assert sum(sizes[:n]) == sum(len(item.labels) for item in labeled)
    expected = sum(item.labels.sum(0).astype(float) for item in labeled)
    np.testing.assert_allclose(sum(weighed[:n]), expected)  # type: ignore[arg-type]
    assert set(sizes[n:]) == {sizes[0]}


def test_the_seed_decides(labeled, config, whole, tmp_path):
    train(config, labeled, tmp_path / "again", held_out=labeled[:1])
    assert same(tmp_path / "again", whole)
    assert rows(tmp_path / "again") == rows(whole)
    train(dataclasses.replace(config, seed=1), labeled, tmp_path / "other")
    a, b = weights(tmp_path / "other"), weights(whole)
    assert not any(torch.equal(a[name], b[name]) for name in a if "weight" in name and "word_embeddings" not in name and "LayerNorm" not in name)  # fmt: skip


def test_scoring_held_out_scripts_changes_nothing(labeled, config, tmp_path):
    """The network goes on learning as it did, with its dropouts: the log of steps is the same."""
    config = dataclasses.replace(config, average=0.0, checkpoint_minutes=1e9)
    logs = []
    for held_out in ((), labeled[:1]):
        train(config, labeled, tmp_path / f"run{len(held_out)}", held_out=held_out)
        logs.append([row for row in rows(tmp_path / f"run{len(held_out)}") if "step" in row])
    assert logs[0] == logs[1] and logs[0][-1]["epoch"] == 2


def test_the_encoder_has_its_dropout(labeled, tmp_path):
    for rate in (0.0, 0.3):
        config = tiny_config("scene", epochs=1, dropout=0.0, token_dropout=0.0, encoder_dropout=rate)
        train(config, labeled, tmp_path / str(rate))
    assert not same(tmp_path / "0.0", tmp_path / "0.3")


def test_one_step_moves_each_layer_at_its_rate(labeled, tmp_path):
    """The first step of Adam moves every weight by its learning rate, whatever the gradient."""
    config = tiny_config(
        "scene", epochs=1, batch_tokens=10**6, learning_rate=1e-3, head_learning_rate=4e-3, layer_decay=0.5,
        weight_decay=0.0, warmup=0.0, clip=1e6, token_dropout=0.0, dropout=0.0,
    )  # fmt: skip
    before = {name: tensor.clone() for name, tensor in build_reader(config).state_dict().items()}
    assert train(config, labeled, tmp_path / "run")["steps"] == 1
    after = {
        f"encoder.{name}": tensor for name, tensor in load_file(tmp_path / "run/encoder/model.safetensors").items()
    }
    after |= {f"top.{name}": tensor for name, tensor in load_file(tmp_path / "run/head.safetensors").items()}

    def moved(name: str) -> float:
        return float((after[name] - before[name]).abs().max())

    assert moved("encoder.embeddings.word_embeddings.weight") == 0  # frozen
    assert moved("encoder.embeddings.position_embeddings.weight") == pytest.approx(2.5e-4, rel=0.02)
    assert moved("encoder.encoder.layer.0.intermediate.dense.weight") == pytest.approx(5e-4, rel=0.02)
    assert moved("encoder.encoder.layer.1.intermediate.dense.weight") == pytest.approx(1e-3, rel=0.02)
    assert moved("top.hidden.weight") == pytest.approx(4e-3, rel=0.02)


@pytest.mark.parametrize("kind", ["scene", "pair"])
def test_an_epoch_holds_every_label_once(kind, labeled):
    config = tiny_config(kind, batch_tokens=200)
    task = make_task(config, build_reader(config), labeled)
    for epoch in (0, 1):
        seen = [task.batch(group) for group in task.plan(epoch)]
        assert sum(int((batch.weights > 0).sum()) for batch in seen) == task.n_labeled
        assert sum(float(batch.weights.sum()) for batch in seen) == pytest.approx(task.total_weight)
        weighed = sum((batch.labels * batch.weights[:, None]).sum(0).double() for batch in seen)
        expected = sum((i.labels * i.weights[:, None]).sum(0).astype(float) for i in labeled)
        np.testing.assert_allclose(weighed.numpy(), expected, rtol=1e-5)  # type: ignore[union-attr]
        assert all(batch.inputs["token_ids"].numel() <= 200 for batch in seen)
    plans = [task.plan(epoch) for epoch in (0, 1, 0)]
    assert plans[0] == plans[2] != plans[1]


# Interrupted


@pytest.mark.parametrize("step", [1, 4, 9])
def test_killed_and_resumed_it_is_the_same_to_the_last_bit(step, labeled, config, whole, tmp_path):
    out = tmp_path / "run"
    with pytest.raises(Killed):
        train(config, labeled, out, held_out=labeled[:1], progress=killed_at(step))
    assert not out.exists() and (tmp_path / "run.run").is_dir()
    told = []
    train(config, labeled, out, held_out=labeled[:1], resume=True, progress=lambda done, total: told.append(done))
    assert told[0] == step  # its checkpoint was not written any more, the one before was
    assert same(out, whole)
    assert rows(out) == rows(whole)
    assert not (tmp_path / "run.run").exists()


def test_killed_twice_before_the_first_checkpoint(labeled, config, whole, tmp_path):
    """Nothing was kept, so it begins again; nothing is in the log twice."""
    slow = dataclasses.replace(config, checkpoint_minutes=1e9)
    for _ in range(2):
        with pytest.raises(Killed):
            train(slow, labeled, tmp_path / "run", held_out=labeled[:1], resume=True, progress=killed_at(2))
    train(slow, labeled, tmp_path / "run", held_out=labeled[:1], resume=True)
    assert same(tmp_path / "run", whole)
    assert rows(tmp_path / "run") == rows(whole)


def test_killed_between_two_checkpoints(labeled, config, whole, tmp_path, monkeypatch):
    """When the new one was to take the old one's place."""
    replace = Path.replace

    def killed(self, target):
        if self.name == "checkpoint.new" and (self / "log_size").is_file() and Path(target).name == "checkpoint":
            calls.append(1)
            if len(calls) == 3:
                raise Killed
        return replace(self, target)

    calls: list[int] = []
    monkeypatch.setattr(Path, "replace", killed)
    with pytest.raises(Killed):
        train(config, labeled, tmp_path / "run", held_out=labeled[:1])
    monkeypatch.undo()
    told = []
    train(
        config, labeled, tmp_path / "run", held_out=labeled[:1], resume=True, progress=lambda done, _: told.append(done)
    )
    assert told[0] in (3, 4)
    assert same(tmp_path / "run", whole)
    assert rows(tmp_path / "run") == rows(whole)


def test_an_interrupted_run_is_not_trained_over(labeled, config, tmp_path):
    with pytest.raises(Killed):
        train(config, labeled, tmp_path / "run", progress=killed_at(1))
    with pytest.raises(TrainingError, match="an interrupted run is there") as caught:
        train(config, labeled, tmp_path / "run")
    assert "--resume" in str(caught.value) and caught.value.path == tmp_path / "run.run"
    with pytest.raises(TrainingError, match="asked for something else: dropout, seed"):
        train(dataclasses.replace(config, seed=5, dropout=0.2), labeled, tmp_path / "run", resume=True)


def test_a_run_goes_on_with_its_own_data_alone(labeled, config, tmp_path):
    """With other scripts held out, it would be measured on what it learned from."""
    with pytest.raises(Killed):
        train(config, labeled[1:], tmp_path / "run", held_out=labeled[:1], progress=killed_at(4))
    with pytest.raises(TrainingError, match="something else: learned, held_out"):
        train(config, labeled[:-1], tmp_path / "run", held_out=labeled[-1:], resume=True)
    doubted = [dataclasses.replace(item, weights=item.weights / 2) for item in labeled[1:]]
    with pytest.raises(TrainingError, match=r"something else: learned\."):
        train(config, doubted, tmp_path / "run", held_out=labeled[:1], resume=True)


@pytest.mark.parametrize(
    ("name", "message"), [("run.json", "is damaged"), ("checkpoint/model.safetensors", "cannot be read")]
)
def test_a_damaged_run(name, message, labeled, config, tmp_path):
    with pytest.raises(Killed):
        train(config, labeled, tmp_path / "run", progress=killed_at(4))
    path = tmp_path / "run.run" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(TrainingError, match=message):
        train(config, labeled, tmp_path / "run", resume=True)


def test_no_memory(labeled, config, tmp_path, monkeypatch):
    def learn(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB")

    monkeypatch.setattr("juqing.training.run._learn", learn)
    with pytest.raises(TrainingError, match=r"does not suffice for batch_tokens.*Lower batch_tokens"):
        train(config, labeled, tmp_path / "run")


# Several processes


def test_two_processes_are_one_that_accumulates(table, labeled, tmp_path, monkeypatch):
    """Half the batches in each of two processes, or two batches a step in one: the same weights, in 32 bits."""
    settings = {
        "epochs": 1, "dropout": 0.0, "encoder_dropout": 0.0, "token_dropout": 0.0, "batch_tokens": 300,
        "learning_rate": 1e-3, "head_learning_rate": 1e-3,
    }  # fmt: skip
    config = tiny_config("scene", **settings, accumulate=2)
    monkeypatch.setattr(run_module, "has_bf16", lambda: False)
    AcceleratorState._reset_state(reset_partial_state=True)  # which keeps the precision of the first run of a process
    try:
        done = train(config, labeled, tmp_path / "one")
    finally:
        AcceleratorState._reset_state(reset_partial_state=True)
    assert done["steps"] >= 3
    values = {k: v for k, v in dataclasses.asdict(config).items() if k != "layers"} | {"accumulate": 1}
    lines = [f"{k} = {json.dumps(v)}\n" for k, v in values.items()]
    (tmp_path / "preset.toml").write_text("".join(lines), encoding="utf-8")
    (tmp_path / "juqing32.py").write_text(
        "import juqing.training.run as run\nrun.has_bf16 = lambda: False\nfrom juqing.cli import main\nmain()\n"
    )
    result = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
            tmp_path / "juqing32.py", "train", "scene", "--data", table, "--preset", tmp_path / "preset.toml",
            "--out", tmp_path / "two",
        ],
        capture_output=True, encoding="utf-8", check=False, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    one, two = weights(tmp_path / "one"), weights(tmp_path / "two")
    assert one.keys() == two.keys()
    # Softmax does not feel the keys' biases: their gradient is rounding, which Adam blows up.
    for name in one.keys() - {name for name in one if "key.bias" in name}:
        torch.testing.assert_close(two[name], one[name], atol=1e-5, rtol=0, msg=lambda m, name=name: f"{name}: {m}")
    losses = [[row["loss"] for row in rows(tmp_path / name) if "step" in row] for name in ("one", "two")]
    assert len(losses[0]) == len(losses[1])
    log = (tmp_path / "two" / "log.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum("n_labeled" in row for row in log) == 1  # one of the two writes


# When something goes wrong


def lose_at(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the loss of a step no number."""
    calls = []

    def losses(raw, labels, head):
        calls.append(1)
        return run_losses(raw, labels, head) * (float("nan") if len(calls) == step else 1)

    run_losses = run_module.losses
    monkeypatch.setattr(run_module, "losses", losses)


def test_a_loss_that_is_no_number(labeled, config, whole, tmp_path, monkeypatch):
    """The run stops, names the step and the last checkpoint, and that is good: with the right loss it goes on."""
    lose_at(5, monkeypatch)
    with pytest.raises(TrainingError, match=r"the loss is nan at step 5 of \d+") as caught:
        train(config, labeled, tmp_path / "run", held_out=labeled[:1])
    checkpoint = tmp_path / "run.run" / "checkpoint"
    assert str(checkpoint) in str(caught.value) and checkpoint.is_dir()
    monkeypatch.undo()
    train(config, labeled, tmp_path / "run", held_out=labeled[:1], resume=True)
    assert same(tmp_path / "run", whole)


def test_gradients_that_are_no_numbers(labeled, config, whole, tmp_path, monkeypatch):
    """The loss may still be one; the weights would not be, and neither would the checkpoint."""
    calls = []

    def losses(raw, labels, head):
        calls.append(1)
        if len(calls) == 5:
            raw = raw + (raw * 0).sqrt() * 0  # 0, and its gradient 0 / 0
        return run_losses(raw, labels, head)

    run_losses = run_module.losses
    monkeypatch.setattr(run_module, "losses", losses)
    with pytest.raises(TrainingError, match="at step 5"):
        train(config, labeled, tmp_path / "run", held_out=labeled[:1])
    monkeypatch.undo()
    train(config, labeled, tmp_path / "run", held_out=labeled[:1], resume=True)
    assert same(tmp_path / "run", whole)


def test_a_rate_that_is_far_too_high(labeled, tmp_path):
    config = tiny_config("scene", learning_rate=1e30, head_learning_rate=1e30)
    with pytest.raises(TrainingError, match=r"Lower the learning rate\. No checkpoint was due yet"):
        train(config, labeled, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_after_a_loss_that_is_no_number_it_goes_on_at_a_lower_rate(labeled, config, tmp_path, monkeypatch):
    """The checkpoint keeps the rates too: those that are asked for now count."""
    lose_at(5, monkeypatch)
    with pytest.raises(TrainingError, match="--resume and a lower learning rate") as caught:
        train(config, labeled, tmp_path / "run", held_out=labeled[:1])
    assert str(tmp_path / "run.run" / "best") not in str(caught.value)  # no epoch was over
    lower = dataclasses.replace(config, learning_rate=1e-30, head_learning_rate=2e-30, clip=0.5, checkpoint_minutes=9.0)
    told = []
    train(lower, labeled, tmp_path / "run", resume=True, held_out=labeled[:1], progress=lambda *now: told.append(now))
    assert told[0][0] == 5
    log = [row for row in rows(tmp_path / "run") if "step" in row]
    assert log[0]["learning_rate"] > 1e-5 and log[-1]["step"] == 10
    n_steps = told[0][1]
    part = (n_steps - 10) / (n_steps - max(1, round(n_steps * config.warmup)))
    assert log[-1]["learning_rate"] == pytest.approx(1e-30 * part)
    assert log[-1]["head_learning_rate"] == pytest.approx(2e-30 * part)


def test_the_same_rates_for_a_run_that_goes_on(labeled, config, tmp_path):
    """An encoder by another path to it is the same."""
    with pytest.raises(Killed):
        train(config, labeled, tmp_path / "run", progress=killed_at(3))
    (tmp_path / "link").symlink_to(config.encoder)
    train(dataclasses.replace(config, encoder=str(tmp_path / "link")), labeled, tmp_path / "run", resume=True)
    train(config, labeled, tmp_path / "other")
    assert rows(tmp_path / "run") == rows(tmp_path / "other") and same(tmp_path / "run", tmp_path / "other")


def test_a_finished_run_is_not_trained_again(labeled, config, whole, monkeypatch):
    monkeypatch.setattr(run_module, "build_reader", lambda config: pytest.fail("it trained"))
    done = train(config, labeled, whole, held_out=labeled[:1], resume=True)
    assert done["finished"] and done["best_rmse"] == rows(whole)[-1]["best_rmse"]


def test_a_full_disk_while_checkpointing(labeled, config, whole, tmp_path, monkeypatch):
    calls = []

    def save_state(self, folder, **more):
        calls.append(1)
        if len(calls) == 4:
            (Path(folder) / "half").write_bytes(b"half")
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return original(self, folder, **more)

    original = accelerate.Accelerator.save_state
    monkeypatch.setattr(accelerate.Accelerator, "save_state", save_state)
    with pytest.raises(OutputError, match="No space left on device") as caught:
        train(config, labeled, tmp_path / "run", held_out=labeled[:1])
    assert "checkpoint; free some space and go on with --resume" in str(caught.value)
    monkeypatch.undo()
    told = []
    train(
        config, labeled, tmp_path / "run", held_out=labeled[:1], resume=True, progress=lambda done, _: told.append(done)
    )
    assert told[0] == 4  # three checkpoints were whole
    assert same(tmp_path / "run", whole)


def test_a_file_that_may_not_grow(labeled, config, tmp_path):
    """The libraries' own writers meet the limit, whose errors are not those of the operating system."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            train(config, labeled, tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    train(config, labeled, tmp_path / "run", resume=True)
    assert (tmp_path / "run" / "head.safetensors").is_file()
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(OutputError, match="cannot be written"):
            run_module.average_runs([tmp_path / "run"], tmp_path / "mean")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_no_training_for_a_place_that_cannot_be_written(labeled, tmp_path):
    config = tiny_config("scene")
    never = lambda *_: pytest.fail("it trained")  # noqa: E731
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        train(config, labeled, tmp_path / "file" / "run", progress=never)
    with pytest.raises(OutputError):
        train(config, labeled, tmp_path / "file", progress=never)
    (tmp_path / "novel").mkdir()
    (tmp_path / "novel" / "chapter.txt").write_text("")
    with pytest.raises(OutputError, match=r"something else \(chapter\.txt\)"):
        train(config, labeled, tmp_path / "novel", progress=never)


def test_nothing_to_learn_from(labeled, tmp_path):
    blank = [dataclasses.replace(item, labels=np.full_like(item.labels, np.nan)) for item in labeled]
    with pytest.raises(LabelError, match="no labeled cue"):
        train(tiny_config("scene"), blank, tmp_path / "run")
    with pytest.raises(LabelError, match="held out have no labels"):
        train(tiny_config("scene"), labeled, tmp_path / "other", held_out=blank[:1])
    doubted = [dataclasses.replace(item, weights=np.zeros_like(item.weights)) for item in labeled]
    with pytest.raises(LabelError, match="held out have no labels"):
        train(tiny_config("scene"), labeled, tmp_path / "other", held_out=doubted[:1])


def test_labels_out_of_range(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("id\tcontent\tcharacter\temotions\n1_1_A_1\ta1笑。\ta1\t0,3.5,0,0,0,0\n", encoding="utf-8")
    with pytest.raises(LabelError, match=r"'3\.5' is not a number in 0\.\.3"):
        read_labeled(path)


# A frozen encoder


@pytest.mark.parametrize("kind", ["scene", "pair"])
def test_a_frozen_encoder_stays_as_it_is(kind, labeled, tmp_path):
    """Not a bit of it changes, nothing in it is random, and the head learns all the same."""
    config = tiny_config(kind, frozen=True, encoder_dropout=0.5, dropout=0.0, token_dropout=0.0, average=0.9, epochs=6)
    reader = build_reader(config)
    reader.train()
    assert reader.top.training and not reader.encoder.training
    assert not any(parameter.requires_grad for parameter in reader.encoder.parameters())
    before = {name: tensor.clone() for name, tensor in reader.encoder.state_dict().items()}
    task = make_task(config, reader, labeled)
    raw = reader(**task.batch(task.plan(0)[0]).inputs)
    raw.sum().backward()
    assert all(parameter.grad is None for parameter in reader.encoder.parameters())

    train(config, labeled, tmp_path / "run")
    after = load_file(tmp_path / "run" / "encoder" / "model.safetensors")
    assert after.keys() <= before.keys() and all(torch.equal(after[name], before[name]) for name in after)
    top = load_file(tmp_path / "run" / "head.safetensors")
    assert all(
        not torch.equal(top[name], tensor) for name, tensor in reader.top.state_dict().items() if tensor.ndim > 1
    )
    steps = [row for row in rows(tmp_path / "run") if "step" in row]
    assert steps[-1]["loss"] < 0.9 * steps[0]["loss"]


def test_the_whole_reader_learns_where_nothing_is_frozen(labeled, tmp_path):
    config = tiny_config("scene", freeze_embeddings=False, epochs=1)
    before = build_reader(config).encoder.state_dict()
    train(config, labeled, tmp_path / "run")
    after = load_file(tmp_path / "run" / "encoder" / "model.safetensors")
    assert sum(not torch.equal(after[name], before[name]) for name in after) > 0.9 * len(after)


# A transformer from nothing


def small_transformer(**changes: Any) -> TransformerConfig:
    settings: dict[str, Any] = {
        "kind": "transformer", "epochs": 2, "learning_rate": 3e-3, "head_learning_rate": 1e-2, "batch_tokens": 512,
        "budget": 64, "leading": 16, "trailing": 8, "checkpoint_minutes": 1e9, "vocabulary_size": 900, "dim": 16, "n_layers": 2,
        "n_heads": 2,
    }  # fmt: skip
    return TransformerConfig(**{**settings, **changes})


def test_a_transformer_from_nothing(labeled, tmp_path):
    """It is a scene reader; its tokenizer knows the lines that it learned from, and it learns."""
    train(small_transformer(epochs=12, dropout=0.0), labeled, tmp_path / "run")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    config = json.loads((tmp_path / "run" / "config.json").read_text(encoding="utf-8"))
    assert config["recognizer"] == "scene"
    card = (tmp_path / "run" / "README.md").read_text(encoding="utf-8")
    assert "- Kind: `scene` (`juqing.recognition.scene`)" in card
    assert "- kind: transformer" in card and str(tmp_path) not in card
    recognizer: Any = load(tmp_path / "run")
    assert recognizer.reader.encoder.config.hidden_size == 16
    tokenizer = recognizer.reader.tokenizer
    unknown = tokenizer._tokenizer.token_to_id("[UNK]")
    assert all(unknown not in ids for ids, _ in tokenizer.encode(["笑得直不起腰", "欧阳师傅缩在墙角发抖"]))
    truth, w = np.concatenate([i.labels for i in labeled]), np.concatenate([i.weights for i in labeled])
    mean = np.average(truth, axis=0, weights=w)
    of_mean = math.sqrt((((truth - mean) ** 2).mean(1) * w).sum() / w.sum())
    assert measure(recognizer, labeled)["rmse"] < 0.8 * of_mean


def test_a_transformer_goes_on_to_the_same_weights(labeled, tmp_path):
    config = small_transformer(checkpoint_minutes=0.0, dropout=0.1, encoder_dropout=0.1)
    train(config, labeled, tmp_path / "whole")
    with pytest.raises(Killed):
        train(config, labeled, tmp_path / "run", progress=killed_at(3))
    assert (tmp_path / "run.run" / "start" / "tokenizer.json").is_file()
    train(config, labeled, tmp_path / "run", resume=True)
    assert same(tmp_path / "whole", tmp_path / "run")


def test_a_transformer_that_is_refused(labeled, tmp_path):
    for changes, message in (
        ({"encoder": "somewhere"}, "an encoder is named"),
        ({"layers": (0,)}, "an encoder is named"),
        ({"frozen": True}, "frozen is true. The weights of an encoder from nothing are random"),
        ({"freeze_embeddings": True}, "freeze_embeddings is true"),
        ({"n_heads": 3}, "The heads must divide it"),
        ({"tokenizer": "none"}, "tokenizer is 'none'"),
        ({"kind": "scene"}, "kind is 'scene'. Choose one of transformer"),
    ):
        with pytest.raises(InputError) as caught:
            small_transformer(**changes)
        assert message in str(caught.value)
    with pytest.raises(ModelError, match="longer than the encoder reads"):
        train(small_transformer(budget=600), labeled, tmp_path / "run")
    with pytest.raises(InputError, match="kind is 'transformer'"):
        RunConfig(kind="transformer", encoder="somewhere")
    assert list(tmp_path.iterdir()) == []


def test_its_preset(tmp_path):
    config = load_config(preset("transformer"), ["dim=128", "tokenizer=bpe"], seed=3)
    assert isinstance(config, TransformerConfig)
    assert (config.dim, config.tokenizer, config.seed, config.n_layers) == (128, "bpe", 3, 4)
    with pytest.raises(InputError, match="sets 'dim'"):
        (tmp_path / "scene.toml").write_text('kind = "scene"\ndim = 3\n', encoding="utf-8")
        load_config(tmp_path / "scene.toml", encoder="somewhere")


# Settings


def test_settings_by_name():
    config = load_config(preset("scene"), ["frozen=true", "dropout=0", "layers=[0, 2]"], encoder="somewhere")
    assert config.frozen and config.dropout == 0 and config.layers == (0, 2)
    with pytest.raises(InputError, match="no setting 'drop'"):
        load_config(preset("scene"), ["drop=0"], encoder="somewhere")


@pytest.mark.parametrize("kind", ["scene", "pair"])
def test_presets(kind):
    config = load_config(preset(kind), encoder="somewhere", seed=None, epochs=7)
    assert (config.kind, config.encoder, config.epochs, config.seed) == (kind, "somewhere", 7, 0)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("epoch = 3", "sets 'epoch'"),
        ("epochs = 2.5", "epochs is 2.5 in the preset"),
        ("epochs = true", "epochs is True in the preset"),
        ("freeze_embeddings = 1", "freeze_embeddings is 1"),
        ("learning_rate = '1e-4'", "learning_rate is '1e-4'"),
        ("layers = 3", "layers is 3"),
        ("layers = ['a']", "layers is"),
        ("epochs = ", "cannot be read"),
        ("head = 'huge'", "head is 'huge'. Choose one of regress, classify, ordinal"),
        ("kind = 'line'", "kind is 'line'"),
        ("dropout = 1.0", "dropout is 1.0"),
        ("keep_names = 1.5", "keep_names is 1.5"),
        ("epochs = 0", "epochs is 0"),
        ("learning_rate = nan", "learning_rate is nan"),
        ("head_learning_rate = -1.0", "head_learning_rate is -1.0"),
        ("weight_decay = -0.1", "weight_decay is -0.1"),
        ("trailing = -5", "trailing is -5"),
        ("leading = -5", "leading is -5"),
        ("budget = 4", "budget is 4"),
        ("seed = -1", "seed is -1"),
        ("seed = 4294967296", "seed is 4294967296"),
        ("", "no encoder is named"),
    ],
)
def test_settings_that_are_wrong(tmp_path, text, message):
    path = tmp_path / "preset.toml"
    kind = "" if text.startswith("kind") else 'kind = "scene"\n'
    path.write_text(f"{kind}{text}\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_config(path, encoder=None if not text else "somewhere")
    assert message in str(caught.value)


def test_a_preset_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_config(tmp_path / "none.toml", encoder="somewhere")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"budget": LONGEST + 1}, "longer than the encoder reads"),
        ({"kind": "pair", "budget": LONGEST + 1}, "longer than the encoder reads"),
        ({"leading": 40, "trailing": 20}, "no room"),
        ({"layers": (0, 5)}, "layers 0 to 1"),
        ({"layers": (0, 0)}, "Name each layer once"),
        ({"encoder": "/nowhere/at/all"}, "no folder"),
        ({"encoder": "nowhere/at/all"}, "no folder"),
        ({"encoder": "./nowhere"}, "no folder"),
    ],
)
def test_settings_that_do_not_fit_the_encoder(changes, message):
    with pytest.raises(InputError, match=message):
        build_reader(dataclasses.replace(tiny_config(), **changes))


def test_folders_that_are_no_encoder(tmp_path):
    with pytest.raises(ModelError, match="cannot be loaded"):
        build_reader(dataclasses.replace(tiny_config(), encoder=str(tmp_path)))


def test_a_tokenizer_that_knows_more_than_the_encoder(tmp_path):
    for file in tiny_encoder().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tokenizer = Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    n = tokenizer.get_vocab_size()
    tokenizer.add_tokens(["一个新词"])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(ModelError, match=f"does not fit: it has {n + 1:,} tokens, the encoder {n:,}"):
        build_reader(dataclasses.replace(tiny_config(), encoder=str(tmp_path)))


def test_a_tokenizer_of_another_language(labeled, tmp_path):
    for file in tiny_encoder().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    written = json.loads((tmp_path / "tokenizer.json").read_text(encoding="utf-8"))
    written["model"]["vocab"] = {piece: k for piece, k in written["model"]["vocab"].items() if piece.isascii()}
    (tmp_path / "tokenizer.json").write_text(json.dumps(written), encoding="utf-8")
    config = dataclasses.replace(tiny_config(), encoder=str(tmp_path))
    with pytest.raises(ModelError, match=r"does not know 100% of the text"):
        train(config, labeled, tmp_path / "run")
    assert not (tmp_path / "run.run").exists()


@pytest.mark.parametrize("file", ["head.safetensors", "encoder/model.safetensors"])
def test_weights_that_are_no_numbers(file, tmp_path, labeled):
    shutil.copytree(random_run("scene"), tmp_path / "run")
    state = load_file(tmp_path / "run" / file)
    name = next(iter(state))
    state[name][...] = float("nan")
    save_file(state, tmp_path / "run" / file, {"format": "pt"})
    with pytest.raises(ModelError, match=f"not finite .{name}"):
        load(tmp_path / "run")


# Averages


def test_the_average_of_two_runs(tmp_path, labeled):
    for seed in (1, 2):
        train(tiny_config("scene", seed=seed, epochs=1), labeled[:1], tmp_path / f"run{seed}")
    run_module.average_runs([tmp_path / "run1", tmp_path / "run2"], tmp_path / "mean")
    one, two, mean = (weights(tmp_path / name) for name in ("run1", "run2", "mean"))
    assert mean.keys() == one.keys()
    for name in one:
        torch.testing.assert_close(mean[name], (one[name] + two[name]) / 2, atol=1e-6, rtol=0)
    assert not torch.equal(one["hidden.weight"], two["hidden.weight"])
    assert "run1, run2" in (tmp_path / "mean" / "README.md").read_text(encoding="utf-8")
    assert load(tmp_path / "mean").score(labeled[0].script).values.shape == labeled[0].labels.shape


def test_runs_that_cannot_be_averaged(tmp_path, trained):
    with pytest.raises(ModelError, match="another shape"):
        run_module.average_runs([random_run("scene"), random_run("scene", "classify")], tmp_path / "mean")
    with pytest.raises(ModelError, match="another shape"):
        run_module.average_runs([random_run("scene"), random_run("pair")], tmp_path / "mean")
    shutil.copytree(random_run("scene"), tmp_path / "scene")
    path = tmp_path / "scene" / "encoder" / "tokenizer.json"
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.normalizer = None
    tokenizer.save(str(path))
    with pytest.raises(ModelError, match="its tokenizer is not that of"):
        run_module.average_runs([random_run("scene"), tmp_path / "scene"], tmp_path / "mean")
    trained.save(tmp_path)
    with pytest.raises(ModelError, match="only trained networks"):
        run_module.average_runs([tmp_path], tmp_path / "mean")
    with pytest.raises(InputError, match="no runs"):
        run_module.average_runs([], tmp_path / "mean")
    assert not (tmp_path / "mean").exists()
