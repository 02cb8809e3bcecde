"""Recurrent language models: read from left to right, they say which word comes next.

Mikolov et al., "Recurrent neural network based language model" (2010); GRU, Cho et al. (2014); LSTM, Hochreiter and Schmidhuber
(1997). The text is one long row of words, cut into streams that are read side by side; gradients go back through a window, what the
network remembers is carried on to the next one (truncated back-propagation through time; Zaremba et al., "Recurrent neural network
regularization", 2014, with dropout between the layers alone). The vectors of words may serve as the weights of the output too (Press
and Wolf, "Using the output embedding to improve language models", 2017). The training is plainer than that of Merity et al.,
"Regularizing and optimizing LSTM language models" (2018).

A network that also reads from right to left is refused: it would have seen the word that it is asked for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional as F

from juqing.errors import InputError, ModelError
from juqing.outputs import writing
from juqing.pretraining.loop import LoopConfig, Task, perplexity_of, run_task
from juqing.pretraining.texts import HELD_OUT, TRAIN, Progress, Windows, has_windows, write_windows
from juqing.text.corpus import UNITS, Corpus
from juqing.text.vocabulary import Vocabulary

if TYPE_CHECKING:
    from accelerate import Accelerator

CELLS: dict[str, type[nn.RNNBase]] = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
"""The recurrent networks by name; `rnn` is Elman's, with tanh."""
UNKNOWN, END = "<unk>", "</s>"
"""What stands for words outside the vocabulary, and behind each sentence: the first two words of every vocabulary."""
CONFIG, WEIGHTS, WORDS = "config.json", "model.safetensors", "vocabulary.json"
MODEL_FILES = (CONFIG, WEIGHTS, WORDS, "README.md", "log.jsonl", "tensorboard")
"""What the folder of a trained model holds."""
_STREAMS = 16  # in which held-out text is read

State = Tensor | tuple[Tensor, Tensor] | None
"""What a network remembers, (n_layers, n_streams, hidden); of an LSTM two of them; None for nothing yet."""


@dataclass(frozen=True)
class NextWordConfig(LoopConfig):
    """What is asked of a run; the values are those of `presets/next-word.toml`, which says why.

    Attributes:
        cell: One of `CELLS`.
        bidirectional: False: a network that reads both ways sees the word that it is asked for.
        unit: What the text is cut into, see `juqing.text.corpus.UNITS`.
        max_words, min_count: The largest vocabulary, and how often a word must be there to be in it; others are `UNKNOWN`.
        dim: Width of the vectors of words.
        hidden: Width of a layer.
        n_layers: Layers above each other.
        tied: Whether the vectors of words are the weights of the output too; `dim` is `hidden` then.
        dropout: Before, between and behind the layers.
        streams: Places of the text that are read side by side, in each process.
    """

    cell: str = "lstm"
    bidirectional: bool = False
    unit: str = "word"
    max_words: int = 20_000
    min_count: int = 2
    dim: int = 256
    hidden: int = 256
    n_layers: int = 2
    tied: bool = True
    dropout: float = 0.2
    streams: int = 32

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bidirectional or self.cell.startswith("bi"):
            raise InputError(
                "a network that reads both ways is asked for, to predict the next word.",
                "It would see that word: from right to left, it comes first. Take a cell that reads one way, or "
                "`juqing pretrain masked`, which hides what is to be predicted.",
            )
        if self.cell not in CELLS:
            raise InputError(f"cell is {self.cell!r}.", f"Choose one of {', '.join(CELLS)}.")
        if self.unit not in UNITS:
            raise InputError(f"unit is {self.unit!r}.", f"Choose one of {', '.join(UNITS)}.")
        self.check_above_zero("min_count", "dim", "hidden", "n_layers", "streams")
        self.check_part("dropout")
        if self.max_words < 3:
            raise InputError(f"max_words is {self.max_words}.", "It is 3 or more: two are special.")
        if self.tied and self.dim != self.hidden:
            raise InputError(
                f"dim is {self.dim}, hidden {self.hidden}.",
                "Tied, they are the same: change one, or set tied to false.",
            )


# Text


def count_words(corpus: Corpus, *, max_words: int, min_count: int, progress: Progress | None = None) -> Vocabulary:
    """The vocabulary of a text: `UNKNOWN`, `END`, then the most frequent words, with their counts.

    Raises:
        InputError: The text is empty, or no word is frequent enough.
    """
    counts = corpus.counts(None if progress is None else lambda n: progress(n, None, "counting words"))
    n_words = counts.total()
    if not n_words:
        raise InputError("the text is empty.", "Give other text.")
    for special in (UNKNOWN, END):
        counts.pop(special, None)
    kept = Vocabulary.of_counts(counts, min_count=min_count, max_words=max_words - 2)
    n_unknown = n_words - int(kept.counts.sum())
    n_sentences = sum(1 for _, block in corpus.blocks() for line in block.split("\n") if line.strip())
    return Vocabulary([UNKNOWN, END, *kept.words], [n_unknown, n_sentences, *kept.counts.tolist()])


def word_windows(corpus: Corpus, vocabulary: Vocabulary, window: int) -> Iterator[np.ndarray]:
    """A text as one row of ids, `END` behind each sentence, in windows of `window` ids, each (n,) int32; the last may be shorter."""
    find, end = vocabulary.index.get, vocabulary.index[END]
    left: list[int] = []
    for sentence in corpus:
        left += (find(word, 0) for word in sentence)
        left.append(end)
        while len(left) >= window:
            yield np.array(left[:window], np.int32)
            del left[:window]
    if left:
        yield np.array(left, np.int32)


# Model


class NextWordModel(nn.Module):
    """Word ids to the logits of the next word.

    Args:
        n_words: Size of the vocabulary.
        cell: One of `CELLS`.
        dim, hidden, n_layers, tied, dropout: See `NextWordConfig`.
    """

    def __init__(
        self, n_words: int, *, cell: str, dim: int, hidden: int, n_layers: int, tied: bool, dropout: float = 0.0
    ):
        super().__init__()
        self.settings = {"cell": cell, "dim": dim, "hidden": hidden, "n_layers": n_layers, "tied": tied}
        self.embedding = nn.Embedding(n_words, dim)
        kind: Any = CELLS[cell]  # their base class has other arguments
        self.cell = kind(dim, hidden, n_layers, dropout=dropout if n_layers > 1 else 0.0, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.weight = None if tied else nn.Parameter(torch.empty(n_words, hidden))
        self.bias = nn.Parameter(torch.zeros(n_words))
        for matrix in (self.embedding.weight, self.weight):
            if matrix is not None:
                nn.init.uniform_(matrix, -0.1, 0.1)

    def begin_with(self, counts: np.ndarray) -> None:
        """Let it begin as the unigram model of these counts, (n_words,): the first steps need not learn that."""
        frequencies = np.maximum(counts, 0.1)
        with torch.no_grad():
            self.bias.copy_(torch.from_numpy(np.log(frequencies / frequencies.sum())))

    def forward(self, word_ids: Tensor, state: State = None) -> tuple[Tensor, State]:
        """Logits (n_streams, n_words_read, n_words) of what comes behind each word of (n_streams, n_words_read), and what to carry on."""
        inputs = self.dropout(self.embedding(word_ids))
        with torch.autocast(inputs.device.type, enabled=False):  # what is carried on adds up
            states, state = self.cell(inputs.float(), state)
        weight = self.embedding.weight if self.weight is None else self.weight
        return F.linear(self.dropout(states), weight, self.bias), state


def detached(state: State) -> State:
    """What is remembered, without how it came about."""
    if state is None or isinstance(state, Tensor):
        return state if state is None else state.detach()
    return state[0].detach(), state[1].detach()


def save_next_word(model: NextWordModel, vocabulary: Vocabulary, unit: str, folder: Path) -> None:
    """Write `config.json`, `model.safetensors` (`embedding.weight`, `cell.weight_ih_l0`, ... as in torch) and `vocabulary.json`."""
    config = {"format": 1, "model": "next-word", "unit": unit, **model.settings, "n_words": len(vocabulary)}
    (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    save_file({name: t.detach().cpu().contiguous() for name, t in model.state_dict().items()}, str(folder / WEIGHTS))
    words = {"words": vocabulary.words, "counts": vocabulary.counts.tolist()}
    (folder / WORDS).write_text(json.dumps(words, ensure_ascii=False) + "\n", encoding="utf-8")


def load_next_word(folder: Path) -> tuple[NextWordModel, Vocabulary, str]:
    """Load what `save_next_word` wrote: the model in evaluation mode, its vocabulary, and the unit it reads.

    Raises:
        ModelError: A file is missing or damaged, or the vocabulary does not fit the weights.
    """
    if not folder.is_dir():
        raise ModelError("there is no such folder.", "Make one: juqing pretrain next-word.", path=folder)
    try:
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        if config.get("model") != "next-word" or config.get("format") != 1:
            raise ModelError(
                "this is no language model of this version.", "Train one: juqing pretrain next-word.", path=folder
            )
        words = json.loads((folder / WORDS).read_text(encoding="utf-8"))
        vocabulary = Vocabulary(words["words"], words["counts"])
        state = load_file(str(folder / WEIGHTS))
        names = ("cell", "dim", "hidden", "n_layers", "tied")
        n_rows = len(state["embedding.weight"])
        model = NextWordModel(n_rows, **{name: config[name] for name in names})
        model.load_state_dict(state)
        unit = str(config["unit"])
    except ModelError:
        raise
    except Exception as error:  # JSON, safetensors and torch have errors of their own
        first = " ".join(str(error).split())[:200]
        raise ModelError(f"the language model cannot be loaded: {first}.", "Train it again.", path=folder) from None
    if len(vocabulary) != n_rows:
        raise ModelError(
            f"the vocabulary does not fit: it has {len(vocabulary):,} words, the model {n_rows:,}.",
            "Take the folder as it was written.",
            path=folder,
        )
    return model.eval(), vocabulary, unit


# Measure


def perplexity(model: NextWordModel, word_ids: np.ndarray, end: int, *, window: int = 64) -> float:
    """exp of the mean of -log p(word | all words before it in its stream), over all words of a text, ends of sentences included.

    The text is cut into at most 16 streams of equal length, each of 20 windows or more; each begins behind an end of a sentence,
    with nothing remembered. The perplexity of two models is comparable where vocabulary and text are the same, `UNKNOWN` is a word
    like others.

    Args:
        model: In evaluation mode.
        word_ids: (n,) integers.
        end: The id of `END`.
        window: Words that are read together.
    """
    n_streams = min(_STREAMS, max(1, len(word_ids) // (20 * window)))
    device = model.bias.device
    total = 0.0
    parts = np.array_split(np.asarray(word_ids), n_streams)
    width = max(map(len, parts))
    targets = np.full((n_streams, width), -100, np.int64)
    for row, part in enumerate(parts):
        targets[row, : len(part)] = part
    inputs = np.concatenate([np.full((n_streams, 1), end), np.maximum(targets[:, :-1], 0)], axis=1)
    state: State = None
    with torch.inference_mode():
        for start in range(0, width, window):
            read = torch.from_numpy(inputs[:, start : start + window]).to(device)
            asked = torch.from_numpy(targets[:, start : start + window]).to(device)
            logits, state = model(read, state)
            total += float(F.cross_entropy(logits.float().flatten(0, 1), asked.flatten(), reduction="sum"))
    return perplexity_of(total / len(word_ids))


# Training


class NextWordTask(Task):
    """Streams of a text, read side by side window by window; each epoch begins a little later in the text."""

    limit = "streams"

    def __init__(
        self,
        model: NextWordModel,
        vocabulary: Vocabulary,
        windows: Windows,
        held_out: Windows,
        config: NextWordConfig,
        process: int = 0,
        n_processes: int = 1,
    ):
        self.model: NextWordModel = model  # pyright: ignore[reportIncompatibleVariableOverride]
        self.vocabulary = vocabulary
        self.config = config
        self.process = process
        self.held_out = held_out
        self.ids = windows.ids
        # fewer streams where the text is short
        self.n_streams = min(config.streams, max(1, (len(self.ids) - 1) // (config.window * n_processes)))
        self._length = (len(self.ids) - 1) // (self.n_streams * n_processes)
        self._state: State = None

    def n_batches(self) -> int:
        """Windows in a stream."""
        return max(1, self._length // self.config.window)

    def batch(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The words that are read and those that come behind them, both (n_streams, n) int64."""
        epoch, k = divmod(number, self.n_batches())
        slack = self._length - self.n_batches() * self.config.window
        shift = int(np.random.default_rng([self.config.seed, epoch]).integers(slack + 1)) if slack > 0 else 0
        size = min(self.config.window, self._length)
        first = self.process * self.n_streams * self._length + shift + k * size
        rows = [np.asarray(self.ids[at : at + size + 1]) for at in first + np.arange(self.n_streams) * self._length]
        taken = np.stack(rows).astype(np.int64)
        return taken[:, :-1], taken[:, 1:]

    def loss(self, model: nn.Module, number: int, accelerator: Accelerator) -> tuple[Tensor, int]:
        """The mean cross-entropy of all words; what is remembered stays here for the next batch."""
        if number % self.n_batches() == 0:
            self._state = None
        read, asked = (torch.from_numpy(each).to(accelerator.device) for each in self.batch(number))
        logits, state = model(read, self._state)
        self._state = detached(state)
        return F.cross_entropy(logits.float().flatten(0, 1), asked.flatten()), read.numel()

    def groups(self) -> list[dict[str, Any]]:
        """With and without decay."""
        parameters = list(self.model.parameters())
        return [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": self.config.weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
        ]

    def measure(self) -> dict[str, float]:
        """See `perplexity`."""
        end = self.vocabulary.index[END]
        return {"perplexity": perplexity(self.model, self.held_out.ids, end, window=self.config.window)}

    def save(self, folder: Path) -> None:
        """See `save_next_word`."""
        save_next_word(self.model, self.vocabulary, self.config.unit, folder)

    def save_carried(self, folder: Path) -> None:
        """Write what the network remembers."""
        if self._state is not None:
            parts = (self._state,) if isinstance(self._state, Tensor) else self._state
            state = {str(k): part.cpu().contiguous() for k, part in enumerate(parts)}
            save_file(state, str(folder / f"carried-{self.process}.safetensors"))

    def load_carried(self, folder: Path) -> None:
        """Remember it again."""
        path = folder / f"carried-{self.process}.safetensors"
        if path.is_file():
            state = load_file(str(path), str(self.model.bias.device))
            self._state = (state["0"], state["1"]) if "1" in state else state["0"]

    def card(self) -> str:
        """What network it is."""
        config = self.config
        return (
            f"- Kind: next word, {config.n_layers} layers of {config.cell}, {config.hidden} columns "
            "(`juqing.pretraining.next_word`)\n"
            f"- Vocabulary: {len(self.vocabulary):,} of the unit `{config.unit}`"
        )


def train_next_word(
    config: NextWordConfig,
    corpus: Corpus,
    out: Path,
    *,
    held_out: Corpus | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a recurrent language model on running text and write its folder.

    Args:
        config: What is asked.
        corpus: The text to learn from, of the unit that the configuration names.
        out: The folder to write.
        held_out: The text to measure on; every fiftieth window of `corpus` where None (its words are then in the vocabulary).
        resume: Go on with an interrupted run in `OUT.run`.
        progress: Told the steps done, all of them, and what is going on.

    Returns:
        `steps`, `seconds`, and the `perplexity` of held-out text, also `perplexity_before`. The weights that did best on it are kept.

    Raises:
        InputError, TrainingError, OutputError: See `loop.run_task`.
    """
    for each in (corpus, held_out):
        if each is not None and each.unit != config.unit:
            raise InputError(f"the text is cut into {each.unit}s, the model reads {config.unit}s.")

    def make_task(folder: Path, accelerator: Accelerator) -> NextWordTask:
        path = folder / WORDS
        if accelerator.is_main_process and not has_windows(folder):
            vocabulary = count_words(corpus, max_words=config.max_words, min_count=config.min_count, progress=progress)
            with writing(path) as aside:
                words = {"words": vocabulary.words, "counts": vocabulary.counts.tolist()}
                aside.write_text(json.dumps(words, ensure_ascii=False), encoding="utf-8")
            write_windows(
                word_windows(corpus, vocabulary, config.window),
                folder,
                config.window,
                held_out=None if held_out is None else word_windows(held_out, vocabulary, config.window),
                progress=progress,
            )
        accelerator.wait_for_everyone()
        vocabulary = Vocabulary(**json.loads(path.read_text(encoding="utf-8")))
        settings = asdict(config)
        model = NextWordModel(
            len(vocabulary),
            **{name: settings[name] for name in ("cell", "dim", "hidden", "n_layers", "tied", "dropout")},
        )
        model.begin_with(vocabulary.counts)
        return NextWordTask(
            model, vocabulary, Windows.load(folder, TRAIN), Windows.load(folder, HELD_OUT), config,
            accelerator.process_index, accelerator.num_processes,
        )  # fmt: skip

    text = {"text": corpus.fingerprint(), "held_out": "" if held_out is None else held_out.fingerprint()}
    return run_task(make_task, config, out, MODEL_FILES, text=text, resume=resume, progress=progress)
