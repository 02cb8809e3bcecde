"""Who is in a line: who speaks it, who is seen or named in it on stage, and who is only talked about.

Speakers, and everyone whom an action names, are present; so is whom the remarks in a speech name (`林远（拉住陈念）：`). Who is named
in what is said, narrated, sung or captioned is only talked about: kept in `Line.mentioned`, without a cue.
"""

from __future__ import annotations

import msgspec

from juqing.reading.pronouns import Resolver
from juqing.script import Cue, Line, Scene, Script
from juqing.text.names import NameFinder

Acted = list[tuple[str, list[tuple[int, int, str]]]]
"""The texts of a line that tell what is seen, each with the `(start, end, name)` of the names in it."""


def name_finder(script: Script) -> NameFinder:
    """Finds the characters of a script, by their names and by the aliases that were merged into them."""
    forms = {character.name: character.name for character in script.cast}
    for character in script.cast:
        for alias in character.merged:
            forms.setdefault(alias, character.name)
    return NameFinder(forms)


def find_cues(script: Script, *, pronouns: bool = True) -> Script:
    """The same script with its cues found anew from its lines and its cast.

    Args:
        script: A script; the cues that it has do not matter.
        pronouns: Resolve the pronouns of actions where that is safe (`juqing.reading.pronouns`).
    """
    finder = name_finder(script)
    resolver = Resolver(script) if pronouns and script.language in ("zh", "zh-Hant") else None
    cues: list[Cue] = []
    scenes: list[Scene] = []
    for scene in script.scenes:
        if resolver is not None:
            resolver.enter(scene)
        lines = scene.lines
        changed: dict[int, Line] = {}
        for k, line in enumerate(lines):
            acted = acted_texts(line, finder)
            mentioned = finder.find(line.text) if line.kind != "action" else ()
            n_first = len(cues)
            seen: dict[str, None] = {}
            for name in line.speakers:
                if name not in seen:
                    seen[name] = None
                    cues.append(_cue(cues, n_first, line, name, "cue"))
            for text, spans in acted:
                for start, end, name in spans:
                    if name not in seen:
                        seen[name] = None
                        word = text[start:end]
                        cues.append(_cue(cues, n_first, line, name, "name", "" if word == name else word))
            if resolver is not None:
                for found in resolver.line(line, acted):
                    if found.name not in seen:
                        seen[found.name] = None
                        cues.append(
                            _cue(cues, n_first, line, found.name, "pronoun", found.word, found.rule, found.antecedent)
                        )
            if (told := tuple(name for name in mentioned if name not in seen)) != line.mentioned:
                changed[k] = msgspec.structs.replace(line, mentioned=told)
        if changed:
            lines = tuple(changed.get(k, line) for k, line in enumerate(lines))
        scenes.append(msgspec.structs.replace(scene, lines=lines) if changed else scene)
    return msgspec.structs.replace(script, scenes=tuple(scenes), cues=tuple(cues))


def acted_texts(line: Line, finder: NameFinder) -> Acted:
    """What of a line is seen: an action's text, the remarks in a speech; with the names in each."""
    texts = (line.text,) if line.kind == "action" else line.parentheticals if line.kind in ("dialogue", "lyric") else ()
    return [(text, finder.spans(text)) for text in texts]


def _cue(cues: list[Cue], n_first: int, line: Line, name: str, by: str, word: str = "", rule: str = "", antecedent: int | None = None) -> Cue:  # fmt: skip
    role = "speaker" if by == "cue" else "present"
    row = f"{line.scene + 1}-{line.index + 1}-{len(cues) - n_first + 1}"
    return Cue(len(cues), line.index, name, role, row, by, word, rule, antecedent)  # type: ignore[arg-type]
