import pytest
from encoders import line_tokenizer, wordpiece
from hypothesis import given, settings
from hypothesis import strategies as st

from juqing.reading import read_text
from juqing.reading.table import read_table
from juqing.text.pairs import collate_pairs, pair_inputs
from juqing.text.windows import reading_names

TOKENIZER = line_tokenizer()


def script_of(*rows: tuple[str, str]):
    table = [f"1_0001_A_{k}\t{text}\t{name}" for k, (text, name) in enumerate(rows, start=1)]
    return read_table(["id\tcontent\tcharacter", *table])[0].script


def decoded(ids) -> str:
    tokens = [(wordpiece().id_to_token(k) or "").removeprefix("##") for k in ids]
    return "".join({"[CLS]": "[", "[SEP]": "|"}.get(token, token) for token in tokens)


def test_one_input_for_each_cue():
    script = script_of(("林远看着周宁。", "林远"), ("林远看着周宁。", "周宁"), ("天亮了。", ""), ("", "林远"))
    assert [decoded(ids) for ids in pair_inputs(script, TOKENIZER, 64)] == [
        "[林远看着周宁。|角色：林远|",
        "[林远看着周宁。|角色：周宁|",
        "[|角色：林远|",
    ]


def test_speech_is_read_with_its_name():
    script = read_text("1、甲　日　内\n林远（冷笑）：早。\n")
    assert [decoded(ids) for ids in pair_inputs(script, TOKENIZER, 64)] == ["[林远冷笑：早。|角色：林远|"]


def test_a_mask_has_one_name_in_line_and_prompt():
    script = script_of(("a1看着c7。", "a1"))
    names = reading_names(script)
    expected = f"[{names['a1']}看着{names['c7']}。|角色：{names['a1']}|"
    assert [decoded(ids) for ids in pair_inputs(script, TOKENIZER, 64)] == [expected]
    assert [decoded(ids) for ids in pair_inputs(script, TOKENIZER, 64, {"a1": "王芳"})] == ["[王芳看着c7。|角色：王芳|"]


def test_a_long_line_is_cut_and_the_prompt_is_not():
    script = script_of(("林远" + "跑" * 100, "林远"))
    assert [decoded(ids) for ids in pair_inputs(script, TOKENIZER, 16)] == ["[林远跑跑跑跑跑跑|角色：林远|"]


@settings(max_examples=40, deadline=None)
@given(st.text("林远跑", max_size=40), st.text("长名", min_size=1, max_size=40), st.integers(6, 64))
def test_no_input_is_longer_than_asked(text, name, budget):
    for ids in pair_inputs(script_of((text, name)), TOKENIZER, budget):
        assert len(ids) <= budget
        assert ids[0] == TOKENIZER.cls and ids.count(TOKENIZER.sep) == 2 and ids[-1] == TOKENIZER.sep


def test_nobody():
    assert pair_inputs(read_text(""), TOKENIZER, 64) == []


def test_collate():
    arrays = collate_pairs([[2, 9, 3], [2, 9, 8, 7, 3]], pad=1)
    assert arrays["token_ids"].tolist() == [[2, 9, 3, 1, 1], [2, 9, 8, 7, 3]]
    assert arrays["mask"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1]]
    with pytest.raises(ValueError):
        collate_pairs([], pad=0)
