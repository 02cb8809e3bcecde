"""The loops of `_hashing`: words between blanks, looked up in a table of open addresses by the FNV-1a hashes of their bytes."""

from __future__ import annotations

import numba
import numpy as np

C_FUNCTIONS = {
    "count": "u1[:] i8 i4[:] u8[:] u1[:] i8[:] i8[:] i8 -> 2",
    "encode": "u1[:] i4[:] u8[:] u1[:] i8[:] i4[:] i8[:] -> 3",
    "place": "i4[:] u8[:] i4[:] u8[:]",
}
_LINE_BREAK = 10


@numba.njit(nogil=True, inline="always")
def _is_blank(byte):
    return byte == 32 or 9 <= byte <= 13 or 28 <= byte <= 31


@numba.njit(nogil=True, inline="always")
def _find(data, start, end, code, slots, hashes, arena, ends):
    """The slot of a word, or the free one where it belongs."""
    mask = np.uint64(slots.shape[0] - 1)
    slot = (code ^ (code >> np.uint64(32))) & mask
    while slots[slot] >= 0:
        word = slots[slot]
        first = ends[word - 1] if word else 0
        if hashes[slot] == code and ends[word] - first == end - start:
            same = True
            for k in range(end - start):
                if arena[first + k] != data[start + k]:
                    same = False
                    break
            if same:
                break
        slot = (slot + np.uint64(1)) & mask
    return slot


@numba.njit(nogil=True, inline="always")
def _word(data, start):
    """Where the word that begins at `start` ends, and its hash."""
    code = np.uint64(14695981039346656037)
    end = start
    while end < data.shape[0] and not _is_blank(data[end]):
        code = (code ^ np.uint64(data[end])) * np.uint64(1099511628211)
        end += 1
    return end, code


def count(data, start, slots, hashes, arena, ends, counts, n_words):
    """Count from `start`; stops early where there is no room for a new word. Where it stopped, and the words known then."""
    place = start
    while place < data.shape[0]:
        if _is_blank(data[place]):
            place += 1
            continue
        end, code = _word(data, place)
        slot = _find(data, place, end, code, slots, hashes, arena, ends)
        if slots[slot] < 0:
            used = ends[n_words - 1] if n_words else 0
            if 2 * n_words >= slots.shape[0] or n_words == ends.shape[0] or used + end - place > arena.shape[0]:
                return place, n_words
            for k in range(end - place):
                arena[used + k] = data[place + k]
            slots[slot], hashes[slot], ends[n_words] = n_words, code, used + end - place
            n_words += 1
        counts[slots[slot]] += 1
        place = end
    return place, n_words


def encode(data, slots, hashes, arena, ends, ids, lengths):
    """Ids of the known words and the lengths of the lines that have any: ids, lines and words of the text."""
    n_ids, n_lines, n_words, length, place = 0, 0, 0, 0, 0
    while place < data.shape[0]:
        if _is_blank(data[place]):
            if data[place] == _LINE_BREAK and length:
                lengths[n_lines], length = length, 0
                n_lines += 1
            place += 1
            continue
        end, code = _word(data, place)
        word = slots[_find(data, place, end, code, slots, hashes, arena, ends)]
        if word >= 0:
            ids[n_ids] = word
            n_ids += 1
            length += 1
        n_words += 1
        place = end
    if length:
        lengths[n_lines] = length
        n_lines += 1
    return n_ids, n_lines, n_words


def place(words, codes, slots, hashes):
    """Put known words into an empty table."""
    mask = np.uint64(slots.shape[0] - 1)
    for k in range(words.shape[0]):
        slot = (codes[k] ^ (codes[k] >> np.uint64(32))) & mask
        while slots[slot] >= 0:
            slot = (slot + np.uint64(1)) & mask
        slots[slot], hashes[slot] = words[k], codes[k]


_compile = numba.njit(nogil=True)
count, encode, place = _compile(count), _compile(encode), _compile(place)
