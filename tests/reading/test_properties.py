"""Any text at all is read without an exception, and every input line ends up in exactly one heading, line or note."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from juqing.reading import read_text
from juqing.script import Script

PIECES = st.sampled_from(
    """△ 【闪回】 【闪回结束】 1、渡口　夜　内 INT.␠HOUSE␠-␠DAY 林远： 林远（低声）： 走吧。 ： 人物：林远、陈念 第一集 《归途》 【人物小传】 林远：三十岁
    ANN (low) /* */ [[ ]] @ ! > ^ ~ ( ) （ ） 字幕： 旁白： OS ， 。 陈念放下杯子： a1 = # . * _ === 时间：夜 Title: 场景： 第1场""".split()
).map(lambda piece: piece.replace("␠", " "))
BREAKS = st.sampled_from(["\n", "\n\n", "\r\n", "\r", "\u2028", "\f", " ", "　", "\t", "\0", "\u200b"])
TEXTS = st.lists(st.one_of(PIECES, BREAKS, st.text(max_size=6)), max_size=40).map("".join)


def check(script: Script) -> None:
    end = 0
    for first, last in sorted((span.first, span.last) for span in script.pieces()):
        assert first == end + 1, f"line {end + 1} is in no piece or in two"
        assert last >= first
        end = last
    assert end == script.n_source_lines
    assert [line.index for line in script.lines] == list(range(len(script.lines)))
    assert [cue.index for cue in script.cues] == list(range(script.n_cues))
    assert len({cue.id for cue in script.cues}) == script.n_cues
    for cue in script.cues:
        assert cue.character
        assert script.lines[cue.line].index == cue.line


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TEXTS, st.booleans())
def test_every_line_has_one_place(text, fountain):
    check(read_text(text, fountain=fountain))


def test_examples(feature):
    check(feature)


def test_long_lines_take_linear_time():
    for pattern in (
        " ",
        "（",
        "(",
        "*",
        "_",
        "*a",
        "[[",
        "/*",
        "/* */",
        "：",
        "“",
        "1",
        "场",
        "林远：",
        "、",
        "a ",
        "A ",
        "【",
        "　日",
        "第",
    ):
        long = (pattern * 50_000)[:50_000]
        for text in (long, f"林远：一。\n林远：{long}", f"@{long}\n你好", f"\n\nINT. A{long}B\n\n"):
            for fountain in (False, True):
                check(read_text(text, fountain=fountain))


def test_many_names_take_linear_time():
    names = "".join(f"甲{chr(0x4E00 + k)}：一。\n" * 2 for k in range(2000))
    check(read_text(names + "△" + "甲" * 50_000 + "\n"))
    check(read_text("\n" * 30_000 + "a。\n" + "b\n" * 30_000 + "1、甲　日　内\n"))
    check(read_text(("]]" + "[[" * 20_000 + "\n") * 5, fountain=True))


def test_many_short_lines_take_linear_time():
    for pattern in (
        "【闪回】",
        "第一集",
        "人物：甲、乙",
        "@A",
        "1、甲　日　内",
        "/*",
        "[[ ]]",
        "林远：一。",
        "=== ",
        "（",
        "ANN",
    ):
        for fountain in (False, True):
            check(read_text(f"{pattern}\n" * 3000, fountain=fountain))
