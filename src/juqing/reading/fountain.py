"""Fountain (fountain.io, syntax 1.1): plain text in which blank lines carry meaning.

Beside the specification, for Chinese, which has no capitals: `.` or `。` before a Han character forces a heading; a heading
in a Chinese house style needs no dot; a known name alone on a line is a cue; `△` lines are action; `名字：台词` is a speech.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from juqing.reading.builder import ScriptBuilder
from juqing.reading.cast import clean_name
from juqing.reading.chinese import (
    ACTION_MARKS,
    FLAG_CHARACTER,
    FlagMarks,
    closes_flag,
    opens_flag,
    special_kind,
    warn_unclosed,
)
from juqing.reading.cues import Names, has_name, names_of_cues, parse_cue, read_name, read_parentheticals
from juqing.reading.headings import PART, parse_heading
from juqing.script import LineKind, Span
from juqing.text.names import HAN

_HAN = re.compile(f"[{HAN}]")
_TITLE_KEY = re.compile(r"^([^\s:：][^:：]{0,30})[:：]\s*(.*)$")
TITLE_KEYS = frozenset("title credit author authors source notes draft date date contact copyright revision font".split()) | {
    "draft date", "标题", "片名", "剧名", "作者", "编剧", "日期", "联系方式", "版权", "稿次", "cast", "characters", "人物",
}  # fmt: skip
_SLUG = re.compile(r"^(?:INT\.?/EXT|EXT\.?/INT|INT|EXT|EST|I\.?/E)[. ]", re.I)
_FORCED_SLUG = re.compile(rf"^[.。](?=[^.。\s])|^。(?=[{HAN}])")
_SCENE_NUMBER = re.compile(r"\s*#([\w.\-—–－~]+)#\s*$")
UNNAMED = ("SCENE", "场景")
"""What stands for the heading of a scene that has a number and nothing else."""
_TRANSITION = re.compile(r"^[A-Z][A-Z .'’-]* TO:$|^(?:FADE OUT|FADE IN|CUT TO BLACK|THE END)[.:]?$")
_EXTENSION = re.compile(r"\s*[（(]([^（）()]*)[）)]\s*(?=\^?\s*$|[（(])")
_EMPHASIS = (  # linear: what stands between two marks holds no third one
    re.compile(r"(?<!\\)(\*{1,3})(?=[^\s*])([^*]*[^\s*\\])\1"),
    re.compile(r"(?<![\\\w])(_)(?=[^\s_])([^_]*[^\s_\\])_(?!\w)"),
)
# The specification escapes emphasis; we, any mark.
_ESCAPED = re.compile(r"\\([*_\\\[\]()（【@!#>=~.<。△▲▽⊿Δ∆▷◇○●※〔])")
_FACT_LABEL = re.compile("(?:内外|地点|时间|场标记|人物|标记)：")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f\ufeff\ufffe\uffff\ud800-\udfff]")
_COMMENT_MARK = re.compile(r"/\*|\*/|\[\[|\]\]")
_PAGE_BREAK = re.compile("={3,}")
_CENTERED = re.compile(r"(?<!\\)(?:\\\\)*<$")
LEVEL_ONE = re.compile("^#(?!#)")
TITLES = ("title", "标题", "片名", "剧名")
AUTHORS = ("author", "authors", "作者", "编剧")
CASTS = ("cast", "characters", "人物")
_MAX_HEADING = 300
_MAX_CUE = 100
_CUE_LINE = re.compile(r"^[^a-zà-öø-ÿ]*[^\W\d_][^a-zà-öø-ÿ]*$")


def read_fountain(lines: list[str], builder: ScriptBuilder) -> None:
    """Read the lines of a Fountain file into a builder. Any list of strings is read without an exception."""
    _Reader(lines, builder).read()


class _Reader:
    def __init__(self, lines: list[str], builder: ScriptBuilder):
        self.builder = builder
        self.printed = lines
        self.texts, self.removed = without_comments(lines)
        self.flags = FlagMarks(map(self._flag_mark, range(len(lines))))
        self.names = Names(self._collect_names())
        cues = (text.strip() for i, text in enumerate(self.texts) if self._is_cue(text.strip(), i))
        cued = names_of_cues(map(_cue_text, cues))
        self.names = Names(self.names.known | cued.known)

    def _collect_names(self) -> set[str]:
        """Names of forced cues, of capital cues, and of Chinese lines that stand like cues at least twice."""
        names: set[str] = set()
        seen: dict[str, int] = {}
        for i, raw in enumerate(self.texts):
            text = raw.strip()
            if not text or len(text) > 60:
                continue
            if text.startswith("@"):
                names |= names_of_cues([_cue_text(text)]).known
            elif (
                self._blank(i - 1)
                and not self._blank(i + 1)
                and _HAN.match(text)
                and re.fullmatch(rf"[{HAN}]{{2,6}}(?:[（(].*[）)])?", text)
            ):
                name = read_name(text)[0]
                seen[name] = seen.get(name, 0) + 1
            elif (cue := parse_cue(text, Names())) is not None and _HAN.search(text):
                seen[cue.speakers[0]] = seen.get(cue.speakers[0], 0) + 1
        return {name for name in names | {name for name, n in seen.items() if n > 1} if name}

    def _blank(self, i: int) -> bool:
        return not 0 <= i < len(self.texts) or (not self.texts[i].strip() and not self.removed.get(i))

    def _span(self, first: int, last: int) -> Span:
        printed = self.printed[first]
        return Span(first + 1, last + 1, len(printed) - len(printed.lstrip()), len(self.printed[last].rstrip()))

    def _printed(self, first: int, last: int) -> str:
        return "\n".join(line.rstrip() for line in self.printed[first : last + 1])

    def read(self) -> None:
        i, n = self._title_page(), len(self.texts)
        while i < n:
            i = self._block(i, n)

    def _title_page(self) -> int:
        page, n = read_title_page(self.texts)
        if not n:
            return 0
        values: dict[str, list[str]] = {}
        for key, texts in page:
            values.setdefault(key.lower(), []).extend(texts)

        def first_of(*keys: str) -> list[str]:
            return next((values[key] for key in keys if values.get(key)), [])

        self.builder.title = " ".join(first_of(*TITLES))
        self.builder.authors = first_of(*AUTHORS)
        for row in first_of(*CASTS):
            self.builder.declare(row)
        self.builder.note("title", self._printed(0, n - 1), self._span(0, n - 1))
        return n

    def _enter(self) -> None:
        """See to it that a scene is open for the line to come."""
        if not self.builder.in_scene:
            self.builder.scene("", None)
            self.builder.line_flag = self.flags.heading()

    def _block(self, i: int, n: int) -> int:
        text = self.texts[i].strip()
        if not text:
            return self._empty(i, n)
        if text[0] not in "=#!~" and self._heading(text, i):
            return i + 1
        self.flags.go_on()
        if _PAGE_BREAK.fullmatch(text):
            return self._note("page break", i)
        if text.startswith("#"):
            self.builder.part = _ESCAPED.sub(r"\1", text.lstrip("# "))
            if LEVEL_ONE.match(text):
                self.builder.close_scene()  # an act: what stands before its first heading is a scene of its own
            return self._note("section", i)
        if text[0] == "=" and not text.startswith("=="):
            return self._note("synopsis", i)
        if PART.match(text) and _HAN.search(text) and self._blank(i - 1) and self._blank(i + 1):
            self.builder.part = _plain(text)
            self.builder.close_scene()
            return self._note("part", i)
        self._enter()
        if text.startswith("!"):
            return self._action(i, n)
        if text.startswith("~"):
            self.builder.line("lyric", _plain(text[1:]), self._printed(i, i), self._span(i, i))
            return i + 1
        if text.startswith(">"):
            if _CENTERED.search(text):
                self.builder.line("other", _plain(text[1:-1].strip()), self._printed(i, i), self._span(i, i))
            else:
                self._mark("transition", _plain(text[1:].strip()), i)
            return i + 1
        if _TRANSITION.match(text) and self._blank(i - 1) and self._blank(i + 1):
            self.builder.line("transition", text, self._printed(i, i), self._span(i, i))
            return i + 1
        if self._is_cue(text, i):
            return self._speech(i, n)
        if (
            _HAN.search(text)
            and text[0] not in ACTION_MARKS
            and (cue := parse_cue(_plain(text), self.names)) is not None
        ):
            self.builder.cue(cue, self._printed(i, i), self._span(i, i))
            return i + 1
        special = special_kind(text, self.names) if _HAN.search(text) and text[0] not in ACTION_MARKS else None
        if _is_flag_mark(plain := _plain(text)):
            self._mark("transition", plain.strip("【】[]（）()").lstrip(ACTION_MARKS).rstrip("：:"), i)
            return i + 1
        if special is not None:
            self.builder.line(
                special.kind,
                _plain(special.text),
                self._printed(i, i),
                self._span(i, i),
                parentheticals=special.parentheticals,
            )
            return i + 1
        return self._action(i, n)

    def _flag_mark(self, i: int) -> str:
        """What of a line can be the mark of a flashback: a transition, an action of one line, a line that nothing forces."""
        text = self.texts[i].strip()
        if FLAG_CHARACTER.search(text) is None:
            return ""
        if text[0] == ">":
            return "" if _CENTERED.search(text) else _plain(text[1:].strip())
        if text[0] == "!":
            is_alone = self._blank(i - 1) and self._blank(i + 1)
            return _plain(text[1:].lstrip(ACTION_MARKS + " ")) if is_alone else ""
        return _plain(text) if text[0] in "【[" or self._blank(i - 1) else ""

    def _mark(self, kind: LineKind, text: str, i: int) -> None:
        """Add a line of its own; one that opens or ends a flashback flags the lines after it."""
        if (flag := opens_flag(text)) is not None:
            if not self.flags.open(flag, i):
                warn_unclosed(self.builder, flag, i + 1)
            self.builder.line_flag = flag
        self.builder.line(kind, text, self._printed(i, i), self._span(i, i))
        if closes_flag(text):
            self.flags.close()
            self.builder.line_flag = ""

    def _empty(self, i: int, n: int) -> int:
        kind, last = self.removed.get(i, "blank"), i
        while last + 1 < n and not self.texts[last + 1].strip() and self.removed.get(last + 1, "blank") == kind:
            last += 1
        text = "" if kind == "blank" else self._printed(i, last).strip()
        if kind == "comment":
            told = [self._amend(row.strip().removeprefix("[[").removesuffix("]]").strip()) for row in text.split("\n")]
            kind = "label" if all(told) else kind
        elif kind == "boneyard":  # one that begins or ends in a line with text
            text = ("" if text.startswith("/*") else "/*") + text + ("" if text.endswith("*/") else "*/")
        self.builder.note(kind, text, self._span(i, last))
        return last + 1

    def _amend(self, fact: str) -> bool:
        """Take a note that tells a fact of the scene or of the lines to come; whether it was one."""
        if _FACT_LABEL.match(fact) is None:
            return False
        self._enter()
        return self.builder.amend_by(fact)

    def _note(self, kind: str, i: int) -> int:
        self.builder.note(kind, _ESCAPED.sub(r"\1", self.texts[i].strip()), self._span(i, i))
        return i + 1

    def _heading(self, text: str, i: int) -> bool:
        if len(text) > _MAX_HEADING:
            return False
        forced = _FORCED_SLUG.match(text) is not None
        chinese = not forced and bool(_HAN.search(text)) and self._blank(i - 1) and parse_heading(text)
        if not forced and not (self._blank(i - 1) and _SLUG.match(text)) and not (chinese and chinese.sure):
            return False
        slug = text[1:].strip() if forced else text
        number = _SCENE_NUMBER.search(slug)
        slug = _ESCAPED.sub(r"\1", _SCENE_NUMBER.sub("", slug))
        if number and slug in UNNAMED:
            slug = ""
        told = parse_heading(slug) or parse_heading("场景：" + slug)
        carried = self.flags.heading()
        self.builder.scene(
            slug,
            self._span(i, i),
            number=number[1] if number else (told.number if told else ""),
            interior=told.interior if told else "",
            place=told.place if told else "",
            time=told.time if told else "",
            flag=carried if told is None else told.flag or carried,
            printed_cast=tuple(map(clean_name, told.cast)) if told else (),
        )
        return True

    def _is_cue(self, text: str, i: int) -> bool:
        if len(text) > _MAX_CUE:
            return False
        if text.startswith("@"):
            return has_name(_EXTENSION.sub("", _cue_text(text)))
        if not self._blank(i - 1) or self._blank(i + 1):
            return False
        name = _EXTENSION.sub("", text).rstrip("^ ").strip()
        if _HAN.search(name):
            return read_name(name)[0] in self.names.known
        return (
            _CUE_LINE.match(name) is not None
            and not name.rstrip('"”’').endswith((".", "!", "?", ",", ":"))
            and has_name(name)
        )

    def _speech(self, i: int, n: int) -> int:
        text = _cue_text(self.texts[i].strip())
        extensions = _EXTENSION.findall(text)
        name, _, tag = read_name(_EXTENSION.sub("", text))
        told, delivery = read_parentheticals(extensions)
        moods = list(told)
        said: list[str] = []
        last = i
        while last + 1 < n:
            raw = self.texts[last + 1]
            line = raw.strip()
            if not line and not (raw.startswith("  ") or self.removed.get(last + 1)):
                break
            if line and (line[0] in "@" + ACTION_MARKS or (line[0] in "【[" and _is_flag_mark(line))):
                break  # a Chinese script without blank lines
            last += 1
            if line[:1] in ("(", "（") and line[-1:] in (")", "）"):
                mood, spoken = read_parentheticals([_plain(line[1:-1])])
                moods += mood
                delivery = spoken if delivery == "on" else delivery
            elif line:
                said.append(_plain(line.removeprefix("~").strip()))
        delivery = tag if delivery == "on" else delivery
        self.builder.speech(name, self.names, said, moods, delivery, self._printed(i, last), self._span(i, last))
        return last + 1

    def _action(self, i: int, n: int) -> int:
        first = i
        texts = []
        while i < n:
            text = self.texts[i].strip()
            if not text:
                break
            is_forced_on = text[0] == "!" and self.texts[first].lstrip().startswith("!") and not text.startswith("!△")
            if i > first and not is_forced_on and (text[0] in "!~>#=.@" or text[0] in ACTION_MARKS):
                break
            if i > first and _HAN.search(text) and (_is_flag_mark(text) or parse_cue(text, self.names) is not None):
                break
            texts.append(_plain(text.removeprefix("!").lstrip(ACTION_MARKS + " ")))
            i += 1
        if len(texts) == 1:
            self._mark("action", texts[0], first)
        else:
            self.builder.line("action", "\n".join(texts), self._printed(first, i - 1), self._span(first, i - 1))
        return i


def _is_flag_mark(text: str) -> bool:
    """Whether a line opens or ends a flashback, a dream or a montage."""
    return opens_flag(text) is not None or closes_flag(text)


def read_title_page(lines: Sequence[str]) -> tuple[list[tuple[str, list[str]]], int]:
    """The keys of the title page that a text opens with, each with its values, and how many lines it takes (0: none)."""
    first = _TITLE_KEY.match(lines[0].strip("\ufeff ")) if lines else None
    if first is None or first[1].strip().lower() not in TITLE_KEYS:
        return [], 0
    page: list[tuple[str, list[str]]] = []
    i = 0
    while i < len(lines):
        raw = lines[i].lstrip("\ufeff")
        row = _TITLE_KEY.match(raw)
        if not raw.strip():  # some title pages are broken by a blank line
            following = _TITLE_KEY.match(lines[i + 1]) if i + 1 < len(lines) else None
            if following is None or following[1].strip().lower() not in TITLE_KEYS:
                break
        elif row is not None and not raw.startswith(("\t", "   ")):
            page.append((row[1].strip(), [_plain(row[2].strip())] if row[2].strip() else []))
        elif page:
            page[-1][1].append(_plain(raw.strip()))
        i += 1
    return page, i


def _cue_text(text: str) -> str:
    """A cue's line without the marks that force it and make it dual."""
    return _ESCAPED.sub(r"\1", text.removeprefix("@").rstrip("^ ").strip())


def _plain(text: str) -> str:
    for pattern in _EMPHASIS * 2:  # twice: bold may stand in underlined text, and the reverse
        text = pattern.sub(r"\2", text)
    return _ESCAPED.sub(r"\1", text)


def without_comments(lines: list[str]) -> tuple[list[str], dict[int, str]]:
    """Lines without `/* */` and `[[ ]]`, and the kind of comment for lines that are left empty by that."""
    kinds = {"/*": ("boneyard", "*/"), "[[": ("comment", "]]")}
    lines = [_CONTROL.sub("", line) for line in lines]
    # An opening that nothing closes is text.
    last = {mark: max((i for i, line in enumerate(lines) if mark in line), default=-1) for mark in ("*/", "]]")}
    texts, removed = [], {}
    kind, closing = "", ""
    for i, line in enumerate(lines):
        kept, at, touched = [], 0, kind
        here = {wanted: line.rfind(wanted) if last[wanted] == i else len(line) for wanted in last}
        for mark in _COMMENT_MARK.finditer(line):
            if kind:
                if mark[0] == closing and mark.start() >= at:
                    kind, at = "", mark.end()
            elif mark[0] in kinds and mark.start() >= at:
                opened, wanted = kinds[mark[0]]
                if last[wanted] >= i and here[wanted] >= mark.end():
                    kept.append(line[at : mark.start()])
                    kind, closing, at, touched = opened, wanted, mark.end(), opened
        if not kind:
            kept.append(line[at:])
        texts.append("".join(kept))
        if touched and not texts[-1].strip():
            removed[i] = touched
    return texts, removed
