"""Chinese film, television and short-drama scripts in plain text: four house styles, often two of them in one file.

Pass one collects names (cast list, 人物 rows, cues that come back); pass two says of every line what it is. Both are linear
in the length of the text. Every line ends up in exactly one scene heading, line or note.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from juqing.reading.builder import ScriptBuilder
from juqing.reading.cast import clean_name, is_minor
from juqing.reading.cues import (
    NARRATOR,
    NARRATORS,
    SURE,
    VOICE,
    Names,
    SpokenCue,
    is_label,
    looks_like_name,
    parse_cue,
    read_cue,
    read_name,
    read_parentheticals,
    read_speech,
    split_colon,
    split_gap,
    split_joint,
)
from juqing.reading.headings import CAST_ROW, PART, Heading, parse_heading, split_names
from juqing.script import LineKind, Span
from juqing.text.names import HAN, NameFinder

ACTION_MARKS = "△▲▽⊿Δ∆▷◇○●※〔"

_INVISIBLE = re.compile("[\u200b-\u200f\u00ad\ufeff\u2060\x00-\x08\x0e-\x1f]")
_CAST_BLOCK = re.compile(
    r"^(?:主要)?(?:人物|角色)(?:小传|表|介绍|介紹|简介|列表|设定|關係|关系)?$|^(?:剧中|劇中|主要|登场|登場)人物(?:表)?$|^人物小傳$"
)
_OTHER_BLOCK = re.compile(
    r"^(?:故事)?(?:梗概|大纲|大綱|简介|概要)$|^一句话故事$|^(?:创作)?(?:阐述|说明|备注|備註)$|^作者(?:简介|的话)?$|^前言$|^目录$"
)
_BODY = re.compile(r"^(?:剧本)?正文$")
_ATTRIBUTES = frozenset(
    """姓名 名字 角色 角色名 人物 人物名 口头禅 爱好 兴趣 职业 特长 动机 目标 性格 外貌 外形 年龄 性别 身份 背景 关系 人物关系 星座 血型 身高 体重 学历 籍贯 家庭 经历 缺点 优点 弱点 秘密 特点 标签
    简介 别名 绰号 外号 说明 备注 心愿 愿望 恐惧 创伤 前史 小传 人设 关键词 结局""".split()
)
_NUMBERING = re.compile(r"^(?:\d{1,3}|[一二三四五六七八九十]{1,3})\s*[.、．)）]\s*")
_CAST_LINE = re.compile(
    r"^(?P<name>[^：:—\-\s　（(，,。]{1,12})\s*(?:[（(](?P<alias>[^）)]*)[）)])?\s*(?:[:：]|—+|--+|－+|[\s　]{2,}|　|[\s　](?=男|女|\d|[一二三四五六七八九十]+岁)|[，,](?=\s*(?:男|女|\d|[一二三四五六七八九十]+岁)))\s*(?P<note>.+)$"
)
_CREDIT = re.compile(r"^(?P<k>编剧|編劇|作者|导演|原著|改编|策划)\s*[:：]\s*(?P<v>.+)$")
_TITLE = re.compile(
    r"^(?:[^《》〈〉。，：:]{0,10}(?:剧本?|劇本?|电影|電影|影片|小品|故事片|脚本|相声)\s*)?[《〈](?P<t>[^《》]{1,60})[》〉](?P<rest>[^。]{0,20})$"
)
_TITLE_LABEL = re.compile(r"^(?:片名|剧名|劇名|标题)\s*[:：]\s*《?(?P<t>[^》]+)》?$")
_FLASHBACK = re.compile(
    r"^[—–\-【\[（(△▲\s]*(?:画面|插入|进入)*(?P<w>闪回|閃回|回忆|回憶|梦境|夢境|蒙太奇)(?:画面|片段|镜头)?\s*\d{0,2}\s*(?:开始|開始|起)?"
    r"(?:[】\]）)：:。—–\-\s]*$|(?<=[闪閃]回)\s*[：:，,\s].{0,60}$)"
)
_FLASHBACK_END = re.compile(
    r"^[—–\-【\[（(△▲\s]*(?:画面)?(?:(?:闪回|閃回|回忆|回憶|梦境|夢境|蒙太奇)(?:画面|片段)?\s*\d{0,2}\s*(?:结束|結束|完|止)|切?回(?:到)?(?:现实|現實)|闪回现实|现实|現實)"
    r"(?:[】\]）)。—–\-\s]*|[，,].{0,20})$"
)
FLAG_CHARACTER = re.compile("[闪閃忆憶梦夢蒙现現]")
"""What is in every line that opens or closes a flag; quick, for the many lines that do neither."""
_RULE = re.compile(r"^(?:-{3,}|\*{3,}|_{3,}|(?:- ){2,}-)$")
_TABLE_RULE = re.compile(r"[|:\s-]+")
_MARKDOWN_START = re.compile(r"^(?:>\s*)+|^[-*+]\s+(?=\S)")
_EMPHASIS = re.compile(r"(\*{1,3}|_{1,3})(?=\S)([^*_]+?)\1")
_ACT = re.compile(r"[幕折出]|序幕|尾声|尾聲|楔子|序章|ACT", re.I)
_BARE_CUE = re.compile(
    rf"^(?![0-9０-９一二三四五六七八九十几数两半]+个?(?:天|年|月|日|夜|周|小时|分钟|星期)之?[后前]$)[{HAN}][{HAN}·A-Z0-9]{{1,7}}\s?(?:[（(][^（）()]{{1,20}}[）)])?$"
)
_PLACE = re.compile(f"[{HAN}A-Za-z0-9/·]{{2,12}}")
_REMARK = re.compile("[（(].*[）)]")
_MIN_BARE_NAMES = 2
_MIN_BARE_CUES = 3
_MAX_BARE_NAME = 5  # a cast row of nothing but a name
_MAX_DECLARED_NAME = 20
_FLAGS = {"闪": "flashback", "閃": "flashback", "回": "flashback", "梦": "dream", "夢": "dream", "蒙": "montage"}
_CAPTION = re.compile(r"^[△▲\s]*[【\[（(]?\s*(?:叠|出|打出?|疊)?字幕\s*(?:[:：]|】\s*[:：]?)(?P<t>.*?)[】\]）)]?$")
_NARRATION = re.compile(
    r"^[【\[]?\s*(?:(?:旁白|解说|解說|画外音|畫外音|话外音)\s*(?:OS|VO|V\.O\.)?|OS|VO|O\.S\.|V\.O\.)\s*(?:[（(](?P<m>[^）)]*)[）)])?\s*[:：](?P<t>.*?)[】\]]?$",
    re.I,
)
_OTHER = re.compile(
    r"^[【\[（(]?\s*(?:[♪♫]|(?:BGM|SFX|音效|音乐|音樂|配乐|歌曲|插曲|主题曲|主題曲)\s*(?:[:：】\]）)]|起|$))", re.I
)
_TRANSITION = re.compile(
    r"^[【\[（(]?\s*(?:空镜|空鏡|特写|特寫|镜头|鏡頭|切至|切到|切入|切回|叠化至?|疊化|化出|化入|淡入|淡出|黑场|黑場|黑屏|渐黑|渐隐|渐显|转场|定格|快切|跳切|CUT\s*TO|FADE\s*(?:IN|OUT|TO))(?:[:：】\]）)，。.]|$|(?=.{0,30}[】\]）)]$)|(?<=镜头)(?=切|转|摇|推|拉))",
    re.I,
)
_END = re.compile(
    r"^[（(【—\-]*\s*(?:(?:全剧|全劇|本集|本剧)?(?:完|终|終|剧终|劇終)|全剧完|第.{1,4}集\s*(?:完|终|終)|幕落|幕闭|落幕|THE END|未完待续|待续)\s*[）)】。—\-]*$",
    re.I,
)
_LABEL_ROW = re.compile(
    r"^【?(?P<k>时间|時間|地点|地點|场景|場景|景|内外景?|内/外景?|道具|服装|服化道|天气|备注|備註|注|灯光|布景|气氛)(?:】\s*[:：]?|\s*[:：])(?P<v>.*)$"
)
_DASH_ACTION = re.compile(rf"^[—–-]{{1,2}}\s*(?=[{HAN}])")


def read_chinese(lines: list[str], builder: ScriptBuilder, *, markdown: bool = False) -> None:
    """Read the lines of a Chinese script into a builder. Any list of strings is read without an exception.

    With `markdown`, marks of quotes, lists, rules and emphasis are no part of the text.
    """
    _Reader(lines, builder, markdown).read()


class _Reader:
    def __init__(self, lines: list[str], builder: ScriptBuilder, markdown: bool):
        self.builder = builder
        self.printed = lines
        self.texts = [_clean(line) for line in lines]
        if markdown:
            self.texts = [_without_markdown(text) for text in self.texts]
        self.halves = list(map(split_colon, self.texts))
        self.headings: dict[int, Heading] = {}
        self.parts: set[int] = set()
        self._find_headings()
        self.first_story = min([*self.headings, *self.parts], default=None)
        self.first_text = next((i for i, text in enumerate(self.texts) if text), 0)
        self.names = Names()
        self.cast_rows: dict[int, tuple[str, tuple[str, ...], str]] = {}
        self.blocks = self._front_matter()
        self._collect_names()
        self.bare_cues = self._find_bare_cues()
        self.names = Names(self.names.known | set(self.bare_cues.values()))
        self.is_apart = 2 * sum(1 for i in self.bare_cues if i and not self.texts[i - 1]) > len(self.bare_cues)
        self.in_act = False  # under the head of an act the story begins at once, with or without a scene heading
        self.closed_flags = closed_flags(self.texts)
        self.flag, self.flag_closes = "", False  # the flashback that is open, and whether a line closes it

    # Pass one

    def _find_headings(self) -> None:
        following = ""
        for i in range(len(self.texts) - 1, -1, -1):
            text = self.texts[i]
            if not text:
                continue
            if PART.match(text) and self.halves[i] is None:
                self.parts.add(i)
            elif (heading := parse_heading(text)) is not None:
                told_by_next = CAST_ROW.match(following) or following[:1] in ACTION_MARKS or _bare_heading(following)
                if heading.sure or (told_by_next and following):
                    self.headings[i] = heading
            following = text

    def _front_matter(self) -> dict[int, str]:
        """The kind of note of every line in a front-matter block (cast list, synopsis); fills `cast_rows`."""
        blocks: dict[int, str] = {}
        kind = ""
        declared: set[str] = set()
        for i, text in enumerate(self.texts):
            if not text:
                continue
            title = text.strip("【】[]《》#*:：　 ")
            if i in self.headings or i in self.parts:
                kind = ""
            elif _BODY.match(title):
                blocks[i] = "label"
                kind = ""
            elif _CAST_BLOCK.match(title) and not self._names_follow(text):
                kind = blocks[i] = "cast"
            elif _OTHER_BLOCK.match(title):
                kind = blocks[i] = "synopsis"
            elif kind and text[0] in ACTION_MARKS:
                kind = ""
            elif kind == "synopsis" and self.first_story is None and not self.texts[i - 1]:
                kind = ""  # without a heading to come, a blank line is the only end there is
            elif kind == "cast":
                row = self._cast_row(text)
                if row is not None and row[0] in declared and self.first_story is None:
                    kind = ""  # the story has begun: a name that was declared speaks
                    continue
                blocks[i] = "cast"
                if row is not None:
                    declared.add(row[0])
                    self.cast_rows[i] = row
            elif kind:
                blocks[i] = kind
            if self.first_story is not None and i >= self.first_story and not kind:
                break
        return blocks

    def _names_follow(self, text: str) -> bool:
        row = CAST_ROW.match(text)
        return row is not None and bool(row["v"].strip())

    @staticmethod
    def _cast_row(text: str) -> tuple[str, tuple[str, ...], str] | None:
        text = _NUMBERING.sub("", text)
        row = _CAST_LINE.match(text)
        if row is None:
            bare = clean_name(text)
            return (bare, (), "") if len(bare) <= _MAX_BARE_NAME and looks_like_name(bare) else None
        name = clean_name(row["name"])
        if name in _ATTRIBUTES or not _is_declared(name):
            return None
        aliases = tuple(
            alias
            for alias in map(clean_name, re.split(r"[、，,/；;\s]|又名|人称|外号|绰号", row["alias"] or ""))
            if looks_like_name(alias) and not re.search(r"[男女岁\d饰]", alias) and alias != name
        )
        return name, aliases, row["note"].strip()

    def _collect_names(self) -> None:
        aliases: set[str] = set()
        printed: dict[str, None] = {}  # in the order of the scenes
        for name, others, note in self.cast_rows.values():
            self.builder.character(name, others, note)
            aliases.update(others)
        for heading in self.headings.values():
            printed.update(dict.fromkeys(heading.cast))
        cues: Counter[str] = Counter()
        counts: Counter[str] = Counter()
        nobody = Names()
        for i, text in enumerate(self.texts):
            if not text or i in self.blocks or i in self.headings or i in self.parts or text[0] in ACTION_MARKS:
                continue
            if (row := CAST_ROW.match(text)) is not None and (
                i - 1 in self.headings or _LABEL_ROW.match(self.texts[i - 1]) or "、" in row["v"] or "，" in row["v"]
            ):
                printed.update(dict.fromkeys(split_names(row["v"])))
                continue
            halves = self.halves[i] or split_gap(text)
            if halves is None or not halves[1] or _TITLE_LABEL.match(text) or _CREDIT.match(text):
                continue
            cues[halves[0]] += 1
        for cue, n in cues.items():
            name, moods, delivery = read_name(cue)
            for part in split_joint(name, nobody):
                if looks_like_name(part) and part != NARRATOR:
                    # A bracketed mood or an OS tag stands behind names only.
                    counts[part] += 2 * n if moods or delivery != "on" else n
        for name in map(clean_name, printed):
            if _is_declared(name):
                self.builder.character(name)
        often = {name for name, n in counts.items() if n > 1 or is_minor(name)}
        names = often | aliases | set(self.builder.cast)
        known = Names(names)
        joint = {name for name in often - set(self.builder.cast) if len(split_joint(name, known, split_known=True)) > 1}
        self.names = Names(names - joint)

    def _find_bare_cues(self) -> dict[int, str]:
        """The lines that are a name above its speech, as in scripts laid out the American way, and the name.

        It is known, stands so twice, or is named in other lines too; and a script that is laid out so has several.
        """
        texts = [text for text in self.texts if text]
        have_colons = 3 * sum(1 for text in texts if text.find("：") > 0 or text.find(":") > 0) > len(texts)
        found: dict[int, str] = {}
        for i, text in enumerate(self.texts[:-1]):
            if _BARE_CUE.match(text) and self._is_speech(i) and self._is_speech(i + 1):
                name = read_name(text)[0]
                voice = VOICE.match(name)
                if looks_like_name(name := voice["name"] if voice is not None else name):
                    found[i] = name
        if have_colons:  # here a name alone is a slip, and must be one that the author lists
            return {i: name for i, name in found.items() if name in self.builder.cast}
        counts = Counter(found.values())
        often = {name for name, n in counts.items() if n > 1 or name in self.names.known}
        if len(often) < _MIN_BARE_NAMES or sum(counts[name] for name in often) < _MIN_BARE_CUES:
            return {}
        finder = NameFinder(counts.keys() - often)
        named = {name for i, text in enumerate(self.texts) if i not in found for name in finder.find(text)}
        return {i: name for i, name in found.items() if name in often or name in named}

    def _is_speech(self, i: int) -> bool:
        """Whether a line could be what somebody says under a name, or that name: text that nothing marks as anything else."""
        text = self.texts[i]
        return (
            bool(text)
            and not (i in self.headings or i in self.parts or i in self.blocks or text[0] in "【[")
            and special_kind(text, self.names) is None
            and ((cue := parse_cue(text, self.names)) is None or cue.confidence < SURE)
            and not (_FLASHBACK.match(text) or _FLASHBACK_END.match(text))
        )

    # Pass two

    def read(self) -> None:
        i, n = 0, len(self.texts)
        n_headings = len(self.headings)
        while i < n:
            i = self._read_line(i, n)
        if not n_headings and not self.parts and any(self.texts):
            self.builder.warn(
                "no scene heading was recognized; the whole text is taken as one scene",
                "没有认出场景标题，全文当作一场",
                1,
                0.5,
            )

    def _span(self, first: int, last: int) -> Span:
        printed = self.printed[first]
        return Span(first + 1, last + 1, len(printed) - len(printed.lstrip()), len(self.printed[last].rstrip()))

    def _note(self, kind: str, i: int, last: int | None = None) -> int:
        last = i if last is None else last
        text = "" if kind == "blank" else "\n".join(self.texts[i : last + 1])
        self.builder.note(kind, text, self._span(i, last))
        return last + 1

    def _line(self, kind: LineKind, text: str, i: int, last: int | None = None, **fields: object) -> int:
        last = i if last is None else last
        printed = self.printed[i].strip()
        if last > i:
            printed = "\n".join(line.strip() for line in self.printed[i : last + 1])
        self.builder.line(kind, text.strip(), printed, self._span(i, last), flag=self.flag, **fields)  # type: ignore[arg-type]
        return last + 1

    def _read_line(self, i: int, n: int) -> int:
        text = self.texts[i]
        if not text:
            last = i
            while last + 1 < n and not self.texts[last + 1]:
                last += 1
            return self._note("blank", i, last)
        if i in self.blocks:
            return self._note(self.blocks[i], i)
        if i in self.parts:
            self._end_unclosed_flag()
            part = text.strip("#* 　")
            self.builder.part = part[1:-1] if part[0] in "【《" and part[-1] in "】》" else part
            self.builder.close_scene()
            self.in_act = _ACT.search(part[:12]) is not None
            return self._note("part", i)
        if (heading := self.headings.get(i)) is not None:
            if not self._opened_just_before(i):
                self._end_unclosed_flag()
            return self._open_scene(heading, i)
        if not self.builder.in_scene and not self.in_act and self._is_front(text, i):
            return self._note(self._front_kind(text), i)
        return self._read_story(text, i, n)

    def _open_scene(self, heading: Heading, i: int) -> int:
        self.builder.scene(
            self.texts[i].strip("#* 　"),
            self._span(i, i),
            number=heading.number,
            interior=heading.interior,
            place=heading.place,
            time=heading.time,
            printed_cast=tuple(map(clean_name, heading.cast)),
            flag=heading.flag or self.flag,
        )
        self.builder.line_flag = heading.flag  # a flashback that was open before ends with its own mark
        following = next((k for k in range(i + 1, min(i + 3, len(self.texts))) if self.texts[k]), i)
        if following > i and not (heading.interior or heading.time or heading.place):
            told = _bare_heading(self.texts[following])
            if told is not None:  # 场1-2 with 日 内 大殿 on the next line
                if following > i + 1:
                    self._note("blank", i + 1)
                last = following if told.place or not self._is_place(following + 1) else following + 1
                place = told.place or (self.texts[last] if last > following else "")
                self.builder.amend_scene(interior=told.interior, time=told.time, place=place)
                return self._note("label", following, last)
        return i + 1

    def _is_place(self, i: int) -> bool:
        """Whether a line under 日 内 is the place: a short word, and the scene begins behind it."""
        if i + 1 >= len(self.texts) or _PLACE.fullmatch(self.texts[i]) is None or not self._is_speech(i):
            return False
        following = self.texts[i + 1]
        begins = following[:1] in ACTION_MARKS or CAST_ROW.match(following) or parse_cue(following, self.names)
        return bool(following and begins) and self.texts[i] not in self.names.known

    def _is_front(self, text: str, i: int) -> bool:
        """Whether a line before the first scene is front matter: a title, a credit, loose text; not a cue or an action."""
        if _TITLE.match(text) or _TITLE_LABEL.match(text) or _CREDIT.match(text):
            return True
        if i in self.bare_cues:
            return False
        if self.first_story is None:
            return i == self.first_text and self._looks_like_title(text)
        if text[0] in ACTION_MARKS or _CAPTION.match(text) or _NARRATION.match(text) or _FLASHBACK.match(text):
            return False
        cue = parse_cue(text, self.names)
        return cue is None or cue.confidence < SURE

    def _front_kind(self, text: str) -> str:
        if (title := _TITLE.match(text) or _TITLE_LABEL.match(text)) is not None and not self.builder.title:
            self.builder.title = title["t"].strip()
            if PART.match(rest := title.groupdict().get("rest", "").strip()):
                self.builder.part = rest  # 《归途》第一集
            return "title"
        if (credit := _CREDIT.match(text)) is not None:
            if credit["k"] in ("编剧", "編劇", "作者"):
                names = re.split(r"[、，,/\s]+", credit["v"])
                self.builder.authors += [name for name in names if name and not re.search(r"\d|稿", name)]
            return "author"
        if not self.builder.title and self._looks_like_title(text) and text == self.texts[self.first_text]:
            self.builder.title = text.strip("#* 　")
            return "title"
        return "front"

    @staticmethod
    def _looks_like_title(text: str) -> bool:
        return len(text) <= 20 and re.search(r"[：:。，,！？!?；;（(△…]", text) is None

    def _read_story(self, text: str, i: int, n: int) -> int:
        if (
            (halves := self.halves[i]) is not None and halves[0] in self.names.known and self._is_plain_name(halves[0])
        ) and (cue := read_cue(*halves, self.names)) is not None:
            return self._read_cue(cue, i, n)  # most lines
        if i in self.bare_cues:
            return self._read_bare_cue(i)
        bracket = text[0] in "【[" and text[-1] in "】]"
        inner = text[1:-1].strip() if bracket else text
        if _FLASHBACK_END.match(text):
            self._line("transition", inner.lstrip(ACTION_MARKS), i)
            self.flag = ""
            return i + 1
        if (opening := _FLASHBACK.match(text)) is not None:
            self._open_flag(_FLAGS[opening["w"][0]], i)
            return self._line("transition", inner.lstrip(ACTION_MARKS).rstrip("：:"), i)
        if (special := special_kind(text, self.names)) is not None:
            return self._line(special.kind, special.text, i, parentheticals=special.parentheticals)
        if (row := CAST_ROW.match(text)) is not None and not self._speaks(text):
            self.builder.amend_scene(printed_cast=tuple(map(clean_name, split_names(row["v"]))))
            return self._note("label", i)
        if (label := _LABEL_ROW.match(text)) is not None and not self._speaks(text):
            self._fill_scene(label["k"], label["v"].strip())
            return self._note("label", i)
        if (cue := parse_cue(text, self.names)) is not None:
            return self._read_cue(cue, i, n)
        return self._line("action", _DASH_ACTION.sub("", inner), i)

    def _is_plain_name(self, name: str) -> bool:
        """Whether a known name cannot be anything else: no label, no narrator, unless the cast list has it."""
        return name in self.builder.cast or not (is_label(name) or name in NARRATORS)

    def _speaks(self, text: str) -> bool:
        """Whether a label word is a character of this script (one can be called 人物)."""
        halves = split_colon(text)
        return halves is not None and clean_name(halves[0]) in self.builder.cast

    def _read_cue(self, cue: SpokenCue, i: int, n: int) -> int:
        if cue.confidence < SURE:
            self.builder.warn(
                f"“{cue.speakers[0]}” is taken as a character who speaks only here; if it is none, mark the line with △",
                f"“{cue.speakers[0]}”只在这里说话，当作人物；如果不是，请在行首加 △",
                i + 1,
                cue.confidence,
            )
        last, said = i, cue.text
        is_song = cue.delivery == "sung"
        while (
            (is_song or not (said or cue.parentheticals)) and not cue.text and last + 1 < n and self._is_plain(last + 1)
        ):
            last += 1  # the name stands alone, the speech on the next line, the song on the next lines
            said += self.texts[last]
        return self._add_cue(cue, said, i, last)

    def _read_bare_cue(self, i: int) -> int:
        """Read a name above its speech: all up to a blank line where cues stand behind one, else remarks and a line."""
        last, said = i, []
        while last + 1 < len(self.texts) and last + 1 not in self.bare_cues and self._is_speech(last + 1):
            last += 1
            said.append(self.texts[last])
            if not self.is_apart and _REMARK.fullmatch(said[-1]) is None:
                break
        cue = read_cue(self.texts[i], "".join(said).lstrip("：:"), self.names)
        return self._line("action", self.texts[i], i) if cue is None else self._add_cue(cue, cue.text, i, last)

    def _add_cue(self, cue: SpokenCue, said: str, i: int, last: int) -> int:
        return self._line(
            "dialogue",
            said,
            i,
            last,
            speakers=cue.speakers,
            parentheticals=cue.parentheticals,
            delivery=cue.delivery,
        )

    def _is_plain(self, i: int) -> bool:
        text = self.texts[i]
        return bool(text) and not (
            i in self.headings
            or i in self.parts
            or i in self.blocks
            or text[0] in ACTION_MARKS + "【["
            or self.halves[i] is not None
            or _END.match(text)
        )

    def _fill_scene(self, label: str, value: str) -> None:
        told = parse_heading(f"场景：{value}") if label[0] in "地场場景内" else None
        if told is not None:
            self.builder.amend_scene(place=told.place, interior=told.interior, time=told.time)
        elif label in ("时间", "時間"):
            self.builder.amend_scene(time=value)

    def _open_flag(self, flag: str, i: int) -> None:
        self.flag, self.flag_closes = flag, i in self.closed_flags
        if not self.flag_closes:
            warn_unclosed(self.builder, flag, i + 1)

    def _end_unclosed_flag(self) -> None:
        if not self.flag_closes:
            self.flag = ""

    def _opened_just_before(self, i: int) -> bool:
        before = next((text for text in reversed(self.texts[max(0, i - 4) : i]) if text), "")
        return _FLASHBACK.match(before) is not None


def opens_flag(text: str) -> str | None:
    """The flag that a line such as 【闪回】 or △画面闪回 opens, None for other lines."""
    if FLAG_CHARACTER.search(text) is None:
        return None
    opening = None if _FLASHBACK_END.match(text) else _FLASHBACK.match(text)
    return _FLAGS[opening["w"][0]] if opening is not None else None


def closes_flag(text: str) -> bool:
    """Whether a line such as 【闪回结束】 or △画面切回现实 ends a flashback, a dream or a montage."""
    return FLAG_CHARACTER.search(text) is not None and _FLASHBACK_END.match(text) is not None


def closed_flags(texts: Iterable[str]) -> frozenset[int]:
    """Which of the texts open a flashback that a later one closes before another opens."""
    closed: set[int] = set()
    opened = -1
    for i, text in enumerate(texts):
        if FLAG_CHARACTER.search(text) is None:  # most lines
            continue
        if closes_flag(text):
            closed.add(opened)
            opened = -1
        elif opens_flag(text) is not None:
            opened = i
    return frozenset(closed - {-1})


class FlagMarks:
    """What marks such as 【闪回】 say of the lines after them, for formats that are read element by element, and their writers.

    A flashback that nothing closes ends with its scene; one that is closed goes on across headings. A mark directly before a
    heading is about that scene.
    """

    def __init__(self, texts: Iterable[str]):
        """`texts` are all that can be such a mark, in order; a mark's index is its place among them."""
        self._closed = closed_flags(texts)
        self._closes = False
        self._is_new = False
        self.flag = ""

    def open(self, flag: str, i: int) -> bool:
        """The text at `i` opens a flag; whether a later one closes it."""
        self.flag, self._closes, self._is_new = flag, i in self._closed, True
        return self._closes

    def close(self) -> None:
        """A mark ends the flag."""
        self.flag, self._is_new = "", False

    def go_on(self) -> None:
        """Anything but a heading follows."""
        self._is_new = False

    def heading(self) -> str:
        """A scene begins: the flag that goes on in it."""
        if not (self._closes or self._is_new):
            self.flag = ""
        self._is_new = False
        return self.flag


def warn_unclosed(builder: ScriptBuilder, flag: str, line: int) -> None:
    """Warn that nothing closes the flashback that opens on a line."""
    builder.warn(
        f"the {flag} that opens here is never closed; it is taken to end with its scene",
        "这里开始的闪回或梦境没有结束标记，当作到本场为止",
        line,
        0.7,
    )


@dataclass(frozen=True, slots=True)
class Special:
    """A line that tells by its form what it is: a marked action, a caption, a narration, a transition, a sound."""

    kind: LineKind
    text: str
    parentheticals: tuple[str, ...] = ()


def special_kind(text: str, names: Names) -> Special | None:
    """What a Chinese line under a heading is by its mark or its first word, None where only a cue or an action is left."""
    inner = text[1:-1].strip() if text[0] in "【[" and text[-1] in "】]" else text
    if (caption := _CAPTION.match(text)) is not None:
        return Special("caption", caption["t"])
    if text[0] in ACTION_MARKS:
        return Special("action", text.lstrip(ACTION_MARKS + " 　").rstrip("〕"))
    if (narration := _NARRATION.match(text)) is not None and NARRATOR not in names.known:
        text, remarks, _ = read_speech(narration["t"])
        return Special("narration", text, (*read_parentheticals([narration["m"] or ""])[0], *remarks))
    if _END.match(text) or _OTHER.match(text):
        return Special("other", inner)
    if _TRANSITION.match(text) and not names.finder.find(inner):  # 特写：林远流泪 is about 林远
        return Special("transition", inner)
    return None


def _is_declared(name: str) -> bool:
    """Whether a name in a cast list or a 人物 row can be one: the author says so, so nearly anything can."""
    return 0 < len(name) <= _MAX_DECLARED_NAME and re.search("[。，！？；：…,!?;:]", name) is None


def _clean(line: str) -> str:
    text = _INVISIBLE.sub("", line).replace("\u00a0", " ").strip(" \t　\r\v\f")
    if text[:1] == "［":
        text = text.replace("［", "【").replace("］", "】")
    if "*" in text:
        text = re.sub(r"\*\*(.+?)\*\*", r"\1", text)
    return text


def _without_markdown(text: str) -> str:
    """A line without the marks of a quote, a list or a rule, and without emphasis; `#` stays, for headings."""
    if _RULE.match(text):
        return ""
    if text[:1] == "|":  # a row of a table
        text = "" if _TABLE_RULE.fullmatch(text) else "　　".join(cell.strip() for cell in text.strip("|").split("|"))
    text = _MARKDOWN_START.sub("", text)
    return _EMPHASIS.sub(r"\2", text).replace("`", "").strip()


def _bare_heading(text: str) -> Heading | None:
    """`日 内 大殿`: int/ext and time without a number, a heading only where the line before asks for one."""
    text = re.sub("^景[:：]", "", text)
    if len(text) > 40 or not re.search("[内外日夜晨內]", text):
        return None
    told = parse_heading("场景：" + text)
    return told if told is not None and told.interior and told.time and not is_label(text[:2]) else None
