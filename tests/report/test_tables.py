"""Tables, read back by other libraries: csv, openpyxl, json, pyarrow."""

import csv
import json

import openpyxl
import pyarrow.parquet as pq
import pytest

from juqing.errors import OutputError
from juqing.reading import read_text
from juqing.report import TABLE_SUFFIXES, write_table
from juqing.runtime import load

HOSTILE = read_text(
    "1、甲　日　内\n=cmd|'/c calc'!A1：=1+1\n林远：=HYPERLINK(\"http://x\")\n林远：“引号”, 逗号\x07\n@SUM：+1\n"
)


@pytest.fixture(scope="module")
def scores(feature):
    return load().score(feature)


def read(path):
    """Rows of a table, all values as text."""
    match path.suffix:
        case ".csv":
            assert path.read_bytes().startswith(b"\xef\xbb\xbf")
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = list(csv.DictReader(file))
        case ".jsonl":
            rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        case ".parquet":
            rows = pq.read_table(path).to_pylist()
        case _:
            sheet = openpyxl.load_workbook(path)["cues"]
            values = list(sheet.values)
            rows = [dict(zip(map(str, values[0]), row, strict=True)) for row in values[1:]]
    return rows


@pytest.mark.parametrize("suffix", TABLE_SUFFIXES)
def test_round_trip(scores, tmp_path, suffix):
    path = tmp_path / f"t{suffix}"
    write_table([scores, scores], path)
    rows, expected = read(path), scores.table() * 2
    assert len(rows) == len(expected)
    for row, want in zip(rows, expected, strict=True):
        assert list(row) == list(want)
        for key, value in want.items():
            if isinstance(value, float):
                assert float(row[key]) == pytest.approx(value, abs=1e-6)
            else:
                assert str(row[key] or "") == str(value)


def test_sheets(scores, tmp_path):
    write_table([scores], tmp_path / "t.xlsx")
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert book.sheetnames == ["cues", "characters", "scenes"]
    assert book["characters"].max_row == 1 + len(scores.script.characters)
    assert book["scenes"].max_row == 1 + len(scores.script.scenes)


def test_no_formula_reaches_a_spreadsheet(tmp_path):
    scores = load().score(HOSTILE)
    write_table([scores], tmp_path / "t.csv")
    write_table([scores], tmp_path / "t.xlsx")
    for row in read(tmp_path / "t.csv"):
        assert not str(row["text"]).startswith(("=", "+", "-", "@"))
    for sheet in openpyxl.load_workbook(tmp_path / "t.xlsx").worksheets:
        assert not [cell for row in sheet.iter_rows() for cell in row if cell.data_type == "f" or cell.hyperlink]


def test_unknown_suffix(scores, tmp_path):
    with pytest.raises(OutputError, match=r"\.csv, \.xlsx"):
        write_table([scores], tmp_path / "t.ods")
