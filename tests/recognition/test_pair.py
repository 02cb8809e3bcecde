from __future__ import annotations

import numpy as np
import pytest
import torch
from encoders import random_reader, random_run, tiny_config
from recognition.contract import check_recognizer

from juqing.reading import read_text
from juqing.reading.files import read_labeled
from juqing.recognition.heads import HEADS
from juqing.recognition.pair import PairReader, PairRecognizer
from juqing.runtime import load
from juqing.text.pairs import pair_inputs
from juqing.training.run import train


def test_the_network_is_encoder_first_token_and_linear_layer(feature):
    """Each input by itself through transformers' own model, without padding or mask."""
    reader = random_reader("pair")
    assert isinstance(reader, PairReader)
    inputs = pair_inputs(feature, reader.tokenizer, 64)
    raw = PairRecognizer(reader).raw(feature)
    assert raw.std(0).min() > 0.02
    linear = reader.top[1]  # type: ignore[index]
    with torch.inference_mode():
        for k in range(0, len(inputs), 50):
            first = reader.encoder(input_ids=torch.tensor([inputs[k]])).last_hidden_state[0, 0]
            torch.testing.assert_close(raw[k], linear.weight @ first + linear.bias, atol=1e-5, rtol=0)


@pytest.mark.parametrize("family", ["roberta", "electra"])
def test_other_families_learn_and_score(family, table, tmp_path):
    labeled = read_labeled(table)[:1]
    train(tiny_config("pair", family, epochs=1, head="classify"), labeled, tmp_path / "run")
    values = load(tmp_path / "run").score(labeled[0].script).values
    assert len(np.unique(values.round(5), axis=0)) > 3


def test_contract(table, tmp_path):
    train(tiny_config("pair", head="classify"), read_labeled(table), tmp_path / "mine")
    recognizer = load(tmp_path / "mine")
    assert recognizer.name == "mine"
    check_recognizer(recognizer)


@pytest.mark.parametrize("head", HEADS)
def test_levels(head, feature):
    recognizer = load(random_run("pair", head))
    assert isinstance(recognizer, PairRecognizer)
    levels = recognizer.level_probabilities(feature)
    assert levels.shape == (feature.n_cues, 6, 4)
    np.testing.assert_allclose(levels.sum(2), 1, atol=1e-5)


def test_nobody():
    recognizer = load(random_run("pair"))
    assert isinstance(recognizer, PairRecognizer)
    assert recognizer.level_probabilities(read_text("")).shape == (0, 6, 4)


def test_saved_and_loaded_it_is_the_same(tmp_path, feature):
    reader = random_reader("pair")
    assert isinstance(reader, PairReader)
    reader.save(tmp_path)
    assert np.array_equal(load(tmp_path).score(feature).values, PairRecognizer(reader).score(feature).values)
