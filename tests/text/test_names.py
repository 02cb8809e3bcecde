import pytest
from hypothesis import given
from hypothesis import strategies as st

from juqing.text.names import NameFinder


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        (["林远", "林远山"], "林远山和林远走了", ["林远山", "林远"]),
        (["林远"], "林远山走了", ["林远"]),  # nothing says that 林远山 is a name
        (["a1", "a12"], "a12看着a1，a123不在", ["a12", "a1"]),
        (["ANN"], "Ann's hat. Anna leaves. ann!", ["ANN"]),
        (["风"], "台风来了，风笑了", ["风"]),
        (["风"], "台风来了，风停了", []),  # a set phrase: more likely the weather
        (["远", "白"], "远看着窗外，白天的光很亮", ["远"]),
        (["远", "白"], "白推开门，看了远一眼", ["白", "远"]),
        (["远", "白"], "白白的墙。他走得很远，天白了。脸色苍白，白得吓人", []),
        (["常"], "常把门关上。墙上常有猫，她常来。看了常一眼", ["常"]),
        (["常"], "家常便饭，两人常来这里", []),
        (["远", "林远"], "林远看着远方，远山如黛", ["林远"]),
        (["白", "常"], "白和常对视一眼", ["白", "常"]),
        (["婉"], "婉拉住门，委婉地笑", ["婉"]),
        (["Ann Lee", "Bob Lee", "BOB"], "Ann looks at Bob. Lee?", ["Ann Lee", "BOB"]),
        (["Mr Gray", "Old Tom"], "Mr Black meets old Sam", []),
        (["风"], "台风来了", []),
        (["医生2"], "医生2和医生21", ["医生2"]),
        ([], "林远", []),
        (["C++"], "C++ is here", ["C++"]),
    ],
)
def test_find(names, text, found):
    assert NameFinder(names).find(text) == found


def test_prefix():
    finder = NameFinder(["林远", "林远山"])
    assert finder.prefix("林远山笑") == "林远山"
    assert finder.prefix("看林远") is None
    assert finder.prefix("") is None


@given(st.lists(st.text("林远山ab1", min_size=1, max_size=4), max_size=6), st.text("林远山ab1，", max_size=40))
def test_spans_are_the_names_that_stand_there(names, text):
    end = 0
    for start, stop, name in NameFinder(names).spans(text):
        assert start >= end
        assert text[start:stop].lower() == name.lower()
        end = stop
