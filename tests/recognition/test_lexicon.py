"""Emotion words: sums by hand, both forms of files, what is refused."""

import numpy as np
import pytest
from recognition.contract import check_masks, check_recognizer

from juqing.emotions import EMOTION_NAMES
from juqing.errors import FormatError, InputError, ModelError
from juqing.reading import read_text
from juqing.recognition.lexicon import (
    OWN_WORDS,
    Lexicon,
    LexiconRecognizer,
    read_lexicon,
    read_lexicons,
    write_lexicon,
)
from juqing.runtime import load

JOY, SORROW = EMOTION_NAMES.index("joy"), EMOTION_NAMES.index("sorrow")
WORDS = "高兴\tjoy\t2\n难过\t哀\t1.5\n又惊又喜\tjoy\t2\n又惊又喜\tfright\t1\n# 不算\n\n不\tnegation\t-1\n很\tdegree\t1.5\n有点\tdegree\t0.5\n"


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "words.tsv"
    path.write_text(WORDS, encoding="utf-8")
    return read_lexicon(path)


def test_contract():
    check_recognizer(LexiconRecognizer())
    check_masks(LexiconRecognizer(), 0.0)


@pytest.mark.parametrize(
    ("line", "joy"),
    [
        ("高兴", 2.0),
        ("很 高兴", 3.0),
        ("不 高兴", -2.0),
        ("很 不 高兴", -3.0),
        ("不 是 不 高兴", 2.0),
        ("不 去 那里 也 高兴", 2.0),  # too far
        ("不 去 那里 高兴", -2.0),
        ("不 ， 高兴", 2.0),  # another clause
        ("有点 高兴 ， 很 高兴", 4.0),
        ("又 惊 又 喜", 2.0),  # one word of the list
        ("桌子", 0.0),
    ],
)
def test_sums(lexicon, line, joy):
    assert LexiconRecognizer(lexicon).sums(line.split())[JOY] == joy


def test_a_script(lexicon):
    script = read_text("1、屋里　日　内\n林远：我很高兴，高兴！\n陈念：我不高兴。\n陈念：我又惊又喜，有点难过。\n")
    values = LexiconRecognizer(lexicon).score(script).values
    np.testing.assert_allclose(values[:, JOY], [3.0, 0.0, 2.0])  # in 0..3
    np.testing.assert_allclose(values[:, SORROW], [0.0, 0.0, 0.75])


def test_the_words_that_come_with_it():
    lexicon = read_lexicon(OWN_WORDS)
    assert len(lexicon.strengths) > 200
    strongest = {EMOTION_NAMES[int(np.argmax(each))] for each in lexicon.strengths.values()}
    assert strongest == set(EMOTION_NAMES)
    assert lexicon.factors["不"] == -1 and lexicon.factors["很"] > 1 > lexicon.factors["有点"] > 0


def test_a_later_file_replaces_what_an_earlier_one_says_of_a_word(tmp_path):
    path = tmp_path / "mine.tsv"
    path.write_text("惊恐\t怒\t1\n不\tdegree\t1.2\n很\tjoy\t1\n", encoding="gb18030")
    lexicon = read_lexicons([path])
    assert lexicon.strengths["惊恐"] == (0, 0, 0, 1, 0, 0)
    assert lexicon.factors["不"] == 1.2
    assert "很" not in lexicon.factors and "很" in lexicon.strengths
    assert "高兴" in lexicon.strengths


def test_save_and_load(lexicon, tmp_path, feature):
    recognizer = LexiconRecognizer(lexicon)
    (tmp_path / "model").mkdir()
    recognizer.save(tmp_path / "model")
    loaded = load(tmp_path / "model")
    assert isinstance(loaded, LexiconRecognizer)
    assert loaded.lexicon == lexicon and loaded.name == "model" and loaded.size == recognizer.size
    assert np.array_equal(loaded.score(feature).values, recognizer.score(feature).values)
    assert recognizer.fit([feature], [np.zeros((feature.n_cues, 6))]) is recognizer
    (tmp_path / "model" / "lexicon.tsv").write_text("高兴\tjoy\tmuch\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"lexicon\.tsv"):
        load(tmp_path / "model")
    (tmp_path / "model" / "lexicon.tsv").unlink()
    with pytest.raises(ModelError, match=r"lexicon\.tsv"):
        load(tmp_path / "model")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("高兴\tjoy\n", 1, "2 columns"),
        ("高兴\tjoy\t2\t3\n", 1, "4 columns"),
        ("# 词\n\tjoy\t2\n", 2, "columns"),
        ("高兴\tglee\t2\n", 1, "'glee'"),
        ("高兴\tjoy\t4\n", 1, "'4' is not a number in 0..3"),
        ("高兴\tjoy\tnan\n", 1, "'nan'"),
        ("不\tnegation\t1\n", 1, "-1..0"),
        ("很\tdegree\t0\n", 1, "'0'"),
        ("高兴\tjoy\t2\n高兴\tjoy\t1\n", 2, "twice"),
        ("不\tnegation\t-1\n不\tdegree\t1\n", 2, "twice"),
        ("# nothing\n", None, "no words"),
    ],
)
def test_rows_that_are_refused(tmp_path, text, line, message):
    path = tmp_path / "words.tsv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=message) as caught:
        read_lexicon(path)
    assert caught.value.line == line and caught.value.path == path


def test_files_that_are_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_lexicon(tmp_path / "none.tsv")
    (tmp_path / "a.tsv").write_bytes(b"\xff\xfe\x00" * 9 + b"\x81")
    with pytest.raises(FormatError):
        read_lexicon(tmp_path / "a.tsv")
    with pytest.raises(InputError, match="cannot stand"):
        write_lexicon(Lexicon({"#": (1.0,) * 6}), tmp_path / "b.tsv")


# Rows in the form of DUTIR's table; the words are made up.
DUTIR = """词语, 词性种类, 词义数, 词义序号, 情感分类, 强度, 极性, 辅助情感分类, 强度, 极性, , ,
甲乐, adj, 1.0, 1.0, PA, 9.0, 1.0, , , , , ,
乙哀, adj, 2.0, 1.0, NB, 3.0, 2.0, NC, 6.0, 2.0, , ,
乙哀, adj, 2.0, 2.0, NB, 5.0, 2.0, , , , , ,
丙好, adj, 1.0, 1.0, PH, 5.0, 1.0, , , , , ,
丁丁,戊戊, idiom, 1.0, 1.0, PC, 3.0, 0.0, , , , , ,
己怒, verb, 1.0, 1.0, NA, 0.0, 0.0, 已经不用, , , , ,
"""


def test_dutir(tmp_path):
    path = tmp_path / "dutir.csv"
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        path.write_text(DUTIR, encoding=encoding)
        lexicon = read_lexicon(path)
        assert lexicon.strengths == {
            "甲乐": (0, 3, 0, 0, 0, 0),
            "乙哀": (0, 0, 0, 0, 2, 1.67),
            "丁丁,戊戊": (0, 0, 1, 0, 0, 0),
        }
        assert lexicon.factors == {}
    for damage in ("庚, adj, 1, 1, XX, 5, 1, , , , , ,\n", "庚, adj, 1, 1, PA, 50, 1, , , , , ,\n", "庚\n"):
        path.write_text(DUTIR + damage, encoding="utf-8")
        with pytest.raises(FormatError, match="庚") as caught:
            read_lexicon(path)
        assert caught.value.line == 8
