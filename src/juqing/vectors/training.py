"""From running text to word vectors, by any of the methods."""

from __future__ import annotations

import json
import math
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from juqing.errors import InputError, OutputError, TrainingError
from juqing.outputs import writing
from juqing.text.corpus import Corpus, EncodedCorpus
from juqing.text.vocabulary import Vocabulary
from juqing.vectors._settings import check_ranges
from juqing.vectors.glove import Glove, GloveConfig
from juqing.vectors.table import WordVectors
from juqing.vectors.word2vec import ARCHITECTURES, Word2Vec, Word2VecConfig, check_width

if TYPE_CHECKING:
    import scipy.sparse  # it is imported where counts are made: skip-gram and CBOW need none of it

Progress = Callable[[float, float | None, str], None]
"""Told the steps done, all of them where that is known, and what is going on, with its rate and loss."""

METHODS = (*ARCHITECTURES, "glove", "ppmi", "log", "raw")
EPOCHS = {"skip-gram": 5, "cbow": 5, "glove": 15}
"""How often a method goes through the text or its pairs, unless it is told."""
CHECKPOINT = "state.npz"
"""The file of a run from which training goes on."""
_RATES = {"skip-gram": 0.025, "cbow": 0.125}  # the true gradient of a mean is small: at 0.05, CBOW learns too little
_WHOLE_RATE = 0.05  # of CBOW with a tree, whose words take the whole change


@dataclass(frozen=True)
class SvdConfig:
    """How vectors come from counts.

    Attributes:
        dim: Width of a vector: the rank that is kept.
        power: Of the singular values, see `svd.svd_vectors`.
        smoothing, shift: Of `ppmi` alone, see there.
        seed: Of the solver's start.
    """

    dim: int = 100
    power: float = 0.5
    smoothing: float = 0.75
    shift: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        check_ranges(self, {"dim": (1, 10_000), "power": (0, 1), "smoothing": (1e-3, 1), "shift": (1, 1e6)})


Config = Word2VecConfig | GloveConfig | SvdConfig


def config_of(method: str, settings: Mapping[str, Any], *, window: int = 5) -> Config:
    """The settings of a method, defaults filled in.

    Args:
        method: One of `METHODS`.
        settings: Of the method's own dataclass, by name, but for the window; numbers may be given as text.
        window: Of skip-gram and CBOW.

    Raises:
        InputError: The method or a name is not known, or a value is out of its range.
    """
    if method not in METHODS:
        raise InputError(f"the method is {method!r}.", f"Choose one of {', '.join(METHODS)}.")
    if method in ARCHITECTURES:
        rate = _WHOLE_RATE if (method, settings.get("objective")) == ("cbow", "hierarchical") else _RATES[method]
        kind, given = Word2VecConfig, {"architecture": method, "window": window, "learning_rate": rate}
    else:
        kind, given = (GloveConfig if method == "glove" else SvdConfig), {}
    known = {field.name: type(field.default) for field in fields(kind) if field.name not in ("architecture", "window")}
    if method in ("log", "raw"):
        del known["smoothing"], known["shift"]
    for name, value in settings.items():
        if name not in known:
            raise InputError(f"{method} has no setting {name!r}.", f"It has {', '.join(known)}.")
        try:
            if isinstance(value, bool) or (isinstance(value, float) and known[name](value) != value):
                raise ValueError
            given[name] = known[name](value)
        except (ValueError, TypeError, OverflowError):
            what = "whole number" if known[name] is int else "number"
            raise InputError(f"{name} is {value!r}.", f"Give a {what}.") from None
    return kind(**given)


def train_vectors(
    corpus: Corpus,
    *,
    method: str = "skip-gram",
    window: int = 5,
    min_count: int = 5,
    settings: Mapping[str, Any] | None = None,
    start: WordVectors | None = None,
    run: Path | None = None,
    resume: bool = False,
    progress: Progress | None = None,
) -> tuple[WordVectors, str]:
    """Count the words of a text and train vectors for those that are frequent enough.

    Args:
        corpus: The text.
        method: `skip-gram` or `cbow` (`word2vec`), `glove`; `ppmi`, `log` or `raw` (`counts` through `svd`).
        window: Largest distance of a neighbor.
        min_count: Words that are rarer are left out.
        settings: Of the method, by name: see `Word2VecConfig`, `GloveConfig` and `SvdConfig`.
        start: Vectors to go on from, for skip-gram and CBOW: their words are kept, however rare they are in this text.
        run: A folder for what is needed to go on after an interruption: the text as ids, counts, the tables. The caller deletes it.
        resume: Go on with what is in `run`.
        progress: Told after each step.

    Returns:
        The vectors, and a line on how it went.

    Raises:
        InputError: A setting is out of its range, or the text is too small.
        TrainingError: `run` is there and not to be resumed, or is of something else; a vector is not finite any more.
        OutputError: `run` cannot be written.
    """
    config = config_of(method, settings or {}, window=window)
    if not isinstance(config, Word2VecConfig):
        from juqing.vectors.counts import check_window

        check_window(window)
    if start is not None:
        if not isinstance(config, Word2VecConfig):
            raise InputError(f"{method} cannot go on from other vectors.", "skip-gram and cbow can.")
        check_width(start, config.dim)
    asked = {
        "method": method, "window": window, "min_count": min_count, "text": corpus.fingerprint(),
        "start": [*start.vectors.shape, float(start.vectors.sum())] if start is not None else None,
        "settings": {name: value for name, value in asdict(config).items() if name != "n_threads"},
    }  # fmt: skip
    tell = progress or (lambda done, total, what: None)
    with tempfile.TemporaryDirectory(prefix="juqing-vectors-") if run is None else nullcontext(run) as name:
        folder = Path(name)
        if run is not None:
            _begin(folder, asked, resume)
        vocabulary, encoded = _encoded(corpus, min_count, start, folder, tell)
        checkpoint = folder / CHECKPOINT if run is not None else None
        if len(vocabulary) < 2:
            raise InputError(
                f"the vocabulary has {len(vocabulary)} word.", "Give more text, or lower the least count of a word."
            )
        tell(0, None, "compiling what trains (the first time, half a minute)")
        if isinstance(config, Word2VecConfig):
            model = Word2Vec(config).start(vocabulary, start)
            model.fit(
                encoded, vocabulary, checkpoint=checkpoint,
                progress=lambda done, total, rate, loss: tell(
                    done, total, f"training, {rate / 1e3:,.0f}k words/s, loss {loss:.3f}"
                ),
            )  # fmt: skip
            if math.isnan(model.loss_):
                raise InputError(
                    f"of {encoded.n_words:,} words subsampling left none to learn from.",
                    "Give more text, or keep all words with --set subsample=0.",
                )
            told = f"{encoded.n_words:,} words read {config.epochs} times, mean loss {model.loss_:.3f}"
            del model.contexts_  # before the vectors are copied out
            return model.vectors(), told
        if isinstance(config, GloveConfig):
            glove = Glove(config).fit(
                _counted(encoded, len(vocabulary), window, "harmonic", folder, tell),  # no name: `fit` lets go of them
                vocabulary, lambda done, total: tell(done, total, "training"), checkpoint=checkpoint,
            )  # fmt: skip
            told = f"{glove.n_pairs_:,} pairs gone through {config.epochs} times, mean loss {glove.loss_:.4f}"
            return glove.vectors(), f"{encoded.n_words:,} words read, {told}"
        from juqing.vectors.svd import log_counts, ppmi, svd_vectors, truncated_svd

        counts = _counted(encoded, len(vocabulary), window, "flat", folder, tell)
        tell(0, None, "singular values")
        weighted = counts
        if method == "ppmi":
            weighted = ppmi(counts, smoothing=config.smoothing, shift=config.shift)
        elif method == "log":
            weighted = log_counts(counts)
        svd = truncated_svd(weighted, config.dim, seed=config.seed)
        if not np.isfinite(svd.values).all():
            raise InputError("the counts have no finite singular values.", "Give more text.")
        told = f"{encoded.n_words:,} words read, {float(svd.explained()[-1]):.1%} of the squared counts kept"
        return svd_vectors(vocabulary, svd, power=config.power), told


def _begin(folder: Path, asked: dict[str, Any], resume: bool) -> None:
    """Make the folder of a run, or check that the one that is there is to be resumed and was asked for the same."""
    path = folder / "run.json"
    if not folder.exists():
        try:
            folder.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"it cannot be written: {error.strerror}.", "Choose another path.", path=folder) from None
        _write_json(path, asked)
        return
    if not resume:
        raise TrainingError("an interrupted run is there.", "Go on with --resume, or delete it.", path=folder)
    before = _read_json(path)
    changed = [name for name in asked if name != "settings" and before.get(name) != asked[name]]
    settings = before.get("settings")
    changed += [
        name
        for name, value in asked["settings"].items()
        if not isinstance(settings, dict) or settings.get(name) != value
    ]
    if changed:
        raise TrainingError(
            f"the interrupted run was of something else: {', '.join(changed)}.",
            "Ask for the same, or delete it and begin again.",
            path=folder,
        )


def _encoded(
    corpus: Corpus, min_count: int, start: WordVectors | None, folder: Path, tell: Progress
) -> tuple[Vocabulary, EncodedCorpus]:
    """Count the words and write the text as ids; both are read from the folder where they are there."""
    path, ids = folder / "text.json", folder / "ids"
    if path.is_file():
        found = _read_json(path)
        try:
            vocabulary = Vocabulary(found["words"], found["counts"])
            encoded = EncodedCorpus.load(ids, found["n_ids"], found["n_sentences"], found["n_words"])
            encoded.check(len(vocabulary))
            return vocabulary, encoded
        except (KeyError, TypeError, ValueError, OSError, InputError) as error:
            raise _broken(path, error) from None
    counted = corpus.counts(lambda n: tell(n, None, "counting words"))
    n_all = counted.total()
    if start is not None:
        kept = Counter({word: n for word, n in counted.items() if n >= min_count})
        for word, n in zip(start.words, start.vocabulary.counts.tolist(), strict=True):
            kept[word] = counted[word] + max(n, 1)
        counted, min_count = kept, 1
    vocabulary = Vocabulary.of_counts(counted, min_count=min_count)
    del counted  # it is as large as the vocabulary, or larger
    encoded = corpus.encode(vocabulary, ids, lambda n: tell(n, n_all, "reading"))
    numbers = {"n_ids": len(encoded.ids), "n_sentences": encoded.n_sentences, "n_words": encoded.n_words}
    _write_json(path, {"words": vocabulary.words, "counts": vocabulary.counts.tolist(), **numbers})
    return vocabulary, encoded


def _counted(
    encoded: EncodedCorpus, n_words: int, window: int, weighting: str, folder: Path, tell: Progress
) -> scipy.sparse.csr_array:
    import scipy.sparse

    from juqing.vectors.counts import cooccurrences

    path = folder / "counts.npz"
    if path.is_file():
        try:
            with path.open("rb") as file:
                return scipy.sparse.csr_array(scipy.sparse.load_npz(file))
        except Exception as error:  # a cut-off zip has many ways to fail
            raise _broken(path, error) from None
    counts = cooccurrences(
        encoded,
        n_words,
        window=window,
        weighting=weighting,
        progress=lambda done, all_: tell(done, all_, "counting pairs"),
    )
    with writing(path) as aside, aside.open("wb") as file:
        scipy.sparse.save_npz(file, counts, compressed=False)
    return counts


def _write_json(path: Path, value: dict[str, Any]) -> None:
    with writing(path) as aside:
        aside.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("no object")
        return value
    except (OSError, ValueError) as error:
        raise _broken(path, error) from None


def _broken(path: Path, error: Exception) -> TrainingError:
    return TrainingError(f"this part of the interrupted run cannot be read: {error}.", "Delete the run.", path=path)
