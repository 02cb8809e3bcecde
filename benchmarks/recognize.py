"""How fast scenes are read, side by side with the classical path: one padded input for each line and character.

Needs a Hugging Face encoder folder, named by JUQING_ENCODER; its weights do not matter for speed, its size and tokenizer do. The
classical path is an encoder of BERT-base's size (12 layers of 768) with random weights in PyTorch, 32 bits, inputs padded to 128
tokens, 64 in a batch. All run on the same number of threads, taken in turn.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np
import torch
from common import ROOT, Bench, command, in_turn, peak_memory, seconds

from juqing.reading import read_script
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.recognition.pair import PairRecognizer
from juqing.runtime import load
from juqing.script import Script
from juqing.text.pairs import pair_inputs
from juqing.training.export import export
from juqing.training.run import RunConfig, build_reader, keep_memory, make_task, train

FILM = ROOT / "examples" / "回声渡.txt"
THREADS = 2
N_CLASSICAL, PADDED, BATCH = 128, 128, 64
RUNS = 3


def classical(script: Script, tokenizer, pad: int):
    """A function that scores the first pairs of a script the classical way."""
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=21128, hidden_size=768, num_hidden_layers=12, num_attention_heads=12)
    encoder = BertModel(config).eval()
    head = torch.nn.Linear(768, 24)
    inputs = pair_inputs(script, tokenizer, PADDED)[:N_CLASSICAL]
    filled = [ids + [pad] * (PADDED - len(ids)) for ids in inputs]
    token_ids = torch.tensor(filled).clamp(max=21127)
    mask = torch.from_numpy(np.array([[1] * len(ids) + [0] * (PADDED - len(ids)) for ids in inputs]))

    @torch.inference_mode()
    def run() -> None:
        for start in range(0, len(inputs), BATCH):
            part = slice(start, start + BATCH)
            head(encoder(input_ids=token_ids[part], attention_mask=mask[part]).last_hidden_state[:, 0])

    return run, len(inputs)


def training_rates(encoder: str, labeled: list[LabeledScript]) -> tuple[float, float]:
    """Pairs a second that `scene` and `pair` learn from, one after the other, on the same encoder."""
    from accelerate import Accelerator

    from juqing.training.run import _learn, has_bf16  # the loop's own step

    rates = []
    for kind, budget in (("scene", 256), ("pair", 128)):
        config = RunConfig(kind=kind, encoder=encoder, budget=budget)
        accelerator = Accelerator(mixed_precision="bf16" if has_bf16() else "no", cpu=True)
        reader = build_reader(config)
        task = make_task(config, reader, labeled)
        plan = task.plan(0)[:8]
        model = accelerator.prepare(reader)
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
        n_pairs = 0

        def steps(
            model=model, task=task, plan=plan, config=config, accelerator=accelerator, optimizer=optimizer
        ) -> None:
            nonlocal n_pairs
            n_pairs = 0
            for group in plan:
                n_pairs += _learn(model, task, [(group, True)], 1.0, config, accelerator)[1]
                optimizer.step()
                optimizer.zero_grad()

        took = in_turn([seconds(steps)], 2)[0]
        rates.append(n_pairs / took)
    return rates[0], rates[1]


def main() -> None:
    encoder = os.environ.get("JUQING_ENCODER", "")
    if not Path(encoder, "config.json").is_file():
        print("recognize: left out; name the folder of an encoder by JUQING_ENCODER")
        return
    keep_memory()
    torch.set_num_threads(THREADS)
    bench = Bench(__file__)
    script = read_script(FILM)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        table = work / "film.tsv"
        write_table(script, table)
        labeled = read_labeled(table)
        config = RunConfig(kind="scene", encoder=encoder, epochs=1, learning_rate=1e-9, head_learning_rate=1e-9)
        train(config, labeled, work / "run")
        export(work / "run", work / "model")
        ours = load(work / "model")
        reader = build_reader(RunConfig(kind="pair", encoder=encoder, budget=128))
        pairs = PairRecognizer(reader)
        old_way, n_old = classical(script, reader.tokenizer, reader.tokenizer.pad)
        scene_s, pair_s, old_s = in_turn(
            [seconds(lambda: ours.score(script)), seconds(lambda: pairs.score(script)), seconds(old_way)], RUNS
        )
        rate = script.n_cues / scene_s
        bench.add("scoring, scene reader, ONNX int8", rate, "pairs/s", peer="BERT-base, a padded input a pair, PyTorch",
                  peer_value=n_old / old_s, threads=THREADS, runs=RUNS)  # fmt: skip
        bench.add("scoring, scene reader, ONNX int8", rate, "pairs/s", peer="pair reader, same encoder, PyTorch",
                  peer_value=script.n_cues / pair_s, threads=THREADS, runs=RUNS)  # fmt: skip
        scene_rate, pair_rate = training_rates(encoder, labeled)
        bench.add("training, scene reader", scene_rate, "pairs/s", peer="pair reader, same encoder",
                  peer_value=pair_rate, threads=THREADS, runs=2)  # fmt: skip
        report = work / "report.html"
        bench.add("the example film to a report", in_turn([command("analyze", FILM, "--model", work / "model", "--out", report)], RUNS)[0],
                  "s", threads=THREADS, runs=RUNS)  # fmt: skip
        bench.add("peak memory of that", peak_memory("analyze", FILM, "--model", work / "model", "--out", report), "MB")
        code = f"from juqing.runtime import load; load({str(work / 'model')!r})"
        bench.add("start-up: imports and loading the model", in_turn([command_python(code)], RUNS)[0], "s", runs=RUNS)
    bench.write()


def write_table(script: Script, path: Path) -> None:
    """A script as a labeled table with arbitrary labels."""
    rows = ["id\tcontent\tcharacter\temotions"]
    for k, cue in enumerate(script.cues):
        line = script.lines[cue.line]
        text = line.printed.replace("\t", " ").replace("\n", " ")
        rows.append(f"1_{line.scene + 1:04d}_A_{k + 1}\t{text}\t{cue.character}\t0,{k % 3},0,{k % 2},0,0")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")


def command_python(code: str):
    """A function that runs Python code in a process of its own and returns the wall time."""
    import subprocess
    import sys

    return seconds(lambda: subprocess.run([sys.executable, "-c", code], check=True))


if __name__ == "__main__":
    main()
