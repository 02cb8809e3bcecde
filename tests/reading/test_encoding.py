from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juqing.errors import FormatError
from juqing.reading.encoding import decode, split_lines

SIMPLIFIED = "1、渡口　清晨　外\n人物：沈渡\n△ 江面起雾，对岸只露出一线。\n沈渡（低声）：你来了。\n"
TRADITIONAL = "第一場　夜　內　客廳\n△ 鐘敲了十一下。\n林父：還沒睡？妳還知道有個家。\n"
ENGLISH = "INT. CAFÉ - NIGHT\n\nANN\n“Who’s there?” she said.\n"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        *(
            (SIMPLIFIED, e)
            for e in ("utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
        ),
        *((TRADITIONAL, e) for e in ("utf-8", "big5", "cp950", "utf-16-le", "gb18030")),
        *((ENGLISH, e) for e in ("utf-8", "cp1252", "utf-16")),
        ("ANN: Hello.\n", "ascii"),
    ],
)
def test_detected(text, encoding):
    assert decode(text.encode(encoding)) == text


def test_a_mark_that_lies():
    with pytest.raises(FormatError, match="byte-order mark"):
        decode(b"\xff\xfe\x00\xd8\x00\x00\x01")


def test_named_encoding():
    assert decode(SIMPLIFIED.encode("gbk"), encoding="gbk") == SIMPLIFIED
    with pytest.raises(FormatError, match=r"s\.txt, line 1: byte 1 is not utf-8"):
        decode(SIMPLIFIED.encode("gbk"), path="s.txt", encoding="utf-8")
    with pytest.raises(FormatError, match="no encoding called"):
        decode(b"abc", encoding="klingon")
    with pytest.raises(FormatError, match="not undefined"):
        decode(b"abc", encoding="undefined")
    with pytest.raises(FormatError, match="no encoding called"):
        decode(b"abc", encoding="base64")


def test_stray_zero_bytes():
    assert decode("林远：好\0的，我这就走。\n".encode() * 9).startswith("林远：好\0的")


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_refused(seed):
    noise = bytes((i * 7919 + seed * 104729) * 2654435761 % 2**32 >> 24 for i in range(4000))
    with pytest.raises(FormatError, match="not text"):
        decode(noise)
    with pytest.raises(FormatError):
        decode(b"\x7fELF\x02\x01\x01" + bytes(200) + noise)


@given(st.binary(max_size=300))
def test_any_bytes(data):
    with suppress(FormatError):
        assert isinstance(decode(data), str)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=100))
def test_utf8_round_trip(text):
    assert decode(text.encode()) == text.removeprefix("\ufeff")


def test_lines():
    assert split_lines("a\r\nb\rc\nd\u2028e\ff\x85g") == list("abcdefg")
    assert split_lines("a\n\n") == ["a", ""]
    assert split_lines("") == []
