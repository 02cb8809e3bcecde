import json

import numpy as np
import pytest

from juqing import metrics
from juqing.emotions import EMOTION_NAMES
from juqing.errors import LabelError
from juqing.reading.files import read_labeled
from juqing.training.evaluation import evaluate, evaluate_table


def written(tmp_path, text):
    path = tmp_path / "t.tsv"
    path.write_text(text, encoding="utf-8")
    return path


def test_by_hand(tmp_path):
    data = written(
        tmp_path,
        "id\tcontent\tcharacter\temotions\tconfidence\n"
        "1_1_A_1\ta1笑。\ta1\t0,3,0,0,0,0\t1\n"
        "1_1_A_2\ta1哭。\ta1\t0,0,0,0,0,2\t0.5\n"
        "1_1_A_3\ta1跳。\ta1\t3,3,3,3,3,3\t0\n"
        "1_1_A_4\ta1走。\ta1\t\t1\n"
        "2_1_A_1\tb1走。\tb1\t0,0,0,0,0,0\t1\n"
        "3_1_A_1\tc1走。\tc1\t\t1\n",
    )
    labeled = read_labeled(data)
    evaluation = evaluate(labeled, [np.ones_like(item.labels) for item in labeled])
    assert evaluation is not None
    # Squared errors: 4 + 5 of the first row, 1 + 5 of the second, 6 of the last; those without label or confidence are out.
    assert evaluation.n == 3 and evaluation.scripts == ("1", "2") and evaluation.is_human
    assert evaluation.rmse == pytest.approx(np.sqrt((9 + 0.5 * 6 + 6) / 6 / 2.5))
    assert evaluation.score == pytest.approx(1 / (1 + evaluation.rmse))
    assert evaluation.emotion_rmse[:2] == pytest.approx([1, np.sqrt((4 + 0.5 + 1) / 2.5)])
    first, second = evaluation.by_script
    assert (first.n, first.rmse) == (2, pytest.approx(np.sqrt((9 + 0.5 * 6) / 6 / 1.5)))
    assert (second.n, second.rmse, second.scripts) == (1, 1, ("2",))
    assert np.isnan(evaluation.mean_pearson)  # the prediction never changes
    assert evaluation.macro_f1[0] == 0


@pytest.fixture(scope="module")
def evaluation(trained, table):
    steps = []
    made = evaluate_table(trained, table, progress=lambda *step: steps.append(step))
    assert steps == [(k, 4) for k in range(1, 5)]
    return made


def test_figures_are_those_of_metrics(evaluation, trained, table):
    labeled = read_labeled(table)
    truth = np.concatenate([item.labels for item in labeled])
    guess = np.concatenate([trained.score(item.script).values for item in labeled])
    weights = np.concatenate([item.weights for item in labeled])
    assert evaluation.rmse == pytest.approx(metrics.rmse(truth, guess, weights))
    assert evaluation.pearson == pytest.approx(metrics.pearson(truth, guess, weights))
    assert evaluation.f1 == pytest.approx(metrics.f1_by_level(truth, guess, weights), nan_ok=True)
    assert evaluation.calibration.slope == pytest.approx(metrics.calibration(truth, guess, weights).slope)
    squares = sum(part.rmse**2 * part.weights.sum() for part in evaluation.by_script)
    assert evaluation.rmse == pytest.approx(np.sqrt(squares / evaluation.weights.sum()))


def test_as_a_dictionary(evaluation):
    figures = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert figures["format"] == 1 and figures["rows"] == evaluation.n
    assert figures["score"] == pytest.approx(evaluation.score, abs=1e-6)
    assert tuple(figures["emotions"]) == EMOTION_NAMES
    joy = figures["emotions"]["joy"]
    assert len(joy["f1"]) == 4
    assert sum(row["rows"] for row in joy["calibration"]["bins"]) == evaluation.n
    assert all(row["from"] <= row["prediction"] + 1e-6 <= row["to"] + 2e-6 for row in joy["calibration"]["bins"])
    assert [row["script"] for row in figures["scripts"]] == list(evaluation.scripts)
    assert None in figures["emotions"]["love"]["f1"]  # nobody loves with strength 3


def test_a_blend_has_no_ranking_score(tmp_path, trained, table):
    text = table.read_text(encoding="utf-8").replace("0,3,0,0,0,0", "0,2.6,0,0,0,0")
    evaluation = evaluate_table(trained, written(tmp_path, text))
    figures = evaluation.to_dict()
    assert figures["score"] is None and figures["labels_are_whole"] is False
    assert all(row["score"] is None for row in figures["scripts"])
    assert "not the ranking score" in str(evaluation)


@pytest.mark.parametrize("row", ["1_1_A_1\ta1笑。\ta1\t\t1", "1_1_A_1\ta1笑。\ta1\t0,3,0,0,0,0\t0"])
def test_no_labels(tmp_path, trained, row):
    data = written(tmp_path, f"id\tcontent\tcharacter\temotions\tconfidence\n{row}\n")
    labeled = read_labeled(data)
    assert evaluate(labeled, [np.zeros_like(item.labels) for item in labeled]) is None
    with pytest.raises(LabelError, match="no labeled row") as raised:
        evaluate_table(trained, data)
    assert raised.value.path == data
