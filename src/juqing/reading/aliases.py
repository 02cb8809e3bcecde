"""One person under several names: what to merge is suggested, with a reason; only the user's own map merges.

A map is TOML, `"李明" = ["小明", "李总"]` a row: the name that counts, and the names that count as it.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from juqing.errors import FormatError, InputError, reason_of
from juqing.reading.cast import is_minor
from juqing.reading.cues import looks_like_name
from juqing.reading.presence import find_cues
from juqing.script import Character, Script
from juqing.text.names import HAN, name_finder

_MAX_MAP_BYTES = 2**20
_MAX_COMPARED = 300  # names that are compared with each other, those with the most cues
_AGES = "少年 少女 童年 幼年 幼时 小时候的 儿时 年轻 年轻的 青年 中年 老年 晚年 成年 年轻时的 老年的 幼 YOUNG OLD TEEN LITTLE".split()
_TITLES = (
    "总 董 局 处 科 队 厂 院 校 主任 经理 总监 老师 教授 医生 大夫 护士 律师 警官 队长 局长 处长 科长 所长 院长 校长 厂长 站长 村长 镇长 县长 书记 "
    "师傅 师父 老板 老板娘 先生 太太 夫人 女士 小姐 姑娘 公子 少爷 大人 将军 元帅 掌柜 捕头 大侠 道长 哥 姐 弟 妹 叔 伯 婶 姨 嫂 爷 奶奶 妈 爸 婆 公 导 编 工 记者 博士 大爷 大妈 大叔 阿姨 大哥 大姐"
).split()
_TITLE = "|".join(sorted(_TITLES, key=len, reverse=True))
_WITH_TITLE = re.compile(rf"^(?P<surname>[{HAN}]{{1,2}}?)(?P<title>{_TITLE})$")
_NICKNAME = re.compile(
    rf"^(?:小|老|阿|大)(?P<part>[{HAN}]{{1,2}})$|^(?P<twice>[{HAN}])(?P=twice)$|^(?P<child>[{HAN}])儿$"
)
_DOUBLE_SURNAMES = frozenset(
    "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 司徒 令狐 宇文 长孙 南宫 夏侯 端木 百里 独孤 轩辕".split()
)
_FULL_NAME = re.compile(rf"^[{HAN}]{{2,4}}$")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`alias` may be another name of `name`: how likely, 0..1, and why, in both languages."""

    name: str
    alias: str
    confidence: float
    reason: str
    chinese: str


def read_aliases(path: Path | str) -> dict[str, tuple[str, ...]]:
    """Read a map of aliases.

    Raises:
        InputError: The file cannot be opened.
        FormatError: It is no TOML, or not a table of names with lists of names; a name stands in two rows.
    """
    path = Path(path)
    try:
        data = path.read_bytes()[: _MAX_MAP_BYTES + 1]
    except (OSError, ValueError) as error:
        raise InputError(f"the aliases cannot be read: {reason_of(error)}.", "Check the path.", path=path) from None
    remedy = 'Write one row a person: "李明" = ["小明", "李总"].'
    if len(data) > _MAX_MAP_BYTES:
        raise FormatError(f"a map of aliases is at most {_MAX_MAP_BYTES:,} bytes.", remedy, path=path)
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise FormatError("the file is not in UTF-8.", "Save it as UTF-8.", path=path) from None
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"at line (\d+)", str(error))
        if "overwrite a value" in str(error):
            found = "a name has two rows."
            raise FormatError(found, remedy, path=path, line=int(line[1]) if line else None) from None
        raise FormatError(
            f"this is no TOML ({error}).", remedy, path=path, line=int(line[1]) if line else None
        ) from None
    aliases: dict[str, tuple[str, ...]] = {}
    owners: dict[str, str] = {}
    for name, others in table.items():
        if not isinstance(others, list) or not all(isinstance(other, str) and other.strip() for other in others):
            raise FormatError(f"the value of {name!r} is not a list of names.", remedy, path=path)
        aliases[name] = tuple(dict.fromkeys(other.strip() for other in others if other.strip() != name))
        for alias in aliases[name]:
            if owners.setdefault(alias, name) != name:
                raise FormatError(
                    f"{alias!r} is an alias of both {owners[alias]!r} and {name!r}.", "Keep it in one row.", path=path
                )
    if both := next((alias for alias in owners if alias in aliases), None):
        raise FormatError(
            f"{both!r} is an alias of {owners[both]!r} and has a row of its own.",
            "Put all its names in one row.",
            path=path,
        )
    return aliases


def format_aliases(suggestions: Iterable[Suggestion], *, sure: float = 0.9, chinese: bool = True) -> str:
    """Suggestions as a file that `read_aliases` reads: those of at least `sure` count, the others are commented out."""
    head = (
        "# 一行一人：算作谁 = [别的叫法]。去掉行首的 # 就生效。用法：juqing analyze 剧本 --aliases 这个文件"
        if chinese
        else "# One row a person: the name that counts = [its other names]. Remove a # to use a row."
        " Use: juqing analyze SCRIPT --aliases THIS-FILE"
    )
    rows = [head]
    taken: set[str] = set()
    merged: dict[str, list[str]] = {}
    doubtful: list[Suggestion] = []
    for suggestion in sorted(suggestions, key=lambda s: -s.confidence):
        if suggestion.confidence >= sure and suggestion.alias not in taken and suggestion.alias not in merged:
            if suggestion.name in taken:
                doubtful.append(suggestion)
                continue
            merged.setdefault(suggestion.name, []).append(suggestion.alias)
            taken.add(suggestion.alias)
        else:
            doubtful.append(suggestion)
    perhaps: dict[str, list[Suggestion]] = {}
    for suggestion in doubtful:
        perhaps.setdefault(suggestion.name, []).append(suggestion)
    for name in dict.fromkeys((*merged, *perhaps)):  # one row a name: TOML takes no second
        others = [*merged.get(name, ()), *(s.alias for s in perhaps.get(name, ()) if name not in merged)]
        row = f"{'' if name in merged else '# '}{_quoted(name)} = [{', '.join(map(_quoted, others))}]"
        whys = [
            f"{s.alias}：{s.chinese}，把握 {s.confidence:.0%}"
            if chinese
            else f"{s.alias}: {s.reason}, {s.confidence:.0%}"
            for s in perhaps.get(name, ())
        ]
        if whys and name in merged:
            whys.insert(0, "也许还有" if chinese else "perhaps also")
        rows.append(row + (f"  # {_one_line(('；' if chinese else '; ').join(whys))}" if whys else ""))
    return "\n".join(rows) + "\n"


def _one_line(text: str) -> str:
    return "".join(c if c.isprintable() else " " for c in text)


def _quoted(name: str) -> str:
    escaped = "".join(c if c.isprintable() and c not in '"\\' else f"\\u{min(ord(c), 0xFFFF):04x}" for c in name)
    return f'"{escaped}"'


def merge_aliases(script: Script, aliases: Mapping[str, Sequence[str]], *, pronouns: bool = True) -> Script:
    """The script with the aliases counted as the names that they stand for, in cues, casts and lines.

    Args:
        script: As read.
        aliases: `{"李明": ["小明", "李总"]}`. Names that the script does not have are left alone; an alias that only occurs
            in the text becomes a name to look for.
        pronouns: As for `read_script`.
    """
    if not any(alias != name for name, others in aliases.items() for alias in others):
        return script
    renamed = rename_characters(script, aliases)
    if script.format != "table":
        return find_cues(renamed, pronouns=pronouns)
    to_name = _by_alias(aliases)
    cues = [msgspec.structs.replace(cue, character=to_name.get(cue.character, cue.character)) for cue in script.cues]
    return msgspec.structs.replace(renamed, cues=tuple(cues))


def rename_characters(script: Script, aliases: Mapping[str, Sequence[str]]) -> Script:
    """The script with the aliases of `merge_aliases` replaced in its cast, scenes and lines; its cues are as they were."""
    to_name = _by_alias(aliases)

    def renamed(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(to_name.get(name, name) for name in names))

    known = {character.name for character in script.cast}
    text = "\n".join(part for line in script.lines for part in (line.text, *line.parentheticals))
    aliases = {
        name: tuple(alias for alias in others if alias in known or alias in text) for name, others in aliases.items()
    }
    cast: dict[str, Character] = {}
    for character in script.cast:
        name = to_name.get(character.name, character.name)
        old = cast.get(name)
        if old is None:
            merged = tuple(alias for alias in aliases.get(name, ()) if alias != name)
            cast[name] = msgspec.structs.replace(
                character, name=name, minor=is_minor(name), merged=merged, aliases=_without(character.aliases, merged)
            )
        else:
            cast[name] = msgspec.structs.replace(
                old,
                aliases=_without((*old.aliases, *character.aliases), (name, *old.merged)),
                note=old.note or character.note,
            )
    for name in aliases:
        if name not in cast and not known.isdisjoint(aliases[name]):
            cast[name] = Character(name, minor=is_minor(name), merged=tuple(aliases[name]))
    scenes = tuple(
        msgspec.structs.replace(
            scene,
            printed_cast=renamed(scene.printed_cast),
            lines=tuple(
                msgspec.structs.replace(line, speakers=renamed(line.speakers), mentioned=renamed(line.mentioned))
                for line in scene.lines
            ),
        )
        for scene in script.scenes
    )
    return msgspec.structs.replace(script, scenes=scenes, cast=tuple(cast.values()))


def unknown_names(scripts: Iterable[Script], aliases: Mapping[str, Sequence[str]]) -> list[str]:
    """Names of a map of aliases that are in none of the scripts which were read with it: perhaps they are misspelled."""
    known = {name for script in scripts for person in script.cast for name in (person.name, *person.merged)}
    return [name for row in aliases.items() for name in (row[0], *row[1]) if name not in known]


def _by_alias(aliases: Mapping[str, Sequence[str]]) -> dict[str, str]:
    return {alias: name for name, others in aliases.items() for alias in others if alias != name}


def _without(names: Iterable[str], others: Iterable[str]) -> tuple[str, ...]:
    out = set(others)
    return tuple(dict.fromkeys(name for name in names if name not in out))


def suggest_aliases(script: Script) -> list[Suggestion]:
    """Names that may be one person, the surest first: what the cast list says, ages, titles, nicknames, given names.

    Two names that ever share a scene's dialogue as different speakers one after the other are the less likely.
    """
    n_cues = Counter(cue.character for cue in script.cues)
    people = sorted((c for c in script.cast if not c.minor), key=lambda c: -n_cues[c.name])[:_MAX_COMPARED]
    names = [character.name for character in people]
    talk = _talk_together(script)
    found: dict[tuple[str, str], Suggestion] = {}

    def suggest(name: str, alias: str, confidence: float, reason: str, chinese: str) -> None:
        if name == alias or (name, alias) in found or (alias, name) in found:
            return
        if frozenset((name, alias)) in talk:  # they answer each other
            confidence *= 0.4
            reason, chinese = f"{reason}; but they talk to each other", f"{chinese}，但两者有对话"
        found[name, alias] = Suggestion(name, alias, round(confidence, 2), reason, chinese)

    for character in people:
        for alias in character.aliases:
            suggest(character.name, alias, 0.95, "the cast list says so", "人物表里写明")
    full = [name for name in names if _FULL_NAME.match(name) and not _WITH_TITLE.match(name)]
    mentioned = _other_names(script)
    by_key = {name.upper(): name for name in names}
    for alias in dict.fromkeys((*names, *mentioned)):
        for age in _AGES:
            rest = alias[len(age) :].strip().upper() if alias.upper().startswith(age) else ""
            if rest in by_key:
                suggest(by_key[rest], alias, 0.9, f"“{by_key[rest]}” at another age", f"“{age}”是年龄，应是同一人")
        for name, share, reason, chinese in _by_form(alias, full):
            suggest(name, alias, share, reason, chinese)
    for alias in names:
        for name in names:
            if " " in name and alias.upper() == name.split()[0].upper():
                suggest(name, alias, 0.8, "the first name of one person alone", "是全名的名字部分")
            elif name != alias and name.upper() == alias.upper() and n_cues[name] >= n_cues[alias]:
                suggest(name, alias, 0.95, "the same name in other capitals", "只有大小写不同")
    return sorted(found.values(), key=lambda s: (-s.confidence, s.name, s.alias))


def _by_form(alias: str, full: Sequence[str]) -> list[tuple[str, float, str, str]]:
    """Full names that a short name may stand for: a surname with a title, a nickname, the given name alone."""
    owners: list[tuple[str, str, str, float]] = []
    if (titled := _WITH_TITLE.match(alias)) is not None:
        surname = titled["surname"]
        owners = [
            (n, f"surname {surname} with a title", f"姓氏“{surname}”加称呼", 0.6)
            for n in full
            if _surname(n) == surname
        ]
        owners += [
            (n, "given name with a title", "名字加称呼", 0.7)
            for n in full
            if n != alias and _given(n).endswith(surname) and len(n) > len(surname)
        ]
    elif (nick := _NICKNAME.match(alias)) is not None:
        part = nick["part"] or nick["twice"] or nick["child"] or ""
        owners = [
            (n, f"nickname with {part} of the given name", f"昵称，“{part}”是名字里的字", 0.75)
            for n in full
            if n != alias and part in (_given(n), _given(n)[-1:])
        ]
        owners += [
            (n, f"nickname with the surname {part}", f"“{part}”是姓氏的昵称", 0.6)
            for n in full
            if n != alias and _surname(n) == part
        ]
    elif len(alias) >= 2:
        owners = [
            (n, "the given name", "只称名字，不带姓", 0.8) for n in full if len(n) > len(alias) and _given(n) == alias
        ]
    people = {owner[0] for owner in owners}
    share = 1.0 if len(people) == 1 else 0.5 if len(people) == 2 else 0.3
    return [(name, confidence * share, reason, chinese) for name, reason, chinese, confidence in owners]


def _surname(name: str) -> str:
    return name[:2] if name[:2] in _DOUBLE_SURNAMES else name[:1]


def _given(name: str) -> str:
    return name[len(_surname(name)) :]


def _talk_together(script: Script) -> set[frozenset[str]]:
    """Pairs of speakers of which one answers the other."""
    pairs: set[frozenset[str]] = set()
    for scene in script.scenes:
        before: tuple[str, ...] = ()
        for line in scene.lines:
            if line.kind == "dialogue":
                pairs.update(frozenset((a, b)) for a in before for b in line.speakers if a != b)
                before = line.speakers
    return pairs


def _other_names(script: Script) -> list[str]:
    """Names that nobody bears but that are called at least twice in speeches: 小明, 李总, 明哥."""
    finder = name_finder(script)
    counts: Counter[str] = Counter()
    for line in script.lines:
        if line.kind == "dialogue":
            for called in re.findall(rf"(?:^|[，。！？、…\s])([{HAN}]{{2,3}})(?=[，。！？、…])", line.text):
                if (
                    called not in finder.forms
                    and (_WITH_TITLE.match(called) or _NICKNAME.match(called))
                    and looks_like_name(called)
                ):
                    counts[called] += 1
    return [name for name, n in counts.items() if n > 1]
