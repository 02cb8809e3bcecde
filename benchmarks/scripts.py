"""How fast scripts are read, beside other readers where there are any, and how well pronouns are resolved."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

from common import ROOT, Bench, in_turn, seconds
from screenplain.parsers import fountain as screenplain_fountain
from screenplay_tools.fdx.parser import Parser as FdxParser
from screenplay_tools.fountain.parser import Parser as FountainParser

sys.path.insert(0, str(ROOT / "tests"))

from reading.pronoun_set import measure

from juqing.errors import LimitError
from juqing.reading import read_script, read_text
from juqing.reading.builder import ScriptBuilder
from juqing.reading.fdx import read_fdx
from juqing.writing import to_fdx, to_fountain

FEATURE = ROOT / "examples" / "回声渡.txt"
RUNS = 5


def long_script(n: int) -> str:
    """The example film, its story `n` times over."""
    text = FEATURE.read_text(encoding="utf-8")
    return text + text[text.index("\n1、") :] * (n - 1)


def main() -> None:
    bench = Bench(__file__)
    sizes = (15, 60, 240)
    texts = [long_script(n) for n in sizes]
    times = in_turn([seconds(lambda text=text: read_text(text)) for text in texts], RUNS)
    for text, took in zip(texts, times, strict=True):
        n_lines = text.count("\n")
        bench.add(f"plain text, {n_lines:,} lines", n_lines / took, "lines/s", runs=RUNS)
    plain = in_turn([seconds(lambda: read_text(texts[1], pronouns=False))], RUNS)[0]
    bench.add("plain text without pronouns", texts[1].count("\n") / plain, "lines/s", runs=RUNS)

    script = read_text(long_script(15))
    fountain, fdx = to_fountain(script), to_fdx(script)
    n_lines = fountain.count("\n")
    ours, screenplain, tools = in_turn(
        [
            seconds(lambda: read_text(fountain, fountain=True)),
            seconds(lambda: screenplain_fountain.parse(io.StringIO(fountain))),
            seconds(lambda: FountainParser().add_text(fountain)),
        ],
        RUNS,
    )
    bench.add("Fountain", n_lines / ours, "lines/s", peer="screenplain", peer_value=n_lines / screenplain, runs=RUNS)
    bench.add("Fountain", n_lines / ours, "lines/s", peer="screenplay-tools", peer_value=n_lines / tools, runs=RUNS)
    n_paragraphs = fdx.count(b"<Paragraph")
    text = fdx.decode()
    ours, tools = in_turn(
        [seconds(lambda: read_fdx(fdx, ScriptBuilder("fdx"))), seconds(lambda: FdxParser().parse(text))], RUNS
    )
    bench.add(
        "Final Draft", n_paragraphs / ours, "paragraphs/s", peer="screenplay-tools", peer_value=n_paragraphs / tools, runs=RUNS
    )  # fmt: skip

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.txt"
        path.write_text(long_script(1) * 4200, encoding="utf-8")
        bench.add("a text too long", path.stat().st_size / 2**20, "MB")
        bench.add("  is refused in", in_turn([seconds(lambda: refused(path))], 3)[0], "s")

    for name in ("dev", "held_out"):
        result, baseline = measure(name), measure(name, baseline=True)
        bench.add(f"pronouns, {name}: number", result.n_pronouns, "")
        for what in ("precision", "coverage", "accuracy"):
            bench.add(
                f"pronouns, {name}: {what}", getattr(result, what), "", peer="last named", peer_value=getattr(baseline, what)
            )  # fmt: skip
    bench.write()


def refused(path: Path) -> None:
    try:
        read_script(path)
    except LimitError:
        return
    raise AssertionError("it was read")


if __name__ == "__main__":
    main()
