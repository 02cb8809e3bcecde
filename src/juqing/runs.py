"""What training runs of networks share: settings from TOML, a run's folder with its checkpoints and its log, memory.

A run keeps its state in `NAME.run` beside the folder to come; killed and called again with `resume`, it goes on from the last
checkpoint. The loops themselves are in `juqing.training.run` and `juqing.pretraining.loop`.
"""

from __future__ import annotations

import ctypes
import dataclasses
import json
import math
import shutil
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from juqing.errors import InputError, OutputError, TrainingError, reason_of
from juqing.outputs import writing, writing_folder
from juqing.settings import is_of, parse_values

if TYPE_CHECKING:
    from accelerate import Accelerator

CHECKPOINT = "checkpoint"
_BEFORE = "checkpoint.old"  # for the moment in which a new one takes its place
_ASKED = "run.json"
_BEST = "best"
_LOG = "log.jsonl"
_BOARD = "tensorboard"
_MAY_CHANGE = ("learning_rate", "head_learning_rate", "clip", "checkpoint_minutes")
_MEMORY = ("allocate memory", "out of memory", "not enough memory")


def has_bf16() -> bool:
    """Whether this machine multiplies bfloat16 faster than float32."""
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported()
    return torch.backends.mkldnn.is_available() and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def keep_memory() -> None:
    """Tell glibc to keep freed memory instead of giving it back after each step: half the time went into page faults."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        for parameter, value in ((-1, 2**31 - 1), (-2, 2**28), (-3, 2**31 - 1)):  # trim, top pad, mmap threshold
            mallopt(parameter, value)


def make_accelerator(*, bf16: bool) -> Accelerator:
    """Accelerate, on the GPUs there are, else on the CPU; processes wait for each other up to a day."""
    from accelerate import Accelerator
    from accelerate.utils import InitProcessGroupKwargs

    return Accelerator(
        mixed_precision="bf16" if bf16 else "no",
        cpu=not torch.cuda.is_available(),
        step_scheduler_with_optimizer=False,
        kwargs_handlers=[InitProcessGroupKwargs(timeout=timedelta(days=1))],  # the first one alone reads the text
    )


def read_settings(kind: type, path: Path) -> dict[str, Any]:
    """Read a preset: a TOML file of the names of a dataclass of settings.

    Raises:
        InputError: The file is missing or damaged, names something else, or a value is of another type.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"the preset cannot be read: {reason_of(error)}.", "Give a TOML file.", path=path) from None
    types = {field.name: str(field.type) for field in dataclasses.fields(kind)}
    for name, value in read.items():
        if name not in types:
            raise InputError(f"the preset sets {name!r}.", f"Known are {', '.join(types)}.", path=path)
        if not is_of(value, types[name]):
            raise InputError(f"{name} is {value!r} in the preset.", f"It must be of type {types[name]}.", path=path)
    return {name: tuple(value) if isinstance(value, list) else value for name, value in read.items()}


def parse_settings(kind: type, given: Sequence[str]) -> dict[str, Any]:
    """Settings of a dataclass, each as NAME=VALUE; a value is written as in TOML, a text also without quotes.

    Raises:
        InputError: A name is not known, or a value is of another type.
    """
    return parse_values({field.name: str(field.type) for field in dataclasses.fields(kind)}, given)


class LoopState:
    """Where a loop is: its attributes are part of every checkpoint."""

    def state_dict(self) -> dict[str, Any]:
        """What Accelerate keeps."""
        return dict(vars(self))

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what was kept."""
        vars(self).update(state)


@contextmanager
def enough_memory(name: str, value: object) -> Iterator[None]:
    """Say which setting to lower where memory runs out.

    Raises:
        TrainingError: It did.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:  # torch.OutOfMemoryError is a RuntimeError
        text = str(error).lower()
        if not isinstance(error, MemoryError) and not any(sign in text for sign in _MEMORY):
            raise
        raise TrainingError(
            f"the memory does not suffice for {name} = {value}.",
            f"Lower {name}, and raise accumulate to learn from as much in a step.",
        ) from None


class RunFolder:
    """The folder `OUT.run`: what was asked, log, checkpoints, the best weights so far.

    Args:
        asked: What is asked of the run; a run that was asked for something else is not gone on with.
        out: The folder to come.
        resume: Go on with what is there; learning rates, `clip` and `checkpoint_minutes` may be others than before.
        is_main: Whether this process is the one that writes.
        minutes: Time between two checkpoints.

    Raises:
        TrainingError: An interrupted run is there and is not to be resumed, or was asked for something else.
    """

    def __init__(self, asked: Mapping[str, Any], out: Path, *, resume: bool, is_main: bool, minutes: float):
        self.out = out
        self.folder = out.with_name(out.name + ".run")
        self.is_main = is_main
        self.every = minutes * 60
        self.asked = json.loads(json.dumps(asked))
        path = self.folder / _ASKED
        if is_main and self.folder.exists() and not resume:
            raise TrainingError("an interrupted run is there.", "Go on with --resume, or delete it.", path=self.folder)
        self.resumed = self.last_checkpoint() is not None
        if is_main and resume and path.is_file():
            try:
                before = json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                before = None
            if not isinstance(before, dict):
                raise TrainingError("the interrupted run is damaged.", "Delete it.", path=path)
            differ = [name for name in self.asked if before.get(name) != self.asked[name]]
            if differ := [name for name in differ if name not in _MAY_CHANGE]:
                raise TrainingError(
                    f"the interrupted run was asked for something else: {', '.join(differ)}.",
                    "Ask for the same, or delete it.",
                    path=self.folder,
                )
        self.last = self.since = time.perf_counter()
        self._counts: dict[str, int] = {}
        self._board: Any = None

    def begin(self) -> None:
        """Make the folder, now that nothing that was asked is refused any more."""
        if self.is_main:
            with reporting(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                with writing(self.folder / _ASKED) as aside:
                    aside.write_text(json.dumps(self.asked, indent=2) + "\n", encoding="utf-8")
                self._cut_log()

    def discard(self) -> None:
        """Leave nothing behind of a run that cannot go on."""
        if self._board is not None:
            self._board.close()
        if self.is_main:
            shutil.rmtree(self.folder, ignore_errors=True)

    def finished(self) -> dict[str, Any] | None:
        """What came of a run that is not to be gone on with, since it came to its end: the last line of its log."""
        log = self.out / _LOG
        if self.folder.exists() or not log.is_file():
            return None
        with suppress(OSError, ValueError, IndexError):
            row = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
            return row if isinstance(row, dict) and "steps" in row else None
        return None

    def last_checkpoint(self) -> Path | None:
        """The newest whole checkpoint."""
        paths = (self.folder / CHECKPOINT, self.folder / _BEFORE)
        return next((path for path in paths if path.is_dir()), None)

    def load(self, accelerator: Accelerator) -> Path | None:
        """Take everything back to the last checkpoint, where there is one."""
        if (path := self.last_checkpoint()) is not None:
            try:
                accelerator.load_state(str(path))
            except Exception as error:  # of PyTorch, safetensors, pickle: whatever half a file makes of them
                first = " ".join(str(error).split())[:200]
                raise TrainingError(
                    f"the checkpoint cannot be read: {first}.", f"Delete {self.folder} and begin anew.", path=path
                ) from None
        return path

    def checkpoint(
        self,
        accelerator: Accelerator,
        *,
        now: bool | None = None,
        more: Callable[[Path], None] = lambda folder: None,
    ) -> None:
        """Write one where it is due: aside, then renamed, so that there is always a whole one.

        Args:
            accelerator: What knows the model, the optimizer and whatever was registered with it.
            now: Whether it is due; by the time where None.
            more: Writes what else belongs to it, called in every process.
        """
        due = time.perf_counter() - self.last >= self.every if now is None else now
        if accelerator.num_processes > 1:  # all of them must agree
            due = bool(accelerator.reduce(torch.tensor(float(due), device=accelerator.device), "sum").item())
        if not due:
            return
        self.last = time.perf_counter()
        aside, path = self.folder / "checkpoint.new", self.folder / CHECKPOINT
        kept = self.last_checkpoint()
        whole = f"The last whole checkpoint is {kept}; free" if kept else "There is no checkpoint yet: free"
        with reporting(self.folder, f"{whole} some space and go on with --resume."):
            if self.is_main:
                shutil.rmtree(aside, ignore_errors=True)
                self._flush()
                log = self.folder / _LOG
                aside.mkdir()
                (aside / "log_size").write_text(str(log.stat().st_size if log.is_file() else 0))
            accelerator.wait_for_everyone()
            accelerator.save_state(str(aside))
            more(aside)
            accelerator.wait_for_everyone()
            if self.is_main:
                before = self.folder / _BEFORE
                if path.is_dir():
                    shutil.rmtree(before, ignore_errors=True)
                    path.replace(before)
                aside.replace(path)
                shutil.rmtree(before, ignore_errors=True)
            accelerator.wait_for_everyone()

    def _cut_log(self) -> None:
        """Forget what was logged after the checkpoint: it will be logged again."""
        path = self.last_checkpoint()
        n_bytes = int((path / "log_size").read_text()) if path else 0
        log = self.folder / _LOG
        if log.is_file():
            log.write_bytes(log.read_bytes()[:n_bytes])

    def check_finite(self, loss: float, gradient: float, step: int, n_steps: int) -> None:
        """Stop a run whose weights would be lost by the next step.

        Raises:
            TrainingError: One of the two is no finite number; the message names the last good checkpoint.
        """
        if math.isfinite(loss + gradient):
            return
        what = f"a gradient is {gradient}" if math.isfinite(loss) else f"the loss is {loss}"
        if (kept := self.last_checkpoint()) is None:
            self.discard()
        remedy = f"The last good state is {kept}: go on from there with --resume and a lower learning rate."
        best = self.folder / _BEST
        if kept and best.is_dir():
            remedy += f" {best} is the best model so far."
        raise TrainingError(
            f"{what} at step {step} of {n_steps}.",
            remedy if kept else "Lower the learning rate. No checkpoint was due yet.",
            path=self.out,
        )

    def tick(self, row: Mapping[str, Any], **counts: int) -> None:
        """Log the first step and every tenth one.

        Args:
            row: What is known of the step; `step` is its number.
            counts: What went through in this step, by name: rates per second are logged.
        """
        for name, n in counts.items():
            self._counts[name] = self._counts.get(name, 0) + n
        now = time.perf_counter()
        if self.is_main and (row["step"] % 10 == 0 or row["step"] == 1):
            took = max(now - self.since, 1e-9)
            rates = {f"{name}_per_second": round(n / took, 1) for name, n in self._counts.items()}
            self.log({**row, **rates}, "train", row["step"])
            self._counts = {}
            self.since = now

    def log(self, row: Mapping[str, Any], part: str, step: int) -> None:
        """Append a row to `log.jsonl`, and its numbers to the part `train`, `held_out` or `run` of TensorBoard."""
        with reporting(self.folder):
            with (self.folder / _LOG).open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            if self._board is None:
                from torch.utils.tensorboard import SummaryWriter

                self._board = SummaryWriter(str(self.folder / _BOARD))
            for name, value in row.items():
                if name not in ("epoch", "step") and isinstance(value, int | float):
                    self._board.add_scalar(f"{part}/{name}", value, step)

    def _flush(self) -> None:
        if self._board is not None:
            self._board.flush()

    def keep(self, save: Callable[[Path], None]) -> None:
        """Keep these weights as the best so far; `save` writes them into a folder."""
        aside, path = self.folder / "best.new", self.folder / _BEST
        with reporting(self.folder):
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            save(aside)
            shutil.rmtree(path, ignore_errors=True)
            aside.replace(path)

    def finish(self, names: Sequence[str], card: str) -> None:
        """Make the folder of the best weights, the log and a `README.md`, and drop the rest.

        Args:
            names: What the folder may hold, see `writing_folder`.
            card: The text of `README.md`.
        """
        if self._board is not None:
            self._board.close()
        with writing_folder(self.out, names) as folder:
            shutil.copytree(self.folder / _BEST, folder, dirs_exist_ok=True)
            shutil.copy(self.folder / _LOG, folder / _LOG)
            if (self.folder / _BOARD).is_dir():
                shutil.copytree(self.folder / _BOARD, folder / _BOARD)
            (folder / "README.md").write_text(card, encoding="utf-8")
        shutil.rmtree(self.folder, ignore_errors=True)


def set_rates(optimizer: Any, schedule: Any, rates: Sequence[Any]) -> None:
    """Go on with these highest learning rates, one for each group of parameters, in place of those of the checkpoint.

    Args:
        optimizer, schedule: As Accelerate prepared them, with their state loaded; the schedule is a `LambdaLR`.
        rates: The highest learning rates.
    """
    inner = schedule.scheduler
    inner.base_lrs = list(rates)
    inner._last_lr = [rate * part(inner.last_epoch) for rate, part in zip(rates, inner.lr_lambdas, strict=True)]
    for group, rate, now in zip(optimizer.param_groups, rates, inner._last_lr, strict=True):
        group["initial_lr"], group["lr"] = rate, now


@contextmanager
def reporting(path: Path, remedy: str = "Check the path and the free space.") -> Iterator[None]:
    """Make `OutputError` of a full disk and its like."""
    try:
        yield
    except OSError as error:
        raise OutputError(f"it cannot be written: {error.strerror or error}.", remedy, path=path) from None
    except Exception as error:  # torch and safetensors report a full disk by errors of their own
        text = str(error)
        if any(sign in text for sign in ("No space left", "I/O error", "failed finding central directory", "write")):
            raise OutputError(f"it cannot be written: {text.splitlines()[0]}.", remedy, path=path) from None
        raise
