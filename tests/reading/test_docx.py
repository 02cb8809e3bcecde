"""Word: everything that a plain reading of paragraphs loses. Oracle for ordinary documents: python-docx."""

import io
import zipfile

import docx
import pytest
from conftest import SHORT

from juqing.errors import FormatError, LimitError
from juqing.reading import read_script, read_text
from juqing.reading.docx import read_docx

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def package(body: str, **parts: str) -> bytes:
    """A Word document from the XML of its body."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
        for name, xml in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {W}>{xml}</w:{name}>")
    return buffer.getvalue()


def p(inside: str, properties: str = "") -> str:
    return f"<w:p>{properties}{inside}</w:p>"


def t(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def test_example_has_the_paragraphs_of_python_docx():
    expected = [line for paragraph in docx.Document(str(SHORT)).paragraphs for line in paragraph.text.split("\n")]
    lines = read_docx(SHORT.read_bytes()).lines
    assert [line for line in lines if line] == [line for line in expected if line]
    assert not any("第一稿" in line for line in lines)  # the header
    assert read_script(SHORT).title == "赊账本"


def test_tracked_changes_breaks_and_tabs():
    body = (
        p(
            t("林远：")
            + f'<w:ins w:id="1" w:author="x">{t("走")}</w:ins><w:del w:id="2"><w:r><w:delText>留</w:delText></w:r></w:del>'
            + t("吧。")
        )
        + p("<w:r><w:t>陈念：好</w:t><w:br/><w:t>的</w:t></w:r>")
        + p(f"<w:hyperlink>{t('链接')}</w:hyperlink><w:r><w:tab/></w:r><w:smartTag>{t('词')}</w:smartTag>")
        + f"<w:sdt><w:sdtContent>{p(t('控件'))}</w:sdtContent></w:sdt>"
        + p(f"<w:r><w:drawing><w:txbxContent>{p(t('文本框'))}</w:txbxContent></w:drawing></w:r>" + t("正文"))
    )
    assert read_docx(package(body)).lines == ["林远：走吧。", "陈念：好", "的", "链接  词", "控件", "正文"]


def test_tables_in_order():
    body = (
        p(t("前"))
        + f"<w:tbl><w:tr><w:tc>{p(t('1-1　日　内　面馆'))}</w:tc><w:tc>{p(t('林远：饿了。'))}</w:tc></w:tr></w:tbl>"
        + p(t("后"))
    )
    assert read_docx(package(body)).lines == ["前", "1-1　日　内　面馆", "林远：饿了。", "后"]


def test_automatic_numbers():
    numbering = """<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1、"/></w:lvl>
    <w:lvl w:ilvl="1"><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%2场"/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="o"/></w:lvl></w:abstractNum>
    <w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="6"><w:abstractNumId w:val="1"/></w:num>"""
    styles = '<w:style w:styleId="Scene"><w:pPr><w:numPr><w:numId w:val="5"/></w:numPr></w:pPr></w:style>'
    direct = '<w:pPr><w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr></w:pPr>'
    body = (
        p(t("渡口　夜　内"), direct.format(0, 5))
        + p(t("河堤　日　外"), '<w:pPr><w:pStyle w:val="Scene"/></w:pPr>')
        + "".join(p(t("日　内　教室"), direct.format(1, 5)) for _ in range(11))
        + p(t("渡口　晨　外"), direct.format(0, 5))
        + p(t("日　内　家"), direct.format(1, 5))
        + p(t("点"), direct.format(0, 6))
        + p(t("无"), direct.format(0, 99))
    )
    lines = read_docx(package(body, numbering=numbering, styles=styles)).lines
    assert lines[:3] == ["1、渡口　夜　内", "2、河堤　日　外", "第一场 日　内　教室"]
    assert lines[12:] == ["第十一场 日　内　教室", "3、渡口　晨　外", "第一场 日　内　家", "点", "无"]


def test_numbers_that_restart_and_styles_that_inherit():
    numbering = """<w:abstractNum w:abstractNumId="0"><w:lvl w:ilvl="0"><w:numFmt w:val="decimal"/><w:lvlText w:val="%1、"/></w:lvl></w:abstractNum>
    <w:abstractNum w:abstractNumId="1"><w:lvl w:ilvl="0"><w:numFmt w:val="bullet"/><w:lvlText w:val="△"/></w:lvl></w:abstractNum>
    <w:num w:numId="5"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="7"><w:abstractNumId w:val="1"/></w:num>
    <w:num w:numId="6"><w:abstractNumId w:val="0"/><w:lvlOverride w:ilvl="0"><w:startOverride w:val="20"/></w:lvlOverride></w:num>"""
    styles = """<w:style w:styleId="Base"><w:pPr><w:numPr><w:numId w:val="5"/></w:numPr></w:pPr></w:style>
    <w:style w:styleId="Child"><w:basedOn w:val="Base"/></w:style>"""
    number = '<w:pPr><w:numPr><w:ilvl w:val="0"/><w:numId w:val="{}"/></w:numPr></w:pPr>'
    style = '<w:pPr><w:pStyle w:val="{}"/></w:pPr>'
    body = (
        p(t("甲"), style.format("Child"))
        + p(t("乙"), number.format(5))
        + p(t("丙"), number.format(6))
        + p(t("丁"), number.format(6))
        + p(t("他走了"), number.format(7))
        + p(t("甲 1"), style.format("TOC1"))
        + '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/></w:docPartObj></w:sdtPr>'
        + f"<w:sdtContent>{p(t('乙 2'))}</w:sdtContent></w:sdt>"
    )
    assert read_docx(package(body, numbering=numbering, styles=styles)).lines == [
        "1、甲",
        "2、乙",
        "20、丙",
        "21、丁",
        "△他走了",
    ]


def test_tables_of_names_and_speeches():
    def row(*cells):
        return f"<w:tr>{''.join(f'<w:tc>{p(t(cell))}</w:tc>' for cell in cells)}</w:tr>"

    body = f"<w:tbl>{row('林远', '爸？')}{row('林父', '嗯。')}</w:tbl>"
    assert read_docx(package(body)).lines == ["林远：爸？", "林父：嗯。"]


def test_a_cast_table_is_a_cast_list(tmp_path):
    document = docx.Document()
    document.add_paragraph("人物小传")
    table = document.add_table(rows=0, cols=3)
    for row in (("姓名", "年龄", "身份"), ("孟海", "38", "守塔人"), ("孟小鱼", "9", "孟海的女儿")):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    for text in ("1、灯塔　夜　内", "孟海：谁？", "守塔人的帽子还在。"):
        document.add_paragraph(text)
    document.save(str(tmp_path / "s.docx"))
    script = read_script(tmp_path / "s.docx")
    assert [(character.name, character.note) for character in script.cast] == [
        ("孟海", "38　　守塔人"),
        ("孟小鱼", "9　　孟海的女儿"),
    ]
    assert [cue.character for cue in script.cues] == ["孟海"]


def test_hidden_text_and_raw_newlines():
    body = p("<w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden</w:t></w:r><w:r><w:t>a\nb</w:t></w:r>")
    assert read_docx(package(body)).lines == ["a b"]


def test_the_same_script_as_plain_text(tmp_path):
    text = "1、屋里　夜　内\n人物：林远、陈念\n林远：你来了。\n△陈念点头。\n"
    path = tmp_path / "s.docx"
    document = docx.Document()
    for line in text.splitlines():
        document.add_paragraph(line)
    document.save(str(path))
    script, plain = read_script(path), read_text(text)
    assert [(x.kind, x.text, x.speakers) for x in script.lines] == [(x.kind, x.text, x.speakers) for x in plain.lines]
    assert [(c.character, c.id) for c in script.cues] == [(c.character, c.id) for c in plain.cues]


def bomb() -> bytes:
    return package(p(t("哈" * 30_000_000)))


def entity() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            "word/document.xml",
            f'<!DOCTYPE d [<!ENTITY a "boom">]><w:document {W}><w:body>{p(t("&a;"))}</w:body></w:document>',
        )
    return buffer.getvalue()


def numbers() -> bytes:
    """Small in the file, huge when the numbers are printed."""
    level = f'<w:lvl w:ilvl="0"><w:lvlText w:val="{"%1" * 40_000}"/></w:lvl>'
    numbering = f'<w:abstractNum w:abstractNumId="0">{level}</w:abstractNum><w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>'
    body = '<w:p><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:p>' * 600_000
    return package(body, numbering=numbering)


def lzma_member() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("word/document.xml", "x" * 500)
    return buffer.getvalue()


def other_zip() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("content.xml", "<x/>")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("data", "error", "message"),
    [
        (lambda: SHORT.read_bytes()[:9000], FormatError, "damaged or cut off"),
        (lambda: b"PK\x03\x04 nonsense", FormatError, "damaged or cut off"),
        (lambda: b"no zip", FormatError, "damaged or cut off"),
        (bomb, LimitError, "MAX_ARCHIVE_RATIO"),
        (entity, FormatError, "document type or entity"),
        (numbers, LimitError, "MAX_"),
        (lzma_member, FormatError, "another way"),
        (other_zip, FormatError, "no word/document.xml"),
        (lambda: package("<w:p>" * 5 + "</w:p>"), FormatError, "not well-formed"),
        (lambda: package("<w:tbl>" * 4000 + "</w:tbl>" * 4000), FormatError, "nested"),
    ],
    ids=["cut", "broken", "text", "bomb", "entity", "numbers", "LZMA", "other zip", "bad XML", "deep"],
)
def test_refused(tmp_path, data, error, message):
    path = tmp_path / "s.docx"
    path.write_bytes(data())
    with pytest.raises(error, match=message) as caught:
        read_script(path)
    assert str(path) in str(caught.value)


def test_a_member_that_lies_about_its_checksum(tmp_path):
    data = package(p(t("林远：你好。")))
    start = data.index(b"word/document.xml") + len("word/document.xml")
    path = tmp_path / "s.docx"
    path.write_bytes(data[:start] + bytes(20) + data[start + 20 :])
    with pytest.raises(FormatError, match="damaged"):
        read_script(path)
