"""Messages that a user of the page can meet are in Chinese: found in the code, and made by real files."""

from __future__ import annotations

import ast
import io
import zipfile
from pathlib import Path

import pytest

import juqing
from juqing.errors import InputError
from juqing.reading import limits
from juqing.reading.files import _REFUSED, SUFFIXES, read_bytes
from juqing.web.messages import SENTENCES, STATUSES, WORDS, chinese, translated

SOURCE = Path(juqing.__file__).parent
RAISED = {"ScriptError", "FormatError", "LimitError", "InputError", "LabelError", "QueueFullError"}
NOT_HERE = {  # raised for the command line alone: paths, folders, maps of aliases, encodings that are named, how a server is started
    "aliases.py": None,
    "database.py": None,
    "migrations.py": None,
    "files.py": ("folder", "no such file", "ordinary file", "the file cannot be read", "Check the path"),
    "encoding.py": ("there is no encoding", "byte "),
}


def literal(node: ast.expr) -> str | None:
    """A string of the code, values in it replaced by one; None for what is no string."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "7x" for part in node.values]
        return "".join(map(str, parts))
    return None


def messages() -> list[tuple[str, str]]:
    """File, and what it says to a user: of `Problem(...)`, of errors of readers and the store, of jobs that fail, of limits."""
    found = []
    for path in [*(SOURCE / "web").glob("*.py"), *(SOURCE / "reading").glob("*.py"), *(SOURCE / "store").glob("*.py"), SOURCE / "script.py"]:  # fmt: skip
        left_out = NOT_HERE.get(path.name, ())
        if left_out is None:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said: list[ast.expr] = []
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in RAISED:
                    said = node.args[:2]
                elif name == "Problem":
                    said = node.args[1:2]
                elif name == "fail":
                    said = node.args[2:]
            elif isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.expr):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(isinstance(target, ast.Name) and target.id in ("remedy", "told") for target in targets):
                    said = [node.value]
            elif isinstance(node, ast.Dict):
                said = [v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant) and k.value == "error"]  # fmt: skip
            texts = [text for text in map(literal, said) if text and " " in text]
            if texts and not any(word in texts[0] for word in left_out):
                found += [(path.name, text) for text in texts]
    return found


def test_every_message_in_the_code_has_a_row():
    found = messages()
    assert len(found) > 80 and {name for name, _ in found} >= {"api.py", "guard.py", "worker.py", "jobs.py", "docx.py"}
    english = [(name, text) for name, text in found if translated(text)[2] and text != "7x: 7x"]
    assert english == []  # give each sentence a row in juqing.web.messages


def test_what_stands_for_a_value_is_chinese_too():
    checked = [
        literal(node.args[3])
        for path in (SOURCE / "reading").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "limits.check"
    ]
    assert len(checked) > 12
    for what in [*checked, *(what for what, _ in _REFUSED.values())]:
        if what is not None:
            assert what not in chinese(
                f"{what} is 9, and the limit MAX is 8." if what in checked else f"this is {what}: it cannot be read."
            )
    for _, remedy in _REFUSED.values():
        assert not translated(remedy)[2]


def packed(**members: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml"), text)
    return data.getvalue()


OLE = bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600
UNREADABLE = [
    ("a.pdf", b"%PDF-1.7", "这是 PDF 文件，读不了。"),
    ("a.docx", OLE, "旧版 Word 文档"),
    ("a.xlsx", OLE, "旧版 Excel 工作簿"),
    ("a.xlsx", OLE + "EncryptedPackage".encode("utf-16-le"), "文件有密码"),
    ("a.docx", b"PK\x03\x04", "文件损坏或不完整"),
    ("a.docx", packed(x="y"), "不是 Word 文档"),
    ("a.docx", packed(word__document_xml="<a>"), "a.docx，第 1 行：word/document.xml的 XML 有错"),
    ("a.docx", packed(word__document_xml="<!DOCTYPE a><a/>"), "实体可以用来攻击"),
    ("a.json", b"{}", "这不是 JSON 剧本"),
    ("a.json", b'{"title":"","format":"","language":"zh","scenes":[{"index":3,"heading":"","lines":[],"source":null}],"cues":[]}', "自相矛盾"),
    ("a.txt", b"\x81\xff\x00\x9f" * 9, "请另存为 UTF-8"),
    ("a.txt", b"\xff\xfe\x00\xd8a", "文件开头说编码是 utf-16"),
    ("a.txt", b"", "文件是空的"),
    ("a: b, line 3.txt", b"", "a: b, line 3.txt：文件是空的"),
    ("a.csv", b"a,b\n1,2\n", "第一行是 'a', 'b'。"),
    ("a.csv", b'a,"b\n', "表格读不了"),
    ("a.tsv", b"a\tb\n", "表格没有 'id' 这一列"),
    ("a.tsv", b"id\tcontent\tcharacter\n1\t2\t3\n", "第 2 行：编号 '1' 的格式不是"),
    ("a.tsv", b"id\tcontent\tcharacter\n", "只有列名"),
    ("a.tsv", b"id\tcontent\tcharacter\temotions\n1_1_A_1\tx\ty\t1,2\n", "标注 '1,2' 有 2 个值"),
    ("a.tsv", b"id\tcontent\tcharacter\temotions\n1_1_A_1\tx\ty\t1,2,9,0,0,0\n", "标注 '9' 不是 0 到 3 的数。请改正这一行。"),
    ("a.xlsx", packed(a="b"), "工作簿读不了"),
    ("a.fdx", b"<x/>", "第一个元素是 <x>"),
    ("a.highland", packed(a="b"), "压缩包里没有文字"),
    ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nhi\n", "字幕文件，没有写谁在说话"),
    ("a.txt", "甲（云〕：好。科〕唱〕白〕云〕科〕\n".encode(), "古典戏曲"),
    ("a.txt", b"x" * (limits.MAX_SCRIPT_BYTES + 1), "文件的字节数是 16,777,217，超过上限 MAX_SCRIPT_BYTES：16,777,216。"),
    ("a.txt", b"x" * (limits.MAX_LINE_CHARACTERS + 1), "a.txt，第 1 行：这一行的长度是 100,001"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "data", "said"), UNREADABLE, ids=[f"{name} {said}" for name, _, said in UNREADABLE])
def test_what_readers_refuse(name: str, data: bytes, said: str):
    with pytest.raises(InputError) as raised:
        read_bytes(data, name)
    assert translated(str(raised.value))[2] == ""
    assert said in chinese(str(raised.value))


def test_every_refused_kind():
    for suffix in _REFUSED:
        assert suffix not in SUFFIXES
        with pytest.raises(InputError) as raised:
            read_bytes(b"x", f"a{suffix}")
        assert chinese(str(raised.value)).startswith(f"a{suffix}：这是")
        assert translated(str(raised.value))[2] == ""


def test_what_has_no_row_stays_english_behind_a_chinese_title():
    assert (
        chinese("query.x: Input should be a valid number", 422) == "内容不能用：query.x: Input should be a valid number"
    )
    assert chinese("The file is empty. And more.") == "文件是空的。And more."
    assert chinese("Not Found", 404) == "没有找到。"


def test_rows_keep_their_values():
    for table in (SENTENCES, WORDS):
        assert all(english.count("{}") == said.count("{}") or said.count("{}") == 0 for english, said in table.items())
    assert len(STATUSES) == 14


def test_a_message_that_is_too_long_is_not_looked_up():
    assert chinese("x" * 800 + ": the file is empty.").startswith("没有成功：x")
    assert chinese("x" * 700 + ": the file is empty.").endswith("文件是空的。")
