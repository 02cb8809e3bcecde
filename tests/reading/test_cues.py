"""The forms of a cue (table 2.2) and what is none (2.4), with both widths of punctuation."""

import pytest

from juqing.reading.cues import Names, looks_like_name, names_of_cues, parse_cue, read_speech, split_joint

NAMES = Names(["李明", "李父", "桃子", "路人甲乙", "杨和", "林远", "人物"])
WIDE = str.maketrans("：（）", ":()")

FORMS = [  # text, speakers, parentheticals, delivery, said
    ("李明：我回来了。", ["李明"], [], "on", "我回来了。"),
    ("李明（冷笑）：你说呢？", ["李明"], ["冷笑"], "on", "你说呢？"),
    ("李明：（冷笑）你说呢？", ["李明"], ["冷笑"], "on", "你说呢？"),
    ("李明：好吧……（起身）我走。", ["李明"], ["起身"], "on", "好吧……我走。"),
    ("李明放下杯子：不喝了。", ["李明"], ["放下杯子"], "on", "不喝了。"),
    ("李明一把拉住她，急了：别走。", ["李明"], ["一把拉住她，急了"], "on", "别走。"),
    ("李明OS：又是这句。", ["李明"], [], "os", "又是这句。"),
    ("李明 (os)：又是这句。", ["李明"], [], "os", "又是这句。"),
    ("李明（内心独白）：又来了。", ["李明"], [], "os", "又来了。"),
    ("李明（心声）：又来了。", ["李明"], [], "os", "又来了。"),
    ("李明VO：那年。", ["李明"], [], "vo", "那年。"),
    ("李明V.O.：那年。", ["李明"], [], "vo", "那年。"),
    ("李明（画外音）：开门！", ["李明"], [], "off", "开门！"),
    ("李明（电话里）：喂？", ["李明"], [], "phone", "喂？"),
    ("桃子（哽咽VO）：妈。", ["桃子"], ["哽咽"], "vo", "妈。"),
    ("李明（闭眼，OS）：算了。", ["李明"], ["闭眼"], "os", "算了。"),
    ("桃子（VO，电话）：到哪儿了？", ["桃子"], [], "phone", "到哪儿了？"),
    ("李父/李明：走！", ["李父", "李明"], [], "on", "走！"),
    ("李父、李明：走！", ["李父", "李明"], [], "on", "走！"),
    ("李父和李明（同时）：走！", ["李父", "李明"], ["同时"], "on", "走！"),
    ("杨和：我姓杨。", ["杨和"], [], "on", "我姓杨。"),
    ("路人甲乙：让开！", ["路人甲乙"], [], "on", "让开！"),
    ("李明（续）：还有。", ["李明"], [], "on", "还有。"),
    ("李　明：我在。", ["李明"], [], "on", "我在。"),
    ("李明的声音：我在。", ["李明"], [], "off", "我在。"),
    ("李明笑：我在。", ["李明"], ["笑"], "on", "我在。"),
    ("李明内心OS：又来了。", ["李明"], [], "os", "又来了。"),
    ("李明【OS】：又来了。", ["李明"], [], "os", "又来了。"),
    ("李明[冷笑]：好。", ["李明"], ["冷笑"], "on", "好。"),
    ("【李明】：走。", ["李明"], [], "on", "走。"),
    ("李父，李明：走！", ["李父", "李明"], [], "on", "走！"),
    ("李父 李明：走！", ["李父", "李明"], [], "on", "走！"),
    ("李父+李明：走！", ["李父", "李明"], [], "on", "走！"),
    ("李父VO/李明VO：走！", ["李父", "李明"], [], "vo", "走！"),
    ("李父、李明齐声：走！", ["李父", "李明"], ["齐声"], "on", "走！"),
    ("人物：我就叫这个名字。", ["人物"], [], "on", "我就叫这个名字。"),
]


@pytest.mark.parametrize(("text", "speakers", "parentheticals", "delivery", "said"), FORMS)
@pytest.mark.parametrize("swap", [False, True], ids=["as printed", "half-width"])
def test_forms(text, speakers, parentheticals, delivery, said, swap):
    cue = parse_cue(text.translate(WIDE) if swap else text, NAMES)
    assert cue is not None
    assert (list(cue.speakers), list(cue.parentheticals), cue.delivery, cue.text) == (
        speakers,
        parentheticals,
        delivery,
        said,
    )
    assert cue.confidence == 1


def test_typing_slip():
    cue = parse_cue("李明；我回来了。", NAMES)
    assert cue is not None and cue.speakers == ("李明",)
    assert parse_cue("天黑了；李明走了。", NAMES) is None


@pytest.mark.parametrize(
    "text",
    [
        "王婶：进来坐。",
        "众人：好！",
        "Ann Lee：我来了。",
        "3号选手：到。",
        "伊丽莎白·贝内特：好。",
        "José：好。",
        "林远母亲：走。",
    ],
)
def test_looks_like_a_name(text):
    cue = parse_cue(text, NAMES)
    assert cue is not None and cue.confidence < 1


def test_a_relative_is_somebody_else():
    cue = parse_cue("林远母亲：走。", NAMES)
    assert cue is not None and cue.speakers == ("林远母亲",)


def test_a_bracket_that_is_never_closed():
    cue = parse_cue("李明（冷笑：好。", NAMES)
    assert cue is not None
    assert (cue.speakers, cue.parentheticals, cue.text) == (("李明",), ("冷笑",), "好。")


@pytest.mark.parametrize(
    "text",
    ["OS：又是这句。", "时间：下午", "字幕：十年后", "BGM：起", "他说：走吧。", "墙上写着：此路不通。", "现在是7：30，天亮了", "http://a.cn/b", "比分3:2领先",
     "他看着“名言：活着”发呆", "书名《问：答》", "林远的信：展信佳。", "李明走了。李父说：回来！", "：没有名字", "王婶："],
)  # fmt: skip
def test_no_cue(text):
    cue = parse_cue(text, NAMES)
    assert cue is None or (text == "林远的信：展信佳。" and cue.confidence < 1)


@pytest.mark.parametrize(
    ("word", "yes"),
    [
        ("林远", True),
        ("医生2", True),
        ("DR. HO", True),
        ("时间", False),
        ("他们", False),
        ("写道", False),
        ("一二三四五六七", False),
    ],
)
def test_looks_like_name(word, yes):
    assert looks_like_name(word) is yes


@pytest.mark.parametrize(
    ("text", "said", "remarks"),
    [
        ("【看李四】你行不行？", "你行不行？", ("看李四",)),
        ("【笑】 （起身）【低声】走。", "走。", ("起身", "笑", "低声")),
        ("【定格】", "【定格】", ()),
        ("他说【好】吗？", "他说【好】吗？", ()),
    ],
)
def test_remarks_in_heavy_brackets_before_a_speech(text, said, remarks):
    assert read_speech(text) == (said, remarks, "on")


@pytest.mark.parametrize(
    ("name", "speakers"),
    [
        ("路人甲乙", ("路人甲", "路人乙")),
        ("甲乙", ("甲乙",)),
        ("李丁丁", ("李丁丁",)),
        ("ANN AND BOB", ("ANN", "BOB")),
        ("路人甲", ("路人甲",)),
    ],
)
def test_joint_names_of_a_format_that_keeps_them_apart(name, speakers):
    names = names_of_cues(["ANN", "BOB", "ANN AND BOB", "杨和", name])
    assert "杨和" in names.known
    assert split_joint(name, names) == speakers
