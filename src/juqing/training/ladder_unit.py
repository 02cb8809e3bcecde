"""One model of a ladder in a process of its own, so that its memory can be measured: `python -m juqing.training.ladder_unit REQUEST`.

A request is a JSON file; `do` is `vectors`, `language_model`, `train` or `score`, the rest are the arguments of that function. The process says on standard
output, a JSON object a line, how far it is (`progress`) and what came of it (`result` or `error`). What libraries print goes to standard
error.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import platform
import re
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import fields
from importlib import metadata
from pathlib import Path
from typing import Any

from juqing.errors import JuqingError
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript

Tell = Callable[..., None]

_NO_WEIGHTS = ("README.md", "log.jsonl", "tensorboard")
_END_WITH_PARENT = 1  # PR_SET_PDEATHSIG
_LIBRARIES = ("juqing", "numpy", "scikit-learn", "torch", "transformers")


def vectors(text: Sequence[str], recipe: dict[str, Any], out: str, run: str, tell: Tell) -> dict[str, Any]:
    """Train word vectors.

    Args:
        text: Files and folders.
        recipe: `method`, `unit`, `tags`, `window`, `min_count`; whatever else there is are settings of the method.
        out: The file to write.
        run: A folder for what is needed to go on after an interruption.
        tell: Told of progress.
    """
    import shutil

    from juqing.reading.files import text_sources
    from juqing.text.corpus import Corpus
    from juqing.vectors.files import write_vectors
    from juqing.vectors.training import train_vectors

    settings = dict(recipe)
    unit, tags = settings.pop("unit", "word"), settings.pop("tags", False)
    asked = {name: settings.pop(name) for name in ("method", "window", "min_count") if name in settings}
    corpus = Corpus(text_sources([Path(path) for path in text]), unit=unit, tags=tags)
    resumed = Path(run).exists()
    with measuring() as measured:
        table, told = train_vectors(
            corpus, **asked, settings=settings, run=Path(run), resume=resumed, progress=lambda done, total, what: tell(done, total)
        )  # fmt: skip
        write_vectors(table, Path(out))
    shutil.rmtree(run)
    return {**measured, "resumed": resumed, "n_words": len(table), "dim": table.dim, "told": told}


def language_model(text: Sequence[str], recipe: dict[str, Any], encoder: str, out: str, tell: Tell) -> dict[str, Any]:
    """Train a language model; an interrupted one goes on.

    Args:
        text: Files and folders.
        recipe: See `language_model_config`.
        encoder: What it goes on with, if it does.
        out: The folder to write.
        tell: Told of progress.
    """
    from juqing.pretraining import pretraining_module
    from juqing.reading.files import text_sources
    from juqing.text.corpus import Corpus

    config = language_model_config(recipe, encoder)
    next_word = recipe["kind"] == "next-word"
    module = pretraining_module("next_word" if next_word else "masked")
    corpus = Corpus(text_sources([Path(path) for path in text]), unit=config.unit if next_word else "character")
    resumed = Path(out + ".run").exists()
    with measuring() as measured:
        told = (module.train_next_word if next_word else module.train_masked)(
            config, corpus, Path(out), resume=True, progress=lambda done, total, what: tell(done, total)
        )
    return {**measured, "resumed": resumed, "told": told}


def language_model_config(recipe: Mapping[str, Any], encoder: str) -> Any:
    """The configuration of a language model: the package's preset of its kind, changed by a recipe.

    Args:
        recipe: `kind`, `next-word` or `masked`; `encoder`, whether it goes on with `encoder`; the rest are settings.
        encoder: A Hugging Face folder or the name of one on a hub.

    Raises:
        InputError: There is no such kind or setting, or a value is out of its range.
    """
    from juqing.errors import InputError
    from juqing.pretraining import pretraining_module

    loop = pretraining_module("loop")
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in recipe.items()}
    kind, goes_on = given.pop("kind", None), given.pop("encoder", False)
    if kind not in ("next-word", "masked") or (goes_on and kind == "next-word"):
        found = f"the kind is {kind!r}" + (", with an encoder" if goes_on else "")
        raise InputError(f"{found}.", "It is next-word, or masked, with encoder = true or from nothing.")
    if kind == "next-word":
        config, preset = pretraining_module("next_word").NextWordConfig, "next-word"
    elif goes_on:
        config, preset = pretraining_module("masked").MaskedConfig, "masked"
        given["encoder"] = encoder
    else:
        config, preset = pretraining_module("scratch").ScratchConfig, "scratch"
    return _config(kind, given, lambda: loop.load_config(config, loop.preset(preset), **given), config)


def train(
    kind: str, network: bool, settings: dict[str, Any], data: str, learn: Sequence[str], model: str, tell: Tell
) -> dict[str, Any]:
    """Train a rung or a network on some scripts of a table and write its folder.

    Args:
        kind: One of `juqing.training.ladder.RUNGS`, or a network.
        network: Which of the two it is.
        settings: Of the rung, or of `RunConfig`.
        data: Labeled table.
        learn: Titles of the scripts to learn from.
        model: The folder to write.
        tell: Told of progress.
    """
    labeled, out = chosen(Path(data), learn), Path(model)
    _start_up(kind, network)
    resumed = out.with_name(out.name + ".run").exists()
    with measuring() as measured:
        if network:
            from juqing.training.run import train as train_network

            train_network(network_config(kind, settings), labeled, out, resume=True, progress=tell)
        else:
            from juqing.training import fit_rung
            from juqing.training.ladder import make_rung

            fit_rung(make_rung(kind, settings), labeled, out, named=Path(data).name, progress=tell)
    return {**measured, "resumed": resumed, "parameters": n_parameters(out), "n_bytes": n_bytes(out), **_machine()}


def score(model: str, data: str, titles: Sequence[str], predictions: str, tell: Tell) -> dict[str, Any]:
    """Score some scripts of a table and write what `juqing predict` would write of them.

    Args:
        model: Model folder.
        data: The table.
        titles: Of the scripts.
        predictions: The file to write.
        tell: Told of progress.
    """
    from juqing.runtime import load
    from juqing.training import write_predictions

    labeled = chosen(Path(data), titles)
    recognizer = load(Path(model))
    recognizer.score(min((item.script for item in labeled), key=lambda script: script.n_cues))  # dictionaries are read
    predicted = []
    with measuring() as measured:
        for k, item in enumerate(labeled):
            predicted.append(recognizer.score(item.script).values)
            tell(k + 1, len(labeled))
    write_predictions(labeled, predicted, Path(predictions))
    return {**measured, "n_cues": sum(item.script.n_cues for item in labeled)}


def network_config(kind: str, settings: dict[str, Any]) -> Any:
    """The configuration of a network: the package's preset of its kind, changed by `settings`.

    Raises:
        InputError: There is no such setting, or a value is out of its range.
    """
    from juqing.training import network_module

    run = network_module()
    given = {name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()}
    known = run.TransformerConfig if kind in run.TransformerConfig.kinds else run.RunConfig
    return _config(kind, given, lambda: run.load_config(run.preset(kind), **{**given, "kind": kind}), known)


def _config(kind: str, given: Mapping[str, Any], load: Callable[[], Any], known: type[Any]) -> Any:
    """What `load` makes of `given`, where all these are settings of a dataclass, and of the right types."""
    from juqing.errors import InputError

    names = [field.name for field in fields(known)]
    if unknown := [name for name in given if name not in names]:
        raise InputError(f"{kind} has no setting {unknown[0]!r}.", f"It has {', '.join(names)}.")
    try:
        return load()
    except TypeError as error:  # a text in place of a number
        raise InputError(f"a setting of {kind} is of the wrong type: {error}.", "Correct the preset.") from None


def _start_up(kind: str, network: bool) -> None:
    """Import what training needs, so that it does not count as training. What is not installed is told by whoever needs it."""
    from juqing.training.ladder import RUNGS

    with suppress(ImportError):
        if network:
            importlib.import_module("juqing.training.run")
        elif RUNGS[kind] and kind != "lexicon" and "torch" not in sys.modules:  # what is on torch does without
            importlib.import_module("sklearn.linear_model")


def chosen(data: Path, titles: Sequence[str]) -> list[LabeledScript]:
    """The scripts of a table that have these titles, in their order."""
    labeled = {item.script.title: item for item in read_labeled(data)}
    return [labeled[title] for title in titles]


def n_bytes(model: Path) -> int:
    """What a model folder takes on the disk, without its card and its log."""
    parts = (path for path in model.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in parts if path.relative_to(model).parts[0] not in _NO_WEIGHTS)


def n_parameters(model: Path) -> int:
    """The numbers that a model holds: real ones in its `.npz` and `.safetensors` files."""
    import numpy as np

    total = 0
    for path in model.rglob("*.npz"):
        with np.load(path) as arrays:
            total += sum(arrays[name].size for name in arrays.files if arrays[name].dtype.kind == "f")
    for path in model.rglob("*.safetensors"):
        with path.open("rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        tensors = (each for name, each in header.items() if name != "__metadata__")
        total += sum(int(np.prod(each["shape"])) for each in tensors if re.match(r"B?F\d", each["dtype"]))
    return total


@contextmanager
def measuring() -> Iterator[dict[str, float]]:
    """Wall and CPU seconds of a block, and the largest memory of the process in MB until its end."""
    measured: dict[str, float] = {}
    wall, cpu = time.perf_counter(), time.process_time()
    yield measured
    measured["wall"] = round(time.perf_counter() - wall, 4)
    measured["cpu"] = round(time.process_time() - cpu, 4)
    measured["peak_mb"] = round(_peak(), 1)


def _peak() -> float:
    try:  # what the kernel tells of a child elsewhere may be its parent's: it begins as a copy of that
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
        return int(status.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError, ValueError):
        import resource

        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return peak / (1024**2 if sys.platform == "darwin" else 1024)


def _machine() -> dict[str, Any]:
    """What a measurement depends on beside the data."""
    versions = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    torch = sys.modules.get("torch")
    device = torch.cuda.get_device_name() if torch is not None and torch.cuda.is_available() else platform.machine()
    return {"versions": versions, "device": device, "n_cores": os.cpu_count()}


_DO: dict[str, Callable[..., dict[str, Any]]] = {
    "vectors": vectors, "language_model": language_model, "train": train, "score": score
}  # fmt: skip


def main() -> None:
    """Do what a request says."""
    with suppress(OSError, AttributeError):  # Linux alone has it: end when whoever asked is killed
        ctypes.CDLL(None).prctl(_END_WITH_PARENT, signal.SIGTERM)
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)

    def say(**row: Any) -> None:
        print(json.dumps(row, ensure_ascii=False), file=out, flush=True)

    told = 0.0

    def tell(done: float, total: float | None) -> None:
        nonlocal told
        if total and (time.perf_counter() - told > 0.2 or done >= total):
            told = time.perf_counter()
            say(progress=min(1.0, done / total))

    request = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    try:
        say(result=_DO[request.pop("do")](**request, tell=tell))
    except JuqingError as error:
        say(error=str(error))
    except MemoryError:
        say(error="there is not enough memory. Lower the batch or the number of words, or ask for fewer --jobs.")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        traceback.print_exc()
        say(error=f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
