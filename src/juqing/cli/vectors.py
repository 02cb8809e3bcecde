"""`juqing vectors`: word vectors, asked and measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

vectors_app = typer.Typer(
    help="Word vectors: train, ask, measure and convert them.", no_args_is_help=True, rich_markup_mode=None
)

Table = Annotated[Path, typer.Argument(help="Word vectors: .txt, .vec, .glove, .bin, .npz or .safetensors.")]
Texts = Annotated[
    list[Path],
    typer.Argument(
        help="Text (.txt, .md, also .gz, .xz, .zst), scripts (.docx, .fountain, .fdx, ...), folders of them."
    ),
]
Unit = Annotated[str, typer.Option("--unit", help="word (cut by rjieba), character, or blank.")]
Count = Annotated[int, typer.Option("-n", min=1, help="Number of words.")]
Multiply = Annotated[bool, typer.Option("--multiply", help="3CosMul in place of 3CosAdd.")]


@vectors_app.command()
def train(
    texts: Texts,
    out: Annotated[Path, typer.Option("--out", help="File to write; its suffix tells the form.")],
    method: Annotated[
        str, typer.Option("--method", help="skip-gram, cbow or glove; ppmi, log or raw counts through the SVD.")
    ] = "skip-gram",
    unit: Unit = "word",
    tags: Annotated[bool, typer.Option("--tags", help="Add its part of speech to each word: 高兴/a.")] = False,
    dim: Annotated[int, typer.Option("--dim", help="Numbers in a vector.")] = 100,
    window: Annotated[int, typer.Option("--window", help="Largest distance of a neighbor.")] = 5,
    min_count: Annotated[int, typer.Option("--min-count", min=1, help="Words that are rarer are left out.")] = 5,
    epochs: Annotated[
        int | None, typer.Option("--epochs", help="Times that the text is gone through: 5; for glove its pairs, 15.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="Any other setting of the method, NAME=VALUE, such as objective=hierarchical."),
    ] = None,
    start: Annotated[
        Path | None, typer.Option("--start", help="Word vectors to go on from; skip-gram and cbow.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run.")] = False,
) -> None:
    """Train word vectors on running text. Needs the extra: pip install "juqing[train]"

    An interrupted run (Ctrl-C, a kill) leaves OUT.run; the same command with --resume goes on from there.

    Example: juqing vectors train novels/ --out vectors.safetensors
    """
    import shutil

    from juqing.cli.output import progress
    from juqing.errors import InputError, MissingExtraError
    from juqing.outputs import check_writable
    from juqing.text.corpus import Corpus
    from juqing.vectors.files import check_suffix, read_vectors, write_vectors

    check_suffix(out)
    check_writable(out)
    try:
        from juqing.vectors.training import train_vectors
    except ImportError:
        raise MissingExtraError("Training word vectors", "train") from None
    asked: dict[str, object] = {"dim": dim, "seed": seed}
    if epochs is not None:
        asked["epochs"] = epochs
    for setting in settings or ():
        name, equals, value = setting.partition("=")
        if not equals:
            raise InputError(f"--set is {setting!r}.", "Write NAME=VALUE.")
        asked[name.strip()] = value.strip()
    corpus = Corpus(_sources(texts), unit=unit, tags=tags)
    before = read_vectors(start) if start else None
    run = out.with_name(out.name + ".run")
    there = run.exists()
    try:
        with progress("training") as report:
            vectors, told = train_vectors(
                corpus, method=method, window=window, min_count=min_count, settings=asked, start=before, run=run,
                resume=resume, progress=report,
            )  # fmt: skip
    except KeyboardInterrupt:
        typer.echo(f"Stopped. The same command with --resume goes on from {run}.", err=True)
        raise
    except InputError:
        if not there:
            shutil.rmtree(run, ignore_errors=True)
        raise
    write_vectors(vectors, out)
    shutil.rmtree(run)
    typer.echo(f"{out}: {len(vectors):,} words, {vectors.dim} numbers each; {told}")


@vectors_app.command()
def similar(
    table: Table,
    words: Annotated[list[str], typer.Argument(help="A word, or several whose mean is meant.")],
    n: Count = 10,
) -> None:
    """The words most similar to a word.

    Example: juqing vectors similar vectors.safetensors 高兴
    """
    from juqing.vectors.files import read_vectors

    _print(read_vectors(table).most_similar(words, n))


@vectors_app.command()
def analogy(
    table: Table,
    a: Annotated[str, typer.Argument()],
    b: Annotated[str, typer.Argument()],
    c: Annotated[str, typer.Argument()],
    n: Count = 10,
    multiply: Multiply = False,
) -> None:
    """What is to C as B is to A.

    Example: juqing vectors analogy vectors.safetensors 男人 父亲 女人
    """
    from juqing.vectors.files import read_vectors

    _print(read_vectors(table).analogy(a, b, c, n, multiply=multiply))


@vectors_app.command(name="eval")
def evaluate_vectors(
    table: Table,
    sets: Annotated[list[Path], typer.Argument(help="Word pairs with judgements, or analogies (lines of four words).")],
    multiply: Multiply = False,
) -> None:
    """Measure word vectors: Spearman's correlation on similarity sets, accuracy on analogies, and how much was known.

    Example: juqing vectors eval vectors.safetensors wordsim-297.txt CA8_semantic.txt
    """
    from juqing.vectors.evaluation import AnalogyScore, is_analogies, score_analogies, score_similarities
    from juqing.vectors.files import read_vectors

    vectors = read_vectors(table)
    for path in sets:
        if not is_analogies(path):
            score = score_similarities(vectors, path)
            typer.echo(f"{score.name:<32} spearman {score.spearman:7.4f}  {score.n_known:,} of {score.n_pairs:,} pairs")
            continue
        scores = score_analogies(vectors, path, multiply=multiply)
        total = AnalogyScore(
            path.stem, *(sum(getattr(s, f) for s in scores) for f in ("n_questions", "n_known", "n_right"))
        )
        for each in [*(scores if len(scores) > 1 else []), total]:
            typer.echo(
                f"{each.category:<32} accuracy {each.accuracy:7.4f}  {each.n_known:,} of {each.n_questions:,} questions"
            )


@vectors_app.command()
def convert(
    table: Table, out: Annotated[Path, typer.Option("--out", help="File to write; its suffix tells the form.")]
) -> None:
    """Write word vectors in another form.

    Example: juqing vectors convert vectors.txt --out vectors.safetensors
    """
    from juqing.vectors.files import read_vectors, write_vectors

    vectors = read_vectors(table)
    write_vectors(vectors, out)
    typer.echo(f"{out}: {len(vectors):,} words, {vectors.dim} numbers each")


def _print(found: list[tuple[str, float]]) -> None:
    for word, value in found:
        typer.echo(f"{value:.4f}  {word}")


def _sources(paths: list[Path]) -> list[Path | list[str]]:
    """What a corpus is made of: text files stay files, scripts that are no text become their lines."""
    from juqing.errors import InputError
    from juqing.reading.files import SUFFIXES, find_scripts, read_script
    from juqing.text.corpus import TEXT_SUFFIXES, find_texts

    scripts = tuple(suffix for suffix in SUFFIXES if suffix not in TEXT_SUFFIXES)
    sources: list[Path | list[str]] = []
    for path in paths:
        if path.is_dir():
            found = find_texts(path)
            try:
                found += [each for each in find_scripts([path]) if each.suffix.lower() in scripts]
            except InputError:
                if not found:
                    raise
        else:
            found = [path]
        for each in sorted(found):
            is_script = each.suffix.lower() in scripts
            sources.append([line.text for line in read_script(each).lines] if is_script else each)
    return sources
