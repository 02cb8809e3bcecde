"""ONNX beside PyTorch, and what an exported folder needs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import FEATURE
from encoders import random_run
from recognition.contract import check_recognizer
from test_package import loaded_after
from tokenizers import Tokenizer

from juqing.errors import ModelError, OutputError
from juqing.reading import read_text
from juqing.recognition.heads import HEADS
from juqing.recognition.pair import PairRecognizer
from juqing.recognition.scene import SceneRecognizer
from juqing.runtime import describe, load
from juqing.runtime.onnx import OnnxRecognizer
from juqing.training.export import export, quantize

FAMILIES = {"regress": "bert", "classify": "xlm-roberta", "ordinal": "electra"}


def source(kind: str, head: str) -> Path:
    return random_run(kind, head, FAMILIES[head])


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Callable[[str, str], Path]:
    """32-bit folders, each made once. The encoder is of another family for each head."""
    home = tmp_path_factory.mktemp("exported")

    @cache
    def of(kind: str, head: str) -> Path:
        done = export(source(kind, head), home / f"{kind}-{head}", int8=False)
        assert done["difference"] < 1e-4
        return home / f"{kind}-{head}"

    return of


CASES = [(kind, head) for kind in ("scene", "pair") for head in HEADS]


@pytest.mark.parametrize(("kind", "head"), CASES)
def test_onnx_is_what_pytorch_computes(kind, head, exported, feature):
    """On a whole film, in batches of other sizes than the export has seen."""
    ours, theirs = load(source(kind, head)), load(exported(kind, head))
    assert isinstance(theirs, OnnxRecognizer) and isinstance(ours, SceneRecognizer | PairRecognizer)
    expected = ours.score(feature).values
    assert expected.std(axis=0).min() > 0.005
    np.testing.assert_allclose(theirs.score(feature).values, expected, atol=1e-4)
    np.testing.assert_allclose(theirs.level_probabilities(feature), ours.level_probabilities(feature), atol=1e-4)


@pytest.mark.parametrize("kind", ["scene", "pair"])
def test_8_bits_are_near(kind, exported, feature, tmp_path):
    folder = tmp_path / "int8"
    shutil.copytree(exported(kind, "regress"), folder)
    quantize(exported(kind, "regress") / "model.onnx", folder / "model.onnx")
    sizes = [(path / "model.onnx").stat().st_size for path in (folder, exported(kind, "regress"))]
    assert sizes[0] < 0.9 * sizes[1]
    near, exact = load(folder).score(feature).values, load(exported(kind, "regress")).score(feature).values
    assert 0 < np.abs(near - exact).mean() < 0.1
    assert np.corrcoef(near.ravel(), exact.ravel())[0, 1] > 0.98


def test_contract(exported):
    check_recognizer(load(exported("scene", "regress")))


def test_nobody(exported):
    recognizer = load(exported("scene", "regress"))
    assert isinstance(recognizer, OnnxRecognizer)
    assert recognizer.level_probabilities(read_text("")).shape == (0, 6, 4)


def test_what_an_exported_folder_holds(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(random_run("pair", "classify"), run)
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    (run / "config.json").write_text(json.dumps({**config, "rmse": 0.42}), encoding="utf-8")
    (run / "README.md").write_text("# mine\n\n- License: ours\n", encoding="utf-8")
    done = export(run, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "README.md", "config.json", "model.onnx", "tokenizer.json",
    ]  # fmt: skip
    assert done["n_bytes"] == (tmp_path / "out" / "model.onnx").stat().st_size
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    size, difference = done["n_bytes"] / 1e6, done["difference"]
    assert card.startswith("# mine\n\n- License: ours\n\nExported to ONNX, 8-bit weights, ")
    assert f" {size:.1f} MB; in 32 bits it differs from PyTorch by {difference:.0e} at most." in card
    description = describe(tmp_path / "out")
    assert (description.recognizer, description.rmse) == ("onnx", 0.42)
    assert load(tmp_path / "out").score(read_text("林远：好。\n")).rmse == 0.42
    assert str(tmp_path) not in (tmp_path / "out" / "config.json").read_text(encoding="utf-8")


def test_scoring_needs_no_pytorch(exported, tmp_path):
    folder = exported("scene", "regress")
    code = f"""
import juqing, numpy
scores = juqing.load({str(folder)!r}).score(juqing.read_script({str(FEATURE)!r}))
numpy.save({str(tmp_path / "values.npy")!r}, scores.values)
"""
    assert not loaded_after(code) & {"torch", "transformers", "accelerate", "safetensors", "onnx", "sklearn", "scipy"}
    values = np.load(tmp_path / "values.npy")
    assert values.shape[0] > 300 and values.std() > 0.01


@pytest.mark.parametrize(
    ("file", "damage", "message"),
    [
        ("model.onnx", None, r"model\.onnx cannot be used"),
        ("model.onnx", lambda data: b"", r"model\.onnx cannot be used"),
        ("model.onnx", lambda data: data[: len(data) // 2], r"model\.onnx cannot be used"),
        ("model.onnx", lambda data: b"\xff" * len(data), r"model\.onnx cannot be used"),
        ("tokenizer.json", None, "tokenizer cannot be read"),
        ("tokenizer.json", lambda data: data[:100], "tokenizer cannot be read"),
        ("config.json", lambda data: data.replace(b'"pad"', b'"dap"'), "is damaged"),
        ("config.json", lambda data: data.replace(b'"reads": "scene"', b'"reads": "page"'), "is damaged"),
        ("config.json", lambda data: data.replace(b'"budget"', b'"budge"'), "is damaged"),
        ("config.json", lambda data: data.replace(b'"budget": 64', b'"budget": "x"'), "is damaged"),
    ],
)
def test_damaged(exported, tmp_path, file, damage, message):
    folder = tmp_path / "model"
    shutil.copytree(exported("scene", "regress"), folder)
    data = (folder / file).read_bytes()
    (folder / file).unlink()
    if damage is not None:
        assert damage(data) != data
        (folder / file).write_bytes(damage(data))
    with pytest.raises(ModelError, match=message) as caught:
        load(folder)
    assert str(folder) in str(caught.value)


def test_a_network_of_the_other_kind(exported, tmp_path):
    """The weights of a pair reader in the folder of a scene reader."""
    folder = tmp_path / "model"
    shutil.copytree(exported("scene", "regress"), folder)
    shutil.copy(exported("pair", "regress") / "model.onnx", folder)
    with pytest.raises(ModelError, match=r"model\.onnx cannot be used"):
        load(folder)


def test_a_tokenizer_that_does_not_fit(exported, tmp_path):
    folder = tmp_path / "model"
    shutil.copytree(exported("scene", "regress"), folder)
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.add_tokens(["一个新词"])
    tokenizer.save(str(folder / "tokenizer.json"))
    with pytest.raises(ModelError, match="tokenizer does not fit"):
        load(folder)


def test_what_cannot_be_exported(trained, tmp_path, exported):
    (tmp_path / "tfidf").mkdir()
    trained.save(tmp_path / "tfidf")
    for source in (tmp_path / "tfidf", exported("pair", "regress")):
        with pytest.raises(ModelError, match="only trained networks"):
            export(source, tmp_path / "out")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        export(random_run("pair"), tmp_path / "file" / "out")
    assert isinstance(load(random_run("scene")), SceneRecognizer)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "tfidf"]
