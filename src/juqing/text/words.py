"""Words and their parts of speech, by rjieba (jieba's dictionary and hidden Markov model, in Rust)."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property

_RARE = 1000  # a character this rare as a word is hardly ever one by itself
_DEGREES = frozenset("很 太 更 最 不 不太 渐 越 多么 好 挺 有点 更加 又 变 发 颇 极 极其 非常 十分 多 这么 那么 渐渐 越来越 得 地 已 已经 都 也 还 一 一片 一样".split())  # fmt: skip
_AFTER_NO_NAME = frozenset("地 得 远 白 色 处 而 极 极了 如".split())
_BEFORE_NAME = frozenset(("v", "p", "c", "ul", "uz", "ug", "x", "zg", "f", "s", "vn", "vd"))
_AFTER_SUBJECT = frozenset(("v", "p", "c", "x", "d", "vn", "vd", "f", "i", "l", "z", "ad", "s", "zg", "y"))


class Words:
    """Cuts texts into words and tags them; the names that are given count as words.

    The tags are those of jieba (ICTCLAS): `n` noun, `nr` name, `v` verb, `a` adjective, `d` adverb, `r` pronoun, `x` mark, ...
    """

    def __init__(self, names: Iterable[str] = ()):
        self.names = frozenset(names)

    @cached_property
    def _jieba(self):
        import rjieba

        if not self.names:
            return rjieba
        jieba = rjieba.Jieba()
        for name in sorted(self.names):
            jieba.add_word(name, None, "nr")
        return jieba

    def cut(self, text: str) -> list[str]:
        """The words of a text; joined they give the text again."""
        return list(self._jieba.cut(text))

    def tag(self, text: str, *, hmm: bool = True) -> list[tuple[str, str]]:
        """The words of a text with their tags. Without `hmm`, characters that form no word of the dictionary stay apart."""
        return self._jieba.tag(text, hmm)

    def names_at(self, text: str, places: Collection[int], others: Collection[int] = ()) -> set[int]:
        """At which of these places a one-character name is meant, not an ordinary word such as 远 far or 白 white.

        It must be a word by itself, and stand as a name does: at the start of a clause before what somebody does, after a
        verb, a preposition or another name. `others` are places at which names are known to stand.
        """
        import rjieba

        found: set[int] = set()
        tagged = self.tag(text, hmm=False)
        at = 0
        for k, (word, tag) in enumerate(tagged):
            start, at = at, at + len(word)
            if start not in places or len(word) != 1:
                continue
            before, tag_before = tagged[k - 1] if k else ("", "x")
            after, tag_after = tagged[k + 1] if k + 1 < len(tagged) else ("", "x")
            if before in _DEGREES or after in _AFTER_NO_NAME:
                continue
            by_name = k > 0 and (start - len(before)) in others
            opens = tag_before == "x" or by_name or before in ("和", "与", "跟", "同", "、")
            acts = opens and (tag_after in _AFTER_SUBJECT or at in others)
            is_object = (
                not opens
                and tag_before in _BEFORE_NAME
                and (tag != "d" or tag_after in ("x", "m", "uj", "c", "f", "s"))
            )
            if acts or is_object or rjieba.suggest_freq(word) < _RARE:
                found.add(start)
        return found
