"""Words and parts of speech: names count as words, nothing is lost, tags become universal ones."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juqing.text.parts import upos
from juqing.text.words import Words

WORDS = Words()


@given(st.text(max_size=60))
def test_nothing_is_lost(text):
    assert "".join(WORDS.cut(text)) == text
    assert "".join(word for word, _ in WORDS.tag(text)) == text


def test_names_are_words():
    text = "欧阳小糯推开门"
    assert "欧阳小糯" not in WORDS.cut(text)
    words = Words(["欧阳小糯"])
    assert words.cut(text)[0] == "欧阳小糯"
    assert words.tag(text)[0] == ("欧阳小糯", "nr")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("他在河边慢慢地走着。", "PRON ADP NOUN ADV PART VERB AUX PUNCT"),
        ("两个孩子和老师在北京。", "NUM NOUN CCONJ NOUN ADP PROPN PUNCT"),
        ("你可以走了！", "PRON AUX VERB AUX PUNCT"),
    ],
)
def test_universal_parts_of_speech(text, parts):
    tagged = WORDS.tag(text)
    assert " ".join(upos(word, tag) for word, tag in tagged) == parts, tagged


@pytest.mark.parametrize(
    ("word", "tag", "part"),
    [("3.5%", "m", "NUM"), ("OK", "eng", "X"), ("…", "x", "PUNCT"), (" ", "x", "X"), ("䶮", "", "NOUN")],
)
def test_words_without_a_class(word, tag, part):
    assert upos(word, tag) == part
