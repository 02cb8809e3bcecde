"""Recurrent networks: a step by hand, what padding must not do, what each of them can see, what they start from."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from encoders import text  # noqa: F401  (one thread)
from recognition.rungs import check_damaged_config, check_rung, learned, stacked
from safetensors.torch import load_file, save_file

from juqing.errors import InputError, ModelError, TrainingError
from juqing.pretraining.next_word import END, UNKNOWN, NextWordModel, save_next_word
from juqing.reading.files import read_labeled
from juqing.recognition.averaged import AveragedRecognizer
from juqing.recognition.recurrent import (
    POOLINGS,
    Attention,
    BilstmRecognizer,
    GruRecognizer,
    LstmRecognizer,
    RecurrentNetwork,
    RecurrentRecognizer,
    RnnRecognizer,
    _batches,
    _padded,
)
from juqing.runtime import load
from juqing.text.tokens import BREAK_TOKEN, OTHER_TOKEN, OWN_TOKEN, cue_tokens
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.table import WordVectors

KINDS = {"rnn": RnnRecognizer, "gru": GruRecognizer, "lstm": LstmRecognizer, "bilstm": BilstmRecognizer}
SMALL: dict[str, Any] = {
    "dim": 8, "hidden": 16, "batch": 8, "dropout": 0.0, "epochs": 12, "learning_rate": 0.02, "min_count": 1
}  # fmt: skip


def untrained(kind: str = "lstm", words: str = "我 不 怕 你 了 她 笑", **settings: Any) -> RecurrentRecognizer:
    """A recognizer with random weights whose outputs vary."""
    recognizer = KINDS[kind](**{**SMALL, **settings})
    recognizer.vocabulary_ = Vocabulary([UNKNOWN, BREAK_TOKEN, OWN_TOKEN, OTHER_TOKEN, *words.split()])
    torch.manual_seed(5)
    recognizer.network_ = recognizer._network(len(recognizer.vocabulary_), recognizer.dim).eval()
    with torch.no_grad():
        for parameter in recognizer.network_.parameters():
            parameter.normal_(std=0.7)
    return recognizer


def predicted(recognizer: RecurrentRecognizer, *texts: str) -> np.ndarray:
    return recognizer._predict([each.split() for each in texts])


def check_folder(folder: Path) -> None:
    """Whatever is wrong with the folder is a `ModelError`."""
    check_damaged_config(folder)
    for name in ("model.safetensors", "vocabulary.json"):
        path = folder / name
        data = path.read_bytes()
        for damage in (b"", data[:50], data[:-20]):
            path.write_bytes(damage)
            with pytest.raises(ModelError, match=name):
                load(folder)
        path.unlink()
        with pytest.raises(ModelError, match=name):
            load(folder)
        path.write_bytes(data)
    path = folder / "vocabulary.json"
    words = json.loads(data := path.read_text(encoding="utf-8"))["words"]
    for wrong in (words[:-1], [*words, "新词"]):
        path.write_text(json.dumps({"words": wrong}), encoding="utf-8")
        with pytest.raises(ModelError, match=f"the vocabulary {len(wrong)}"):
            load(folder)
    path.write_text(json.dumps({"words": words[::-1]}), encoding="utf-8")
    with pytest.raises(ModelError, match="special"):
        load(folder)
    path.write_text(data, encoding="utf-8")
    path = folder / "model.safetensors"
    state = load_file(path)
    for wrong in ({"out.bias": torch.full((6,), torch.nan)}, {"out.bias": torch.zeros(5)}, {"more": torch.zeros(1)}):
        save_file({**state, **wrong}, path)
        with pytest.raises(ModelError, match=r"model\.safetensors"):
            load(folder)
    save_file(state, path)
    load(folder)


# The contract


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("rnn", {"pooling": "mean"}),
        ("gru", {"unit": "character", "n_layers": 2}),
        ("lstm", {"tags": True, "n_before": 2}),
        ("bilstm", {"pooling": "last", "dropout": 0.1, "epochs": 16}),
    ],
)
def test_rung(table, tmp_path, kind, settings):
    check_rung(lambda **more: KINDS[kind](**{**SMALL, **settings, **more}), table, tmp_path, check_folder)


def test_it_learns(table):
    """Its errors on what it learned from are less than half of what the mean label makes."""
    labeled = read_labeled(table)
    y, w = stacked(labeled)
    mean = np.average(y, axis=0, weights=w)
    rung = learned(BilstmRecognizer(**SMALL), table)
    got = np.concatenate([rung.score(item.script).values for item in labeled])
    errors = [np.average(((each - y) ** 2).mean(axis=1), weights=w) ** 0.5 for each in (got, mean)]
    assert errors[0] < 0.5 * errors[1]


def test_seeds(table):
    """One seed, one result, whatever was drawn before; another seed, another one. Nobody else's numbers change."""
    item = read_labeled(table)[0]

    def values(seed: int) -> np.ndarray:
        rung = GruRecognizer(**{**SMALL, "epochs": 1, "dropout": 0.5, "seed": seed})
        return rung.fit([item.script], [item.labels], [item.weights]).score(item.script).values

    torch.manual_seed(1)
    wanted = torch.rand(1)
    torch.manual_seed(1)
    first = values(3)
    assert torch.equal(torch.rand(1), wanted)
    assert np.array_equal(first, values(3))
    assert not np.array_equal(first, values(4))


def test_progress(table):
    item = read_labeled(table)[0]  # 25 labeled cues
    told = []
    rung = RnnRecognizer(**{**SMALL, "epochs": 2, "batch": 10})
    rung.fit([item.script], [item.labels], None, lambda *each: told.append(each))
    assert told == [(k, 6) for k in range(1, 7)]


# What it computes


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def test_an_lstm_by_hand():
    """Two words through the equations of Hochreiter & Schmidhuber, with a gate to forget, in NumPy."""
    recognizer = untrained(pooling="last")
    weights = {name: t.numpy().astype(np.float64) for name, t in recognizer.network_.state_dict().items()}
    state, memory = np.zeros(16), np.zeros(16)
    for word in (BREAK_TOKEN, "她", "笑"):
        vector = weights["embedding.weight"][recognizer.vocabulary_.index[word]]
        gates = weights["cell.weight_ih_l0"] @ vector + weights["cell.bias_ih_l0"]
        gates += weights["cell.weight_hh_l0"] @ state + weights["cell.bias_hh_l0"]
        enter, forget, new, leave = np.split(gates, 4)
        memory = sigmoid(forget) * memory + sigmoid(enter) * np.tanh(new)
        state = sigmoid(leave) * np.tanh(memory)
    expected = weights["out.weight"] @ state + weights["out.bias"]
    np.testing.assert_allclose(predicted(recognizer, "她 笑")[0], expected, rtol=1e-4, atol=1e-5)


def test_attention_by_hand():
    pool = Attention(2)
    with torch.no_grad():
        pool.key.weight.copy_(torch.eye(2))
        pool.key.bias.zero_()
        pool.query.weight.copy_(torch.tensor([[1.0, 0.0]]))
    states = torch.tensor([[[0.5, 1.0], [9.0, 9.0], [-0.5, 3.0]]])
    odds = np.exp(2 * np.tanh(0.5))
    expected = (odds * np.array([0.5, 1.0]) + np.array([-0.5, 3.0])) / (odds + 1)
    found = pool(states, torch.zeros(1, 2), torch.tensor([[True, False, True]]))
    np.testing.assert_allclose(found.detach().numpy()[0], expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_padding_changes_nothing(kind, pooling):
    """Lines of many lengths side by side, each as if it were alone; also those with lines before and the empty one."""
    recognizer = untrained(kind, pooling=pooling, n_layers=2)
    lines = ["她 笑", "我 不 怕 你 了", "", f"她 {BREAK_TOKEN} 笑", f"我 不 {BREAK_TOKEN}", "笑 " * 60]
    together = predicted(recognizer, *lines)
    alone = np.concatenate([predicted(recognizer, line) for line in lines])
    assert len(np.unique(together[:, 0].round(4))) == len(lines)
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_order_of_words_matters_unlike_in_an_average():
    one: str = "我 不 怕 你"
    two: str = "你 怕 我 不"
    for kind in KINDS:
        values = predicted(untrained(kind), one, two)
        assert np.abs(values[0] - values[1]).max() > 0.05
    averaged = AveragedRecognizer()
    averaged.vocabulary_ = Vocabulary("我 不 怕 你".split())
    random_state = np.random.default_rng(0)
    averaged.word_weights_ = random_state.random(4).astype(np.float32)
    averaged.vectors_ = random_state.normal(size=(4, 5)).astype(np.float32)
    averaged.coef_ = random_state.normal(size=(5, 6)).astype(np.float32)
    averaged.intercept_ = np.zeros(6, np.float32)
    values = averaged._predict([list(one.split()), list(two.split())])
    np.testing.assert_allclose(values[0], values[1], rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_only_one_that_reads_both_ways_sees_what_comes_later(kind):
    """The state behind the second word, when the third one is another."""
    network = untrained(kind).network_
    network.out = torch.nn.Linear(network.out.in_features, 6)
    network.pool = Second()  # pyright: ignore[reportAttributeAccessIssue]
    ids = torch.tensor([[4, 5, 6], [4, 5, 7]])
    with torch.inference_mode():
        values = network(ids, torch.tensor([3, 3]), torch.tensor([0, 0]))
    assert torch.equal(values[0], values[1]) == (kind != "bilstm")


class Second(torch.nn.Module):
    def forward(self, states: torch.Tensor, last: torch.Tensor, own: torch.Tensor) -> torch.Tensor:
        return states[:, 1]


def test_the_lines_before_are_heard_but_only_the_own_one_is_pooled():
    recognizer = untrained("gru", pooling="mean")
    values = predicted(recognizer, f"她 {BREAK_TOKEN} 笑", f"你 {BREAK_TOKEN} 笑", "笑")
    assert np.abs(values[0] - values[1]).max() > 1e-3
    (ids, start), *_ = recognizer._sequences([f"她 {BREAK_TOKEN} 我 笑".split()])
    assert (ids[start:], len(ids)) == (recognizer.vocabulary_.ids(["我", "笑"]).tolist(), 5)


def test_what_is_cut_of_long_ones():
    recognizer = untrained(max_tokens=5)
    names = {k: word for word, k in recognizer.vocabulary_.index.items()}

    def kept(line: str) -> tuple[str, int]:
        ((ids, start),) = recognizer._sequences([line.split()])
        return " ".join(names[k] for k in ids).replace(BREAK_TOKEN, "/"), start

    assert kept("我 不 怕") == ("/ 我 不 怕", 1)
    assert kept("我 不 怕 你 了") == ("/ 我 不 怕 你", 1)  # the end of the line
    assert kept(f"她 笑 {BREAK_TOKEN} 我 怕") == ("/ 笑 / 我 怕", 3)  # what is farthest before
    assert kept(f"她 {BREAK_TOKEN} 我 不 怕 你 了") == ("/ 我 不 怕 你", 1)
    assert kept("谁 笑") == (f"/ {UNKNOWN} 笑", 1)
    assert kept("") == ("/", 0)
    assert kept(f"她 {BREAK_TOKEN}") == ("/ 她 /", 2)


def test_every_cue_is_in_one_batch_with_others_of_its_length():
    lengths = np.random.default_rng(0).integers(1, 60, 1000)
    batches = list(_batches(lengths, 10, np.random.default_rng(1)))
    assert sorted(np.concatenate(batches).tolist()) == list(range(1000))
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < 0.1 * np.ptp(lengths)
    order = [int(lengths[batch].mean()) for batch in batches]
    assert sum(a <= b for a, b in pairwise(order)) < 0.7 * len(order)  # not from short to long


# What it starts from


@pytest.fixture(scope="module")
def vectors(table) -> WordVectors:
    """Random vectors for half of the table's words, and for some that it does not have."""
    words = list(dict.fromkeys(w for i in read_labeled(table) for tokens in cue_tokens(i.script) for w in tokens))
    words = [*(word for word in words[::2] if word != OWN_TOKEN), *(f"词{k}" for k in range(20))]
    return WordVectors(words, np.random.default_rng(3).normal(size=(len(words), 12)))


def test_frozen_vectors_stay_and_tuned_ones_move(table, vectors):
    settings = {**SMALL, "epochs": 1}
    frozen = learned(LstmRecognizer(vectors, tune_vectors=False, **settings), table)
    tuned = learned(LstmRecognizer(vectors, **settings), table)
    assert frozen.vocabulary_.words == tuned.vocabulary_.words
    seen, unseen = vectors.words[0], "词3"

    def vector(rung: Any, word: str) -> np.ndarray:
        return rung.network_.embedding.weight[rung.vocabulary_.index[word]].numpy()

    for word in (seen, unseen):
        np.testing.assert_array_equal(vector(frozen, word), vectors[word])
    np.testing.assert_array_equal(vector(tuned, unseen), vectors[unseen])
    assert np.abs(vector(tuned, seen) - vectors[seen]).max() > 1e-4
    assert not torch.equal(frozen.network_.cell.weight_ih_l0, tuned.network_.cell.weight_ih_l0)


def test_the_words_that_are_kept(table, vectors):
    labeled = read_labeled(table)
    words = {w for i in labeled for tokens in cue_tokens(i.script) for w in tokens}
    rung = learned(RnnRecognizer(vectors, **{**SMALL, "epochs": 1, "max_words": len(words) + 7}), table)
    assert rung.vocabulary_.words[:4] == [UNKNOWN, BREAK_TOKEN, OWN_TOKEN, OTHER_TOKEN]
    assert words <= set(rung.vocabulary_.words) and len(rung.vocabulary_) == len(words) + 7
    rare = learned(RnnRecognizer(**{**SMALL, "epochs": 1, "min_count": 10_000}), table)
    assert len(rare.vocabulary_) == 4


def test_the_width_is_that_of_the_vectors(table, vectors, tmp_path):
    rung = learned(RnnRecognizer(vectors, **{**SMALL, "epochs": 1}), table)
    rung.save(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["settings"]["dim"] == 12
    loaded: Any = load(tmp_path)
    assert loaded.network_.embedding.embedding_dim == 12


@pytest.fixture(scope="module")
def language_model(table, tmp_path_factory) -> Path:
    words = list(dict.fromkeys(w for i in read_labeled(table) for tokens in cue_tokens(i.script) for w in tokens))
    words = [UNKNOWN, END, *(word for word in words if word not in (OWN_TOKEN, OTHER_TOKEN)), "船"]
    torch.manual_seed(2)
    model = NextWordModel(len(words), cell="gru", dim=8, hidden=16, n_layers=2, tied=False)
    folder = tmp_path_factory.mktemp("language-model")
    save_next_word(model, Vocabulary(words), "word", folder)
    return folder


def test_it_starts_from_a_language_model(table, language_model, monkeypatch):
    """Before the first step, the states over a line are those of the language model."""
    from juqing.pretraining.next_word import load_next_word

    model, vocabulary, _ = load_next_word(language_model)
    monkeypatch.setattr(RecurrentRecognizer, "_train", lambda *asked: None)
    rung = learned(GruRecognizer(start=language_model, n_layers=2, **SMALL), table)
    assert "船" in rung.vocabulary_
    line = ["我", "知道", "了", "船"]
    assert all(word in vocabulary for word in line)
    ((ids, _),) = rung._sequences([line])
    with torch.inference_mode():
        ours, _ = rung.network_.cell(rung.network_.embedding(torch.tensor([ids])))
        wanted = torch.tensor([[vocabulary.index[END], *vocabulary.ids(line).tolist()]])
        theirs, _ = model.cell(model.embedding(wanted))
    torch.testing.assert_close(ours, theirs)


def test_it_goes_on_learning_from_there(table, language_model, tmp_path):
    rung = learned(GruRecognizer(start=language_model, n_layers=2, **{**SMALL, "epochs": 1}), table)
    before = load_file(language_model / "model.safetensors")
    assert not torch.equal(before["cell.weight_hh_l0"], rung.network_.cell.weight_hh_l0)
    rung.save(tmp_path)
    item = read_labeled(table)[0]
    assert np.array_equal(load(tmp_path).score(item.script).values, rung.score(item.script).values)


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("lstm", {"n_layers": 2}, "its cell is gru, the recognizer's lstm"),
        ("gru", {"n_layers": 1}, "its n_layers is 2, the recognizer's 1. Set n_layers=2"),
        ("gru", {"n_layers": 2, "dim": 9}, "its dim is 8, the recognizer's 9"),
        ("gru", {"n_layers": 2, "hidden": 15}, "its hidden is 16"),
        ("gru", {"n_layers": 2, "unit": "character"}, "its unit is word, the recognizer's character"),
        ("gru", {"n_layers": 2, "tags": True}, "its tags is False"),
        ("bilstm", {"n_layers": 2}, "its cell is gru, the recognizer's bilstm"),
    ],
)
def test_a_language_model_that_does_not_fit(table, language_model, kind, settings, message):
    with pytest.raises(InputError) as caught:
        learned(KINDS[kind](start=language_model, **{**SMALL, **settings}), table)
    assert message in str(caught.value) and str(language_model) in str(caught.value)


def test_refused(table, vectors, tmp_path):
    for settings, message in (
        ({"pooling": "max"}, "pooling is 'max'. Choose one of last, mean, attention"),
        ({"hidden": 0}, "hidden is 0"),
        ({"n_before": -1}, "n_before is -1"),
        ({"max_tokens": 1}, "max_tokens is 1"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"seed": -1}, "seed is -1"),
        ({"vectors": vectors, "start": tmp_path}, "Give one of the two"),
        ({"vectors": WordVectors(["cat"], np.ones((1, 3)))}, "no word of the labeled lines has a vector"),
    ):
        with pytest.raises(InputError) as caught:
            learned(LstmRecognizer(**{**SMALL, **settings}), table)
        assert message in str(caught.value)
    with pytest.raises(ModelError, match="language model cannot be loaded"):
        learned(LstmRecognizer(start=tmp_path, **SMALL), table)
    with pytest.raises(TrainingError, match="Lower the learning rate"):
        learned(LstmRecognizer(**{**SMALL, "learning_rate": 1e30}), table)


def test_the_network_alone():
    """Ids of a batch are padded with what is not read."""
    ids, lengths, starts = _padded([([4, 5], 1), ([6], 0)], torch.device("cpu"))
    assert ids.tolist() == [[4, 5], [6, 0]] and lengths.tolist() == [2, 1] and starts.tolist() == [1, 0]
    network = RecurrentNetwork(7, 3, torch.nn.GRU(3, 4, batch_first=True), "mean")
    assert network(ids, lengths, starts).shape == (2, 6)
