"""The colon question: when `X：Y` is somebody speaking, and what the cue says beside the name.

X is a cue where it is a known name, joins known names, starts with a known name and goes on with what that person does, or
(with low confidence) merely looks like a name. Label words, times, ratios, addresses and colons inside quotes are none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from juqing.reading.cast import clean_name, is_minor
from juqing.reading.limits import MAX_NAME_CHARACTERS
from juqing.script import Delivery
from juqing.text.names import HAN, NameFinder

SURE = 0.9
"""Cues of at least this confidence are taken without a warning."""
NARRATOR = "旁白"
NARRATORS = frozenset((NARRATOR, "解说", "解說", "画外音", "畫外音", "话外音"))

_DELIVERIES: tuple[tuple[Delivery, str], ...] = (
    ("os", r"O\.?\s?S\.?|内心独白|內心獨白|内心\s?OS|内心|心声|心聲|心里话|独白|獨白|心想"),
    ("vo", r"V\.?\s?O\.?|旁白"),
    ("phone", r"电话里|电话中|电话|電話裡|電話|对讲机里?|手机里|话筒里|on (?:the )?phone|into phone|filtered"),
    ("off", r"画外音?|畫外音?|门外|O\.?\s?C\.?|off"),
    ("sung", r"唱|演唱|singing|sings"),
)
_TAGS = {name: re.compile(rf"(?:{pattern})", re.I) for name, pattern in _DELIVERIES}
_TAG_END = re.compile(
    r"^(?P<mood>.*?)\s*(?P<tag>内心(?:\s?OS|独白)?|O\.?\s?S\.?|V\.?\s?O\.?|O\.?\s?C\.?|画外音|畫外音|独白|心声|电话音|[（(]?续[）)]?)$",
    re.I,
)
_MAX_TAG = 60  # longer than any tag with its mood
_MAX_NESTED = 4
_CONTINUED = re.compile(r"续|續|CONT['’]?D\.?|CONTINUED|CONTINUING|MORE", re.I)
_PARENTHESES = re.compile(r"[（(〔]([^（）()〔〕]*)[）)〕]|〔([^〔〕（）()]*)$")  # a stage play's 〔 may stay open
_FIRST_REMARK = re.compile("【([^【】]{1,30})】\\s*(?=.)")
_CUE_BRACKETS = re.compile(r"[（(【\[［〔]([^（）()【】\[\]［］〔〕]*)[）)】\]］〕]")
_UNCLOSED = re.compile(r"^([^（(：:]{1,12})[（(]([^（）()：:]{1,12})[：:](.+)$")
_VOICE_IN_BRACKETS = re.compile(
    r"^[（(【](?P<cue>[^（()）【】：:，,。]{1,20}?\s?(?:OS|VO|O\.S\.|V\.O\.|画外音|内心独白))\s*[，,：:](?P<text>.+)[）)】]$",
    re.I,
)
_GAP = re.compile(r"^([^\s：:。，！？（(]{1,12}(?:[（(][^（）()]{1,12}[）)])?)(?:[\t　]\s*| {2,})(\S.*)$")
_SPREAD = re.compile(rf"^([{HAN}])[ 　]+([{HAN}])[ 　]+(\S.*)$")  # a name of two characters, as wide as one of three
_TO_SOMEBODY = re.compile(f"(?P<name>[{HAN}]{{2,5}}[A-Z0-9]?)[对對向](?P<to>.+)")  # 护士长对小邓：
_LETTERED = re.compile(f"(?P<stem>[{HAN}]+?)(?P<letters>甲乙丙?丁?戊?|乙丙丁?|丙丁)")  # 路人甲乙
_TOGETHER = re.compile(r"^(?P<name>.+?)(?P<mood>齐声|齊聲|同时|同時|异口同声|一起)$")
VOICE = re.compile(r"^(?P<name>.+?)(?:的)?(?:声音|聲音|画外音|畫外音|话外音|旁白)$")
_LATIN = "A-Za-zÀ-ɏЀ-ӿ"
_NAME_LIKE = re.compile(
    rf"(?:[{HAN}ぁ-ヿ]{{1,6}}|[{HAN}]{{1,7}}(?:·[{HAN}]{{1,7}}){{1,3}}|\d{{1,3}}[{HAN}]{{1,5}}|[{HAN}]{{1,5}}[0-9A-Za-z]{{1,2}}"
    rf"|[{_LATIN}][{_LATIN}'’.]*\d{{0,3}}(?: [{_LATIN}0-9][{_LATIN}'’.\d]*){{0,2}})"
)
_RELATION = re.compile(
    r"(?:父亲|母亲|爸爸?|妈妈?|父母|妻子|丈夫|老婆|老公|太太|先生|夫人|儿子|女儿|哥哥?|姐姐?|弟弟?|妹妹?|爷爷|奶奶|外公|外婆|舅舅|叔叔|阿姨|姑姑|婶婶"
    r"|助理|秘书|手下|粉丝|司机|保镖|同学|朋友|男友|女友|律师|经纪人|老师|徒弟|师父|邻居|同事|上司|下属|家人|随从|丫鬟|管家|部下|战友|前妻|前夫)[甲乙丙丁\d]*$"
)
_NO_NAME = re.compile(
    r"^[他她它我你您这那此其该]|[的了着是道说問问喊叫答想]$|(?:画面|镜头|特写|内容|字样|标题|场景|如下|写道|显示|短信|微信|时候|结果|原来|所以|但是|因为|可是|于是|只见|(?:铃|门|步|枪|雷|钟|掌|笛|炮|乐|雨|风|水)声|铃响)$"
)
_BRACKETS = frozenset("（(【")
_MAX_BEFORE_NAME = 6
_BEFORE_NAME = re.compile(r"[对向给跟和与把被让叫看听找为替在到从比问]$|[他她它我你这那]|上$|里$|给")
_LABELS = frozenset(
    """时间 時間 地点 地點 人物 出场人物 登场人物 角色 场景 場景 场次 场号 字幕 叠字幕 出字幕 旁白 解说 解說 画外音 畫外音 音效 音乐 音樂 配乐 备注 備註
    注 道具 服装 服化道 天气 气氛 灯光 大纲 梗概 故事梗概 片名 剧名 编剧 作者 导演 监制 出品 类型 题材 主题 集数 时长 年代 简介 空镜 特写 近景 中景
    远景 全景 镜头 画面 新闻画面 闪回 回忆 切至 切 转场 淡入 淡出 叠化 黑场 定格 BGM SFX OS VO O.S. V.O. 歌词 歌曲 主题曲 片头 片尾 旁注 说明 提示 布景 幕启 幕落 内外 内外景
    景 场面 人 集 第一集 性格 外貌 年龄 身份 职业 背景 关系 一句话故事 插曲 电视画面 电视 新闻 短信 微信 信 画 备忘 http https""".split()
)

_DIGITS = "0123456789０１２３４５６７８９一二三四五六七八九十"
_COUNTED_LABEL = re.compile(rf"(?:镜头|鏡頭|画面|畫面|镜|分镜)\s*[{_DIGITS}]{{1,3}}")


@dataclass(frozen=True, slots=True)
class SpokenCue:
    """`林远（低声）：爸？` taken apart. `confidence` is 1 for known names, lower where X only looks like a name."""

    speakers: tuple[str, ...]
    parentheticals: tuple[str, ...]
    delivery: Delivery
    text: str
    confidence: float = 1.0


class Names:
    """The names known so far, for exact, joint and prefix questions."""

    def __init__(self, names: Iterable[str] = ()):
        self.known = frozenset(names)
        self.finder = NameFinder(self.known)


def is_label(word: str) -> bool:
    """Whether a word before a colon labels something rather than speaks."""
    return (
        word in _LABELS
        or word.upper() in _LABELS
        or (word[-1:] in _DIGITS and _COUNTED_LABEL.fullmatch(word) is not None)
    )


def looks_like_name(word: str) -> bool:
    """Whether a word before a colon has the form of a name: 1 to 6 Han characters or up to 3 Latin words, no label."""
    return _NAME_LIKE.fullmatch(word) is not None and not is_label(word) and _NO_NAME.search(word) is None


_PLAIN_COLON = re.compile(r"""([^《“「『（(【〈\[［"：:。！？!?]{1,59})[:：]""")


def split_colon(text: str) -> tuple[str, str] | None:
    """`(X, Y)` around the first colon that can end a cue, None where there is none in the first 60 characters."""
    plain = _PLAIN_COLON.match(text)
    if plain is not None and not (text[plain.end() - 2].isdigit() or text.startswith("//", plain.end())):
        return plain[1], text[plain.end() :].strip()
    if text.find("：", 0, 60) < 0 and text.find(":", 0, 60) < 0:
        return None
    closing: list[str] = []
    for i, c in enumerate(text[:60]):
        if closing and c == closing[-1]:
            closing.pop()
        elif (pair := _PAIRS.get(c)) is not None:
            closing.append(pair)
        elif c in ":：" and not closing:
            after = text[i + 1 : i + 2]
            if (i and text[i - 1].isdigit() and after.isdigit()) or text.startswith("//", i + 1):
                return None
            return text[:i], text[i + 1 :].strip()
        elif c in "。！？!?":
            return None
    return None


_PAIRS = {
    "《": "》",
    "“": "”",
    "「": "」",
    "『": "』",
    "（": "）",
    "(": ")",
    "【": "】",
    "〈": "〉",
    "[": "]",
    "［": "］",
    '"': '"',
}


def split_gap(text: str) -> tuple[str, str] | None:
    """`(X, Y)` around a tab, a wide space or two spaces after a short first word: `小王    你好吗？`, `李　嫂　我的水！`."""
    if text[1:2] in " 　" and (spread := _SPREAD.match(text)) is not None:
        return spread[1] + spread[2], spread[3]
    gap = _GAP.match(text)
    return (gap[1], gap[2]) if gap is not None else None


def read_parentheticals(texts: Iterable[str]) -> tuple[tuple[str, ...], Delivery]:
    """Moods and the delivery told by bracketed texts: `哽咽VO` is the mood 哽咽 and the delivery `vo`."""
    moods, deliveries = [], []
    for text in texts:
        kept = []
        for raw in re.split(r"[，,、/；;]", text):
            piece = raw.strip()
            if not piece or _CONTINUED.fullmatch(piece):
                continue
            if len(piece) > _MAX_TAG:
                kept.append(piece)
                continue
            tag = next((name for name, pattern in _TAGS.items() if pattern.fullmatch(piece)), None)
            if tag is None and (end := _TAG_END.match(piece)) is not None:
                tag = next((name for name, pattern in _TAGS.items() if pattern.fullmatch(end["tag"])), None)
                kept.append(end["mood"])
            elif tag is None:
                kept.append(piece)
            if tag is not None:
                deliveries.append(tag)
        if any(kept):
            moods.append("，".join(piece for piece in kept if piece))
    for delivery in ("phone", "os", "vo", "off", "sung"):
        if delivery in deliveries:
            return tuple(moods), delivery
    return tuple(moods), "on"


@lru_cache(4096)  # a script has few names and many cues
def read_name(printed: str) -> tuple[str, tuple[str, ...], Delivery]:
    """A printed cue without its colon as `(name, parentheticals, delivery)`: `桃子（哽咽VO）` is `("桃子", ("哽咽",), "vo")`."""
    if len(printed) > MAX_NAME_CHARACTERS:
        return printed.strip(), (), "on"
    bracketed: list[str] = []
    base = printed
    while remarks := _CUE_BRACKETS.findall(base):  # a name is short, so brackets in brackets are few
        bracketed += remarks
        base = _CUE_BRACKETS.sub(" ", base).strip()
    if not base and bracketed:  # 【林远】：
        base = bracketed.pop(0).strip()
    if (together := _TOGETHER.match(base)) is not None:
        base = together["name"]
        bracketed.insert(0, together["mood"])
    if (end := _TAG_END.match(base)) is not None and end["mood"].strip():
        base = end["mood"].strip()
        bracketed.append(end["tag"])
    moods, delivery = read_parentheticals(bracketed)
    return clean_name(base), moods, delivery


def has_name(printed: str) -> bool:
    """Whether a printed cue names anybody: brackets and marks alone do not."""
    return re.search(r"[^\W_]", read_name(printed)[0]) is not None


_JOINTS = tuple(
    (re.compile(pattern), is_sure)  # sure: names that are not known count too
    for pattern, is_sure in (
        (r"\s*[/／&＆]\s*", True),
        (r"\s*、\s*", True),
        (r"\s*(?:和|与|與| AND | and )\s*", False),
        (r"\s*[，,+＋]\s*", False),
    )
)


def split_joint(name: str, names: Names, *, split_known: bool = False) -> tuple[str, ...]:
    """The speakers of a joint cue: `甲/乙` always, `甲、乙` and `甲和乙` where every part is known or looks like a name.

    A name that is known is one person, unless `split_known`.
    """
    if (name in names.known and not split_known) or len(name) > MAX_NAME_CHARACTERS:
        return (name,)
    if (lettered := _LETTERED.fullmatch(name)) is not None:
        return tuple(lettered["stem"] + letter for letter in lettered["letters"])
    for separator, is_sure in _JOINTS:
        if len(pieces := separator.split(name)) == 1:
            continue
        parts = [read_name(piece)[0] for piece in pieces]
        if all(part in names.known or (is_sure and looks_like_name(part)) for part in parts):
            return tuple(dict.fromkeys(parts))
    return (name,)


def read_speech(text: str) -> tuple[str, tuple[str, ...], Delivery]:
    """Spoken text without its bracketed remarks, the remarks, and the delivery that they tell."""
    bracketed: list[str] = []

    def take(remark: re.Match[str]) -> str:
        if len(remark[0]) > _MAX_TAG + 2:
            return remark[0]
        bracketed.append(remark[1] or remark[2] or "")
        return ""

    for _ in range(_MAX_NESTED):  # brackets in brackets: the inner ones first
        n_before = len(bracketed)
        text = _PARENTHESES.sub(take, text)
        if len(bracketed) == n_before:
            break
    text = text.strip()
    while text[:1] == "【" and (first := _FIRST_REMARK.match(text)) is not None:
        bracketed.append(first[1])
        text = text[first.end() :]
    text = re.sub(r"[ \t]{2,}", " ", text).strip() if bracketed else text.strip()
    if not bracketed:
        return text, (), "on"
    moods, delivery = read_parentheticals(bracketed)
    return text, moods, delivery


def names_of_cues(cues: Iterable[str]) -> Names:
    """The names in the cues of a format that keeps them apart, joint ones split."""
    names = (read_name(cue)[0] for cue in cues if len(cue) <= MAX_NAME_CHARACTERS)
    nobody = Names()
    parts = Names(part for name in names if name for part in split_joint(name, nobody))
    joint = (name for name in parts.known if len(split_joint(name, parts, split_known=True)) > 1)  # ANN AND BOB
    return Names(parts.known.difference(joint))


def parse_cue(text: str, names: Names) -> SpokenCue | None:
    """Read a line as a cue, None where it is none. Joint names, tags, moods and actions in the cue are taken apart."""
    if (
        text[:1] in _BRACKETS
        and (voice := _VOICE_IN_BRACKETS.match(text)) is not None
        and read_name(voice["cue"])[0] in names.known
    ):
        halves = voice["cue"], voice["text"]
    else:
        halves = split_colon(text)
    if halves is None:
        if (slip := re.match(r"^([^；;。！？]{1,8})[；;](.+)$", text)) is not None and clean_name(
            slip[1]
        ) in names.known:
            halves = slip[1], slip[2]
        elif (gap := split_gap(text)) is not None and all(
            part in names.known for part in split_joint(read_name(gap[0])[0], names)
        ):
            halves = gap
        elif (open_bracket := _UNCLOSED.match(text)) is not None and clean_name(open_bracket[1]) in names.known:
            halves = f"{open_bracket[1]}（{open_bracket[2]}）", open_bracket[3]
        else:
            return None
    return read_cue(*halves, names)


def read_cue(printed: str, spoken: str, names: Names) -> SpokenCue | None:
    """Read what stands before and behind a cue's colon; None where it is no cue."""
    name, moods, delivery = read_name(printed)
    confidence = 1.0
    speakers: tuple[str, ...] = ()
    if name in names.known:
        speakers = (name,)
    elif not name or is_label(name):
        return None
    elif len(joint := split_joint(name, names)) > 1:
        speakers = joint
    elif (voice := VOICE.match(name)) is not None and voice["name"] in names.known:
        speakers, delivery = (voice["name"],), "off" if delivery == "on" else delivery
    elif (known := names.finder.prefix(name)) and (rest := name[len(known) :].strip()) in names.known:
        speakers = (known, rest)  # 林父 林远：
    elif known and _is_action(rest := name[len(known) :].strip()):
        speakers = (known,)
        moods = (rest.strip("，, "), *moods)
    elif spoken and (inside := _speaker_inside(name, names)) is not None:  # 老师林远放下笔：
        speakers, confidence = (inside,), 0.9
        moods = (name, *moods)
    elif (
        spoken
        and (to := _TO_SOMEBODY.match(name)) is not None
        and looks_like_name(to["name"])
        and (to["to"] in names.known or is_minor(to["to"]))
    ):
        speakers, confidence = (to["name"],), 0.6
        moods = (name[to.end("name") :], *moods)
    elif looks_like_name(name) and spoken:
        speakers, confidence = (name,), 0.6
    else:
        return None
    said, more, spoken_delivery = read_speech(spoken)
    return SpokenCue(speakers, moods + more, delivery if delivery != "on" else spoken_delivery, said, confidence)


def _speaker_inside(name: str, names: Names) -> str | None:
    """The known name that a cue with an action is about, behind a word or two: `台下的林远对陈念`, `老师林远放下笔`."""
    if _NO_NAME.search(name) or re.search("[，。！？!?]", name[:_MAX_BEFORE_NAME]):
        return None
    mention = next(iter(names.finder.spans(name[: _MAX_BEFORE_NAME + 20])), None)
    if mention is None or not 0 < mention[0] <= _MAX_BEFORE_NAME:
        return None
    return mention[2] if _is_action(name[mention[1] :]) and _BEFORE_NAME.search(name[: mention[0]]) is None else None


def _is_action(rest: str) -> bool:
    """Whether what follows a name in a cue can be what that person does: 放下杯子, 笑; 山 is the end of another name."""
    if not rest or rest.startswith(("的", "们", "家")) or re.search("[。！？!?：:]", rest) or _RELATION.match(rest):
        return False
    return len(rest) > 1 or rest in "笑哭喊道问答说叫怒急愣叹骂吼唱想念"
