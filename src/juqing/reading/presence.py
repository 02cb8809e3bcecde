"""Who is in a line: who speaks it, who is seen or named in it on stage, and who is only talked about.

Speakers, and everyone whom an action names, are present; so is whom the remarks in a speech name (`林远（拉住陈念）：`). Who is named
in what is said, narrated, sung or captioned is only talked about: kept in `Line.mentioned`, without a cue.
"""

from __future__ import annotations

from typing import Any

import msgspec

from juqing.reading.pronouns import Acted, Resolver
from juqing.script import Cue, Line, Scene, Script
from juqing.text.names import NameFinder, name_finder


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
        changed: dict[int, Line] = {}
        for k, line in enumerate(scene.lines):
            acted = acted_texts(line, finder)
            seen: dict[str, tuple[Any, ...]] = {name: ("cue",) for name in line.speakers}
            for text, spans in acted:
                for start, end, name in spans:
                    if name not in seen:
                        word = text[start:end]
                        seen[name] = ("name", "" if word == name else word)
            if resolver is not None:
                for found in resolver.line(line, acted):
                    if found.name not in seen:
                        seen[found.name] = ("pronoun", found.word, found.rule, found.antecedent)
            row = f"{scene.index + 1}-{line.index + 1}-"
            for n, (name, how) in enumerate(seen.items(), start=1):
                role = "speaker" if how[0] == "cue" else "present"
                cues.append(Cue(len(cues), line.index, name, role, f"{row}{n}", *how))
            if line.kind != "action":
                told = tuple(name for name in finder.find(line.text) if name not in seen)
                if told != line.mentioned:
                    changed[k] = msgspec.structs.replace(line, mentioned=told)
        if changed:
            lines = tuple(changed.get(k, line) for k, line in enumerate(scene.lines))
            scenes.append(msgspec.structs.replace(scene, lines=lines))
        else:
            scenes.append(scene)
    return msgspec.structs.replace(script, scenes=tuple(scenes), cues=tuple(cues))


def acted_texts(line: Line, finder: NameFinder) -> Acted:
    """What of a line is seen: an action's text, the remarks in a speech; with the names in each."""
    if line.kind == "action":
        return [(line.text, finder.spans(line.text))]
    if line.parentheticals and line.kind in ("dialogue", "lyric"):
        return [(text, finder.spans(text)) for text in line.parentheticals]
    return []
