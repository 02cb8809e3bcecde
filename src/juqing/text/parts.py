"""jieba's parts of speech as universal ones (UPOS of Universal Dependencies).

The first letters of a tag tell the class (ICTCLAS: `n` noun, `v` verb, ...); for what UD parts otherwise (copula, auxiliaries,
particles, determiners) there are lists of words, as UD's guidelines for Chinese name them.
"""

from __future__ import annotations

_WORDS = {
    "AUX": "是 会 能 可以 要 应该 可能 必须 能够 应 可 需要 需 得以 愿意 想 敢 肯 该 当 为 了 着 过 起来",
    "PART": "的 地 得 之 吗 呢 吧 啊 嘛 啦 呀 哦 所 们 而已 的话 者 等 等等 似的 般 一般",
    "ADP": "在 从 对 对于 把 被 给 向 往 于 由 以 用 按 按照 根据 关于 除 除了 自 与 跟 随着 作为 为了 通过 因 朝 离 替 比 至 到 沿 沿着 经 经过 中 上 下 里 内 外 后 前 间 之间 以来 以后 之后 之前 以前 时",
    "CCONJ": "和 与 及 以及 或 或者 还是 并 并且 而且 而 但 但是 又 且 不过 然而",
    "SCONJ": "因为 如果 虽然 由于 若 所以 因此 即使 只要 只有 尽管 假如 当 则 那么",
    "PRON": "我 你 您 他 她 它 我们 你们 他们 她们 它们 自己 咱 咱们 什么 谁 大家 这 那 其 此 这里 那里 这儿 那儿 哪里 哪儿 怎么 怎样 如何 之",
    "DET": "这 那 每 各 某 该 本 这些 那些 全 所有 其他 其它 任何 哪 哪些 有些 一些 这个 那个 整个 另",
    "ADV": "不 没 没有 很 都 也 还 就 再 又 才 只 已 已经 非常 最 更 太 仍 便 却 将 曾 曾经 正在 常 经常 总 较 相当 多么 同时 为什么",
    "INTJ": "喂 嗯 哎 唉 哇 咦 哼 哈 哈哈 嘿 噢",
    "VERB": "有 没有",
    "NUM": "一 二 三 四 五 六 七 八 九 十 两 百 千 万 亿 几 多少 零 半 数",
}
_BY_WORD: dict[str, str] = {}
for _part in ("NUM", "VERB", "INTJ", "ADV", "ADP", "SCONJ", "CCONJ", "AUX", "PART", "DET", "PRON"):
    _BY_WORD.update(dict.fromkeys(_WORDS[_part].split(), _part))
_BY_WORD |= {
    "在": "ADP",
    "与": "CCONJ",
    "为": "AUX",
    "没有": "ADV",
    "这": "PRON",
    "那": "PRON",
    "之": "PART",
    "到": "VERB",
    "给": "ADP",
    "得": "PART",
    "被": "AUX",
}
_BY_WORD |= dict.fromkeys("年 月 日 岁 元 等 其中 同时 之后 之前 期间 最后 此外".split(), "NOUN")

_BY_TAG = {
    "nr": "PROPN", "nrt": "PROPN", "nrfg": "PROPN", "ns": "PROPN", "nt": "PROPN", "nz": "PROPN", "n": "NOUN", "ng": "NOUN", "vn": "NOUN",
    "an": "NOUN", "t": "NOUN", "tg": "NOUN", "s": "NOUN", "f": "ADP", "v": "VERB", "vd": "VERB", "vg": "VERB", "vi": "VERB", "vq": "VERB",
    "a": "ADJ", "ad": "ADV", "ag": "ADJ", "b": "ADJ", "z": "ADJ", "zg": "ADV", "d": "ADV", "dg": "ADV", "df": "ADV", "m": "NUM", "mq": "NUM",
    "q": "NOUN", "r": "PRON", "rr": "PRON", "rz": "PRON", "p": "ADP", "c": "CCONJ", "u": "PART", "uj": "PART", "ul": "AUX", "uz": "AUX",
    "ug": "AUX", "ud": "PART", "uv": "PART", "y": "PART", "e": "INTJ", "o": "INTJ", "i": "VERB", "l": "VERB", "j": "NOUN", "k": "PART",
    "h": "PART", "g": "NOUN", "x": "PUNCT", "w": "PUNCT", "eng": "X", "xc": "PART", "PER": "PROPN", "LOC": "PROPN", "ORG": "PROPN", "TIME": "NOUN",
    "nw": "PROPN",
}  # fmt: skip


def upos(word: str, tag: str) -> str:
    """The universal part of speech of a word with a tag of jieba, or of a program that uses the same set."""
    if word in _BY_WORD:
        return _BY_WORD[word]
    if not any(c.isalnum() for c in word):
        return "PUNCT" if word.strip() else "X"
    if any(c.isdecimal() for c in word) and all(c.isdecimal() or c in ".,，．％%:/-" for c in word):
        return "NUM"
    if word.isascii():
        return "X"
    for length in range(len(tag), 0, -1):
        if tag[:length] in _BY_TAG:
            found = _BY_TAG[tag[:length]]
            return "NOUN" if found == "PUNCT" else found
    return "NOUN"
