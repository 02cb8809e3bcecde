"""What stands on top of an encoder: raw outputs to strengths, the probabilities of the four levels, and the loss.

| head | outputs | what they are |
| --- | --- | --- |
| `regress` | 6 | the strengths themselves; squared error |
| `classify` | 6 × 4 | logits of the levels 0..3; cross-entropy |
| `ordinal` | 6 × 3 | logits of "at least 1, 2, 3"; binary cross-entropy. Frank & Hall, "A simple approach to ordinal classification" (2001) |

Labels are real numbers in 0..3: one between two levels counts for both, by its distance. The prediction is the expected value,
which is what squared error asks for.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS

N_LEVELS = 4
HEADS = {"regress": N_EMOTIONS, "classify": N_EMOTIONS * N_LEVELS, "ordinal": N_EMOTIONS * (N_LEVELS - 1)}
"""The heads by name, and how many outputs each has."""


def strengths(raw: Tensor, head: str) -> Tensor:
    """The expected strengths, (n, 6) in 0..3, of raw outputs (n, `HEADS[head]`)."""
    if head == "regress":
        return raw.clamp(0.0, MAX_STRENGTH)
    if head == "classify":
        levels = torch.arange(N_LEVELS, dtype=raw.dtype, device=raw.device)
        return (raw.unflatten(1, (N_EMOTIONS, N_LEVELS)).softmax(2) * levels).sum(2)
    return _at_least(raw).sum(2)


def level_probabilities(raw: Tensor, head: str) -> Tensor:
    """The probability of each level, (n, 6, 4). `regress` knows none: its strength is shared by the two levels beside it."""
    if head == "regress":
        return soft_levels(strengths(raw, head))
    if head == "classify":
        return raw.unflatten(1, (N_EMOTIONS, N_LEVELS)).softmax(2)
    at_least = _at_least(raw)
    ones, zeros = torch.ones_like(at_least[:, :, :1]), torch.zeros_like(at_least[:, :, :1])
    return torch.cat([ones, at_least], dim=2) - torch.cat([at_least, zeros], dim=2)


def _at_least(raw: Tensor) -> Tensor:
    """Of the head `ordinal` the probability of at least 1, 2, 3: (n, 6, 3), falling.

    Nothing in the loss keeps "at least 2" below "at least 1"; the smallest so far does.
    """
    first, second, third = raw.unflatten(1, (N_EMOTIONS, N_LEVELS - 1)).sigmoid().unbind(2)
    second = torch.minimum(first, second)
    return torch.stack([first, second, torch.minimum(second, third)], dim=2)


def soft_levels(labels: Tensor) -> Tensor:
    """Labels (n, 6) in 0..3 as weights of the four levels, (n, 6, 4): 1.25 is 0.75 of level 1 and 0.25 of level 2."""
    levels = torch.arange(N_LEVELS, dtype=labels.dtype, device=labels.device)
    return (1 - (labels.unsqueeze(2) - levels).abs()).clamp(min=0.0)


def losses(raw: Tensor, labels: Tensor, head: str) -> Tensor:
    """The loss of each row, (n,), of raw outputs against labels (n, 6) in 0..3; a mean over the six emotions."""
    if head == "regress":
        return ((raw - labels) ** 2).mean(1)
    if head == "classify":
        log_p = raw.unflatten(1, (N_EMOTIONS, N_LEVELS)).log_softmax(2)
        return -(soft_levels(labels) * log_p).sum(2).mean(1)
    thresholds = torch.arange(N_LEVELS - 1, dtype=labels.dtype, device=labels.device)
    at_least = (labels.unsqueeze(2) - thresholds).clamp(0.0, 1.0)
    logits = raw.unflatten(1, (N_EMOTIONS, N_LEVELS - 1))
    return F.binary_cross_entropy_with_logits(logits, at_least, reduction="none").sum(2).mean(1)
