"""Running text as a stream of words, and as one array of ids.

A text is never held whole: it is read in blocks of about a megabyte that end at a line, so a corpus may be larger than memory.
A line is a sentence. Counting and encoding work on blocks, which makes them several times faster than a loop over words.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
import mmap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from juqing.errors import FormatError, InputError, MissingExtraError
from juqing.outputs import writing
from juqing.reading.encoding import chinese_encoding
from juqing.text.vocabulary import Vocabulary

UNITS = ("word", "character", "blank")
"""What a corpus is cut into: words by rjieba, characters, or what stands between blanks."""

TEXT_SUFFIXES = (".txt", ".text", ".md")
_COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
_BLOCK = 2**20
_ASCII = bytes(range(128))
_SURE = 100  # bytes that are not ASCII; of fewer, GB18030 and Big5 are taken for each other
_LONGEST_LINE = 2**26

Progress = Callable[[int], None]
"""Called with the words read so far."""


class Corpus:
    """Sentences of files, folders of text, or lists of lines.

    Files are UTF-8, GB18030 or Big5.

    Args:
        sources: Paths (`.txt`, `.text`, `.md`, each also `.gz`, `.xz`, `.zst`; folders are searched), or lists of lines, which are
            read anew each time.
        unit: One of `UNITS`.
        tags: Whether a word gets its part of speech: `高兴/a`. For words alone.

    Raises:
        InputError: A path is missing, a folder holds no text, or the unit is not known.
    """

    def __init__(self, sources: Iterable[Path | Sequence[str]], *, unit: str = "word", tags: bool = False):
        if unit not in UNITS:
            raise InputError(f"the unit is {unit!r}.", f"Choose one of {', '.join(UNITS)}.")
        if tags and unit != "word":
            raise InputError(f"parts of speech were asked for, of the unit {unit!r}.", "Only words have them.")
        sources = list(sources)
        if not all(isinstance(each, Path | Sequence) and not isinstance(each, str) for each in sources):
            raise InputError("a source is no path and no list of lines.", "Give pathlib.Path for files.")
        self.unit = unit
        self.tags = tags
        self.sources = [
            part for source in sources for part in (_files(source) if isinstance(source, Path) else [source])
        ]

    def __iter__(self) -> Iterator[list[str]]:
        """The sentences, each a list of words; empty lines are left out."""
        return self.containing("")

    def containing(self, part: str) -> Iterator[list[str]]:
        """The sentences of the lines that hold a text; the others are not cut, which is much faster where it is rare."""
        cut = self._cut()
        for block in self._blocks():
            if part not in block:
                continue
            for line in block.split("\n"):
                if part in line and (words := cut(line)):
                    yield words

    def counts(self, progress: Progress | None = None) -> Counter[str]:
        """How often each word occurs, in the order of first occurrence."""
        if self.unit == "blank":
            hashing = _hashing()
            table = hashing.WordTable()
            for block in self._blocks():
                table.add(hashing.plain(block))
                if progress:
                    progress(table.n_seen)
            return Counter(table.counts())
        cut = self._cut()
        counts: Counter[str] = Counter()
        n_words = 0
        for block in self._blocks():
            words = cut(block)
            counts.update(words)
            n_words += len(words)
            if progress:
                progress(n_words)
        return counts

    def encode(self, vocabulary: Vocabulary, path: Path, progress: Progress | None = None) -> EncodedCorpus:
        """Write the ids of all words to a file, words outside the vocabulary left out, and map it into memory.

        Args:
            vocabulary: The words to keep.
            path: The file to write; little-endian int32, the ends of sentences behind the ids.
            progress: Told the words read so far.

        Raises:
            InputError: None of the words is in the vocabulary.
            OutputError: The file cannot be written.
        """
        encode = self._encoder(vocabulary)
        lengths: list[np.ndarray] = []
        n_words = n_ids = n_sentences = 0
        with writing(path) as aside, aside.open("wb") as file:
            for block in self._blocks():
                ids, kept, n_read = encode(block)
                lengths.append(kept.astype(np.int32))
                ids.astype("<i4", copy=False).tofile(file)
                n_words += n_read
                n_ids += len(ids)
                if progress:
                    progress(n_words)
            if not n_ids:
                raise InputError("no word of the text is in the vocabulary.", "Give other text, or another vocabulary.")
            file.write(b"\0" * (-4 * n_ids % 8))
            end = 0
            for kept in lengths:
                (end + np.cumsum(kept, dtype="<i8")).tofile(file)
                end += int(kept.sum())
                n_sentences += len(kept)
        return EncodedCorpus.load(path, n_ids, n_sentences, n_words)

    def fingerprint(self) -> str:
        """What tells this corpus from another one or from an older state of its files: a SHA-256 of names, sizes, times and lines."""
        found = hashlib.sha256(f"{self.unit} {self.tags}".encode())
        for source in self.sources:
            if isinstance(source, Path):
                status = source.stat()
                found.update(
                    f"\n{source.resolve()}\n{status.st_size} {status.st_mtime_ns}".encode("utf-8", "surrogateescape")
                )
            else:
                for line in source:
                    found.update(f"\n{line}".encode("utf-8", "surrogatepass"))
        return found.hexdigest()

    def _cut(self) -> Callable[[str], list[str]]:
        """A function from text to its words, blanks left out."""
        if self.unit == "blank":
            return str.split
        if self.unit == "character":
            return lambda text: [c for c in text if not c.isspace()]
        import rjieba

        if self.tags:
            return lambda text: [f"{word}/{tag}" for word, tag in rjieba.tag(text) if not word.isspace()]
        return lambda text: [word for word in rjieba.cut(text) if not word.isspace()]

    def _encoder(self, vocabulary: Vocabulary) -> Callable[[str], tuple[np.ndarray, np.ndarray, int]]:
        """A function from text to the ids of its known words, how many each line has that has any, and the number of words."""
        if self.unit == "blank" and all(word.split() == [word] for word in vocabulary.words):
            hashing = _hashing()
            table = hashing.WordTable()
            table.add(hashing.plain("\n".join(vocabulary.words)))
            return lambda text: table.encode(hashing.plain(text))
        cut, find = self._cut(), _Ids(vocabulary.index).__getitem__

        def encode(text: str) -> tuple[np.ndarray, np.ndarray, int]:
            sentences = [list(map(find, cut(line))) for line in text.split("\n")]
            sizes = np.array([len(sentence) for sentence in sentences], dtype=np.int64)
            ids = np.fromiter((k for sentence in sentences for k in sentence), np.int32, int(sizes.sum()))
            known = ids >= 0
            kept = np.diff(np.concatenate(([0], np.cumsum(known)))[np.cumsum(sizes)], prepend=0)
            return ids[known], kept[kept > 0], len(ids)

        return encode

    def blocks(self) -> Iterator[tuple[int, str]]:
        """The text as it stands, in blocks that end at a line, each with the number of its source."""
        for k, source in enumerate(self.sources):
            for block in _file_blocks(source) if isinstance(source, Path) else _line_blocks(source):
                yield k, block

    def _blocks(self) -> Iterator[str]:
        return (block for _, block in self.blocks())


def _hashing():
    try:
        from juqing.text import _hashing as module
    except ImportError:
        raise MissingExtraError("Counting the words of a text", "train") from None
    return module


class _Ids(dict[str, int]):
    """The id of each word, -1 for all others."""

    def __missing__(self, word: str) -> int:
        return -1


@dataclass(frozen=True, slots=True)
class EncodedCorpus:
    """A corpus as ids.

    Attributes:
        ids: (n_ids,) int32, mapped from a file.
        ends: (n_sentences,) int64: for each sentence the place behind its last id.
        n_words: Words of the text, those outside the vocabulary counted too.
    """

    ids: np.ndarray
    ends: np.ndarray
    n_words: int

    @classmethod
    def load(cls, path: Path, n_ids: int, n_sentences: int, n_words: int) -> EncodedCorpus:
        """Map a file that `Corpus.encode` wrote; `check` says whether it is still whole."""
        ids = np.memmap(path, "<i4", "r", 0, (n_ids,))
        ends = np.memmap(path, "<i8", "r", -(-4 * n_ids // 8) * 8, (n_sentences,))
        return cls(ids, ends, n_words)

    def check(self, n_vocabulary: int) -> None:
        """Raise `ValueError` where an id is not below `n_vocabulary`, or the sentences do not end in order and at the last id."""
        ends = np.asarray(self.ends)
        if not len(ends) or ends[-1] != len(self.ids) or ends[0] < 1 or (np.diff(ends) < 1).any():
            raise ValueError("sentences do not end where they should")
        for first in range(0, len(self.ids), _BLOCK):
            part = self.ids[first : first + _BLOCK]
            if part.min() < 0 or part.max() >= n_vocabulary:
                raise ValueError("an id is of no word")
        self.release()

    def release(self) -> None:
        """Let the system take back the memory of what was read of the file; it is read again where it is needed."""
        for array in (self.ids, self.ends):
            if (mapped := getattr(array, "_mmap", None)) is not None:
                mapped.madvise(mmap.MADV_DONTNEED)

    def parts(self, n: int) -> list[tuple[int, int, int]]:
        """Sentences in parts of about `n` words: first word, first sentence, the one behind the last."""
        ends = np.asarray(self.ends)
        parts, first, start = [], 0, 0
        while first < len(ends):
            last = max(first + 1, int(np.searchsorted(ends, start + n, "right")))
            parts.append((start, first, last))
            first, start = last, int(ends[last - 1])
        return parts

    @property
    def n_sentences(self) -> int:
        """Sentences with at least one word of the vocabulary."""
        return len(self.ends)


def find_texts(folder: Path) -> list[Path]:
    """The text files in a folder and the folders in it, sorted; hidden ones are left out."""
    found = (each for each in folder.rglob("*") if each.is_file() and _is_text(each))
    return sorted(each for each in found if not any(part.startswith(".") for part in each.relative_to(folder).parts))


def _files(path: Path) -> list[Path]:
    try:
        there = path.exists()
    except OSError as error:  # the name is too long
        raise InputError(f"it cannot be read: {error.strerror}.", "Check the path.", path=path) from None
    if there and path.is_dir():
        found = find_texts(path)
        if not found:
            raise InputError("the folder holds no text.", f"Files end in {', '.join(TEXT_SUFFIXES)}.", path=path)
        return found
    if not there or not path.is_file():
        raise InputError("there is no such file.", "Check the path.", path=path)
    return [path]


def _is_text(path: Path) -> bool:
    name = path.name.lower()
    for suffix in (*_COMPRESSED, ".zst"):
        name = name.removesuffix(suffix)
    return name.endswith(TEXT_SUFFIXES)


def _opened(path: Path) -> IO[bytes]:
    suffix = path.suffix.lower()
    if suffix == ".zst":
        try:
            import zstandard
        except ImportError:
            raise MissingExtraError("Reading .zst", "train") from None
        return cast(IO[bytes], zstandard.open(path, "rb"))
    return cast(IO[bytes], _COMPRESSED.get(suffix, open)(path, "rb"))


def _file_blocks(path: Path) -> Iterator[str]:
    """The text in blocks that end at a line.

    Raises:
        FormatError: The file cannot be read, is not UTF-8, GB18030 or Big5 (names the line), or has a line without an end.
    """
    rest, n_lines, encoding, is_sure = b"", 0, "ascii", False
    try:
        with _opened(path) as file:
            while True:
                data = file.read(_BLOCK)
                block = rest + data
                cut = block.rfind(b"\n") + 1 if data else len(block)
                rest, block = block[cut:], block[:cut]
                if len(rest) > _LONGEST_LINE:
                    raise FormatError("the line is longer than 64 MB.", "Break it.", path=path, line=n_lines + 1)
                if block:
                    if not is_sure and not block.isascii():
                        encoding = _encoding(block)
                        is_sure = len(block.translate(None, _ASCII)) >= _SURE
                    yield _text(block, encoding, path, n_lines)
                    n_lines += block.count(b"\n")
                if not data:
                    return
    except FormatError:
        raise
    except Exception as error:  # each way of compression has errors of its own
        raise FormatError(f"it cannot be read: {error}.", "Give a whole text file.", path=path) from None


def _encoding(block: bytes) -> str | None:
    """The encoding of a file of which this is a part, None where it cannot be told."""
    try:
        block.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        return chinese_encoding(block)


def _text(block: bytes, encoding: str | None, path: Path, n_lines: int) -> str:
    try:
        text = block.decode(encoding or "utf-8")
    except UnicodeDecodeError as error:
        line = n_lines + block.count(b"\n", 0, error.start) + 1
        named = {None: "UTF-8, GB18030 or Big5", "utf-8": "UTF-8", "gb18030": "GB18030"}.get(encoding, "Big5")
        raise FormatError(f"it is not {named}.", "Convert the file to UTF-8.", path=path, line=line) from None
    if n_lines == 0:
        text = text.removeprefix("\ufeff")
    return text.replace("\r\n", "\n").replace("\0", "")


def _line_blocks(lines: Iterable[str]) -> Iterator[str]:
    part: list[str] = []
    size = 0
    for line in lines:
        if not isinstance(line, str):
            raise InputError(f"a line is {line!r}.", "Give each line as one text, not cut into words.")
        part.append(line.replace("\n", " "))
        size += len(line)
        if size >= _BLOCK:
            yield "\n".join(part)
            part, size = [], 0
    if part:
        yield "\n".join(part)
