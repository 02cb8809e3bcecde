"""The loop of all language models: steps of AdamW, a measurement at the start and after each epoch, checkpoints.

What is counted from the seed and the step alone (order of windows, masks) needs no state; the rest (weights, optimizer, dropout,
what a recurrent network carries on) is in the checkpoints, so an interrupted run goes on to the same weights. The learning rate
rises, stays and falls (a trapezoid: Zhai et al., "Scaling vision transformers", 2022; Hu et al., "MiniCPM", 2024), so that its
height does not depend on how long the run is.
"""

from __future__ import annotations

import dataclasses
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import Tensor, nn

from juqing.errors import InputError, JuqingError
from juqing.outputs import check_folder
from juqing.pretraining.texts import Progress
from juqing.runs import (
    LoopState,
    RunFolder,
    enough_memory,
    has_bf16,
    keep_memory,
    make_accelerator,
    parse_settings,
    read_settings,
    set_rates,
)

if TYPE_CHECKING:
    from accelerate import Accelerator


@dataclass(frozen=True)
class LoopConfig:
    """What is asked of every run.

    Attributes:
        epochs: Times that the text is gone through; a part of it where below 1.
        window: Tokens that are read together, and back through which gradients go.
        accumulate: Forward passes in one step, and as many more as there are processes.
        learning_rate: The highest.
        weight_decay: Of AdamW; biases and norms have none.
        warmup, decay: Parts of all steps in which the learning rate rises and falls.
        clip: The largest norm of the gradient.
        checkpoint_minutes: Time between two checkpoints.
        seed: Of everything random.
    """

    epochs: float = 1.0
    window: int = 128
    accumulate: int = 1
    learning_rate: float = 3e-4
    weight_decay: float = 0.01
    warmup: float = 0.05
    decay: float = 0.25
    clip: float = 1.0
    checkpoint_minutes: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        self.check_above_zero("epochs", "accumulate", "learning_rate", "clip")
        for name in ("weight_decay", "checkpoint_minutes"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must not be below 0.")
        self.check_part("warmup", "decay")
        if self.warmup + self.decay > 1:
            raise InputError(f"warmup and decay are {self.warmup + self.decay} together.", "They are parts of 1.")
        if self.window < 8:
            raise InputError(f"window is {self.window}.", "It is 8 tokens or more.")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed is {self.seed}.", "It is a whole number from 0 to 4294967295.")

    def check_above_zero(self, *names: str) -> None:
        """Raise `InputError` where a setting is not a finite number above 0."""
        for name in names:
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must be above 0.")

    def check_part(self, *names: str) -> None:
        """Raise `InputError` where a setting is no part of 1."""
        for name in names:
            if not 0 <= getattr(self, name) < 1:
                raise InputError(f"{name} is {getattr(self, name)}.", "It is a part of 1: 0 or more, below 1.")


Config = TypeVar("Config", bound=LoopConfig)


def preset(name: str) -> Path:
    """The package's own settings: `masked`, `scratch` or `next-word`."""
    return Path(__file__).parent / "presets" / f"{name}.toml"


def load_config(kind: type[Config], path: Path, settings: Sequence[str] = (), **changes: Any) -> Config:
    """Read a preset, a TOML file of the names of a dataclass of settings.

    Args:
        kind: The dataclass.
        path: The file.
        settings: NAME=VALUE, which take precedence over it.
        changes: What is not None among these takes precedence over all.

    Raises:
        InputError: The file is missing or damaged, a name is not known, or a value is out of its range.
    """
    values = {**read_settings(kind, path), **parse_settings(kind, settings)}
    return kind(**{**values, **{name: value for name, value in changes.items() if value is not None}})


class Task(ABC):
    """What is learned: a model, its batches, its measure.

    Attributes:
        model: The network.
        limit: The setting to lower where the memory does not suffice.
    """

    model: nn.Module
    limit: str

    @abstractmethod
    def n_batches(self) -> int:
        """Batches that this process has in an epoch, 1 or more; all have as many."""

    @abstractmethod
    def loss(self, model: nn.Module, number: int, accelerator: Accelerator) -> tuple[Tensor, int]:
        """The loss of a batch, and its tokens. Batches are counted from 0 through the epochs, in each process by itself."""

    @abstractmethod
    def groups(self) -> list[dict[str, Any]]:
        """The parameters and their settings, for the optimizer."""

    @abstractmethod
    def measure(self) -> dict[str, float]:
        """What the model in evaluation mode does on held-out text; `perplexity` decides which weights are kept."""

    @abstractmethod
    def save(self, folder: Path) -> None:
        """Write the model into an existing folder."""

    @abstractmethod
    def card(self) -> str:
        """What the first lines of `README.md` say of the model, as a list."""

    def save_carried(self, folder: Path) -> None:  # noqa: B027  # most carry nothing
        """Write what this process carries from one batch to the next into a checkpoint."""

    def load_carried(self, folder: Path) -> None:  # noqa: B027
        """Read what `save_carried` wrote."""


class _State(LoopState):
    """Where a run is; part of every checkpoint."""

    def __init__(self) -> None:
        self.step, self.best = 0, math.inf
        self.before: dict[str, float] = {}
        self.figures: dict[str, float] = {}


def trapezoid(n_steps: int, warmup: float, decay: float) -> Callable[[int], float]:
    """The factor of the learning rate at each step, counted from 0: in 0..1."""
    rise, fall = max(1, round(n_steps * warmup)), max(1, round(n_steps * decay))
    return lambda step: max(0.0, min((step + 1) / rise, 1.0, (n_steps - step) / fall))


def run_task(
    make_task: Callable[[Path, Accelerator], Task],
    config: LoopConfig,
    out: Path,
    names: tuple[str, ...],
    *,
    text: Mapping[str, str],
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a language model and write its folder.

    Args:
        make_task: Makes the task, given the folder of the run for the text and what else is made once.
        config: What is asked.
        out: The folder to write. While the run goes on, its state is in `OUT.run` beside it.
        names: What the folder will hold, see `juqing.outputs.writing_folder`.
        text: What tells the texts from others.
        resume: Go on with an interrupted run in `OUT.run`.
        progress: Told after each step.

    Returns:
        What came of it: `steps`, `seconds`, and the figures of `Task.measure`, those of the start with `_before`.

    Raises:
        InputError: The text is empty or too short, or a setting does not fit.
        ModelError: What the run starts from cannot be used.
        TrainingError: The loss is no number any more, the memory does not suffice, or an interrupted run does not fit.
        OutputError: The disk is full, or the folder cannot be written.
    """
    from accelerate.utils import set_seed

    check_folder(out, names)
    keep_memory()
    accelerator = make_accelerator(bf16=has_bf16())
    asked = {**dataclasses.asdict(config), **text, "processes": accelerator.num_processes}
    run = RunFolder(asked, out, resume=resume, is_main=accelerator.is_main_process, minutes=config.checkpoint_minutes)
    accelerator.wait_for_everyone()
    run.begin()
    accelerator.wait_for_everyone()
    set_seed(config.seed)
    try:
        task = make_task(run.folder, accelerator)
        set_seed(config.seed, device_specific=True)  # whether the text was read now or before
        with enough_memory(task.limit, getattr(config, task.limit)):
            done = _fit(task, config, run, accelerator, progress or (lambda done, total, what: None))
    except JuqingError:
        if run.last_checkpoint() is None:
            run.discard()
        raise
    if accelerator.is_main_process:
        run.finish(names, _card(out.name, task, config))
    accelerator.wait_for_everyone()
    return done


def _fit(
    task: Task, config: LoopConfig, run: RunFolder, accelerator: Accelerator, progress: Progress
) -> dict[str, Any]:
    from accelerate.utils import broadcast_object_list

    is_main = accelerator.is_main_process
    n_batches = task.n_batches()
    n_steps = max(1, round(config.epochs * n_batches / config.accumulate))
    measured = {round((k + 1) * n_batches / config.accumulate) for k in range(int(config.epochs))} | {n_steps}
    optimizer = torch.optim.AdamW(task.groups(), lr=config.learning_rate, betas=(0.9, 0.98), fused=True)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, trapezoid(n_steps, config.warmup, config.decay))
    rates = list(schedule.base_lrs)
    model, optimizer, schedule = accelerator.prepare(task.model, optimizer, schedule)
    state = _State()
    accelerator.register_for_checkpointing(state)
    if (kept := run.load(accelerator)) is not None:
        task.load_carried(kept)
        set_rates(optimizer, schedule, rates)
    elif is_main:
        progress(0, n_steps, "measuring")
        state.before = _measure(task)
        run.log({"measured_at": 0, **state.before}, "held_out", 0)
    accelerator.wait_for_everyone()
    started = time.perf_counter()
    model.train()
    for step in range(state.step, n_steps):
        loss, n_tokens = _learn(model, task, step * config.accumulate, config.accumulate, accelerator)
        size = float(accelerator.clip_grad_norm_(model.parameters(), config.clip))  # type: ignore[arg-type]
        run.check_finite(loss, size, step + 1, n_steps)
        rate = schedule.get_last_lr()[0]
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        state.step = step + 1
        epoch = step * config.accumulate // n_batches
        run.tick(
            {"epoch": epoch + 1, "step": step + 1, "loss": round(loss, 6), "learning_rate": rate},
            tokens=n_tokens * accelerator.num_processes,
        )
        if step + 1 in measured and is_main:
            progress(step + 1, n_steps, "measuring")
            figures = _measure(task)
            model.train()
            run.log({"measured_at": step + 1, **figures}, "held_out", step + 1)
            if figures["perplexity"] < state.best or not state.figures:
                state.best, state.figures = figures["perplexity"], figures
                run.keep(task.save)
        if is_main:
            progress(step + 1, n_steps, f"training, loss {loss:.3f}")
        run.checkpoint(accelerator, more=task.save_carried)
    done = {
        **{f"{name}_before": value for name, value in state.before.items()}, **state.figures,
        "steps": n_steps, "seconds": round(time.perf_counter() - started, 1),
    }  # fmt: skip
    if is_main:
        run.log(done, "run", n_steps)
    return broadcast_object_list([done])[0]


def _learn(model: nn.Module, task: Task, first: int, n: int, accelerator: Accelerator) -> tuple[float, int]:
    """Gradients of one step's batches: the mean loss, and the tokens."""
    total, n_tokens = 0.0, 0
    for k in range(n):
        quiet = accelerator.no_sync(model) if k + 1 < n else nullcontext()
        with quiet:
            loss, size = task.loss(model, first + k, accelerator)
            accelerator.backward(loss / n)
        total += loss.item() / n
        n_tokens += size
    return total, n_tokens


def _measure(task: Task) -> dict[str, float]:
    task.model.eval()
    with torch.inference_mode():
        figures = task.measure()
    return {name: round(value, 5) for name, value in figures.items()}


def perplexity_of(loss: float) -> float:
    """exp(loss), which is large but finite where the loss is no matter how high."""
    return math.exp(min(loss, 700.0)) if not math.isnan(loss) else math.nan


def _card(name: str, task: Task, config: LoopConfig) -> str:
    asked = "\n".join(f"- {key}: {value}" for key, value in dataclasses.asdict(config).items())
    return f"""# {name}

{task.card()}
- License and data: to be filled in by whoever passes the model on

## What was asked

{asked}
"""
