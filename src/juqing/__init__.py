"""juqing (剧情) reads a screenplay and tells how strongly every character in every line feels six emotions.

script = juqing.read_script("script.txt")
scores = juqing.load().score(script)
scores.table()
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from juqing.emotions import EMOTIONS
    from juqing.errors import JuqingError
    from juqing.reading import read_script, read_scripts
    from juqing.runtime import load
    from juqing.scores import EmotionScores, Recognizer, level_probabilities
    from juqing.script import Cue, Line, Scene, Script
    from juqing.writing import write_script

__version__ = "0.1.0"

__all__ = [
    "EMOTIONS",
    "Cue",
    "EmotionScores",
    "JuqingError",
    "Line",
    "Recognizer",
    "Scene",
    "Script",
    "level_probabilities",
    "load",
    "read_script",
    "read_scripts",
    "write_script",
]

_HOMES = {
    "EMOTIONS": "emotions",
    "Cue": "script",
    "EmotionScores": "scores",
    "JuqingError": "errors",
    "Line": "script",
    "Recognizer": "scores",
    "Scene": "script",
    "Script": "script",
    "level_probabilities": "scores",
    "load": "runtime",
    "read_script": "reading",
    "read_scripts": "reading",
    "write_script": "writing",
}


def __getattr__(name: str) -> Any:
    # Names are loaded when they are first used: `juqing --help` must not wait for NumPy.
    if name in _HOMES:
        return getattr(importlib.import_module(f"juqing.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'juqing' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
