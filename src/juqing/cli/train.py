"""`juqing train`: labeled lines to a model folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from juqing.cli.options import Settings

if TYPE_CHECKING:
    from juqing.training import Also
    from juqing.training.run import RunConfig

train_app = typer.Typer(help="Train a recognizer on labeled lines.", no_args_is_help=True, rich_markup_mode=None)

Data = Annotated[Path, typer.Option("--data", help="Labeled table: id, content, character, emotion(s); tab-separated.")]
AlsoTable = Annotated[
    Path | None,
    typer.Option(
        "--also", help="Labeled table to learn from beside --data, never held out: labels of another model, say."
    ),
]
AlsoWeight = Annotated[
    float, typer.Option("--also-weight", help="How much a label of --also counts beside one of --data.")
]
Out = Annotated[Path, typer.Option("--out", help="Model folder to write.")]
Encoder = Annotated[
    str | None,
    typer.Option(
        "--encoder", help="Pretrained encoder: a Hugging Face folder, a hub name, or the folder of another run."
    ),
]
Preset = Annotated[
    Path | None, typer.Option("--preset", help="TOML file of settings; the package's own where not given.")
]
Layers = Annotated[
    str | None,
    typer.Option("--layers", help="Layers of the encoder to keep, such as 0,2,4,6,8,11; all where not given."),
]
HeadName = Annotated[str | None, typer.Option("--head", help="regress, classify or ordinal.")]
Epochs = Annotated[int | None, typer.Option("--epochs", help="Times that all lines are learned from.")]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", help="Highest learning rate of the last layer.")]
HighestRate = Annotated[float | None, typer.Option("--learning-rate", help="The highest learning rate, at the start.")]
Budget = Annotated[int | None, typer.Option("--window", help="Length of an input in tokens.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Of everything random.")]
HeldOut = Annotated[
    str | None,
    typer.Option("--hold-out", help="Scripts to leave out and score after each epoch: titles, or K/N for fold K of N."),
]
Unit = Annotated[str | None, typer.Option("--unit", help="word (cut by rjieba) or character.")]
Tags = Annotated[
    bool,
    typer.Option(
        "--tags", help="Parts of speech too: each word becomes 高兴/a; where words are counted, the tags count as well."
    ),
]
Weighting = Annotated[
    str | None, typer.Option("--weighting", help="What a word of a line counts: binary, counts or tfidf.")
]
Dim = Annotated[int | None, typer.Option("--dim", help="Number of directions.")]
Vectors = Annotated[
    Path, typer.Option("--vectors", help="Word vectors: .txt, .vec, .glove, .bin, .npz or .safetensors.")
]
TunedEpochs = Annotated[
    int | None,
    typer.Option("--epochs", help="Times that the vectors are trained with the task; not at all by default."),
]
Start = Annotated[
    Path | None,
    typer.Option("--start", help="Language model to start from: a folder that `juqing pretrain next-word` wrote."),
]
GivenVectors = Annotated[
    Path | None, typer.Option("--vectors", help="Word vectors to start from; random ones where not given.")
]
Frozen = Annotated[bool, typer.Option("--frozen", help="Keep the encoder as it is: only the layers above it learn.")]
LexiconFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "--lexicon", help="Emotion words: word, emotion, strength, tab-separated, or DUTIR's table. May be repeated."
    ),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]


@train_app.callback()
def _train() -> None:
    pass


@train_app.command()
def lexicon(out: Out, lexicon: LexiconFiles = None) -> None:
    """Write a lexicon as a model: the emotion words that come with juqing, and those of files. Nothing is learned.

    Example: juqing train lexicon --lexicon my-words.tsv --out models/lexicon
    """
    from juqing.training import write_lexicon_model

    typer.echo(f"{out}: {write_lexicon_model(lexicon or [], out).size}")


@train_app.command()
def frequency(
    data: Data,
    out: Out,
    also: AlsoTable = None,
    also_weight: AlsoWeight = 1.0,
    unit: Unit = None,
    tags: Tags = False,
    settings: Settings = None,
) -> None:
    """Train on how often words were seen beside emotions, and logistic regression. Needs the extra: pip install -e ".[train]"

    Example: juqing train frequency --data train.tsv --out models/frequency
    """
    _train_rung("frequency", data, out, make_also(also, also_weight), settings, unit=unit, tags=tags)


@train_app.command()
def onehot(
    data: Data,
    out: Out,
    also: AlsoTable = None,
    also_weight: AlsoWeight = 1.0,
    unit: Unit = None,
    tags: Tags = False,
    weighting: Weighting = None,
    settings: Settings = None,
) -> None:
    """Train a bag of words and ridge regression. Needs the extra: pip install -e ".[train]"

    Example: juqing train onehot --data train.tsv --out models/onehot
    """
    _train_rung("onehot", data, out, make_also(also, also_weight), settings, unit=unit, tags=tags, weighting=weighting)


@train_app.command()
def svd(
    data: Data,
    out: Out,
    also: AlsoTable = None,
    also_weight: AlsoWeight = 1.0,
    unit: Unit = None,
    tags: Tags = False,
    weighting: Weighting = None,
    dim: Dim = None,
    settings: Settings = None,
) -> None:
    """Train a bag of words through a truncated SVD, and ridge regression. Needs the extra: pip install -e ".[train]"

    Example: juqing train svd --data train.tsv --dim 300 --out models/svd
    """
    _train_rung(
        "svd", data, out, make_also(also, also_weight), settings, unit=unit, tags=tags, weighting=weighting, dim=dim
    )


@train_app.command()
def averaged(
    data: Data,
    out: Out,
    vectors: Vectors,
    also: AlsoTable = None,
    also_weight: AlsoWeight = 1.0,
    unit: Unit = None,
    tags: Tags = False,
    epochs: TunedEpochs = None,
    settings: Settings = None,
) -> None:
    """Train on averaged word vectors, and ridge regression. Needs the extra: pip install -e ".[train]"

    Example: juqing train averaged --data train.tsv --vectors vectors.safetensors --out models/averaged
    """
    _train_rung(
        "averaged",
        data,
        out,
        make_also(also, also_weight),
        settings,
        unit=unit,
        tags=tags,
        vectors=vectors,
        epochs=epochs,
    )


@train_app.command()
def tfidf(
    data: Data, out: Out, also: AlsoTable = None, also_weight: AlsoWeight = 1.0, settings: Settings = None
) -> None:
    """Train character n-gram TF-IDF and ridge regression. Needs the extra: pip install -e ".[train]"

    Example: juqing train tfidf --data train.tsv --out models/mine
    """
    _train_rung("tfidf", data, out, make_also(also, also_weight), settings)


def _recurrent_command(kind: str, what: str) -> None:
    """Add `juqing train KIND`: all recurrent networks have the same options."""

    @train_app.command(
        kind,
        help=f"""Train {what} over the words of a line. Needs the extra: pip install -e ".[train]"

    Example: juqing train {kind} --data train.tsv --vectors vectors.safetensors --set n_before=2 --out models/{kind}
    """,
    )
    def command(
        data: Data,
        out: Out,
        also: AlsoTable = None,
        also_weight: AlsoWeight = 1.0,
        vectors: GivenVectors = None,
        start: Start = None,
        unit: Unit = None,
        tags: Tags = False,
        epochs: Epochs = None,
        learning_rate: HighestRate = None,
        seed: Seed = None,
        settings: Settings = None,
    ) -> None:
        _train_rung(
            kind, data, out, make_also(also, also_weight), settings, vectors=vectors, start=start, unit=unit, tags=tags, epochs=epochs,
            learning_rate=learning_rate, seed=seed,
        )  # fmt: skip


_recurrent_command("rnn", "a plain recurrent network")
_recurrent_command("gru", "gated recurrent units")
_recurrent_command("lstm", "long short-term memory")
_recurrent_command("bilstm", "long short-term memory, forward and backward,")


def make_also(table: Path | None, weight: float) -> Also | None:
    """What `--also` and `--also-weight` name."""
    from juqing.errors import InputError
    from juqing.training import Also

    if table is None and weight != 1.0:
        raise InputError("--also-weight is given without --also.", "Name the table that it is for.")
    return Also(table, weight) if table else None


def _train_rung(
    kind: str, data: Path, out: Path, also: Also | None, given_settings: list[str] | None, **settings: object
) -> None:
    from juqing.cli.output import progress
    from juqing.training import train_rung
    from juqing.training.ladder import make_rung

    rung = make_rung(kind, given(settings), given_settings or ())
    with progress("training") as report:
        train_rung(rung, data, out, also=also, progress=report)
    typer.echo(f"{out}: {rung.size}")


def given(settings: Mapping[str, object]) -> dict[str, object]:
    """The settings that the command line names; the others stay as the recognizer has them."""
    return {name: value for name, value in settings.items() if value is not None and value is not False}


def _network_command(kind: str, text: str) -> None:
    """Add `juqing train KIND`: all networks have the same options."""

    @train_app.command(kind, help=text)
    def command(
        data: Data,
        out: Out,
        also: AlsoTable = None,
        also_weight: AlsoWeight = 1.0,
        encoder: Encoder = None,
        layers: Layers = None,
        preset: Preset = None,
        head: HeadName = None,
        epochs: Epochs = None,
        learning_rate: LearningRate = None,
        window: Budget = None,
        seed: Seed = None,
        frozen: Frozen = False,
        settings: Settings = None,
        hold_out: HeldOut = None,
        resume: Resume = False,
    ) -> None:
        config = network_config(
            kind, preset, encoder, layers, head, epochs, learning_rate, window, seed, frozen, settings
        )
        _train_network(config, data, out, hold_out, make_also(also, also_weight), resume)


_network_command(
    "transformer",
    """Train the scene reader with a small encoder that begins from nothing: no pretrained one is needed. Needs the extra: pip install -e ".[train]"

    Example: juqing train transformer --data train.tsv --hold-out 0/5 --out runs/transformer
    """,
)
_network_command(
    "pair",
    """Train the classical recipe: one input for each line and character, through a pretrained encoder. Needs the extra: pip install -e ".[train]"

    Example: juqing train pair --data train.tsv --encoder encoders/e5-small-zh --hold-out 0/5 --out runs/pair
    """,
)
_network_command(
    "scene",
    """Train the scene reader: an encoder that reads a scene once, every cue taken off the same states. Needs the extra: pip install -e ".[train]"

    Several processes: torchrun --nproc-per-node 2 -m juqing train scene ...

    Example: juqing train scene --data train.tsv --encoder encoders/e5-small-zh --hold-out 0/5 --out runs/scene
    """,
)


def network_config(
    kind: str,
    preset: Path | None,
    encoder: str | None,
    layers: str | None,
    head: str | None,
    epochs: int | None,
    learning_rate: float | None,
    window: int | None,
    seed: int | None,
    frozen: bool,
    settings: list[str] | None,
) -> RunConfig:
    """The configuration of a run from a preset and what the command line changes in it.

    Raises:
        InputError: A value is not of its kind.
    """
    from juqing.errors import InputError
    from juqing.training import network_module

    try:
        kept = tuple(int(layer) for layer in layers.split(",")) if layers is not None else None
    except ValueError:
        raise InputError(f"--layers is {layers!r}.", "Give numbers such as 0,2,4,6,8,11.") from None
    run = network_module()
    return run.load_config(
        preset or run.preset(kind), settings or (), kind=kind, encoder=encoder, layers=kept, head=head, epochs=epochs,
        learning_rate=learning_rate, budget=window, seed=seed, frozen=frozen or None,
    )  # fmt: skip


def _train_network(
    config: RunConfig, data: Path, out: Path, hold_out: str | None, also: Also | None, resume: bool
) -> None:
    from juqing.cli.output import print_once, progress
    from juqing.reading.files import read_labeled
    from juqing.training import network_module, split_scripts

    labeled = read_labeled(data)
    learn, held_out = split_scripts(labeled, hold_out) if hold_out else (labeled, [])
    if also:
        learn = [*learn, *also.read(labeled)]
    with progress("training") as report:
        done = network_module().train(config, learn, out, held_out=held_out, resume=resume, progress=report)
    if resume and done.pop("finished", False):
        print_once(f"{out}: finished before, nothing was done; delete it to train anew")
    scored = f", held-out RMSE {done['best_rmse']:.4f}" if "best_rmse" in done else ""
    print_once(f"{out}: {done['n_labeled']:,} labeled cues, {done['steps']:,} steps, {done['seconds']:,.0f} s{scored}")
