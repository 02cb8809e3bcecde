"""Recurrent networks: the words of a line read one after the other, what was read so far carried along.

What they add to `averaged`: the order of words, so that 我不怕你 and 你怕我不 are no longer the same, and, where it is asked for,
the lines before. `rnn` carries a state that each word overwrites; `gru` and `lstm` learn what to keep and what to forget, so that the
beginning of a long line still counts at its end; `bilstm` reads the line backward as well, so that every word also knows what comes
behind it. What comes out is the last state, the mean of the states of the line, or a mean that learns which words to look at. The
vectors of words come from labeled lines alone, from any file of word vectors, or, with the cells, from a language model
(`juqing pretrain next-word`). It leaves out on purpose what a transformer has: every word looking at every other one directly, and all
cues of a scene read at once.

Sources: Elman, "Finding structure in time" (1990); Hochreiter & Schmidhuber, "Long short-term memory" (1997); Cho et al., "Learning
phrase representations using RNN encoder-decoder" (2014); Schuster & Paliwal, "Bidirectional recurrent neural networks" (1997); for
the attention, Yang et al., "Hierarchical attention networks for document classification" (2016); for the start from a language model,
Dai & Le, "Semi-supervised sequence learning" (2015).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from juqing.emotions import N_EMOTIONS
from juqing.errors import InputError, TrainingError
from juqing.pretraining.next_word import CELLS, END, UNKNOWN, load_next_word
from juqing.recognition._folder import TENSORS, WORDS, reading, write_config
from juqing.recognition.heads import losses
from juqing.recognition.linear import Progress, WordRecognizer
from juqing.script import Script
from juqing.text.tokens import BREAK_TOKEN, OTHER_TOKEN, OWN_TOKEN, cue_tokens
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.table import WordVectors

_SPECIAL = (UNKNOWN, BREAK_TOKEN, OWN_TOKEN, OTHER_TOKEN)
"""The first words of every vocabulary; the first one stands for all that are not in it."""
_SORTED_TOGETHER = 32  # batches whose lines are sorted by length together
_SCORED_TOGETHER = 256


class Last(nn.Module):
    """The state behind the last word; of a network that also reads backward, beside it the one behind the first word."""

    def __init__(self, width: int):
        super().__init__()

    def forward(self, states: Tensor, last: Tensor, own: Tensor) -> Tensor:
        """(n, width) of states (n, n_tokens, width), last states (n, width), and which tokens are of the cue's own line (n, n_tokens)."""
        return last


class Mean(nn.Module):
    """The mean of the states of the cue's own line."""

    def __init__(self, width: int):
        super().__init__()

    def forward(self, states: Tensor, last: Tensor, own: Tensor) -> Tensor:
        """See `Last`."""
        weights = own.to(states.dtype)
        return torch.einsum("nt,ntw->nw", weights / weights.sum(1, keepdim=True), states)


class Attention(nn.Module):
    """A mean of the states of the cue's own line, weighted by softmax(query @ tanh(key(state)))."""

    def __init__(self, width: int):
        super().__init__()
        self.key = nn.Linear(width, width)
        self.query = nn.Linear(width, 1, bias=False)

    def forward(self, states: Tensor, last: Tensor, own: Tensor) -> Tensor:
        """See `Last`."""
        scores = self.query(torch.tanh(self.key(states))).squeeze(2)
        return torch.einsum("nt,ntw->nw", scores.masked_fill(~own, -torch.inf).softmax(1), states)


POOLINGS: dict[str, type[nn.Module]] = {"last": Last, "mean": Mean, "attention": Attention}
"""What is made of the states of a line, by name."""


class RecurrentNetwork(nn.Module):
    """Word ids to raw outputs.

    Args:
        n_words: Size of the vocabulary.
        dim: Width of the vectors of words.
        cell: Reads vectors (n, n_tokens, dim), `batch_first`.
        pooling: One of `POOLINGS`.
        dropout: Of the vectors of words, and before the outputs.
    """

    def __init__(self, n_words: int, dim: int, cell: nn.RNNBase, pooling: str, dropout: float = 0.0):
        super().__init__()
        width = cell.hidden_size * (1 + cell.bidirectional)
        self.embedding = nn.Embedding(n_words, dim)
        self.cell = cell
        self.pool = POOLINGS[pooling](width)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(width, N_EMOTIONS)

    def forward(self, word_ids: Tensor, lengths: Tensor, starts: Tensor) -> Tensor:
        """Raw outputs (n, 6).

        Args:
            word_ids: (n, n_tokens) integers; what stands behind a sequence is not read.
            lengths: (n,) int64, tokens of each sequence, on the CPU.
            starts: (n,) int64, where in the sequence the cue's own line begins, on the CPU.
        """
        inputs = self.dropout(self.embedding(word_ids))
        packed = pack_padded_sequence(inputs, lengths, batch_first=True, enforce_sorted=False)
        states, last = self.cell(packed)
        states, _ = pad_packed_sequence(states, batch_first=True)  # (n, n_tokens, width)
        hidden = last[0] if isinstance(last, tuple) else last  # (n_layers * n_directions, n, hidden)
        hidden = hidden[-1 - self.cell.bidirectional :].transpose(0, 1).flatten(1)
        place = torch.arange(states.shape[1])
        own = (place >= starts[:, None]) & (place < lengths[:, None])
        return self.out(self.dropout(self.pool(states, hidden, own.to(states.device))))


class RecurrentRecognizer(WordRecognizer):
    """A recurrent network over the words or characters of a line, and linear regression on what it remembers.

    It is trained by AdamW on the squared error, weighted by confidence; the learning rate falls to zero in a straight line.

    Args:
        vectors: Where the vectors of words start from; their words must be of the same unit, with parts of speech where these are
            asked for. Random ones where None.
        start: The folder of a language model (`juqing pretrain next-word`), whose vectors and cells it starts from.
        unit: `word` or `character`.
        tags: Whether a word carries its part of speech, as in vectors of tagged text.
        pooling: One of `POOLINGS`.
        n_before: Lines of the scene that are read before the cue's own.
        max_tokens: The longest sequence; what is farthest before is left out first, then the end of the line.
        dim: Width of the vectors, where they are not given.
        hidden: Width of a layer, in each direction.
        n_layers: Layers above each other.
        tune_vectors: Whether the vectors are trained with the task; otherwise they stay as they are.
        max_words: Vectors that are kept: those of all words of the lines, then the first ones that are given, up to so many.
        min_count: A word without a given vector must be there so often; others count as one unknown word.
        dropout: Of the vectors, between the layers and before the outputs.
        epochs: Times that all labeled cues are learned from.
        learning_rate: The highest, at the start.
        batch: Cues in one step.
        seed: Of everything random.

    Attributes:
        network_: A `RecurrentNetwork`.
    """

    cell: ClassVar[str]
    bidirectional: ClassVar[bool] = False
    settings = (
        "unit", "tags", "pooling", "n_before", "max_tokens", "dim", "hidden", "n_layers", "tune_vectors", "max_words",
        "min_count", "dropout", "epochs", "learning_rate", "batch", "seed",
    )  # fmt: skip
    network_: RecurrentNetwork

    def __init__(
        self,
        vectors: WordVectors | None = None,
        *,
        start: Path | None = None,
        unit: str = "word",
        tags: bool = False,
        pooling: str = "attention",
        n_before: int = 0,
        max_tokens: int = 64,
        dim: int = 128,
        hidden: int = 128,
        n_layers: int = 1,
        tune_vectors: bool = True,
        max_words: int = 50_000,
        min_count: int = 2,
        dropout: float = 0.5,
        epochs: int = 3,
        learning_rate: float = 1e-3,
        batch: int = 64,
        seed: int = 0,
    ):
        super().__init__(unit=unit, tags=tags)
        self.vectors = vectors
        self.start = start
        self.pooling = pooling
        self.n_before = n_before
        self.max_tokens = max_tokens
        self.dim = dim
        self.hidden = hidden
        self.n_layers = n_layers
        self.tune_vectors = tune_vectors
        self.max_words = max_words
        self.min_count = min_count
        self.dropout = dropout
        self.epochs = epochs
        self.learning_rate = learning_rate
        self.batch = batch
        self.seed = seed

    @property
    def size(self) -> str:
        """How large it is, for the model card."""
        n_weights = sum(parameter.numel() for parameter in self.network_.parameters())
        return f"{n_weights:,} weights, {super().size}"

    def save(self, folder: Path) -> None:
        """Write `config.json`, `model.safetensors` and `vocabulary.json` into an existing folder."""
        settings = {name: getattr(self, name) for name in self.settings}
        write_config(folder, self.kind, {**settings, "dim": self.network_.embedding.embedding_dim})
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in self.network_.state_dict().items()}
        save_file(state, str(folder / TENSORS))
        words = json.dumps({"words": self.vocabulary_.words}, ensure_ascii=False)
        (folder / WORDS).write_text(words + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> Self:
        """Load what `save` wrote.

        Raises:
            ModelError: A file is missing, damaged, or does not fit the others.
        """
        with reading(folder, "config.json"):
            recognizer = cls._of_config(folder, config)
        with reading(folder, WORDS):
            vocabulary = Vocabulary(json.loads((folder / WORDS).read_text(encoding="utf-8"))["words"])
            if vocabulary.words[: len(_SPECIAL)] != list(_SPECIAL):
                raise ValueError("it does not begin with the special words")
        with reading(folder, TENSORS):
            state = load_file(str(folder / TENSORS))
            if not all(tensor.isfinite().all() for tensor in state.values()):
                raise ValueError("a weight is not a finite number")
            if (n_rows := len(state["embedding.weight"])) != len(vocabulary):
                raise ValueError(f"it has vectors of {n_rows:,} words, the vocabulary {len(vocabulary):,}")
            network = recognizer._network(n_rows, recognizer.dim)
            network.load_state_dict(state)
        recognizer.vocabulary_, recognizer.network_ = vocabulary, network.eval()
        return recognizer

    def _network(self, n_words: int, dim: int) -> RecurrentNetwork:
        kind: Any = CELLS[self.cell]  # their base class has other arguments
        between = self.dropout if self.n_layers > 1 else 0.0
        cell = kind(
            dim, self.hidden, self.n_layers, dropout=between, bidirectional=self.bidirectional, batch_first=True
        )
        return RecurrentNetwork(n_words, dim, cell, self.pooling, self.dropout)

    def check(self) -> None:
        """Raise `InputError` where a setting is out of its range."""
        super().check()
        if self.pooling not in POOLINGS:
            raise InputError(f"pooling is {self.pooling!r}.", f"Choose one of {', '.join(POOLINGS)}.")
        for name in ("dim", "hidden", "n_layers", "min_count", "epochs", "learning_rate", "batch"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must be above 0.")
        for name in ("n_before", "max_words"):
            if not getattr(self, name) >= 0:
                raise InputError(f"{name} is {getattr(self, name)}.", "It must not be below 0.")
        if self.max_tokens < 2:
            raise InputError(f"max_tokens is {self.max_tokens}.", "It is 2 or more.")
        if not 0 <= self.dropout < 1:
            raise InputError(f"dropout is {self.dropout}.", "It is a part of 1: 0 or more, below 1.")
        if not 0 <= self.seed < 2**32:
            raise InputError(f"seed is {self.seed}.", "It is a whole number from 0 to 4294967295.")
        if self.start is not None and self.vectors is not None:
            raise InputError("vectors are given, and a language model that has its own.", "Give one of the two.")

    def _documents(self, script: Script) -> list[list[str]]:
        return cue_tokens(script, unit=self.unit, tags=self.tags, n_before=self.n_before)

    def _learn(self, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Progress) -> None:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        with torch.random.fork_rng([torch.cuda.current_device()] if device.type == "cuda" else []):
            torch.manual_seed(self.seed)
            table, cells = self._given()
            words, n_seen, vectors = self._choose(documents, table)
            self.vocabulary_ = Vocabulary(words)
            network = self._network(n_seen, vectors.shape[1])  # words of no line have no gradient
            network.embedding = nn.Embedding.from_pretrained(vectors[:n_seen].clone(), freeze=not self.tune_vectors)
            if cells is not None:
                network.cell.load_state_dict(cells)
            with torch.no_grad():  # the first steps need not learn the mean label
                network.out.weight.mul_(0.1)
                network.out.bias.copy_(torch.from_numpy(np.average(y, axis=0, weights=w)))
            self._train(network.to(device), documents, y, w, progress)
            rows = torch.cat([network.embedding.weight.detach().cpu(), vectors[n_seen:]])
        network.embedding = nn.Embedding.from_pretrained(rows.to(device))
        self.network_ = network.eval()

    def _given(self) -> tuple[WordVectors | None, dict[str, Tensor] | None]:
        """The vectors and the cells' weights to start from, where there are any.

        Raises:
            ModelError: The language model cannot be loaded.
            InputError: It is of another shape.
        """
        if self.start is None:
            return self.vectors, None
        model, vocabulary, unit = load_next_word(self.start)
        asked = {"cell": f"bi{self.cell}" if self.bidirectional else self.cell, "unit": self.unit, "tags": self.tags}
        asked |= {name: getattr(self, name) for name in ("dim", "hidden", "n_layers")}
        has = {**model.settings, "unit": unit, "tags": False}
        for name, value in asked.items():
            if has[name] != value:
                raise InputError(
                    f"the language model does not fit: its {name} is {has[name]}, the recognizer's {value}.",
                    "Take another cell." if name == "cell" else f"Set {name}={has[name]}, or take another model.",
                    path=self.start,
                )
        words = [BREAK_TOKEN if word == END else word for word in vocabulary.words]
        return WordVectors(words, model.embedding.weight.detach().numpy()), model.cell.state_dict()

    def _choose(self, documents: list[list[str]], table: WordVectors | None) -> tuple[list[str], int, Tensor]:
        """The words, how many of them the lines have (they come first), and the vectors (n_words, dim)."""
        counts = Counter(word for document in documents for word in document)
        given: Any = {} if table is None else table.vocabulary.index
        kept = {
            word: n for word, n in counts.items() if word not in _SPECIAL and (word in given or n >= self.min_count)
        }
        words = [*_SPECIAL, *sorted(kept, key=lambda word: -kept[word])]
        n_seen = len(words)
        scale = 0.1
        if table is not None:
            if not kept.keys() & given.keys():
                raise InputError(
                    "no word of the labeled lines has a vector.",
                    "Give vectors of the same unit, with parts of speech where they are asked for.",
                )
            others = (word for word in table.words if word not in kept and word not in _SPECIAL)
            words += islice(others, max(0, self.max_words - n_seen))
            scale = float(table.vectors.std())
        vectors = torch.randn(len(words), self.dim if table is None else table.dim) * scale
        if table is not None:
            rows = np.array([k for k, word in enumerate(words) if word in given])
            vectors[rows] = torch.from_numpy(table.vectors[[given[words[k]] for k in rows]])
        return words, n_seen, vectors

    def _train(
        self, network: RecurrentNetwork, documents: list[list[str]], y: np.ndarray, w: np.ndarray, progress: Progress
    ) -> None:
        sequences = self._sequences(documents)
        lengths = np.array([len(ids) for ids, _ in sequences])
        n_steps = self.epochs * -(-len(sequences) // self.batch)
        learned = [p for p in network.parameters() if p.requires_grad]
        decayed = [p for p in learned if p.ndim > 1 and p is not network.embedding.weight]
        plain = [p for p in learned if not any(p is each for each in decayed)]
        optimizer = torch.optim.AdamW(
            [{"params": decayed, "weight_decay": 0.01}, {"params": plain, "weight_decay": 0.0}], lr=self.learning_rate
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / n_steps)
        random_state = np.random.default_rng(self.seed)
        device, norm = network.out.weight.device, float(w.mean()) or 1.0
        labels, weights = torch.from_numpy(y).float(), torch.from_numpy(w).float()
        network.train()
        done = 0
        for _ in range(self.epochs):
            for batch in _batches(lengths, self.batch, random_state):
                raw = network(*_padded([sequences[i] for i in batch], device))
                errors = losses(raw, labels[batch].to(device), "regress")
                loss = (errors * weights[batch].to(device)).mean() / norm
                if not loss.isfinite():
                    raise TrainingError(
                        f"the loss is {loss.item()} at step {done + 1} of {n_steps}.", "Lower the learning rate."
                    )
                optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(learned, 1.0)
                optimizer.step()
                schedule.step()
                done += 1
                progress(done, n_steps)
        if not all(parameter.isfinite().all() for parameter in learned):
            raise TrainingError("the last step left weights that are no numbers.", "Lower the learning rate.")

    def _sequences(self, documents: Sequence[Sequence[str]]) -> list[tuple[list[int], int]]:
        """The word ids of each document, a `BREAK_TOKEN` first, and where in them the cue's own line begins."""
        find = self.vocabulary_.index.get
        result = []
        for document in documents:
            ids = [find(word, 0) for word in document]
            at = next((k for k in range(len(document), 0, -1) if document[k - 1] == BREAK_TOKEN), 0)
            own = ids[at:][: self.max_tokens - 1]
            before = ids[max(0, at - (self.max_tokens - 1 - len(own))) : at]
            result.append(([find(BREAK_TOKEN, 0), *before, *own], 1 + len(before) if own else len(before)))
        return result

    @torch.inference_mode()
    def _predict(self, documents: list[list[str]]) -> np.ndarray:
        sequences = self._sequences(documents)
        order = np.argsort([len(ids) for ids, _ in sequences], kind="stable")
        values = np.zeros((len(documents), N_EMOTIONS), np.float32)
        device = self.network_.out.weight.device
        for start in range(0, len(order), _SCORED_TOGETHER):
            batch = order[start : start + _SCORED_TOGETHER]
            values[batch] = self.network_(*_padded([sequences[i] for i in batch], device)).cpu().numpy()
        return values


def _batches(lengths: np.ndarray, size: int, random_state: np.random.Generator) -> Iterator[np.ndarray]:
    """Shuffled batches of sequences of about one length."""
    order = random_state.permutation(len(lengths))
    batches: list[np.ndarray] = []
    for start in range(0, len(order), size * _SORTED_TOGETHER):
        part = order[start : start + size * _SORTED_TOGETHER]
        part = part[np.argsort(lengths[part], kind="stable")]
        batches += np.split(part, range(size, len(part), size))
    for k in random_state.permutation(len(batches)):
        yield batches[k]


def _padded(sequences: Sequence[tuple[list[int], int]], device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """Sequences side by side: the arguments of `RecurrentNetwork`."""
    lengths = torch.tensor([len(ids) for ids, _ in sequences])
    word_ids = torch.zeros(len(sequences), int(lengths.max()), dtype=torch.int64)
    for row, (ids, _) in zip(word_ids, sequences, strict=True):
        row[: len(ids)] = torch.tensor(ids)
    return word_ids.to(device), lengths, torch.tensor([start for _, start in sequences])


class RnnRecognizer(RecurrentRecognizer):
    """Elman's network: state = tanh(A @ vector + B @ state)."""

    kind = cell = "rnn"
    method = "a recurrent network (Elman) over words and linear regression"


class GruRecognizer(RecurrentRecognizer):
    """Gated recurrent units."""

    kind = cell = "gru"
    method = "a recurrent network (GRU) over words and linear regression"


class LstmRecognizer(RecurrentRecognizer):
    """Long short-term memory."""

    kind = cell = "lstm"
    method = "a recurrent network (LSTM) over words and linear regression"


class BilstmRecognizer(RecurrentRecognizer):
    """Long short-term memory, forward and backward."""

    kind = "bilstm"
    cell = "lstm"
    bidirectional = True
    method = "a recurrent network (LSTM, both ways) over words and linear regression"
