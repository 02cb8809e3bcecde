import gzip
import lzma
from collections import Counter
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from juqing.errors import FormatError, InputError
from juqing.text import _hashing
from juqing.text import corpus as module
from juqing.text.corpus import UNITS, Corpus
from juqing.text.vocabulary import Vocabulary

LINES = ["林远走了。", "", "她 很 高兴 她 笑", "  ", "Ann laughs"]


@pytest.mark.parametrize("unit", UNITS)
def test_sentences_that_hold_a_text(unit):
    corpus = Corpus([LINES, ["高兴的事"]], unit=unit)
    assert list(corpus.containing("高兴")) == [words for words in corpus if "高兴" in "".join(words)]
    assert len(list(corpus.containing("高兴"))) == 2 and list(corpus.containing("难过")) == []


def test_units():
    assert list(Corpus([LINES], unit="blank")) == [["林远走了。"], ["她", "很", "高兴", "她", "笑"], ["Ann", "laughs"]]
    assert list(Corpus([LINES], unit="character"))[:2] == [list("林远走了。"), list("她很高兴她笑")]
    assert list(Corpus([["她很高兴。"]], unit="word")) == [["她", "很", "高兴", "。"]]
    assert list(Corpus([["她很高兴。"]], tags=True)) == [["她/r", "很/zg", "高兴/b", "。/x"]]


def test_blocks_tell_their_source(tmp_path):
    (tmp_path / "a.txt").write_text("一\n二", encoding="utf-8")
    (tmp_path / "b.txt").write_text("三\n", encoding="utf-8")
    found = ["", "", ""]
    for source, text in Corpus([tmp_path, ["四", "五"]]).blocks():
        found[source] += text
    assert found == ["一\n二", "三\n", "四\n五"]


lines = st.lists(st.text(st.sampled_from("她很高兴走了笑。 \tab，"), max_size=20), max_size=12)


@settings(deadline=None)
@given(lines, st.sampled_from(UNITS), st.integers(1, 30), st.data())
def test_counts_and_ids_are_those_of_the_sentences(tmp_path_factory, lines, unit, block, data):
    folder = tmp_path_factory.mktemp("corpus")
    (folder / "a.txt").write_text("\n".join(lines), encoding="utf-8")
    before, module._BLOCK = module._BLOCK, block
    try:
        for corpus in (Corpus([lines], unit=unit), Corpus([folder], unit=unit)):
            sentences = list(corpus)
            counts = corpus.counts()
            assert counts == Counter(chain.from_iterable(sentences))
            assert list(counts) == list(dict.fromkeys(chain.from_iterable(sentences)))
            if not counts:
                continue
            kept = data.draw(st.lists(st.sampled_from(sorted(counts)), min_size=1, unique=True))
            vocabulary = Vocabulary(kept)
            encoded = corpus.encode(vocabulary, folder / "ids.bin")
            expected = [ids for sentence in sentences if (ids := [kept.index(w) for w in sentence if w in kept])]
            found = np.split(np.asarray(encoded.ids), np.asarray(encoded.ends)[:-1])
            assert [part.tolist() for part in found] == expected
            encoded.release()
            assert np.array_equal(encoded.ids, np.concatenate(found))
            assert encoded.n_sentences == len(expected)
            assert encoded.n_words == sum(map(len, sentences))
    finally:
        module._BLOCK = before


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=60), st.integers(1, 4))
def test_words_between_blanks_are_those_of_python(text, small):
    """All of Unicode's blanks; with tables that must grow."""
    table = _hashing.WordTable()
    table._slots, table._hashes = np.full(2**small, -1, np.int32), np.zeros(2**small, np.uint64)
    table._arena, table._ends, table._counts = np.zeros(1, np.uint8), np.zeros(1, np.int64), np.zeros(1, np.int64)
    for part in (text, text[::-1]):
        table.add(_hashing.plain(part))
    expected = Counter(text.split() + text[::-1].split())
    assert table.counts() == expected
    assert list(table.counts()) == list(expected)
    assert table.n_seen == sum(expected.values())


def test_files_folders_and_compression(tmp_path):
    text = b"a b\nc\n"
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + text)
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(text))
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.md.xz").write_bytes(lzma.compress(text.replace(b"\n", b"\r\n")))
    (tmp_path / "deep" / "d.text.zst").write_bytes(zstandard.compress(text))
    (tmp_path / "e.docx").write_bytes(b"no text")
    (tmp_path / ".hidden.txt").write_bytes(b"no text")
    assert list(Corpus([tmp_path], unit="blank")) == [["a", "b"], ["c"]] * 4
    assert list(Corpus([tmp_path / "a.txt", ["x y"]], unit="blank")) == [["a", "b"], ["c"], ["x", "y"]]


def test_progress(tmp_path):
    told: list[int] = []
    corpus = Corpus([["a b c"], ["d"]], unit="blank")
    corpus.counts(told.append)
    corpus.encode(Vocabulary(["a"]), tmp_path / "ids", told.append)
    assert told == [3, 4, 3, 4]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", ("好" * 50 + "\n").encode() * 9 + "高兴".encode("gb18030"), "line 10: it is not UTF-8. "),
        ("a.txt", ("今天" * 30 + "\n").encode("gb18030") * 9 + b"\xff\xff", "line 10: it is not GB18030"),
        ("a.txt", b"ok\n" * 9 + b"\x80\x81\xff", "line 10: it is not UTF-8, GB18030 or Big5"),
        ("a.txt.gz", gzip.compress(b"a b\n" * 99, mtime=0)[:25], "cannot be read"),
        ("a.txt.xz", b"nothing", "cannot be read"),
        ("a.txt.zst", b"nothing", "cannot be read"),
    ],
)
def test_damaged_files(tmp_path, monkeypatch, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    monkeypatch.setattr(module, "_BLOCK", 4)
    with pytest.raises(FormatError) as caught:
        Corpus([path], unit="blank").counts()
    assert message in str(caught.value) and str(path) in str(caught.value)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "big5"])
def test_encodings(tmp_path, encoding):
    """They are told at the first characters that are not ASCII, however far down these are."""
    said = "等到 失去 了 才 後悔莫及 ， 人世間 最 痛苦 的 事 莫過於 此 。\n"
    path = tmp_path / "a.txt"
    path.write_bytes(("ok fine\n" * 200_000 + said * 20_000).encode(encoding))
    counts = Corpus([path], unit="blank").counts()
    assert counts["ok"] == 200_000 and counts["後悔莫及"] == 20_000 and len(counts) == 2 + 14


def test_few_characters_do_not_tell_an_encoding(tmp_path):
    """Two of them may read as UTF-8, or as another encoding; what comes later decides for itself."""
    path, said = tmp_path / "a.txt", "等到 失去 了 才 後悔莫及\n" * 200 + "心裏 難過 ， 永恒\n"
    for first, encoding in (("目录", "gb18030"), ("中國", "cp950")):
        path.write_bytes(b"ok fine\n" * (2**17 - 1) + f"a {first}\n{said}".encode(encoding))
        counts = Corpus([path], unit="blank").counts()
        assert counts["後悔莫及"] == 200 and counts["心裏"] == counts["永恒"] == 1


def test_other_refusals(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="no such file"):
        Corpus([tmp_path / "none.txt"])
    with pytest.raises(InputError, match="holds no text"):
        Corpus([tmp_path])
    with pytest.raises(InputError, match="unit is 'sentence'"):
        Corpus([], unit="sentence")
    with pytest.raises(InputError, match="Only words"):
        Corpus([], unit="blank", tags=True)
    with pytest.raises(InputError, match="no word of the text"):
        Corpus([["a"]], unit="blank").encode(Vocabulary(["b"]), tmp_path / "ids")
    assert list(Path(tmp_path).iterdir()) == []
    monkeypatch.setattr(module, "_BLOCK", 4)
    monkeypatch.setattr(module, "_LONGEST_LINE", 20)
    (tmp_path / "long.txt").write_bytes(b"a\n" + b"x" * 99)
    with pytest.raises(FormatError, match="line 2: the line is longer"):
        Corpus([tmp_path / "long.txt"], unit="blank").counts()


def test_sources_that_are_refused(tmp_path):
    for sources, message in (
        (["novels/"], "no path"),
        ("novels/", "no path"),
        ([(line for line in ["a b"])], "no path"),
        ([Path("长" * 200)], "cannot be read"),
    ):
        with pytest.raises(InputError, match=message):
            Corpus(sources)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match="not cut into words"):
        Corpus([[["a", "b"]]]).counts()  # pyright: ignore[reportArgumentType]


def test_hidden_folders_are_left_out(tmp_path):
    for name in (".git/a.txt", "b/c.txt", "b/.d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    assert Corpus([tmp_path]).sources == [tmp_path / "b" / "c.txt"]
