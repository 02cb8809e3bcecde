"""What a network learns from, epoch by epoch: labeled scripts to batches of tensors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

import numpy as np
import torch
from torch import Tensor

from juqing.errors import LabelError
from juqing.reading.table import LabeledScript
from juqing.recognition.encoders import Reader, tensors
from juqing.recognition.pair import PairReader
from juqing.recognition.scene import SceneReader
from juqing.text.pairs import collate_pairs, pair_inputs
from juqing.text.windows import Window, batches, collate, training_names, windows

_CPU = torch.device("cpu")
_SORTED_TOGETHER = 32  # batches whose windows are sorted by length together


@dataclass(frozen=True, slots=True)
class Batch:
    """One forward pass.

    Attributes:
        inputs: Arguments of the network.
        labels: (n_cues, 6) float32 in 0..3; zeros where there is no label.
        weights: (n_cues,) float32, how much a label counts; 0 where there is none.
        n_tokens: Tokens read, padding left out.
    """

    inputs: dict[str, Tensor]
    labels: Tensor
    weights: Tensor
    n_tokens: int


class Task(ABC):
    """Labeled scripts and how a network is fed with them.

    Args:
        reader: The network.
        labeled: Scripts with labels.
        batch_tokens: The largest batch, in tokens with padding.
        keep_names: How many of all names stay masks.
        seed: Of order and names.
    """

    def __init__(
        self,
        reader: Reader,
        labeled: Sequence[LabeledScript],
        *,
        batch_tokens: int,
        keep_names: float,
        seed: int,
    ):
        self.reader = reader
        self.labeled = labeled
        self.batch_tokens = batch_tokens
        self.keep_names = keep_names
        self.seed = seed
        self._labels, self._weights = [], []
        for item in labeled:
            known = np.asarray(np.isfinite(item.labels).all(axis=1))
            self._labels.append(np.where(known[:, None], item.labels, 0.0).astype(np.float32))
            self._weights.append(np.where(known, item.weights, 0.0).astype(np.float32))
        if not any(weights.any() for weights in self._weights):
            raise LabelError("there is no labeled cue to learn from.", "Rows need a character and six numbers.")

    @property
    def n_labeled(self) -> int:
        """Number of labeled cues."""
        return sum(int((weights > 0).sum()) for weights in self._weights)

    @property
    def total_weight(self) -> float:
        """The sum of all weights."""
        return float(sum(weights.sum() for weights in self._weights))

    def mean_label(self) -> np.ndarray:
        """The mean label of each emotion, (6,), weighted."""
        labels, weights = np.concatenate(self._labels), np.concatenate(self._weights)
        return np.average(labels, axis=0, weights=weights)

    def random(self, epoch: int, *more: object) -> Random:
        """A random state that depends on the seed, the epoch and nothing else."""
        return Random(repr((self.seed, epoch, *more)))

    def _targets(self, where: Sequence[tuple[int, np.ndarray]]) -> tuple[Tensor, Tensor]:
        labels = [self._labels[script][cues] for script, cues in where]
        weights = [self._weights[script][cues] for script, cues in where]
        return torch.from_numpy(np.concatenate(labels)), torch.from_numpy(np.concatenate(weights))

    @abstractmethod
    def plan(self, epoch: int) -> list[list[int]]:
        """The batches of an epoch, as indexes that `batch` understands, in the order in which they are learned from."""

    @abstractmethod
    def batch(self, group: list[int]) -> Batch:
        """One batch of the epoch that was planned last."""

    def _grouped(self, lengths: Sequence[int], r: Random) -> list[list[int]]:
        """Shuffled batches of items of about one length, as many in a batch as its tokens allow."""
        order = list(range(len(lengths)))
        r.shuffle(order)
        chunk = max(1, _SORTED_TOGETHER * self.batch_tokens // max(lengths))
        result = []
        for start in range(0, len(order), chunk):
            part = order[start : start + chunk]
            groups = batches([lengths[i] for i in part], self.batch_tokens)
            result += [[part[i] for i in group] for group in groups]
        r.shuffle(result)
        return result


class SceneTask(Task):
    """Windows of scenes, cut anew each epoch with new names.

    They do not overlap, unlike those that are read: every cue is learned from, those at the ends of a window too, and an
    epoch costs a third less. Each epoch cuts at other lines.
    """

    def __init__(self, reader: SceneReader, labeled: Sequence[LabeledScript], **settings):
        super().__init__(reader, labeled, **settings)
        self.reader: SceneReader = reader
        self._windows: list[tuple[int, Window]] = []

    def plan(self, epoch: int) -> list[list[int]]:
        """Cut all scripts, leaving out windows without labels."""
        self._windows = []
        settings = replace(self.reader.window, leading=0, trailing=0)
        for k, item in enumerate(self.labeled):
            r = self.random(epoch, k)
            names = training_names(item.script, r, self.keep_names)
            cut = windows(item.script, self.reader.tokenizer, settings, names, shift=r)
            self._windows += [(k, window) for window in cut if self._weights[k][window.cues].any()]
        return self._grouped([len(window.token_ids) for _, window in self._windows], self.random(epoch))

    def batch(self, group: list[int]) -> Batch:
        """Windows side by side."""
        chosen = [self._windows[i] for i in group]
        arrays = collate([window for _, window in chosen], self.reader.tokenizer.pad)
        labels, weights = self._targets([(k, window.cues) for k, window in chosen])
        return Batch(tensors(arrays, _CPU), labels, weights, int(arrays["mask"].sum()))


class PairTask(Task):
    """One input for each labeled (line, character) pair."""

    def __init__(self, reader: PairReader, labeled: Sequence[LabeledScript], **settings):
        super().__init__(reader, labeled, **settings)
        self.reader: PairReader = reader
        self._pairs: list[tuple[int, int, list[int]]] = []

    def plan(self, epoch: int) -> list[list[int]]:
        """Make the inputs of all labeled pairs."""
        self._pairs = []
        for k, item in enumerate(self.labeled):
            names = training_names(item.script, self.random(epoch, k), self.keep_names)
            inputs = pair_inputs(item.script, self.reader.tokenizer, self.reader.settings["budget"], names)
            self._pairs += [(k, i, inputs[i]) for i in np.flatnonzero(self._weights[k]).tolist()]
        return self._grouped([len(token_ids) for _, _, token_ids in self._pairs], self.random(epoch))

    def batch(self, group: list[int]) -> Batch:
        """Pairs side by side."""
        chosen = [self._pairs[i] for i in group]
        arrays = collate_pairs([token_ids for _, _, token_ids in chosen], self.reader.tokenizer.pad)
        labels, weights = self._targets([(k, np.array([i])) for k, i, _ in chosen])
        return Batch(tensors(arrays, _CPU), labels, weights, int(arrays["mask"].sum()))
