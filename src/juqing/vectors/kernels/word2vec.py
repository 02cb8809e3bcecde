"""The loops of word2vec: windows of a text, and one step of gradient descent for each.

A window has inputs (rows of the table of centers, `V`) and outputs (rows of the table of contexts, `U`): the right word and
words drawn at random, the inner nodes of the right word's path, or all words. The outputs are shared by all inputs of a window (Ji et al.,
"Parallelizing word2vec in shared and distributed memory", 2016), so a step is a few products of small matrices, and a window
reads six random rows where it would read thirty. Rows of the next window are asked for ahead.

Tables may be shared by threads without locks (Recht et al., "Hogwild!", 2011).
"""

from __future__ import annotations

import math

import numba
import numpy as np

from juqing.vectors.kernels import HIERARCHICAL, NEGATIVE, PER_UNIT, ROWS, SOFTMAX, STEEP
from juqing.vectors.kernels.simd import add, clear, dots, prefetch, spread_errors

C_FUNCTIONS = {
    "train": "i4[:] i8 i8[:] i8 i8 i8 i8 u4[:] u2[:] i4[:] i8 i4[:] i8[:] i1[:] i8 i8 "
    "f4 u8[:] i4[:] i8[:] i8[:] i8[:] f4[:] f4[:,:] i8 i8 f4[:] -> 3"
}
_LOSS_EVERY = 64  # windows


@numba.njit(nogil=True, inline="always")
def _sigmoid(x, table):
    place = (x + np.float32(STEEP)) * np.float32(PER_UNIT)
    if place <= 0:
        return table[0]
    k = int(place)
    if k >= table.shape[0] - 1:
        return table[-1]
    return table[k] + (place - np.float32(k)) * (table[k + 1] - table[k])


@numba.njit(nogil=True, inline="always")
def _random(state):
    """The next of a sequence of 64 random bits: xorshift64*, Vigna (2016)."""
    x = state[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    state[0] = x
    return x * np.uint64(2685821657736338717)


@numba.njit(nogil=True, inline="always")
def _below(state, n):
    """A random integer in 0..n-1; n below 2^31."""
    return int(((_random(state) >> np.uint64(33)) * np.uint64(n)) >> np.uint64(31))


@numba.njit(nogil=True, inline="always")
def _draw(state, thresholds, alias):
    """A word drawn by an alias table, Walker (1977)."""
    bits = _random(state)
    k = int(((bits >> np.uint64(33)) * np.uint64(thresholds.shape[0])) >> np.uint64(31))
    return k if (bits & np.uint64(0xFFFF)) < thresholds[k] else alias[k]


@numba.njit(nogil=True, inline="always")
def _keep_one(products, i, start, found):
    products[i, start] = found[0]
    products[i, start + 1] = found[1]
    products[i, start + 2] = found[2]
    products[i, start + 3] = found[3]
    products[i, start + 4] = found[4]
    products[i, start + 5] = found[5]


@numba.njit(nogil=True, inline="always")
def _keep_two(products, i, start, found):
    _keep_one(products, i, start, found[:6])
    _keep_one(products, i + 1, start, found[6:])


@numba.njit(nogil=True, inline="always")
def _one(products, i, start):
    return (
        products[i, start], products[i, start + 1], products[i, start + 2],
        products[i, start + 3], products[i, start + 4], products[i, start + 5],
    )  # fmt: skip


@numba.njit(nogil=True, inline="always")
def _two(products, i, start):
    return _one(products, i, start) + _one(products, i + 1, start)


def step(inputs, n_in, outputs, labels, n_out, n_vectors, rate, objective, products, scratch, table):
    """One step of gradient descent for a window; all changes are those of the rows as they were before it.

    Rows that are there twice get both changes, the second of inputs, or of outputs in another six, by what the first has made of them.

    Args:
        inputs: Addresses of input rows, (>= n_in,) int64.
        n_in: How many there are.
        outputs: Addresses of output rows, (>= n_out,) int64; n_out is a multiple of 6, and a row of zeros fills it up.
        labels: (>= n_out,) float32: 1 for an output that is right, 0 for one that is not, negative for a row that fills up.
        n_out: How many there are.
        n_vectors: Length of a row in vectors of 16 floats.
        rate: Learning rate.
        objective: NEGATIVE and HIERARCHICAL add up logistic losses, SOFTMAX is one cross-entropy over all outputs.
        products: Room for n_in * n_out numbers, float32, (>= n_in, >= n_out).
        scratch: Address of n_in + 6 rows to use.
        table: `sigmoid_table()`.
    """
    size = n_vectors * 64
    sums = scratch
    for start in range(0, n_out, ROWS):
        rows = (
            outputs[start], outputs[start + 1], outputs[start + 2],
            outputs[start + 3], outputs[start + 4], outputs[start + 5],
        )  # fmt: skip
        for i in range(0, n_in - 1, 2):
            _keep_two(products, i, start, dots((inputs[i], inputs[i + 1]), rows, n_vectors))
        if n_in % 2:
            _keep_one(products, n_in - 1, start, dots((inputs[n_in - 1],), rows, n_vectors))
    if objective == SOFTMAX:
        for i in range(n_in):
            highest = np.float32(-np.inf)
            for o in range(n_out):
                if labels[o] >= 0:
                    highest = max(highest, products[i, o])
            total = np.float32(0)
            for o in range(n_out):
                products[i, o] = math.exp(products[i, o] - highest) if labels[o] >= 0 else np.float32(0)
                total += products[i, o]
            for o in range(n_out):
                error = labels[o] - products[i, o] / total if labels[o] >= 0 else np.float32(0)
                products[i, o] = rate * error
    else:
        for i in range(n_in):
            for o in range(n_out):
                error = labels[o] - _sigmoid(products[i, o], table) if labels[o] >= 0 else np.float32(0)
                products[i, o] = rate * error
    one_block = n_out == ROWS
    if not one_block:
        for i in range(n_in):
            clear(scratch + (ROWS + i) * size, n_vectors)
    for start in range(0, n_out, ROWS):
        rows = (
            outputs[start], outputs[start + 1], outputs[start + 2],
            outputs[start + 3], outputs[start + 4], outputs[start + 5],
        )  # fmt: skip
        clear(sums, n_vectors * ROWS)
        i = 0
        while i < n_in:
            first = inputs[i]
            to = first if one_block else scratch + (ROWS + i) * size
            if i + 1 < n_in and inputs[i + 1] != first:  # a row that is there twice cannot take two changes at once
                second = inputs[i + 1]
                other = second if one_block else to + size
                spread_errors((first, second), (to, other), rows, sums, _two(products, i, start), n_vectors)
                i += 2
            else:
                spread_errors((first,), (to,), rows, sums, _one(products, i, start), n_vectors)
                i += 1
        for k in range(ROWS):
            if labels[start + k] >= 0:
                add(outputs[start + k], sums + k * size, np.float32(1), n_vectors)
    if not one_block:
        for i in range(n_in):
            add(inputs[i], scratch + (ROWS + i) * size, np.float32(1), n_vectors)


def train(
    ids, start, ends, v, u, n_vectors, window, keep, thresholds, alias, n_negative, paths, path_ends, codes, cbow, objective,
    rate, state, words, negatives, inputs, outputs, labels, products, scratch, nothing, table,
):  # fmt: skip
    """Go once through some sentences.

    Args:
        ids: The corpus, (n_ids,) int32.
        start: The first word of the first sentence.
        ends: The places behind the sentences' last words, (n,) int64.
        v: Address of the table of centers, rows of n_vectors * 16 floats.
        u: Address of the table of contexts (of inner nodes, for HIERARCHICAL).
        n_vectors: Length of a row in vectors of 16 floats.
        window: Largest distance; each window is as wide as a number drawn from 1..window.
        keep: For each word the probability that it is kept, as a part of 2^32 - 1, (n_words,) uint32.
        thresholds, alias: The alias table of negatives, (n_words,) uint16 and int32.
        n_negative: Negatives in a window.
        paths, path_ends, codes: For HIERARCHICAL the inner nodes of each word, the places behind them, and 1 where the right
            branch is the way, int32, int64 and int8.
        cbow: Whether the mean of a window's words tells its center; else each word of the window does (skip-gram).
        objective: NEGATIVE, HIERARCHICAL or SOFTMAX.
        rate: Learning rate.
        state: Of the random numbers, (1,) uint64, changed.
        words: Room for a sentence, int32; longer ones are cut into pieces.
        negatives: Room for those of two windows, (>= 2 * n_negative,) int64.
        inputs, outputs, labels, products, scratch: Room, see `step`; scratch holds window * 2 + 8 rows.
        nothing: Address of a row of zeros.
        table: `sigmoid_table()`.

    Returns:
        The loss of the windows that were looked at, how many input-output terms it has, and how many words were kept.
    """
    size = n_vectors * 64
    n_words = keep.shape[0]
    loss, n_terms, n_kept, n_windows = 0.0, 0, 0, 0
    hidden = scratch + (ROWS + 1) * size
    t = start
    for end in ends:
        while t < end:
            n = 0
            while t < end and n < words.shape[0]:
                word = ids[t]
                t += 1
                if keep[word] < 4294967295 and (_random(state) >> np.uint64(32)) > keep[word]:
                    continue
                words[n] = word
                n += 1
            n_kept += n
            if n < 2:
                continue
            if objective == NEGATIVE:
                for k in range(n_negative):
                    negatives[k] = _draw(state, thresholds, alias)
            for c in range(n):
                center = words[c]
                # what the next window needs and is not near yet: its negatives, its center, the word that comes into reach
                if objective == NEGATIVE:
                    for k in range(n_negative):
                        drawn = _draw(state, thresholds, alias)
                        negatives[((c + 1) & 1) * n_negative + k] = drawn
                        prefetch(u + drawn * size, n_vectors)
                if c + 1 < n and objective != SOFTMAX:
                    if objective == NEGATIVE:
                        prefetch(u + words[c + 1] * size, n_vectors)
                    else:
                        last = path_ends[words[c + 1]]
                        for k in range(path_ends[words[c + 1] - 1] if words[c + 1] else 0, last):
                            prefetch(u + paths[k] * size, n_vectors)
                if c + 1 + window < n:
                    prefetch(v + words[c + 1 + window] * size, n_vectors)
                reach = 1 + _below(state, window)
                n_in = 0
                for k in range(max(0, c - reach), min(n, c + reach + 1)):
                    if k != c:
                        inputs[n_in] = v + words[k] * size
                        n_in += 1
                n_context = n_in
                if cbow:
                    clear(hidden, n_vectors)
                    for k in range(n_in):
                        add(hidden, inputs[k], np.float32(1.0 / n_in), n_vectors)
                if objective == NEGATIVE:
                    outputs[0], labels[0] = u + center * size, np.float32(1)
                    n_out = 1
                    for k in range(n_negative):
                        drawn = negatives[(c & 1) * n_negative + k]
                        if drawn != center:
                            outputs[n_out], labels[n_out] = u + drawn * size, np.float32(0)
                            n_out += 1
                elif objective == HIERARCHICAL:
                    first = path_ends[center - 1] if center else 0
                    n_out = path_ends[center] - first
                    for k in range(n_out):
                        outputs[k], labels[k] = u + paths[first + k] * size, np.float32(1 - codes[first + k])
                else:
                    for k in range(n_words):
                        outputs[k], labels[k] = u + k * size, np.float32(k == center)
                    n_out = n_words
                while n_out % ROWS:
                    outputs[n_out], labels[n_out] = nothing, np.float32(-1)
                    n_out += 1
                if cbow:
                    # one input, the mean; its change goes to a row of its own, then to each word by its share,
                    # with a tree the whole of it (docs/vectors/word2vec.md says why)
                    before = scratch + (ROWS + 2) * size
                    clear(before, n_vectors)
                    add(before, hidden, np.float32(1), n_vectors)
                    for k in range(n_context):
                        outputs[n_out + k] = inputs[k]
                    inputs[0] = hidden
                    step(inputs, 1, outputs, labels, n_out, n_vectors, rate, objective, products, scratch, table)
                    add(hidden, before, np.float32(-1), n_vectors)
                    share = np.float32(1.0) if objective == HIERARCHICAL else np.float32(1.0 / n_context)
                    for k in range(n_context):
                        add(outputs[n_out + k], hidden, share, n_vectors)
                    n_in = 1
                else:
                    step(inputs, n_in, outputs, labels, n_out, n_vectors, rate, objective, products, scratch, table)
                n_windows += 1
                if n_windows % _LOSS_EVERY == 1:
                    # `products` holds rate * (label - probability)
                    for i in range(n_in):
                        for o in range(n_out):
                            if labels[o] < 0:
                                continue
                            error = abs(products[i, o] / rate)
                            if objective != SOFTMAX or labels[o] == 1:
                                loss -= math.log(max(1.0 - error, 1e-7))
                        n_terms += 1
    return loss, n_terms, n_kept


_compile = numba.njit(nogil=True, cache=True)
step = _compile(step)
train = _compile(train)
