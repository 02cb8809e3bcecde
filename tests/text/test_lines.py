from juqing.reading import read_text
from juqing.text.lines import OTHER, OWN, cue_passages, cue_texts, line_text

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


def test_traditional_characters_become_simplified_ones():
    hant = read_text("1、書房　夜　內\n△陳念關上門，燈滅了。\n陳念：誰？\n陳念：誰在說話？")
    hans = read_text("1、书房　夜　内\n△陈念关上门，灯灭了。\n陈念：谁？\n陈念：谁在说话？")
    assert hant.language == "zh-Hant"
    assert cue_texts(hant) == cue_texts(hans)


def test_a_pronoun_that_was_resolved_is_read_like_the_name():
    script = read_text("1、厅　夜　内\n林远：走吧。\n△陈念看着他。\n陈念：不。")
    (cue,) = (cue for cue in script.cues if cue.by == "pronoun")
    assert cue_texts(script)[cue.index] == f"{OTHER}看着{OWN}。"


def test_lines_before_as_the_cue_sees_them():
    script = read_text(
        "1、屋里　夜　内\n林远：走。\n△门开了。\n陈念：林远！\n林远：陈念？\n2、街上　夜　外\n陈念：林远。\n"
    )
    last = f"{OTHER}：{OWN}！"
    assert cue_passages(script, 1) == [
        [f"{OWN}：走。"],
        ["门开了。", f"{OWN}：{OTHER}！"],
        [last, f"{OWN}：{OTHER}？"],
        [f"{OWN}：{OTHER}。"],
    ]
    assert cue_passages(script, 9)[2] == [f"{OWN}：走。", "门开了。", last, f"{OWN}：{OTHER}？"]
    assert [texts[-1] for texts in cue_passages(script, 9)] == cue_texts(script)
