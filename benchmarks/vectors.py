"""How fast word vectors are trained, side by side with gensim: thousand tokens of raw text a CPU second of training proper.

The text is made here (Zipf-Mandelbrot over 100,000 words, no topics: the cold-cache end), or named by JUQING_TEXT (words between
blanks). Vocabulary: `min_count` 5. Settings: window 5, 5 negatives, subsampling 1e-3, one epoch. Compiling is not counted. gensim learns
from a slice of the text with the vocabulary of all of it. `--peer-glove FOLDER` names the folder of the programs of Stanford's GloVe
(`vocab_count`, `cooccur`, `shuffle`, `glove`), to be run on the same text; else their figures are those that were measured elsewhere.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
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


def make_text(path: Path, n_tokens: int = N_TOKENS, n_words: int = N_WORDS) -> None:
    """Independent draws from a Zipf-Mandelbrot law, in sentences of 5 to 35 words."""
    random = np.random.default_rng(0)
    share = 1 / (np.arange(n_words) + 2.7)
    words = np.array([f"w{k:x}" for k in range(n_words)])
    with path.open("w", encoding="utf-8") as file:
        for start in range(0, n_tokens, 500_000):
            drawn = words[random.choice(n_words, min(500_000, n_tokens - start), p=share / share.sum())]
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


def stanford(programs: Path, text: Path, folder: Path) -> tuple[float, float]:
    """Thousand tokens counted, and thousand pairs trained, a CPU second, by Stanford's programs."""

    def run(name: str, *options: object, stdin: Path | None = None, stdout: str | None = None) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with (stdin or Path(os.devnull)).open("rb") as given, (folder / (stdout or "said")).open("wb") as taken:
            command = [str(programs.resolve() / name), "-verbose", "0", *map(str, options)]
            # they leave files in the folder they run in
            subprocess.run(command, stdin=given, stdout=taken, stderr=subprocess.DEVNULL, cwd=folder, check=True)
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime

    words, pairs = folder / "words", folder / "pairs"
    run("vocab_count", "-min-count", 5, stdin=text, stdout="words")
    counting = run("cooccur", "-memory", 4, "-vocab-file", words, "-window-size", 10, stdin=text, stdout="counted")
    run("shuffle", "-memory", 4, stdin=folder / "counted", stdout="pairs")
    options = (
        "-input-file",
        pairs,
        "-vocab-file",
        words,
        "-save-file",
        folder / "out",
        "-threads",
        1,
        "-vector-size",
        100,
    )
    training = [
        run("glove", *options, "-iter", n, "-binary", 1) for n in (1, 4)
    ]  # the difference is free of reading and writing
    n_tokens = sum(len(line.split()) for line in text.open(encoding="utf-8"))
    n_pairs = pairs.stat().st_size / 16  # a record: two words and a double
    return n_tokens / counting / 1e3, 3 * n_pairs / (training[1] - training[0]) / 1e3


def main() -> None:
    from gensim.models import Word2Vec as Gensim

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer-glove", type=Path, metavar="FOLDER")
    programs: Path | None = parser.parse_args().peer_glove

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
            for n_threads in threads:
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
        peer, counting, training = "Stanford's program, as measured elsewhere", STANFORD_COUNTS, STANFORD_PAIRS
        if programs is not None:
            peer = "Stanford's program"
            counting, training = stanford(programs, path, Path(folder))
        counts = [cooccurrences(few, len(vocabulary), window=10, n_threads=1)]
        took = cpu_seconds(lambda: counts.append(cooccurrences(slower, len(vocabulary), window=10, n_threads=1)))
        bench.add("co-occurrence counts, window 10", n_slower / took / 1e3, "k tokens/CPU s",
                  peer=peer, peer_value=counting)  # fmt: skip
        Glove(GloveConfig(epochs=1, n_threads=1)).fit(counts[0], vocabulary)
        took = cpu_seconds(lambda: Glove(GloveConfig(epochs=3, n_threads=1)).fit(counts[1], vocabulary))
        bench.add("GloVe, dim 100", 3 * counts[1].nnz / took / 1e3, "k pairs/CPU s",
                  peer=peer, peer_value=training)  # fmt: skip
    bench.write()


if __name__ == "__main__":
    main()
