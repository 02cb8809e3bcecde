"""stub"""

from __future__ import annotations

from typing import NamedTuple

from juqing.script import Line, Scene, Script


class Found(NamedTuple):
    name: str
    word: str
    rule: str
    antecedent: int | None


class Resolver:
    def __init__(self, script: Script):
        pass

    def enter(self, scene: Scene) -> None:
        pass

    def line(self, line: Line, acted) -> list[Found]:
        return []
