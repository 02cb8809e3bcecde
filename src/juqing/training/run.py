"""A training run of a network: what was asked, the loop, its checkpoints, its log.

The loop stands on Accelerate: the same code runs on a CPU, a GPU, or under `torchrun` on several of either. A run keeps its
state in `NAME.run` beside the model folder to come (`juqing.runs`); killed and called again with `resume`, it goes on as if
nothing had happened, to the last bit on one machine.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from juqing.errors import InputError, JuqingError, LabelError, ModelError
from juqing.outputs import check_folder, writing_folder
from juqing.pretraining.scratch import ScratchConfig, write_encoder
from juqing.reading.table import LabeledScript
from juqing.recognition.encoders import (
    MODEL_FILES,
    NetworkRecognizer,
    Reader,
    encoder_layers,
    load_encoder,
    longest_input,
)
from juqing.recognition.heads import HEADS, losses
from juqing.recognition.pair import PairReader, PairRecognizer
from juqing.recognition.scene import SceneReader, SceneRecognizer, check_window
from juqing.runs import (
    LoopState,
    RunFolder,
    enough_memory,
    has_bf16,
    keep_memory,
    make_accelerator,
    parse_settings,
    read_settings,
    reporting,
    set_rates,
)
from juqing.runtime import read_config
from juqing.scores import Recognizer
from juqing.text.corpus import Corpus
from juqing.text.pseudonyms import draw_names
from juqing.text.windows import named_lines, reading_names
from juqing.training import fingerprint
from juqing.training.evaluation import evaluate, known_rows
from juqing.training.tasks import Batch, PairTask, SceneTask, Task

if TYPE_CHECKING:
    from accelerate import Accelerator

Progress = Callable[[float, float], None]
"""Called with the steps done and the steps in all."""

_SHORTEST = 16
_START = "start"
_UNKNOWN = 0.3  # part of all tokens that a tokenizer may not know
_AVERAGED = 8  # at most this part of a run is averaged, so that a short one does not keep its beginning
_LOOKED_AT = 20  # scripts
_N_NAMES = 2000  # invented ones, of whose characters a tokenizer should know most


@dataclass(frozen=True)
class RunConfig:
    """What is asked of a run; the values are those of `presets/scene.toml` and `presets/pair.toml`, which say why.

    Attributes:
        kind: `scene` or `pair`.
        encoder: A Hugging Face folder, a hub name, or the folder of an earlier run, whose head is taken too where it fits.
        head: `regress`, `classify` or `ordinal`.
        layers: The encoder's layers to keep; all where empty.
        epochs: Times that all labeled cues are learned from.
        learning_rate: Of the encoder's last layer, the highest of the schedule (linear, with warm-up).
        head_learning_rate: Of the layers above the encoder.
        layer_decay: The learning rate of a layer beside that of the layer above it.
        weight_decay: Of AdamW; biases and norms have none.
        warmup: Part of all steps in which the learning rate rises.
        batch_tokens: Tokens in one forward pass, padding included.
        accumulate: Forward passes in one step.
        clip: The largest norm of the gradient.
        dropout: Before the outputs.
        encoder_dropout: Inside the encoder.
        token_dropout: Part of all tokens that are hidden from the encoder while it learns.
        freeze_embeddings: Whether the vectors of tokens stay as they are.
        frozen: Whether the whole encoder does: its states are features, and only the layers above it learn.
        keep_names: Part of the names that are not replaced by invented ones, anew each epoch.
        average: Decay per step of the running average of weights that is kept; 0 keeps the last weights. At most 1 - 8 / n_steps.
        budget, leading, trailing: Lengths of windows in tokens (`WindowSettings`); for `pair` the longest input is `budget`.
        checkpoint_minutes: Time between two checkpoints.
        seed: Of everything random.
    """

    kind: str
    encoder: str
    head: str = "regress"
    layers: tuple[int, ...] = ()
    epochs: int = 4
    learning_rate: float = 2e-4
    head_learning_rate: float = 5e-4
    layer_decay: float = 0.9
    weight_decay: float = 0.01
    warmup: float = 0.1
    batch_tokens: int = 2048
    accumulate: int = 1
    clip: float = 1.0
    dropout: float = 0.1
    encoder_dropout: float = 0.0
    token_dropout: float = 0.1
    freeze_embeddings: bool = True
    frozen: bool = False
    keep_names: float = 0.1
    average: float = 0.0
    budget: int = 256
    leading: int = 64
    trailing: int = 32
    checkpoint_minutes: float = 5.0
    seed: int = 0

    kinds: ClassVar[tuple[str, ...]] = ("scene", "pair")

    def __post_init__(self) -> None:
        kinds: dict[str, Any] = {"kind": self.kinds, "head": tuple(HEADS)}
        for name, known in kinds.items():
            if getattr(self, name) not in known:
                raise InputError(f"{name} is {getattr(self, name)!r}.", f"Choose one of {', '.join(known)}.")
        for name in ("warmup", "dropout", "encoder_dropout", "token_dropout", "keep_names", "average"):
            if not 0 <= getattr(self, name) < 1 and not (name == "keep_names" and self.keep_names == 1):
                raise InputError(f"{name} is {getattr(self, name)}.", "It is a part of 1: 0 or more, below 1.")
        for name in ("epochs", "batch_tokens", "accumulate", "learning_rate", "layer_decay", "clip"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must be above 0.")
        for name in ("head_learning_rate", "weight_decay", "leading", "trailing", "checkpoint_minutes"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must not be below 0.")
        if self.budget < _SHORTEST:
            raise InputError(f"budget is {self.budget}.", f"An input needs room for {_SHORTEST} tokens.")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed is {self.seed}.", "It is a whole number from 0 to 4294967295.")

    def asked(self) -> dict[str, Any]:
        """What tells a run from others: all settings, a folder by its whole path."""
        encoder = str(Path(self.encoder).resolve()) if Path(self.encoder).is_dir() else self.encoder
        return {**dataclasses.asdict(self), "encoder": encoder}

    def settings(self) -> dict[str, Any]:
        """What the network itself must know."""
        names = ("head", "dropout", "budget", "leading", "trailing")
        return {name: getattr(self, name) for name in (names if self.kind == "scene" else names[:3])}


@dataclass(frozen=True)
class TransformerConfig(RunConfig):
    """What is asked of a run whose encoder begins from nothing; the values are those of `presets/transformer.toml`.

    The network is a scene reader. Its tokenizer is learned from the labeled scripts, its encoder is a BERT with random weights
    (`juqing.pretraining.scratch`).

    Attributes:
        tokenizer, vocabulary_size, dim, n_layers, n_heads: See `juqing.pretraining.scratch.ScratchConfig`.
    """

    encoder: str = ""
    freeze_embeddings: bool = False
    tokenizer: str = "wordpiece"
    vocabulary_size: int = 8000
    dim: int = 256
    n_layers: int = 4
    n_heads: int = 4

    kinds: ClassVar[tuple[str, ...]] = ("transformer",)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.encoder or self.layers:
            raise InputError("an encoder is named, and one from nothing is asked for.", "Ask for one of the two.")
        if self.freeze_embeddings or self.frozen:
            name = "frozen" if self.frozen else "freeze_embeddings"
            raise InputError(f"{name} is true.", "The weights of an encoder from nothing are random: they must learn.")
        self._start()

    def _start(self) -> ScratchConfig:
        names = ("tokenizer", "vocabulary_size", "dim", "n_layers", "n_heads", "seed")
        return ScratchConfig(**{name: getattr(self, name) for name in names})

    def write_encoder(self, labeled: Sequence[LabeledScript], folder: Path) -> None:
        """Learn the tokenizer from the scripts that are learned from, with the names that a run may write into them, and write the encoder.

        Raises:
            InputError: The scripts have no text.
            OutputError: The folder cannot be written.
        """
        lines = [line for item in labeled for line in named_lines(item.script, reading_names(item.script))]
        names = draw_names(map(str, range(_N_NAMES)), Random(self.seed)).values()
        write_encoder(self._start(), Corpus([lines, list(names)]), folder)

    def with_encoder(self, encoder: Path) -> RunConfig:
        """The run of a scene reader that this is, once the encoder is there."""
        names = [field.name for field in dataclasses.fields(RunConfig)]
        return RunConfig(**{**{name: getattr(self, name) for name in names}, "kind": "scene", "encoder": str(encoder)})


def preset(kind: str) -> Path:
    """The package's own settings for a kind of network."""
    return Path(__file__).parent / "presets" / f"{kind}.toml"


def load_config(path: Path, settings: Sequence[str] = (), **changes: Any) -> RunConfig:
    """Read a preset, a TOML file of the names of `RunConfig`, or of `TransformerConfig` where that is its kind.

    Args:
        path: The file.
        settings: NAME=VALUE, which take precedence over it.
        changes: What is not None among these takes precedence over all.

    Raises:
        InputError: The file is missing or damaged, or names something else.
    """
    wanted = changes.get("kind") or read_settings(TransformerConfig, path).get("kind")
    kind = TransformerConfig if wanted in TransformerConfig.kinds else RunConfig
    values = {**read_settings(kind, path), **parse_settings(kind, settings)}
    values.update((name, value) for name, value in changes.items() if value is not None)
    if kind is RunConfig and "encoder" not in values:
        raise InputError("no encoder is named.", "Give one with --encoder, or in the preset.", path=path)
    return kind(**values)


def build_reader(config: RunConfig) -> Reader:
    """The network that a run starts from.

    Raises:
        ModelError: The encoder cannot be loaded, or the windows do not fit it.
    """
    torch.manual_seed(config.seed)
    encoder, tokenizer = load_encoder(config.encoder, layers=config.layers, dropout=config.encoder_dropout)
    if config.kind == "pair":
        if config.budget > (longest := longest_input(encoder)):
            raise ModelError(
                f"inputs of {config.budget} tokens are longer than the encoder reads ({longest}).", "Shorten --window."
            )
        reader: Reader = PairReader(encoder, tokenizer, config.settings())
    else:
        reader = SceneReader(encoder, tokenizer, config.settings())
        check_window(reader.window, encoder)
    if has_top(config):
        reader.load_top(Path(config.encoder))
    if config.frozen:
        reader.freeze()
    elif config.freeze_embeddings:
        encoder.get_input_embeddings().weight.requires_grad_(False)  # type: ignore[union-attr]
    return reader


def has_top(config: RunConfig) -> bool:
    """Whether the encoder is that of a run of the same kind and head, whose other layers are gone on with too.

    Raises:
        ModelError: The folder's `config.json` is damaged.
    """
    source = Path(config.encoder)
    if not (source / "encoder").is_dir() or not (source / "config.json").is_file():
        return False
    before = read_config(source)
    return (before.get("recognizer"), before.get("settings", {}).get("head")) == (config.kind, config.head)


def make_task(config: RunConfig, reader: Reader, labeled: Sequence[LabeledScript]) -> Task:
    """What the reader learns from."""
    settings: dict[str, Any] = {
        "batch_tokens": config.batch_tokens,
        "keep_names": config.keep_names,
        "seed": config.seed,
    }
    if isinstance(reader, SceneReader):
        return SceneTask(reader, labeled, **settings)
    assert isinstance(reader, PairReader)
    return PairTask(reader, labeled, **settings)


def make_recognizer(reader: Reader, name: str) -> NetworkRecognizer:
    """A recognizer of a trained network."""
    return (SceneRecognizer if isinstance(reader, SceneReader) else PairRecognizer)(reader, name)


def train(
    config: RunConfig,
    labeled: Sequence[LabeledScript],
    out: Path,
    *,
    held_out: Sequence[LabeledScript] = (),
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a network and write its folder.

    Args:
        config: What is asked.
        labeled: Scripts to learn from.
        out: The model folder to write. While the run goes on, its state is in `OUT.run` beside it.
        held_out: Scripts to score after each epoch; the epoch that scores best is kept. The last one where empty.
        resume: Go on with an interrupted run in `OUT.run`; where there is none and the model is there, nothing is done.
        progress: Told after each step.

    Returns:
        The last line of the log: what came of it. `finished` is beside it where that was before this call.

    Raises:
        InputError: The encoder cannot be loaded or does not fit what is asked, or its tokenizer does not know the text.
        LabelError: There are no labels.
        TrainingError: The loss is no number any more, memory ran out, or an interrupted run does not fit.
        OutputError: The disk is full, or the folder cannot be written.
    """
    from accelerate.utils import set_seed

    check_folder(out, MODEL_FILES)
    if held_out and not any(known_rows(item.labels, item.weights).any() for item in held_out):
        raise LabelError("the scripts that are held out have no labels.", "Hold out others.")
    keep_memory()
    accelerator = make_accelerator(bf16=has_bf16())
    is_main = accelerator.is_main_process
    asked_of_run = {
        **config.asked(), "learned": fingerprint(labeled), "held_out": fingerprint(held_out),
        "processes": accelerator.num_processes,
    }  # fmt: skip
    run = RunFolder(asked_of_run, out, resume=resume, is_main=is_main, minutes=config.checkpoint_minutes)
    if resume and (before := run.finished()) is not None:
        return {**before, "finished": True}
    asked, was_there = config, run.folder.exists()
    accelerator.wait_for_everyone()
    try:
        if isinstance(config, TransformerConfig):
            start = run.folder / _START
            if is_main and not start.is_dir():
                config.write_encoder(labeled, start)
            accelerator.wait_for_everyone()
            config = config.with_encoder(start)
        set_seed(config.seed)
        reader = build_reader(config)
        task = make_task(config, reader, labeled)
        _check_known(reader, labeled, config.encoder)
        n_steps_of = _steps(task, config, accelerator.num_processes)
        n_steps = [n_steps_of(epoch) for epoch in range(config.epochs)]
        optimizer = _optimizer(reader, config)
    except JuqingError:
        if not was_there:
            run.discard()
        raise
    run.begin()
    accelerator.wait_for_everyone()
    if not run.resumed and not has_top(config):
        _prepare_head(reader, task, config.head)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _linear(sum(n_steps), config.warmup))
    rates = list(schedule.base_lrs)
    average = None
    if decay := min(config.average, max(0.0, 1 - _AVERAGED / sum(n_steps))):
        average = AveragedModel(reader, device=accelerator.device, multi_avg_fn=get_ema_multi_avg_fn(decay))
    model, optimizer, schedule = accelerator.prepare(reader, optimizer, schedule)
    state = _State()
    accelerator.register_for_checkpointing(state)
    if average is not None:
        accelerator.register_for_checkpointing(average)
    if run.load(accelerator) is not None:
        set_rates(optimizer, schedule, rates)
    done: dict[str, Any] = {}
    started = time.perf_counter()
    for epoch in range(state.epoch, config.epochs):
        model.train()
        plan = task.plan(epoch)
        norm = task.total_weight / len(plan)
        for step, mine in _shares(plan, config.accumulate, accelerator):
            if step < state.step:
                continue
            with enough_memory("batch_tokens", config.batch_tokens):
                loss, n_cues, n_tokens = _learn(model, task, mine, norm, config, accelerator)
            size = float(accelerator.clip_grad_norm_(model.parameters(), config.clip))  # type: ignore[arg-type]
            run.check_finite(loss, size, state.total + 1, sum(n_steps))
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            if average is not None:
                average.update_parameters(accelerator.unwrap_model(model))
            state.step, state.total = step + 1, state.total + 1
            run.tick(
                {"epoch": epoch + 1, "step": state.total, "loss": round(loss, 6), **_rates(optimizer)},
                pairs=n_cues * accelerator.num_processes, tokens=n_tokens * accelerator.num_processes,
            )  # fmt: skip
            if progress and is_main:
                progress(state.total, sum(n_steps))
            run.checkpoint(accelerator)
        state.epoch, state.step = epoch + 1, 0
        best: Any = average.module if average is not None else accelerator.unwrap_model(model)
        if held_out and is_main:
            done = {"epoch": epoch + 1, **measure(make_recognizer(best, out.name), held_out)}
            run.log(done, "held_out", epoch + 1)
            if done["rmse"] < state.best:
                state.best, state.best_epoch = done["rmse"], epoch + 1
                run.keep(lambda folder, best=best, done=done: best.save(folder, {"rmse": done["rmse"]}))
        elif is_main and epoch + 1 == config.epochs:
            run.keep(best.save)
        accelerator.wait_for_everyone()
        run.checkpoint(accelerator, now=epoch + 1 < config.epochs)
    done |= {"seconds": round(time.perf_counter() - started, 1), "steps": state.total, "n_labeled": task.n_labeled}
    if held_out and math.isfinite(state.best):
        done |= {"best_rmse": state.best, "best_epoch": state.best_epoch}
    if is_main:
        run.log(done, "held_out" if "rmse" in done else "run", done.get("epoch", state.total))
        run.finish(MODEL_FILES, _card(out.name, reader.kind, asked, labeled, held_out, done))
    accelerator.wait_for_everyone()
    return done


def _learn(
    model: nn.Module,
    task: Task,
    mine: Sequence[tuple[list[int], bool]],
    norm: float,
    config: RunConfig,
    accelerator: Accelerator,
) -> tuple[float, int, int]:
    """Gradients of one step's batches: the loss, cues and tokens."""
    total, n_cues, n_tokens = 0.0, 0, 0
    for k, (group, counts) in enumerate(mine):
        batch = task.batch(group)
        quiet = accelerator.no_sync(model) if k + 1 < len(mine) else nullcontext()
        with quiet:
            raw = model(**_hidden(batch, task, config, accelerator))
            weights = batch.weights.to(raw.device) * float(counts)
            loss = (losses(raw.float(), batch.labels.to(raw.device), config.head) * weights).sum() / (norm * len(mine))
            accelerator.backward(loss)
        total += loss.item()
        n_cues += int((weights > 0).sum())
        n_tokens += batch.n_tokens
    return total, n_cues, n_tokens


def _hidden(batch: Batch, task: Task, config: RunConfig, accelerator: Accelerator) -> dict[str, torch.Tensor]:
    """The inputs of a batch with some tokens hidden."""
    inputs = {name: tensor.to(accelerator.device) for name, tensor in batch.inputs.items()}
    if config.token_dropout:
        ids = inputs["token_ids"]
        chosen = torch.rand(ids.shape, device=ids.device) < config.token_dropout
        chosen &= (inputs["mask"] > 0) & (ids != task.reader.tokenizer.cls) & (ids != task.reader.tokenizer.sep)
        inputs["token_ids"] = ids.masked_fill(chosen, task.reader.tokenizer.hidden)
    return inputs


def _prepare_head(reader: Reader, task: Task, head: str) -> None:
    """Begin with the mean label as everybody's prediction: the first steps need not learn it."""
    last = list(reader.top.modules())[-1]
    assert isinstance(last, nn.Linear)
    mean = torch.from_numpy(task.mean_label()).float()
    with torch.no_grad():
        last.weight.normal_(std=0.01)
        last.bias.zero_()
        if head == "regress":
            last.bias.copy_(mean)
        elif head == "ordinal":
            rates = torch.stack([mean * f for f in (0.7, 0.22, 0.08)], dim=1).clamp(1e-3, 1 - 1e-3)
            last.bias.copy_(torch.logit(rates).flatten())
        else:
            rates = torch.stack([1 - 0.7 * mean, *(mean * f for f in (0.48, 0.14, 0.08))], dim=1).clamp(min=1e-3)
            last.bias.copy_(rates.log().flatten())


def _steps(task: Task, config: RunConfig, n_processes: int) -> Callable[[int], int]:
    return lambda epoch: -(-len(task.plan(epoch)) // (config.accumulate * n_processes))


def _shares(
    plan: list[list[int]], accumulate: int, accelerator: Accelerator
) -> Iterator[tuple[int, list[tuple[list[int], bool]]]]:
    """For each step the batches of this process; where the last step has too few, one is repeated and does not count."""
    size = accumulate * accelerator.num_processes
    for step, start in enumerate(range(0, len(plan), size)):
        part = [(group, True) for group in plan[start : start + size]]
        part += [(plan[0], False)] * (size - len(part))
        yield step, part[accelerator.process_index :: accelerator.num_processes]


def _linear(n_steps: int, warmup: float) -> Callable[[int], float]:
    rise = max(1, round(n_steps * warmup))
    return lambda step: min((step + 1) / rise, max(0.0, (n_steps - step) / max(1, n_steps - rise)))


def _optimizer(reader: Reader, config: RunConfig) -> torch.optim.Optimizer:
    """AdamW with a learning rate for each depth. Loshchilov & Hutter (2019); layer-wise rates, Howard & Ruder (2018)."""
    layers = encoder_layers(reader.encoder) or [reader.encoder]  # one depth where layers share their weights
    depth = {parameter: k for k, layer in enumerate(layers) for parameter in layer.parameters()}
    groups: dict[tuple[str, float, float], list[nn.Parameter]] = {}
    for name, parameter in reader.named_parameters():
        if not parameter.requires_grad:
            continue
        part = "encoder" if name.startswith("encoder.") else "head"
        if part == "encoder":
            rate = config.learning_rate * config.layer_decay ** (len(layers) - 1 - depth.get(parameter, -1))
        else:
            rate = config.head_learning_rate
        decay = config.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((part, rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [
            {"params": parameters, "lr": rate, "weight_decay": decay, "part": part}
            for (part, rate, decay), parameters in groups.items()
        ],
        fused=True,
    )


def _rates(optimizer: torch.optim.Optimizer) -> dict[str, float]:
    """The learning rates of the next step: the highest of the encoder, where it learns, and that of the head."""
    names = {"encoder": "learning_rate", "head": "head_learning_rate"}
    rates: dict[str, float] = {}
    for group in optimizer.param_groups:
        name = names[group["part"]]
        rates[name] = max(group["lr"], rates.get(name, 0.0))
    return rates


def _check_known(reader: Reader, labeled: Sequence[LabeledScript], encoder: str) -> None:
    """Raise `ModelError` where a tokenizer does not know the signs of the text, as one of another language would."""
    lines = [line for item in labeled[:_LOOKED_AT] for line in named_lines(item.script, reading_names(item.script))]
    if (part := reader.tokenizer.unknown_part(lines)) > _UNKNOWN:
        raise ModelError(
            f"the tokenizer of {encoder!r} does not know {part:.0%} of the text.",
            "Take an encoder that reads the language of the scripts.",
        )


def measure(recognizer: Recognizer, labeled: Sequence[LabeledScript]) -> dict[str, float]:
    """RMSE, score and mean correlation of a recognizer on labeled scripts, weighted by confidence."""
    evaluation = evaluate(labeled, [recognizer.score(item.script).values for item in labeled])
    assert evaluation is not None  # `train` looked at the labels
    figures = {"rmse": evaluation.rmse, "score": evaluation.score, "pearson": evaluation.mean_pearson}
    return {name: round(figure, 5) for name, figure in figures.items()}


class _State(LoopState):
    """Where a run is; part of every checkpoint."""

    def __init__(self) -> None:
        self.epoch, self.step, self.total = 0, 0, 0
        self.best, self.best_epoch = math.inf, 0


def average_runs(runs: Sequence[Path], out: Path) -> None:
    """Average the weights of runs that began with the same ones, and write a model folder.

    Wortsman et al., "Model soups" (2022): runs of one start lie in one valley, and the middle of it is flatter.

    Raises:
        ModelError: A folder is no network, or the networks differ in shape.
    """
    from juqing.runtime import load

    if not runs:
        raise InputError("no runs are named.", "Give at least one folder.")
    readers = []
    for run in runs:
        reader = getattr(load(run), "reader", None)
        if not isinstance(reader, Reader):
            raise ModelError("only trained networks are averaged.", "Give folders of `juqing train scene`.", path=run)
        readers.append(reader)
    mean = readers[0]
    states = [reader.state_dict() for reader in readers]
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    for run, shape, reader in zip(runs, shapes, readers, strict=True):
        if shape != shapes[0] or reader.settings != mean.settings or reader.kind != mean.kind:
            raise ModelError(f"it is of another shape than {runs[0]}.", "Average runs of one recipe.", path=run)
        if not reader.tokenizer.same_as(mean.tokenizer):
            raise ModelError(f"its tokenizer is not that of {runs[0]}.", "Average runs of one encoder.", path=run)
    with torch.no_grad():
        for name, tensor in mean.state_dict().items():
            if tensor.is_floating_point():
                tensor.copy_(torch.stack([state[name].double() for state in states]).mean(0))
    with writing_folder(out, MODEL_FILES) as folder, reporting(out):
        mean.save(folder)
        named = ", ".join(run.name for run in runs)
        (folder / "README.md").write_text(
            f"# {out.name}\n\n- Kind: `{mean.kind}`, the mean weights of {len(runs)} runs: {named}\n"
            "- License, data and scores: to be filled in by whoever passes the model on\n",
            encoding="utf-8",
        )


def _card(
    name: str,
    kind: str,
    config: RunConfig,
    labeled: Sequence[LabeledScript],
    held_out: Sequence[LabeledScript],
    done: dict[str, Any],
) -> str:
    asked = "\n".join(f"- {key}: {value}" for key, value in dataclasses.asdict(config).items())
    scores = ""
    if "best_epoch" in done:
        titles = ", ".join(item.script.title for item in held_out)
        scores = f"\n- Held out: {titles}\n- Of {config.epochs} epochs the best on them was kept: {done['best_epoch']}, RMSE {done['best_rmse']:.4f}"
    return f"""# {name}

- Kind: `{kind}` (`juqing.recognition.{kind}`), head `{config.head}`
- Output: six strengths in 0..3 for each cue
- Learned from: {len(labeled)} scripts, {done["n_labeled"]:,} labeled cues, {done["steps"]:,} steps{scores}
- License, and whose the data are: to be filled in by whoever passes the model on

## What was asked

{asked}
"""
