"""Masked language modeling: an encoder learns to say which tokens were hidden from it.

Devlin et al., "BERT" (2019), section 3.1: of the tokens that are chosen, 80 % are hidden, 10 % become others, 10 % stay; the loss is
over the chosen ones. They are chosen anew each time (Liu et al., "RoBERTa", 2019), and whole words together, cut by rjieba (Cui et
al., "Pre-training with whole word masking for Chinese BERT", 2021). Words of a list may be chosen more often than others, which
helps a recognizer of emotions (Sosea and Caragea, "eMLM", 2021).

The head is BERT's: a layer, a norm, products with the vectors of the tokens and a bias. It begins with the frequencies of the text,
or with the head that the encoder's folder has.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from juqing.errors import InputError, ModelError, reason_of
from juqing.pretraining.loop import LoopConfig, Task, perplexity_of, run_task
from juqing.pretraining.texts import HELD_OUT, TRAIN, Progress, Windows, has_windows, write_windows
from juqing.recognition.encoders import load_encoder, longest_input
from juqing.text.corpus import Corpus
from juqing.text.windows import TOKENIZER_FILE, LineTokenizer

if TYPE_CHECKING:
    from accelerate import Accelerator
    from transformers import PreTrainedModel

HEAD = "masked_lm.safetensors"
ENCODER_FILES = (
    "config.json", "model.safetensors", TOKENIZER_FILE, "tokenizer_config.json", HEAD, "README.md", "log.jsonl", "tensorboard",
)  # fmt: skip
"""What the folder of a trained encoder holds."""
MEASURED = 500
"""At most so many held-out windows are measured, evenly taken from all of them."""
SAMPLE = 512
"""So many tokens of these windows are hidden one by one for the pseudo-perplexity of Salazar et al."""

# What is known of a token beside its id, in the same 32 bits. Tokens of no word (frame, padding) have none of the three.
_BEGINS, _GOES_ON, _LISTED = 1 << 30, 1 << 29, 1 << 28
_ID = _LISTED - 1
_HIDDEN, _OTHER = (
    0.8,
    0.9,
)  # of the chosen tokens: below the first hidden, up to the second another one, else left as it is
_OWN_HEADS = (  # layer, norm and bias in the folders of BERT, RoBERTa and its like, ELECTRA's generator
    ("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm", "cls.predictions.bias"),
    ("lm_head.dense", "lm_head.layer_norm", "lm_head.bias"),
    ("generator_predictions.dense", "generator_predictions.LayerNorm", "generator_lm_head.bias"),
)


@dataclass(frozen=True)
class MaskedConfig(LoopConfig):
    """What is asked of a run; the values are those of `presets/masked.toml`, which says why.

    Attributes:
        encoder: A Hugging Face folder or a hub name.
        layers: The encoder's layers to keep; all where empty.
        batch_tokens: Tokens in one forward pass.
        head_learning_rate: The highest of the head.
        mask: Part of the words that is chosen.
        whole_words: Whether the tokens of a word are chosen together; else each for itself.
        listed: A file of words, one a line; empty for none.
        mask_listed: Part of the words that hold one of these which is chosen.
        freeze_embeddings: Whether the vectors of tokens stay as they are.
        dropout: Inside the encoder.
    """

    encoder: str = ""
    layers: tuple[int, ...] = ()
    batch_tokens: int = 2048
    head_learning_rate: float = 9e-4
    mask: float = 0.15
    whole_words: bool = True
    listed: str = ""
    mask_listed: float = 0.5
    freeze_embeddings: bool = True
    dropout: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_part("mask", "mask_listed", "dropout")
        self.check_above_zero("mask", "mask_listed", "head_learning_rate")
        if self.batch_tokens < self.window:
            raise InputError(f"batch_tokens is {self.batch_tokens}.", f"A window alone has {self.window} tokens.")
        self.check_source()

    def check_source(self) -> None:
        """Raise `InputError` where it is not said what the run starts from."""
        if not self.encoder:
            raise InputError("no encoder is named.", "Give one with --encoder, or begin from nothing: --from-scratch.")

    def make_encoder(self, corpus: Corpus, folder: Path) -> str:
        """The folder or the name of the encoder that the run starts from; made here where there is none yet."""
        return self.encoder


# Text


def read_listed(path: str) -> re.Pattern[str] | None:
    """What finds the words of a list, one a line, in a word; None where `path` is empty.

    Raises:
        InputError: The file cannot be read or is empty.
    """
    if not path:
        return None
    try:
        words = [word for line in Path(path).read_text(encoding="utf-8").splitlines() if (word := line.strip())]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"the list of words cannot be read: {reason_of(error)}.", "Give one word a line.", path=path
        ) from None
    if not words:
        raise InputError("the list of words is empty.", "Give one word a line.", path=path)
    return re.compile("|".join(map(re.escape, words)))


def marked_tokens(
    lines: Sequence[str], tokenizer: LineTokenizer, *, whole_words: bool = True, listed: re.Pattern[str] | None = None
) -> Iterator[np.ndarray]:
    """The tokens of each line, (n,) int32, with marks in the bits above the id for where words begin.

    Tokens that share a word of rjieba belong together; a token of several words joins them.
    """
    import rjieba

    for line, (ids, offsets) in zip(lines, tokenizer.encode(lines), strict=True):
        marked = np.array(ids, dtype=np.int32)
        if len(ids):
            words = rjieba.cut(line)
            word_of = np.repeat(np.arange(len(words)), [len(word) for word in words])  # (n_characters,)
            places = np.array(offsets).clip(0, len(line))
            first = word_of[places[:, 0].clip(max=len(line) - 1)]
            last = word_of[(places[:, 1] - 1).clip(min=0)]
            begins = np.ones(len(ids), bool)
            if whole_words:
                begins[1:] = first[1:] != last[:-1]
            marked |= np.where(begins, _BEGINS, _GOES_ON).astype(np.int32)
            if listed is not None:
                found = np.array([listed.search(word) is not None for word in words])
                marked |= np.where(found[first] | found[last], _LISTED, 0).astype(np.int32)
        yield marked


def token_windows(
    corpus: Corpus,
    tokenizer: LineTokenizer,
    window: int,
    *,
    whole_words: bool = True,
    listed: re.Pattern[str] | None = None,
) -> Iterator[np.ndarray]:
    """A text as windows `<cls> line <sep> line <sep> ...` of marked tokens, as scenes are read later.

    Consecutive lines are packed; one that is longer than a window goes on in the next. Another file begins a new window.

    Returns:
        Windows of at most `window` tokens, each (n,) int32.
    """
    room = window - 2
    sep = np.array([tokenizer.sep], np.int32)
    current, size, before = [np.array([tokenizer.cls], np.int32)], 1, 0
    for source, block in corpus.blocks():
        lines = [line for each in block.split("\n") if (line := each.strip())]
        for marked in marked_tokens(lines, tokenizer, whole_words=whole_words, listed=listed):
            for start in range(0, len(marked), room):
                piece = marked[start : start + room]
                if start:  # a word that is cut by the end of a window is two
                    piece[0] = (piece[0] & ~_GOES_ON) | _BEGINS
                if size > 1 and (size + len(piece) + 1 > window or source != before):
                    yield np.concatenate(current)
                    current, size = current[:1], 1
                before = source
                current += [piece, sep]
                size += len(piece) + 1
    if size > 1:
        yield np.concatenate(current)


def token_counts(windows: Windows) -> np.ndarray:
    """How often each token is in marked windows, (n_tokens,) int64 up to the last one that is there."""
    counts = np.zeros(0, np.int64)
    for part in windows.parts():
        found = np.bincount(part & _ID, minlength=len(counts))
        found[: len(counts)] += counts
        counts = found
    return counts


@dataclass(frozen=True, slots=True)
class MaskedBatch:
    """Windows with hidden tokens.

    Attributes:
        token_ids: (n_windows, n_tokens) int64, what the encoder sees.
        mask: (n_windows, n_tokens) int64, 1 where there is a token.
        chosen: (n_windows, n_tokens) bool, the tokens to be predicted.
        targets: (n_chosen,) int64, which these are.
    """

    token_ids: np.ndarray
    mask: np.ndarray
    chosen: np.ndarray
    targets: np.ndarray


def mask_words(
    windows: Sequence[np.ndarray],
    random_state: np.random.Generator,
    tokenizer: LineTokenizer,
    *,
    mask: float = 0.15,
    mask_listed: float = 0.5,
    hide_all: bool = False,
) -> MaskedBatch:
    """Put windows side by side and choose words; at least one.

    Each word is chosen with probability `mask`, one of the list with `mask_listed`. Each token of a chosen word is, by itself, hidden
    in 80 of 100 cases, made into any other token in 10 and left as it is in 10; hidden always where `hide_all`.

    Args:
        windows: Marked tokens, each (n,) int32.
        random_state: Draws words and tokens.
        tokenizer: The encoder's.
        mask, mask_listed: In 0..1.
        hide_all: Whether no chosen token stays or becomes another.
    """
    width = max(map(len, windows))
    marked = np.full((len(windows), width), tokenizer.pad, dtype=np.int32)
    there = np.zeros(marked.shape, dtype=np.int64)
    for row, window in enumerate(windows):
        marked[row, : len(window)] = window
        there[row, : len(window)] = 1
    token_ids = (marked & _ID).astype(np.int64)
    begins, in_word = marked & _BEGINS > 0, marked & (_BEGINS | _GOES_ON) > 0
    # Each window begins with a word, so none goes on in the next row.
    word_of = np.cumsum(begins.ravel()).reshape(begins.shape) - 1
    n_words = int(begins.sum())
    listed = np.zeros(n_words, bool)
    listed[word_of[marked & _LISTED > 0]] = True
    picked = random_state.random(n_words) < np.where(listed, mask_listed, mask)
    if not picked.any():
        picked[random_state.integers(n_words)] = True
    chosen = in_word & picked[word_of.clip(min=0)]
    targets = token_ids[chosen]
    seen = np.full(len(targets), tokenizer.hidden)
    if not hide_all:
        frame = [tokenizer.cls, tokenizer.sep, tokenizer.pad, tokenizer.hidden]
        ordinary = np.setdiff1d(np.arange(tokenizer.n_tokens), frame)
        how = random_state.random(len(targets))
        others = ordinary[random_state.integers(len(ordinary), size=len(targets))]
        seen = np.where(how < _HIDDEN, seen, np.where(how < _OTHER, others, targets))
    token_ids[chosen] = seen
    return MaskedBatch(token_ids, there, chosen, targets)


# Model


class MaskedHead(nn.Module):
    """Hidden states to the logits of all tokens: norm(gelu(W h + b)) times the vectors of the tokens, plus a bias for each.

    The vectors are divided by their spread, a number for all of them: encoders differ in it, and the first steps need not learn it.

    Args:
        dim: Width of the hidden states.
        embeddings: (n_tokens, width), the vectors of the tokens.
        eps: Of the norm.
    """

    def __init__(self, dim: int, embeddings: Tensor, eps: float):
        super().__init__()
        n_tokens, width = embeddings.shape
        self.dense = nn.Linear(dim, width)
        self.norm = nn.LayerNorm(width, eps=eps)
        self.bias = nn.Parameter(torch.zeros(n_tokens))
        self.scale = nn.Parameter(torch.ones(()))
        self.spread: Tensor
        self.register_buffer("spread", embeddings.detach().std())
        nn.init.eye_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)

    def forward(self, states: Tensor, embeddings: Tensor) -> Tensor:
        """Logits (n, n_tokens) of states (n, dim)."""
        states = self.norm(F.gelu(self.dense(states)))
        return states @ embeddings.T * (self.scale / (self.spread * states.shape[1] ** 0.5)) + self.bias


class MaskedModel(nn.Module):
    """An encoder and the head that predicts its hidden tokens."""

    def __init__(self, encoder: PreTrainedModel):
        super().__init__()
        self.encoder = encoder
        eps = getattr(encoder.config, "layer_norm_eps", 1e-12)
        self.head = MaskedHead(encoder.config.hidden_size, self.embeddings, eps)

    @property
    def embeddings(self) -> Tensor:
        """The vectors of the tokens, (n_tokens, width)."""
        return self.encoder.get_input_embeddings().weight  # type: ignore[union-attr,return-value]

    def forward(self, token_ids: Tensor, mask: Tensor, chosen: Tensor) -> Tensor:
        """Logits (n_chosen, n_tokens) of the tokens that are chosen, a mask (n_windows, n_tokens), row after row."""
        states = self.encoder(input_ids=token_ids, attention_mask=mask).last_hidden_state
        return self.head(states[chosen], self.embeddings)


def load_masked(
    source: str, *, layers: tuple[int, ...] = (), dropout: float | None = None, counts: np.ndarray | None = None
) -> tuple[MaskedModel, LineTokenizer]:
    """Load an encoder with a head: that of an earlier run, else the checkpoint's own (BERT, RoBERTa, ELECTRA), else a new one.

    Args:
        source: A folder, or the name of an encoder on a hub, which gets a new head.
        layers: The layers to keep; all of them where empty.
        dropout: What to set the encoder's own dropout to; as its configuration says where None.
        counts: (n_tokens,), how often each token is in the text: with them a new head begins.

    Raises:
        ModelError: The encoder cannot be loaded, or its tokenizer or its head do not fit.
    """
    encoder, tokenizer = load_encoder(source, layers=layers, dropout=dropout)
    model = MaskedModel(encoder)
    path = Path(source) / HEAD
    if path.is_file():
        try:
            model.head.load_state_dict(load_file(str(path)))
        except (OSError, SafetensorError, RuntimeError) as error:
            first = " ".join(str(error).split())[:200]
            raise ModelError(
                f"{HEAD} does not fit the encoder ({first}).", "Take the folder as it was written.", path=source
            ) from None
    elif not _load_own_head(model, Path(source)) and counts is not None:
        n_rows = len(model.head.bias)
        frequencies = np.bincount(np.arange(len(counts)), counts, minlength=n_rows)[:n_rows] + 0.1
        with torch.no_grad():
            model.head.bias.copy_(torch.from_numpy(np.log(frequencies / frequencies.sum())))
    return model, tokenizer


def _load_own_head(model: MaskedModel, folder: Path) -> bool:
    """Take the head of a Hugging Face checkpoint, where it has one that is known."""
    path, head = folder / "model.safetensors", model.head
    if not path.is_file():
        return False
    with safe_open(str(path), "pt") as file:
        names = set(file.keys())
        for dense, norm, bias in _OWN_HEADS:
            wanted = {
                "dense.weight": f"{dense}.weight", "dense.bias": f"{dense}.bias", "bias": bias,
                "norm.weight": f"{norm}.weight", "norm.bias": f"{norm}.bias",
            }  # fmt: skip
            if names.issuperset(wanted.values()):
                state = {name: file.get_tensor(theirs) for name, theirs in wanted.items()}
                own = head.state_dict()
                if any(state[name].shape != own[name].shape for name in state):
                    return False
                width = model.embeddings.shape[1]
                head.load_state_dict({**state, "scale": head.spread * width**0.5, "spread": head.spread})
                return True
    return False


def save_masked(model: MaskedModel, tokenizer: LineTokenizer, folder: Path) -> None:
    """Write an encoder folder in Hugging Face's form, and the head beside it."""
    model.encoder.save_pretrained(folder)
    tokenizer.save(folder)
    (folder / "tokenizer_config.json").write_text(json.dumps(tokenizer.special(), indent=2) + "\n", encoding="utf-8")
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.head.state_dict().items()}
    save_file(state, str(folder / HEAD))


# Measures


def masked_perplexity(
    model: MaskedModel, windows: Sequence[np.ndarray], tokenizer: LineTokenizer, *, batch: int = 16
) -> tuple[float, float]:
    """The perplexity of hidden tokens, and the part of them that is guessed right.

    15 % of the words of all windows, drawn with the seed 0 and so always the same, are hidden together, every token of them; the
    perplexity is exp of the mean of -log p(token | what is left) over these tokens. Hidden tokens have each other as missing context:
    it is higher than `pseudo_perplexity`, and needs one pass.
    """
    random_state = np.random.default_rng(0)
    total, right, n = 0.0, 0, 0
    for start in range(0, len(windows), batch):
        made = mask_words(windows[start : start + batch], random_state, tokenizer, mask_listed=0.15, hide_all=True)
        logits = _logits(model, made).float()
        targets = torch.from_numpy(made.targets).to(logits.device)
        total += float(F.cross_entropy(logits, targets, reduction="sum"))
        right += int((logits.argmax(1) == targets).sum())
        n += len(targets)
    return perplexity_of(total / n), right / n


def pseudo_perplexity(
    model: MaskedModel,
    windows: Sequence[np.ndarray],
    tokenizer: LineTokenizer,
    *,
    n_tokens: int | None = None,
    batch: int = 16,
) -> float:
    """The pseudo-perplexity of Salazar et al., "Masked language model scoring" (2020), equation 2 and 3.

    Each token is hidden alone: exp of the mean of -log p(token | all others of its window).

    Args:
        model: An encoder and its head.
        windows: Marked tokens; frames are seen, not predicted.
        tokenizer: The encoder's.
        n_tokens: So many of all tokens, at even distances; all where None.
        batch: Windows in a forward pass.
    """
    places = [(k, t) for k, window in enumerate(windows) for t in np.flatnonzero(window & (_BEGINS | _GOES_ON))]
    if n_tokens is not None and n_tokens < len(places):
        places = [places[i] for i in np.linspace(0, len(places) - 1, n_tokens).round().astype(int)]
    total = 0.0
    for start in range(0, len(places), batch):
        part = places[start : start + batch]
        width = max(len(windows[k]) for k, _ in part)
        token_ids = np.full((len(part), width), tokenizer.pad, np.int64)
        mask, chosen = np.zeros_like(token_ids), np.zeros(token_ids.shape, bool)
        for row, (k, t) in enumerate(part):
            token_ids[row, : len(windows[k])] = windows[k] & _ID
            mask[row, : len(windows[k])] = 1
            chosen[row, t] = True
        targets = token_ids[chosen]
        token_ids[chosen] = tokenizer.hidden
        logits = _logits(model, MaskedBatch(token_ids, mask, chosen, targets)).float()
        total += float(F.cross_entropy(logits, torch.from_numpy(targets).to(logits.device), reduction="sum"))
    return perplexity_of(total / len(places))


@torch.inference_mode()
def _logits(model: nn.Module, made: MaskedBatch) -> Tensor:
    device = next(model.parameters()).device
    return model(*(torch.from_numpy(each).to(device) for each in (made.token_ids, made.mask, made.chosen)))


# Training


class MaskedTask(Task):
    """Windows in an order that each epoch draws anew, with words hidden anew each time."""

    limit = "batch_tokens"

    def __init__(
        self,
        model: MaskedModel,
        tokenizer: LineTokenizer,
        windows: Windows,
        held_out: Windows,
        config: MaskedConfig,
        process: int = 0,
        n_processes: int = 1,
    ):
        self.model: MaskedModel = model  # pyright: ignore[reportIncompatibleVariableOverride]
        self.tokenizer = tokenizer
        self.windows = windows
        self.config = config
        self.process, self.n_processes = process, n_processes
        kept = np.unique(np.linspace(0, len(held_out) - 1, min(MEASURED, len(held_out))).round().astype(int))
        self.measured = [held_out[k] for k in kept.tolist()]
        self._size = config.batch_tokens // config.window
        self._order: tuple[int, np.ndarray] = (-1, np.zeros(0, int))

    def n_batches(self) -> int:
        """Full batches; what is left over has its turn in another epoch."""
        return max(1, len(self.windows) // (self._size * self.n_processes))

    def batch(self, number: int) -> MaskedBatch:
        """A batch of this process; together the processes have the batches that one process has one after the other."""
        per_epoch = self.n_batches() * self.n_processes
        number = number * self.n_processes + self.process
        epoch, place = divmod(number, per_epoch)
        if epoch != self._order[0]:
            self._order = epoch, np.random.default_rng([self.config.seed, epoch]).permutation(len(self.windows))
        chosen = self._order[1][place * self._size : (place + 1) * self._size]
        if not len(chosen):  # fewer windows than processes
            chosen = self._order[1][:1]
        random_state = np.random.default_rng([self.config.seed, epoch, place])
        return mask_words(
            [self.windows[k] for k in sorted(chosen.tolist())], random_state, self.tokenizer,
            mask=self.config.mask, mask_listed=self.config.mask_listed,
        )  # fmt: skip

    def loss(self, model: nn.Module, number: int, accelerator: Accelerator) -> tuple[Tensor, int]:
        """The mean cross-entropy of the chosen tokens."""
        made = self.batch(number)
        arrays = (made.token_ids, made.mask, made.chosen)
        logits = model(*(torch.from_numpy(each).to(accelerator.device) for each in arrays))
        targets = torch.from_numpy(made.targets).to(logits.device)
        return F.cross_entropy(logits.float(), targets), int(made.mask.sum())

    def groups(self) -> list[dict[str, Any]]:
        """Encoder and head, with and without decay."""
        config, groups = self.config, {}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                rate = config.head_learning_rate if name.startswith("head.") else config.learning_rate
                decay = config.weight_decay if parameter.ndim > 1 else 0.0
                groups.setdefault((rate, decay), []).append(parameter)
        return [{"params": each, "lr": rate, "weight_decay": decay} for (rate, decay), each in groups.items()]

    def measure(self) -> dict[str, float]:
        """`masked_perplexity`, and `pseudo_perplexity` of `SAMPLE` tokens."""
        perplexity, accuracy = masked_perplexity(self.model, self.measured, self.tokenizer)
        alone = pseudo_perplexity(self.model, self.measured, self.tokenizer, n_tokens=SAMPLE)
        return {"perplexity": perplexity, "accuracy": accuracy, "pseudo_perplexity": alone}

    def save(self, folder: Path) -> None:
        """See `save_masked`."""
        save_masked(self.model, self.tokenizer, folder)

    def card(self) -> str:
        """What encoder it is."""
        config = self.model.encoder.config
        return (
            f"- Kind: `{config.model_type}` encoder of {config.num_hidden_layers} layers and {config.hidden_size} columns, "
            "trained by `juqing.pretraining.masked`\n"
            f"- {HEAD}: the head that predicts hidden tokens, for going on"
        )


def train_masked(
    config: MaskedConfig,
    corpus: Corpus,
    out: Path,
    *,
    held_out: Corpus | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train an encoder on running text and write its folder, which every command takes that takes an encoder.

    Args:
        config: What is asked; `scratch.ScratchConfig` begins from nothing.
        corpus: The text to learn from.
        out: The folder to write.
        held_out: The text to measure on; every fiftieth window of `corpus` where None.
        resume: Go on with an interrupted run in `OUT.run`.
        progress: Told the steps done, all of them, and what is going on.

    Returns:
        `steps`, `seconds`, and of held-out text `perplexity` and `accuracy` (`masked_perplexity` of at most `MEASURED` windows) and
        `pseudo_perplexity` of `SAMPLE` tokens of them, each also with `_before`.

    Raises:
        InputError, ModelError, TrainingError, OutputError: See `loop.run_task`.
    """
    listed = read_listed(config.listed)

    def make_task(folder: Path, accelerator: Accelerator) -> MaskedTask:
        if accelerator.is_main_process:
            source = config.make_encoder(corpus, folder)
            if not has_windows(folder):
                encoder, tokenizer = load_encoder(source, layers=config.layers)
                if config.window > (longest := longest_input(encoder)):
                    raise ModelError(
                        f"a window of {config.window} tokens is longer than the encoder reads ({longest}).",
                        "Shorten the window.",
                    )
                settings: dict[str, Any] = {"whole_words": config.whole_words, "listed": listed}
                write_windows(
                    token_windows(corpus, tokenizer, config.window, **settings),
                    folder,
                    config.window,
                    held_out=None
                    if held_out is None
                    else token_windows(held_out, tokenizer, config.window, **settings),
                    progress=progress,
                )
        accelerator.wait_for_everyone()
        source = config.make_encoder(corpus, folder)
        windows, kept = (Windows.load(folder, part) for part in (TRAIN, HELD_OUT))
        model, tokenizer = load_masked(
            source, layers=config.layers, dropout=config.dropout, counts=token_counts(windows)
        )
        if config.freeze_embeddings:
            model.embeddings.requires_grad_(False)
        return MaskedTask(model, tokenizer, windows, kept, config, accelerator.process_index, accelerator.num_processes)

    text = {
        "text": corpus.fingerprint(),
        "held_out": "" if held_out is None else held_out.fingerprint(),
        "words": "" if listed is None else listed.pattern,
    }
    return run_task(make_task, config, out, ENCODER_FILES, text=text, resume=resume, progress=progress)
