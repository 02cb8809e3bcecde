"""English plays in plain text, and screenplays whose layout is told by columns.

A play's cue is a name with a full stop on the line of its speech (`Ann.  I did not hear you.`) or on a line of its own
(`NORA.`), or a name with a colon. Directions stand in brackets, alone or in a speech, or are indented. A screenplay is read by
its columns: action at the left, speech further in, the cue further still.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

from juqing.reading.builder import ScriptBuilder
from juqing.reading.cues import Names, read_name, read_parentheticals, read_speech, split_joint
from juqing.reading.headings import parse_heading
from juqing.reading.limits import MAX_NAME_CHARACTERS
from juqing.script import Span

_NUMBER = r"(?:[IVXLC]+|\d+|ONE|TWO|THREE|FOUR|FIVE|SIX|SEVEN|EIGHT|THE\s+FIRST|THE\s+SECOND|THE\s+THIRD)"
_ACT = re.compile(
    rf"^(?:ACT\s+{_NUMBER}\b|(?:THE\s+)?(?:FIRST|SECOND|THIRD|FOURTH|FIFTH|LAST)\s+ACT\b|PROLOGUE\b|EPILOGUE\b)[\s.:—-]*(?P<rest>.*)$",
    re.I,
)
_SCENE = re.compile(rf"^SCENE(?:\s*(?P<n>{_NUMBER})\b|(?=[.:—-]))[\s.:—-]*(?P<place>.*)$", re.I)
_SLUG = re.compile(r"^(?:\d+[A-Z]?\.?\s+)?(?:INT|EXT|EST|INT\.?/EXT|EXT\.?/INT|I/E)[. ]", re.I)
_SCENE_NUMBER = re.compile(r"^(?P<n>\d+[A-Z]?)\.?\s+(?=\S)|\s+(?P<m>\d+[A-Z]?)\.?$")
_CAST_HEAD = re.compile(
    r"^(?:DRAMATIS PERSON(?:AE|Æ)|(?:THE )?(?:CHARACTERS|PERSONS?)(?: (?:OF|IN) THE PLAY)?|CAST(?: OF CHARACTERS)?|THE PERSONS OF THE PLAY)[.:]?$",
    re.I,
)
_CAST_ROW = re.compile(r"^(?P<name>[A-Z][\w'’.\- ]{0,40}?)\s*(?:[,:—–]|--|\.{2,}|\s-\s)\s*(?P<note>.+)$")
_TITLE = r"(?i:MRS?|MS|MESSRS|DR|PROF|REV|FR|STE?|CAPT|COL|GEN|MAJ|LT|SGT|CPL|INSP|SUPT|HON|GOV|SEN|PRES)"
_WORD = rf"(?:{_TITLE}\. ?|[A-Z]\. ?)*(?!{_TITLE}\.)[A-Z][\w'’\-]*"  # MRS. HOLT and J. B. LEE are one name
_NAME = rf"{_WORD}(?: (?:{_WORD}|of|the|and|&)){{0,4}}"
_CUE_STOP = re.compile(
    rf"^_?(?P<name>{_WORD}(?: (?:{_WORD}|of|the|and|&)){{0,4}}?)_?\s*(?P<mood>(?:[\[(_][^\])]{{1,60}}[\])]_?)?)\s*[.]_?(?:\s+(?P<text>\S.*))$"
)
_CUE_COLON = re.compile(rf"^(?P<name>{_NAME})\s*(?P<mood>(?:\([^)]{{1,60}}\))?)\s*:\s*(?P<text>.*)$")
_CUE_ALONE = re.compile(
    rf"^(?P<name>(?:{_TITLE}\. ?)?[A-Z][A-Z'’\- ]*(?:\.? ?(?:&|AND) [A-Z'’\- ]+)?\d*)\s*(?P<mood>(?:[\[(][^\])]{{1,60}}[\])])?)\s*[.:]?$"
)
_DIRECTION = re.compile(r"^_?[\[(](?P<text>[^\[\]]*)[\])]_?[.]?$")
_BRACKETS = re.compile(r"_?\[([^\[\]]{1,200})\]_?")
_PAGE = re.compile(
    r"^(?:\(?(?:MORE|CONTINUED)\)?:?(?:\s*\(?\d+\)?)?|CONTINUED:?.*|\d{1,4}\.?|Page \d+|\(CONTINUED\)\s*\d*\.?)$"
)
_TRANSITION = re.compile(r"^(?:[A-Z][A-Z .'’-]* TO:|FADE (?:IN|OUT)[.:]?|THE END\.?|CURTAIN\.?|(?:END OF|BLACKOUT).*)$")
_NO_CUE = frozenset(
    "ACT SCENE END CURTAIN ENTER EXIT EXEUNT THE NOTE NOTES TIME PLACE SETTING LIGHTS SOUND MUSIC BLACKOUT".split()
)
_MIN_CAPITALS = 3


def read_english(lines: list[str], builder: ScriptBuilder) -> None:
    """Read an English play or an indented screenplay into a builder. Any list of strings is read without an exception."""
    (_Screenplay if any(_SLUG.match(line.strip()) for line in lines) else _Play)(lines, builder).read()


def looks_like_play(text: str) -> bool:
    """Whether a text is in Latin letters and has the heads or the repeated cues of an English play."""
    sample = text[:50_000]
    if 20 * len(re.findall("[一-鿿]", sample)) >= len(sample) or not re.search("[A-Za-z]", sample):
        return False
    lines = [line.strip() for line in sample.splitlines()]
    heads = sum(1 for line in lines if _ACT.match(line) or _SCENE.match(line))
    cues = Counter(name for line in lines if (name := _cue_name(line)))
    return sum(n for n in cues.values() if n > 1) >= (2 if heads else 4)


def looks_indented(text: str) -> bool:
    """Whether an English screenplay tells cues by columns: several deeply indented lines in capitals over less indented ones."""
    lines = text[:50_000].splitlines()
    pairs = sum(
        1
        for above, below in pairwise(lines)
        if _indent(above) >= 12
        and _is_capitals(above.strip())
        and below.strip()
        and 4 <= _indent(below) < _indent(above)
    )
    return pairs >= 2


def _cue_name(line: str) -> str | None:
    for pattern in (_CUE_STOP, _CUE_COLON, _CUE_ALONE):
        if len(line) < 2000 and (cue := pattern.match(line)) is not None:
            name = cue["name"].strip(" .")
            words = name.upper().split()
            if words and words[0] not in _NO_CUE and len(name) > 1 and not _PAGE.match(line):
                return name.upper()
    return None


def _indent(line: str) -> int:
    line = line.expandtabs(8)
    return len(line) - len(line.lstrip(" "))


def _is_capitals(text: str) -> bool:
    return any(c.isalpha() for c in text) and re.sub(r"\([^)]*\)", "", text).upper() == re.sub(r"\([^)]*\)", "", text)


class _Reader:
    """What plays and screenplays share: the text without marks, and notes and lines with their places."""

    def __init__(self, lines: list[str], builder: ScriptBuilder):
        self.builder = builder
        self.printed = lines
        self.texts = [line.replace("\u00a0", " ").strip(" \t\r\x00\ufeff") for line in lines]
        self.names = Names()

    def _span(self, first: int, last: int) -> Span:
        printed = self.printed[first]
        return Span(first + 1, last + 1, len(printed) - len(printed.lstrip()), len(self.printed[last].rstrip()))

    def _note(self, kind: str, first: int, last: int | None = None) -> int:
        last = first if last is None else last
        text = "" if kind == "blank" else "\n".join(self.texts[first : last + 1])
        self.builder.note(kind, text, self._span(first, last))
        return last + 1

    def _blank(self, i: int) -> int:
        last = i
        while last + 1 < len(self.texts) and not self.texts[last + 1]:
            last += 1
        return self._note("blank", i, last)

    def _line(self, kind, text: str, first: int, last: int, **fields) -> int:
        printed = "\n".join(self.texts[first : last + 1])
        self.builder.line(kind, text, printed, self._span(first, last), **fields)
        return last + 1

    def _speech(self, name: str, mood: str, said: list[str], first: int, last: int) -> int:
        """Add a speech; what stands in brackets in it is a remark."""
        remarks: list[str] = [mood.strip("[]()_ ")] if mood else []
        text = " ".join(piece for piece in said if piece)
        remarks += _BRACKETS.findall(text)
        text = re.sub(r"\s{2,}", " ", _BRACKETS.sub(" ", text)).replace("_", "").strip()
        text, more, told = read_speech(text)
        name, moods, tag = read_name(name)
        kept, delivery = read_parentheticals(remarks)
        delivery = next((way for way in (tag, delivery, told) if way != "on"), "on")
        return self._line(
            "dialogue",
            re.sub(r"\s{2,}", " ", text),
            first,
            last,
            speakers=split_joint(name.rstrip("."), self.names),
            parentheticals=(*moods, *kept, *more),
            delivery="off" if delivery == "os" else delivery,
        )


class _Play(_Reader):
    def __init__(self, lines: list[str], builder: ScriptBuilder):
        super().__init__(lines, builder)
        counts: Counter[str] = Counter()
        capitals: Counter[str] = Counter()  # cues in capitals with their speech behind them
        self.listed: dict[int, tuple[str, str] | None] = self._cast_list()
        for i, text in enumerate(self.texts):
            if i not in self.listed and (name := _cue_name(text)):
                counts[name] += 1
                if text.startswith(name) and _CUE_ALONE.match(text) is None:
                    capitals[name] += 1
        listed = {row[0].upper() for row in self.listed.values() if row}
        self.cues = {name for name, n in counts.items() if n > 1 or name in listed} | listed
        if sum(n for name, n in capitals.items() if name in self.cues) >= _MIN_CAPITALS:
            self.cues |= capitals.keys()  # who speaks once too
        for row in self.listed.values():
            if row is None:
                continue
            short = self._short_form(row[0], counts)
            if short:
                self.builder.character(self._as_cued(short), (row[0],), row[1])
                self.cues.add(short)
            else:
                self.builder.character(self._as_cued(row[0]), note=row[1])
        self.names = Names({self._as_cued(name) for name in self.cues})

    def _short_form(self, name: str, cues: Counter[str]) -> str | None:
        """The name that the cues use for somebody of the list: `ANN` for `ANN LEE, a nurse`, where nobody else has that word."""
        words = name.upper().split()
        if name.upper() in cues or len(words) < 2:
            return None
        others = [row[0].upper().split() for row in self.listed.values() if row and row[0] != name]
        forms = [word for word in (words[0], words[-1]) if word in cues and not any(word in other for other in others)]
        return forms[0] if forms else None

    def _as_cued(self, name: str) -> str:
        """Names in one spelling: as the cues print them, which may be in capitals."""
        return self._spelling.setdefault(name.upper().rstrip("."), name.rstrip("."))

    @property
    def _spelling(self) -> dict[str, str]:
        if not hasattr(self, "_spelled"):
            self._spelled: dict[str, str] = {}
            for text in self.texts:
                for pattern in (_CUE_STOP, _CUE_COLON, _CUE_ALONE):
                    if len(text) < 2000 and (cue := pattern.match(text)) is not None:
                        name = cue["name"].strip(" .")
                        self._spelled.setdefault(name.upper(), name)
        return self._spelled

    def _cast_list(self) -> dict[int, tuple[str, str] | None]:
        """The lines of a list of characters: name and description of each, None for its title and its blank lines."""
        start = next((i for i, text in enumerate(self.texts) if _CAST_HEAD.match(text)), None)
        if start is None or start > 200:
            return {}
        rows: dict[int, tuple[str, str] | None] = {start: None}
        for i in range(start + 1, len(self.texts)):
            text = self.texts[i]
            if _ACT.match(text) or _SCENE.match(text) or _DIRECTION.match(text):
                break
            row = _CAST_ROW.match(text)
            if row is None and text and not (len(text) <= 40 and text[:1].isupper()):
                break
            if text:
                rows[i] = (row["name"].strip(), row["note"].strip()) if row else (text.rstrip("."), "")
        return rows

    def read(self) -> None:
        i, n = 0, len(self.texts)
        while i < n:
            i = self._read_line(i, n)

    def _read_line(self, i: int, n: int) -> int:
        text = self.texts[i]
        if not text:
            return self._blank(i)
        if i in self.listed:
            return self._note("cast", i)
        if _PAGE.match(text):
            return self._note("page", i)
        if (act := _ACT.match(text)) is not None and len(text) < 80:
            self.builder.part = text.rstrip(".") if not act["rest"] else text
            self.builder.close_scene()
            return self._note("part", i)
        if (scene := _SCENE.match(text)) is not None and len(text) < 200:
            self.builder.scene(text, self._span(i, i), number=scene["n"] or "", place=scene["place"].rstrip(". "))
            return i + 1
        if (cue := self._cue(text)) is not None:
            last = i
            said = [cue[2]]
            while last + 1 < n and self._goes_on(last + 1, bool(said[0]) or last > i):
                last += 1
                said.append(self.texts[last])
            return self._speech(self._as_cued(cue[0]), cue[1], said, i, last)
        if _TRANSITION.match(text):
            return self._line("transition", text, i, i)
        if not self.builder.in_scene and not self.builder.part and not _DIRECTION.match(text):
            if not self.builder.title and len(text) < 80:
                self.builder.title = text
                return self._note("title", i)
            return self._note("front", i)
        last = i
        if text[0] in "[_(" and not _DIRECTION.match(text):  # a direction over several lines
            while last + 1 < n and self.texts[last + 1] and not re.search(r"[\])]_?\.?$", self.texts[last]):
                last += 1
        elif not _DIRECTION.match(text):
            while last + 1 < n and self.texts[last + 1] and self._is_text(last + 1):
                last += 1
        whole = " ".join(self.texts[i : last + 1])
        inner = _DIRECTION.match(whole)
        return self._line("action", (inner["text"] if inner else whole).replace("_", "").strip(), i, last)

    def _is_text(self, i: int) -> bool:
        text = self.texts[i]
        is_direction = text[0] == "[" or (text[0] == "(" and (")" not in text or _DIRECTION.match(text) is not None))
        return not (is_direction or _ACT.match(text) or _SCENE.match(text) or _PAGE.match(text) or self._cue(text))

    def _goes_on(self, i: int, has_said: bool) -> bool:
        """Whether a line belongs to the speech above it: a paragraph's next line, or the first one under a bare name."""
        text = self.texts[i]
        if not text or not self._is_text(i):
            return bool(text) and text[0] == "(" and _DIRECTION.match(text) is not None and not has_said
        return _indent(self.printed[i]) < 12 or not has_said

    def _cue(self, text: str) -> tuple[str, str, str] | None:
        """Name, remark and speech of a line that begins with a cue."""
        if len(text) > 2000:
            head = text[:200]
            cue = _CUE_COLON.match(head) or _CUE_STOP.match(head)
            return (
                (cue["name"].strip(" ."), cue["mood"], text[cue.start("text") :])
                if cue and self._known(cue["name"])
                else None
            )
        for pattern in (_CUE_ALONE, _CUE_COLON, _CUE_STOP):
            cue = pattern.match(text)
            if cue is not None and self._known(cue["name"]):
                said = cue["text"] if "text" in pattern.groupindex else ""
                return cue["name"].strip(" ."), cue["mood"] or "", said or ""
        return None

    def _known(self, name: str) -> bool:
        name = name.strip(" .").upper()
        return name in self.cues or all(part in self.cues for part in re.split(r"\s*(?:&|\bAND\b|,)\s*", name))


class _Screenplay(_Reader):
    def __init__(self, lines: list[str], builder: ScriptBuilder):
        super().__init__(lines, builder)
        self.indents = [_indent(line) for line in lines]
        story = [self.indents[i] for i, text in enumerate(self.texts) if text]
        self.left = Counter(story[:5000]).most_common(1)[0][0] if story else 0
        slugs = [  # where the heading's words stand, behind its number
            self.indents[i] + len(number[0] if (number := re.match(r"\d+[A-Z]?\.?\s+", text)) else "")
            for i, text in enumerate(self.texts)
            if _SLUG.match(text)
        ]
        self.left = min(slugs or [self.left])
        cues = (text for i, text in enumerate(self.texts) if self._is_cue(i))
        self.names = Names(read_name(_bare(cue))[0] for cue in cues if len(cue) <= MAX_NAME_CHARACTERS)

    def read(self) -> None:
        i, n = 0, len(self.texts)
        while i < n:
            i = self._read_line(i, n)

    def _read_line(self, i: int, n: int) -> int:
        text = self.texts[i]
        if not text:
            return self._blank(i)
        if _PAGE.match(text) or (_PAGE.match(text.split("  ")[0]) and self._is_page_foot(text)):
            return self._note("page", i)
        if _SLUG.match(text):
            return self._heading(text, i)
        if _TRANSITION.match(text):
            return self._line("transition", text, i, i)
        if self._is_cue(i):
            return self._read_speech(i, n)
        if not self.builder.in_scene:
            if not self.builder.title and len(text) < 80:
                self.builder.title = text.strip('"')
                return self._note("title", i)
            return self._note("front", i)
        last = i
        while (
            last + 1 < n
            and self.texts[last + 1]
            and self.indents[last + 1] <= self.left + 2
            and self._is_action(last + 1)
        ):
            last += 1
        return self._line("action", " ".join(self.texts[i : last + 1]), i, last)

    @staticmethod
    def _is_page_foot(text: str) -> bool:
        return re.fullmatch(r"(?:\(?(?:MORE|CONTINUED)\)?:?)?\s*\(?\d*\)?\.?", text) is not None

    def _is_action(self, i: int) -> bool:
        return not (_SLUG.match(self.texts[i]) or _PAGE.match(self.texts[i]) or _TRANSITION.match(self.texts[i]))

    def _heading(self, text: str, i: int) -> int:
        number = _SCENE_NUMBER.match(text)
        slug = _SCENE_NUMBER.sub("", text) if number else text
        slug = re.sub(r"\s{2,}\d+[A-Z]?\.?$", "", slug).strip()
        told = parse_heading(slug)
        fields = {key: getattr(told, key) for key in ("interior", "place", "time", "flag")} if told else {}
        self.builder.scene(slug, self._span(i, i), number=number["n"] or "" if number else "", **fields)
        return i + 1

    def _is_cue(self, i: int) -> bool:
        text = self.texts[i]
        return (
            self.indents[i] >= self.left + 8
            and len(text) <= 60
            and _is_capitals(text)
            and not text.startswith("(")
            and i + 1 < len(self.texts)
            and bool(self.texts[i + 1])
            and self.left < self.indents[i + 1] <= self.indents[i]
            and not _PAGE.match(text)
            and not _TRANSITION.match(text)
        )

    def _read_speech(self, i: int, n: int) -> int:
        said: list[str] = []
        remarks: list[str] = []
        last, open_remark = i, False
        while last + 1 < n:
            text = self.texts[last + 1]
            if not text or self.indents[last + 1] <= self.left + 2 or self._is_cue(last + 1):
                # A page break inside a speech: the same speaker goes on with (CONT'D) below.
                break
            if _PAGE.match(text):
                break
            last += 1
            if open_remark or text.startswith("("):
                if open_remark:
                    remarks[-1] += " " + text.rstrip(") ")
                else:
                    remarks.append(text.strip("() "))
                open_remark = not text.endswith(")")
            else:
                said.append(text)
        name, mood, tag = read_name(_bare(self.texts[i]))
        extension = re.findall(r"\(([^()]*)\)", self.texts[i])
        moods, delivery = read_parentheticals([*extension, *remarks])
        delivery = delivery if delivery != "on" else tag
        return self._line(
            "dialogue",
            " ".join(said),
            i,
            last,
            speakers=split_joint(name, self.names),
            parentheticals=(*mood, *moods),
            delivery="off" if delivery == "os" else delivery,
        )


def _bare(cue: str) -> str:
    return re.sub(r"\([^()]*\)", "", cue).strip()
