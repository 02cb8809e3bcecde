"""How time and memory of skip-gram grow with the text and with the vocabulary, gensim's memory beside ours: figures and a picture.

The texts are made as in `vectors.py`: 1, 4 and 16 million tokens of 100,000 words; 4 million of 25,000 to 400,000 words. Each
training is a process of its own: one epoch, dim 100, one thread, counting, encoding and writing the vectors included. The picture
goes to `docs/vectors/scaling.png`.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import vl_convert
from common import JUQING, ROOT, Bench, cpu_and_memory
from vectors import make_text  # pyright: ignore[reportAttributeAccessIssue]

MILLIONS = (1, 4, 16)
WORDS = (25_000, 100_000, 400_000)
GENSIM = (
    "import sys; from gensim.models import Word2Vec; "
    "Word2Vec(corpus_file=sys.argv[1], vector_size=100, sg=1, negative=5, sample=1e-3, min_count=1, epochs=1, workers=1)"
    ".wv.save_word2vec_format(sys.argv[2], binary=True)"
)


def picture(rows: list[dict[str, Any]]) -> bytes:
    """Three panels: seconds by tokens, memory by tokens, memory by words."""

    def panel(sweep: str, x: str, y: str, y_title: str) -> dict[str, Any]:
        return {
            "data": {"values": [row for row in rows if row["sweep"] == sweep and row[y] is not None]},
            "width": 230, "height": 200, "mark": {"type": "line", "point": True},
            "encoding": {
                "x": {"field": "x", "type": "quantitative", "title": x},
                "y": {"field": y, "type": "quantitative", "title": y_title},
                "color": {"field": "program", "type": "nominal", "title": None, "scale": {"range": ["#1f6f8b", "#c2703d"]}},
            },
        }  # fmt: skip

    spec = {
        "background": "white",
        "hconcat": [
            panel("tokens", "million tokens", "seconds", "CPU seconds, all of it"),
            panel("tokens", "million tokens", "megabytes", "peak memory, MB"),
            panel("words", "thousand words", "megabytes", "peak memory, MB"),
        ],
    }
    return vl_convert.vegalite_to_png(json.dumps(spec), scale=2)


def main() -> None:
    bench = Bench(__file__)
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = ("--unit", "blank", "--min-count", "1", "--epochs", "1", "--set", "n_threads=1")

        def measure(sweep: str, x: float, text: Path) -> None:
            ours = [*JUQING, "vectors", "train", str(text), *settings, "--out", str(folder / "ours.bin")]
            found = {
                "juqing": cpu_and_memory(ours),
                "gensim": cpu_and_memory([sys.executable, "-c", GENSIM, str(text), str(folder / "theirs.bin")]),
            }
            rows.extend(
                {"sweep": sweep, "x": x, "program": program, "seconds": seconds, "megabytes": megabytes}
                for program, (seconds, megabytes) in found.items()
            )
            for k, unit in enumerate(("s", "MB")):
                what = f"{x:g} {'million tokens' if sweep == 'tokens' else 'thousand words, 4 million tokens'}"
                bench.add(what, found["juqing"][k], unit, peer="gensim", peer_value=found["gensim"][k])

        make_text(folder / "warm.txt", 20_000, 1000)
        cpu_and_memory(
            [*JUQING, "vectors", "train", str(folder / "warm.txt"), *settings, "--out", str(folder / "w.bin")]
        )
        for millions in MILLIONS:
            make_text(folder / "text.txt", millions * 1_000_000, 100_000)
            measure("tokens", millions, folder / "text.txt")
        for n_words in WORDS:
            make_text(folder / "text.txt", 4_000_000, n_words)
            measure("words", n_words / 1000, folder / "text.txt")
    (ROOT / "docs" / "vectors" / "scaling.png").write_bytes(picture(rows))
    bench.write()


if __name__ == "__main__":
    main()
