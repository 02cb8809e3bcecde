"""What two readings of one script must agree in: everything but positions, printed forms and what the format is called."""

from __future__ import annotations

from typing import Any

from juqing.script import Script


def content(script: Script) -> dict[str, Any]:
    """The script without source positions, printed text, blank lines, and the name and hash of its file."""
    return {
        "title": script.title,
        "authors": script.authors,
        "language": script.language,
        "scenes": [
            (
                scene.heading,
                scene.number,
                scene.interior,
                scene.place,
                scene.time,
                scene.part,
                scene.flag,
                scene.printed_cast,
            )
            for scene in script.scenes
        ],
        "lines": [
            (
                line.scene,
                line.kind,
                line.text,
                line.speakers,
                line.parentheticals,
                line.delivery,
                line.mentioned,
                line.flag,
            )
            for line in script.lines
        ],
        "cues": [(cue.line, cue.character, cue.role, cue.by, cue.word, cue.rule) for cue in script.cues],
        "cast": sorted((c.name, c.aliases, c.note, c.minor) for c in script.cast),
    }
