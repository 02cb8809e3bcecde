"""Files of word vectors: read, written, told apart.

| suffix | what it is |
| --- | --- |
| `.txt`, `.vec` | a word and its numbers a line; with a first line `words width` (word2vec, fastText) or without (GloVe) |
| `.bin` | word2vec's binary form: a first line, then word, blank, float32 |
| `.npz` | NumPy: `vectors`, `words` (UTF-8, a newline after each), `counts` |
| `.safetensors` | the same three as tensors; the only one that is mapped into memory |

Text may be compressed (`.gz`, `.xz`). Files of gensim's `save_word2vec_format` are of the first two kinds, and it loads ours.
"""

from __future__ import annotations

import array
import gzip
import io
import json
import lzma
import mmap
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

import numpy as np

from juqing.errors import FormatError, InputError, reason_of
from juqing.outputs import writing
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.table import WordVectors

SUFFIXES = (".txt", ".vec", ".glove", ".bin", ".npz", ".safetensors")
_COMPRESSED: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".xz": lzma.open}
_LINES = 4096
_NUMBERS = 2**17
"""So many numbers of a text file are read together: as bytes objects they take ten times the room of their values."""
_BLOCK = 2**22
_LONGEST_WORD = 4096
_LONGEST_NUMBER = 400
_WIDEST = 100_000


def read_vectors(path: Path) -> WordVectors:
    """Read a file of word vectors, of the kind that its suffix tells.

    Raises:
        FormatError: The file is missing, empty, cut off, or a row is not a word and numbers (names the line).
        InputError: The suffix is not known.
    """
    kind = check_suffix(path)
    try:
        with _opened(path, "rb") as file:
            if kind == ".bin":
                return _read_binary(file, path)
            if kind == ".npz":
                return _read_npz(file, path)
            if kind == ".safetensors":
                return _read_safetensors(file, path)
            return _read_text(file, path)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise FormatError(
            f"it cannot be read: {reason_of(error)}.", "Give a file of word vectors.", path=path
        ) from None


def write_vectors(vectors: WordVectors, path: Path) -> None:
    """Write word vectors, in the form that the suffix tells: `.txt` and `.vec` with a first line, `.glove` (text) without.

    Raises:
        InputError: The suffix is not known, or a word cannot stand in a text file (it holds a blank).
        OutputError: The file cannot be written.
    """
    kind = check_suffix(path)
    if kind in (".txt", ".vec", ".glove", ".bin"):
        bad = next((word for word in vectors.words if not word or word.split() != [word]), None)
        if bad is not None:
            raise InputError(f"the word {bad!r} holds a blank, at which the file would be cut.", "Write .safetensors.")
    with writing(path) as aside, _opened(aside, "wb", path) as file:
        if kind == ".npz":
            np.savez(file, allow_pickle=False, **_arrays(vectors))
        elif kind == ".safetensors":
            _write_safetensors(file, _arrays(vectors))
        elif kind == ".bin":
            file.write(f"{len(vectors)} {vectors.dim}\n".encode())
            for word, row in zip(vectors.words, vectors.vectors, strict=True):
                file.write(word.encode() + b" " + row.astype("<f4").tobytes() + b"\n")
        else:
            if kind != ".glove":
                file.write(f"{len(vectors)} {vectors.dim}\n".encode())
            row_format = "%s" + " %.9g" * vectors.dim + "\n"  # nine digits give back the same float32
            for word, row in zip(vectors.words, vectors.vectors, strict=True):
                file.write((row_format % (word, *row.tolist())).encode())


def check_suffix(path: Path) -> str:
    """The form that a path's suffix tells.

    Raises:
        InputError: The suffix is not known.
    """
    name = path.name.lower()
    for compressed in _COMPRESSED:
        name = name.removesuffix(compressed)
    kind = Path(name).suffix
    if kind not in SUFFIXES:
        raise InputError(f"the suffix {kind!r} is not known.", f"Known are {', '.join(SUFFIXES)}.", path=path)
    if kind in (".npz", ".safetensors") and name != path.name.lower():
        raise InputError(f"a {kind} cannot be compressed.", "Give it without, or take .txt or .bin.", path=path)
    return kind


def _opened(path: Path, mode: str, named: Path | None = None) -> IO[bytes]:
    return cast(IO[bytes], _COMPRESSED.get((named or path).suffix.lower(), open)(path, mode))


def _read_text(file: IO[bytes], path: Path) -> WordVectors:
    lines = _lines(file, path)
    first = next(lines, None)
    if first is None:
        raise FormatError("it is empty.", "Give a file of word vectors.", path=path)
    head = first[1].split()
    promised = None
    if len(head) == 2 and all(field.isdigit() for field in head):
        promised, dim = int(head[0]), int(head[1])
        start: list[tuple[int, bytes]] = []
    else:
        dim, start = len(head) - 1, [first]
    if not 0 < dim <= _WIDEST:
        raise FormatError(f"its vectors have a width of {dim}.", "Give a file of word vectors.", path=path, line=1)
    words: list[str] = []
    numbers = array.array("Q")  # line of each word
    rows = bytearray()  # grows in place, by an eighth at a time, so that nothing rests on what the first line promises
    while block := [*start, *islice(lines, max(1, min(_LINES, _NUMBERS // dim) - len(start)))]:
        start = []
        split = [_fields(line, dim) for _, line in block]
        short = next((k for k, fields in enumerate(split) if len(fields) != dim + 1), None)
        if short is not None:
            number, line = block[short]
            raise FormatError(
                f"the row has {len(line.split()) - 1} numbers, not {dim}.", "Give whole rows.", path=path, line=number
            )
        rows += _numbers(split, block, dim, path).tobytes()
        for (number, line), fields in zip(block, split, strict=True):
            word = _word(fields[0].strip(), path, number)
            if len(parts := fields[0].split()) > 1 and _is_number(parts[-1]):
                raise FormatError(
                    f"the row has {len(line.split()) - 1} numbers, not {dim}.",
                    "Give whole rows.",
                    path=path,
                    line=number,
                )
            words.append(word)
            numbers.append(number)
    if promised is not None and promised != len(words):
        raise FormatError(
            f"its first line promises {promised:,} words, and {len(words):,} follow.",
            "The file may be cut off; correct the first line if it is not.",
            path=path,
            line=1,
        )
    matrix = np.frombuffer(rows, np.float32).reshape(len(words), dim)
    return WordVectors(_vocabulary(words, path, lines=numbers), matrix)


def _fields(line: bytes, dim: int) -> list[bytes]:
    """A word, which may hold blanks, and its `dim` numbers, between them any run of blanks and tabs; fewer where the row is short."""
    fields = line.rsplit(None, dim)
    if len(fields) == dim and line[:1].isspace():  # the word is empty
        fields.insert(0, b"")
    return fields


def _lines(file: IO[bytes], path: Path) -> Iterator[tuple[int, bytes]]:
    """Lines that are not blank, with their numbers; a line of endless length is refused."""
    for number in range(1, 2**62):
        line = file.readline(_BLOCK)
        if not line:
            return
        if len(line) == _BLOCK:
            raise FormatError("the line is longer than 4 MB.", "Give a text file.", path=path, line=number)
        if number == 1:
            if line.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in line:
                found = "it is UTF-16, or no text."
                raise FormatError(found, "Convert the file to UTF-8.", path=path, line=1)
            line = line.removeprefix(b"\xef\xbb\xbf")
        if line.strip():
            yield number, line


def _numbers(split: list[list[bytes]], block: list[tuple[int, bytes]], dim: int, path: Path) -> np.ndarray:
    values = None
    if (
        max(len(field) for fields in split for field in fields[1:]) <= _LONGEST_NUMBER
    ):  # an array has room for the longest
        with suppress(ValueError), np.errstate(over="ignore"):
            values = np.array([fields[1:] for fields in split], dtype="S").astype(np.float32)
    if values is not None and values.shape == (len(split), dim) and np.isfinite(values).all():
        return values
    for (number, _), fields in zip(block, split, strict=True):
        for field in fields[1:]:
            finite = False
            if len(field) <= _LONGEST_NUMBER:
                with suppress(ValueError), np.errstate(over="ignore"):
                    finite = np.isfinite(np.float32(field))
            if not finite:
                shown = field[:40].decode("utf-8", "replace")
                raise FormatError(f"{shown!r} is not a finite number.", "Correct the row.", path=path, line=number)
    raise FormatError("a row is damaged.", "Give whole rows.", path=path, line=block[0][0])


def _is_number(text: bytes) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _word(word: bytes, path: Path, number: int) -> str:
    try:
        return word.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("the word is not UTF-8.", "Convert the file to UTF-8.", path=path, line=number) from None


def _vocabulary(
    words: list[str], path: Path, counts: np.ndarray | None = None, lines: Sequence[int] | None = None
) -> Vocabulary:
    """The words of a file; one that is there twice is named with its places, which are lines where they are known."""
    try:
        return Vocabulary(words, counts)
    except InputError as error:
        seen: dict[str, int] = {}
        again = next((k for k, word in enumerate(words) if seen.setdefault(word, k) != k), None)
        if again is None:
            raise FormatError(error.found, "Give a count for each word.", path=path) from None
        word, first = words[again], seen[words[again]]
        found = f"the word {word!r} is there twice, "
        found += f"first in line {lines[first]:,}." if lines else f"as word {first + 1:,} and as word {again + 1:,}."
        raise FormatError(found, "Give each word once.", path=path, line=lines[again] if lines else None) from None


def _read_binary(file: IO[bytes], path: Path) -> WordVectors:
    head = file.readline(100).split()
    if len(head) != 2 or not all(field.isdigit() for field in head):
        raise FormatError(
            "its first line is not the number of words and their width.", "Give a .bin of word2vec.", path=path
        )
    n_words, dim = int(head[0]), int(head[1])
    if not 0 < dim <= _WIDEST:
        raise FormatError(f"its vectors have a width of {dim}.", "Give a .bin of word2vec.", path=path, line=1)
    size = 4 * dim
    words: list[str] = []
    rows = bytearray()  # as in a text file
    data = io.BufferedReader(cast(io.RawIOBase, file), _BLOCK) if not isinstance(file, io.BufferedReader) else file
    for k in range(n_words):
        word = bytearray()
        while (c := data.read(1)) != b" ":
            if not c or len(word) > _LONGEST_WORD:
                raise FormatError(
                    f"its first line promises {n_words:,} words, and it ends or is damaged at word {k + 1:,}.",
                    "The file may be cut off.",
                    path=path,
                )
            if c != b"\n":  # some writers end a row by one
                word += c
        row = data.read(size)
        if len(row) < size:
            raise FormatError(f"it ends inside the vector of word {k + 1:,}.", "The file may be cut off.", path=path)
        words.append(word.decode("utf-8", "backslashreplace"))  # words that were cut within a character stay distinct
        rows += row
    if data.read(2).strip():
        raise FormatError(
            f"its first line promises {n_words:,} words, and more follow.", "Correct the first line.", path=path, line=1
        )
    matrix = np.frombuffer(rows, dtype="<f4").reshape(n_words, dim)
    _check_finite(matrix, words, path)
    return WordVectors(_vocabulary(words, path), matrix)


def _check_finite(matrix: np.ndarray, words: list[str], path: Path) -> None:
    for first in range(0, len(matrix), _LINES):  # all at once would hold the table in memory
        bad = np.flatnonzero(~np.isfinite(matrix[first : first + _LINES]).all(axis=1))
        if len(bad):
            word = words[first + bad[0]]
            raise FormatError(f"the vector of {word!r} holds a number that is not finite.", "Train again.", path=path)


def _arrays(vectors: WordVectors) -> dict[str, np.ndarray]:
    bad = next((word for word in vectors.words if "\n" in word), None)
    if bad is not None:
        raise InputError(f"the word {bad!r} holds a line break.", "Leave it out.")
    text = "\n".join([*vectors.words, ""]).encode()
    return {
        "vectors": vectors.vectors,
        "words": np.frombuffer(text, dtype=np.uint8),
        "counts": vectors.vocabulary.counts,
    }


def _of_arrays(arrays: dict[str, np.ndarray], path: Path) -> WordVectors:
    try:
        words = arrays["words"].tobytes().decode("utf-8").split("\n")[:-1]
        vocabulary = _vocabulary(words, path, arrays.get("counts"))
        return WordVectors(vocabulary, arrays["vectors"])
    except (KeyError, UnicodeDecodeError, InputError) as error:
        raise FormatError(
            f"it is not a table of word vectors ({error}).", "Give one that juqing wrote.", path=path
        ) from None


def _read_npz(file: IO[bytes], path: Path) -> WordVectors:
    try:
        with np.load(file, allow_pickle=False) as opened:
            arrays = {name: opened[name] for name in opened.files}
    except Exception as error:  # zipfile and zlib have errors of their own for a damaged archive
        raise FormatError(f"it is no NumPy archive ({error}).", "Give one that juqing wrote.", path=path) from None
    found = _of_arrays(arrays, path)
    _check_finite(found.vectors, found.words, path)
    return found


_TYPES = {"F32": np.dtype("<f4"), "U8": np.dtype("u1"), "I64": np.dtype("<i8")}


def _write_safetensors(file: IO[bytes], arrays: dict[str, np.ndarray]) -> None:
    """Tensors behind a JSON header whose length is a multiple of 64, so that rows are aligned when they are mapped."""
    names = {dtype: name for name, dtype in _TYPES.items()}
    header, offset = {}, 0
    for name, tensor in arrays.items():
        dtype = tensor.dtype.newbyteorder("<")
        header[name] = {
            "dtype": names[dtype],
            "shape": list(tensor.shape),
            "data_offsets": [offset, offset + tensor.nbytes],
        }
        offset += tensor.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-(len(text) + 8) % 64)
    file.write(len(text).to_bytes(8, "little") + text)
    for tensor in arrays.values():
        file.write(np.ascontiguousarray(tensor).data if tensor.size else b"")


def _read_safetensors(file: IO[bytes], path: Path) -> WordVectors:
    """Map the tensors into memory: nothing is copied, and the system may take back what is not in use."""
    try:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        size = int.from_bytes(mapped[:8], "little")
        header = json.loads(mapped[8 : 8 + size])
        arrays = {}
        for name, entry in header.items():
            if name == "__metadata__":
                continue
            start, end = entry["data_offsets"]
            shape, dtype = tuple(entry["shape"]), _TYPES[entry["dtype"]]
            if end - start != int(np.prod(shape)) * dtype.itemsize or start < 0:
                raise ValueError(f"the tensor {name!r} has the wrong size")
            arrays[name] = np.frombuffer(mapped, dtype, int(np.prod(shape)), 8 + size + start).reshape(shape)
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError, RecursionError) as error:
        raise FormatError(f"it is damaged ({error}).", "Give one that juqing wrote.", path=path) from None
    found = _of_arrays(arrays, path)
    _check_finite(found.vectors, found.words, path)
    return found
