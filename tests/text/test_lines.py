from juqing.reading import read_text
from juqing.text.lines import OTHER, OWN, cue_texts, line_text

SCRIPT = read_text("1、屋里　夜　内\n人物：林远、陈念\n林远OS（冷笑）：又是陈念。\n△陈念推开林远。\n林远、陈念：走！\n")


def test_line_text():
    assert [line_text(line) for line in SCRIPT.lines] == [
        "林远OS冷笑：又是陈念。",
        "陈念推开林远。",
        "林远、陈念：走！",
    ]


def test_names_become_signs():
    assert cue_texts(SCRIPT) == [
        f"{OWN}OS冷笑：又是{OTHER}。",
        f"{OWN}推开{OTHER}。",
        f"{OTHER}推开{OWN}。",
        f"{OWN}、{OTHER}：走！",
        f"{OTHER}、{OWN}：走！",
    ]
