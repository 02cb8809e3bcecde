"""The pages of the course: numbers worked by hand, against NumPy and torch; quoted lines, cuts of words, commands, blocks."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
import rjieba
import torch
from conftest import ROOT

from juqing.reading.files import read_labeled
from juqing.text.lines import line_text
from juqing.vectors.word2vec import huffman

PAGES = ROOT / "docs" / "ladder"
NAMES = ("word2vec", "glove", "rnn", "gru", "lstm", "bilstm", "language-models", "transformer", "pair", "scene")


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    return torch.softmax(torch.tensor(x, dtype=torch.float64), -1).numpy()


def pair(vector) -> str:
    return f"({vector[0]:.3f}, {vector[1]:.3f})".replace("-", "−")


def numbers(values) -> list[str]:
    return [f"{value:.3f}".replace("-", "−") for value in values]


def of_word2vec() -> list[str]:
    h = torch.tensor([1.0, 0.0], requires_grad=True)
    u = torch.tensor([[0.5, 0.5], [0.5, -0.5]], requires_grad=True)

    def loss_of(h, u):
        return -torch.nn.functional.logsigmoid(u @ h * torch.tensor([1.0, -1.0])).sum()

    loss = loss_of(h, u)
    loss.backward()
    assert h.grad is not None and u.grad is not None
    moved, answers = (h - h.grad).detach(), (u - u.grad).detach()
    after = sigmoid((answers @ moved).numpy())
    told = [f"{loss.item():.3f}", f"{loss_of(moved, answers).item():.3f}", f"({-h.grad[0]:.3f}, {-h.grad[1]:.3f})"]
    told += [pair(moved), pair(answers[0]), pair(answers[1]), *(f"p = {p:.3f}" for p in after)]
    told += [f"p = {sigmoid(0.5):.3f}", *numbers([1 - sigmoid(0.5), -sigmoid(0.5)])]
    _, ends, _ = huffman(np.array([8, 4, 2, 1]))
    lengths = np.diff(ends, prepend=0)
    assert lengths.tolist() == [1, 2, 3, 3]
    told.append(f"{lengths @ [8, 4, 2, 1] / 15:.2f}")
    first, second, third = 0.599, 0.354, 0.731
    words = [first, (1 - first) * second, (1 - first) * (1 - second) * third, (1 - first) * (1 - second) * (1 - third)]
    assert sum(words) == pytest.approx(1)
    told += numbers(words)
    weights = 1e-3 / (1e-3 + np.array([0.03, 0.0005, 0.04]))
    vectors = np.array([[1, 0], [0, 2], [1, 0.5]])
    return [*told, *numbers(weights), pair(vectors.mean(0)), pair(weights @ vectors / 3)]


def of_glove() -> list[str]:
    w, c = torch.tensor([1.0, 0.5], requires_grad=True), torch.tensor([0.5, 1.0])
    error = w @ c + 0.3 - math.log(10)
    loss = 0.5 * (10 / 100) ** 0.75 * error**2
    loss.backward()
    assert w.grad is not None
    told = [
        f"{math.log(10):.3f}",
        *numbers([error.item()]),
        f"{loss.item():.3f}",
        f"({w.grad[0]:.3f}, {w.grad[1]:.3f})",
    ]
    return [*told, f"{0.1**0.75:.3f}", f"{0.01**0.75:.3f}", f"{1 / 15:.3f}"]


def of_rnn() -> list[str]:
    network = torch.nn.RNN(1, 1, batch_first=True)
    for parameter, value in zip(network.parameters(), (1.0, 0.8, 0.0, 0.0), strict=True):
        torch.nn.init.constant_(parameter, value)
    told = []
    for line in ([1.0, 0.5, 0.0, -1.0], [-1.0, 0.5, 0.0, 1.0]):
        assert np.mean(line) == 0.125
        states = network(torch.tensor(line).reshape(1, 4, 1))[0].flatten()
        change = torch.prod(0.8 * (1 - states[1:] ** 2))
        told.append(" | ".join(numbers([*states.tolist(), change.item()])))
    told += [f"{0.8**10:.3f}", f"{0.8**50:.6f}", f"{1.2**10:.1f}", f"{round(1.2**50, -2):,.0f}", "0.125"]
    return [*told, f"{n_numbers(torch.nn.RNN):,}"]


def n_numbers(kind, **settings) -> int:
    return sum(parameter.numel() for parameter in kind(128, 128, **settings).parameters())


def of_gru() -> list[str]:
    cell = torch.nn.GRU(1, 1, bias=False)
    with torch.no_grad():
        for parameter, values in zip(cell.parameters(), ([1.0, -1.0, 0.5], [0.0, 2.0, 1.0]), strict=True):
            parameter.copy_(torch.tensor(values)[:, None])
    state = cell(torch.ones(1, 1), torch.full((1, 1), 0.5))[1].item()
    reset = sigmoid(1.0)
    told = [f"{state:.3f}", f"{reset:.3f}", f"{math.tanh(0.5 + reset * 0.5):.3f}"]
    h, states = 0.0, []
    for z, proposal in ((0.5, 0), (0.1, -0.9), (0.9, 0.1), (0.9, -0.1)):
        h = (1 - z) * proposal + z * h
        states.append(h)
    told += [" | ".join(numbers(states[1:])), f"{0.9**20:.3f}", f"{0.99**20:.3f}", f"{0.5**20:.8f}"]
    return [*told, f"{n_numbers(torch.nn.GRU):,}", f"{n_numbers(torch.nn.LSTM):,}"]


def of_lstm() -> list[str]:
    c, cells, states = 0.0, [], []
    for i, f, g, o in ((0.2, 0.5, 0.1, 0.5), (0.9, 0.1, -0.9, 0.9), (0.05, 0.95, 0.2, 0.9), (0.1, 0.95, -0.5, 0.9)):
        c = f * c + i * g
        cells.append(c)
        states.append(o * math.tanh(c))
    return [" | ".join(numbers(cells)), " | ".join(numbers(states))]


def of_bilstm() -> list[str]:
    states = np.array([[0.2, 0.1], [0.9, -0.3], [0.1, 0.4]])
    scores = np.tanh(states) @ [2, 0]
    weights = softmax(scores)
    told = [*numbers(scores), *numbers(weights), pair(states.mean(0)), pair(weights @ states)]
    h = 0.8
    for _ in range(3):
        h = math.tanh(0.8 * h)
        told.append(f"{h:.3f}")
    return [*told, f"{n_numbers(torch.nn.LSTM, bidirectional=True):,}"]


def of_language_models() -> list[str]:
    loss = -np.log([0.2, 0.1, 0.5, 0.4]).mean()
    told = [f"{loss:.3f}", f"{math.exp(loss):.2f}", f"{0.6 * 0.5 + 0.3 * 0.2 + 0.1 * 0.01:.3f}"]
    return [*told, f"{math.exp(-np.log([0.6, 0.3, 0.9]).mean()):.2f}"]


def of_transformer() -> list[str]:
    x = torch.tensor([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]], dtype=torch.float64)
    z = torch.nn.functional.scaled_dot_product_attention(x[None], x[None], x[None])[0].numpy()
    weights = softmax((x @ x.T).numpy() / math.sqrt(2))
    turned = x.flip(0)[None]
    backward = torch.nn.functional.scaled_dot_product_attention(turned, turned, turned)[0].numpy()
    assert backward == pytest.approx(z[::-1])
    told = [f"{', '.join(numbers(row))} | {pair(values)}" for row, values in zip(weights, z, strict=True)]
    sure, unsure = softmax([8.0, 0.0, -8.0]), softmax([1.0, 0.0, -1.0])
    told += [pair(z.mean(0)), "(" + ", ".join(f"{p:.4f}" for p in sure) + ")", "(" + ", ".join(numbers(unsure)) + ")"]
    return [*told, f"{sure[0] * (1 - sure[0]):.4f}", f"{unsure[0] * (1 - unsure[0]):.3f}", "0.707, 1.414, 1.414"]


def of_pair() -> list[str]:
    levels = softmax([1.0, 0.0, 0.5, -1.0])
    expected = levels @ np.arange(4)
    told = [*numbers(levels), f"{expected:.3f}", f"{-math.log(levels[2]):.3f}", f"{(2 - expected) ** 2:.2f}"]
    return [*told, f"{24 * 80:,}", f"{24 * 128:,}", str(12 * 20 + 13)]


def of_scene() -> list[str]:
    states = np.array([[1.0, 0.0], [0.0, 1.0], [2.0, 1.0]])
    scores = states @ [1, 1] / math.sqrt(2)
    weights = softmax(scores)
    return [*numbers(scores), *numbers(weights), pair(weights @ states)]


@pytest.mark.parametrize("name", NAMES)
def test_numbers(name):
    worked = globals()["of_" + name.replace("-", "_")]()
    for language in ("", ".zh"):
        text = (PAGES / f"{name}{language}.md").read_text(encoding="utf-8")
        missing = [number for number in worked if number not in text]
        assert not missing, language


@pytest.fixture(scope="module")
def lines():
    return [line_text(line) for item in read_labeled(PAGES / "lines.tsv") for line in item.script.lines]


@pytest.mark.parametrize("language", ["", ".zh"])
@pytest.mark.parametrize("name", NAMES)
def test_quoted_lines_are_ours(name, language, lines):
    text = (PAGES / f"{name}{language}.md").read_text(encoding="utf-8")
    table = re.search(r"\| (?:line of ours|我们写的台词) \| \|\n\| --- \| --- \|\n((?:\|.*\n)+)", text)
    assert table is not None
    for row in table[1].splitlines():
        for quoted in re.split(" / |／", row.split("|")[1]):
            for part in re.split("…+", quoted.strip()):
                spoken = re.sub("^(.{1,2})（(.*)）：", r"\1\2：", part)  # as `line_text` writes it
                assert any(spoken in line for line in lines), part


def test_words_of_rjieba():
    for language in ("", ".zh"):
        text = (PAGES / f"bilstm{language}.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| (\w+) \| ([\w/ ]+) \|$", text, re.MULTILINE)
        assert len(rows) == 5
        for line, cut in rows:
            assert rjieba.cut(line) == cut.split(" / ")


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_have_the_same_commands_formulas_and_blocks(name):
    english, chinese = ((PAGES / f"{name}{language}.md").read_text(encoding="utf-8") for language in ("", ".zh"))
    for pattern in (r"```sh\n.*?```", r"<!-- [^/].*? -->", r"```text\n.*?```"):
        assert re.findall(pattern, english, re.DOTALL) == re.findall(pattern, chinese, re.DOTALL)
    assert english.count("$$") == chinese.count("$$") and len(re.findall("^## ", english, re.M)) == len(
        re.findall("^## ", chinese, re.M)
    )
    commands = re.search(r"```sh\n(.*?)```", english, re.DOTALL)
    assert commands is not None and all(line.startswith("juqing ") for line in commands[1].splitlines())
    assert re.search(rf"<!-- ladder:(\S+,)?{name} -->\n(\n.*\n|)<!-- /ladder -->", english, re.DOTALL)


@pytest.mark.parametrize("language", ["", ".zh"])
def test_the_way_up_is_the_way_down(language):
    below, above = ("上一页", "下一页") if language else ("below", "next")
    for name in NAMES[:-1]:
        text = (PAGES / f"{name}{language}.md").read_text(encoding="utf-8")
        link = re.search(rf"{above}[：:] ?\[[\w-]+\]\(([\w-]+){language}\.md\)", text)
        assert link is not None
        higher = (PAGES / f"{link[1]}{language}.md").read_text(encoding="utf-8")
        assert re.search(rf"{below}[：:] ?\[[\w-]+\]\({name}{language}\.md\)", higher)
