"""A trained network to ONNX: what the runtime loads without a training framework, by default with 8-bit weights."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from juqing.errors import MissingExtraError, ModelError
from juqing.outputs import check_writable, writing_folder
from juqing.recognition.encoders import Reader
from juqing.recognition.heads import level_probabilities, strengths
from juqing.recognition.scene import SceneReader
from juqing.runtime import load
from juqing.runtime.onnx import MODEL_FILES, WEIGHTS

TOLERANCE = 1e-4
"""How far ONNX in 32 bits may be from PyTorch, in strengths."""


class _Exported(nn.Module):
    """A reader whose outputs are strengths (n, 6) and levels (n, 6, 4)."""

    def __init__(self, reader: Reader):
        super().__init__()
        self.reader = reader

    def forward(self, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        raw = self.reader(*inputs)
        head = self.reader.settings["head"]
        return strengths(raw, head), level_probabilities(raw, head)


def _example(reader: Reader, seed: int) -> dict[str, np.ndarray]:
    """Inputs of the right shapes with arbitrary tokens."""
    random = np.random.default_rng(seed)
    n_windows, n_tokens, n_cues = (2, 24, 5) if seed == 0 else (3, 17, 7)
    ids = random.integers(0, reader.tokenizer.n_tokens, (n_windows, n_tokens))
    mask = np.ones((n_windows, n_tokens), dtype=np.int64)
    mask[-1, n_tokens // 2 :] = 0
    arrays = {"token_ids": ids, "mask": mask}
    if isinstance(reader, SceneReader):
        start = random.integers(0, n_tokens - 4, (n_cues, 1))
        arrays["lines"] = np.concatenate([start, start + random.integers(1, 4, (n_cues, 1))], axis=1)
        for name, width in (("mentions", 2), ("elsewhere", 3)):
            arrays[name] = random.integers(0, n_tokens, (n_cues, width))
        arrays["mentions"][0] = -1
        arrays["roles"] = random.integers(0, 2, n_cues)
    return arrays


def export(run: Path, out: Path, *, int8: bool = True) -> dict[str, Any]:
    """Write the ONNX model of a run's folder, with tokenizer, configuration and model card.

    Args:
        run: A folder that `juqing train scene` or `juqing train pair` wrote.
        out: The folder to write.
        int8: Whether matrices and token vectors have 8 bits, a quarter of the size; else 32.

    Returns:
        `n_bytes` of the weights, and `difference`, the largest one between PyTorch and ONNX in 32 bits, in strengths.

    Raises:
        ModelError: The folder holds no network, or ONNX computes something else.
        OutputError: The folder cannot be written.
    """
    check_writable(out)
    recognizer = load(run)
    reader = getattr(recognizer, "reader", None)
    if not isinstance(reader, Reader):
        raise ModelError(
            "only trained networks are exported.", "Give the folder of `juqing train scene` or `pair`.", path=run
        )
    config = json.loads((run / "config.json").read_text(encoding="utf-8"))
    with writing_folder(out, MODEL_FILES) as folder:
        plain = folder / "plain.onnx"
        to_onnx(reader, plain)
        difference = _difference(reader, plain)
        if not difference <= TOLERANCE:
            raise ModelError(f"ONNX differs from PyTorch by {difference:.2g}.", "Export with another version of torch.")
        if int8:
            quantize(plain, folder / WEIGHTS)
            plain.unlink()
        else:
            plain.replace(folder / WEIGHTS)
        reader.tokenizer.save(folder)
        exported = {
            "format": 1,
            "recognizer": "onnx",
            "reads": reader.kind,
            "settings": reader.settings,
            "pad": reader.tokenizer.pad,
            "n_tokens": reader.encoder.get_input_embeddings().weight.shape[0],  # type: ignore[union-attr]
            "bits": 8 if int8 else 32,
        }
        if "rmse" in config:
            exported["rmse"] = config["rmse"]
        (folder / "config.json").write_text(json.dumps(exported, indent=2) + "\n", encoding="utf-8")
        card = (run / "README.md").read_text(encoding="utf-8") if (run / "README.md").is_file() else f"# {run.name}\n"
        n_bytes = (folder / WEIGHTS).stat().st_size
        told = f"Exported to ONNX, {exported['bits']}-bit weights, {n_bytes / 1e6:.1f} MB; in 32 bits it differs from PyTorch by {difference:.0e} at most."
        (folder / "README.md").write_text(f"{card.rstrip()}\n\n{told}\n", encoding="utf-8")
    return {"n_bytes": n_bytes, "difference": difference}


def to_onnx(reader: Reader, path: Path) -> None:
    """Write a network as ONNX with 32-bit weights; all sizes of its inputs may vary."""
    try:
        import onnxscript  # noqa: F401
    except ImportError:
        raise MissingExtraError("Exporting", "train") from None
    arrays = _example(reader, 0)
    inputs = tuple(torch.from_numpy(array) for array in arrays.values())
    rows, width, cues = (torch.export.Dim(name, min=1, max=2**20) for name in ("n_windows", "n_tokens", "n_cues"))
    shapes: dict[str, Any] = {"token_ids": {0: rows, 1: width}, "mask": {0: rows, 1: width}, "roles": {0: cues}}
    shapes["lines"] = {0: cues}
    for name in ("mentions", "elsewhere"):
        shapes[name] = {0: cues, 1: torch.export.Dim(f"n_{name}", min=1, max=2**20)}
    logging.getLogger("torch.onnx").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Exported(reader.eval()).eval(),
            inputs,
            str(path),
            input_names=list(arrays),
            output_names=["strengths", "levels"],
            dynamic_shapes=(tuple(shapes[name] for name in arrays),),
            external_data=False,
            dynamo=True,
            verbose=False,
        )


def quantize(source: Path, target: Path) -> None:
    """Matrices and token vectors to 8 bits, a scale for each column; what flows between stays in 32 bits."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)  # it recommends a preprocessing that changes nothing here
    try:
        quantize_dynamic(
            source,
            target,
            per_channel=True,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gather", "Gemm"],
        )
    finally:
        root.setLevel(level)


def _difference(reader: Reader, path: Path) -> float:
    """The largest difference of strengths between PyTorch and ONNX, on inputs of another shape than the example's."""
    import onnxruntime

    arrays = _example(reader, 1)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    with torch.inference_mode():
        expected = _Exported(reader.eval())(*(torch.from_numpy(array) for array in arrays.values()))
    found = session.run(["strengths", "levels"], arrays)
    return max(float(np.abs(e.numpy() - f).max()) for e, f in zip(expected, found, strict=True))
