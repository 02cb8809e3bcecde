"""Scene headings of Chinese scripts: nine house styles, told apart by number, place, time and int/ext words.

There is no standard. Styles: `20、卫生间　夜　内` · `1. 内 林家客厅 夜` · `3-2 日 内 天台` · `第一场　日　内　教室` ·
`场景：教室  时间：下午` · `## 1-1 日 内 办公室` · `[00:15] 1-2 会议室 日/内` · `【场景3】天台` · `内景。林家客厅 - 夜`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMERAL = "[0-9０-９〇零一二三四五六七八九十百千两]+"
_DASH = "[-—–－~]+"

_INTERIOR = {
    "内": "内", "外": "外", "内景": "内", "外景": "外", "室内": "内", "室外": "外", "內": "内", "內景": "内", "室內": "内",
    "int": "内", "ext": "外", "内外": "内外", "內外": "内外", "外内": "内外", "外內": "内外", "内外景": "内外",
    "int.": "内", "ext.": "外", "i": "内", "e": "外", "est": "外", "est.": "外",
}  # fmt: skip
_TIME_WORD = (
    "日转夜|夜转日|夜转晨|大清早|清晨|凌晨|早晨|早上|上午|中午|正午|下午|午后|傍晚|黄昏|黃昏|黎明|拂晓|深夜|半夜|午夜|雨夜|雪夜|"
    "晚上|夜晚|白天|日|夜|晨|早|午|晚|昏|连续|連續|day|night|dawn|dusk|morning|evening|afternoon|noon|midnight|later|continuous"
)
_TIME = re.compile(
    rf"(?:[0-9]{{2,4}}年?[·\s]?)?(?:{_TIME_WORD})(?:(?:[/、转至到])?(?:{_TIME_WORD}))*(?:[（(].{{0,8}}[）)])?|同时|稍后|次日|翌日|接上场|接前场",
    re.IGNORECASE,
)
_FLAGS = (("flashback", re.compile("闪回|閃回|回忆|回憶|flashback", re.I)), ("dream", re.compile("梦境|夢境|梦中|幻想|dream", re.I)), ("montage", re.compile("蒙太奇|montage", re.I)))  # fmt: skip
_TIMECODE = re.compile(r"^\[\d{1,2}:\d{2}(?::\d{2})?\]\s*")
_WORD_NUMBER = re.compile(
    rf"^(?:第\s*(?P<a>{NUMERAL})\s*[场場](?!景)|(?:场景|場景|场次|場次|场|場)\s*[（(]?\s*(?P<b>{NUMERAL}(?:{_DASH}{NUMERAL})?[A-Za-z]?)(?P<x>\s*[）)])?(?![0-9])|(?:场次|場次|场号|場號)\s*[:：]\s*(?P<e>{NUMERAL}(?:{_DASH}{NUMERAL})?[A-Za-z]?)(?=[\s　，,；;]|$)|(?P<c>场景|場景|场次|場次|场号)(?=\s*[:：]))"
)
_COUNTED = re.compile(rf"^(?P<n>{NUMERAL})\s*[场場](?=[\s　:：、.．])")  # 1场 日 内 办公室
_PAIR = re.compile(rf"^(?P<n>[0-9０-９]+\s*{_DASH}\s*[0-9０-９]+[A-Za-z]?)(?![0-9:：年月日个人%])\s*[、.．:：]?")
_PLAIN = re.compile(
    r"^(?P<n>[0-9０-９]+[A-Za-z]?|[一二三四五六七八九十百]+(?=[、.．]))(?:\s*[、.．:：]\s*|[\s　]+|(?=[内外日夜晨][\s　,，])|(?=[（(]))(?![0-9])"
)
_SLUG = re.compile(
    r"^(?P<i>内/外景?|外/内景?|内、外景?|内景|外景|內景|外景|INT\.?\s*/\s*EXT\.?|EXT\.?\s*/\s*INT\.?|I\s*/\s*E\.?|INT|EXT|EST)(?P<s>[.。．:：\s　]+)(?=\S)",
    re.I,
)
_ALL_BRACKETS = re.compile(r"(?:【[^【】]{1,40}】\s*){2,}")
_AFTER_WORD = ("", *" 　\t:：、.．，,（(-—/·")
_CAST_LABEL = "出场人物|出場人物|登场人物|场景人物|本场人物|人物|角色|演员|人"
_LABELED = re.compile(
    rf"(?:^|[\s　，,；;。（(])(?P<k>场景|場景|地点|地點|时间|時間|内外景?|{_CAST_LABEL})\s*[:：]\s*(?P<v>[^；;]*?)(?=(?:[\s　，,；;。]+(?:场景|地点|时间|内外|{_CAST_LABEL})\s*[:：])|[；;。]|$)"
)
_CAST_TAIL = re.compile(rf"[\s　，,；;（(]+(?:{_CAST_LABEL})\s*[:：]\s*(?P<v>.+?)[）)]?$")
CAST_ROW = re.compile(
    rf"^[（(【]?(?:(?:{_CAST_LABEL})(?:】\s*[:：]?|\s*[:：])|人[\s　]+(?=[^\s　。，：:]{{1,6}}[\s　、，/][^。：:]*$))\s*(?P<v>.+?)】?$"
)
_SENTENCE = re.compile("[。！？!?…；;]|[，,].{12,}")
_EXTRA_COUNT = re.compile("若干|数人|等人?$|多人|群演|^无$|^[-—]+$|几名|数名|[两二三四五几]人$")

PART = re.compile(
    rf"^(?:#+\s*)?[【《「]?(?:第\s*{NUMERAL}\s*[集幕折出章回](?!\s*[完终終])|EP\s*\.?\s*\d+|Episode\s+\d+|ACT\s+[IVX\d]+|楔子|序幕|序章|尾声|尾聲)(?![一-鿿，,。])[】》」]?.{{0,40}}$",
    re.I,
)


_FIRST = frozenset("#*_ \t　【[第场場内外內室IiEe0123456789０１２３４５６７８９〇零一二三四五六七八九十百千两")
"""What a heading can begin with: most lines are told apart by their first character."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a heading says. `sure` is False where only the next line can tell that it is one."""

    number: str = ""
    interior: str = ""
    place: str = ""
    time: str = ""
    cast: tuple[str, ...] = ()
    flag: str = ""
    sure: bool = True


def parse_heading(text: str) -> Heading | None:
    """Parse a trimmed line as a scene heading, None where it cannot be one.

    A number needs an int/ext or time word beside it; a heading word (第…场, 场景, 内景, INT.) is enough by itself.
    """
    if not text or text[0] not in _FIRST or len(text) > 160:
        return None
    text = _TIMECODE.sub("", text.lstrip("#").strip(" \t　*_")).replace("**", "")
    if _ALL_BRACKETS.fullmatch(text):  # 【1-1】【日】【内】【公司大厅】
        text = re.sub("[【】]+", " ", text).strip()
    if text.startswith(("【", "[")) and (end := text.find("】" if text[0] == "【" else "]")) > 0:
        text = (text[1:end] + " " + text[end + 1 :]).strip()
    fields: dict[str, str] = {}
    cast: tuple[str, ...] = ()
    if (start := _read_start(text, fields)) is None:
        return None
    rest, sure = start
    is_slug = "interior" in fields  # INT. and 内景 may be followed by long places with commas
    if (tail := _CAST_TAIL.search(" " + rest)) is not None:
        cast = split_names(tail["v"])
        rest = (" " + rest)[: tail.start()]
    labels = {m["k"]: m["v"].strip(" ，,") for m in _LABELED.finditer(rest)}
    if labels:
        rest = (
            " ".join(
                labels[key]
                for key in ("内外", "内外景", "时间", "時間", "场景", "場景", "地点", "地點")
                if labels.get(key)
            )
            + " "
            + _LABELED.sub(" ", rest)
        )
    _sort_parts(rest, fields)
    told = bool(fields.get("interior") or fields.get("time"))
    if not is_slug and (len(fields["place"]) > 40 or _SENTENCE.search(fields["place"] if sure or told else rest)):
        return None
    is_whole = fields.get("interior") and fields.get("time")  # 1、街口，日，外。
    if told and not sure and not is_whole and rest.rstrip().endswith(("。", "！", "？")):
        return None
    flag = next((name for name, pattern in _FLAGS if pattern.search(text)), "")
    return Heading(
        number=fields.get("number", ""),
        interior=fields.get("interior", ""),
        place=fields.get("place", ""),
        time=fields.get("time", ""),
        cast=cast,
        flag=flag,
        sure=sure or told,
    )


def _read_start(text: str, fields: dict[str, str]) -> tuple[str, bool] | None:
    """Read the number or heading word at the start into `fields`: the rest, and whether this alone makes a heading."""
    if (word := _WORD_NUMBER.match(text)) is not None:
        fields["number"] = (word["a"] or word["b"] or word["e"] or "").strip()
        rest = text if word["c"] else text[word.end() :]
        is_whole = word["c"] or word["x"] or rest[:1] in _AFTER_WORD or (word["b"] and _PAIR.match(word["b"]))
        return (rest, True) if is_whole else None
    if (slug := _SLUG.match(text)) is not None:
        is_english_word = slug["i"].islower() and "." not in slug["s"] and "。" not in slug["s"]
        if is_english_word and slug["i"].isascii():
            return None
        fields["interior"] = _interior(slug["i"])
        rest = re.sub(r"--+", " - ", text[slug.end() :])
        if rest in _INTERIOR:  # a row 内/外：内
            return None
        if re.search(r"\s[-–—]\s", rest):  # KITCHEN - NIGHT: the last dash is before the time
            place, _, time = re.split(r"(\s[-–—]\s)(?!.*\s[-–—]\s)", rest)
            fields["place"], fields["time"] = place.strip(), time.strip()
            rest = ""
        return rest, True
    for pattern in (_COUNTED, _PAIR, _PLAIN):
        if (number := pattern.match(text)) is not None:
            fields["number"] = re.sub(r"\s", "", number["n"])
            return re.sub(r"^\s*(?:场景|場景)\s*[:：]", " ", text[number.end() :]), False
    return None


def split_names(text: str) -> tuple[str, ...]:
    """Names of a `人物：` row; counts of extras such as 群演若干 are dropped."""
    names = (
        name.strip(" 。.（）()") for name in re.split(r"[、，,/／;；\s　&]+", re.sub(r"[（(][^（()）]*[）)]", "", text))
    )
    return tuple(dict.fromkeys(name for name in names if name and len(name) <= 20 and not _EXTRA_COUNT.search(name)))


def _interior(text: str) -> str:
    key = re.sub(r"[\s/、.。景]", "", text.lower())
    return {"intext": "内外", "extint": "内外", "ie": "内外"}.get(key) or _INTERIOR.get(key, "")


def _sort_parts(rest: str, fields: dict[str, str]) -> None:
    """Sort the rest of a heading into int/ext, time and place, into `fields`."""
    rest = re.sub(r"[（(\[［](闪回|閃回|回忆|回憶|梦境|蒙太奇|续|續|接[上前]?[场集])[）)\]］]", " ", rest)
    rest = re.sub(r"(?<=[日夜晨晚内外])[（(](.{1,6})[）)]$", r" ", rest)
    rest = re.sub(r"[（(）)]", " ", rest).strip(" 　:：、.。．,，-—")
    place: list[str] = []
    for piece in re.split(r"[\s　，,；;]+|(?<=\s)-+(?=\s)|\s*[—–]+\s*|:|：", rest):
        token = piece.strip(" 。.-/")
        if (slug := _SLUG.match(token)) is not None:  # 1.INT.CAFE-DAY 咖啡馆 日 内
            fields.setdefault("interior", _interior(slug["i"]))
            token = token[slug.end() :]
        if not token:
            continue
        kinds = _classify(token)
        if kinds is None:
            kinds, left = _peel(token)
            place += [left] if left else []
        for kind, value in kinds:
            if fields.get(kind) and fields[kind] != value:
                fields[kind] = fields[kind] + value if kind == "time" else "内外"
            else:
                fields[kind] = value
    fields["place"] = fields.get("place") or " ".join(place)


def _peel(token: str) -> tuple[list[tuple[str, str]], str]:
    """The int/ext and time words of `卫生间/夜/内`, and the place that is left; `李家/卧室` is left whole."""
    pieces = re.split(r"([/·、-])", token)
    kinds: list[tuple[str, str]] = []
    kept: list[str] = []
    for k in range(0, len(pieces), 2):
        found = _classify(pieces[k]) if len(pieces) > 1 else None
        if found is None:
            kept += pieces[k - 1 : k + 1] if kept else pieces[k : k + 1]
        else:
            kinds += found
    return kinds, "".join(kept).strip("/·、- ")


def _classify(token: str) -> list[tuple[str, str]] | None:
    """The int/ext and time words that make up a token, None where anything else is in it."""
    key = token.lower()
    if key in _INTERIOR:
        return [("interior", _INTERIOR[key])]
    if _TIME.fullmatch(token):
        return [("time", token)]
    found: list[tuple[str, str]] = []
    for piece in re.split(r"[/、·]", token):
        if _INTERIOR.get(piece.lower()):
            found.append(("interior", _INTERIOR[piece.lower()]))
        elif _TIME.fullmatch(piece):
            found.append(("time", piece))
        elif len(piece) > 1 and piece[-1] in "内外" and _TIME.fullmatch(piece[:-1]):
            found += [("time", piece[:-1]), ("interior", piece[-1])]
        elif len(piece) > 1 and piece[0] in "内外" and _TIME.fullmatch(piece[1:]):
            found += [("interior", piece[0]), ("time", piece[1:])]
        elif re.fullmatch(r"\d{2,4}年?", piece) and len(token) > len(piece):
            found.append(("time", piece))
        else:
            return None
    if [kind for kind, _ in found].count("time") > 1:
        found = [pair for pair in found if pair[0] != "time"] + [("time", token)]
    if len({kind for kind, _ in found}) == 1 and found[0][0] == "interior" and len(found) > 1:
        found = [("interior", "内外")]
    return found or None
