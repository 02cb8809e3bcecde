"""How fast word vectors are trained, side by side with gensim: thousand tokens of raw text a CPU second of training proper.

The text is made here (Zipf-Mandelbrot over 100,000 words, no topics: the cold-cache end), or named by JUQING_TEXT (words between
blanks). Vocabulary: `min_count` 5. Settings: window 5, 5 negatives, subsampling 1e-3, one epoch. Compiling is not counted. gensim learns
from a slice of the text with the vocabulary of all of it.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from common import Bench

from juqing.text.corpus import Corpus, EncodedCorpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors.counts import cooccurrences
from juqing.vectors.glove import Glove, GloveConfig
from juqing.vectors.word2vec import Word2Vec, Word2VecConfig

N_TOKENS, N_WORDS = 8_000_000, 100_000
OURS, THEIRS = 4_000_000, 400_000
GLOVE = 2_000_000
STANFORD_COUNTS, STANFORD_PAIRS = 980, 450  # it is on no registry: real text of 28,700 words, one core of the same kind
RUNS = 3
KINDS = (
    ("skip-gram, negatives", "skip-gram", "negative", 100, 0.025),
    ("skip-gram, negatives, dim 300", "skip-gram", "negative", 300, 0.025),
    ("skip-gram, hierarchical softmax", "skip-gram", "hierarchical", 100, 0.025),
    ("CBOW, negatives", "cbow", "negative", 100, 0.05),
    ("CBOW, hierarchical softmax", "cbow", "hierarchical", 100, 0.05),
)


def make_text(path: Path) -> None:
    """Independent draws from a Zipf-Mandelbrot law, in sentences of 5 to 35 words."""
    random = np.random.default_rng(0)
    share = 1 / (np.arange(N_WORDS) + 2.7)
    words = np.array([f"w{k:x}" for k in range(N_WORDS)])
    with path.open("w", encoding="utf-8") as file:
        for _ in range(N_TOKENS // 500_000):
            drawn = words[random.choice(N_WORDS, 500_000, p=share / share.sum())]
            ends = np.cumsum(random.integers(5, 36, 30_000))
            for sentence in np.split(drawn, ends[ends < len(drawn)]):
                file.write(" ".join(sentence) + "\n")


def cpu_seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def slice_of(corpus: EncodedCorpus, n_tokens: int) -> tuple[EncodedCorpus, int]:
    """The first sentences, and how many raw tokens they stand for."""
    n_sentences = int(np.searchsorted(corpus.ends, n_tokens * len(corpus.ids) // corpus.n_words))
    ends = np.asarray(corpus.ends[:n_sentences])
    n_raw = int(ends[-1]) * corpus.n_words // len(corpus.ids)
    return EncodedCorpus(corpus.ids[: ends[-1]], ends, n_raw), n_raw


def main() -> None:
    from gensim.models import Word2Vec as Gensim

    bench = Bench(__file__)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(os.environ.get("JUQING_TEXT", "")) if os.environ.get("JUQING_TEXT") else Path(folder) / "text.txt"
        if not os.environ.get("JUQING_TEXT"):
            make_text(path)
        corpus = Corpus([path], unit="blank")
        counted: dict[str, Vocabulary] = {}

        def count() -> None:
            counted["ours"] = Vocabulary.of_counts(corpus.counts(), min_count=5)

        Corpus([["warm up"]], unit="blank").counts()
        model = Gensim(vector_size=8, min_count=5)
        ours_s = cpu_seconds(count)
        theirs_s = cpu_seconds(lambda: model.build_vocab(corpus_file=str(path)))
        vocabulary = counted["ours"]
        assert len(model.wv) == len(vocabulary)
        encoded = corpus.encode(vocabulary, Path(folder) / "ids")
        n = encoded.n_words
        bench.add(
            "counting the vocabulary", n / ours_s / 1e3, "k tokens/CPU s", peer="gensim", peer_value=n / theirs_s / 1e3
        )
        ours, n_ours = slice_of(encoded, OURS)
        few, _ = slice_of(encoded, 2000)
        lines = path.read_text(encoding="utf-8").splitlines()
        slice_path, n_theirs = Path(folder) / "slice.txt", 0
        with slice_path.open("w", encoding="utf-8") as file:
            for line in lines:
                if n_theirs >= THEIRS:
                    break
                file.write(line + "\n")
                n_theirs += len(line.split())
        threads = sorted({1, min(2, len(os.sched_getaffinity(0)))})
        for name, architecture, objective, dim, rate in KINDS:
            for n_threads in threads if dim <= 100 or len(threads) == 1 else threads[-1:]:
                config = Word2VecConfig(
                    architecture, objective, dim=dim, epochs=1, learning_rate=rate, n_threads=n_threads
                )
                mine = Word2Vec(config).start(vocabulary)
                mine.fit(few, vocabulary)
                theirs = Gensim(
                    vector_size=dim, min_count=5, sg=int(architecture == "skip-gram"), hs=int(objective == "hierarchical"),
                    negative=5 if objective == "negative" else 0, sample=1e-3, alpha=rate, workers=n_threads,
                )  # fmt: skip
                theirs.build_vocab(corpus_file=str(path))
                rates: list[list[float]] = [[], []]
                for _ in range(RUNS):
                    rates[0].append(n_ours / cpu_seconds(lambda mine=mine: mine.fit(ours, vocabulary)) / 1e3)
                    rates[1].append(
                        n_theirs
                        / cpu_seconds(
                            lambda theirs=theirs: theirs.train(
                                corpus_file=str(slice_path), total_words=n_theirs, total_examples=1, epochs=1
                            )
                        )
                        / 1e3
                    )
                bench.add(name, float(np.median(rates[0])), "k tokens/CPU s", peer="gensim", peer_value=float(np.median(rates[1])),
                          threads=n_threads, runs=RUNS)  # fmt: skip
        slower, n_slower = slice_of(encoded, GLOVE)
        counts = [cooccurrences(few, len(vocabulary), window=10, n_threads=1)]
        took = cpu_seconds(lambda: counts.append(cooccurrences(slower, len(vocabulary), window=10, n_threads=1)))
        bench.add("co-occurrence counts, window 10", n_slower / took / 1e3, "k tokens/CPU s",
                  peer="Stanford's program, as measured elsewhere", peer_value=STANFORD_COUNTS)  # fmt: skip
        Glove(GloveConfig(epochs=1, n_threads=1)).fit(counts[0], vocabulary)
        took = cpu_seconds(lambda: Glove(GloveConfig(epochs=3, n_threads=1)).fit(counts[1], vocabulary))
        bench.add("GloVe, dim 100", 3 * counts[1].nnz / took / 1e3, "k pairs/CPU s",
                  peer="Stanford's program, as measured elsewhere", peer_value=STANFORD_PAIRS)  # fmt: skip
    bench.write()


if __name__ == "__main__":
    main()
