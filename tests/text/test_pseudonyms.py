import re
from collections import Counter
from random import Random

import pytest

from juqing.text.pseudonyms import MASK, draw_names

KEYS = [f"k{k}" for k in range(3000)]


def test_all_are_different():
    drawn = draw_names(KEYS, Random(1))
    assert list(drawn) == KEYS
    assert len(set(drawn.values())) == len(KEYS)


def test_the_seed_decides():
    assert draw_names(KEYS[:50], Random(1)) == draw_names(KEYS[:50], Random(1))
    assert draw_names(KEYS[:50], Random(1)) != draw_names(KEYS[:50], Random(2))


def test_they_vary():
    """Short and long ones, hundreds of beginnings, and none of them rules."""
    names = [name for seed in range(300) for name in draw_names(KEYS[:10], Random(seed)).values()]
    lengths = Counter(map(len, names))
    assert all(lengths[n] > 200 for n in (2, 3)) and lengths[4] > 5
    assert len({name[0] for name in names}) > 150
    assert len({name[-1] for name in names}) > 150
    assert Counter(names).most_common(1)[0][1] < 30


def test_they_are_han_and_no_masks():
    for name in draw_names(KEYS, Random(3)).values():
        assert re.fullmatch(r"[\u4e00-\u9fff]{1,5}", name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a1看着b13", ["a1", "b13"]),
        ("a1b2", ["a1", "b2"]),
        ("c7。", ["c7"]),
        ("a123 A1 xa1 a 1 mp3 B2", []),  # a hundred, capitals, ends of words
        ("", []),
    ],
)
def test_masks(text, found):
    assert MASK.findall(text) == found
