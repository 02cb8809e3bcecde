"""Which reader a file needs, what is refused, and the same script in every format and encoding."""

import os

import pytest
from conftest import ENGLISH, FEATURE, SHORT

from juqing.errors import FormatError, LimitError, ScriptError
from juqing.reading import find_scripts, limits, read_script, read_text

TEXT = "1、屋里　夜　内\n人物：林远、陈念\n林远：你来了。\n△陈念点头。\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_the_same_model_in_every_encoding(tmp_path, encoding, newline):
    path = tmp_path / "s.txt"
    path.write_bytes(TEXT.replace("\n", newline).encode(encoding))
    script, expected = read_script(path), read_text(TEXT)
    assert (script.scenes, script.cues, script.cast) == (expected.scenes, expected.cues, expected.cast)
    assert (script.title, script.source_name) == ("s", str(path))
    assert len(script.source_sha256) == 64


def test_a_word_document_called_txt(tmp_path):
    path = tmp_path / "s.txt"
    path.write_bytes(SHORT.read_bytes())
    assert read_script(path).format == "docx"


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.txt", b"", "empty"),
        ("a.txt", b"\xef\xbb\xbf", "empty"),
        ("a.txt", b" \r\n\t\n", "empty"),
        ("a.txt", bytes(500), "empty"),
        ("a.txt", b"\x7fELF" + bytes(range(256)) * 9, "not text"),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), r"old binary Word document.*save it as \.docx"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "old binary Word document"),
        (
            "a.docx",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99) + "EncryptedPackage".encode("utf-16-le"),
            "has a password.*without a password",
        ),
        ("a.pdf", b"%PDF-1.7", "PDF"),
        ("a.txt", b"%PDF-1.7", "PDF"),
        ("a.rtf", b"{\\rtf1 hello}", "RTF"),
        ("a.srt", b"1\n00:00:01,000 --> 00:00:02,000\nHi\n", "subtitle"),
    ],
)
def test_refused(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ScriptError, match=message) as caught:
        read_script(path)
    assert str(path) in str(caught.value)


def test_paths_that_are_no_files(tmp_path):
    with pytest.raises(ScriptError, match="no such file"):
        read_script(tmp_path / "none.txt")
    with pytest.raises(ScriptError, match="folder"):
        read_script(tmp_path)
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ScriptError, match="not an ordinary file"):
        read_script(tmp_path / "pipe.txt")
    with pytest.raises(ScriptError):
        read_script("a\0b.txt")


def test_a_gigabyte_of_one_line_is_refused_unread(tmp_path):
    path = tmp_path / "s.txt"
    with path.open("wb") as file:
        file.truncate(2**30)  # sparse: it takes no space
    with pytest.raises(LimitError, match="MAX_SCRIPT_BYTES"):
        read_script(path)


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("哈" * (limits.MAX_LINE_CHARACTERS + 1), "MAX_LINE_CHARACTERS"),
        ("\n" * (limits.MAX_LINES + 1), "MAX_LINES"),
        ("1、甲　日　内\n" * (limits.MAX_SCENES + 1), "MAX_SCENES"),
    ],
)
def test_named_limits(tmp_path, text, limit):
    path = tmp_path / "s.txt"
    path.write_text("林远：\n" + text, encoding="utf-8")
    with pytest.raises(LimitError, match=limit) as caught:
        read_script(path)
    assert str(path) in str(caught.value)


def test_folders(tmp_path):
    (tmp_path / "b").mkdir()
    for name in ("b/2.fountain", "1.txt", "3.jpg", ".hidden.txt", "~$1.docx"):
        (tmp_path / name).write_text("x")
    assert [path.name for path in find_scripts([tmp_path])] == ["1.txt", "2.fountain"]
    assert find_scripts([FEATURE, FEATURE]) == [FEATURE]
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScriptError, match="no script"):
        find_scripts([tmp_path / "empty"])


def test_named_encoding(tmp_path):
    path = tmp_path / "s.txt"
    path.write_bytes(TEXT.encode("gbk"))
    assert read_script(path, encoding="gbk").n_cues == 2
    with pytest.raises(FormatError, match="not utf-8"):
        read_script(path, encoding="utf-8")


def test_examples_read_clean():
    for path, n_scenes, n_people in ((FEATURE, 19, 12), (SHORT, 12, 6), (ENGLISH, 12, 6)):
        script = read_script(path)
        assert (len(script.scenes), len(script.characters)) == (n_scenes, n_people)
        assert script.warnings == ()
