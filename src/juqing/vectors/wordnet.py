"""WordNet beside word vectors: what a lexicon says of a word, what the vectors say, and where one of them is silent.

Lexicons are those of the user's own `wn` database, or those of a WN-LMF file, which lie in a temporary database while they are
asked. Nothing is downloaded here. Many lexicons, the Chinese one among them, hold words alone and take their hypernyms from the
English one by the interlingual index; `WordNet.missing` names those that are wanted and not there.
"""

from __future__ import annotations

import sqlite3
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juqing.errors import FormatError, InputError, MissingExtraError
from juqing.vectors.table import WordVectors

if TYPE_CHECKING:
    from wn import Lexicon, Synset

_HOW_TO_INSTALL = (
    "Install one, for Chinese: python -m wn download omw-cmn:2.0 omw-en:2.0 (the second holds the hypernyms of the first). "
    "Or give a WN-LMF file by --lexicon-file."
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """One synset of a word.

    Attributes:
        id: Of the synset.
        pos: Its part of speech: n, v, a, r, s, ...
        definition: Empty where the lexicon has none.
        synonyms: Its other words, each with its cosine to the word, -1..1; None where one of the two has no vector.
        hypernyms: The names of what is above it, the nearest first. Of several hypernyms the first is followed.
    """

    id: str
    pos: str
    definition: str
    synonyms: tuple[tuple[str, float | None], ...]
    hypernyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One of the words nearest by vectors.

    Attributes:
        word: The word.
        cosine: With the word asked for, -1..1.
        known: Whether the lexicon has it.
        path: Path similarity, 0..1; None where the lexicon does not know one of the two.
    """

    word: str
    cosine: float
    known: bool
    path: float | None


class WordNet:
    """Lexicons of the `wn` database, asked for words.

    Args:
        lexicon: Which of them, as `wn` names them: `omw-cmn`, `omw-cmn:2.0`; all that are installed by default.

    Attributes:
        lexicons: Their names, `id:version`.
        missing: Those on which they depend and which are not installed.

    Raises:
        InputError: None is installed, the one asked for is not, or the database cannot be read.
        MissingExtraError: `wn` is not installed.
    """

    def __init__(self, lexicon: str | None = None):
        wn = _wn()
        path = wn.config.database_path
        try:
            installed = _installed() if path.is_file() else []  # asking would make an empty database
        except (wn.Error, sqlite3.Error) as error:
            raise InputError(
                f"the database of wn cannot be read: {error}.",
                'Make it anew: python -c "import wn; wn.reset_database()", then download the lexicons again.',
                path=path,
            ) from None
        if not installed:
            raise InputError("no WordNet is installed.", _HOW_TO_INSTALL)
        try:
            with _quiet():
                self._wordnet = wn.Wordnet(lexicon)
        except wn.Error:
            names = ", ".join(each.specifier() for each in installed)
            raise InputError(f"the lexicon {lexicon!r} is not there.", f"Choose of {names}.") from None
        chosen = self._wordnet.lexicons() or installed
        self.lexicons = [each.specifier() for each in chosen]
        self.missing = list(dict.fromkeys(name for each in chosen for name in _missing(each)))
        self._parents: dict[Synset, list[Synset]] = {}

    def __contains__(self, word: str) -> bool:
        return bool(self._synsets(word))

    def meanings(self, word: str, vectors: WordVectors | None = None) -> list[Meaning]:
        """The synsets of a word, in the lexicon's order; none where it does not know the word."""
        found = []
        for synset in self._synsets(word):
            others = [other for other in synset.lemmas() if other != word]
            synonyms = tuple((other, _cosine(vectors, word, other)) for other in others)
            chain = tuple(map(self._name, self._chain(synset)))
            found.append(Meaning(synset.id, synset.pos, synset.definition() or "", synonyms, chain))
        return found

    def path_similarity(self, first: str, second: str) -> float | None:
        """1 / (1 + steps) for the fewest steps over hypernyms from a synset of the one word to a synset of the other, 0..1.

        0 where nothing joins them, as with most adjectives; None where one of the words is not known.

        Source: Pedersen, Patwardhan & Michelizzi, "WordNet::Similarity" (2004), the measure `path`.
        """
        of_first, of_second = (list(map(self._above, self._synsets(word))) for word in (first, second))
        if not of_first or not of_second:
            return None
        steps = [a[k] + b[k] for a in of_first for b in of_second for k in a.keys() & b.keys()]
        return 1 / (1 + min(steps)) if steps else 0.0

    def neighbors(self, word: str, vectors: WordVectors, n: int = 10) -> list[Neighbor]:
        """The words nearest by vectors, and what the lexicon says of them.

        Raises:
            InputError: The word has no vector.
        """
        nearest = vectors.most_similar(word, n)
        return [Neighbor(other, cosine, other in self, self.path_similarity(word, other)) for other, cosine in nearest]

    def _synsets(self, word: str) -> list[Synset]:
        if not word.strip():
            raise InputError("the word is empty.", "Give a word.")
        return self._wordnet.synsets(word)

    def _hypernyms(self, synset: Synset) -> list[Synset]:
        if synset not in self._parents:
            self._parents[synset] = synset.hypernyms()
        return self._parents[synset]

    def _above(self, synset: Synset) -> dict[Synset, int]:
        """The synset and all above it with the fewest steps up to each: a breadth-first search, so that a lexicon in which
        paths are many, or run in a circle, does no harm."""
        steps, level, n = {synset: 0}, [synset], 0
        while level:
            n += 1
            level = list(dict.fromkeys(up for each in level for up in self._hypernyms(each) if up not in steps))
            steps.update(dict.fromkeys(level, n))
        return steps

    def _chain(self, synset: Synset) -> list[Synset]:
        chain = [synset]
        while ups := [up for up in self._hypernyms(chain[-1])[:1] if up not in chain]:
            chain += ups
        return chain[1:]

    def _name(self, synset: Synset) -> str:
        """The first word of a synset; of one that is only in the lexicon behind, the word there."""
        behind = (other for each in self._wordnet.expanded_lexicons() for other in synset.translate(each.specifier()))
        words = synset.lemmas() or next((lemmas for other in behind if (lemmas := other.lemmas())), [])
        return words[0] if words else synset.ili or synset.id


@contextmanager
def open_wordnet(lexicon: str | None = None, path: Path | None = None) -> Iterator[WordNet]:
    """A `WordNet` of the user's database, or of a file alone.

    `wn` has one database for the whole process: while a file is open, it is that of the file.

    Args:
        lexicon: As of `WordNet`.
        path: A WN-LMF file (XML, versions 1.0 to 1.4).

    Raises:
        FormatError: The file is missing, or no WN-LMF lexicon.
        InputError, MissingExtraError: As of `WordNet`.
    """
    if path is None:
        yield WordNet(lexicon)
        return
    wn = _wn()
    from wn._db import clear_connections

    before = wn.config.database_path.parent  # `data_directory` would make the folder
    with tempfile.TemporaryDirectory(prefix="juqing-wordnet-") as folder:
        wn.config.data_directory = folder
        try:
            _load(path)
            yield WordNet(lexicon)
        finally:
            clear_connections()
            wn.config.data_directory = before


def _load(path: Path) -> None:
    """Add a WN-LMF file to the database.

    Its reader takes no document type but the standard's own, so entities cannot be declared, and fetches none from outside.
    """
    wn = _wn()
    from wn.lmf import load

    try:
        wn.add_lexical_resource(load(path, None), None)
        empty = not _installed()
    except Exception as error:  # the reader checks by assertions too, the database by constraints
        raise FormatError(
            f"it is no WN-LMF lexicon ({error}).",
            "Give an XML file in WN-LMF 1.0 to 1.4.",
            path=path,
            line=getattr(error.__cause__, "lineno", None),
        ) from None
    if empty:
        raise FormatError("it holds no lexicon, or only additions to another.", "Give a whole lexicon.", path=path)


def _installed() -> list[Lexicon]:
    with _quiet():
        return _wn().lexicons()


def _missing(lexicon: Lexicon) -> list[str]:
    try:
        return [name for name, found in lexicon.requires().items() if found is None]
    except LookupError as error:  # wn 1.1 raises it, with the name, for the first that is missing
        return [str(error.args[0])]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the warnings of what `WordNet.missing` names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", _wn().WnWarning)
        yield


def _cosine(vectors: WordVectors | None, first: str, second: str) -> float | None:
    return vectors.similarity(first, second) if vectors is not None and first in vectors and second in vectors else None


def _wn() -> Any:
    try:
        import wn
    except ImportError:
        raise MissingExtraError("Asking WordNet", "train") from None
    return wn
