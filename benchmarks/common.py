"""The one form of all benchmarks: ours and a peer's taken in turn in one run, medians, one line a figure.

A benchmark prints its figures and writes `benchmarks/results/NAME.jsonl`, one object a line:
`{"name", "value", "unit", "peer", "peer_value", "ratio", "threads", "runs"}`; peer fields are null where there is no peer. Figures of
several seeds have `spread` and `peer_spread`.
`ratio` is how many times better than the peer: larger is better for rates, smaller times count as better.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
ROOT = Path(__file__).parent.parent
JUQING = [sys.executable, "-c", "from juqing.cli import main; main()"]


class Bench:
    """Collects the figures of one benchmark file."""

    def __init__(self, file: str):
        self.name = Path(file).stem
        self.figures: list[dict[str, object]] = []

    def add(
        self,
        name: str,
        value: float,
        unit: str,
        *,
        peer: str | None = None,
        peer_value: float | None = None,
        threads: int = 1,
        runs: int = 1,
        spread: float | None = None,
        peer_spread: float | None = None,
    ) -> None:
        """Print and keep one figure; a spread is the standard deviation over runs of different seeds."""
        ratio = None
        if peer_value:
            ratio = peer_value / value if unit in ("s", "MB", "perplexity") else value / peer_value
        self.figures.append(
            {"name": name, "value": round(value, 4), "unit": unit, "peer": peer, "peer_value": peer_value and round(peer_value, 4),
             "ratio": ratio and round(ratio, 2), "threads": threads, "runs": runs,
             **({} if spread is None else {"spread": round(spread, 4), "peer_spread": peer_spread and round(peer_spread, 4)})}
        )  # fmt: skip
        beside = (
            f"   {peer}: {peer_value:,.3f} {unit} ({ratio:.2f}×)"
            if ratio is not None and peer_value is not None
            else ""
        )
        deviation = "" if spread is None else f" ± {spread:.4f}"
        if beside and peer_spread is not None:
            beside += f" ± {peer_spread:.4f}"
        print(f"{self.name}: {name}: {value:,.4g}{deviation} {unit}{beside}", flush=True)

    def write(self) -> None:
        """Write the results file."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{self.name}.jsonl"
        path.write_text(
            "".join(json.dumps(figure, ensure_ascii=False) + "\n" for figure in self.figures), encoding="utf-8"
        )
        print(f"{path.relative_to(ROOT)}, load {os.getloadavg()[0]:.1f}")


def in_turn(functions: Sequence[Callable[[], float]], runs: int) -> list[float]:
    """The median of what each function returns, the functions called in turn, `runs` times each after one warm-up."""
    for function in functions:
        function()
    rounds = [[function() for function in functions] for _ in range(runs)]
    return [statistics.median(values) for values in zip(*rounds, strict=True)]


def seconds(function: Callable[[], object]) -> Callable[[], float]:
    """A function that runs another and returns the wall time it took."""

    def timed() -> float:
        start = time.perf_counter()
        function()
        return time.perf_counter() - start

    return timed


def command(*args: object) -> Callable[[], float]:
    """A function that runs `juqing` in a process of its own and returns the wall time."""
    return seconds(lambda: subprocess.run([*JUQING, *map(str, args)], check=True, stdout=subprocess.DEVNULL))


def peak_memory(*args: object) -> float:
    """The peak memory of a `juqing` process, in MB."""
    return cpu_and_memory([*JUQING, *map(str, args)])[1]


def cpu_and_memory(command: Sequence[str]) -> tuple[float, float]:
    """The CPU seconds and the peak memory in MB of a process."""
    # A process in between: Linux counts what the parent of a process holds as the process's own peak.
    code = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); print(used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    between = [sys.executable, "-c", code, *command]
    seconds, peak = subprocess.run(between, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), int(peak) / (1024 if sys.platform != "darwin" else 1024**2)


def data_folder(name: str, file: str = "train.tsv") -> Path | None:
    """The folder that JUQING_DATA names (`data` by default); None, and a line that says so, where `file` is not in it."""
    folder = Path(os.environ.get("JUQING_DATA", "data"))
    if not (folder / file).is_file():
        print(f"{name}: left out, {folder / file} is not there; name its folder by JUQING_DATA")
        return None
    return folder
