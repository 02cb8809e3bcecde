"""The mixture, on predictions that were made up."""

from __future__ import annotations

import json

import numpy as np
import pytest
from conftest import FEATURE, labeled_table

from juqing.errors import LabelError, ModelError
from juqing.reading import read_script
from juqing.reading.table import read_table
from juqing.recognition.stacked import StackedRecognizer
from juqing.recognition.tfidf import neighbors
from juqing.runtime import load
from juqing.scores import EmotionScores
from juqing.script import Script


class Fixed:
    """A recognizer that says the same of every cue."""

    def __init__(self, value: float):
        self.name = f"fixed-{value}"
        self.value = value

    def score(self, script: Script) -> EmotionScores:
        return EmotionScores(script, np.full((script.n_cues, 6), self.value, dtype=np.float32), self.name)


@pytest.fixture(scope="module")
def scripts() -> list[Script]:
    return [item.script for item in read_table(labeled_table(3, 150).splitlines())]


def made_up(scripts, seed=0):
    """What two members say, and labels that are 0.6 of the first, 0.3 of the second and 0.1, without noise."""
    random = np.random.default_rng(seed)
    one, two = ([random.uniform(0, 3, (script.n_cues, 6)) for script in scripts] for _ in range(2))
    labels = [0.6 * a + 0.3 * b + 0.1 for a, b in zip(one, two, strict=True)]
    return one, two, labels


def test_the_plain_mean(scripts):
    one, two, _ = made_up(scripts)
    mean = StackedRecognizer([Fixed(1), Fixed(2)]).average()
    np.testing.assert_allclose(mean.mix(scripts[0], [one[0], two[0]]), (one[0] + two[0]) / 2, atol=1e-6)
    assert (mean.score(scripts[0]).values == 1.5).all()


def test_it_finds_the_weights(scripts):
    one, two, labels = made_up(scripts)
    stacked = StackedRecognizer([Fixed(1), Fixed(2)], alpha=1e-6)
    stacked.fit(scripts, [one, two], labels, [np.ones(len(rows)) for rows in labels])
    expected = np.zeros((36, 6))
    expected[range(6), range(6)] = 0.6
    expected[range(18, 24), range(6)] = 0.3
    np.testing.assert_allclose(stacked.coef_, expected, atol=1e-3)
    np.testing.assert_allclose(stacked.intercept_, 0.1, atol=1e-2)
    for k, script in enumerate(scripts):
        np.testing.assert_allclose(stacked.mix(script, [one[k], two[k]]), labels[k], atol=1e-3)
        values = stacked.score(script).values
        ones, twos = np.ones((script.n_cues, 6)), np.full((script.n_cues, 6), 2.0)
        np.testing.assert_allclose(values, stacked.mix(script, [ones, twos]), atol=1e-6)


def test_neighbors_count(scripts):
    """Labels that are what the same character felt nearby are found in the second third of the inputs."""
    one, two, _ = made_up(scripts)
    labels = [neighbors(script, values, 5.0)[:, 6:12] for script, values in zip(scripts, one, strict=True)]
    stacked = StackedRecognizer([Fixed(1), Fixed(2)], alpha=1e-6)
    stacked.fit(scripts, [one, two], labels, [np.ones(len(rows)) for rows in labels])
    expected = np.zeros((36, 6))
    expected[range(6, 12), range(6)] = 1
    np.testing.assert_allclose(stacked.coef_, expected, atol=1e-3)


def test_rows_without_label_or_confidence_do_not_count(scripts):
    one, two, labels = made_up(scripts)
    weights = [np.ones(len(rows)) for rows in labels]
    wrong = [rows.copy() for rows in labels]
    for rows, w in zip(wrong, weights, strict=True):
        rows[::5] = np.nan
        rows[1::5], w[1::5] = 3.0, 0.0
    stacked = StackedRecognizer([Fixed(1), Fixed(2)], alpha=1e-6).fit(scripts, [one, two], wrong, weights)
    np.testing.assert_allclose(stacked.coef_[range(6), range(6)], 0.6, atol=1e-2)
    with pytest.raises(LabelError, match="no labeled cue"):
        stacked.fit(scripts, [one, two], labels, [np.zeros(len(rows)) for rows in labels])


def test_values_stay_in_range(scripts):
    stacked = StackedRecognizer([Fixed(1)])
    stacked.coef_, stacked.intercept_ = np.zeros((18, 6), np.float32), np.array([-1, 4, 0, 3, 1, 2], np.float32)
    assert stacked.score(scripts[0]).values[0].tolist() == [0, 3, 0, 3, 1, 2]


@pytest.fixture
def saved(scripts, trained, tmp_path):
    """A stacked recognizer of the shipped model and a folder beside it, and where it lies."""
    one, two, labels = made_up(scripts)
    (tmp_path / "mine").mkdir()
    trained.save(tmp_path / "mine")
    stacked = StackedRecognizer([load("tfidf"), load(tmp_path / "mine")], reach=3.0, alpha=2.0)
    stacked.fit(scripts, [one, two], labels, [np.ones(len(rows)) for rows in labels])
    stacked.save(tmp_path, ["tfidf", "mine"])
    return stacked, tmp_path


def test_saved_and_loaded_it_is_the_same(saved):
    stacked, folder = saved
    script = read_script(FEATURE)
    again = load(folder)
    assert isinstance(again, StackedRecognizer)
    assert (again.reach, again.alpha, again.name) == (3.0, 2.0, folder.name)
    assert [member.name for member in again.members] == ["tfidf", "tfidf"] or again.members[0].name == "tfidf"
    assert np.array_equal(again.score(script).values, stacked.score(script).values)


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "weights.npz").unlink(),
        lambda folder: (folder / "weights.npz").write_bytes(b"PK\x03\x04"),
        lambda folder: np.savez(folder / "weights.npz", coef=np.zeros((18, 6)), intercept=np.zeros(6)),
        lambda folder: np.savez(folder / "weights.npz", coef=np.full((36, 6), np.nan), intercept=np.zeros(6)),
        lambda folder: np.savez(folder / "weights.npz", coef=np.zeros((36, 6)), intercept=np.zeros(5)),
        lambda folder: np.savez(folder / "weights.npz", coef=np.array([{}], dtype=object), intercept=np.zeros(6)),
        lambda folder: change(folder, members=[]),
        lambda folder: change(folder, members=["tfidf", "../mine"]),
        lambda folder: change(folder, members="tfidf"),
        lambda folder: change(folder, settings={"typo": 1}),
        lambda folder: change(folder, settings=None),
    ],
)
def test_damaged(saved, damage):
    _, folder = saved
    damage(folder)
    with pytest.raises(ModelError, match=r"weights\.npz cannot be used") as caught:
        load(folder)
    assert caught.value.path == folder


def change(folder, **values):
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    (folder / "config.json").write_text(json.dumps({**config, **values}), encoding="utf-8")


def test_a_member_is_missing_or_damaged(saved):
    _, folder = saved
    (folder / "mine" / "config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match=r"config\.json cannot be read"):
        load(folder)
    change(folder, members=["tfidf", "nobody"])
    with pytest.raises(ModelError, match="no model 'nobody'"):
        load(folder)
