"""`juqing vectors`: word vectors, asked and measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

vectors_app = typer.Typer(
    help="Word vectors: train, ask, measure and convert them.", no_args_is_help=True, rich_markup_mode=None
)

Table = Annotated[Path, typer.Argument(help="Word vectors: .txt, .vec, .glove, .bin, .npz or .safetensors.")]
Count = Annotated[int, typer.Option("-n", min=1, help="Number of words.")]
Multiply = Annotated[bool, typer.Option("--multiply", help="3CosMul in place of 3CosAdd.")]


@vectors_app.command()
def train(
    texts: Annotated[list[Path], typer.Argument(help="Text files (.txt, .md, also .gz, .xz, .zst), folders of them.")],
    out: Annotated[Path, typer.Option("--out", help="File to write; its suffix tells the form.")],
    method: Annotated[
        str, typer.Option("--method", help="skip-gram, cbow or glove; ppmi, log or raw counts through the SVD.")
    ] = "skip-gram",
    objective: Annotated[
        str, typer.Option("--objective", help="Of skip-gram and cbow: negative, hierarchical or softmax.")
    ] = "negative",
    unit: Annotated[str, typer.Option("--unit", help="word (cut by rjieba), character, or blank.")] = "word",
    dim: Annotated[int, typer.Option("--dim", help="Numbers in a vector.")] = 100,
    window: Annotated[int, typer.Option("--window", help="Largest distance of a neighbor.")] = 5,
    min_count: Annotated[int, typer.Option("--min-count", min=1, help="Words that are rarer are left out.")] = 5,
    epochs: Annotated[int, typer.Option("--epochs", help="Times that the text, or its pairs, are gone through.")] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
) -> None:
    """Train word vectors on running text. Needs the extra: pip install "juqing[train]"

    Example: juqing vectors train novels/ --out vectors.safetensors
    """
    from juqing.cli.output import progress
    from juqing.errors import MissingExtraError
    from juqing.outputs import check_writable
    from juqing.text.corpus import Corpus
    from juqing.vectors.files import check_suffix, write_vectors

    check_suffix(out)
    check_writable(out)
    try:
        from juqing.vectors.training import train_vectors
    except ImportError:
        raise MissingExtraError("Training word vectors", "train") from None
    with progress("training") as report:
        vectors, told = train_vectors(
            Corpus(texts, unit=unit), method=method, objective=objective, dim=dim, window=window, min_count=min_count,
            epochs=epochs, seed=seed, progress=report,
        )  # fmt: skip
    write_vectors(vectors, out)
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
