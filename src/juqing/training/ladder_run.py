"""The ladder as an experiment: every rung of a preset is trained and scored by one protocol, each model in processes of its own.

A unit is one model: a rung, a seed, and what it learns from and is scored on. It leaves `result.json` and `predictions.tsv` in
`OUT/rungs/RUNG/seed-S/SPLIT`; a unit that has them is not trained again, so an interrupted ladder goes on where it was. Splits are

- `fold-K`: the scripts of all folds but K are learned from, those of K are scored;
- `curve-N-fold-K`: the same with N of these scripts, for the learning curve, of the first seed alone;
- `test`: all scripts are learned from, the test table is scored, once: by the first seed. Its model stays in `OUT/rungs/RUNG/model`.

Each is trained in one process and scored in another (`juqing.training.ladder_unit`), so that peak memory means what it says.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from juqing.emotions import EMOTION_NAMES
from juqing.errors import InputError, JuqingError, LabelError, OutputError, TrainingError
from juqing.outputs import check_writable, writing
from juqing.reading.files import read_labeled
from juqing.reading.table import LabeledScript
from juqing.report.ladder import Lines
from juqing.training import deal, predictions_by_id
from juqing.training.evaluation import Evaluation, evaluate
from juqing.training.ladder import RUNGS
from juqing.training.ladder_preset import Ladder, LadderRung, check_recipes, check_settings, is_network, start_setting
from juqing.training.ladder_unit import network_config

Progress = Callable[[float, float, str], None]
"""Called with the units done, those in all, and what was done last."""

SPEC, RESULT, PREDICTIONS = "rung.json", "result.json", "predictions.tsv"
_LOG = "log.txt"


@dataclass(frozen=True)
class Given:
    """What the user gave.

    Attributes:
        data: Labeled table to learn from.
        test: Labeled table that is scored once, or None.
        texts: Running text for word vectors and language models.
        encoder: A Hugging Face folder, the name of one on a hub, or the folder of a run; or None.
        lexicons: Files of emotion words.
        test_error: Mean squared error that the labels of `test` are known to have, which is added to that of predictions.
    """

    data: Path
    test: Path | None = None
    texts: tuple[Path, ...] = ()
    encoder: str | None = None
    lexicons: tuple[Path, ...] = ()
    test_error: float = 0.0


@dataclass(frozen=True)
class _Unit:
    rung: LadderRung
    seed: int
    split: str
    folder: Path
    asked: dict[str, Any]
    train: dict[str, Any]
    score: dict[str, Any]


def run_ladder(
    ladder: Ladder,
    given: Given,
    out: Path,
    *,
    only: Sequence[str] = (),
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train and score the rungs of a ladder; what is in `out` already is not done again.

    Args:
        ladder: What is asked.
        given: What there is to learn from.
        out: The folder of the ladder.
        only: Names of the rungs to train; all where empty. Others are told of where they were measured before.
        jobs: Processes at a time, where memory allows.
        progress: Told while it goes on.

    Returns:
        What is in each `OUT/rungs/RUNG/rung.json`, the lowest rung first: `status` is `measured`, `skipped` or `failed` (`why` says the
        reason), `folds`, `test` and `curve` are figures, the rest is what they were measured with and what they cost.

    Raises:
        InputError: A rung has no such setting, or `out` holds measurements of something else.
        LabelError: The table has no labels.
        OutputError: `out` cannot be written.
    """
    names = [rung.name for rung in ladder.rungs]
    if unknown := [name for name in only if name not in names]:
        raise InputError(f"there is no rung {unknown[0]!r}.", f"The preset has {', '.join(names)}.")
    if jobs < 1:
        raise InputError(f"{jobs} jobs were asked for.", "Ask for 1 or more.")
    check_writable(out)
    if out.exists() and not out.is_dir():
        raise OutputError("this is a file; a folder was to be written.", "Choose another path with --out.", path=out)
    labeled = _read(given.data, ladder.n_folds)
    tested = _read(given.test, 1) if given.test else []
    asked_for = [rung for rung in ladder.rungs if not only or rung.name in only]
    missing = {rung.name: why for rung in asked_for if (why := _lacks(rung, ladder, given, out))}
    for rung in asked_for:
        check_settings(rung)
    check_recipes(ladder, asked_for)
    chosen = [rung for rung in asked_for if rung.name not in missing]
    plan = _Plan(ladder, given, out, labeled, tested)
    units = {rung.name: plan.units(rung) for rung in chosen}
    for each in units.values():
        for unit in each:
            _check_same(unit, out)
    recipes = dict.fromkeys(each for rung in chosen if units[rung.name] for each in ladder.recipes_of(rung))
    work = _Work(jobs, sum(map(len, units.values())) + len(recipes), progress)
    failed: dict[str, str] = {}
    try:
        work.each(
            [(" ".join(each), lambda each=each: plan.train_recipe(*each, work)) for each in recipes],
            failed,
            prefix="recipe ",
        )
        for rung in chosen:
            for each in ladder.recipes_of(rung):
                if why := failed.get(f"recipe {' '.join(each)}"):
                    failed[rung.name] = why
        jobs_of = [(name, lambda unit=unit: _run(unit, work)) for name, each in units.items() for unit in each]
        work.each(jobs_of, failed)
    except BaseException:
        work.stop()
        raise
    told = []
    for rung in ladder.rungs:
        path = out / "rungs" / rung.name / SPEC
        if rung.name in missing:
            told.append({**_about(rung), "status": "skipped", "why": missing[rung.name]})
        elif rung in chosen:
            summary = plan.summary(rung, units[rung.name])
            if rung.name in failed:
                summary |= {"status": "failed", "why": failed[rung.name]}
            told.append(summary)
        elif path.is_file():
            told.append(plan.known(rung, path))
    plan.add_common(told)
    for each in told:
        if each["status"] != "skipped":
            _write_json(out / "rungs" / each["name"] / SPEC, each)
    return told


def _read(data: Path, n_scripts: int) -> list[LabeledScript]:
    """The scripts of a table that have labels that count."""
    labeled = [item for item in read_labeled(data) if (~np.isnan(item.labels).any(axis=1) & (item.weights > 0)).any()]
    if len(labeled) < n_scripts:
        raise LabelError(
            f"there are {len(labeled)} scripts with labels for {n_scripts} folds.",
            "Set n_folds in the preset.",
            path=data,
        )
    return labeled


def _lacks(rung: LadderRung, ladder: Ladder, given: Given, out: Path) -> str:
    """Why a rung cannot be trained; nothing where it can."""
    if rung.kind not in RUNGS and not is_network(rung.kind):
        return f"this version has no kind {rung.kind!r}"
    for group, name in ladder.recipes_of(rung):
        if not given.texts and not _made(out, group, name).exists():
            return f"needs {group.replace('vectors', 'word vectors').replace('_', ' ')}: give running text with --texts"
    goes_on = rung.language_model and ladder.language_models[rung.language_model].get("encoder")
    if (rung.encoder or goes_on) and given.encoder is None:
        return "needs a pretrained encoder: give one with --encoder"
    if rung.lexicon and not given.lexicons:
        return "needs a lexicon: give one with --lexicon"
    if rung.folds == () and given.test is None:
        return "has no folds in the preset: give a table to score with --test"
    return ""


def _made(out: Path, group: str, name: str) -> Path:
    """What a recipe makes: a file of word vectors, or the folder of a language model."""
    return out / group / (f"{name}.safetensors" if group == "vectors" else name)


class _Plan:
    """The units of each rung, and what comes of them."""

    def __init__(
        self, ladder: Ladder, given: Given, out: Path, labeled: list[LabeledScript], tested: list[LabeledScript]
    ):
        self.ladder, self.given, self.out = ladder, given, out
        self.labeled, self.tested = labeled, tested
        self.prints = {path: _file_print(path) for path in (given.data, given.test, *given.lexicons) if path}
        self._text: dict[tuple[str, bool], str] = {}

    @cached_property
    def encoder(self) -> str:
        """What tells the user's encoder from another one."""
        assert self.given.encoder is not None
        return _encoder_print(self.given.encoder)

    def units(self, rung: LadderRung) -> list[_Unit]:
        """All models of a rung."""
        folds = range(self.ladder.n_folds) if rung.folds is None else rung.folds
        found = []
        for seed in rung.seeds:
            for fold in folds:
                learn, held_out = (_titles(part) for part in deal(self.labeled, fold, self.ladder.n_folds))
                found.append(self._unit(rung, seed, f"fold-{fold}", learn, held_out))
                if seed == rung.seeds[0]:
                    order = random.Random(fold).sample(learn, len(learn))  # a larger part holds the smaller ones
                    for n in sorted({n for n in rung.curve if 0 < n < len(learn)}):
                        found.append(self._unit(rung, seed, f"curve-{n}-fold-{fold}", order[:n], held_out))
            if self.tested and seed == rung.seeds[0]:
                found.append(self._unit(rung, seed, "test", _titles(self.labeled), _titles(self.tested)))
        return found

    def _unit(self, rung: LadderRung, seed: int, split: str, learn: list[str], score: list[str]) -> _Unit:
        folder = self.out / "rungs" / rung.name / f"seed-{seed}" / split
        keep = split == "test" and seed == rung.seeds[0]
        model = self.out / "rungs" / rung.name / "model" if keep else folder / "model"
        data = self.given.test if split == "test" else self.given.data
        assert data is not None
        settings, settled = self._settings(rung, seed)
        asked = {
            "kind": rung.kind, "settings": settled, "data": self.prints[self.given.data], "learn": sorted(learn),
            "scored": self.prints[data], "score": sorted(score),
        }  # fmt: skip
        return _Unit(
            rung, seed, split, folder, asked,
            {"do": "train", "kind": rung.kind, "network": is_network(rung.kind), "settings": settings,
             "data": str(self.given.data), "learn": learn, "model": str(model)},
            {"do": "score", "model": str(model), "data": str(data), "titles": score,
             "predictions": str(folder / PREDICTIONS)},
        )  # fmt: skip

    def _settings(self, rung: LadderRung, seed: int) -> tuple[dict[str, Any], dict[str, Any]]:
        """The settings of a model, and all there are, defaults filled in and files told by what is in them."""
        settings, told = dict(rung.settings), {}
        for group, name in self.ladder.recipes_of(rung):
            setting = "vectors" if group == "vectors" else start_setting(rung.kind)
            settings[setting] = str(_made(self.out, group, name))
            told[setting] = dict(getattr(self.ladder, group)[name])
            if told[setting].get("encoder"):
                told[setting]["encoder"] = self.encoder
        if rung.lexicon:
            settings["lexicon"] = [str(path) for path in self.given.lexicons]
            told["lexicon"] = [self.prints[path] for path in self.given.lexicons]
        if rung.encoder:
            settings["encoder"] = self.given.encoder
            told["encoder"] = self.encoder
        if is_network(rung.kind):
            settings["seed"] = seed
            settled = asdict(network_config(rung.kind, settings))
        else:
            signature = inspect.signature(RUNGS[rung.kind]).parameters
            if "seed" in signature:
                settings["seed"] = seed
            settled = {name: each.default for name, each in signature.items()} | settings
        return settings, json.loads(json.dumps(settled | told))

    def train_recipe(self, group: str, name: str, work: _Work) -> str:
        """Train word vectors or a language model where they are not there; why not, where it fails."""
        path, recipe = _made(self.out, group, name), dict(getattr(self.ladder, group)[name])
        kept = self.out / group / f"{name}.json"
        asked: dict[str, Any] = {"recipe": recipe}
        if self.given.texts:
            asked["text"] = self._text_print(group, recipe)
        if group == "language_models" and recipe.get("encoder"):
            asked["encoder"] = self.encoder
        if kept.is_file() and path.exists():
            before = _read_json(kept)
            if before["asked"] == ({**asked, "text": before["asked"].get("text")} if not self.given.texts else asked):
                return ""
            what = "of other text, or of an older state of it"
            if before["asked"]["recipe"] != recipe:
                what = "of another recipe"
            elif before["asked"].get("encoder") != asked.get("encoder"):
                what = "of another encoder"
            return (
                f"{path.name} is {what}. Choose another --out, or delete {path} and the rungs that were trained with it"
            )
        request: dict[str, Any] = {"text": [str(text) for text in self.given.texts], "recipe": recipe, "out": str(path)}
        if group == "vectors":
            request |= {"do": "vectors", "run": str(path.with_suffix(".run"))}
        else:
            request |= {"do": "language_model", "encoder": self.given.encoder or ""}
        told = work.call(request, path.parent / f"{name}.log.txt")
        _write_json(kept, {"asked": asked, **told})
        return ""

    def _text_print(self, group: str, recipe: Mapping[str, Any]) -> str:
        from juqing.reading.files import text_sources
        from juqing.text.corpus import Corpus

        unit = "character" if group == "language_models" and recipe["kind"] == "masked" else "word"
        key = recipe.get("unit", unit), recipe.get("tags", False)
        if key not in self._text:
            self._text[key] = Corpus(text_sources(self.given.texts), unit=key[0], tags=key[1]).fingerprint()
        return self._text[key]

    def summary(self, rung: LadderRung, units: Sequence[_Unit]) -> dict[str, Any]:
        """What came of a rung, as far as it went."""
        done = {
            (unit.seed, unit.split): (unit, _read_json(unit.folder / RESULT))
            for unit in units
            if (unit.folder / RESULT).is_file()
        }
        whole = [(unit, result) for unit, result in done.values() if not unit.split.startswith("curve")]
        about: dict[str, Any] = {**_about(rung), "status": "measured"}
        if not whole:
            return about
        folds = [fold for fold in range(self.ladder.n_folds) if all((s, f"fold-{fold}") in done for s in rung.seeds)]
        results = [result for _, result in whole]
        trained, scored = [r["training"] for r in results], [r["scoring"] for r in results]
        about |= {
            "asked": whole[0][0].asked["settings"],
            "data": self.prints[self.given.data],
            **{key: trained[-1][key] for key in ("parameters", "n_bytes", "versions", "device", "n_cores")},
            "jobs": max(result["jobs"] for result in results),
            "train_seconds": round(float(np.mean([each["wall"] for each in trained])), 3),
            "train_cpu_seconds": round(float(np.mean([each["cpu"] for each in trained])), 3),
            "train_peak_mb": max(each["peak_mb"] for each in trained),
            "resumed": any(each["resumed"] for each in trained),
            "cues_per_second": round(sum(each["n_cues"] for each in scored) / max(1e-9, sum(each["wall"] for each in scored)), 1),
            "score_peak_mb": max(each["peak_mb"] for each in scored),
        }  # fmt: skip
        for group, name in self.ladder.recipes_of(rung):
            if (kept := self.out / group / f"{name}.json").is_file():
                told = _read_json(kept)
                about["first_trained"] = {key: told[key] for key in told if key not in ("asked", "resumed")}
        if folds:
            about["folds"] = {"of": self.ladder.n_folds, "done": folds, **self.figures_of(rung, folds)}
            about["curve"] = self._curve(rung, folds, done)
        if self.given.test and (rung.seeds[0], "test") in done:
            about["test_data"] = self.prints[self.given.test]
            about["test"] = figures(
                [self._predicted(rung, rung.seeds[0], ["test"], self.tested)], self.given.test_error
            )
        return about

    def known(self, rung: LadderRung, path: Path) -> dict[str, Any]:
        """What is known of a rung that was measured before.

        Raises:
            InputError: It was measured on another table, or on other folds or seeds: two things in one table would not compare.
        """
        told = _read_json(path)
        differ = []
        if told.get("data") not in (None, self.prints[self.given.data]):
            differ.append("the data are others")
        if self.given.test and told.get("test_data") not in (None, self.prints[self.given.test]):
            differ.append("the test table is another one")
        if "folds" in told and told["folds"]["of"] != self.ladder.n_folds:
            differ.append(f"there were {told['folds']['of']} folds, and are {self.ladder.n_folds}")
        if differ:
            raise _measured_otherwise(rung.name, differ, self.out)
        return told

    def figures_of(self, rung: LadderRung, folds: Sequence[int]) -> dict[str, Any]:
        """How good a rung is on the scripts of some folds."""
        held_out = self._held_out(folds)
        splits = [f"fold-{fold}" for fold in folds]
        return figures([self._predicted(rung, seed, splits, held_out) for seed in rung.seeds])

    def add_common(self, told: Sequence[dict[str, Any]]) -> None:
        """Where rungs were scored on different folds, add figures of those that all have, so that they can be compared."""
        rungs = {rung.name: rung for rung in self.ladder.rungs}
        measured = [each for each in told if "folds" in each]
        done = [set(each["folds"]["done"]) for each in measured]
        common = sorted(set.intersection(*done)) if done else []
        for each in measured:
            each.pop("common", None)
            if common and any(folds != set(common) for folds in done):
                each["common"] = {
                    "done": common,
                    **self.figures_of(replace(rungs[each["name"]], seeds=tuple(each["seeds"])), common),
                }

    def _held_out(self, folds: Sequence[int]) -> list[LabeledScript]:
        return [item for fold in folds for item in deal(self.labeled, fold, self.ladder.n_folds)[1]]

    def _predicted(
        self, rung: LadderRung, seed: int, splits: Sequence[str], labeled: Sequence[LabeledScript]
    ) -> Evaluation:
        values: dict[str, list[float]] = {}
        for split in splits:
            values |= predictions_by_id(self.out / "rungs" / rung.name / f"seed-{seed}" / split / PREDICTIONS)
        evaluation = evaluate(labeled, [np.array([values[cue.id] for cue in item.script.cues]) for item in labeled])
        assert evaluation is not None  # `_read` looked at the labels
        return evaluation

    def _curve(
        self, rung: LadderRung, folds: Sequence[int], done: Mapping[tuple[int, str], Any]
    ) -> list[dict[str, Any]]:
        """Score against the number of scripts, the last point all there are; of the first seed."""
        points, seed = [], rung.seeds[0]
        for n in sorted(rung.curve):
            splits = [f"curve-{n}-fold-{fold}" for fold in folds]
            if all((seed, split) in done for split in splits):
                points.append((n, splits))
        if not points:
            return []
        sizes = [len(deal(self.labeled, fold, self.ladder.n_folds)[0]) for fold in folds]
        points.append((round(float(np.mean(sizes))), [f"fold-{fold}" for fold in folds]))
        evaluations = [(n, self._predicted(rung, seed, splits, self._held_out(folds))) for n, splits in points]
        return [{"n_scripts": n, "rmse": round(e.rmse, 6), "score": round(e.score, 6)} for n, e in evaluations]


class _Work:
    """Processes, so many at a time, and what is told of them."""

    def __init__(self, jobs: int, n_units: int, progress: Progress | None):
        self.jobs, self.n_units, self.progress = jobs, n_units, progress
        self.lock = threading.Condition()
        self.processes: set[subprocess.Popen[str]] = set()
        self.parts: dict[int, float] = {}
        self.n_done = 0
        self.largest_mb = 1024.0
        self.stopped = False

    def each(self, work: Sequence[tuple[str, Callable[[], str]]], failed: dict[str, str], *, prefix: str = "") -> None:
        """Do all of it; of what fails, the rest of the same name is left out and the reason is kept."""

        def do(name: str, function: Callable[[], str]) -> None:
            if prefix + name in failed or self.stopped:
                return
            try:
                why = function()
            except JuqingError as error:
                why = str(error)
            with self.lock:
                if why:
                    failed.setdefault(prefix + name, why)
                self.n_done += 1
            self._tell(name)

        with ThreadPoolExecutor(self.jobs) as pool:
            try:
                for future in [pool.submit(do, name, function) for name, function in work]:
                    future.result()
            except BaseException:
                self.stop()
                raise

    def call(self, request: dict[str, Any], log: Path) -> dict[str, Any]:
        """Do a request in a process of its own.

        Raises:
            TrainingError: It failed, or was killed.
        """
        path = log.with_name(f"{log.stem}.request.json")
        _write_json(path, request)
        self._wait_for_memory()
        threads = max(1, (os.cpu_count() or 1) // self.jobs)
        limits = {} if self.jobs == 1 else {f"{name}_NUM_THREADS": str(threads) for name in ("OMP", "MKL", "NUMBA")}
        command = [sys.executable, "-m", "juqing.training.ladder_unit", str(path)]
        result, why, process = None, "", None
        try:
            with log.open("a", encoding="utf-8") as errors:
                process = subprocess.Popen(
                    command, stdout=subprocess.PIPE, stderr=errors, stdin=subprocess.DEVNULL, text=True, encoding="utf-8",
                    env={**os.environ, **limits},
                )  # fmt: skip
            with self.lock:
                self.processes.add(process)
                if self.stopped:
                    process.terminate()
            assert process.stdout is not None
            for line in process.stdout:
                told = json.loads(line)
                result, why = told.get("result", result), told.get("error", why)
                if "progress" in told:
                    self.parts[id(process)] = told["progress"] * (0.9 if request["do"] != "score" else 0.1)
                    self._tell(None)
            code = process.wait()
            process.stdout.close()
        except OSError as error:
            raise OutputError(f"it cannot be written: {error.strerror}.", "Check the free space.", path=log) from None
        finally:
            with self.lock:
                if process is not None:
                    self.processes.discard(process)
                    self.parts.pop(id(process), None)
                self.lock.notify_all()
        if result is None:
            if not why and code == -9:
                why = "the process was killed, perhaps because memory ran out. Ask for fewer --jobs, or a smaller rung"
            raise TrainingError(why or f"the process ended with code {code}. {log} has what it said")
        path.unlink()
        log.unlink(missing_ok=True)
        with self.lock:
            self.largest_mb = max(self.largest_mb, result["peak_mb"])
        return result

    def stop(self) -> None:
        """End what is running; interrupted networks can go on."""
        with self.lock:
            self.stopped = True
            for process in self.processes:
                process.terminate()
            self.lock.notify_all()

    def _wait_for_memory(self) -> None:
        """Start beside others only where twice the largest process so far is free: one for it, one for what the others may still take."""
        with self.lock:
            while self.processes and not self.stopped and _free_mb() < 2 * self.largest_mb:
                self.lock.wait(2)

    def _tell(self, name: str | None) -> None:
        if self.progress:
            with self.lock:
                self.progress(self.n_done + sum(self.parts.values()), self.n_units, name or "")


def _run(unit: _Unit, work: _Work) -> str:
    """Train and score one model, where that was not done before; why not, where it fails."""
    path = unit.folder / RESULT
    if path.is_file():
        return ""
    unit.folder.mkdir(parents=True, exist_ok=True)
    model = Path(unit.train["model"])
    log = unit.folder / _LOG
    log.unlink(missing_ok=True)
    trained = unit.folder / "training.json"  # a model that was trained before an interruption is only scored
    if not (trained.is_file() and model.is_dir() and _read_json(trained)["asked"] == unit.asked):
        _write_json(trained, {"asked": unit.asked, **work.call(unit.train, log)})
    training = {key: value for key, value in _read_json(trained).items() if key != "asked"}
    scoring = work.call(unit.score, log)
    _write_json(path, {"asked": unit.asked, "training": training, "scoring": scoring, "jobs": work.jobs})
    trained.unlink()
    if model.parent == unit.folder:
        shutil.rmtree(model)
    return ""


def _check_same(unit: _Unit, out: Path) -> None:
    """Raise `InputError` where a unit was measured with something else: two things in one table would not compare."""
    path = unit.folder / RESULT
    if not path.is_file():
        return
    before = _read_json(path)["asked"]
    if before == unit.asked:
        return
    was, now = before.get("settings", {}), unit.asked["settings"]
    differ = [
        f"{name} was {_short(was.get(name))}, and is {_short(now.get(name))}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]
    if before.get("data") != unit.asked["data"] or before.get("scored") != unit.asked["scored"]:
        differ.append("the data are others")
    elif not differ:
        differ.append("the kind or the scripts are others")
    raise _measured_otherwise(unit.rung.name, differ, out)


def _measured_otherwise(name: str, differ: Sequence[str], out: Path) -> InputError:
    return InputError(
        f"the rung {name} was measured otherwise: {'; '.join(differ)}.",
        f"Choose another --out, or delete {out / 'rungs' / name} to measure it anew.",
        path=out,
    )


def held_out_lines(told: Sequence[dict[str, Any]], data: Path, out: Path) -> Lines:
    """The labeled cues of a table with what each rung predicted by a model that never saw their script.

    Args:
        told: What `run_ladder` returns.
        data: The table.
        out: The folder of the ladder.
    """
    ids: list[str] = []
    texts: list[str] = []
    characters: list[str] = []
    truth: list[np.ndarray] = []
    for item in _read(data, 1):
        for cue, label, weight in zip(item.script.cues, item.labels, item.weights, strict=True):
            if weight > 0 and not np.isnan(label).any():
                ids.append(cue.id)
                texts.append(item.script.lines[cue.line].text)
                characters.append(cue.character)
                truth.append(label)
    guesses: dict[str, np.ndarray] = {}
    for each in told:
        if "folds" not in each:
            continue
        folder = out / "rungs" / each["name"] / f"seed-{each['seeds'][0]}"
        values: dict[str, list[float]] = {}
        for fold in each["folds"]["done"]:
            values |= predictions_by_id(folder / f"fold-{fold}" / PREDICTIONS)
        guesses[each["name"]] = np.array([values.get(name, [np.nan] * len(EMOTION_NAMES)) for name in ids])
    return Lines(ids, texts, characters, np.array(truth, dtype=np.float64), guesses)


def figures(evaluations: Sequence[Evaluation], error: float = 0.0) -> dict[str, Any]:
    """How good the models of several seeds are: means, and standard deviations where there are several.

    Args:
        evaluations: One for each seed.
        error: Mean squared error of the labels themselves, added to that of predictions before the score.
    """
    first = evaluations[0]
    rmses = np.array([each.rmse for each in evaluations])
    scores = 1 / (1 + np.sqrt(rmses**2 + error))
    pearson = np.array([each.pearson for each in evaluations])  # (n_seeds, 6)
    by_emotion = np.array([each.emotion_rmse for each in evaluations])
    zeros = Evaluation(first.scripts, first.script_ids, first.truth, np.zeros_like(first.truth), first.weights)

    def spread(values: np.ndarray) -> float | None:
        return _plain(values.std(ddof=1)) if len(values) > 1 else None

    return {
        "rows": first.n,
        "scripts": len(first.scripts),
        "labels_are_whole": first.is_human,
        "label_error": error,
        "score": _plain(scores.mean()),
        "score_spread": spread(scores),
        "rmse": _plain(rmses.mean()),
        "rmse_spread": spread(rmses),
        "pearson": _plain(np.mean([each.mean_pearson for each in evaluations])),
        "score_of_zeros": _plain(1 / (1 + np.sqrt(zeros.rmse**2 + error))),
        "emotions": {
            name: {"rmse": _plain(by_emotion[:, k].mean()), "pearson": _plain(pearson[:, k].mean())}
            for k, name in enumerate(EMOTION_NAMES)
        },
    }


def _about(rung: LadderRung) -> dict[str, Any]:
    return {"name": rung.name, "kind": rung.kind, "settings": dict(rung.settings), "seeds": list(rung.seeds)}


def _titles(labeled: Sequence[LabeledScript]) -> list[str]:
    return [item.script.title for item in labeled]


def _plain(value: Any) -> float | None:
    return None if np.isnan(value) else round(float(value), 6)


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _file_print(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    except OSError as error:
        raise InputError(f"it cannot be read: {error.strerror}.", "Check the path.", path=path) from None


def _encoder_print(encoder: str) -> str:
    """What tells an encoder folder from another one; of the hub only the name is known."""
    folder = Path(encoder)
    if not folder.is_dir():
        return encoder
    found = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.suffix in (".json", ".txt", ".safetensors", ".bin")):
        found.update(f"{path.relative_to(folder)} {_file_print(path)}\n".encode())
    return f"{folder.name} {found.hexdigest()[:16]}"


def _free_mb() -> float:
    """Memory that a new process may take; without end where the system does not tell."""
    try:
        told = Path("/proc/meminfo").read_text(encoding="ascii")
        return int(told.split("MemAvailable:")[1].split()[0]) / 1024
    except (OSError, IndexError, ValueError):
        return float("inf")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"it cannot be read: {error}.", "Delete the folder that it is in.", path=path) from None


def _write_json(path: Path, value: Mapping[str, Any]) -> None:
    with writing(path) as aside:
        aside.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
