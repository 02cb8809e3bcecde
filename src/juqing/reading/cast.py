"""Names: how a printed name is cleaned, and who is an extra."""

from __future__ import annotations

import re
from functools import lru_cache

from juqing.text.names import HAN

_GROUPS = frozenset(
    "二人 两人 三人 四人 几人 双方 众 众人 大家 全体 群众 人群 所有人 众大臣 眾 眾人 群演 ALL EVERYONE CROWD BOTH".split()
)
_EXTRA = re.compile(
    rf"[{HAN}]{{2,}}(?:[甲乙丙]+丁?|\d+|[A-Z])$|^(?:路人|群众|群眾|围观|众).|"
    r"\b(?:MAN|WOMAN|BOY|GIRL|GUY|COP|VOICE|GUARD|NURSE|SOLDIER|WAITER)S?(?: ?#?\d+)?$"
)
_NARROW = {wide: wide - 0xFEE0 for r in ((0xFF10, 0xFF1A), (0xFF21, 0xFF3B), (0xFF41, 0xFF5B)) for wide in range(*r)}
_NARROW[0x3000] = _NARROW[0xA0] = 0x20


@lru_cache(4096)
def clean_name(printed: str) -> str:
    """A printed name as a key: full-width letters and digits narrowed, Markdown marks and inner spaces of Han names gone."""
    name = narrow(printed).strip(" \t*_#·-—:：")
    return re.sub(rf"(?<=[{HAN}])\s+(?=[{HAN}])", "", re.sub(r"\s+", " ", name))


def narrow(text: str) -> str:
    """Full-width Latin letters, digits and spaces as ASCII; punctuation and positions stay."""
    return text.translate(_NARROW)


def is_minor(name: str) -> bool:
    """Whether a name is a group or a numbered extra: 众人, 路人甲, 医生2, COP #2."""
    return name.upper() in _GROUPS or _EXTRA.search(name) is not None
