import json

import pytest

from juqing.errors import ModelError
from juqing.runtime import DEFAULT, load, shipped_models


def test_shipped_models():
    models = {model.name: model for model in shipped_models()}
    assert DEFAULT in models
    for model in models.values():
        assert model.n_bytes < 40 * 10**6
        card = (model.folder / "README.md").read_text(encoding="utf-8")
        assert "License" in card and "Score" in card
        assert load(model.name).name == model.name


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (None, "no config.json"),
        ("{", "cannot be read"),
        ("[]", "does not name"),
        ({"format": 2, "recognizer": "tfidf"}, "format is 2"),
        ({"format": 1, "recognizer": "magic"}, "'magic'"),
        ({"format": 1, "recognizer": "tfidf"}, "cannot be used"),
        ({"format": 1, "recognizer": "tfidf", "settings": {"typo": 1}}, "cannot be used"),
    ],
)
def test_not_a_model(tmp_path, config, message):
    if config is not None:
        text = config if isinstance(config, str) else json.dumps(config)
        (tmp_path / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        load(tmp_path)


def test_no_such_model():
    with pytest.raises(ModelError, match="tfidf"):
        load("no-such-model")
