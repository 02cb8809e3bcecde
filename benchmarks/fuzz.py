"""Damaged files, a hundred thousand of them: no exception but our own errors, and none takes over two seconds.

python benchmarks/fuzz.py [N] [SEED]: failing inputs are kept in a folder that is named, and are repeated by the same seed.
"""

from __future__ import annotations

import multiprocessing
import random
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path

from common import ROOT, Bench
from rich.progress import track

sys.path.insert(0, str(ROOT / "tests"))

from reading.mutations import mutate, seeds

from juqing.errors import JuqingError
from juqing.reading import read_scripts
from juqing.reading.files import SUFFIXES

BATCH = 250
MAX_SECONDS = 2.0


def batch(job: tuple[int, str, int, str]) -> tuple[int, int, float, str, list[str]]:
    """Read a batch of damaged files of one suffix: how many were read, were refused, the slowest, and what failed."""
    number, suffix, seed, kept = job
    warnings.simplefilter("ignore")
    rng = random.Random(f"{seed} {number} {suffix}")
    n_read = n_refused = 0
    slowest, slowest_name, failures = 0.0, "", []
    known = seeds()[suffix]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"damaged{suffix}"
        for k in range(BATCH):
            data = mutate(rng.choice(known), known, rng)
            path.write_bytes(data)
            start = time.process_time()
            failure = ""
            try:
                read_scripts(path)
                n_read += 1
            except JuqingError:
                n_refused += 1
            except Exception:  # what the benchmark looks for
                failure = traceback.format_exc(limit=-2)
            took = time.process_time() - start
            if took > slowest:
                slowest, slowest_name = took, suffix
            if took > MAX_SECONDS:
                failure = f"took {took:.1f} s"
            if failure:
                target = Path(kept) / f"{number}-{k}{suffix}"
                target.write_bytes(data)
                failures.append(f"{target}: {failure}")
    return n_read, n_refused, slowest, slowest_name, failures


def main() -> None:
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 104_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    kept = tempfile.mkdtemp(prefix="juqing-fuzz-")
    jobs = [(k, SUFFIXES[k % len(SUFFIXES)], seed, kept) for k in range(-(-n // BATCH))]
    bench = Bench(__file__)
    n_read = n_refused = 0
    slowest, slowest_name, failures = 0.0, "", []
    with multiprocessing.Pool() as pool:
        for read, refused, took, name, failed in track(
            pool.imap_unordered(batch, jobs), description="fuzz", total=len(jobs)
        ):
            n_read += read
            n_refused += refused
            failures += failed
            if took > slowest:
                slowest, slowest_name = took, name
    bench.add("inputs", len(jobs) * BATCH, "")
    bench.add("read", n_read, "")
    bench.add("refused", n_refused, "")
    bench.add("failed", len(failures), "")
    bench.add(f"slowest ({slowest_name})", slowest, "s")
    print(*failures[:20], sep="\n")
    bench.write()
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
