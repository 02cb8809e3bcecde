import itertools
import sys
from pathlib import Path

import numpy as np
import pytest
import wn
import wn.similarity
from wn._config import config
from wn._db import clear_connections

from juqing.errors import FormatError, InputError, MissingExtraError
from juqing.vectors import WordVectors
from juqing.vectors.wordnet import WordNet, open_wordnet

FEELINGS = Path(__file__).parent.parent / "data" / "wordnet" / "feelings.xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE LexicalResource SYSTEM "http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd">\n'


@pytest.fixture(autouse=True)
def database(tmp_path, monkeypatch):
    """An empty folder in place of the user's."""
    monkeypatch.setattr(config, "data_directory", tmp_path / "wn")
    yield tmp_path / "wn"
    clear_connections()


@pytest.fixture
def feelings():
    with open_wordnet(path=FEELINGS) as wordnet:
        yield wordnet


def lexicon(name, synsets, requires=""):
    """WN-LMF of synsets: word, identifier, interlingual index, hypernyms."""
    entries = "".join(
        f'<LexicalEntry id="{name}-w{k}"><Lemma writtenForm="{word}" partOfSpeech="n"/><Sense id="{name}-s{k}" synset="{name}-{each}"/></LexicalEntry>'
        for k, (word, each, _, _) in enumerate(synsets)
    )
    rows = "".join(
        f'<Synset id="{name}-{each}" ili="{ili}" partOfSpeech="n">'
        + "".join(f'<SynsetRelation relType="hypernym" target="{name}-{up}"/>' for up in ups)
        + "</Synset>"
        for _, each, ili, ups in synsets
    )
    needs = f'<Requires ref="{requires}" version="1"/>' if requires else ""
    return (
        f'{HEAD}<LexicalResource><Lexicon id="{name}" label="{name}" language="zh" email="nobody@example.org" license="Apache-2.0" version="1">'
        f"{needs}{entries}{rows}</Lexicon></LexicalResource>"
    )


def test_meanings(feelings):
    adjective, noun = feelings.meanings("快乐")
    assert (adjective.id, adjective.pos, adjective.definition) == ("happy", "a", "感到快乐的")
    assert (adjective.synonyms, adjective.hypernyms) == ((("高兴", None), ("开心", None)), ())
    assert (noun.pos, noun.synonyms) == ("n", (("喜悦", None), ("欢乐", None)))
    assert noun.hypernyms == ("情感", "心理", "事物")
    assert {meaning.pos for meaning in feelings.meanings("爱")} == {"n", "v"}
    assert feelings.meanings("嫉妒")[0].hypernyms == ("恨", "情感", "心理", "事物")  # of two, the first
    assert feelings.meanings("给力") == [] and "给力" not in feelings and "暴怒" in feelings
    assert (feelings.lexicons, feelings.missing) == (["feelings:1"], [])


@pytest.mark.parametrize(
    ("first", "second", "steps"),
    [
        ("高兴", "快乐", 0),  # one synset
        ("狂喜", "快乐", 1),
        ("快乐", "愤怒", 2),  # by 情感
        ("狂喜", "暴怒", 4),
        ("狂喜", "眼泪", 6),  # by 事物
        ("嫉妒", "恐惧", 1),  # by the second hypernym
        ("嫉妒", "悲痛", 4),
        ("爱", "恨", 2),  # as nouns and as verbs
        ("喜爱", "恨", 3),  # as nouns
        ("哭", "感到", None),
        ("高兴", "难过", None),  # adjectives have no hypernyms
    ],
)
def test_path_similarity_by_hand(feelings, first, second, steps):
    expected = 0.0 if steps is None else 1 / (1 + steps)
    assert feelings.path_similarity(first, second) == feelings.path_similarity(second, first) == expected


def test_path_similarity_is_that_of_wn(feelings):
    lexicon = wn.Wordnet("feelings")
    words = lexicon.lemmas()
    assert len(words) > 35
    for first, second in itertools.product(words, repeat=2):
        pairs = itertools.product(lexicon.synsets(first), lexicon.synsets(second))
        expected = max((wn.similarity.path(a, b) for a, b in pairs if a.pos == b.pos), default=0.0)
        assert feelings.path_similarity(first, second) == expected
    assert feelings.path_similarity("快乐", "给力") is None


def test_beside_vectors(feelings):
    vectors = WordVectors(
        ["快乐", "高兴", "给力", "愤怒", "开心"], np.array([[1, 0], [4, 3], [3, 4], [0, 1], [-1, 0]], np.float32)
    )
    assert feelings.meanings("快乐", vectors)[0].synonyms == (("高兴", pytest.approx(0.8)), ("开心", -1.0))
    assert feelings.meanings("快乐", vectors)[1].synonyms == (("喜悦", None), ("欢乐", None))
    assert feelings.meanings("暴怒", vectors)[0].synonyms == ()
    near = feelings.neighbors("快乐", vectors, 3)
    assert [(each.word, each.known, each.path) for each in near] == [
        ("高兴", True, 1.0),
        ("给力", False, None),
        ("愤怒", True, pytest.approx(1 / 3)),
    ]
    assert [each.cosine for each in near] == pytest.approx([0.8, 0.6, 0.0], abs=1e-6)
    assert [(each.known, each.path) for each in feelings.neighbors("给力", vectors, 1)] == [(True, None)]
    with pytest.raises(InputError, match="'暴怒' has no vector"):
        feelings.neighbors("暴怒", vectors)
    with pytest.raises(InputError, match="is empty"):
        feelings.meanings(" ")


def test_the_users_database(database):
    with pytest.raises(
        InputError, match=r"no WordNet is installed.*wn download omw-cmn:2.0 omw-en:2.0.*--lexicon-file"
    ):
        WordNet()
    assert not database.exists()  # asking leaves nothing behind
    wn.add(FEELINGS, progress_handler=None)
    for name in (None, "feelings", "feelings:1"):
        with open_wordnet(name) as wordnet:
            assert wordnet.lexicons == ["feelings:1"] and "高兴" in wordnet
    with pytest.raises(InputError, match=r"'omw-cmn' is not there. Choose of feelings:1"):
        WordNet("omw-cmn")


def test_a_file_leaves_the_users_database_alone(database, tmp_path):
    path = tmp_path / "one.xml"
    path.write_text(lexicon("one", [("甲", "a", "", ())]), encoding="utf-8")
    wn.add(path, progress_handler=None)
    with open_wordnet(path=FEELINGS) as wordnet:
        assert wordnet.lexicons == ["feelings:1"] and "甲" not in wordnet
        folder = config.database_path.parent
    assert config.database_path == database / "wn.db" and not folder.exists()
    assert "甲" in WordNet() and "高兴" not in WordNet()


def test_hypernyms_of_another_lexicon(tmp_path):
    chinese, base = tmp_path / "zh.xml", tmp_path / "base.xml"
    chinese.write_text(
        lexicon("zh", [("乐", "joy", "i1", ()), ("怒", "anger", "i2", ())], requires="base"), encoding="utf-8"
    )
    base.write_text(
        lexicon("base", [("joy", "joy", "i1", ("f",)), ("anger", "anger", "i2", ("f",)), ("feeling", "f", "i3", ())]),
        encoding="utf-8",
    )
    with open_wordnet(path=chinese) as wordnet:
        assert wordnet.missing == ["base:1"]
        assert wordnet.meanings("乐")[0].hypernyms == () and wordnet.path_similarity("乐", "怒") == 0
    wn.add(base, progress_handler=None)
    wn.add(chinese, progress_handler=None)
    wordnet = WordNet("zh")
    assert wordnet.missing == [] and "joy" not in wordnet
    assert wordnet.meanings("乐")[0].hypernyms == ("feeling",)
    assert wordnet.path_similarity("乐", "怒") == pytest.approx(1 / 3)


def test_circles_and_many_paths_do_no_harm(tmp_path):
    path = tmp_path / "circle.xml"
    rows = [("甲", "a", "", ("b",)), ("乙", "b", "", ("c",)), ("丙", "c", "", ("a",)), ("丁", "d", "", ("d",))]
    for k in range(40):  # 2 ** 40 ways up
        rows += [
            (f"左{k}", f"l{k}", "", (f"l{k + 1}", f"r{k + 1}")),
            (f"右{k}", f"r{k}", "", (f"l{k + 1}", f"r{k + 1}")),
        ]
    rows += [("左40", "l40", "", ()), ("右40", "r40", "", ())]
    path.write_text(lexicon("circle", rows), encoding="utf-8")
    with open_wordnet(path=path) as wordnet:
        assert wordnet.path_similarity("甲", "丙") == 1 / 2
        assert wordnet.meanings("甲")[0].hypernyms == ("乙", "丙") and wordnet.meanings("丁")[0].hypernyms == ()
        assert wordnet.path_similarity("左0", "右40") == pytest.approx(1 / 41)
        assert len(wordnet.meanings("左0")[0].hypernyms) == 40


BOMB = '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE LexicalResource [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "XML declaration"),
        ("not XML", "XML declaration"),
        (BOMB + lexicon("x", [])[len(HEAD) :], "DOCTYPE"),
        (HEAD.replace("http://globalwordnet.github.io/schemas/WN-LMF-1.1.dtd", "file:///etc/passwd"), "DOCTYPE"),
        (HEAD + BOMB.split("\n")[1] + lexicon("x", [])[len(HEAD) :], "ill-formed"),
        (HEAD + "<LexicalResource><Lexicon>", "ill-formed"),
        (HEAD + "<LexicalResource></LexicalResource>", "holds no lexicon"),
        (HEAD + "<LexicalResource><Lexicon/></LexicalResource>", "missing required attribute: id"),
        (HEAD + "<html></html>", "unexpected element at line 3: html"),
        (lexicon("x", [("甲", "a", "", ())]).replace('synset="x-a"', 'synset="x-b"'), "no WN-LMF lexicon"),
        (lexicon("x", []).replace("WN-LMF-1.1", "WN-LMF-9.9"), "DOCTYPE"),
        (lexicon("x", [("甲", "a", "", ())]).replace("甲", "\ud800"), "ill-formed"),
    ],
)
def test_files_that_are_no_lexicon(tmp_path, database, text, found):
    path = tmp_path / "bad.xml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FormatError, match=found) as raised, open_wordnet(path=path):
        pass
    assert str(raised.value).startswith(str(path))
    assert config.database_path == database / "wn.db" and not database.exists()


def test_files_that_are_not_there(tmp_path):
    for path in (tmp_path / "none.xml", tmp_path):
        with pytest.raises(FormatError, match="no WN-LMF lexicon"), open_wordnet(path=path):
            pass


def test_a_line_is_named(tmp_path):
    path = tmp_path / "bad.xml"
    path.write_text(HEAD + "<LexicalResource>\n<Lexicon\n</LexicalResource>", encoding="utf-8")
    with pytest.raises(FormatError) as raised, open_wordnet(path=path):
        pass
    assert raised.value.line == 5


def test_a_database_that_is_broken(database):
    database.mkdir()
    (database / "wn.db").write_bytes(b"no database" * 100)
    with pytest.raises(InputError, match=r"wn.db: the database of wn cannot be read.*reset_database"):
        WordNet()


def test_wn_is_an_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "wn", None)
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"):
        WordNet()
    with pytest.raises(MissingExtraError), open_wordnet(path=FEELINGS):
        pass
