"""The scene reader: its head against a slow loop, and what every recognizer promises."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch
from encoders import FAMILIES, LONGEST, random_reader, random_run, tiny_config, tiny_encoder
from recognition.contract import check_recognizer
from safetensors.torch import load_file

from juqing.errors import ModelError
from juqing.reading.files import read_labeled
from juqing.recognition.encoders import encoder_layers, load_encoder, longest_input, tensors
from juqing.recognition.heads import HEADS
from juqing.recognition.scene import CueHead, SceneReader, SceneRecognizer, check_window
from juqing.runtime import load
from juqing.text.windows import WindowSettings, collate, windows
from juqing.training.run import train


def slow_head(head: CueHead, states, lines, mentions, elsewhere, roles) -> torch.Tensor:
    """One cue after the other, one attention head after the other, without padding."""
    result = []
    for c in range(len(roles)):
        line = states[lines[c, 0] : lines[c, 1]]
        mention, around = (states[row[c][row[c] >= 0]] for row in (mentions, elsewhere))
        named = mention.mean(0) if len(mention) else head.nowhere[0]
        others = around.mean(0) if len(around) else head.nowhere[1]
        query = head.query.weight @ torch.cat([named, others, head.role.weight[roles[c]]]) + head.query.bias
        found = []
        size = len(query) // head.n_heads
        for h in range(head.n_heads):
            of = slice(h * size, (h + 1) * size)
            keys = line @ head.key.weight[of].T + head.key.bias[of]
            values = line @ head.value.weight[of].T + head.value.bias[of]
            likely = torch.exp(keys @ query[of] / size**0.5)
            found.append((likely / likely.sum()) @ values)
        x = head.hidden.weight @ torch.cat([named, others, *found]) + head.hidden.bias
        x = x * 0.5 * (1 + torch.erf(x / 2**0.5)) + named
        x = (x - x.mean()) / (x.var(unbiased=False) + head.norm.eps).sqrt() * head.norm.weight + head.norm.bias
        result.append(head.out.weight @ x + head.out.bias)
    return torch.stack(result)


@pytest.mark.parametrize(("dim", "n_heads"), [(24, 6), (20, 5), (14, 2)])
def test_cue_head_is_what_the_slow_loop_computes(dim, n_heads):
    torch.manual_seed(0)
    head = CueHead(dim, 7, 0.3).double().eval()
    assert head.n_heads == n_heads
    for parameter in head.parameters():
        parameter.data.normal_(std=0.5)
    states = torch.randn(30, dim, dtype=torch.float64)
    lines = torch.tensor([[3, 7], [3, 5], [29, 30], [10, 13]])
    mentions = torch.tensor([[3, 4], [-1, -1], [29, -1], [11, -1]])
    elsewhere = torch.tensor([[-1, -1, -1], [-1, -1, -1], [1, 2, 20], [4, -1, -1]])
    roles = torch.tensor([0, 1, 1, 0])
    expected = slow_head(head, states, lines, mentions, elsewhere, roles)
    assert expected.std() > 0.1
    torch.testing.assert_close(head(states, lines, mentions, elsewhere, roles), expected, atol=1e-9, rtol=0)


def test_a_cue_does_not_depend_on_its_batch(feature):
    """Padding, and whatever else is read at the same time, changes nothing."""
    reader = random_reader("scene")
    assert isinstance(reader, SceneReader)
    cut = windows(feature, reader.tokenizer, reader.window)[:24]
    assert len({len(window.token_ids) for window in cut}) > 3
    cpu = torch.device("cpu")
    with torch.inference_mode():
        alone = [reader(**tensors(collate([window], reader.tokenizer.pad), cpu)) for window in cut]
        together = reader(**tensors(collate(cut, reader.tokenizer.pad), cpu))
    expected = torch.cat(alone)
    assert expected.std(0).min() > 0.02  # cues do differ
    torch.testing.assert_close(together, expected, atol=1e-5, rtol=0)


def test_scores_are_in_the_order_of_the_cues(feature):
    """Batches are sorted by length; every row goes back to its cue."""
    recognizer = load(random_run("scene"))
    assert isinstance(recognizer, SceneRecognizer)
    reader = recognizer.reader
    assert isinstance(reader, SceneReader)
    cut = windows(feature, reader.tokenizer, reader.window)
    values = recognizer.score(feature).values
    for window in cut[::9]:
        with torch.inference_mode():
            raw = reader(**tensors(collate([window], reader.tokenizer.pad), torch.device("cpu")))
        np.testing.assert_allclose(values[window.cues], raw.clamp(0, 3).numpy(), atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_learns_and_scores(family, table, tmp_path):
    labeled = read_labeled(table)[:1]
    done = train(tiny_config("scene", family, epochs=1), labeled, tmp_path / "run")
    assert done["steps"] >= 1
    recognizer = load(tmp_path / "run")
    values = recognizer.score(labeled[0].script).values
    assert values.shape == (labeled[0].script.n_cues, 6)
    assert len(np.unique(values.round(5), axis=0)) > 3
    assert longest_input(load_encoder(str(tiny_encoder(family)))[0]) == LONGEST


def test_contract(table, tmp_path, feature):
    train(tiny_config("scene"), read_labeled(table), tmp_path / "mine")
    recognizer = load(tmp_path / "mine")
    assert recognizer.name == "mine"
    check_recognizer(recognizer)


@pytest.mark.parametrize("head", HEADS)
def test_levels_are_those_of_the_scores(head, feature):
    recognizer = load(random_run("scene", head))
    assert isinstance(recognizer, SceneRecognizer)
    levels = recognizer.level_probabilities(feature)
    assert levels.shape == (feature.n_cues, 6, 4)
    np.testing.assert_allclose(levels.sum(2), 1, atol=1e-5)
    if head != "ordinal":
        np.testing.assert_allclose(levels @ np.arange(4), recognizer.score(feature).values, atol=1e-5)


def test_saved_and_loaded_it_is_the_same(tmp_path, feature):
    reader = random_reader("scene")
    reader.save(tmp_path, {"rmse": 0.5})
    again = load(tmp_path)
    assert isinstance(again, SceneRecognizer) and again.rmse == 0.5
    assert isinstance(reader, SceneReader)
    assert np.array_equal(again.score(feature).values, SceneRecognizer(reader).score(feature).values)
    before, after = reader.state_dict(), again.reader.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)
    again.reader.save(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text(encoding="utf-8"))["settings"]["budget"] == 64


def test_a_run_of_a_run_takes_its_head_too(table, tmp_path):
    """An encoder folder may be an earlier run; at a learning rate of nearly nothing its weights stay."""
    config = tiny_config("scene", epochs=1, learning_rate=1e-12, head_learning_rate=1e-12, weight_decay=0.0)
    source = random_run("scene")
    train(replace(config, encoder=str(source)), read_labeled(table), tmp_path / "r")
    for file in ("head.safetensors", "encoder/model.safetensors"):
        before, after = load_file(source / file), load_file(tmp_path / "r" / file)
        assert all(torch.allclose(before[name], after[name], atol=1e-6) for name in after)


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("head.safetensors", b"\0" * 40, "head.safetensors cannot be used"),
        ("head.safetensors", None, "head.safetensors cannot be used"),
        ("encoder/model.safetensors", b"\0" * 40, "cannot be loaded"),
        ("encoder/model.safetensors", None, "cannot be loaded"),
        ("encoder/config.json", b"{", "cannot be loaded"),
        ("encoder/tokenizer.json", b"{}", "tokenizer cannot be read"),
        ("config.json", b'{"format": 1, "recognizer": "scene"}', "settings are None"),
        ("config.json", b'{"format": 1, "recognizer": "scene", "settings": {"head": "regress"}}', "is damaged"),
    ],
)
def test_damaged(tmp_path, file, damage, message):
    folder = tmp_path / "run"
    shutil.copytree(random_run("scene"), folder)
    (folder / file).unlink()
    if damage is not None:
        (folder / file).write_bytes(damage)
    with pytest.raises(ModelError, match=message):
        load(folder)


def test_a_head_of_another_shape(tmp_path):
    folder = tmp_path / "run"
    shutil.copytree(random_run("scene"), folder)
    shutil.copy(random_run("scene", "classify") / "head.safetensors", folder)
    with pytest.raises(ModelError, match=r"head\.safetensors cannot be used"):
        load(folder)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (WindowSettings(LONGEST + 1, 0, 0), "longer than the encoder reads"),
        (WindowSettings(64, 40, 10), "no room for 40 tokens before and 10 after"),
    ],
)
def test_windows_that_do_not_fit(settings, message):
    encoder, _ = load_encoder(str(tiny_encoder()))
    check_window(WindowSettings(LONGEST, 64, 48), encoder)
    with pytest.raises(ModelError, match=message):
        check_window(settings, encoder)


def test_layers_can_be_chosen():
    whole, _ = load_encoder(str(tiny_encoder()))
    part, _ = load_encoder(str(tiny_encoder()), layers=(1,))
    assert part.config.num_hidden_layers == 1
    wanted, kept = encoder_layers(whole)[1].state_dict(), encoder_layers(part)[0].state_dict()
    assert len(encoder_layers(part)) == 1 and wanted.keys() == kept.keys()
    assert all(torch.equal(tensor, wanted[name]) for name, tensor in kept.items())
    with pytest.raises(ModelError, match=r"layers 0 to 1, not \(0, 2\)"):
        load_encoder(str(tiny_encoder()), layers=(0, 2))
