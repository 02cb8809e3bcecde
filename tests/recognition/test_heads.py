"""Heads: numbers worked out by hand, and torch's own formulas."""

import pytest
import torch
from torch.nn import functional as F

from juqing.recognition.heads import HEADS, level_probabilities, losses, soft_levels, strengths


def logit(p: float) -> float:
    return float(torch.logit(torch.tensor(p, dtype=torch.float64)))


def raw_of(six: list[list[float]]) -> torch.Tensor:
    return torch.tensor(six, dtype=torch.float64).reshape(1, -1)


def close(found: torch.Tensor, expected) -> None:
    torch.testing.assert_close(found, torch.as_tensor(expected, dtype=found.dtype), atol=1e-9, rtol=0)


def test_sizes():
    assert HEADS == {"regress": 6, "classify": 24, "ordinal": 18}


def test_regress():
    raw = raw_of([[-1.0], [0.5], [3.5], [1.25], [3.0], [0.0]])
    close(strengths(raw, "regress"), [[0, 0.5, 3, 1.25, 3, 0]])
    levels = level_probabilities(raw, "regress")[0]
    close(levels[1], [0.5, 0.5, 0, 0])
    close(levels[2], [0, 0, 0, 1])
    close(levels[3], [0, 0.75, 0.25, 0])


def test_classify():
    p = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    raw = torch.cat([p.log() + 5, torch.zeros(20, dtype=torch.float64)]).unsqueeze(0)
    close(strengths(raw, "classify"), [[0.2 + 0.6 + 1.2, 1.5, 1.5, 1.5, 1.5, 1.5]])
    close(level_probabilities(raw, "classify")[0, 0], p)


def test_ordinal():
    raw = raw_of([[logit(0.9), logit(0.5), logit(0.2)], [logit(0.5), logit(0.9), logit(0.2)], *[[0.0] * 3] * 4])
    close(strengths(raw, "ordinal")[0, :3], [1.6, 1.2, 1.5])  # the mean of the levels below
    levels = level_probabilities(raw, "ordinal")[0]
    close(levels[0], [0.1, 0.4, 0.3, 0.2])
    close(levels[1], [0.5, 0.0, 0.3, 0.2])  # "at least 2" cannot be likelier than "at least 1"


def test_soft_levels():
    labels = torch.tensor([[1.25, 0.0, 3.0, 2.0, 0.5, 2.9]], dtype=torch.float64)
    close(
        soft_levels(labels)[0],
        [[0, 0.75, 0.25, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0.5, 0.5, 0, 0], [0, 0, 0.1, 0.9]],
    )


@pytest.mark.parametrize("head", HEADS)
def test_probabilities_sum_to_one(head):
    torch.manual_seed(0)
    raw = torch.randn(200, HEADS[head], dtype=torch.float64) * 4
    levels = level_probabilities(raw, head)
    assert levels.shape == (200, 6, 4)
    assert (levels >= -1e-12).all()
    close(levels.sum(2), torch.ones(200, 6))
    guess = strengths(raw, head)
    assert guess.shape == (200, 6) and ((guess >= 0) & (guess <= 3)).all()
    if head != "ordinal":
        close((levels * torch.arange(4)).sum(2), guess)


def test_losses_are_those_of_torch():
    torch.manual_seed(0)
    whole = torch.randint(0, 4, (50, 6)).double()
    real = torch.rand(50, 6, dtype=torch.float64) * 3
    raw = {head: torch.randn(50, n, dtype=torch.float64) for head, n in HEADS.items()}
    for labels in (whole, real):
        close(losses(raw["regress"], labels, "regress"), F.mse_loss(raw["regress"], labels, reduction="none").mean(1))
    each = [
        F.cross_entropy(raw["classify"][:, 4 * k : 4 * k + 4], whole[:, k].long(), reduction="none") for k in range(6)
    ]
    close(losses(raw["classify"], whole, "classify"), torch.stack(each).mean(0))
    each = [
        F.cross_entropy(raw["classify"][:, 4 * k : 4 * k + 4], soft_levels(real)[:, k], reduction="none")
        for k in range(6)
    ]
    close(losses(raw["classify"], real, "classify"), torch.stack(each).mean(0))
    p = torch.sigmoid(raw["ordinal"]).reshape(50, 6, 3)
    total = torch.zeros(50, dtype=torch.float64)
    for k in range(6):
        for t in range(3):
            passed = whole[:, k] > t
            total -= torch.where(passed, p[:, k, t].log(), (1 - p[:, k, t]).log())
    close(losses(raw["ordinal"], whole, "ordinal"), total / 6)


def test_ordinal_loss_between_levels():
    """1.25 is surely at least 1, at least 2 by a quarter, never 3."""
    p = [0.8, 0.3, 0.1]
    raw = raw_of([[logit(x) for x in p]] * 6)
    labels = torch.full((1, 6), 1.25, dtype=torch.float64)
    log = lambda x: float(torch.tensor(x, dtype=torch.float64).log())  # noqa: E731
    expected = -(log(0.8) + 0.25 * log(0.3) + 0.75 * log(0.7) + log(0.9))
    close(losses(raw, labels, "ordinal"), [expected])


@pytest.mark.parametrize("head", HEADS)
def test_the_loss_is_least_at_the_label(head):
    """Gradient descent on the raw outputs of one cue ends where the strengths are the labels."""
    labels = torch.tensor([[0.25, 1.0, 1.5, 2.75, 0.0, 3.0]])
    raw = torch.zeros(1, HEADS[head], requires_grad=True)
    optimizer = torch.optim.Adam([raw], lr=0.2)
    for _ in range(300):
        optimizer.zero_grad()
        losses(raw, labels, head).sum().backward()
        optimizer.step()
    torch.testing.assert_close(strengths(raw.detach(), head), labels, atol=0.05, rtol=0)


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_gradients_are_finite(head, scale):
    torch.manual_seed(1)
    raw = (torch.randn(8, HEADS[head]) * scale).requires_grad_()
    loss = losses(raw, torch.rand(8, 6) * 3, head)
    assert loss.shape == (8,) and loss.isfinite().all()
    loss.sum().backward()
    assert raw.grad is not None and raw.grad.isfinite().all()
