"""Recurrent language models: words, cells, perplexity, streams, what is learned."""

from __future__ import annotations

import itertools
import json
import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
import torch
from encoders import text
from safetensors.torch import load_file

from juqing.errors import InputError, ModelError
from juqing.pretraining.next_word import (
    CELLS,
    END,
    UNKNOWN,
    NextWordConfig,
    NextWordModel,
    NextWordTask,
    count_words,
    detached,
    load_next_word,
    perplexity,
    save_next_word,
    train_next_word,
    word_windows,
)
from juqing.pretraining.texts import Windows
from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary

LINES = ["她 很 高兴", "", "她 笑 她 走 了", "谁 知道"]


def config(**changes: Any) -> NextWordConfig:
    settings: dict[str, Any] = {
        "unit": "blank", "min_count": 1, "dim": 16, "hidden": 16, "n_layers": 1, "window": 8, "streams": 4, "dropout": 0.0,
        "checkpoint_minutes": 1e9,
    }  # fmt: skip
    return NextWordConfig(**{**settings, **changes})


def model_of(cell: str = "lstm", n_words: int = 12, seed: int = 0, **more: Any) -> NextWordModel:
    torch.manual_seed(seed)
    settings: dict[str, Any] = {"dim": 6, "hidden": 6, "n_layers": 2, "tied": True, **more}
    return NextWordModel(n_words, cell=cell, **settings).eval()


# Words


def test_the_vocabulary():
    vocabulary = count_words(Corpus([LINES], unit="blank"), max_words=100, min_count=2)
    assert vocabulary.words == [UNKNOWN, END, "她"]
    assert vocabulary.counts.tolist() == [7, 3, 3]
    assert count_words(Corpus([LINES], unit="blank"), max_words=4, min_count=1).words == [UNKNOWN, END, "她", "很"]
    with pytest.raises(InputError, match="no word occurs 9 times"):
        count_words(Corpus([LINES], unit="blank"), max_words=10, min_count=9)
    with pytest.raises(InputError, match="the text is empty"):
        count_words(Corpus([["", " "]], unit="blank"), max_words=10, min_count=1)


def test_words_of_the_text_that_are_special():
    """As in the Penn treebank, where rare words are written <unk>."""
    corpus = Corpus([["a <unk> a", "a b"]], unit="blank")
    vocabulary = count_words(corpus, max_words=100, min_count=2)
    assert vocabulary.words == [UNKNOWN, END, "a"] and vocabulary.counts.tolist() == [2, 2, 3]
    assert np.concatenate(list(word_windows(corpus, vocabulary, 8))).tolist() == [2, 0, 2, 1, 2, 0, 1]


def test_windows_are_the_text_in_one_row():
    corpus = Corpus([LINES], unit="blank")
    vocabulary = count_words(corpus, max_words=100, min_count=1)
    windows = list(word_windows(corpus, vocabulary, 4))
    assert [len(window) for window in windows] == [4, 4, 4, 1]
    words = [vocabulary.words[k] for window in windows for k in window]
    assert words == f"她 很 高兴 {END} 她 笑 她 走 了 {END} 谁 知道 {END}".split()


# Networks


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("tied", [True, False])
def test_what_is_carried_on(cell, tied):
    """Read in two parts, what is remembered carried on, or at once: the same; and a word later on changes nothing before."""
    model = model_of(cell, tied=tied)
    ids = torch.arange(10)[None] % 12
    whole, _ = model(ids)
    first, state = model(ids[:, :4])
    second, _ = model(ids[:, 4:], detached(state))
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    other = ids.clone()
    other[0, 6] = 11
    changed, _ = model(other)
    assert torch.equal(changed[:, :6], whole[:, :6]) and not torch.allclose(changed[:, 6:], whole[:, 6:])
    names = {name.split(".")[0] for name, _ in model.named_parameters()}
    assert names == {"embedding", "cell", "bias", *(() if tied else ("weight",))}


def test_a_plain_cell_by_hand():
    """Elman's network with tied weights, one word after the other."""
    model = model_of("rnn", n_layers=1)
    w, u, b, c = (getattr(model.cell, f"{name}_l0") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))
    h = torch.zeros(6)
    expected = []
    for k in (3, 5, 3):
        h = torch.tanh(w @ model.embedding.weight[k] + b + u @ h + c)
        expected.append(model.embedding.weight @ h + model.bias)
    torch.testing.assert_close(model(torch.tensor([[3, 5, 3]]))[0][0], torch.stack(expected))


@pytest.mark.parametrize("changes", [{"bidirectional": True}, {"cell": "bilstm"}])
def test_a_network_that_reads_both_ways_is_refused(changes):
    with pytest.raises(InputError, match=r"reads both ways.* It would see that word.*pretrain masked"):
        config(**changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"cell": "mamba"}, "cell is 'mamba'. Choose one of rnn, gru, lstm"),
        ({"unit": "byte"}, "unit is 'byte'. Choose one of word"),
        ({"hidden": 8}, "dim is 16, hidden 8"),
        ({"streams": 0}, "streams is 0"),
        ({"max_words": 2}, "max_words is 2"),
        ({"dropout": 1.0}, "dropout is 1.0"),
    ],
)
def test_settings_that_are_wrong(changes, message):
    with pytest.raises(InputError) as caught:
        config(**changes)
    assert message in str(caught.value)


# Perplexity


def test_perplexity_by_hand():
    """Word for word, in one stream; the windows it is read in do not matter."""
    model = model_of()
    ids = np.random.default_rng(0).integers(2, 12, 50)
    total = 0.0
    with torch.no_grad():
        for t in range(len(ids)):
            before = torch.tensor([[1, *ids[:t].tolist()]])
            total -= float(model(before)[0][0, -1].log_softmax(0)[ids[t]])
    for window in (7, 16, 64):
        assert perplexity(model, ids, 1, window=window) == pytest.approx(math.exp(total / 50), rel=1e-4)


def test_long_text_is_read_in_streams():
    model = model_of()
    ids = np.random.default_rng(0).integers(2, 12, 8 * 20 * 3 + 5)
    parts = np.array_split(ids, 3)
    losses = [math.log(perplexity(model, part, 1, window=8)) * len(part) for part in parts]
    assert math.log(perplexity(model, ids, 1, window=8)) == pytest.approx(sum(losses) / len(ids), rel=1e-4)


@pytest.mark.parametrize("tied", [True, False])
def test_it_begins_as_the_unigram_model(tied):
    corpus = Corpus([text().split("\n")])
    vocabulary = count_words(corpus, max_words=500, min_count=2)
    ids = np.concatenate(list(word_windows(corpus, vocabulary, 64)))
    p = np.bincount(ids, minlength=len(vocabulary)) / len(ids)
    unigram = math.exp(-sum(n * math.log(p[k]) for k, n in Counter(ids.tolist()).items()) / len(ids))
    model = NextWordModel(len(vocabulary), cell="lstm", dim=32, hidden=32, n_layers=2, tied=tied).eval()
    model.begin_with(vocabulary.counts)
    assert perplexity(model, ids, 1) == pytest.approx(unigram, rel=0.02)


# Streams


def task_of(ids: np.ndarray, n_processes: int = 1, **changes: Any) -> list[NextWordTask]:
    vocabulary = Vocabulary([UNKNOWN, END, *map(str, range(10))])
    windows = Windows(ids.astype(np.int32), np.array([len(ids)]))
    settings = config(**changes)
    return [
        NextWordTask(model_of(), vocabulary, windows, windows, settings, k, n_processes) for k in range(n_processes)
    ]


@pytest.mark.parametrize("n_processes", [1, 2])
def test_streams_go_on_from_window_to_window(n_processes):
    ids = np.arange(1003)
    tasks = task_of(ids, n_processes)
    n = tasks[0].n_batches()
    seen = []
    for task in tasks:
        made = [task.batch(k) for k in range(n)]
        for before, after in itertools.pairwise(made):
            assert (after[0][:, 0] == before[1][:, -1]).all()  # the last that was asked for is read next
        assert all((asked == read + 1).all() for read, asked in made)
        seen += [asked for _, asked in made]
    asked = np.concatenate([each.ravel() for each in seen])
    assert len(set(asked.tolist())) == len(asked) > 1003 - 1 - 4 * n_processes * 8
    assert (tasks[0].batch(0)[0] != tasks[0].batch(n)[0]).any() or tasks[0]._length % 8 == 0


@pytest.mark.parametrize("n", [8, 9, 17, 40])
def test_short_text_has_fewer_streams(n):
    (task,) = task_of(np.arange(n))
    read, asked = task.batch(0)
    assert (asked == read + 1).all() and asked.max() < n and len(read) <= 4


# Training


@pytest.mark.parametrize("cell", CELLS)
def test_a_periodic_text_is_learned(cell, tmp_path):
    """Its unigram perplexity is 4.92; who remembers has 1, but for the first words of a stream."""
    period = ["a b c d a c", "b d a"]
    corpus = Corpus([period * 300], unit="blank")
    settings = config(cell=cell, epochs=8, learning_rate=2e-2, dim=24, hidden=24, window=16, decay=0.3)
    done = train_next_word(settings, corpus, tmp_path / "model", held_out=Corpus([period * 30], unit="blank"))
    assert done["perplexity_before"] == pytest.approx(4.92, abs=0.3)
    assert done["perplexity"] < 1.05
    model, vocabulary, unit = load_next_word(tmp_path / "model")
    ids = np.concatenate(list(word_windows(Corpus([period * 30], unit=unit), vocabulary, 16)))
    assert perplexity(model, ids, 1, window=16) == pytest.approx(done["perplexity"], abs=0.02)


def test_the_folder(tmp_path):
    corpus = Corpus([text().split("\n")[:80]], unit="character")
    settings = config(unit="character", cell="gru", tied=False, hidden=20, n_layers=2, window=32, epochs=1)
    train_next_word(settings, corpus, tmp_path / "model")
    told = json.loads((tmp_path / "model" / "config.json").read_text(encoding="utf-8"))
    assert told["cell"] == "gru" and told["unit"] == "character" and told["hidden"] == 20
    state = load_file(tmp_path / "model" / "model.safetensors")
    assert state["embedding.weight"].shape == (told["n_words"], 16)
    gru = torch.nn.GRU(16, 20, 2)  # what a recognizer takes
    gru.load_state_dict({name.removeprefix("cell."): t for name, t in state.items() if name.startswith("cell.")})
    model, vocabulary, unit = load_next_word(tmp_path / "model")
    assert len(vocabulary) == told["n_words"] and unit == "character" and not model.training
    assert "next word, 2 layers of gru" in (tmp_path / "model" / "README.md").read_text(encoding="utf-8")


def test_the_text_must_be_of_the_unit(tmp_path):
    with pytest.raises(InputError, match="cut into words, the model reads blanks"):
        train_next_word(config(), Corpus([LINES]), tmp_path / "model")


def test_text_that_is_too_short(tmp_path):
    for lines, message in ((["", " "], "the text is empty"), (LINES[:1], "less than a window of 8")):
        with pytest.raises(InputError, match=message):
            train_next_word(config(), Corpus([lines], unit="blank"), tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_folders_that_cannot_be_loaded(tmp_path):
    vocabulary = Vocabulary([UNKNOWN, END, *"abcdefghij"])
    save_next_word(model_of(), vocabulary, "blank", tmp_path)
    model, _, _ = load_next_word(tmp_path)
    assert torch.equal(model.bias, model_of().bias)
    save_next_word(model_of(), Vocabulary([UNKNOWN, END, "a"]), "blank", tmp_path)
    with pytest.raises(ModelError, match="vocabulary does not fit: it has 3 words, the model 12"):
        load_next_word(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"junk")
    with pytest.raises(ModelError, match="cannot be loaded"):
        load_next_word(tmp_path)
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match="no language model"):
        load_next_word(tmp_path)
    with pytest.raises(ModelError, match="no such folder"):
        load_next_word(tmp_path / "none")
