import pytest

from juqing.errors import FormatError, InputError
from juqing.runtime import _KINDS
from juqing.training.ladder import RUNGS, make_rung


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


def test_refused(tmp_path):
    with pytest.raises(InputError, match="no rung 'bert'"):
        make_rung("bert", {})
    with pytest.raises(InputError, match="frequency has no setting 'dim'") as caught:
        make_rung("frequency", {"dim": 3})
    assert "unit, tags" in caught.value.remedy
    with pytest.raises(FormatError):
        make_rung("averaged", {"vectors": tmp_path / "none.vec"})
