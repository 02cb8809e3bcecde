import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juqing.errors import InputError, MissingExtraError
from juqing.text.corpus import Corpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors import WordVectors
from juqing.vectors.senses import FEWEST, Contexts, Sense, WordSenses, find_senses, similarity_in_context

TOPICS = ("fish", "money", "sports")


def topical_vectors(n_words=12, dim=20, noise=0.5):
    """Words fish0, fish1, ..., money0, ...: a direction for each topic, and noise around it; the form 'bank' besides."""
    random = np.random.default_rng(7)
    words = ["bank", *(f"{topic}{k}" for topic in TOPICS for k in range(n_words))]
    centers = np.repeat(np.linalg.qr(random.standard_normal((dim, len(TOPICS))))[0].T, n_words, axis=0)
    rows = centers + noise / np.sqrt(dim) * random.standard_normal((len(centers), dim))
    return WordVectors(Vocabulary(words, [50] * len(words)), np.concatenate([centers.mean(0)[None], rows]))


def sentences(n_each, seed=0, length=8, n_words=12):
    """Lines of one topic with 'bank' at any place, shuffled."""
    random = np.random.default_rng(seed)
    lines = []
    for topic, n in zip(TOPICS, n_each, strict=False):
        for _ in range(n):
            words = [f"{topic}{k}" for k in random.integers(0, n_words, length)]
            words.insert(int(random.integers(0, length + 1)), "bank")
            lines.append(" ".join(words))
    return [lines[k] for k in random.permutation(len(lines))]


VECTORS = topical_vectors()
CONTEXTS = Contexts(VECTORS)


def blank(*lines):
    return Corpus([list(lines)], unit="blank")


@pytest.mark.parametrize("n_each", [(70, 30), (60, 30, 10)])
def test_topics_are_senses(n_each):
    found = find_senses(CONTEXTS, "bank", blank(*sentences(n_each)))
    assert [sense.share for sense in found.senses] == pytest.approx([n / 100 for n in n_each])
    assert max(found.silhouettes, key=found.silhouettes.__getitem__) == len(n_each)
    assert found.n_occurrences == found.n_clustered == 100
    for sense, topic in zip(found.senses, TOPICS, strict=False):
        assert np.linalg.norm(sense.vector) == pytest.approx(1, abs=1e-5)
        assert len(sense.nearest) == 8 and all(word.startswith(topic) for word, _ in sense.nearest)
        assert len(set(sense.examples)) == 3
        for line in sense.examples:
            assert line.word == "bank" and set((line.before + line.after).split()) <= set(VECTORS.words)
            assert (line.before + line.after).count(topic) == 8


@pytest.mark.parametrize("seed", range(6))
def test_one_topic_is_one_sense(seed):
    found = find_senses(CONTEXTS, "bank", blank(*sentences((80,), seed)))
    assert [sense.share for sense in found.senses] == [1.0] and sorted(found.silhouettes) == [2, 3, 4, 5, 6]
    assert all(word.startswith("fish") for word, _ in found.senses[0].nearest)


def test_the_number_can_be_given():
    corpus = blank(*sentences((40, 40)))
    for n in (1, 2, 4):
        found = find_senses(CONTEXTS, "bank", corpus, n_senses=n)
        shares = [sense.share for sense in found.senses]
        assert len(shares) == n and sum(shares) == pytest.approx(1) and shares == sorted(shares, reverse=True)


def test_same_lines_have_nothing_to_part():
    found = find_senses(CONTEXTS, "bank", blank(*["fish1 bank fish2"] * 20))
    assert len(found.senses) == 1 and found.silhouettes == {} and len(found.senses[0].examples) == 1
    found = find_senses(CONTEXTS, "bank", blank(*["fish1 bank fish2", "money1 bank"] * 20))
    assert [sense.share for sense in found.senses] == [0.5, 0.5]
    with pytest.raises(InputError, match="2 different contexts"):
        find_senses(CONTEXTS, "bank", blank(*["fish1 bank fish2", "money1 bank"] * 20), n_senses=3)


def test_drawing_is_by_seed_and_fair():
    corpus = blank(*(f"bank fish{k % 12}" for k in range(60)), *(f"bank money{k % 12}" for k in range(60)))

    def share(seed):
        found = find_senses(CONTEXTS, "bank", corpus, n_senses=2, max_contexts=30, seed=seed)
        assert (found.n_occurrences, found.n_clustered) == (120, 30)
        return sum(sense.share for sense in found.senses if sense.nearest[0][0].startswith("money"))

    shares = [share(seed) for seed in range(40)]
    assert [share(seed) for seed in range(5)] == shares[:5]
    assert len(set(shares)) > 3
    # 40 draws of 30 of 120 without replacement: the mean of shares has a standard deviation of 0.0126
    assert np.mean(shares) == pytest.approx(0.5, abs=0.05)


def test_results_are_the_same_again():
    corpus = blank(*sentences((50, 40)))
    first, second = (find_senses(CONTEXTS, "bank", corpus, seed=3) for _ in range(2))
    assert first.silhouettes == second.silhouettes
    for one, other in zip(first.senses, second.senses, strict=True):
        assert np.array_equal(one.vector, other.vector) and one.share == other.share
        assert (one.nearest, one.examples) == (other.nearest, other.examples)


def test_context_by_hand():
    words, counts = ["the", "x", "p", "q"], np.array([900, 50, 40, 10])
    matrix = np.array([[1, 1, 1], [5, 5, 5], [2, 0, 0], [0, 0, 3]], np.float32)
    contexts = Contexts(WordVectors(Vocabulary(words, counts), matrix), window=2)
    unit = matrix / np.linalg.norm(matrix, axis=1, keepdims=True)
    weights = {word: 0.001 / (0.001 + n / 1000) for word, n in zip(words, counts, strict=True)}
    row = dict(zip(words, unit, strict=True))
    whole = sum(n * weights[w] * row[w] for w, n in zip(words, counts, strict=True))
    whole = whole / sum(n * weights[w] for w, n in zip(words, counts, strict=True))
    around = (weights["the"] * row["the"] + weights["p"] * row["p"]) / (weights["the"] + weights["p"])
    expected = (around - whole) / np.linalg.norm(around - whole)
    # q is too far away, x itself and what is not known do not count
    assert contexts.vector(["q", "x", "the", "x", "p", "unheard", "q"], 3) == pytest.approx(expected, abs=1e-5)
    assert contexts.ids(["q", "x", "the", "x", "p", "unheard", "q"], 3).tolist() == [0, 2]
    assert contexts.vector(["unheard", "x"], 1).tolist() == [0, 0, 0]


def test_frequencies_that_are_not_known_follow_the_order():
    matrix = np.eye(3, dtype=np.float32)
    by_rank = Contexts(WordVectors(["a", "b", "c"], matrix))
    counted = Contexts(WordVectors(Vocabulary(["a", "b", "c"], [6, 3, 2]), matrix))
    assert by_rank.vector(["a", "b", "c"], 1) == pytest.approx(counted.vector(["a", "b", "c"], 1), abs=1e-6)


def test_long_lines_are_cut_and_blanks_stand_between_latin_words():
    line = " ".join([*(f"fish{k % 12}" for k in range(50)), "bank", *(f"fish{k % 12}" for k in range(30))])
    example = find_senses(CONTEXTS, "bank", blank(*[line] * 12)).senses[0].examples[0]
    assert example.before.startswith("…fish6 fish7") and example.before.endswith(" fish1 ")
    assert example.after.startswith(" fish0 ") and example.after.endswith("fish7…")
    assert len(example.before.split()) == len(example.after.split()) == 20
    chinese = WordVectors(["花", "钱", "很多"], np.eye(3, dtype=np.float32))
    found = find_senses(Contexts(chinese), "花", blank(*["他 花 很多 钱 。"] * 10))
    example = found.senses[0].examples[0]
    assert (example.before, example.after) == ("他", "很多钱。")


def test_words_with_tags():
    vectors = WordVectors(["打/v", "我/r", "他/r"], np.eye(3, dtype=np.float32))
    found = find_senses(Contexts(vectors), "打/v", Corpus([["我打他"] * 12], tags=True))
    example = found.senses[0].examples[0]
    assert found.n_occurrences == 12 and (example.before, example.word, example.after) == ("我", "打", "他")


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.lists(st.sampled_from(["bank", "fish1", "money2", "sports3", "unheard"]), min_size=1, max_size=7), min_size=8, max_size=30),
    st.integers(1, 5),
)  # fmt: skip
def test_whatever_the_text(lines, window):
    contexts = Contexts(VECTORS, window)
    n = 0
    for words in lines:
        for k, word in enumerate(words):
            near = words[max(0, k - window) : k] + words[k + 1 : k + 1 + window]
            n += word == "bank" and any(other not in ("bank", "unheard") for other in near)
    corpus = blank(*map(" ".join, lines))
    if n < FEWEST:
        with pytest.raises(InputError, match=f"occurs {n} times"):
            find_senses(contexts, "bank", corpus)
        return
    found = find_senses(contexts, "bank", corpus)
    assert found.n_occurrences == n
    assert sum(sense.share for sense in found.senses) == pytest.approx(1)
    assert all(-1 <= value <= 1.0001 for value in found.silhouettes.values())
    assert all("bank" not in dict(sense.nearest) for sense in found.senses)


def made(*rows):
    unit = [np.asarray(row, np.float32) / np.linalg.norm(row) for row in rows]
    return WordSenses("x", tuple(Sense(row, 1 / len(unit), (), ()) for row in unit), 0, 0, {})


def test_similarity_in_context_by_hand():
    vectors = WordVectors(Vocabulary(["x", "p", "q", "r"], [1, 1, 1, 1]), np.eye(4, dtype=np.float32))
    contexts = Contexts(vectors)
    first, second = made((0, 1, 0, 0), (0, 0, 1, 0)), made((0, 1, 1, 0), (0, 0, 0, 1))
    sentences = ["p", "x"], ["x", "r", "q"]

    def likely(senses, words, place):
        context = contexts.vector(words, place)
        inverse = [1 / (1 - float(sense.vector @ context)) for sense in senses.senses]
        return [value / sum(inverse) for value in inverse]

    p, q = likely(first, sentences[0], 1), likely(second, sentences[1], 0)
    half = 2**-0.5  # of the four pairs, the first two have a cosine of 1/sqrt(2), the others of 0
    expected = p[0] * q[0] * half + p[1] * q[0] * half
    pairs = (first, sentences[0]), (second, sentences[1])
    assert similarity_in_context(contexts, *pairs) == pytest.approx(expected, abs=1e-5)
    assert similarity_in_context(contexts, *pairs, best=True) == pytest.approx(0 if q[1] > q[0] else half)
    assert p[0] > p[1]
    with pytest.raises(InputError, match="'x' is not in the sentence 'p q'"):
        similarity_in_context(contexts, (first, ["p", "q"]), pairs[1])


@pytest.mark.parametrize("best", [False, True])
def test_a_word_is_like_itself_in_the_same_sense(best):
    bank = find_senses(CONTEXTS, "bank", blank(*sentences((60, 60))))
    fish, other, money = (line.split() for line in ("bank fish1 fish2 fish3", "fish7 fish5 bank", "money1 bank money4"))
    same = similarity_in_context(CONTEXTS, (bank, fish), (bank, other), best=best)
    apart = similarity_in_context(CONTEXTS, (bank, fish), (bank, money), best=best)
    assert same > 0.5 and apart < 0
    assert similarity_in_context(CONTEXTS, (bank, money), (bank, fish), best=best) == pytest.approx(apart)


def test_what_is_refused(monkeypatch):
    corpus = blank(*sentences((20,)))
    for word, options, message in (
        ("unheard", {}, "'unheard' has no vector"),
        ("two words", {}, "holds a blank"),
        ("", {}, "is empty"),
        ("fish0", {"max_contexts": 9}, "max_contexts is 9"),
        ("bank", {"n_senses": 0}, "n_senses is 0"),
        ("bank", {"max_senses": 1}, "max_senses is 1"),
        ("bank", {"seed": -1}, "seed is -1"),
    ):
        with pytest.raises(InputError, match=message):
            find_senses(CONTEXTS, word, corpus, **options)  # pyright: ignore[reportArgumentType]
    with pytest.raises(InputError, match=r"occurs 9 times .* 10 are needed"):
        find_senses(CONTEXTS, "bank", blank(*["bank fish1"] * 9, *["bank unheard"] * 9))
    with pytest.raises(InputError, match="window is 0"):
        Contexts(VECTORS, 0)
    monkeypatch.setitem(sys.modules, "sklearn.cluster", None)
    with pytest.raises(MissingExtraError, match=r"\.\[train\]"):
        find_senses(CONTEXTS, "bank", corpus)


def test_progress_ends_at_its_total():
    told = []
    corpus = Corpus([sentences((30, 30)), sentences((5,))], unit="blank")
    find_senses(CONTEXTS, "bank", corpus, progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 2 + 5 + 19) for k in range(1, 27)]


def test_scikit_learn_and_wn_come_late():
    code = "import sys, juqing.vectors.senses, juqing.vectors.wordnet; print({'sklearn', 'wn'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
