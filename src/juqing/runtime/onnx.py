"""An exported network without a training framework: ONNX Runtime and tokenizers, nothing else."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from juqing.emotions import MAX_STRENGTH, N_EMOTIONS
from juqing.errors import ModelError
from juqing.scores import EmotionScores
from juqing.script import Script
from juqing.text.pairs import collate_pairs, pair_inputs
from juqing.text.windows import LineTokenizer, WindowSettings, batches, collate, windows

WEIGHTS = "model.onnx"
MODEL_FILES = ("config.json", WEIGHTS, "tokenizer.json", "README.md")
"""What the folder of an exported model holds."""
_PAIR_TOKENS = 2048  # in one run
_N_LEVELS = 4
_READS = {
    "scene": (("budget", "leading", "trailing"), {"token_ids", "mask", "lines", "mentions", "elsewhere", "roles"}),
    "pair": (("budget",), {"token_ids", "mask"}),
}
"""For each kind of network the lengths of its settings, and its inputs."""


class OnnxRecognizer:
    """A network as `juqing export` writes it.

    Args:
        session: The `onnxruntime.InferenceSession`, of one thread.
        tokenizer: The encoder's.
        config: `reads`, `scene` or `pair`, and `settings`, the lengths of its inputs.
        name: Its name in reports.
        n_threads: How many windows are read at a time.

    Attributes:
        on_batch: Is called before each batch with the number of batches done and of all; what it raises ends the scoring.
    """

    def __init__(self, session: Any, tokenizer: LineTokenizer, config: dict[str, Any], name: str, n_threads: int = 1):
        self.session = session
        self.tokenizer = tokenizer
        self.reads = config["reads"]
        self.settings = config["settings"]
        self.name = name
        self.n_threads = n_threads
        self.rmse: float | None = config.get("rmse")
        self.on_batch: Callable[[int, int], None] | None = None

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> OnnxRecognizer:
        """Load an exported folder. `JUQING_THREADS` in the environment says on how many cores it runs, all by default.

        Raises:
            ModelError: A file is missing or damaged, or the tokenizer does not fit.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False  # it would keep the largest input's memory for ever
        options.intra_op_num_threads = 1  # several windows at a time keep cores busier than several cores on one
        asked = os.environ.get("JUQING_THREADS", "")
        n_threads = max(1, int(asked)) if asked.isdigit() else available_cores()
        try:
            pad, n_tokens = int(config["pad"]), int(config["n_tokens"])
            lengths, wanted = _READS[config["reads"]]
            if not all(type(config["settings"][name]) is int for name in lengths):
                raise ValueError(f"the settings are {config['settings']}")
        except (KeyError, TypeError, ValueError) as error:
            raise ModelError(f"config.json is damaged ({error}).", "Export the model again.", path=folder) from None
        tokenizer = LineTokenizer.load(folder, pad)
        if tokenizer.n_tokens > n_tokens:
            raise ModelError(
                f"the tokenizer does not fit: it has {tokenizer.n_tokens:,} tokens, the network {n_tokens:,}.",
                "Export the model again.",
                path=folder,
            )
        try:
            session = onnxruntime.InferenceSession(folder / WEIGHTS, options, providers=["CPUExecutionProvider"])
            if (named := {each.name for each in session.get_inputs()}) != wanted:
                raise ValueError(f"it reads {', '.join(sorted(named))}")
        except Exception as error:  # its errors are of many kinds
            first = str(error).strip().split("\n")[0][:200]
            raise ModelError(f"{WEIGHTS} cannot be used ({first}).", "Export the model again.", path=folder) from None
        return cls(session, tokenizer, config, folder.name, n_threads)

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script."""
        values = np.zeros((script.n_cues, N_EMOTIONS), dtype=np.float32)
        for rows, outputs in self._run(script, "strengths"):
            values[rows] = outputs
        return EmotionScores(script, np.clip(values, 0.0, MAX_STRENGTH), self.name, self.rmse)

    def level_probabilities(self, script: Script) -> np.ndarray:
        """(n_cues, 6, 4) float32: for every cue and emotion the probability of the levels 0 to 3."""
        values = np.zeros((script.n_cues, N_EMOTIONS, _N_LEVELS), dtype=np.float32)
        for rows, outputs in self._run(script, "levels"):
            values[rows] = outputs
        return values

    def _run(self, script: Script, output: str) -> Iterator[tuple[list[int], np.ndarray]]:
        """Indexes of cues and what the network says of them, run by run.

        Windows are read one by one: weights of 8 bits round what they are multiplied with by the largest number in a run, so what is
        said of a scene would else hang on the scenes that are read along with it.
        """
        if not script.cues:
            return
        if self.reads == "pair":
            inputs = pair_inputs(script, self.tokenizer, self.settings["budget"])
            groups = list(batches([len(ids) for ids in inputs], _PAIR_TOKENS))
            parts = [
                (group, lambda g=group: collate_pairs([inputs[i] for i in g], self.tokenizer.pad)) for group in groups
            ]
        else:
            settings = WindowSettings(*(self.settings[name] for name in ("budget", "leading", "trailing")))
            cut = windows(script, self.tokenizer, settings)
            parts = [(w.cues.tolist(), lambda w=w: collate([w], self.tokenizer.pad)) for w in cut]

        def read(part: tuple[list[int], Callable[[], dict[str, np.ndarray]]]) -> tuple[list[int], np.ndarray]:
            return part[0], self.session.run([output], part[1]())[0]

        pool = ThreadPoolExecutor(self.n_threads)
        try:
            done = pool.map(read, parts)
            for k in range(len(parts)):
                if self.on_batch is not None:
                    self.on_batch(k, len(parts))
                yield next(done)
        finally:
            pool.shutdown(cancel_futures=True)


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
