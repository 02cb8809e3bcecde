"""Chinese plain text: the sample of the format page word by word, every form under a heading, front matter, flashbacks."""

import pytest

from juqing.reading import read_script, read_text
from juqing.reading.chinese import ACTION_MARKS

SAMPLE = """第一集　回家
1-1　夜　内　林家客厅　　　　　人物：林父、林远
△ 钟敲了十一下。林父坐着，没有开灯。
林远（压低声音）：爸？还没睡？
林父：（不看他）你还知道有个家。
林远放下包：车坏在路上了。
林父OS：又是这句。
【闪回】
△ 十年前，同一扇门。少年林远跑了出去。
【闪回结束】
字幕：三小时前
1-2　日　外　国道
人物：林远、修车人甲
修车人甲／林远（同时）：小心！
陈念（VO，电话）：你到哪儿了？
"""


def test_sample():
    script = read_text(SAMPLE)
    first, second = script.scenes
    assert (first.part, first.number, first.time, first.interior, first.place) == (
        "第一集　回家",
        "1-1",
        "夜",
        "内",
        "林家客厅",
    )
    assert first.printed_cast == ("林父", "林远")
    assert (second.number, second.place, second.printed_cast) == ("1-2", "国道", ("林远", "修车人甲"))
    lines = [(x.kind, x.speakers, x.parentheticals, x.delivery, x.text, x.flag, x.source.first) for x in script.lines]
    assert lines == [
        ("action", (), (), "on", "钟敲了十一下。林父坐着，没有开灯。", "", 3),
        ("dialogue", ("林远",), ("压低声音",), "on", "爸？还没睡？", "", 4),
        ("dialogue", ("林父",), ("不看他",), "on", "你还知道有个家。", "", 5),
        ("dialogue", ("林远",), ("放下包",), "on", "车坏在路上了。", "", 6),
        ("dialogue", ("林父",), (), "os", "又是这句。", "", 7),
        ("transition", (), (), "on", "闪回", "flashback", 8),
        ("action", (), (), "on", "十年前，同一扇门。少年林远跑了出去。", "flashback", 9),
        ("transition", (), (), "on", "闪回结束", "flashback", 10),
        ("caption", (), (), "on", "三小时前", "", 11),
        ("dialogue", ("修车人甲", "林远"), ("同时",), "on", "小心！", "", 14),
        ("dialogue", ("陈念",), (), "phone", "你到哪儿了？", "", 15),
    ]
    cues = [(script.lines[cue.line].source.first, cue.character, cue.role) for cue in script.cues]
    assert cues == [
        (3, "林父", "present"), (4, "林远", "speaker"), (5, "林父", "speaker"), (5, "林远", "present"), (6, "林远", "speaker"), (7, "林父", "speaker"),
        (9, "林远", "present"), (14, "修车人甲", "speaker"), (14, "林远", "speaker"), (15, "陈念", "speaker"),
    ]  # fmt: skip
    assert [note.kind for note in script.notes] == ["part", "label"]
    assert script.minor == {"修车人甲"}
    # 陈念 speaks only once; nothing else is unsure.
    assert [(warning.line, warning.confidence < 1) for warning in script.warnings] == []
    assert script.language == "zh"


UNDER = [  # text, kind, cleaned text
    *((f"{mark}林远推门。", "action", "林远推门。") for mark in ACTION_MARKS),
    ("—林远推门。", "action", "林远推门。"),
    ("林远推门，走了进来。", "action", "林远推门，走了进来。"),
    ("旁白：十年过去了。", "narration", "十年过去了。"),
    ("解说：十年过去了。", "narration", "十年过去了。"),
    ("【VO：十年过去了。】", "narration", "十年过去了。"),
    ("字幕：十年后", "caption", "十年后"),
    ("【字幕：十年后】", "caption", "十年后"),
    ("（叠字幕：十年后）", "caption", "十年后"),
    ("♪ 远处的歌声", "other", "♪ 远处的歌声"),
    ("音效：雷声", "other", "音效：雷声"),
    ("BGM：起", "other", "BGM：起"),
    ("【BGM】", "other", "BGM"),
    ("【空镜：海面】", "transition", "空镜：海面"),
    ("特写：一只手", "transition", "特写：一只手"),
    ("特写：林远流泪。", "action", "特写：林远流泪。"),
    ("镜头切到窗外", "transition", "镜头切到窗外"),
    ("【叠化】", "transition", "叠化"),
    ("切至：", "transition", "切至："),
    ("黑场", "transition", "黑场"),
    ("△字幕：十年后", "caption", "十年后"),
    ("△ 出字幕：十年后", "caption", "十年后"),
    ("【字幕】十年后", "caption", "十年后"),
    ("叠化至：", "transition", "叠化至："),
    ("FADE OUT.", "transition", "FADE OUT."),
    ("音乐声中，林远流下眼泪。", "action", "音乐声中，林远流下眼泪。"),
    ("音乐会开始了。", "action", "音乐会开始了。"),
    ("OS：又是这句。", "narration", "又是这句。"),
    ("旁白（VO）：又是这句。", "narration", "又是这句。"),
    ("旁白 VO：又是这句。", "narration", "又是这句。"),
    ("二人（齐声）：好！", "dialogue", "好！"),
    ("人 都走了。", "action", "人 都走了。"),
    ("（第二集 完）", "other", "（第二集 完）"),
    ("（完）", "other", "（完）"),
    ("（剧终）", "other", "（剧终）"),
    ("第3集完", "other", "第3集完"),
    ("——幕落", "other", "——幕落"),
    ("众人：好！", "dialogue", "好！"),
    ("林远；我来了。", "dialogue", "我来了。"),
    ("林远：", "dialogue", ""),
]


@pytest.mark.parametrize(("text", "kind", "cleaned"), UNDER)
def test_under_a_heading(text, kind, cleaned):
    script = read_text(f"1、林家　夜　内\n人物：林远、陈念\n陈念：谁？\n{text}\n\n陈念：走吧。\n")
    line = next(line for line in script.lines if line.source.first == 4)
    assert (line.kind, line.text, line.printed) == (kind, cleaned, text)
    assert [line.text for line in script.lines if line.speakers == ("陈念",)] == ["谁？", "走吧。"]


FRONT = """《归途》
编剧：某甲、某乙
【人物小传】
1. 林远：三十岁，货车司机，话少。
   外貌：高，瘦。
2. 陈念（陈老师）：二十八岁，小学教师。
王婶——邻居，爱打听。
李父  男  六十岁
【故事梗概】
林远回家，陈念在等他。
大纲：分三段。
【正文】
第一集
1、林家　夜　内
陈念：你回来了。
林远：嗯。
"""


def test_front_matter_is_not_a_scene():
    script = read_text(FRONT)
    assert (script.title, script.authors) == ("归途", ("某甲", "某乙"))
    assert len(script.scenes) == 1 and len(script.lines) == 2
    assert [note.kind for note in script.notes] == [
        "title", "author", "cast", "cast", "cast", "cast", "cast", "cast", "synopsis", "synopsis", "synopsis", "label", "part",
    ]  # fmt: skip
    cast = {character.name: character for character in script.cast}
    assert list(cast) == ["林远", "陈念", "王婶", "李父"]
    assert cast["陈念"].aliases == ("陈老师",)
    assert cast["林远"].note == "三十岁，货车司机，话少。"
    assert script.warnings == ()


def test_a_synopsis_without_any_heading_ends_at_a_blank_line():
    script = read_text("《归途》\n【故事梗概】\n林远回家。\n陈念在等。\n\n林远：一。\n陈念：二。\n林远：三。\n")
    assert [line.text for line in script.lines] == ["一。", "二。", "三。"]
    assert [note.kind for note in script.notes] == ["title", "synopsis", "synopsis", "synopsis", "blank"]


def test_front_matter_without_an_end_mark():
    script = read_text("人物表\n林远：三十岁，司机。\n陈念：教师。\n\n林远：你好。\n陈念：你好。\n林远：再见。\n")
    assert [line.text for line in script.lines] == ["你好。", "你好。", "再见。"]


def test_flashback_over_scenes_that_is_closed():
    script = read_text(
        "1、甲　日　内\n林远：一。\n林远：二。\n【闪回开始】\n2、乙　日　外\n林远：三。\n3、丙　日　外\n林远：四。\n【闪回结束】\n4、丁　夜　内\n林远：五。\n"
    )
    assert [scene.flag for scene in script.scenes] == ["", "flashback", "flashback", ""]
    assert not script.warnings


def test_flashback_that_is_never_closed():
    script = read_text("1、甲　日　内\n林远：一。\n【闪回】\n林远：二。\n2、乙　日　外\n林远：三。\n")
    assert [line.flag for line in script.lines] == ["", "flashback", "flashback", ""]
    assert [warning.line for warning in script.warnings] == [3]


def test_flashback_told_by_actions():
    script = read_text("1、甲　日　内\n林远：一。\n△画面闪回。\n林远：二。\n△画面切回现实。\n林远：三。\n")
    assert [line.flag for line in script.lines] == ["", "flashback", "flashback", "flashback", ""]


def test_only_talked_about():
    script = read_text("1、甲　日　内\n人物：林远、陈念\n林远：我见过陈念。\n△陈念走来。\n林远（看着陈念）：是你。\n")
    assert script.lines[0].mentioned == ("陈念",)
    assert [(cue.line, cue.character) for cue in script.cues] == [(0, "林远"), (1, "陈念"), (2, "林远"), (2, "陈念")]


def test_heading_told_by_the_next_line():
    script = read_text(
        "1、林家\n人物：林远、陈念\n林远：一。\n3-2\n△陈念走来。\n### 场1-2\n日 内 大殿\n陈念：二。\n1. 买菜\n2. 做饭\n"
    )
    assert [(scene.number, scene.place, scene.interior) for scene in script.scenes] == [
        ("1", "林家", ""),
        ("3-2", "", ""),
        ("1-2", "大殿", "内"),
    ]


def test_labels_fill_the_scene():
    script = read_text("场景1\n地点：面馆，内\n时间：夜\n出场人物：林远，陈念\n林远：一。\n")
    scene = script.scenes[0]
    assert (scene.place, scene.interior, scene.time, scene.printed_cast) == ("面馆", "内", "夜", ("林远", "陈念"))


def test_the_speech_on_the_next_line():
    script = read_text("1、甲　日　内\n人物：林远、陈念\n林远：\n我回来了。\n陈念：嗯。\n")
    assert [(line.text, line.source.first, line.source.last) for line in script.lines] == [
        ("我回来了。", 3, 4),
        ("嗯。", 5, 5),
    ]


def test_a_scene_without_a_heading():
    script = read_text("林远：你好。\n陈念：你好。\n林远：再见。\n")
    assert len(script.scenes) == 1 and script.scenes[0].source is None
    assert ["one scene" in warning.message for warning in script.warnings] == [True, False]


def test_who_speaks_once_is_said():
    script = read_text("1、甲　日　内\n林远：一。\n林远：二。\n王婶：三。\n")
    assert [(warning.line, warning.confidence) for warning in script.warnings] == [(4, 0.6)]


def test_a_character_called_as_a_label():
    script = read_text("1、甲　日　内\n人物：时间、林远\n时间：我来了。\n林远：嗯。\n")
    assert script.lines[0].speakers == ("时间",)


def test_positions():
    script = read_text("1、甲　日　内\n   林远：一。  \n")
    line = script.lines[0]
    assert (line.source.first, line.source.last, line.source.start, line.source.end) == (2, 2, 3, 8)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("林远：你好。", "zh"),
        ("林遠：還沒睡？妳還知道有個家，鐘敲了。", "zh-Hant"),
        ("ANN: Hello there.", "en"),
        ("アン：こんにちは、げんきですか。", "other"),
        ("", "other"),
        ("АННА: Привет, как дела", "other"),
    ],
)
def test_language(text, language):
    assert read_text(text * 3).language == language


def test_declared_names_may_look_like_anything():
    names = ["伊丽莎白·贝内特", "José", "3号选手", "穿黑色西装的男人", "さくら", "𠮷田"]
    text = "1、甲　日　内\n人物：" + "、".join(names) + "\n" + "".join(f"{name}：好。\n" for name in names)
    script = read_text(text)
    assert [line.speakers for line in script.lines] == [(name,) for name in names]


def test_attributes_repeat_inside_a_cast_list():
    text = "【人物小传】\n林远：三十岁。\n口头禅：没事。\n陈念：二十岁。\n口头禅：好的。\n王强：三十五岁。\n第一集\n1、甲　日　内\n林远：一。\n"
    script = read_text(text)
    assert len(script.lines) == 1
    assert [character.name for character in script.cast] == ["林远", "陈念", "王强"]


def test_cast_list_with_single_spaces_and_bare_names():
    script = read_text("人物表\n林远 男 30岁 司机\n陈念 女 28岁 教师\n修车人甲\n\n林远：爸？\n陈念：嗯。\n")
    assert [line.text for line in script.lines] == ["爸？", "嗯。"]
    assert "修车人甲" in [character.name for character in script.cast]


@pytest.mark.parametrize(
    "opening",
    [
        "【闪回】",
        "【闪回：十年前】",
        "【闪回 林家 夜】",
        "——闪回——",
        "【插入闪回】",
        "【闪回1】",
        "△ 闪回，十年前。",
        "闪回：林远小时候的家",
        "（闪回开始）",
        "【回忆】",
    ],
)
@pytest.mark.parametrize(
    "closing", ["【闪回结束】", "——闪回结束——", "△ 闪回结束，回到现实。", "【现实】", "△画面切回现实。"]
)
def test_forms_of_a_flashback(opening, closing):
    script = read_text(f"1、甲　日　内\n林远：一。\n{opening}\n林远：二。\n{closing}\n林远：三。\n")
    flags = {line.text: line.flag for line in script.lines if line.speakers}
    assert flags == {"一。": "", "二。": "flashback", "三。": ""}
    assert not script.warnings


def test_a_flashback_that_ends_inside_a_scene():
    script = read_text("1、甲　日　内\n林远：一。\n【闪回】\n2、乙　日　外\n林远：二。\n【闪回结束】\n林远：三。\n")
    assert [scene.flag for scene in script.scenes] == ["", "flashback"]
    assert {line.text: line.flag for line in script.lines if line.speakers} == {
        "一。": "",
        "二。": "flashback",
        "三。": "",
    }


def test_the_name_of_a_part():
    script = read_text("# 第3集【2min30s】\n1、甲　日　内\n林远：一。\n【第4集】\n2、甲　日　内\n林远：一。\n")
    assert [scene.part for scene in script.scenes] == ["第3集【2min30s】", "第4集"]


def test_a_heading_in_two_rows_with_a_blank_between():
    script = read_text("### 场1-2\n\n日 内 大殿\n\n林远：一。\n")
    assert (script.scenes[0].place, len(script.lines)) == ("大殿", 1)


@pytest.mark.parametrize("gap", ["\t", "    ", "　　"])
def test_columns_of_names_and_speeches(gap):
    script = read_text(f"1、甲　日　内\n小王{gap}你好吗？\n小李（笑）{gap}我很好。\n小王{gap}再见。\n窗外{gap}下着雨\n")
    spoken = [(line.speakers, line.parentheticals, line.text) for line in script.lines if line.speakers]
    assert spoken == [(("小王",), (), "你好吗？"), (("小李",), ("笑",), "我很好。"), (("小王",), (), "再见。")]


def test_scene_numbers():
    assert read_text("1、甲　日　内\n林远：一。\n4A、乙　日　内\n林远：二。\n").scene_numbers == ("1", "4A")
    assert read_text("1、甲　日　内\n林远：一。\n1、乙　日　内\n林远：二。\n").scene_numbers == ("1", "2")


def test_credit_with_a_date():
    assert read_text("《归途》\n编剧:周未  二稿 2023.4.12\n1、甲　日　内\n林远：一。\n").authors == ("周未",)


@pytest.mark.parametrize(
    "text",
    [
        "1、台上　夜　内\n林远：走。\n陈念：好。\n林远\n他的名字在墙上。\n陈念\n她的也在。\n林远：看。\n陈念：嗯。",
        "夜雨\n敲打着窗。\n\n夜雨\n敲打着心。\n\n夜雨\n一直下。",
        "1、街上　日　外\n三天后\n下雨了。\n三天后\n又下雨了。\n十年后\n天晴了。\n十年后\n又晴了。",
    ],
    ids=["cues have colons", "one word", "periods"],
)
def test_short_lines_that_are_no_names(text):
    script = read_text(text)
    assert not any(line.text.endswith("。") and line.source.first < line.source.last for line in script.lines)


def test_a_name_above_its_speech_must_be_named_twice():
    text = "1、台上　夜　内\n林远\n走。\n陈念\n好。\n林远\n快。\n陈念\n来了。\n黑暗\n钟响了。\n"
    script = read_text(text)
    assert [(line.speakers, line.text) for line in script.lines] == [
        (("林远",), "走。"),
        (("陈念",), "好。"),
        (("林远",), "快。"),
        (("陈念",), "来了。"),
        ((), "黑暗"),
        ((), "钟响了。"),
    ]


@pytest.mark.parametrize(
    ("line", "title", "part"),
    [
        ("电影剧本《晚潮》", "晚潮", ""),
        ("《归来》第一集", "归来", "第一集"),
        ("《归来》（第三稿）", "归来", ""),
        ("他在看《红楼梦》", "他在看《红楼梦》", ""),
    ],
)
def test_title_lines(line, title, part):
    script = read_text(f"{line}\n1、渡口　夜　内\n林远：走。\n林远：好。")
    assert (script.title, script.scenes[0].part) == (title, part)


def test_a_wide_space_makes_a_cue_behind_known_names_only():
    script = read_text("1、渡口　夜　内\n林远：走。\n林远　好。\n清晨　下雨了。\n林　远　嗯。\n林远：来。")
    assert [(line.kind, line.speakers) for line in script.lines] == [
        ("dialogue", ("林远",)),
        ("dialogue", ("林远",)),
        ("action", ()),
        ("dialogue", ("林远",)),
        ("dialogue", ("林远",)),
    ]


def test_a_flashback_is_closed_once():
    script = read_text("1、甲　夜　内\n【闪回】\n△一。\n【闪回】\n△二。\n2、乙　夜　内\n△三。\n【闪回结束】\n△四。")
    assert [(line.text, line.flag) for line in script.lines] == [
        ("闪回", "flashback"),
        ("一。", "flashback"),
        ("闪回", "flashback"),
        ("二。", "flashback"),
        ("三。", "flashback"),
        ("闪回结束", "flashback"),
        ("四。", ""),
    ]
    assert [warning.line for warning in script.warnings] == [2]


def test_a_listed_name_alone_speaks_even_where_cues_have_colons():
    script = read_text("1、甲　夜　内\n人物：林远、陈念\n林远：走。\n陈念\n来了。\n陈念：好。\n林远：嗯。")
    assert [(line.speakers, line.text) for line in script.lines] == [
        (("林远",), "走。"),
        (("陈念",), "来了。"),
        (("陈念",), "好。"),
        (("林远",), "嗯。"),
    ]


def test_full_width_square_brackets():
    script = read_text("［第一集］\n［场景一］ 大殿 日 内\n［人物］皇帝、大臣\n［皇帝］：慢着。\n大臣［跪］：陛下！")
    assert [(x.part, x.place, x.printed_cast) for x in script.scenes] == [("第一集", "大殿", ("皇帝", "大臣"))]
    assert [(x.speakers, x.parentheticals) for x in script.lines] == [(("皇帝",), ()), (("大臣",), ("跪",))]


def test_tables_in_markdown(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(
        "## 人物表\n\n| 姓名 | 性别 | 说明 |\n|:--|---|---|\n| 老船工 | 男 | 摆渡人 |\n| 阿青 | 女 | 赶路的 |\n\n## 1 渡口 日 外\n\n| 阿青 | 船家！ |\n|---|---|\n| 老船工 | 等雾散。 |\n",
        encoding="utf-8",
    )
    script = read_script(path)
    assert [(x.name, x.note) for x in script.cast] == [("老船工", "男　　摆渡人"), ("阿青", "女　　赶路的")]
    assert [(x.speakers, x.text) for x in script.lines] == [(("阿青",), "船家！"), (("老船工",), "等雾散。")]
