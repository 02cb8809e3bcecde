"""A ladder on made-up lines: figures beside those of the plain commands, what is done once, what is refused, what fails alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import labeled_table
from encoders import tiny_encoder

from juqing import metrics
from juqing.errors import InputError, LabelError
from juqing.reading.files import read_labeled
from juqing.runtime import load
from juqing.training import deal, predictions_by_id
from juqing.training.crossval import cross_validate
from juqing.training.evaluation import Evaluation
from juqing.training.ladder import RUNGS, make_rung
from juqing.training.ladder_preset import (
    PRESETS,
    RECIPES,
    Ladder,
    check_recipes,
    check_settings,
    is_network,
    read_ladder,
)
from juqing.training.ladder_run import Given, figures, held_out_lines, run_ladder
from juqing.training.ladder_unit import n_parameters, network_config
from juqing.training.run import train

PRESET = """
n_folds = 2
[vectors.few]
method = "ppmi"
dim = 3
min_count = 1
[[rungs]]
name = "lexicon"
kind = "lexicon"
[[rungs]]
name = "onehot"
kind = "onehot"
settings = { alpha = 3.0 }
curve = [1, 99]
[[rungs]]
name = "averaged"
kind = "averaged"
vectors = "few"
folds = [0]
[[rungs]]
name = "broken"
kind = "averaged"
[[rungs]]
name = "scene"
kind = "scene"
encoder = true
"""


@pytest.fixture(scope="module")
def given(table, tmp_path_factory):
    folder = tmp_path_factory.mktemp("given")
    (folder / "test.tsv").write_text(labeled_table(2).replace("\n70", "\n80"), encoding="utf-8")
    (folder / "texts").mkdir()
    text = "\n".join(line.split("\t")[1] for line in labeled_table().splitlines())
    (folder / "texts" / "a.txt").write_text(text, encoding="utf-8")
    return Given(table, folder / "test.tsv", (folder / "texts",), test_error=0.16)


@pytest.fixture(scope="module")
def ladder(tmp_path_factory):
    path = tmp_path_factory.mktemp("preset") / "preset.toml"
    path.write_text(PRESET, encoding="utf-8")
    return read_ladder(path)


@pytest.fixture(scope="module")
def done(ladder, given, tmp_path_factory):
    """A ladder that was run: the folder, and what was told."""
    out = tmp_path_factory.mktemp("ladder") / "out"
    seen: list[tuple[float, float]] = []
    told = run_ladder(ladder, given, out, jobs=2, progress=lambda n, total, what: seen.append((n, total)))
    assert max(n for n, _ in seen) <= seen[0][1] and {total for _, total in seen} == {1 + 3 + 5 + 2 + 3}
    return out, {each["name"]: each for each in told}


def test_what_is_told(done):
    out, told = done
    assert list(told) == ["lexicon", "onehot", "averaged", "broken", "scene"]
    assert [each["status"] for each in told.values()] == ["measured"] * 3 + ["failed", "skipped"]
    assert "no word vectors" in told["broken"]["why"] and "--encoder" in told["scene"]["why"]
    for name in ("lexicon", "onehot", "averaged"):
        assert told[name] == json.loads((out / "rungs" / name / "rung.json").read_text(encoding="utf-8")) | (
            {"common": told[name]["common"]}
        )
    onehot = told["onehot"]
    assert onehot["asked"]["alpha"] == 3.0 and onehot["asked"]["min_df"] == 2
    assert onehot["parameters"] > 0 == told["lexicon"]["parameters"] and onehot["n_bytes"] > 500
    assert 20 < told["lexicon"]["train_peak_mb"] < onehot["train_peak_mb"] < 2000
    assert onehot["score_peak_mb"] < onehot["train_peak_mb"] and onehot["cues_per_second"] > 10
    assert onehot["train_cpu_seconds"] > 0 and not onehot["resumed"]
    assert onehot["versions"]["juqing"] and onehot["folds"]["done"] == [0, 1]
    assert told["averaged"]["folds"]["done"] == [0] and told["averaged"]["first_trained"]["dim"] == 3
    assert {name: each["common"]["done"] for name, each in told.items() if "common" in each} == {
        "lexicon": [0], "onehot": [0], "averaged": [0]
    }  # fmt: skip
    assert told["averaged"]["common"]["score"] == told["averaged"]["folds"]["score"]


def test_figures_are_those_of_the_plain_commands(done, given, tmp_path):
    out, told = done
    evaluation = cross_validate(make_rung("onehot", {"alpha": 3.0}), given.data, tmp_path / "cv", n_folds=2)
    folds = told["onehot"]["folds"]
    assert folds["rmse"] == pytest.approx(evaluation.rmse, abs=1e-4)
    assert folds["score"] == pytest.approx(1 / (1 + evaluation.rmse), abs=1e-4)
    for k, name in enumerate(folds["emotions"]):
        assert folds["emotions"][name]["pearson"] == pytest.approx(evaluation.pearson[k], abs=1e-3)
    model: Any = load(out / "rungs" / "onehot" / "model")  # what learned from all of the table stays
    tested = read_labeled(given.test)
    parts = [i.labels for i in tested], [model.score(i.script).values for i in tested], [i.weights for i in tested]
    rmse = metrics.rmse(*map(np.concatenate, parts))
    assert told["onehot"]["test"]["rmse"] == pytest.approx(rmse, abs=1e-4)
    assert told["onehot"]["test"]["score"] == pytest.approx(1 / (1 + (rmse**2 + 0.16) ** 0.5), abs=1e-4)
    assert n_parameters(out / "rungs" / "onehot" / "model") == len(model.vocabulary_) * 7 + 6


def test_the_curve_grows_to_all_scripts(done, given):
    out, told = done
    curve = told["onehot"]["curve"]
    assert [point["n_scripts"] for point in curve] == [1, 2]  # 99 are not there
    assert curve[-1]["score"] == told["onehot"]["folds"]["score"]
    assert told["lexicon"]["curve"] == []
    labeled = read_labeled(given.data)
    for fold in (0, 1):
        learn, held_out = ({i.script.title for i in part} for part in deal(labeled, fold, 2))
        folder = out / "rungs" / "onehot" / "seed-0"
        few, all_ = (
            json.loads((folder / name / "result.json").read_text(encoding="utf-8"))["asked"]
            for name in (f"curve-1-fold-{fold}", f"fold-{fold}")
        )
        assert set(few["learn"]) < set(all_["learn"]) == learn and set(few["score"]) == set(all_["score"]) == held_out


def test_lines_are_those_held_out(done, given):
    out, told = done
    lines = held_out_lines(list(told.values()), given.data, out)
    assert set(lines.guesses) == {"lexicon", "onehot", "averaged"}
    first = predictions_by_id(out / "rungs" / "averaged" / "seed-0" / "fold-0" / "predictions.tsv")
    for name, guess in zip(lines.ids, lines.guesses["averaged"], strict=True):
        assert np.isnan(guess).all() if name not in first else guess.tolist() == first[name]
    rmse = metrics.rmse(lines.truth, lines.guesses["lexicon"], weights_of(given.data, lines.ids))
    assert rmse == pytest.approx(told["lexicon"]["folds"]["rmse"], abs=1e-4)


def weights_of(data: Path, ids: Sequence[str]) -> np.ndarray:
    by_id = {c.id: w for i in read_labeled(data) for c, w in zip(i.script.cues, i.weights.tolist(), strict=True)}
    return np.array([by_id[name] for name in ids])


def test_nothing_is_trained_twice(done, ladder, given, monkeypatch):
    out, told = done
    files = {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    monkeypatch.setattr("juqing.training.ladder_run.subprocess.Popen", None)  # a process would be an error
    only = ["lexicon", "onehot", "averaged"]
    again = {each["name"]: each for each in run_ladder(ladder, given, out, only=only)}
    assert {name: again[name] for name in only} == {name: told[name] for name in only}
    assert again["broken"]["status"] == "failed"  # told of, as it was measured before
    assert {path: path.stat().st_mtime_ns for path in out.rglob("result.json")} == files
    no_texts = replace(given, texts=())  # vectors that are there need no text
    assert run_ladder(ladder, no_texts, out, only=["averaged"])[2]["status"] == "measured"


def test_another_recipe_or_other_data_are_refused(done, ladder, given, tmp_path):
    out, _ = done
    changed = replace(
        ladder, rungs=tuple(replace(r, settings={"alpha": 5.0}) if r.name == "onehot" else r for r in ladder.rungs)
    )
    with pytest.raises(InputError, match=r"onehot was measured otherwise: alpha was 3\.0, and is 5\.0.*delete"):
        run_ladder(changed, given, out)
    other = tmp_path / "other.tsv"
    other.write_text(labeled_table().replace("我知道了", "我不知道"), encoding="utf-8")
    with pytest.raises(InputError, match="the data are others"):
        run_ladder(ladder, replace(given, data=other), out, only=["lexicon"])
    with pytest.raises(
        InputError, match="lexicon was measured otherwise: the data are others"
    ):  # it is in the table too
        run_ladder(ladder, replace(given, data=other), out, only=["scene"])
    wider = replace(ladder, vectors={"few": {**ladder.vectors["few"], "dim": 2}})
    copied = tmp_path / "copy"
    shutil.copytree(out, copied)
    shutil.rmtree(copied / "rungs" / "averaged")  # it was of the vectors before
    told = run_ladder(wider, replace(given, texts=()), copied, only=["averaged"])
    assert told[2]["status"] == "failed" and "of another recipe" in told[2]["why"]
    (tmp_path / "b.txt").write_text("另一些话\n" * 9, encoding="utf-8")
    told = run_ladder(ladder, replace(given, texts=(tmp_path / "b.txt",)), out, only=["averaged"])
    assert told[2]["status"] == "failed" and "of other text" in told[2]["why"]
    run_ladder(ladder, given, out, only=["averaged"])  # as it was


def test_a_network(given, tmp_path):
    preset = tmp_path / "p.toml"
    preset.write_text(
        'n_folds = 4\n[[rungs]]\nname = "n"\nkind = "scene"\nencoder = true\nfolds = [1]\n'
        "settings = { epochs = 1, budget = 64, leading = 16, trailing = 8, average = 0.0 }\n",
        encoding="utf-8",
    )
    given = replace(given, test=None, encoder=str(tiny_encoder()))
    (told,) = run_ladder(read_ladder(preset), given, tmp_path / "out")
    assert told["status"] == "measured" and told["asked"]["encoder"].startswith("bert ")
    assert told["asked"]["learning_rate"] == 2e-4 and told["folds"]["done"] == [1]
    assert told["parameters"] > 1000 and told["n_bytes"] > 4 * told["parameters"]
    folder = tmp_path / "out" / "rungs" / "n" / "seed-0" / "fold-1"
    assert {path.name for path in folder.iterdir()} == {"result.json", "predictions.tsv"}


LANGUAGE_MODELS = """
n_folds = 4
[language_models.few]
kind = "next-word"
cell = "gru"
dim = 8
hidden = 8
n_layers = 1
window = 8
streams = 2
min_count = 1
epochs = 1
[language_models.further]
kind = "masked"
encoder = true
window = 16
batch_tokens = 64
epochs = 1
[[rungs]]
name = "gru"
kind = "gru"
language_model = "few"
seeds = [0, 1]
folds = [1]
settings = { dim = 8, hidden = 8, epochs = 1, min_count = 1 }
[[rungs]]
name = "scene"
kind = "scene"
language_model = "further"
folds = [1]
settings = { epochs = 1, budget = 64, leading = 16, trailing = 8, average = 0.0 }
"""


def test_language_models(given, tmp_path):
    (tmp_path / "p.toml").write_text(LANGUAGE_MODELS, encoding="utf-8")
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("她走了，没有回头。\n你怎么不早说！\n" * 60, encoding="utf-8")
    ladder, out = read_ladder(tmp_path / "p.toml"), tmp_path / "out"
    (told,) = run_ladder(ladder, replace(given, texts=()), out, only=["gru"])
    assert told["status"] == "skipped" and "language models: give running text" in told["why"]
    given = replace(given, texts=(tmp_path / "texts",))
    assert "--encoder" in run_ladder(ladder, given, out, only=["scene"])[0]["why"]
    given = replace(given, encoder=str(tiny_encoder()))
    gru, scene = run_ladder(ladder, given, out, jobs=2)
    assert (gru["status"], scene["status"]) == ("measured", "measured"), [each.get("why") for each in (gru, scene)]
    assert gru["first_trained"]["told"]["perplexity"] < gru["first_trained"]["told"]["perplexity_before"]
    assert "pseudo_perplexity" in scene["first_trained"]["told"] and gru["first_trained"]["wall"] > 0
    assert gru["asked"]["start"]["cell"] == "gru" and scene["asked"]["encoder"]["encoder"].startswith("bert ")
    # the scene reader is the one that the encoder of the recipe makes
    learn, held_out = deal(read_labeled(given.data), 1, 4)
    model = tmp_path / "model"
    train(
        network_config("scene", {"encoder": str(out / "language_models" / "further"), **ladder.rungs[1].settings}),
        learn,
        model,
    )
    expected = load(model).score(held_out[0].script).values
    found = predictions_by_id(out / "rungs" / "scene" / "seed-0" / "fold-1" / "predictions.tsv")
    assert np.abs(np.array([found[cue.id] for cue in held_out[0].script.cues]) - expected).max() < 1e-3
    # one test, by the first seed
    assert (out / "rungs" / "gru" / "seed-0" / "test").is_dir() and not (
        out / "rungs" / "gru" / "seed-1" / "test"
    ).exists()
    assert gru["test"]["score_spread"] is None and gru["folds"]["score_spread"] is not None
    # another encoder
    shutil.rmtree(out / "rungs" / "scene")
    _, scene = run_ladder(ladder, replace(given, encoder=str(tiny_encoder("roberta"))), out, only=["scene"])
    assert scene["status"] == "failed" and "of another encoder" in scene["why"]


def test_figures_of_seeds():
    truth = np.array([[0.0, 1, 2, 3, 0, 1], [1, 0, 0, 0, 2, 3]])
    made = [Evaluation(("1",), np.zeros(2, dtype=np.int64), truth, truth + d, np.ones(2)) for d in (0.25, 0.5)]
    found = figures(made, 0.0)
    assert found["rmse"] == 0.375 and found["rmse_spread"] == pytest.approx(0.125 * 2**0.5, abs=1e-6)
    assert found["score"] == pytest.approx((1 / 1.25 + 1 / 1.5) / 2, abs=1e-6)
    assert found["score_of_zeros"] == pytest.approx(1 / (1 + (29 / 12) ** 0.5), abs=1e-6)
    assert found["emotions"]["love"] == {"rmse": 0.375, "pearson": 1.0}
    assert figures(made[:1], 0.1875)["score"] == pytest.approx(1 / 1.5, abs=1e-6)
    assert figures(made[:1])["score_spread"] is None


@pytest.mark.parametrize("name", ["ladder", "ladder-small"])
def test_shipped_presets(name):
    preset = read_ladder(PRESETS / f"{name}.toml")
    kinds = [rung.kind for rung in preset.rungs]
    if name == "ladder":
        assert {*RUNGS, "pair", "scene"} <= set(kinds)
        asked = {each for rung in preset.rungs for each in preset.recipes_of(rung)}
        assert asked == {(group, name) for group in RECIPES for name in getattr(preset, group)}
    for rung in preset.rungs:
        if rung.kind in RUNGS or is_network(rung.kind):
            check_settings(rung)
    check_recipes(preset, preset.rungs)
    assert not is_network("ladder") and not is_network("ladder-small") and not is_network("tfidf")


BAD = {
    "n_folds = 1\n[[rungs]]\nname = 'a'\nkind = 'onehot'": "n_folds is 1",
    "rungs = []": "no rungs",
    "[[rungs]]\nkind = 'onehot'": "name of a rung is None",
    "[[rungs]]\nname = '../a'\nkind = 'onehot'": "name of a rung",
    "[[rungs]]\nname = 'a'\nkind = 'onehot'\n[[rungs]]\nname = 'a'\nkind = 'svd'": "two rungs 'a'",
    "[[rungs]]\nname = 'a'\nkind = 'onehot'\nfolds = [0, 0]": "Name each number once",
    "[[rungs]]\nname = 'a'\nkind = 'onehot'\nfold = [1]": "has 'fold'",
    "[[rungs]]\nname = 'a'\nkind = 'onehot'\nfolds = [5]": "0 to 4",
    "[[rungs]]\nname = 'a'\nkind = 'onehot'\nseeds = 3": "seeds of the rung a is 3",
    "[[rungs]]\nname = 'a'\nkind = 3": "kind of the rung a is 3",
    "[[rungs]]\nname = 'a'": "no kind",
    "[[rungs]]\nname = 'a'\nkind = 'averaged'\nvectors = 'v'": r"\[vectors\.v\]",
    "[[rungs]]\nname = 'a'\nkind = 'gru'\nlanguage_model = 'm'": r"\[language_models\.m\]",
    "language_models = 1\n[[rungs]]\nname = 'a'\nkind = 'gru'": "language_models are no tables",
    "jobs = 2\n[[rungs]]\nname = 'a'\nkind = 'onehot'": "sets 'jobs'",
    "[[rungs]": "cannot be read",
}


@pytest.mark.parametrize("text", BAD)
def test_a_bad_preset(tmp_path, text):
    path = tmp_path / "p.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=BAD[text]):
        read_ladder(path)


def test_what_is_refused_before_anything_is_trained(given, tmp_path):
    def rung(text: str) -> Ladder:
        path = tmp_path / "p.toml"
        path.write_text(f"n_folds = 2\n[[rungs]]\nname = 'a'\n{text}", encoding="utf-8")
        return read_ladder(path)

    out = tmp_path / "out"
    for text, found in {
        "kind = 'onehot'\nsettings = { alpah = 1 }": "no setting 'alpah'",
        "kind = 'scene'\nencoder = true\nsettings = { epoch = 1 }": "no setting 'epoch'",
        "kind = 'scene'\nencoder = true\nsettings = { epochs = '1' }": "wrong type",
        "kind = 'onehot'\nseeds = [0, 1]": "no seed",
        "kind = 'onehot'\nsettings = { alpha = -1.0 }": r"alpha is -1\.0",
        "kind = 'onehot'\nvectors = 'v'\n[vectors.v]\nmethod = 'cbow'": "takes none",
        "kind = 'averaged'\nvectors = 'v'\n[vectors.v]\nmethod = 'bow'": "vectors v: the method is 'bow'",
        "kind = 'averaged'\nvectors = 'v'\n[vectors.v]\nmin_count = 'x'": "vectors v: min_count is 'x'",
        "kind = 'averaged'\nvectors = 'v'\n[vectors.v]\nmethod = 'ppmi'\nwindow = 'five'": "vectors v: window is 'five'",
        "kind = 'averaged'\nvectors = 'v'\n[vectors.v]\nmethod = 'ppmi'\nwindow = 0": "vectors v: window is 0",
        "kind = 'averaged'\nvectors = 'v'\n[vectors.v]\ndim = 10.5": r"vectors v: dim is 10\.5",
        "kind = 'gru'\nsettings = { dim = 'x' }": "dim is 'x'",
        "kind = 'gru'\nsettings = { epochs = 1.5 }": r"epochs is 1\.5",
        "kind = 'frequency'\nsettings = { tags = 'no' }": "tags is 'no'",
        "kind = 'onehot'\nlanguage_model = 'm'\n[language_models.m]\nkind = 'masked'": "takes none",
        "kind = 'gru'\nlanguage_model = 'm'\n[language_models.m]\nkind = 'next'": "language_models m: the kind is 'next'",
        "kind = 'gru'\nlanguage_model = 'm'\n[language_models.m]\nkind = 'next-word'\ndims = 3": "no setting 'dims'",
        "kind = 'gru'\nlanguage_model = 'm'\n[language_models.m]\nkind = 'next-word'\nencoder = true": "with an encoder",
    }.items():
        with pytest.raises(InputError, match=found):
            run_ladder(rung(text), replace(given, encoder="x"), out)
    with pytest.raises(InputError, match=r"no rung 'b'.*has a"):
        run_ladder(rung("kind = 'onehot'"), given, out, only=["b"])
    with pytest.raises(LabelError, match="4 scripts with labels for 9 folds"):
        run_ladder(replace(rung("kind = 'onehot'"), n_folds=9), given, out)
    (told,) = run_ladder(rung("kind = 'quantum'"), given, out)
    assert told["status"] == "skipped" and "no kind 'quantum'" in told["why"]
    assert not out.exists()
