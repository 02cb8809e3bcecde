"""Every row of the table of heading styles, with full-width and half-width punctuation."""

import pytest

from juqing.reading.headings import PART, parse_heading, split_names

TABLE = [  # text, number, interior, place, time
    ("20、卫生间　夜　内", "20", "内", "卫生间", "夜"),
    ("1. 内 林家客厅 夜", "1", "内", "林家客厅", "夜"),
    ("12．日 外 河堤", "12", "外", "河堤", "日"),
    ("3-2 日 内 天台", "3-2", "内", "天台", "日"),
    ("3—2场景：日，外，天台", "3—2", "外", "天台", "日"),
    ("场 3-2 日 外 医务室", "3-2", "外", "医务室", "日"),
    ("第一场　日　内　教室", "一", "内", "教室", "日"),
    ("第12场：教室（日，内）", "12", "内", "教室", "日"),
    ("第二十一场", "二十一", "", "", ""),
    ("场景：教室  时间：下午  人物：甲、乙", "", "", "教室", "下午"),
    ("场景1", "1", "", "", ""),
    ("场次（1）地点：面馆，夜，内；出场人物：甲，乙", "1", "内", "面馆", "夜"),
    ("## 1-1 日 内 办公室", "1-1", "内", "办公室", "日"),
    ("**1-1 日 内 办公室**", "1-1", "内", "办公室", "日"),
    ("### 场1-2", "1-2", "", "", ""),
    ("[00:15] 1-2 会议室 日/内", "1-2", "内", "会议室", "日"),
    ("【场景3】天台", "3", "", "天台", ""),
    ("内景。林家客厅 - 夜", "", "内", "林家客厅", "夜"),
    ("INT. 林家客厅 - 夜", "", "内", "林家客厅", "夜"),
    ("内/外景 车内 傍晚", "", "内外", "车内", "傍晚"),
    ("12A、李家/卧室　1998·夜　内", "12A", "内", "李家/卧室", "1998·夜"),
    ("2、第一人民医院　日转夜　内外", "2", "内外", "第一人民医院", "日转夜"),
    ("INT. LAMP ROOM, PENGARW COLLIERY - BEFORE DAWN", "", "内", "LAMP ROOM, PENGARW COLLIERY", "BEFORE DAWN"),
    ("20、卫生间/夜/内", "20", "内", "卫生间", "夜"),
    ("20、夜-内-卫生间", "20", "内", "卫生间", "夜"),
    ("20、夜·内·卫生间", "20", "内", "卫生间", "夜"),
    ("第3场：教室/日/内", "3", "内", "教室", "日"),
    ("第3场·教室·日·内", "3", "内", "教室", "日"),
    ("3-2、日、内、天台", "3-2", "内", "天台", "日"),
    ("7（夜/内）林家", "7", "内", "林家", "夜"),
    ("1场 日 内 办公室", "1", "内", "办公室", "日"),
    ("场次：2 地点：面馆，夜，内", "2", "内", "面馆", "夜"),
    ("场号：3 日 内 办公室", "3", "内", "办公室", "日"),
    ("内景．林家客厅-夜", "", "内", "林家客厅", "夜"),
    ("INT. PARK--DAY", "", "内", "PARK", "DAY"),
    ("INT./EXT. CAR - DAY", "", "内外", "CAR", "DAY"),
]
WIDE = str.maketrans("，：（）．；　-", ",:().; -")


@pytest.mark.parametrize(("text", "number", "interior", "place", "time"), TABLE)
@pytest.mark.parametrize("swap", [False, True], ids=["as printed", "half-width"])
def test_table(text, number, interior, place, time, swap):
    heading = parse_heading(text.translate(WIDE) if swap else text)
    assert heading is not None and heading.sure
    found = (heading.number, heading.interior, heading.place, heading.time)
    assert found == (number, interior, place.translate(WIDE) if swap else place, time)


def test_extras_on_the_same_line():
    heading = parse_heading("1-1　夜　内　林家客厅　　　　　人物：林父、林远")
    assert heading is not None
    assert (heading.place, heading.cast) == ("林家客厅", ("林父", "林远"))
    heading = parse_heading("5、街道（闪回）　日　外")
    assert heading is not None
    assert (heading.place, heading.flag) == ("街道", "flashback")


@pytest.mark.parametrize(
    "text",
    ["1. 林远：三十岁，货车司机，话少。", "1、他在夜里走了很久。", "第一场雪下得很大。", "场面一度失控", "7：30 起床", "内心深处", "外景",
     "日 内 大殿", "int he saw", "林远外套破了", "", "#", "【", "2024年3月5日，雨夜。", "林远：内外都找过了。"],
)  # fmt: skip
def test_no_heading(text):
    assert parse_heading(text) is None


@pytest.mark.parametrize("text", ["1. 买菜", "3-2 比分"])
def test_only_the_next_line_can_tell(text):
    heading = parse_heading(text)
    assert heading is not None and not heading.sure


@pytest.mark.parametrize(
    "text",
    ["第3集", "第三集　回家", "# 第3集【2min30s】", "EP3", "Episode 3", "第一幕", "第一折", "楔子", "序幕", "尾声"],
)
def test_parts(text):
    assert PART.match(text)


@pytest.mark.parametrize("text", ["第3集完", "第一集他走了。", "尾声响起来，他哭了"])
def test_no_parts(text):
    assert not PART.match(text)


def test_names_of_a_row():
    assert split_names("李父、李明（少年），王婶 / 群演若干") == ("李父", "李明", "王婶")


@pytest.mark.parametrize(
    "text",
    [
        "内/外：内",
        "1. 他白天在内，夜里在外。",
        "3. 日子一天天过去。",
        "一、人物小传",
        "【闪回】【黑场】",
        "五、天黑了，外面下雨。",
    ],
)
def test_no_headings(text):
    told = parse_heading(text)
    assert told is None or not told.sure
