"""`juqing pretrain`: running text to language models, from which recognizers start."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from juqing.cli.options import Texts

pretrain_app = typer.Typer(help="Train a language model on running text.", no_args_is_help=True, rich_markup_mode=None)

Out = Annotated[Path, typer.Option("--out", help="Folder to write.")]
HeldOut = Annotated[
    Path | None,
    typer.Option("--held-out", help="Text to measure on, a file or a folder; every 50th window where not given."),
]
Preset = Annotated[
    Path | None, typer.Option("--preset", help="TOML file of settings; the package's own where not given.")
]
Epochs = Annotated[float | None, typer.Option("--epochs", help="Times that the text is gone through; may be 0.1.")]
LearningRate = Annotated[float | None, typer.Option("--learning-rate", help="The highest learning rate.")]
Window = Annotated[int | None, typer.Option("--window", help="Tokens that are read together.")]
Seed = Annotated[int | None, typer.Option("--seed", help="Of everything random.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", help="Any other setting of the preset, NAME=VALUE, such as batch_tokens=1024."),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")]


@pretrain_app.command()
def masked(
    texts: Texts,
    out: Out,
    encoder: Annotated[
        str | None, typer.Option("--encoder", help="Encoder to go on with: a Hugging Face folder or a hub name.")
    ] = None,
    from_scratch: Annotated[
        bool, typer.Option("--from-scratch", help="Begin with a small BERT and a tokenizer of the text instead.")
    ] = False,
    layers: Annotated[
        str | None,
        typer.Option("--layers", help="Layers of the encoder to keep, such as 0,2,4,6,8,11; all where not given."),
    ] = None,
    vocabulary_size: Annotated[
        int | None, typer.Option("--vocabulary-size", help="Tokens of the vocabulary; with --from-scratch.")
    ] = None,
    words: Annotated[
        Path | None, typer.Option("--words", help="Words that are hidden more often, one a line: those of emotions.")
    ] = None,
    held_out: HeldOut = None,
    preset: Preset = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    window: Window = None,
    seed: Seed = None,
    settings: Settings = None,
    resume: Resume = False,
) -> None:
    """Train an encoder to predict hidden tokens: BERT's masked language modeling, whole words hidden. Needs the extra: pip install -e ".[train]"

    OUT is a Hugging Face folder, which --encoder takes everywhere. Several processes: torchrun --nproc-per-node 2 -m juqing pretrain ...

    Example: juqing pretrain masked novels/ --encoder encoders/e5-small-zh --out encoders/novels
    """
    from juqing.cli.output import print_once
    from juqing.errors import InputError
    from juqing.pretraining import pretraining_module

    try:
        kept = tuple(int(layer) for layer in layers.split(",")) if layers is not None else None
    except ValueError:
        raise InputError(f"--layers is {layers!r}.", "Give numbers such as 0,2,4,6,8,11.") from None
    if vocabulary_size is not None and not from_scratch:
        raise InputError("--vocabulary-size is given, and an encoder to go on with.", "It has its own vocabulary.")
    loop, module = pretraining_module("loop"), pretraining_module("masked")
    kind: Any = pretraining_module("scratch").ScratchConfig if from_scratch else module.MaskedConfig
    changes: dict[str, Any] = {"vocabulary_size": vocabulary_size} if from_scratch else {}
    config = loop.load_config(
        kind, preset or loop.preset("scratch" if from_scratch else "masked"), settings or (), encoder=encoder,
        layers=kept, listed=None if words is None else str(words), epochs=epochs, learning_rate=learning_rate,
        window=window, seed=seed, **changes,
    )  # fmt: skip
    done = _run(module.train_masked, config, "character", texts, held_out, out, resume)
    print_once(
        f"{out}: {done['steps']:,} steps, {done['seconds']:,.0f} s; held-out text: perplexity of hidden tokens "
        f"{done['perplexity_before']:,.2f} before, {done['perplexity']:,.2f} after, {done['accuracy']:.1%} guessed right; "
        f"pseudo-perplexity {done['pseudo_perplexity_before']:,.2f} before, {done['pseudo_perplexity']:,.2f} after"
    )


@pretrain_app.command("next-word")
def next_word(
    texts: Texts,
    out: Out,
    cell: Annotated[str | None, typer.Option("--cell", help="rnn, gru or lstm.")] = None,
    unit: Annotated[str | None, typer.Option("--unit", help="word (cut by rjieba), character, or blank.")] = None,
    held_out: HeldOut = None,
    preset: Preset = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    window: Window = None,
    seed: Seed = None,
    settings: Settings = None,
    resume: Resume = False,
) -> None:
    """Train a recurrent network to predict the next word. Needs the extra: pip install -e ".[train]"

    OUT holds the vectors of words, the cells and the vocabulary. Several processes: torchrun --nproc-per-node 2 -m juqing pretrain ...

    Example: juqing pretrain next-word novels/ --cell gru --out models/novels
    """
    from juqing.cli.output import print_once
    from juqing.pretraining import pretraining_module

    loop, module = pretraining_module("loop"), pretraining_module("next_word")
    config = loop.load_config(
        module.NextWordConfig, preset or loop.preset("next-word"), settings or (), cell=cell, unit=unit, epochs=epochs,
        learning_rate=learning_rate, window=window, seed=seed,
    )  # fmt: skip
    done = _run(module.train_next_word, config, config.unit, texts, held_out, out, resume)
    print_once(
        f"{out}: {done['steps']:,} steps, {done['seconds']:,.0f} s; perplexity of held-out text "
        f"{done['perplexity_before']:,.2f} before, {done['perplexity']:,.2f} after"
    )


def _run(
    train: Callable[..., dict[str, Any]], config: Any, unit: str, texts: list[Path], held_out: Path | None, out: Path,
    resume: bool,
) -> dict[str, Any]:  # fmt: skip
    from juqing.cli.output import progress
    from juqing.reading.files import text_sources
    from juqing.text.corpus import Corpus

    corpus = Corpus(text_sources(texts), unit=unit)
    kept = None if held_out is None else Corpus(text_sources([held_out]), unit=unit)
    try:
        with progress("training") as report:
            return train(config, corpus, out, held_out=kept, resume=resume, progress=report)
    except KeyboardInterrupt:
        typer.echo(f"Stopped. The same command with --resume goes on from {out}.run.", err=True)
        raise
