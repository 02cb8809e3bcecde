"""Whatever is in a file, reading it ends soon, in a script or in one of our own errors. `make bench-fuzz` tries 100,000."""

from __future__ import annotations

import random
import time

import pytest
from reading.mutations import mutate, seeds

from juqing.errors import JuqingError
from juqing.reading import read_scripts
from juqing.reading.files import SUFFIXES

N = 160  # a suffix: over 2,000 in all
SEEDS = seeds()


def test_every_suffix_has_seeds():
    assert set(SUFFIXES) <= SEEDS.keys()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_damaged_files(tmp_path, suffix):
    rng = random.Random(f"juqing {suffix}")
    path = tmp_path / f"damaged{suffix}"
    slowest = 0.0
    for _ in range(N):
        data = mutate(rng.choice(SEEDS[suffix]), SEEDS[suffix], rng)
        path.write_bytes(data)
        start = time.process_time()
        try:
            for script in read_scripts(path):
                assert sum(len(scene.lines) for scene in script.scenes) == len(script.lines)
        except JuqingError as error:
            assert error.found
        slowest = max(slowest, time.process_time() - start)
    assert slowest < 20, "a reader hangs"  # a hang, not a speed: machines are shared
