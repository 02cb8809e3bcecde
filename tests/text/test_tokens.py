import pytest

from juqing.errors import InputError
from juqing.reading import read_text
from juqing.text.tokens import BREAK_TOKEN, OTHER_TOKEN, OWN_TOKEN, cue_tokens, with_parts

TEXT = "1、屋里　日　内\n林远：我很高兴。\n陈念：走。\n△林远抱住陈念。\n"


def test_words_with_names_masked():
    script = read_text(TEXT)
    tokens = dict(zip([(cue.line, cue.character) for cue in script.cues], cue_tokens(script), strict=True))
    assert tokens[0, "林远"] == [OWN_TOKEN, "：", "我", "很", "高兴", "。"]
    assert tokens[2, "林远"] == [OWN_TOKEN, "抱住", OTHER_TOKEN, "。"]
    assert tokens[2, "陈念"] == [OTHER_TOKEN, "抱住", OWN_TOKEN, "。"]


def test_characters():
    tokens = cue_tokens(read_text(TEXT), unit="character")
    assert tokens[0] == [OWN_TOKEN, *"：我很高兴。"]


def test_parts_of_speech_are_those_of_word_vectors():
    from juqing.text.corpus import Corpus

    own, *rest = cue_tokens(read_text(TEXT), tags=True)[0]
    assert own == OWN_TOKEN
    assert [rest] == list(Corpus([["：我很高兴。"]], tags=True))


def test_tags_alone():
    (tokens,) = cue_tokens(read_text("1、屋里　日　内\n林远：我很高兴。/\n"), tags=True)
    assert with_parts(tokens) == [*tokens, "/x", "/r", "/zg", "/b", "/x", "/x"]
    assert tokens[-1] == "//x"


def test_lines_before():
    tokens = cue_tokens(read_text(TEXT), n_before=1)
    assert tokens[0] == [OWN_TOKEN, "：", "我", "很", "高兴", "。"]
    assert tokens[1] == [*f"{OTHER_TOKEN} ： 我 很 高兴 。 {BREAK_TOKEN}".split(), OWN_TOKEN, "：", "走", "。"]


def test_refused():
    with pytest.raises(InputError, match="unit is 'line'"):
        cue_tokens(read_text(TEXT), unit="line")
    with pytest.raises(InputError, match="parts of speech"):
        cue_tokens(read_text(TEXT), unit="character", tags=True)
