"""Cross-validation: nobody is judged by a model that saw him; and the mixture that is learned from it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import labeled_table
from encoders import tiny_config

import juqing.training.run as run_module
from juqing.errors import FormatError, InputError, LabelError, ModelError, OutputError
from juqing.reading.files import read_labeled
from juqing.recognition.stacked import StackedRecognizer
from juqing.recognition.tfidf import TfidfRecognizer, neighbors
from juqing.runtime import load
from juqing.training import Also, deal, split_scripts, train_rung
from juqing.training.crossval import cross_validate
from juqing.training.evaluation import evaluate
from juqing.training.stack import read_predictions, stack

CONFIG = tiny_config("scene", epochs=1)
N_FOLDS = 2


@pytest.fixture(scope="module")
def labeled(table):
    return read_labeled(table)


@pytest.fixture(scope="module")
def validated(table, tmp_path_factory):
    """A cross-validation of a scene reader, and which titles each fold learned from."""
    out = tmp_path_factory.mktemp("cv") / "scene"
    learned: dict[str, list[str]] = {}
    original = run_module.train

    def recorded(config, labeled, folder, **more):
        learned[folder.name] = [item.script.title for item in labeled]
        return original(config, labeled, folder, **more)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "train", recorded)
        evaluation = cross_validate(CONFIG, table, out, n_folds=N_FOLDS)
    return out, learned, evaluation


@pytest.fixture(scope="module")
def validated_tfidf(table, tmp_path_factory):
    out = tmp_path_factory.mktemp("cv") / "tfidf"
    return out, cross_validate(TfidfRecognizer(), table, out, n_folds=4)


def test_folds_share_no_script(labeled):
    for n_folds in (2, 3, 4):
        folds = [deal(labeled, k, n_folds) for k in range(n_folds)]
        for learn, held_out in folds:
            assert not {i.script.title for i in learn} & {i.script.title for i in held_out}
            assert len(learn) + len(held_out) == len(labeled)
        left_out = [item.script.title for _, held_out in folds for item in held_out]
        assert sorted(left_out) == sorted(item.script.title for item in labeled)


def test_every_script_is_scored_by_the_model_that_did_not_see_it(validated, labeled):
    out, learned, _ = validated
    predicted = read_predictions(out / "predictions.tsv", labeled)
    titles = {item.script.title for item in labeled}
    assert sorted(learned) == ["fold-0", "fold-1"]
    for k in range(N_FOLDS):
        recognizer = load(out / f"fold-{k}")
        unseen = titles - set(learned[f"fold-{k}"])
        assert len(unseen) == 2
        for item, values in zip(labeled, predicted, strict=True):
            expected = recognizer.score(item.script).values
            assert np.allclose(values, expected, atol=6e-5) == (item.script.title in unseen)  # four places are written


def test_every_row_is_there(validated, table, labeled):
    out, _, evaluation = validated
    wanted = [line.split("\t")[0] for line in table.read_text(encoding="utf-8").splitlines()]
    rows = (out / "predictions.tsv").read_text(encoding="utf-8").splitlines()
    assert [row.split("\t")[0] for row in rows] == wanted
    again = evaluate(labeled, read_predictions(out / "predictions.tsv", labeled))
    assert again is not None and again.rmse == pytest.approx(evaluation.rmse, abs=1e-4)
    told = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    assert told["rmse"] == pytest.approx(evaluation.rmse, abs=1e-6)


def test_finished_folds_are_not_trained_again(validated, table, tmp_path, monkeypatch):
    out, _, evaluation = validated
    shutil.copytree(out, tmp_path / "cv")
    shutil.rmtree(tmp_path / "cv" / "fold-1")
    trained = []
    original = run_module.train
    monkeypatch.setattr(
        run_module, "train", lambda config, learn, folder, **more: trained.append(folder.name) or original(config, learn, folder, **more)
    )  # fmt: skip
    again = cross_validate(CONFIG, table, tmp_path / "cv", n_folds=N_FOLDS)
    assert trained == ["fold-1"]
    assert again.rmse == evaluation.rmse
    assert (tmp_path / "cv" / "predictions.tsv").read_bytes() == (out / "predictions.tsv").read_bytes()


def test_nothing_is_left_of_one_that_is_refused(table, tmp_path):
    with pytest.raises(ModelError, match="there is no folder"):
        cross_validate(dataclasses.replace(tiny_config(), encoder="no/such/folder"), table, tmp_path / "cv", n_folds=2)
    assert not (tmp_path / "cv").exists()
    (tmp_path / "cv").mkdir()
    (tmp_path / "cv" / "crossval.json").write_text("of a version that left it")
    assert cross_validate(tiny_config(epochs=1), table, tmp_path / "cv", n_folds=2).rmse < 3


def test_folds_of_something_else_are_not_taken(validated, table, tmp_path):
    """Folds of another number hold other scripts: their models have seen what they would be judged by."""
    shutil.copytree(validated[0], tmp_path / "cv")
    with pytest.raises(InputError, match="another cross-validation"):
        cross_validate(CONFIG, table, tmp_path / "cv", n_folds=4)
    relabeled = tmp_path / "relabeled.tsv"
    relabeled.write_text(table.read_text(encoding="utf-8").replace("2,1,0,0,0,0", "0,0,0,0,0,2"), encoding="utf-8")
    assert relabeled.read_bytes() != table.read_bytes()
    with pytest.raises(InputError, match="another cross-validation"):  # the same titles, other labels
        cross_validate(CONFIG, relabeled, tmp_path / "cv", n_folds=N_FOLDS)
    with pytest.raises(InputError, match="another cross-validation"):
        cross_validate(tiny_config("scene", epochs=1, seed=9), table, tmp_path / "cv", n_folds=N_FOLDS)


def test_tfidf_folds_are_models_of_the_other_scripts(validated_tfidf, labeled):
    out, evaluation = validated_tfidf
    predicted = read_predictions(out / "predictions.tsv", labeled)
    learn, held_out = deal(labeled, 1, 4)
    model = TfidfRecognizer().fit([i.script for i in learn], [i.labels for i in learn], [i.weights for i in learn])
    at = [item.script.title for item in labeled].index(held_out[0].script.title)
    np.testing.assert_allclose(predicted[at], model.score(held_out[0].script).values, atol=6e-5)
    assert evaluation.n == sum(len(item.labels) for item in labeled)


@pytest.fixture
def beside(tmp_path):
    """A table of other scripts, with other feelings: the table's labels turned round."""
    rows = labeled_table().splitlines()
    turned = [rows[0]]
    for row in rows[1:]:
        row_id, content, who, label, confidence = row.split("\t")
        turned.append("\t".join((f"9{row_id[1:]}", content, who, ",".join(reversed(label.split(","))), confidence)))
    path = tmp_path / "teacher.tsv"
    path.write_text("\n".join(turned) + "\n", encoding="utf-8")
    return path


def test_scripts_beside_the_table_are_learned_from_in_every_fold_and_not_scored(table, labeled, beside, tmp_path):
    also = Also(beside, 3.0)
    evaluation = cross_validate(TfidfRecognizer(), table, tmp_path / "cv", n_folds=4, also=also)
    assert evaluation.n == sum(len(item.labels) for item in labeled)
    learn, held_out = deal(labeled, 2, 4)
    learn = [(i.script, i.labels, i.weights) for i in learn]
    learn += [(i.script, i.labels, i.weights * 3) for i in read_labeled(beside)]
    scripts, labels, weights = map(list, zip(*learn, strict=True))
    model = TfidfRecognizer().fit(scripts, labels, weights)
    predicted = read_predictions(tmp_path / "cv" / "predictions.tsv", labeled)
    at = [item.script.title for item in labeled].index(held_out[0].script.title)
    np.testing.assert_allclose(predicted[at], model.score(held_out[0].script).values, atol=6e-5)


def test_networks_learn_from_scripts_beside_the_table_in_every_fold(table, labeled, beside, tmp_path, monkeypatch):
    learned = []
    original = run_module.train

    def recorded(config, learn, folder, **more):
        learned.append({item.script.title: float(item.weights.max()) for item in learn})
        return original(config, learn, folder, **more)

    monkeypatch.setattr(run_module, "train", recorded)
    cross_validate(CONFIG, table, tmp_path / "cv", n_folds=N_FOLDS, also=Also(beside, 2.0))
    for found, left in zip(learned, ({"7001", "7003"}, {"7000", "7002"}), strict=True):
        assert set(found) == left | {"9000", "9001", "9002", "9003"}
        heaviest = {title: 0.9 if title in left else 1.8 for title in found}  # the surest label's confidence
        assert found == pytest.approx(heaviest)


def test_the_weight_of_scripts_beside_the_table_decides_whom_a_model_believes(table, labeled, beside, tmp_path):
    """The two tables contradict each other: the heavier one is nearer to what the model says."""
    found = {}
    for weight in (0.01, 100.0):
        out = tmp_path / f"model-{weight}"
        train_rung(TfidfRecognizer(min_df=1), table, out, also=Also(beside, weight))
        found[weight] = load(out).score(labeled[0].script).values
    truth = labeled[0].labels

    def distance(values, labels):
        return float(np.nanmean((values - labels) ** 2))

    assert distance(found[0.01], truth) < distance(found[0.01], truth[:, ::-1])
    assert distance(found[100.0], truth) > distance(found[100.0], truth[:, ::-1])
    assert "teacher.tsv (weight 100)" in (tmp_path / "model-100.0" / "README.md").read_text(encoding="utf-8")


def test_scripts_beside_the_table_that_are_refused(table, beside, tmp_path):
    def refused(error, words, also):
        with pytest.raises(error, match=words):
            cross_validate(TfidfRecognizer(), table, tmp_path / "cv", n_folds=4, also=also)
        with pytest.raises(error, match=words):
            train_rung(TfidfRecognizer(), table, tmp_path / "model", also=also)
        assert not (tmp_path / "cv").exists() and not (tmp_path / "model").exists()

    refused(InputError, "'7000' is in the table of --data too", Also(table))
    for weight in (0.0, -1.0, float("nan"), float("inf")):
        refused(InputError, "--also-weight", Also(beside, weight))
    unlabeled = tmp_path / "unlabeled.tsv"
    unlabeled.write_text("id\tcontent\tcharacter\n9000_0001_A_1\t走吧。\ta1\n", encoding="utf-8")
    refused(LabelError, "no labeled cue", Also(unlabeled))


def test_folds_that_learned_from_other_scripts_beside_are_not_taken(validated, table, beside, tmp_path):
    shutil.copytree(validated[0], tmp_path / "cv")
    with pytest.raises(InputError, match="another cross-validation"):
        cross_validate(CONFIG, table, tmp_path / "cv", n_folds=N_FOLDS, also=Also(beside))


def test_progress_ends_where_it_should(table, tmp_path):
    told = []
    cross_validate(
        TfidfRecognizer(), table, tmp_path / "cv", n_folds=2, progress=lambda done, total: told.append((done, total))
    )
    assert told == sorted(told) and told[-1] == (2, 2)
    assert {round(3 * done) for done, _ in told} == {1, 2, 3, 4, 5, 6}  # each of the three models of a fold


def test_fewer_scripts_than_folds(table, tmp_path):
    with pytest.raises(InputError, match="4 scripts for 5 folds"):
        cross_validate(TfidfRecognizer(), table, tmp_path / "cv")
    assert not (tmp_path / "cv").exists()
    with pytest.raises(InputError, match="at least 2"):
        cross_validate(TfidfRecognizer(), table, tmp_path / "cv", n_folds=1)


def test_a_place_that_cannot_be_written(table, tmp_path):
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file", tmp_path / "file" / "cv"):
        with pytest.raises(OutputError):
            cross_validate(TfidfRecognizer(), table, out, n_folds=2)


def test_no_labels(tmp_path):
    data = tmp_path / "t.tsv"
    data.write_text("id\tcontent\tcharacter\n1_1_A_1\ta1笑。\ta1\n2_1_A_1\ta1哭。\ta1\n", encoding="utf-8")
    with pytest.raises(LabelError, match="no labeled cue"):
        cross_validate(TfidfRecognizer(), data, tmp_path / "cv", n_folds=2)


@pytest.mark.parametrize(
    ("which", "titles"),
    [("0/2", ["7000", "7002"]), ("1/2", ["7001", "7003"]), ("3/4", ["7003"]), ("7001, 7003", ["7001", "7003"])],
)
def test_scripts_to_hold_out(labeled, which, titles):
    learn, held_out = split_scripts(labeled, which)
    assert [item.script.title for item in held_out] == titles
    assert {item.script.title for item in learn} == {"7000", "7001", "7002", "7003"} - set(titles)


@pytest.mark.parametrize("which", ["2/2", "0/5", "0/1", "8000", "7000,7001,7002,7003", ""])
def test_scripts_that_cannot_be_held_out(labeled, which):
    with pytest.raises(InputError):
        split_scripts(labeled, which)


# The mixture


@pytest.fixture(scope="module")
def stacked(table, validated, validated_tfidf, tmp_path_factory) -> tuple[Path, float]:
    folder = tmp_path_factory.mktemp("stacked") / "mixed"
    evaluation = stack(
        table, [validated_tfidf[0], validated[0]], ["tfidf", str(validated[0] / "fold-0")], folder, n_folds=4
    )
    return folder, evaluation.rmse


def test_a_mixture_end_to_end(stacked, validated, validated_tfidf, labeled):
    folder, rmse = stacked
    assert sorted(path.name for path in folder.iterdir()) == ["README.md", "config.json", "fold-0", "weights.npz"]
    recognizer = load(folder)
    assert isinstance(recognizer, StackedRecognizer) and recognizer.rmse == pytest.approx(rmse, abs=1e-4)
    script = labeled[0].script
    said = [load("tfidf").score(script).values, load(validated[0] / "fold-0").score(script).values]
    X = np.concatenate([neighbors(script, values, recognizer.reach) for values in said], axis=1)
    expected = (X @ recognizer.coef_ + recognizer.intercept_).clip(0, 3)
    np.testing.assert_allclose(recognizer.score(script).values, expected, atol=1e-6)
    truth, w = np.concatenate([i.labels for i in labeled]), np.concatenate([i.weights for i in labeled])
    of_mean = np.sqrt((((truth - np.average(truth, axis=0, weights=w)) ** 2).mean(1) * w).sum() / w.sum())
    assert rmse < of_mean  # the TF-IDF member knows the feelings of the made-up table
    assert f"{rmse:.4f}" in (folder / "README.md").read_text(encoding="utf-8")


def test_a_mixture_may_be_moved(stacked, tmp_path, labeled):
    shutil.copytree(stacked[0], tmp_path / "elsewhere")
    expected = load(stacked[0]).score(labeled[0].script).values
    assert np.array_equal(load(tmp_path / "elsewhere").score(labeled[0].script).values, expected)


def test_mixtures_that_cannot_be_made(table, validated, validated_tfidf, tmp_path):
    with pytest.raises(InputError, match="1 cross-validations for 2 members"):
        stack(table, [validated[0]], ["tfidf", "tfidf"], tmp_path / "out")
    with pytest.raises(InputError, match="0 cross-validations for 0 members"):
        stack(table, [], [], tmp_path / "out")
    with pytest.raises(InputError, match="same name"):
        stack(table, [validated[0]] * 2, ["tfidf", "tfidf"], tmp_path / "out")
    with pytest.raises(ModelError, match="no model 'bert'"):
        stack(table, [validated[0]], ["bert"], tmp_path / "out")
    with pytest.raises(FormatError, match="cannot be read"):
        stack(table, [tmp_path], ["tfidf"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_one_script_is_too_few_for_a_mixture(tmp_path):
    data = tmp_path / "t.tsv"
    data.write_text("id\tcontent\tcharacter\temotions\n1_1_A_1\ta1笑。\ta1\t0,1,0,0,0,0\n", encoding="utf-8")
    (tmp_path / "predictions.tsv").write_text("id\temotion\n1_1_A_1\t0,1,0,0,0,0\n", encoding="utf-8")
    with pytest.raises(InputError, match="2 scripts"):
        stack(data, [tmp_path], ["tfidf"], tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id\temotion\n", "row 7000_0001_A_1 has no prediction"),
        ("id\temotion\n7000_0001_A_1\t0,0,0\n", "line 2: the row is not an id and six numbers"),
        ("id\temotion\n7000_0001_A_1\t0,0,0,0,0,x\n", "line 2"),
        ("id\temotion\n7000_0001_A_1 0,0,0,0,0,0\n", "line 2"),
        ("id\temotion\n7000_0001_A_1\tnan,0,0,0,0,0\n", "line 2"),
    ],
)
def test_damaged_predictions(labeled, tmp_path, text, message):
    path = tmp_path / "predictions.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError) as caught:
        read_predictions(path, labeled)
    assert message in str(caught.value) and caught.value.path == path


def test_a_trained_model_is_a_member_too(table, validated_tfidf, tmp_path, feature):
    train_rung(TfidfRecognizer(), table, tmp_path / "mine")
    stack(table, [validated_tfidf[0]], [str(tmp_path / "mine")], tmp_path / "out", n_folds=2)
    assert (tmp_path / "out" / "mine" / "weights.npz").is_file()
    assert load(tmp_path / "out").score(feature).values.shape == (feature.n_cues, 6)
