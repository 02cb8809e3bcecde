"""The six emotions of the task: their order, names, scale and colors."""

from __future__ import annotations

from dataclasses import dataclass

N_EMOTIONS = 6
MAX_STRENGTH = 3.0
"""Strengths are real numbers from 0 (none) over 1 (weak) and 2 (medium) to 3 (strong)."""


@dataclass(frozen=True, slots=True)
class Emotion:
    """One emotion; `color` is the same in every chart, and told apart by color-blind readers.

    The colors are those of Okabe & Ito, "Color Universal Design" (2008), darkened where they were too light for text.
    """

    name: str
    chinese: str
    color: str

    def label(self, language: str) -> str:
        """The name in a language: Chinese for `zh…`, else English."""
        return self.chinese if language.startswith("zh") else self.name


EMOTIONS = (
    Emotion("love", "爱", "#c4619b"),
    Emotion("joy", "乐", "#c98500"),
    Emotion("fright", "惊", "#2b93cc"),
    Emotion("anger", "怒", "#d04a02"),
    Emotion("fear", "恐", "#00835f"),
    Emotion("sorrow", "哀", "#2b4a9b"),
)
EMOTION_NAMES = tuple(emotion.name for emotion in EMOTIONS)
