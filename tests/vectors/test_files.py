import gzip
import lzma
import struct
import subprocess
import sys

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from juqing.errors import FormatError, InputError
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import WordVectors
from juqing.vectors.files import SUFFIXES, read_vectors, write_vectors

WORDS = ["高兴", "sad", "Ärger", "的"]
VECTORS = WordVectors(
    Vocabulary(WORDS, [9, 5, 2, 2]), np.array([[1, 2, 3], [1e-30, -0.1, 0], [1 / 3, 1e9, -2], [0, 0, 0]], np.float32)
)
FORMS = [*SUFFIXES, ".txt.gz", ".vec.xz", ".bin.gz"]


@pytest.mark.parametrize("form", FORMS)
def test_round_trip(form, tmp_path):
    path = tmp_path / f"vectors{form}"
    write_vectors(VECTORS, path)
    again = read_vectors(path)
    assert again.words == WORDS
    assert np.array_equal(again.vectors, VECTORS.vectors)
    if form in (".npz", ".safetensors"):
        assert again.vocabulary.counts.tolist() == [9, 5, 2, 2]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
words = st.lists(
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=6), min_size=1, max_size=9, unique=True
)


@settings(deadline=None)
@given(words, st.integers(1, 4), st.sampled_from([".vec", ".glove", ".bin", ".safetensors"]), st.data())
def test_round_trip_of_any_table(tmp_path_factory, words, dim, form, data):
    words = [word for word in words if word.split() == [word]]
    if form == ".glove" and words and dim == 1 and words[0].isdigit():
        return  # a file without a first line whose first row reads like one
    if not words:
        return
    matrix = data.draw(hnp.arrays(np.float32, (len(words), dim), elements=finite))
    path = tmp_path_factory.mktemp("any") / f"table{form}"
    write_vectors(WordVectors(words, matrix), path)
    again = read_vectors(path)
    assert again.words == words
    assert np.array_equal(again.vectors, matrix)


@pytest.mark.parametrize("binary", [False, True])
def test_gensim_reads_ours_and_we_read_gensims(tmp_path, binary):
    path = tmp_path / ("ours.bin" if binary else "ours.txt")
    write_vectors(VECTORS, path)
    theirs = KeyedVectors.load_word2vec_format(str(path), binary=binary)
    assert theirs.index_to_key == WORDS
    assert np.array_equal(theirs.vectors, VECTORS.vectors)
    path = tmp_path / ("theirs.bin" if binary else "theirs.txt")
    theirs.save_word2vec_format(str(path), binary=binary)
    again = read_vectors(path)
    assert again.words == WORDS
    assert np.array_equal(again.vectors, VECTORS.vectors)


@pytest.mark.filterwarnings("ignore:Call to deprecated:DeprecationWarning")  # within gensim itself
def test_answers_are_gensims():
    random = np.random.default_rng(0)
    matrix = random.normal(size=(200, 20)).astype(np.float32)
    names = [f"w{k}" for k in range(200)]
    ours, theirs = WordVectors(names, matrix), KeyedVectors(20)
    theirs.add_vectors(names, matrix)
    for got, wanted in (
        (ours.most_similar("w7", 5), theirs.most_similar("w7", topn=5)),
        (ours.most_similar(["w7", "w9"], 5), theirs.most_similar(["w7", "w9"], topn=5)),
        (
            ours.most_similar(["w7", "w9"], 5, negative=["w1", "w2"]),
            theirs.most_similar(positive=["w7", "w9"], negative=["w1", "w2"], topn=5),
        ),
        (ours.analogy("w1", "w2", "w3", 5), theirs.most_similar(positive=["w2", "w3"], negative=["w1"], topn=5)),
    ):
        assert [word for word, _ in got] == [word for word, _ in wanted]
        assert np.allclose([value for _, value in got], [value for _, value in wanted], atol=1e-5)
    got = ours.analogy("w1", "w2", "w3", 5, multiply=True)
    wanted = theirs.most_similar_cosmul(positive=["w2", "w3"], negative=["w1"], topn=5)
    assert got[0][0] == wanted[0][0]
    assert ours.doesnt_match(names[:6]) == theirs.doesnt_match(names[:6])


def test_glove_words_with_blanks_and_a_mark(tmp_path):
    path = tmp_path / "glove.txt"
    path.write_text("﻿the 1 2\n. . . 3 4\n", encoding="utf-8")
    found = read_vectors(path)
    assert found.words == ["the", ". . ."]
    assert found.vectors.tolist() == [[1, 2], [3, 4]]
    with pytest.raises(InputError, match=r"'\. \. \.' holds a blank"):
        write_vectors(found, tmp_path / "x.vec")
    write_vectors(found, tmp_path / "x.safetensors")
    assert read_vectors(tmp_path / "x.safetensors").words == found.words


@pytest.mark.parametrize("head", [b"", b"3 2\n", b"3\t2\n"])
@pytest.mark.parametrize("between", [b" ", b"  ", b"\t", b" \t "])
def test_numbers_between_tabs_and_runs_of_blanks(tmp_path, head, between):
    path = tmp_path / "v.vec"
    path.write_bytes(
        head + b"".join(between.join(row) + b" \r\n" for row in ((b"a", b"1", b"2"), (b". .", b"3", b"4")))
    )
    if head:
        path.write_bytes(path.read_bytes() + b" " + b"5" + between + b"6\n")  # its word is empty
    found = read_vectors(path)
    assert found.words == ["a", ". .", ""][: len(found)]
    assert found.vectors.tolist() == [[1, 2], [3, 4], [5, 6]][: len(found)]


def test_words_that_are_no_utf8_stay_distinct(tmp_path):
    path = tmp_path / "v.bin"
    path.write_bytes(b"3 1\n" + b"".join(word + b" \0\0\0\0\n" for word in (b"\xe9\xab", b"\xe9\x98", b"\xff")))
    found = read_vectors(path)
    assert found.words == ["\\xe9\\xab", "\\xe9\\x98", "\\xff"]
    write_vectors(found, tmp_path / "v.vec")
    assert read_vectors(tmp_path / "v.vec").words == found.words


@pytest.mark.skipif(sys.platform != "linux", reason="asks /proc")
@pytest.mark.parametrize("name", ["v.bin", "v.bin.gz", "v.vec"])
def test_the_table_is_held_once(tmp_path, name):
    """Peak memory of a reading process, above that of reading a small file."""
    dim, paths = 2000, []
    for n in (3, 3000):
        rows = np.random.default_rng(0).integers(0, 9, (3, dim)).repeat(n // 3, axis=0)
        paths.append(tmp_path / f"{n}{name}")
        write_vectors(WordVectors([f"w{k}" for k in range(n)], rows), paths[-1])
    code = (
        "import sys; from pathlib import Path; from juqing.vectors.files import read_vectors\n"
        "def peak(): return int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) * 1024\n"
        "read_vectors(Path(sys.argv[1])); before = peak(); read_vectors(Path(sys.argv[2])); print(peak() - before)"
    )
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    table = 3000 * dim * 4
    assert 0.9 * table < int(done.stdout) < 1.8 * table


def test_safetensors_is_mapped_and_other_readers_take_it(tmp_path):
    from safetensors.numpy import load_file

    path = tmp_path / "vectors.safetensors"
    write_vectors(VECTORS, path)
    assert np.array_equal(load_file(path)["vectors"], VECTORS.vectors)
    assert not read_vectors(path).vectors.flags.owndata
    assert not read_vectors(path).vectors.flags.writeable


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.txt", b"", "it is empty"),
        ("blank.vec", b"\n\n", "it is empty"),
        ("short.vec", b"2 3\na 1 2 3\nb 1 2\n", "line 3: the row has 2 numbers, not 3"),
        ("short.txt", b"a 1 2 3\nb 1 2\n", "line 2: the row has 2 numbers, not 3"),
        ("nan.vec", b"2 2\na 1 2\nb 1 nan\n", "line 3: 'nan' is not a finite number"),
        ("word.vec", b"1 2\na 1 x\n", "line 2: 'x' is not a finite number"),
        ("count.vec", b"3 2\na 1 2\nb 1 2\n", "promises 3 words, and 2 follow"),
        ("twice.vec", b"2 1\na 1\n\na 2\n", "line 4: the word 'a' is there twice, first in line 2"),
        ("twice.bin", b"3 1\na \0\0\0\0b \0\0\0\0a \0\0\0\0", "'a' is there twice, as word 1 and as word 3"),
        ("tabs.vec", b"2 3\na\t1\t2\t3\nb\t1\t2\n", "line 3: the row has 2 numbers, not 3"),
        ("tabs.txt", b"a\t1\t2\nb\t1\t2\t3\n", "line 2: the row has 3 numbers, not 2"),
        ("bomb.vec", b"99999999999 99999\na 1\n", "line 2: the row has 1 numbers, not 99999"),
        ("zero.vec", b"1 0\na\n", "a width of 0"),
        ("one.txt", b"word\n", "a width of 0"),
        ("coded.vec", "1 1\n高兴 1\n".encode("gb18030"), "line 2: the word is not UTF-8"),
        ("wide.vec", "1 1\n高兴 1\n".encode("utf-16"), "line 1: it is UTF-16, or no text"),
        ("zeros.txt", b"1\0 1\na 1\n", "line 1: it is UTF-16, or no text"),
        ("cut.bin", b"2 2\na " + struct.pack("2f", 1, 2), "word 2"),
        ("cut2.bin", b"1 2\na " + struct.pack("f", 1), "ends inside the vector of word 1"),
        ("none.bin", b"hello\n", "not the number of words"),
        ("inf.bin", b"1 1\na " + struct.pack("f", np.inf), "'a' holds a number that is not finite"),
        ("bomb.bin", b"99999999999 300\na ", "word 1"),
        ("no.npz", b"PK\x03\x04", "no NumPy archive"),
        ("no.safetensors", b"\xff" * 40, "damaged"),
        ("tiny.safetensors", b"", "damaged"),
        ("cut.txt.gz", gzip.compress(b"a 1\n" * 99, mtime=0)[:20], "cannot be read"),
        ("cut.txt.xz", lzma.compress(b"a 1\n" * 99)[:60], "cannot be read"),
    ],
)  # fmt: skip
def test_damaged_files(tmp_path, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        read_vectors(path)
    assert message in str(caught.value) and str(path) in str(caught.value)


def test_other_refusals(tmp_path):
    with pytest.raises(FormatError, match="cannot be read"):
        read_vectors(tmp_path / "none.vec")
    with pytest.raises(InputError, match=r"suffix '\.doc'"):
        read_vectors(tmp_path / "x.doc")
    with pytest.raises(InputError, match="suffix"):
        write_vectors(VECTORS, tmp_path / "x.doc")
    with pytest.raises(InputError, match="line break"):
        write_vectors(WordVectors(["a\nb"], np.ones((1, 1))), tmp_path / "x.npz")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"2 2\na 1 2 3\nb 4 5 6\n", "line 2: the row has 3 numbers, not 2"),
        ("a.glove", b"a 1 2\nb 1 2\nc 1 2 3\n", "line 3: the row has 3 numbers, not 2"),
        ("a.bin", b"1 1\na \0\0\0\0\nb \0\0\0\0\n", "promises 1 words, and more follow"),
        ("a.glove", b"a 1 " + b"1" * 3000, "is not a finite number"),
        ("a.safetensors", b"\xff\x27\0\0\0\0\0\0" + b"[" * 10239, "it is damaged"),
        ("a.safetensors.gz", b"", "a .safetensors cannot be compressed"),
    ],
)
def test_more_files_that_are_refused(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_vectors(tmp_path / name)


def test_numbers_that_are_not_finite_are_found_in_every_form(tmp_path):
    vectors = WordVectors(["a", "b"], np.array([[1, 2], [3, np.nan]], np.float32))
    for name in ("v.safetensors", "v.npz", "v.bin", "v.txt"):
        write_vectors(vectors, tmp_path / name)
        with pytest.raises(FormatError, match="finite"):
            read_vectors(tmp_path / name)
