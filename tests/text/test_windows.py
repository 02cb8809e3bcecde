"""Windows, worked out by hand: one token a character, so that every length can be counted."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from encoders import line_tokenizer, wordpiece
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, models

from juqing.errors import ModelError
from juqing.reading import read_text
from juqing.reading.table import read_table
from juqing.script import Script
from juqing.text.lines import line_text
from juqing.text.windows import (
    LineTokenizer,
    Window,
    WindowSettings,
    batches,
    collate,
    named_lines,
    reading_names,
    training_names,
    windows,
)

TOKENIZER = line_tokenizer()


def script_of(*scenes: list[tuple[str, str]]) -> Script:
    """A script of scenes of `(text, names with a space between)`, by way of the competition's table."""
    rows = ["id\tcontent\tcharacter"]
    for scene, lines in enumerate(scenes, start=1):
        for text, names in lines:
            rows += [f"1_{scene:04d}_A_{len(rows) + k}\t{text}\t{name}" for k, name in enumerate(names.split() or [""])]
    return read_table(rows)[0].script


def decoded(ids) -> str:
    """Tokens as text; `[` and `|` are the start and the separator."""
    tokens = [(wordpiece().id_to_token(int(k)) or "").removeprefix("##") for k in ids]
    return "".join({"[CLS]": "[", "[SEP]": "|", "[UNK]": "?"}.get(token, token) for token in tokens)


def at(window: Window, positions) -> str:
    return decoded(window.token_ids[list(positions)])


def test_three_scenes_by_hand():
    """Lines of 5, 5, 7, 5 and 6 tokens with their separators, in windows of 20: up to 6 before, up to 5 kept for those behind."""
    script = script_of(
        [("林远跑。", "林远"), ("门开了。", ""), ("林远大声笑。", "林远"), ("周宁哭。", "周宁"), ("两人都走。", "周宁 林远")],
        [("外面下着很大很大的雨，林远一个人走在很长的路上，周宁也在。", "林远 周宁")],
        [("天亮了。", ""), ("雨停了。", "")],
        [("", "林远")],
    )  # fmt: skip
    cut = windows(script, TOKENIZER, WindowSettings(20, 6, 5))
    assert [decoded(window.token_ids) for window in cut] == [
        "[林远跑。|门开了。|林远大声笑。|",  # 15 - 5 leave room for two lines, 20 for a third that is only read
        "[门开了。|林远大声笑。|周宁哭。|",  # 5 before, and 7 more would be too many
        "[周宁哭。|两人都走。|",  # 7 before are too many
        "[外面下着很大很大的雨，林远一个人走在|",  # 18 tokens and the two around them
        "[|",
    ]
    assert [len(window.token_ids) for window in cut] == [18, 18, 12, 20, 2]
    assert [window.cues.tolist() for window in cut] == [[0], [1], [2, 3, 4], [5, 6], [7]]
    first, second, third, long, empty = cut
    assert first.lines == [(1, 6)]
    assert (first.mentions, first.elsewhere) == ([[1, 2]], [[11, 12]])
    assert second.lines == [(6, 13)]
    assert (second.mentions, second.elsewhere) == ([[6, 7]], [[]])  # 林远跑 is not in this window
    assert third.lines == [(1, 6), (6, 12), (6, 12)]
    assert third.mentions == [[1, 2], [], []]  # 两人 is no name
    assert third.elsewhere == [[], [1, 2], []]
    assert long.lines == [(1, 20), (1, 20)]
    assert [at(long, tokens) for tokens in long.mentions] == ["林远", ""]  # 周宁 was cut off
    assert (empty.lines, empty.mentions, empty.elsewhere) == ([(1, 2)], [[]], [[]])


def test_roles():
    script = read_text("1、甲　日　内\n林远：早。\n△林远笑，周宁哭。\n周宁：好。\n")
    (window,) = windows(script, TOKENIZER, WindowSettings())
    assert [script.cues[k].role for k in window.cues] == ["speaker", "present", "present", "speaker"]
    assert window.roles.tolist() == [0, 1, 1, 0]
    assert decoded(window.token_ids) == "[林远：早。|林远笑，周宁哭。|周宁：好。|"


def test_nothing_to_score():
    assert windows(read_text(""), TOKENIZER, WindowSettings()) == []
    assert windows(script_of([("天亮了。", "")]), TOKENIZER, WindowSettings()) == []


def test_a_scene_never_sees_another():
    script = script_of([("林远跑。", "林远")], [("林远哭。", "林远")])
    cut = windows(script, TOKENIZER, WindowSettings())
    assert [decoded(window.token_ids) for window in cut] == ["[林远跑。|", "[林远哭。|"]


def test_the_nearest_mentions_elsewhere_are_kept():
    script = script_of([(f"林远跑{c}。", "林远") for c in "天地人日月上下左右东西南北中前后里外大小多少长短"])
    (window,) = windows(script, TOKENIZER, WindowSettings(256))
    assert all(len(tokens) == 32 for tokens in window.elsewhere)
    assert window.elsewhere[0] == [k for line in range(1, 17) for k in (1 + 6 * line, 2 + 6 * line)]
    assert window.elsewhere[12] == [k for line in range(4, 21) if line != 12 for k in (1 + 6 * line, 2 + 6 * line)]


def test_a_pronoun_is_read_like_a_name():
    script = read_text("1、甲　日　内\n△林秋走进来。\n△她笑了。\n林秋：好。\n")
    k = next(cue.index for cue in script.cues if cue.by == "pronoun")
    (window,) = windows(script, TOKENIZER, WindowSettings())
    row = window.cues.tolist().index(k)
    assert script.cues[k].character == "林秋"
    assert at(window, window.mentions[row]) == "她"
    assert at(window, window.elsewhere[row]) == "林秋林秋"


def test_traditional_script_is_read_in_simplified_characters():
    script = read_text("1、咖啡館　日　內\n陳雨：妳終於來了，這麼晚。\n△張磊推開門，陳雨轉過頭來。\n張磊：對不起。\n")
    assert script.language == "zh-Hant"
    (window,) = windows(script, TOKENIZER, WindowSettings())
    read = [
        (script.cues[k].character, at(window, tokens)) for k, tokens in zip(window.cues, window.mentions, strict=True)
    ]
    assert read == [("陳雨", "陈雨"), ("張磊", "张磊"), ("陳雨", "陈雨"), ("張磊", "张磊")]
    assert "转过头来" in decoded(window.token_ids)
    renamed = named_lines(script, {"陳雨": "王芳", "張磊": "李军"})
    assert renamed[1] == "李军推开门，王芳转过头来。"


def test_masks_get_names_even_those_of_nobody():
    script = script_of([("a1看着c7，c7没有看b12。", "a1 b12"), ("C7号车，xa1，a123。", "a1")])
    names = reading_names(script)
    assert set(names) == {"a1", "b12", "c7"}
    assert len(set(names.values())) == 3
    assert named_lines(script, names) == [
        f"{names['a1']}看着{names['c7']}，{names['c7']}没有看{names['b12']}。",
        "C7号车，xa1，a123。".replace("C7", names["c7"]),
    ]
    (window,) = windows(script, TOKENIZER, WindowSettings())
    assert at(window, window.mentions[0]) == names["a1"]
    assert at(window, window.mentions[1]) == names["b12"]


def test_real_names_stay_when_reading_and_change_when_training():
    script = script_of([("林远看着a1。", "林远 a1")])
    assert set(reading_names(script)) == {"a1"}
    assert reading_names(script) == reading_names(script)
    assert training_names(script, Random(1), keep=1.0) == {"林远": "林远", "a1": "a1"}
    drawn = training_names(script, Random(1), keep=0.0)
    assert set(drawn) == {"林远", "a1"}
    assert len(set(drawn.values()) | {"林远", "a1"}) == 4
    assert drawn == training_names(script, Random(1), keep=0.0)
    assert len({training_names(script, Random(seed), keep=0.0)["a1"] for seed in range(20)}) > 15
    kept = sum(training_names(script, Random(seed), keep=0.25)["a1"] == "a1" for seed in range(400))
    assert 70 < kept < 130


NAMES = ("林远", "周宁", "a1")
texts = st.lists(st.sampled_from([*NAMES, "跑", "，", "大声笑", "雨b2", "看着", " "]), max_size=12).map("".join)
scenes = st.lists(st.lists(st.tuples(texts, st.sets(st.sampled_from(NAMES)).map(sorted).map(" ".join)), max_size=8), min_size=1, max_size=3)  # fmt: skip


@st.composite
def lengths(draw) -> WindowSettings:
    budget = draw(st.integers(16, 70))
    leading = draw(st.integers(0, budget - 16))
    return WindowSettings(budget, leading, draw(st.integers(0, budget - 16 - leading)))


@settings(max_examples=60, deadline=None)
@given(scenes, lengths(), st.none() | st.integers(0, 99))
def test_every_cue_is_in_one_window_and_its_tokens_are_what_they_say(scenes, lengths, seed):
    if not any(lines for lines in scenes):
        return
    script = script_of(*scenes)
    cut = windows(script, TOKENIZER, lengths, {}, shift=None if seed is None else Random(seed))  # nobody is renamed
    assert [k for window in cut for k in window.cues.tolist()] == list(range(script.n_cues))
    for window in cut:
        ids = window.token_ids.tolist()
        assert len(ids) <= lengths.budget
        assert ids[0] == TOKENIZER.cls and ids[-1] == TOKENIZER.sep
        assert {script.lines[script.cues[k].line].scene for k in window.cues} == {script.lines[script.cues[window.cues[0]].line].scene}  # fmt: skip
        for k, (start, end), mentions, elsewhere in zip(
            window.cues, window.lines, window.mentions, window.elsewhere, strict=True
        ):
            name = script.cues[k].character
            text = line_text(script.lines[script.cues[k].line])
            expected = wordpiece().encode(text, add_special_tokens=False).ids[: lengths.budget - 2]
            assert ids[start:end] == [*expected, TOKENIZER.sep]
            n = text.count(name)
            cut_off = len(expected) < len(wordpiece().encode(text, add_special_tokens=False).ids)
            assert at(window, mentions) == name * n or (cut_off and (name * n).startswith(at(window, mentions)))
            assert all(start <= token < end - 1 for token in mentions)
            assert not any(start <= token < end for token in elsewhere)
            assert set(at(window, elsewhere)) <= set(name)
            others = decoded(ids[:start] + ids[end:])
            if len(elsewhere) < 32 and "[" not in name:
                assert len(elsewhere) == len(name) * others.count(name) or max(map(len, others.split("|"))) >= lengths.budget - 2  # fmt: skip


def test_shifted_windows_begin_elsewhere():
    script = script_of([(f"林远跑{c}。", "林远") for c in "天地人日月上下左右东西南北中前后里外大小多少长短"])
    cuts = {
        tuple(len(window.cues) for window in windows(script, TOKENIZER, WindowSettings(60, 0, 0), shift=Random(seed)))
        for seed in range(12)
    }
    assert len(cuts) > 3


def test_collate_by_hand():
    one = Window(np.array([2, 9, 8, 3]), np.array([0]), np.array([1]), [(1, 4)], [[1, 2]], [[]])
    two = Window(np.array([2, 7, 3]), np.array([1, 2]), np.array([0, 1]), [(1, 3), (1, 3)], [[], [1]], [[], []])
    arrays = collate([one, two], pad=5)
    assert {name: array.tolist() for name, array in arrays.items()} == {
        "token_ids": [[2, 9, 8, 3], [2, 7, 3, 5]],
        "mask": [[1, 1, 1, 1], [1, 1, 1, 0]],
        "lines": [[1, 4], [5, 7], [5, 7]],
        "mentions": [[1, 2], [-1, -1], [5, -1]],
        "elsewhere": [[-1], [-1], [-1]],
        "roles": [1, 0, 1],
    }
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.int64)}


def test_batches_by_hand():
    assert batches([3, 5, 2, 5], 10) == [[1, 3], [0, 2]]
    assert batches([30], 10) == [[0]]
    assert batches([], 10) == []


@given(st.lists(st.integers(1, 40), max_size=30), st.integers(1, 120))
def test_batches_hold_everything_once_and_are_no_larger_than_asked(lengths, n_tokens):
    groups = batches(lengths, n_tokens)
    assert sorted(i for group in groups for i in group) == list(range(len(lengths)))
    for group in groups:
        assert len(group) == 1 or len(group) * max(lengths[i] for i in group) <= n_tokens


def test_tokenizer():
    assert (TOKENIZER.cls, TOKENIZER.sep, TOKENIZER.hidden, TOKENIZER.pad) == (2, 3, 4, 0)
    assert TOKENIZER.special()["mask_token"] == "[MASK]"
    ((ids, offsets),) = TOKENIZER.encode(["林远a1"])
    assert decoded(ids) == "林远a1"
    assert offsets == [(0, 1), (1, 2), (2, 3), (3, 4)]


def test_tokenizers_that_cannot_be_used(tmp_path):
    with pytest.raises(ModelError, match="frames a text by 0 tokens"):
        LineTokenizer(Tokenizer(models.WordPiece({"[UNK]": 0}, unk_token="[UNK]")))
    with pytest.raises(ModelError, match="cannot be read"):
        LineTokenizer.load(tmp_path)
    (tmp_path / "tokenizer.json").write_text('{"model": {}', encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be read") as caught:
        LineTokenizer.load(tmp_path)
    assert caught.value.path == tmp_path / "tokenizer.json"


def test_a_tokenizer_is_saved_whole(tmp_path):
    TOKENIZER.save(tmp_path)
    again = LineTokenizer.load(tmp_path, pad=0)
    assert again.encode(["林远笑。", ""]) == TOKENIZER.encode(["林远笑。", ""])
    assert again.n_tokens == TOKENIZER.n_tokens
