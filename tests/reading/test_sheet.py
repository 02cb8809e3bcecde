"""Tables with a line a row: columns by name, quotes, bad tables."""

import io

import pytest
from openpyxl import Workbook
from reading.mutations import workbook

from juqing.errors import FormatError, LimitError
from juqing.reading import read_script
from juqing.reading.sheet import columns_of


def read(tmp_path, name: str, data: bytes | str):
    path = tmp_path / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_script(path)


def test_a_workbook_is_read_like_its_csv(tmp_path):
    rows = "场次,人物,台词\n1-1 日 内 客厅,林父,坐下。\n1-1 日 内 客厅,,林远站着。\n2,3.5,True\n"
    csv, xlsx = read(tmp_path, "a.csv", rows), read(tmp_path, "a.xlsx", workbook())
    assert (xlsx.scenes, xlsx.cues, xlsx.cast) == (csv.scenes, csv.cues, csv.cast)
    assert [cue.character for cue in xlsx.cues] == ["林父", "3.5"]


def test_the_sheet_with_the_columns_is_found(tmp_path):
    book = Workbook()
    assert book.active is not None
    book.active.append(["notes"])
    sheet = book.create_sheet()
    sheet.append(["text", "speaker"])
    sheet.append(["Hello.", "ANN"])
    buffer = io.BytesIO()
    book.save(buffer)
    script = read(tmp_path, "a.xlsx", buffer.getvalue())
    assert [line.speakers for line in script.lines] == [("ANN",)]


def test_mood_column_and_quoted_line_break(tmp_path):
    script = read(tmp_path, "a.csv", 'text,speaker,mood\n"one,\ntwo",ANN (V.O.),quietly\n字幕：夜,,\n"走。","甲/乙",\n')
    assert [(x.kind, x.text, x.speakers, x.parentheticals, x.delivery, x.source.first, x.source.last) for x in script.lines] == [
        ("dialogue", "one, two", ("ANN",), ("quietly",), "vo", 2, 3),
        ("caption", "夜", (), (), "on", 4, 4),
        ("dialogue", "走。", ("甲", "乙"), (), "on", 5, 5),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a,b\n1,2\n", "names no columns.*'a', 'b'"),
        ("speaker\nANN\n", "names no columns"),
        (",,\n,,\n", "names no columns"),
        ('speaker,text\nANN,"never closed\n', "line 2: the table cannot be read|cannot be read"),
    ],
)
def test_bad_tables(tmp_path, data, message):
    with pytest.raises(FormatError, match=message) as caught:
        read(tmp_path, "a.csv", data)
    assert caught.value.path and caught.value.remedy


def test_bad_workbooks(tmp_path):
    with pytest.raises(FormatError, match=r"damaged|not an Excel"):
        read(tmp_path, "a.xlsx", b"PK\x03\x04rubbish")
    with pytest.raises(FormatError, match="not an Excel"):
        read(tmp_path, "b.xlsx", b"plain text")
    with pytest.raises(FormatError, match="old binary Excel"):
        read(tmp_path, "c.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99))


def test_a_cell_that_is_too_long(tmp_path):
    with pytest.raises((LimitError, FormatError)):
        read(tmp_path, "a.csv", "speaker,text\nANN," + "x" * 100_001 + "\n")


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        (["Scene Number", "Character Name", "Dialogue Text"], {"scene": 0, "speaker": 1, "text": 2}),
        (["Line Number", "Speaker", "Line"], {"speaker": 1, "text": 2}),
        (["角色情绪", "角色", "台词内容"], {"speaker": 1, "text": 2}),
        (["文本", "角色名称", "对白"], {"text": 0, "speaker": 1}),
        (["name", "age"], {}),
    ],
)
def test_columns(header, columns):
    assert columns_of(header) == columns


def test_a_scene_number_that_comes_back_in_the_next_episode(tmp_path):
    script = read(tmp_path, "a.csv", "集,场,人物,台词\n1,1,林远,走。\n1,1,林远,好。\n2,1,林远,来。\n")
    assert [(scene.part, scene.number, len(scene.lines)) for scene in script.scenes] == [("1", "1", 2), ("2", "1", 1)]
