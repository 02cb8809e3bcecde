import numpy as np
import pytest

from juqing.errors import OutputError
from juqing.reading.files import read_labeled
from juqing.recognition.tfidf import TfidfRecognizer
from juqing.runtime import load
from juqing.training import evaluate, predict_table, train_rung


def test_train_and_predict(table, tmp_path):
    steps = []
    trained = TfidfRecognizer()
    train_rung(trained, table, tmp_path / "model", progress=lambda done, total: steps.append((done, total)))
    assert steps == [(k, 5) for k in range(1, 6)]  # four folds, four scripts, and the whole
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert "train.tsv, 4 scripts" in card and str(table.parent) not in card
    evaluation = predict_table(load(tmp_path / "model"), table, tmp_path / "p.tsv")
    assert evaluation is not None
    labeled = read_labeled(table)
    again = evaluate(labeled, [trained.score(item.script).values for item in labeled])
    assert again is not None
    assert evaluation.score == pytest.approx(again.score, abs=1e-3)
    assert evaluation.score > 0.6


def test_a_table_without_labels_is_not_evaluated(tmp_path, trained):
    data = tmp_path / "t.tsv"
    data.write_text("id\tcontent\tcharacter\n1_1_A_2\ta1笑。\ta1\n1_1_A_1\t天亮了。\t\n", encoding="utf-8")
    assert predict_table(trained, data, tmp_path / "p.tsv") is None
    rows = (tmp_path / "p.tsv").read_text(encoding="utf-8").splitlines()
    assert rows[2] == "1_1_A_1\t" + ",".join(["0.0000"] * 6)
    assert rows[1].startswith("1_1_A_2\t")


def test_nothing_is_trained_for_a_place_that_cannot_be_written(table, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        train_rung(TfidfRecognizer(), table, tmp_path / "file" / "model", progress=lambda *_: pytest.fail("it trained"))


def test_evaluation_by_hand(table):
    labeled = read_labeled(table)
    evaluation = evaluate(labeled, [np.zeros_like(item.labels) for item in labeled])
    assert evaluation is not None
    truth = np.concatenate([item.labels for item in labeled])
    weights = np.concatenate([item.weights for item in labeled])
    assert evaluation.rmse == pytest.approx(np.sqrt(((truth**2).mean(axis=1) * weights).sum() / weights.sum()))
    assert str(evaluation).startswith(f"beside the labels of the table, {len(truth)} rows")
