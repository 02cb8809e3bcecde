from typing import Any

import numpy as np
import pytest

from juqing.errors import FormatError, InputError
from juqing.reading.files import read_labeled
from juqing.runtime import _KINDS
from juqing.text.corpus import Corpus
from juqing.text.tokens import cue_tokens
from juqing.training.ladder import RUNGS, make_rung
from juqing.vectors.files import write_vectors
from juqing.vectors.training import train_vectors


def test_every_rung_can_be_loaded_again():
    for kind, rung in RUNGS.items():
        assert _KINDS[kind] == (rung.__module__, rung.__name__)
        made = make_rung(kind, {})
        assert type(made) is rung and made.name == kind and made.method


def test_settings_and_files(tmp_path):
    assert make_rung("svd", {"dim": 7, "tags": True}).dim == 7  # type: ignore[attr-defined]
    (tmp_path / "a.vec").write_text("高兴 1 2\n", encoding="utf-8")
    (tmp_path / "a.tsv").write_text("我的词\tjoy\t1\n", encoding="utf-8")
    averaged = make_rung("averaged", {"vectors": tmp_path / "a.vec"})
    assert averaged.vectors.words == ["高兴"]  # type: ignore[attr-defined]
    lexicon = make_rung("lexicon", {"lexicon": [tmp_path / "a.tsv"]})
    assert "我的词" in lexicon.lexicon.strengths  # type: ignore[attr-defined]
    lexicon = make_rung("lexicon", {"lexicon": [str(tmp_path / "a.tsv")]})  # as the ladder's processes are told
    assert "我的词" in lexicon.lexicon.strengths  # type: ignore[attr-defined]


def test_settings_by_name(tmp_path):
    (tmp_path / "a.vec").write_text("高兴 1 2\n", encoding="utf-8")
    given = ["pooling=mean", "n_before=2", "dropout=0", "tune_vectors=false", f"vectors={tmp_path / 'a.vec'}"]
    lstm: Any = make_rung("lstm", {"epochs": 3}, given)
    assert (lstm.pooling, lstm.n_before, lstm.dropout, lstm.tune_vectors, lstm.epochs) == ("mean", 2, 0, False, 3)
    assert lstm.vectors.words == ["高兴"]
    gru: Any = make_rung("gru", {"start": str(tmp_path)})
    assert gru.start == tmp_path
    for wrong, message in (
        ("epochs=2.5", "epochs is 2.5. It must be of type int"),
        ("tune_vectors=1", "It must be of type bool"),
        ("alpha=3", "no setting 'alpha'"),
        ("epochs", "NAME=VALUE"),
    ):
        with pytest.raises(InputError) as caught:
            make_rung("rnn", {}, [wrong])
        assert message in str(caught.value)


LINES = ["她 笑 了 她 很 高兴 他 也 笑 了", "他 怕 黑 她 不 怕 他 走 了", "她 走 到 窗前 他 看 她"] * 20


@pytest.mark.parametrize(
    ("method", "settings"),
    [
        ("skip-gram", {"objective": "negative"}),
        ("skip-gram", {"objective": "hierarchical"}),
        ("cbow", {"objective": "negative"}),
        ("cbow", {"objective": "hierarchical"}),
        ("glove", {}),
    ],
)
def test_trained_vectors_of_every_kind_make_a_rung(method, settings, tmp_path, table):
    """word2vec in its four forms and GloVe: the averaged rung, frozen and tuned, and a recurrent one."""
    labeled = read_labeled(table)
    text = [" ".join(tokens) for item in labeled for tokens in cue_tokens(item.script)]
    vectors, _ = train_vectors(
        Corpus([[*LINES, *text]], unit="blank"),
        method=method,
        min_count=1,
        settings={"dim": 16, "epochs": 2, **settings},
    )
    write_vectors(vectors, tmp_path / "v.safetensors")
    parts = [i.script for i in labeled], [i.labels for i in labeled], [i.weights for i in labeled]
    found = []
    for kind, epochs in (("averaged", 0), ("averaged", 3), ("rnn", 1)):
        rung = make_rung(
            kind, {"vectors": tmp_path / "v.safetensors", "epochs": epochs} | ({"epochs": 1} if kind == "rnn" else {})
        )
        found.append(rung.fit(*parts).score(labeled[0].script).values)
    assert all(np.ptp(values) > 0.01 for values in found)
    assert not np.allclose(found[0], found[1])


def test_refused(tmp_path):
    with pytest.raises(InputError, match="no rung 'bert'"):
        make_rung("bert", {})
    with pytest.raises(InputError, match="frequency has no setting 'dim'") as caught:
        make_rung("frequency", {"dim": 3})
    assert "unit, tags" in caught.value.remedy
    with pytest.raises(FormatError):
        make_rung("averaged", {"vectors": tmp_path / "none.vec"})
    for kind, name, value in (
        ("gru", "dim", "x"), ("gru", "pooling", ["mean"]), ("onehot", "alpha", "x"), ("svd", "dim", 10.5),
        ("frequency", "tags", "no"), ("tfidf", "n_max", 2.0), ("tfidf", "min_df", 1.5),
    ):  # fmt: skip
        with pytest.raises(InputError, match=f"{name} is") as caught:
            make_rung(kind, {name: value})
        assert "of type" in caught.value.remedy
