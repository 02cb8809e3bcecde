"""Fountain and Final Draft samples, read by us and by two other programs: where we differ, `DIFFERENCES` says why.

A pair is (kind, text); a speech is `NAME: what is said`, one pair a speech. Differences that vanish fail the test as well.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from pathlib import Path

import pytest
from conftest import ENGLISH, FEATURE, SHORT
from screenplain.parsers import fountain as screenplain_fountain
from screenplain.types import Action, Dialog, DualDialog, Slug, Transition
from screenplay_tools.fdx.parser import Parser as FdxParser
from screenplay_tools.fountain.parser import Parser as FountainParser
from screenplay_tools.screenplay import Script as ToolsScript

from juqing.reading import read_script, read_text
from juqing.script import Script
from juqing.writing import to_fdx, to_fountain

CORPUS = Path(__file__).parents[1] / "data" / "scripts"
Pair = tuple[str, str]


def clean(text: str) -> str:
    """A text without emphasis marks, its spaces made one."""
    return " ".join(re.sub(r"[*_\\]", "", text).split())


def ours(script: Script) -> list[Pair]:
    pairs: list[Pair] = []
    for scene in script.scenes:
        if scene.heading:
            pairs.append(("heading", clean(scene.heading)))
        for line in scene.lines:
            if line.kind in ("dialogue", "narration"):
                pairs.append(("speech", clean(f"{'/'.join(line.speakers)}: {line.text}")))
            else:
                kind = line.kind if line.kind == "transition" else "action"
                pairs.append((kind, clean(line.text)))
    return pairs


def by_screenplain(text: str) -> list[Pair]:
    pairs: list[Pair] = []

    def add(paragraph: object) -> None:
        if isinstance(paragraph, DualDialog):
            add(paragraph.left)
            add(paragraph.right)
        elif isinstance(paragraph, Dialog):
            said = " ".join(str_of(block) for is_parenthetical, block in paragraph.blocks if not is_parenthetical)
            name = re.sub(r"\(.*?\)", "", str_of(paragraph.character)).strip()
            pairs.append(("speech", clean(f"{name}: {said}")))
        elif isinstance(paragraph, Slug):
            pairs.append(("heading", clean(str_of(paragraph.line))))
        elif isinstance(paragraph, Transition):
            pairs.append(("transition", clean(str_of(paragraph.line))))
        elif isinstance(paragraph, Action):
            pairs.append(("action", clean(" ".join(map(str_of, paragraph.lines)))))

    for paragraph in screenplain_fountain.parse(io.StringIO(text)):
        add(paragraph)
    return pairs


def str_of(rich: object) -> str:
    """The text of a RichString without its styles."""
    return "".join(segment.text for segment in getattr(rich, "segments", ())) or str(rich)


def by_screenplay_tools(script: ToolsScript) -> list[Pair]:
    pairs: list[Pair] = []
    speaker: str | None = None
    for element in script.elements:
        kind = element.type.value
        text = clean(re.sub(r"\[\[\d+\]\]|/\*\d+\*/", "", element.text_raw))  # its places of notes
        if kind == "CHARACTER":
            speaker = element.name
            pairs.append(("speech", f"{clean(str(speaker))}:"))
        elif kind == "DIALOGUE" and speaker is not None:
            pairs[-1] = ("speech", f"{pairs[-1][1]} {text}")
        elif kind in ("HEADING", "ACTION", "TRANSITION", "LYRIC", "DIALOGUE"):
            pairs.append(({"HEADING": "heading", "TRANSITION": "transition"}.get(kind, "action"), text))
            speaker = None
    return pairs


def tools_fountain(text: str) -> list[Pair]:
    parser = FountainParser()
    parser.add_text(text)
    return by_screenplay_tools(parser.script)


DIFFERENCES: dict[tuple[str, str], tuple[str, list[Pair], list[Pair]]] = {
    ("fountain-chinese-lenient", "screenplain"): (
        "Our own leniencies: bare known names, 。 headings, headings and speeches in Chinese house styles",
        [
            ("action", "陈念坐着。"),
            ("heading", "3、天台 夜 外"),
            ("heading", "外 街上 日"),
            ("speech", "林远: 嗯。"),
            ("speech", "林远: 风大。"),
            ("speech", "陈念: 下雨了。"),
            ("speech", "陈念: 你来了。"),
        ],
        [("action", "△陈念坐着。 陈念 你来了。 林远 嗯。 。外 街上 日 陈念 下雨了。 3、天台 夜 外 林远：风大。")],
    ),
    ("fountain-chinese-lenient", "screenplay-tools"): (
        "Our own leniencies: bare known names, 。 headings, headings and speeches in Chinese house styles",
        [
            ("action", "陈念坐着。"),
            ("heading", "3、天台 夜 外"),
            ("heading", "内 客厅 夜"),
            ("heading", "外 街上 日"),
            ("speech", "林远: 嗯。"),
            ("speech", "林远: 风大。"),
            ("speech", "陈念: 下雨了。"),
            ("speech", "陈念: 你来了。"),
        ],
        [
            (
                "action",
                ".内 客厅 夜 △陈念坐着。 陈念 你来了。 林远 嗯。 。外 街上 日 陈念 下雨了。 3、天台 夜 外 林远：风大。",
            )
        ],
    ),
    ("fountain-chinese-strict", "screenplain"): (
        "The mark △ is no part of our text",
        [("action", "林远坐着。")],
        [("action", "△林远坐着。")],
    ),
    ("fountain-chinese-strict", "screenplay-tools"): (
        "The mark △ is no part of our text",
        [("action", "林远坐着。")],
        [("action", "△林远坐着。")],
    ),
    ("fountain-elements", "screenplain"): ("It knows no lyrics", [("action", "La la la")], [("action", "~La la la")]),
    ("fountain-flashback", "screenplain"): (
        "Chinese flashback marks are transitions to us",
        [("transition", "闪回"), ("transition", "闪回结束")],
        [("action", "【闪回】"), ("action", "【闪回结束】")],
    ),
    ("fountain-flashback", "screenplay-tools"): (
        "Forced headings must be ASCII there; Chinese flashback marks are transitions to us",
        [("heading", "内 客厅 夜"), ("transition", "闪回"), ("transition", "闪回结束")],
        [("action", ".内 客厅 夜"), ("action", "【闪回】"), ("action", "【闪回结束】")],
    ),
    ("fountain-odd", "screenplain"): (
        "A question in quotes is no name; names joined by AND are two people; 第二集 is an episode",
        [("action", '"WHO IS IT?" Nobody answers.'), ("action", "== not a page break"), ("speech", "ELLA/BEN: Never!")],
        [
            ("action", "== not a page break 第二集"),
            ("speech", '"WHO IS IT?": Nobody answers.'),
            ("speech", "ELLA AND BEN: Never!"),
        ],
    ),
    ("fountain-odd", "screenplay-tools"): (
        "Names joined by AND are two people; 第二集 is an episode",
        [("action", "== not a page break"), ("speech", "ELLA/BEN: Never!")],
        [("action", "== not a page break 第二集"), ("speech", "ELLA AND BEN: Never!")],
    ),
    ("fountain-forced", "screenplain"): (
        "It takes ! for the whole paragraph and goes on over the @ cue; transitions become capitals",
        [("action", "ANN LOOKS UP"), ("speech", "McAvoy: Down there."), ("transition", "Slowly:")],
        [("action", "ANN LOOKS UP @McAvoy Down there."), ("transition", "SLOWLY:")],
    ),
    ("Tally", "screenplain"): (
        "It knows no lyrics",
        [
            (
                "speech",
                "DANNY: Leave the door upon the latch, love, Leave the kettle near the flame, I'll be late but I'll be walking, I'll be calling out your name.",
            )
        ],
        [
            (
                "speech",
                "DANNY: ~Leave the door upon the latch, love, ~Leave the kettle near the flame, ~I'll be late but I'll be walking, ~I'll be calling out your name.",
            )
        ],
    ),
    ("Tally", "screenplay-tools"): (
        "Lyrics inside a speech leave it there",
        [
            ("action", "The lamp goes out."),
            (
                "speech",
                "DANNY: Leave the door upon the latch, love, Leave the kettle near the flame, I'll be late but I'll be walking, I'll be calling out your name.",
            ),
        ],
        [
            (
                "action",
                "Leave the door upon the latch, love, Leave the kettle near the flame, I'll be late but I'll be walking, I'll be calling out your name. The lamp goes out.",
            ),
            ("speech", "DANNY:"),
        ],
    ),
    ("fdx-basic", "screenplay-tools"): (
        "It keeps the first run of a paragraph only",
        [("action", "Ann waits.")],
        [("action", "Ann")],
    ),
    ("fdx-chinese", "screenplay-tools"): (
        "Speeches that were typed into Action, full-width brackets of a cue, △, and a cast list that is none of the story",
        [("action", "林远开门。"), ("speech", "林远: 下雨了。"), ("speech", "林远: 谁？")],
        [
            ("action", "林远（小林）：司机"),
            ("action", "林远：（笑）谁？ △林远开门。"),
            ("speech", "林远（OS）: 下雨了。"),
        ],
    ),
    ("fdx-dual", "screenplay-tools"): ("It loses dual dialogue", [("speech", "ANN: No!"), ("speech", "TOM: Yes!")], []),
    ("fdx-no-heading", "screenplay-tools"): (
        "It needs a Content element",
        [("action", "Dark."), ("speech", "ANN: Light!")],
        [],
    ),
    ("fdx-title-page-and-revisions", "screenplay-tools"): (
        "第一集 is an episode, a flashback's marks are transitions, 甲、乙 are two; it keeps the first run, which a revision struck out",
        [
            ("action", "掌柜在这里等船。"),
            ("speech", "客官甲/客官乙: 小气！"),
            ("speech", "掌柜: 新账。"),
            ("transition", "闪回"),
            ("transition", "闪回结束"),
        ],
        [
            ("action", "【闪回】"),
            ("action", "第一集"),
            ("action", "掌柜在这里等船。 【闪回结束】"),
            ("speech", "客官甲、客官乙: 小气！"),
            ("speech", "掌柜: 旧账。"),
        ],
    ),
    ("fdx-omitted", "screenplay-tools"): (
        "An omitted scene is no scene to us",
        [("action", "A clock. It strikes.")],
        [("action", "A clock."), ("action", "It strikes."), ("heading", "OMITTED")],
    ),
}


def merged(pairs: list[Pair]) -> list[Pair]:
    """The pairs without empty ones, actions that follow each other made one: programs differ in how they part paragraphs."""
    result: list[Pair] = []
    for kind, text in pairs:
        if kind == "action" and result and result[-1][0] == "action":
            result[-1] = ("action", f"{result[-1][1]} {text}".strip())
        elif text:
            result.append((kind, text))
    return result


def compare(mine: list[Pair], theirs: list[Pair], key: tuple[str, str]) -> None:
    only_mine, only_theirs = Counter(merged(mine)), Counter(merged(theirs))
    only_mine, only_theirs = only_mine - only_theirs, only_theirs - only_mine
    _, expected_mine, expected_theirs = DIFFERENCES.get(key, ("", [], []))
    assert (sorted(only_mine.elements()), sorted(only_theirs.elements())) == (
        sorted(expected_mine),
        sorted(expected_theirs),
    )


@pytest.mark.parametrize("path", [*sorted(CORPUS.glob("fountain-*.fountain")), ENGLISH], ids=lambda path: path.stem)
@pytest.mark.parametrize("peer", ["screenplain", "screenplay-tools"])
def test_fountain(path, peer):
    text = path.read_text(encoding="utf-8")
    theirs = by_screenplain(text) if peer == "screenplain" else tools_fountain(text)
    compare(ours(read_script(path)), theirs, (path.stem, peer))


@pytest.mark.parametrize(
    "path",
    [path for path in sorted(CORPUS.glob("fdx-*.fdx")) if "entities" not in path.stem],
    ids=lambda path: path.stem,
)
def test_final_draft(path):
    theirs = by_screenplay_tools(FdxParser().parse(path.read_text(encoding="utf-8")))
    compare(ours(read_script(path)), theirs, (path.stem, "screenplay-tools"))


@pytest.mark.parametrize("path", [FEATURE, SHORT, ENGLISH], ids=lambda path: path.stem)
def test_others_read_what_we_write(path):
    """Headings and speeches of our Fountain are the same in both programs, and of our Final Draft in the one that reads it."""
    script = read_script(path)
    fountain = to_fountain(script)
    mine = [
        (kind, spoken(text)) for kind, text in ours(read_text(fountain, fountain=True)) if kind in ("heading", "speech")
    ]
    for theirs in (
        by_screenplain(fountain),
        tools_fountain(fountain),
        by_screenplay_tools(FdxParser().parse(to_fdx(script).decode())),
    ):
        assert [(kind, spoken(text)) for kind, text in theirs if kind in ("heading", "speech")] == mine


def spoken(text: str) -> str:
    """The name and the text of a speech without its remarks, which the others leave in the text."""
    name, colon, said = text.partition(":")
    return f"{name.strip().replace('旁白', '').replace(' / ', '/')}{colon}{said.strip()}"
