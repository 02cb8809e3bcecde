"""Pronouns of actions resolved to characters, by rules that can be read and told: 他 她 他们 她们 两人 二人 对方 自己.

Salience, as in Lappin and Leass (1994, "An algorithm for pronominal anaphora resolution"), cut down to what is safe in a
screenplay: who was seen in the last few lines of the scene, who is the subject of the clause, who speaks and to whom, and
whose gender fits. Where two people are left, or an unnamed person stands in between, the pronoun stays unresolved.

Rules: `self` (自己 is the subject of its clause) · `subject` (the subject goes on) · `object` (not the subject of its own
clause, so the other one) · `addressee` (whom the speaker turns to) · `only` (one person fits) · `group` (两人, 他们).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from juqing.script import Character, Line, Rule, Scene, Script
from juqing.text.names import NameFinder

Gender = Literal["f", "m", ""]
Acted = list[tuple[str, list[tuple[int, int, str]]]]
"""The texts of a line that tell what is seen, each with the `(start, end, name)` of the names in it."""

PRONOUN = re.compile(
    r"(?<![其吉])(?:[他她]们|[他她](?![人乡日国])|(?<![这那一几])两人(?!份)|二人(?!转)|两个人|对方|自己)"
)
_PERSON = re.compile(
    r"(?:[一几两三]|这|那|数)(?:个|名|位|群|对|队)[^，。！？；的]{0,6}?(?:男|女|人|孩|兵|警|工|员|客|生|童|汉|子)[子人孩生]?|"
    r"(?<![两二众三四几])(?:男人|女人|老人|男孩|女孩|孩子|老太太|老头|男子|女子|司机|服务员|护士|医生|警察|保安|士兵|路人|店员|丫鬟|太监|侍卫|邻居|顾客|乘客|记者|秘书|前台|黑衣人|小贩|少年|少女)"
)
_CLAUSE_END = re.compile("[，,。！？!?；;…—：:]+")
_SENTENCE_END = re.compile("[。！？!?；;]")
_OBJECT_BEFORE = re.compile(
    r"(?:[对向给跟和与把被让叫看找为替在从比往朝将同帮扶推拉抱握扯按抓拦望盯瞪瞥踢打问冲带送递交还借扔塞喂追等陪搂拍接围护挡逼撞绕引拽拖摸吻亲骂劝随当靠]|"
    r"[着了过住到向给起开见在去出上下来走])$"
)
_ADVERBIAL = re.compile(
    r"^(?:.{0,8}?(?:时|后|前|里|中|上|下|外|旁|边|间|处|刻|然|地|随即|接着|只见|于是|但是?|可是?|而|却|原来|忽然|突然|这时|一旁的|身后的))$"
)
_FEMALE = re.compile(
    r"女|母|妈|娘|姐|妹|嫂|姨|姑|婶|婆|奶奶|太太|夫人|小姐|妻|妃|后宫|公主|皇后|太后|丫鬟|丫头|媳妇|孙女|姥姥|老太|空姐|护士小姐|尼姑"
)
_MALE = re.compile(
    r"男|爸|爹|父|爷|哥|弟|叔|伯|舅|先生|公公|丈夫|少爷|公子|太监|和尚|道长|老头|儿子|皇帝|王爷|将军|大侠|汉|书生|小伙|女婿|姐夫|妹夫"
)
_FEMALE_GIVEN = frozenset(
    "娟芳兰梅丽婷娜燕莉玲霞秀萍薇婉媛倩雯妍姗珍莲菊凤琴翠娇娥珠花蓉茹芬嫣芸芝蕾莎黛怡娴瑶璐妮娅香桂巧"
)
_MALE_GIVEN = frozenset("刚强军伟勇峰磊涛龙虎雄毅彪鹏斌杰浩栋刚钢铁柱汉坤魁猛豪泽锋辉鑫彬庚根贵富财福雷骏驰")
_AT_ANOTHER = re.compile(
    "(?:[看望盯瞪瞧瞥瞄推拉扯抓握揪拍抢夺托按扶挡躲挣撕拽捏踩戳敲割踢打掰搜][了着过开住向起掉到进破断]?|[往向朝对从替给跟在][^，。]{0,2})$"
)  # 看他的, 推开她的: what people do to others, not to themselves
_REACH = 4
"""How many lines of the scene a person stays in mind."""


class Found(NamedTuple):
    """A pronoun (`word` at `start` in the text of `piece`) that stands for `name`, who was named in line `antecedent`."""

    name: str
    word: str
    rule: Rule
    antecedent: int | None
    piece: int = 0
    start: int = 0


@dataclass(slots=True)
class _Mention:
    """A person in a text: `name` is empty for somebody without one (一个男人)."""

    name: str
    start: int
    gender: Gender
    is_subject: bool
    clause: int


@dataclass(slots=True)
class _Seen:
    """A line that went by, and who was in it. What takes work is found out when a pronoun asks for it."""

    names: list[str]
    is_speech: bool
    acted: Acted
    first: str = ""
    _mentions: list[_Mention] | None = None

    def mentions(self, genders: Mapping[str, Gender]) -> list[_Mention]:
        """The people in the actions of the line."""
        if self._mentions is None:
            self._mentions = [mention for text, spans in self.acted for mention in _mentions_in(text, spans, genders)]
        return self._mentions

    def subject(self, genders: Mapping[str, Gender]) -> str:
        """Who speaks the line, or is the first subject in it; empty for nobody with a name."""
        return self.first or next((m.name for m in self.mentions(genders) if m.is_subject), "")

    def has_stranger(self, wanted: str, genders: Mapping[str, Gender]) -> bool:
        """Whether somebody without a name, whom a pronoun of the gender could mean, is in the line."""
        return any(not m.name and (not m.gender or not wanted or m.gender == wanted) for m in self.mentions(genders))


def genders_of(script: Script) -> dict[str, Gender]:
    """The gender of each character, where the cast list, the name, or a pronoun right behind the name tells it."""
    told: dict[str, Gender] = {character.name: _told_gender(character) for character in script.cast}
    votes: dict[str, Counter[Gender]] = {}
    finder = NameFinder(name for name in told if not told[name] and len(name) > 1)
    for line in script.lines:
        if line.kind == "action" and ("她" in line.text or "他" in line.text):
            for sentence in _SENTENCE_END.split(line.text):
                _vote(sentence, finder, votes)
    for name, count in votes.items():
        (gender, n), *rest = count.most_common(2)
        if n > 2 * (rest[0][1] if rest else 0):
            told[name] = gender
    return {name: told[name] or _guessed_gender(name) for name in told}


def _vote(sentence: str, finder: NameFinder, votes: dict[str, Counter[Gender]]) -> None:
    """`陈念推开门，她…`: one name, and a pronoun that begins a later clause, is evidence of a gender."""
    pronoun = re.search("，([他她])(?!们)", sentence)
    if pronoun is None:
        return
    spans = finder.spans(sentence)
    if not spans or spans[0][0] != 0 or len({name for _, _, name in spans}) != 1:
        return
    taken = {i for start, end, _ in spans for i in range(start, end)}
    if all(not taken.isdisjoint(range(*person.span())) for person in _PERSON.finditer(sentence)):
        votes.setdefault(spans[0][2], Counter())["f" if pronoun[1] == "她" else "m"] += 1


def _told_gender(character: Character) -> Gender:
    note = character.note[:40]
    said = re.search("^[^。；]{0,12}?([男女])(?:[，,、。；\\s]|$|性|人|孩|主|二)", note)
    if said is not None:
        return "f" if said[1] == "女" else "m"
    for text in (character.name, *character.aliases, *character.merged):
        if (gender := _by_words(text)) != "":
            return gender
    head = re.split("[，,。；;]", note)
    for piece in head[:4]:
        # 林秋的丈夫 says something about this one; 妻子死于水难 does not.
        if len(piece) <= 12 and (gender := _by_words(piece[-3:])) != "":
            return gender
    if (pronoun := re.search("[他她]", note)) is not None:
        return "f" if pronoun[0] == "她" else "m"
    return ""


def _by_words(text: str) -> Gender:
    female, male = _FEMALE.search(text), _MALE.search(text)
    if female and male:
        return "f" if female.start() > male.start() else "m"
    return "f" if female else "m" if male else ""


def _guessed_gender(name: str) -> Gender:
    """The gender that the characters of a given name suggest: 娟 a woman, 强 a man; empty where they do not, or both."""
    if not 2 <= len(name) <= 4:
        return ""
    if name[0] == "老":
        return "m"
    given = set(name[1:])
    female, male = bool(given & _FEMALE_GIVEN), bool(given & _MALE_GIVEN)
    return "f" if female and not male else "m" if male and not female else ""


def count_pronouns(script: Script) -> int:
    """The number of pronouns in the actions of a script, and in the remarks in its speeches."""
    return sum(
        len(PRONOUN.findall(text))
        for line in script.lines
        for text in ((line.text,) if line.kind == "action" else line.parentheticals)
    )


class Resolver:
    """Goes through a script line by line and resolves what is safe. `enter` each scene, then give its lines in order."""

    def __init__(self, script: Script):
        self.genders = genders_of(script)
        self.minor = script.minor
        self.seen: list[_Seen] = []
        self.everyone: dict[str, int | None] = {}  # in this scene: the line that last named each
        self.printed: tuple[str, ...] = ()

    def enter(self, scene: Scene) -> None:
        """Forget the scene before."""
        self.seen = []
        self.printed = tuple(name for name in scene.printed_cast if name in self.genders)
        self.everyone = {}

    def line(self, line: Line, acted: Acted) -> list[Found]:
        """The pronouns of a line's actions that are resolved, in order; and remember who is in the line."""
        found: list[Found] = []
        speaker = line.speakers[0] if len(line.speakers) == 1 else ""
        if not acted:  # most lines: somebody speaks
            if line.speakers:
                self._remember(list(line.speakers), line, acted, speaker)
            return found
        names = [*line.speakers, *(name for _, spans in acted for _, _, name in spans)]
        first = speaker
        for k, (text, spans) in enumerate(acted):
            if PRONOUN.search(text) is not None:
                mentions = _mentions_in(text, spans, self.genders)
                found += self._resolve(text, mentions, speaker, line, k)
                first = first or next((m.name for m in mentions if m.is_subject), "")
        if found:
            names += [one.name for one in found]
            if not first and found[0].rule in ("subject", "only"):
                first = found[0].name
        self._remember(names, line, acted, first)
        return found

    def _remember(self, names: list[str], line: Line, acted: Acted, first: str) -> None:
        for name in names:
            self.everyone[name] = line.index
        self.seen.append(_Seen(names, line.kind == "dialogue", acted, first))
        if len(self.seen) > _REACH:
            del self.seen[0]

    def _resolve(self, text: str, mentions: list[_Mention], speaker: str, line: Line, piece: int) -> list[Found]:
        found: list[Found] = []
        known = list(mentions)
        for pronoun in PRONOUN.finditer(text):
            before = [mention for mention in known if mention.start < pronoun.start()]
            word, start = pronoun[0], pronoun.start()
            if word in ("他", "她"):
                one = self._single(text, word, start, before, speaker, line)
            elif word == "自己":
                one = self._oneself(text, start, before, speaker)
            elif word == "对方":
                one = self._other(text, start, before, self._subject_before(before, speaker), "", speaker)
            else:
                for name in self._group(word, before, speaker, text, start, mentions):
                    found.append(Found(name, word, "group", self.everyone.get(name), piece, start))
                continue
            if one is not None:
                name, rule = one
                antecedent = line.index if any(m.name == name for m in before) else self.everyone.get(name, line.index)
                found.append(Found(name, word, rule, antecedent, piece, start))
                known.append(
                    _Mention(name, start, self.genders.get(name, ""), _is_subject(text, start), _clause_of(text, start))
                )
                known.sort(key=lambda mention: mention.start)
        return found

    def _fits(self, name: str, word: str) -> bool:
        gender = self.genders.get(name, "")
        return not gender or gender == ("f" if word[0] == "她" else "m")

    def _single(
        self, text: str, word: str, start: int, before: list[_Mention], speaker: str, line: Line
    ) -> tuple[str, Rule] | None:
        """Whom 他 or 她 means."""
        wanted = "f" if word == "她" else "m"
        is_subject = _is_subject(text, start)
        clause = _clause_of(text, start)
        local = [m for m in before if not m.gender or m.gender == wanted]
        own = next((m for m in before if m.is_subject and m.clause == clause), None)
        if not is_subject or speaker:
            actor = own.name if own is not None else self._subject_before(before, speaker)
            return self._other(text, start, before, actor, word, speaker)
        if local:
            people = {m.name for m in local}
            if len(people) == 1:
                name = people.pop()
                goes_on = local[-1].is_subject and not _SENTENCE_END.search(text, local[-1].start, start)
                return (name, "subject") if name and (goes_on or not self._is_rival(name, word)) else None
            known = list(dict.fromkeys(m.name for m in local if m.gender))
            is_first = local[0].is_subject and local[0].name == (known or [""])[0]
            return (known[0], "subject") if len(known) == 1 and known[0] and is_first else None
        return self._from_before(word)

    def _subject_before(self, before: list[_Mention], speaker: str) -> str:
        subjects = [m.name for m in before if m.is_subject]
        return subjects[-1] if subjects else speaker

    def _is_rival(self, name: str, word: str) -> bool:
        """Whether somebody whose gender surely fits is at hand, and this one's is not known."""
        if self.genders.get(name):
            return False
        wanted = "f" if word[0] == "她" else "m"
        return any(
            self.genders.get(other) == wanted for seen in self.seen[-2:] for other in seen.names if other != name
        )

    def _from_before(self, word: str) -> tuple[str, Rule] | None:
        """Whom a pronoun that opens a line means: from the lines before."""
        wanted = "f" if word == "她" else "m"
        people: dict[str, None] = {}
        for seen in reversed(self.seen):
            if seen.has_stranger(wanted, self.genders):
                return None
            people.update(dict.fromkeys(name for name in seen.names if self._fits(name, word)))
        if not people:
            return None
        sure = [name for name in people if self.genders.get(name)]
        if len(people) == 1:
            return next(iter(people)), "only"
        if len(sure) == 1:
            return sure[0], "only"
        subject = self.seen[-1].subject(self.genders)
        if subject in people and (not sure or subject in sure):
            others = [name for name in self.seen[-1].names if name != subject and name in people]
            if not others:
                return subject, "subject"
        return None

    def _other(
        self, text: str, start: int, before: list[_Mention], actor: str, word: str, speaker: str
    ) -> tuple[str, Rule] | None:
        """Whom a pronoun means that is not the subject of its clause: the other one, if there is just one."""

        def fits(name: str) -> bool:
            return name != actor and (not word or self._fits(name, word))

        wanted = {"她": "f", "他": "m"}.get(word[:1], "")
        local = list(
            dict.fromkeys(m.name for m in before if fits(m.name) and (not m.gender or not wanted or m.gender == wanted))
        )
        if local:
            return (local[0], "object") if len(local) == 1 and local[0] else None
        people: dict[str, int] = {}
        for age, seen in enumerate(reversed(self.seen)):
            if seen.has_stranger(wanted, self.genders):
                return None
            for name in seen.names:
                if fits(name):
                    people.setdefault(name, age)
        sure = [name for name in people if word and self.genders.get(name)]
        if len(people) == 1 or len(sure) == 1:
            name = sure[0] if len(sure) == 1 else next(iter(people))
            is_own = word and actor and text[start + 1 : start + 2] == "的" and self._fits(actor, word)
            return None if is_own and _AT_ANOTHER.search(text[:start]) is None else (name, "object")
        if people and actor:
            # Who did or said something last, and the actor reacts to it.
            subject = self.seen[-1].subject(self.genders)
            takes_part = any(actor in seen.names for seen in self.seen)
            if subject in people and (speaker or (self.seen[-1].is_speech and takes_part)):
                return subject, "addressee"
        if not people and actor and word and self._fits(actor, word) and self.genders.get(actor):
            return actor, "only"
        return None

    def _oneself(self, text: str, start: int, before: list[_Mention], speaker: str) -> tuple[str, Rule] | None:
        """Whom 自己 means: the subject of its sentence."""
        sentence = max((end.end() for end in _SENTENCE_END.finditer(text, 0, start)), default=0)
        subjects = [m.name for m in before if m.is_subject and m.start >= sentence]
        if subjects:
            return (subjects[-1], "self") if subjects[-1] else None
        if speaker:
            return speaker, "self"
        last = [m.name for m in before if m.is_subject]
        return (last[-1], "self") if last and last[-1] else None

    def _group(
        self, word: str, before: list[_Mention], speaker: str, text: str, start: int, mentions: list[_Mention]
    ) -> list[str]:
        """Whom 两人, 二人, 他们, 她们 mean: those in the line before it, else those on stage."""
        is_pair = word[0] in "两二"
        local = list(dict.fromkeys(m.name for m in before))
        if len([name for name in local if name]) >= 2 and "" not in local:
            return local if not is_pair or len(local) == 2 else []
        if local or speaker:
            return []
        people = dict.fromkeys(name for seen in reversed(self.seen) for name in seen.names if name not in self.minor)
        if any(seen.has_stranger("", self.genders) for seen in self.seen):
            return []
        if word == "她们":
            people = dict.fromkeys(name for name in people if self.genders.get(name) != "m")
        everyone = dict.fromkeys([*self.printed, *self.everyone])
        for group in (people, everyone):
            n = len(group)
            if n == 2 or (n == 3 and not is_pair):
                return sorted(group, key=list(everyone).index)
        return []


def _mentions_in(text: str, spans: Sequence[tuple[int, int, str]], genders: Mapping[str, Gender]) -> list[_Mention]:
    """The people in a text, named ones and those without a name, in order."""
    found = [
        _Mention(name, start, genders.get(name, ""), _is_subject(text, start), _clause_of(text, start))
        for start, _, name in spans
    ]
    taken = {i for start, end, _ in spans for i in range(start, end)}
    for person in _PERSON.finditer(text):
        if taken.isdisjoint(range(person.start(), person.end())):
            start = person.start()
            found.append(_Mention("", start, _by_words(person[0]), _is_subject(text, start), _clause_of(text, start)))
    return sorted(found, key=lambda mention: mention.start)


def _clause_of(text: str, at: int) -> int:
    """The number of the clause that a place is in."""
    return len(_CLAUSE_END.findall(text, 0, at))


def _is_subject(text: str, at: int) -> bool:
    """Whether a person at this place of a text is the subject: at the start of a clause, or behind an adverbial."""
    start = 0
    for end in _CLAUSE_END.finditer(text, 0, at):
        start = end.end()
    before = text[start:at].strip(" 　△▲“”")
    if not before:
        return True
    if before.endswith(("和", "与", "跟", "、")):
        return False
    return _OBJECT_BEFORE.search(before) is None and (_ADVERBIAL.match(before) is not None or len(before) <= 2)
