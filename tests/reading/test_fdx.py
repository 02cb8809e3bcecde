"""Final Draft: paragraphs and their kinds, split runs, dual dialogue, notes inside paragraphs, hostile XML."""

import pytest

from juqing.errors import FormatError, LimitError
from juqing.reading import read_script

HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="no" ?>\n'
BODY = """<FinalDraft DocumentType="Script" Version="5"><Content>
<Paragraph Type="Action"><Text>Before any heading.</Text></Paragraph>
<Paragraph Number="12A" Type="Scene Heading"><SceneProperties Length="1/8"><Summary><Paragraph><Text>NOT THIS</Text></Paragraph></Summary></SceneProperties><Text>INT. KITCHEN - NIGHT</Text></Paragraph>
<Paragraph Type="Action"><Text>Ann </Text><Text Style="Italic">waits</Text><Text>.</Text><ScriptNote><Paragraph><Text>nor this</Text></Paragraph></ScriptNote></Paragraph>
<Paragraph Type="Character"><Text>ANN (V.O.)</Text></Paragraph>
<Paragraph Type="Parenthetical"><Text>(low)</Text></Paragraph>
<Paragraph Type="Dialogue"><Text>Who </Text><Text>is it?</Text></Paragraph>
<Paragraph><DualDialogue><Paragraph Type="Character"><Text>ANN</Text></Paragraph><Paragraph Type="Dialogue"><Text>Bob!</Text></Paragraph>
<Paragraph Type="Character"><Text>BOB</Text></Paragraph><Paragraph Type="Dialogue"><Text>Ann!</Text></Paragraph></DualDialogue></Paragraph>
<Paragraph Type="Transition"><Text>CUT TO:</Text></Paragraph>
<Paragraph Type="Wiggle"><Text>Strange.</Text></Paragraph>
<Paragraph Type="Action"><Text></Text></Paragraph>
</Content><TitlePage><Content><Paragraph><Text>THE KETTLE</Text></Paragraph></Content></TitlePage></FinalDraft>
"""


def write(tmp_path, text, name="s.fdx"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize("prefix", [HEAD, "\ufeff" + HEAD, ""], ids=["declared", "mark", "bare"])
def test_elements(tmp_path, prefix):
    script = read_script(write(tmp_path, prefix + BODY))
    assert (script.title, script.format, script.language) == ("THE KETTLE", "fdx", "en")
    assert [(s.heading, s.number, s.place, s.time) for s in script.scenes] == [
        ("", "", "", ""),
        ("INT. KITCHEN - NIGHT", "12A", "KITCHEN", "NIGHT"),
    ]
    assert [(x.kind, x.speakers, x.parentheticals, x.delivery, x.text) for x in script.lines] == [
        ("action", (), (), "on", "Before any heading."),
        ("action", (), (), "on", "Ann waits."),
        ("dialogue", ("ANN",), ("low",), "vo", "Who is it?"),
        ("dialogue", ("ANN",), (), "on", "Bob!"),
        ("dialogue", ("BOB",), (), "on", "Ann!"),
        ("transition", (), (), "on", "CUT TO:"),
        ("other", (), (), "on", "Strange."),
    ]
    end = 0
    for first, last in sorted((span.first, span.last) for span in script.pieces()):
        assert first == end + 1
        end = last
    assert end == script.n_source_lines


def test_chinese(tmp_path):
    script = read_script(
        write(
            tmp_path,
            '<FinalDraft><Content><Paragraph Type="Scene Heading"><Text>内景。林家客厅 - 夜</Text></Paragraph>'
            '<Paragraph Type="Character"><Text>林远（OS）</Text></Paragraph><Paragraph Type="Dialogue"><Text>又是</Text></Paragraph>'
            '<Paragraph Type="Dialogue"><Text>这句。</Text></Paragraph></Content></FinalDraft>',
        )
    )
    assert script.scenes[0].place == "林家客厅"
    assert (script.lines[0].text, script.lines[0].delivery) == ("又是这句。", "os")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><FinalDraft>&a;</FinalDraft>', "document type or entity"),
        ('<!DOCTYPE x SYSTEM "file:///etc/passwd"><FinalDraft></FinalDraft>', "document type or entity"),
        ("<FinalDraft><Content>", "not well-formed"),
        ("<html></html>", "not <FinalDraft>"),
        ("no XML at all", "not well-formed"),
        (
            "<FinalDraft><Content>"
            + "<Paragraph><DualDialogue>" * 3000
            + "</DualDialogue></Paragraph>" * 3000
            + "</Content></FinalDraft>",
            "nested",
        ),
    ],
    ids=["entity", "external", "cut off", "html", "text", "deep"],
)
def test_refused(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(FormatError, match=message) as caught:
        read_script(path)
    assert str(path) in str(caught.value)


def test_chinese_habits_and_omitted_scenes(tmp_path):
    def p(kind, text, more=""):
        return f'<Paragraph Type="{kind}"><Text>{text}</Text>{more}</Paragraph>'

    body = (
        p("Scene Heading", "OMITTED", "<OmittedScene><Paragraph><Text>gone</Text></Paragraph></OmittedScene>")
        + p("Scene Heading", "INT. 林家 - 夜")
        + p("Action", "△林远推门。")
        + p("Action", "字幕：十年后")
        + p("Action", "林远：走（起身）吧。")
        + p("Character", "林远/林父")
        + p("Dialogue", "爸？（低声）")
        + p("Character", "林远")
        + p("Dialogue", "嗯。")
    )
    script = read_script(write(tmp_path, f"<FinalDraft><Content>{body}</Content></FinalDraft>"))
    assert [scene.place for scene in script.scenes] == ["林家"]
    assert [(x.kind, x.speakers, x.parentheticals, x.text) for x in script.lines] == [
        ("action", (), (), "林远推门。"),
        ("caption", (), (), "十年后"),
        ("dialogue", ("林远",), ("起身",), "走吧。"),
        ("dialogue", ("林远", "林父"), ("低声",), "爸？"),
        ("dialogue", ("林远",), (), "嗯。"),
    ]
    assert [warning.line for warning in script.warnings] == [1]


def test_a_name_of_many_characters_is_no_name(tmp_path):
    long = "A" + " " * 90_000 + "b"
    body = "".join(
        f'<Paragraph Type="Character"><Text>{text}</Text></Paragraph>' for text in (long, "续" * 90_000, "林 " * 40_000)
    )
    assert read_script(write(tmp_path, f"<FinalDraft><Content>{body}</Content></FinalDraft>")).cues == ()
    with pytest.raises(LimitError, match="MAX_LINE_CHARACTERS"):
        read_script(
            write(
                tmp_path,
                f"<FinalDraft><Content><Paragraph><Text>{'a' * 200_000}</Text></Paragraph></Content></FinalDraft>",
            )
        )


def p(kind, *runs, more=""):
    return f'<Paragraph Type="{kind}">{"".join(runs)}{more}</Paragraph>'


def t(text, **attributes):
    told = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<Text{told}>{text}</Text>"


def read(tmp_path, body, page=""):
    return read_script(write(tmp_path, f"<FinalDraft><Content>{body}</Content>{page}</FinalDraft>"))


def test_text_that_a_revision_struck_out(tmp_path):
    body = p("Scene Heading", t("INT. A - DAY")) + p(
        "Action",
        t("Ann "),
        t("runs", RevisionID="3", Style="Strikeout+Bold"),
        t("walks", RevisionID="3"),
        t(" home.", Style="Strikeout"),
    )
    script = read(tmp_path, body)
    assert [line.text for line in script.lines] == ["Ann walks home."]  # struck out, but by no revision: as printed
    assert [(note.kind, note.text, note.source.first) for note in script.notes] == [("margin", "runs", 2)]


def test_title_pages(tmp_path):
    page = "<TitlePage><Content>{}</Content></TitlePage>"
    paragraphs = (
        p("General", t(x)) for x in ("BY THE SEA", "a play", "Written by", "Ann Lee &amp; Bob Orr", "1 Quay St.")
    )
    script = read(tmp_path, p("Action", t("Rain.")), page.format("".join(paragraphs)))
    assert (script.title, script.authors) == ("BY THE SEA", ("Ann Lee", "Bob Orr"))
    assert [note.text for note in script.notes] == ["Notes:\n    a play\nNotes:\n    1 Quay St."]
    assert sorted(span.first for span in script.pieces()) == [1]
    assert read(tmp_path, p("Action", t("Rain.")), page.format(p("General", t("By Night")))).title == "By Night"


def test_a_note_of_a_line_flags_it_and_those_after_it_once(tmp_path):
    note = "<ScriptNote><Paragraph><Text>标记：dream</Text></Paragraph></ScriptNote>"
    body = p("Action", t("△走。")) + p("Action", t("△闪回结束"), more=note) + p("Action", t("△坐。"))
    assert [line.flag for line in read(tmp_path, body).lines] == ["", "dream", ""]


def test_facts_before_any_heading_and_casts_of_scenes(tmp_path):
    fact = "<ScriptNote><Paragraph><Text>时间：夜</Text></Paragraph></ScriptNote>"
    cast = "<ScriptNote><Paragraph><Text>人物：ANN LEE、BOB</Text></Paragraph></ScriptNote>"
    beats = '<SceneProperties><SceneArcBeats><CharacterArcBeat Name="TOM"/><CharacterArcBeat Name="TOM"/></SceneArcBeats></SceneProperties>'
    body = (
        p("General", t(""), more=fact + cast)
        + p("Action", t("Rain."))
        + p("Scene Heading", t("INT. A - DAY"), more=beats)
    )
    scenes = read(tmp_path, body).scenes
    assert [(x.heading, x.time, x.printed_cast) for x in scenes] == [
        ("", "夜", ("ANN LEE", "BOB")),
        ("INT. A - DAY", "DAY", ("TOM",)),
    ]


def test_an_unclosed_flashback_ends_with_its_scene(tmp_path):
    body = "".join(
        p(kind, t(text))
        for kind, text in (
            ("Scene Heading", "内景 甲 日"),
            ("Action", "【闪回】"),
            ("Action", "△走。"),
            ("Scene Heading", "内景 乙 日"),
            ("Action", "△坐。"),
        )
    )
    script = read(tmp_path, body)
    assert [line.flag for line in script.lines] == ["flashback", "flashback", ""]
    assert [(warning.line, "never closed" in warning.message) for warning in script.warnings] == [(2, True)]
