"""Pronouns: the hand-made set, each rule by an example, and what must stay unresolved."""

import pytest
from reading.pronoun_set import measure

from juqing.reading import read_text
from juqing.reading.pronouns import count_pronouns, genders_of
from juqing.script import Character, Script

HEAD = "1、渡口　夜　内\n人物：{}\n"


def found(text: str, people: str = "林远、陈念") -> list[tuple[str, str, str]]:
    script = read_text(HEAD.format(people) + text, fountain=False)
    return [(cue.word, cue.character, cue.rule) for cue in script.cues if cue.by == "pronoun"]


@pytest.mark.parametrize("name", ["dev", "held_out"])
def test_hand_made_set(name):
    result, baseline = measure(name), measure(name, baseline=True)
    assert result.precision >= 0.9
    assert result.accuracy >= 0.8
    assert result.accuracy > baseline.accuracy + 0.2


def test_the_set_is_large_enough():
    assert sum(measure(name).n_pronouns for name in ("dev", "held_out")) >= 150


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("△林远坐着。\n△他站起来。", [("他", "林远", "only")]),
        ("林远：走吧。\n△陈念看着他。", [("他", "林远", "object")]),
        ("林远：走吧。\n陈念（拉住他）：别走。", [("他", "林远", "object")]),
        ("林远：走吧。\n陈念看着他：别走。", [("他", "林远", "object")]),
        ("林远：走。\n陈念：好。\n△两人走进雨里。", [("两人", "林远", "group"), ("两人", "陈念", "group")]),
        ("△林远和陈念坐着。\n△他们笑了。", [("他们", "林远", "group"), ("他们", "陈念", "group")]),
        ("林远：走吧。\n陈念看着对方：别走。", [("对方", "林远", "object")]),
        # The name is in the line already: no further cue.
        ("△林远推开门，他看见了雨。", []),
        ("△林远捂住自己的脸。", []),
        # 其他, 吉他, what is said, and what nobody on stage can mean.
        ("林远：走吧。\n△其他人拿起吉他。", []),
        ("林远：他走了。", []),
        ("△他站起来。", []),
        # Two people, and nothing that tells them apart.
        ("△林远看着陈念，他的手在抖。", []),
        ("林远：走。\n△一个男人走过来。\n△他停下了。", []),
    ],
)
def test_rules(text, expected):
    assert found(text) == expected


def test_gender_tells_two_people_apart():
    text = "1、厅　夜　内\n△林远看着陈念。\n△她低下头。\n林远：走。\n陈念：不。"
    cast = "【人物小传】\n林远：男，三十岁。\n陈念：女，二十八岁。\n"
    script = read_text(cast + text, fountain=False)
    assert [(cue.word, cue.character, cue.antecedent) for cue in script.cues if cue.by == "pronoun"] == [
        ("她", "陈念", 0)
    ]


def test_a_new_scene_forgets():
    assert found("△林远坐着。\n2、街上　日　外\n△他走来。") == []


def test_switched_off():
    text = HEAD.format("林远") + "△林远坐着。\n△他站起来。\n林远：走。"
    assert all(cue.by != "pronoun" for cue in read_text(text, pronouns=False).cues)
    assert count_pronouns(read_text(text)) == 1


def test_ids_of_named_cues_do_not_depend_on_pronouns():
    text = HEAD.format("林远、陈念") + "林远：走。\n△陈念看着他。"
    with_pronouns = {cue.id: cue.character for cue in read_text(text).cues}
    assert {cue.id: cue.character for cue in read_text(text, pronouns=False).cues}.items() <= with_pronouns.items()


@pytest.mark.parametrize(
    ("character", "gender"),
    [
        (Character("陈念", note="女，二十八岁"), "f"),
        (Character("林远", note="三十岁的男人"), "m"),
        (Character("王婶"), "f"),
        (Character("李先生"), "m"),
        (Character("沈舟", note="沈渡的弟弟，爱笑"), "m"),
        (Character("孙丽娟"), "f"),
        (Character("赵刚"), "m"),
        (Character("安然"), ""),
    ],
)
def test_genders(character, gender):
    script = Script(title="", format="text", language="zh", scenes=(), cues=(), cast=(character,))
    assert genders_of(script) == {character.name: gender}
