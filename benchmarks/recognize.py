"""How fast scenes are read, side by side with the classical path: one padded input for each line and character.

Needs a Hugging Face encoder folder, named by JUQING_ENCODER; its weights do not matter for speed, its size and tokenizer do. The
classical path is an encoder of BERT-base's size (12 layers of 768) with random weights in PyTorch, 32 bits, inputs padded to 128
tokens, 64 in a batch. The pair reader has the encoder of the scene reader, in PyTorch: once with inputs padded to 128 tokens, as the
published solutions have them, once with our own batches of inputs of about one length. All run on the same number of threads,
taken in turn. Of an encoder of 12 layers the six of the shipped model are taken.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from common import ROOT, Bench, command, in_turn, peak_memory, seconds

from juqing.reading import read_script
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.recognition.encoders import load_encoder
from juqing.recognition.pair import PairReader, PairRecognizer
from juqing.runtime import load
from juqing.script import Script
from juqing.text.pairs import collate_pairs, pair_inputs
from juqing.text.windows import LineTokenizer
from juqing.training.export import export
from juqing.training.run import RunConfig, build_reader, keep_memory, make_task, train
from juqing.training.tasks import Batch, PairTask, Task

FILM = ROOT / "examples" / "回声渡.txt"
THREADS = 2
N_CLASSICAL, PADDED, BATCH = 128, 128, 64
RUNS = 3
SHIPPED = (0, 2, 4, 6, 8, 11)


class PaddedPairs(PairTask):
    """The pair reader's batches as the published solutions have them: as they come, all padded to one length."""

    def plan(self, epoch: int) -> list[list[int]]:
        super().plan(epoch)
        return [list(range(start, start + BATCH)) for start in range(0, len(self._pairs) - BATCH, BATCH)]

    def batch(self, group: list[int]) -> Batch:
        batch = super().batch(group)
        return Batch(padded(batch.inputs, self.reader.tokenizer.pad), batch.labels, batch.weights, batch.n_tokens)


def padded(inputs: dict[str, torch.Tensor], pad: int) -> dict[str, torch.Tensor]:
    """Inputs filled up to 128 tokens."""
    more = (0, PADDED - inputs["token_ids"].shape[1])
    fill = torch.nn.functional.pad
    return {"token_ids": fill(inputs["token_ids"], more, value=pad), "mask": fill(inputs["mask"], more)}


def padded_scoring(network: Callable[..., Any], script: Script, tokenizer: LineTokenizer, n_tokens: int):
    """A function that scores the first pairs of a script the classical way, and how many they are."""
    inputs = pair_inputs(script, tokenizer, PADDED)[:N_CLASSICAL]
    batches = [collate_pairs(inputs[start : start + BATCH], tokenizer.pad) for start in range(0, len(inputs), BATCH)]
    filled = [
        padded({name: torch.from_numpy(array) for name, array in each.items()}, tokenizer.pad) for each in batches
    ]

    @torch.inference_mode()
    def run() -> None:
        for each in filled:
            network(each["token_ids"].clamp(max=n_tokens - 1), each["mask"])

    return run, len(inputs)


def bert_base() -> tuple[Callable[..., Any], int]:
    """An encoder of BERT-base's size with six heads of four classes, and the size of its vocabulary."""
    from transformers import BertConfig, BertModel

    config = BertConfig(vocab_size=21128, hidden_size=768, num_hidden_layers=12, num_attention_heads=12)
    encoder = BertModel(config).eval()
    head = torch.nn.Linear(768, 24)
    return lambda token_ids, mask: head(
        encoder(input_ids=token_ids, attention_mask=mask).last_hidden_state[:, 0]
    ), config.vocab_size


def training_rates(encoder: str, layers: tuple[int, ...], labeled: list[LabeledScript]) -> list[float]:
    """Pairs a second that `scene`, `pair` and `pair` with padded inputs learn from, one after the other, on the same encoder."""
    from accelerate import Accelerator

    from juqing.training.run import _learn, has_bf16  # the loop's own step

    rates = []
    for kind, budget, classical in (("scene", 256, False), ("pair", PADDED, False), ("pair", PADDED, True)):
        config = RunConfig(kind=kind, encoder=encoder, layers=layers, budget=budget)
        accelerator = Accelerator(mixed_precision="bf16" if has_bf16() else "no", cpu=True)
        reader = build_reader(config)
        if classical:
            assert isinstance(reader, PairReader)
            task: Task = PaddedPairs(reader, labeled, batch_tokens=PADDED * BATCH, keep_names=1.0, seed=0)
        else:
            task = make_task(config, reader, labeled)
        plan = task.plan(0)[: 2 if classical else 8]
        model = accelerator.prepare(reader)
        model.train()
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
    return rates


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
        layers = SHIPPED if load_encoder(encoder)[0].config.num_hidden_layers == 12 else ()
        config = RunConfig(
            kind="scene", encoder=encoder, layers=layers, epochs=1, learning_rate=1e-9, head_learning_rate=1e-9
        )
        train(config, labeled, work / "run")
        export(work / "run", work / "model")
        ours = load(work / "model")
        reader = build_reader(RunConfig(kind="pair", encoder=encoder, layers=layers, budget=PADDED)).eval()
        pairs = PairRecognizer(reader)
        network, n_tokens = bert_base()
        large, n_large = padded_scoring(network, script, reader.tokenizer, n_tokens)
        small, n_small = padded_scoring(reader, script, reader.tokenizer, n_tokens)
        scene_s, pair_s, small_s, large_s = in_turn(
            [seconds(lambda: ours.score(script)), seconds(lambda: pairs.score(script)), seconds(small), seconds(large)],
            RUNS,
        )
        rate = script.n_cues / scene_s
        for peer, value in (
            ("BERT-base, a padded input a pair, PyTorch", n_large / large_s),
            ("pair reader, same encoder, padded inputs, PyTorch", n_small / small_s),
            ("pair reader, same encoder, inputs of one length together, PyTorch", script.n_cues / pair_s),
        ):
            bench.add(
                "scoring, scene reader, ONNX int8",
                rate,
                "pairs/s",
                peer=peer,
                peer_value=value,
                threads=THREADS,
                runs=RUNS,
            )
        scene_rate, pair_rate, padded_rate = training_rates(encoder, layers, labeled)
        for peer, value in (("padded inputs", padded_rate), ("inputs of one length together", pair_rate)):
            bench.add("training, scene reader", scene_rate, "pairs/s", peer=f"pair reader, same encoder, {peer}",
                      peer_value=value, threads=THREADS, runs=2)  # fmt: skip
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
