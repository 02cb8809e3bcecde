"""Character n-grams as integers: exact (no hashing), without a Python loop over characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

MAX_N = 3
_BITS = 21  # of a code point; three of them fill 63 bits
_SPACES = re.compile(r"\s\s+")


def character_ngrams(texts: Sequence[str], n_max: int = MAX_N) -> tuple[np.ndarray, np.ndarray]:
    """All character n-grams of length 1 to `n_max` of lower-cased texts, runs of spaces taken as one.

    Returns:
        rows: (n_ngrams,) int64, the text that each n-gram is from.
        keys: (n_ngrams,) uint64, the code points of the n-gram, 21 bits each, the first one lowest.

    The n-grams are those of scikit-learn's `TfidfVectorizer(analyzer="char")`.
    """
    if not 1 <= n_max <= MAX_N:
        raise ValueError(f"n_max is {n_max}; it must be in 1..{MAX_N}")
    cleaned = [_SPACES.sub(" ", text.lower()).replace("\0", " ") for text in texts]
    points = np.frombuffer("".join(cleaned).encode("utf-32-le", "surrogatepass"), dtype=np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(cleaned)), [len(text) for text in cleaned])
    rows, keys = [], []
    for n in range(1, n_max + 1):
        n_starts = max(len(points) - n + 1, 0)
        key = np.zeros(n_starts, dtype=np.uint64)
        for k in range(n):
            key |= points[k : k + n_starts] << np.uint64(_BITS * k)
        inside = owner[:n_starts] == owner[n - 1 : n - 1 + n_starts]
        rows.append(owner[:n_starts][inside])
        keys.append(key[inside])
    return np.concatenate(rows), np.concatenate(keys)


def ngram_text(key: int) -> str:
    """The n-gram of a key as text."""
    points = [(int(key) >> (_BITS * k)) & ((1 << _BITS) - 1) for k in range(MAX_N)]
    return "".join(chr(point) for point in points if point)
