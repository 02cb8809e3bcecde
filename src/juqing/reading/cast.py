"""Names: how a printed name is cleaned, and who is an extra."""

from __future__ import annotations

import re
import unicodedata

from juqing.text.names import HAN

_GROUPS = frozenset("众 众人 大家 全体 群众 人群 所有人 众大臣 眾 眾人 群演 ALL EVERYONE CROWD BOTH".split())
_EXTRA = re.compile(
    rf"[{HAN}]+[甲乙丙丁戊己庚辛]+$|[{HAN}]+[0-9一二三四五六七八九]$|^(路人|群众|群眾|围观|众)|(MAN|WOMAN|GUY|COP|VOICE|GUARD|NURSE)S?( ?#?\d+)?$"
)


def clean_name(printed: str) -> str:
    """A printed name as a key: full-width letters and digits narrowed, Markdown marks and inner spaces of Han names gone."""
    name = unicodedata.normalize("NFKC", printed).strip(" \t*_#·-—:：")
    return re.sub(rf"(?<=[{HAN}])\s+(?=[{HAN}])", "", re.sub(r"\s+", " ", name))


def is_minor(name: str) -> bool:
    """Whether a name is a group or a numbered extra: 众人, 路人甲, 医生2, COP #2."""
    return name.upper() in _GROUPS or _EXTRA.search(name) is not None
