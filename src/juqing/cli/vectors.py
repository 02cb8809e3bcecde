"""`juqing vectors`: word vectors, asked and measured."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from juqing.cli.options import Texts

if TYPE_CHECKING:
    from juqing.vectors import WordVectors
    from juqing.vectors.wordnet import Meaning, Neighbor, WordNet

vectors_app = typer.Typer(
    help="Word vectors: train, ask, measure and convert them.", no_args_is_help=True, rich_markup_mode=None
)

Table = Annotated[Path, typer.Argument(help="Word vectors: .txt, .vec, .glove, .bin, .npz or .safetensors.")]
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
    """Train word vectors on running text. Needs the extra: pip install -e ".[train]"

    An interrupted run (Ctrl-C, a kill) leaves OUT.run; the same command with --resume goes on from there.

    Example: juqing vectors train novels/ --out vectors.safetensors
    """
    import shutil

    from juqing.cli.output import progress
    from juqing.errors import InputError, MissingExtraError, TrainingError
    from juqing.outputs import check_file
    from juqing.reading.files import text_sources
    from juqing.text.corpus import Corpus
    from juqing.vectors.files import check_suffix, read_vectors, write_vectors

    check_suffix(out)
    check_file(out)
    try:
        from juqing.vectors.training import CHECKPOINT, train_vectors
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
    corpus = Corpus(text_sources(texts), unit=unit, tags=tags)
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
    except (InputError, TrainingError) as error:
        if not there and (isinstance(error, InputError) or not (run / CHECKPOINT).exists()):
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
    negative: Annotated[
        list[str] | None, typer.Option(help="A word whose direction is taken away; may be repeated.")
    ] = None,
) -> None:
    """The words most similar to a word.

    Example: juqing vectors similar vectors.safetensors 苹果 --negative 手机
    """
    from juqing.vectors.files import read_vectors

    _print(read_vectors(table).most_similar(words, n, negative=negative or ()))


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
    sets: Annotated[list[Path], typer.Argument(help="Word pairs with judgments, or analogies (lines of four words).")],
    multiply: Multiply = False,
) -> None:
    """Measure word vectors: Spearman's correlation on similarity sets, accuracy on analogies, and how much was known.

    Example: juqing vectors eval vectors.safetensors wordsim-297.txt CA8_semantic.txt
    """
    from juqing.cli.output import printable
    from juqing.vectors.evaluation import AnalogyScore, is_analogies, score_analogies, score_similarities
    from juqing.vectors.files import read_vectors

    vectors = read_vectors(table)
    for path in sets:
        if not is_analogies(path):
            score = score_similarities(vectors, path)
            typer.echo(
                f"{printable(score.name):<32} spearman {score.spearman:7.4f}  {score.n_known:,} of {score.n_pairs:,} pairs"
            )
            continue
        scores = score_analogies(vectors, path, multiply=multiply)
        total = AnalogyScore(
            path.stem, *(sum(getattr(s, f) for s in scores) for f in ("n_questions", "n_known", "n_right"))
        )
        for each in [*(scores if len(scores) > 1 else []), total]:
            typer.echo(
                f"{printable(each.category):<32} accuracy {each.accuracy:7.4f}  {each.n_known:,} of {each.n_questions:,} questions"
            )


@vectors_app.command()
def convert(
    table: Table, out: Annotated[Path, typer.Option("--out", help="File to write; its suffix tells the form.")]
) -> None:
    """Write word vectors in another form.

    Example: juqing vectors convert vectors.txt --out vectors.safetensors
    """
    from juqing.outputs import check_file
    from juqing.vectors.files import check_suffix, read_vectors, write_vectors

    check_suffix(out)
    check_file(out)
    vectors = read_vectors(table)
    write_vectors(vectors, out)
    typer.echo(f"{out}: {len(vectors):,} words, {vectors.dim} numbers each")


@vectors_app.command()
def plot(
    table: Table,
    out: Annotated[Path, typer.Option("--out", help="File to write: .html to explore, .svg or .png to print.")],
    words: Annotated[list[str] | None, typer.Argument(help="Words to draw; the most frequent by default.")] = None,
    word_list: Annotated[
        Path | None, typer.Option("--words", help="A file of words, one a line; a tab and a group after it color it.")
    ] = None,
    n: Annotated[
        int | None, typer.Option("-n", min=1, help="Number of the most frequent words.  [default: 300]")
    ] = None,
    method: Annotated[str, typer.Option("--method", help="tsne or pca.")] = "tsne",
    perplexity: Annotated[
        float | None, typer.Option("--perplexity", help="Of t-SNE: neighbors that count; 30, less for few words.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, max=2**32 - 1, help="Of t-SNE.")] = 0,
) -> None:
    """A picture of words by t-SNE or PCA: near words stand near. Needs the extra, but for PCA as .html: pip install -e ".[train]"

    Example: juqing vectors plot vectors.safetensors --out words.html --words emotions.tsv
    """
    from juqing.cli.output import printable, progress
    from juqing.errors import InputError
    from juqing.report.word_map import check_target, undrawable, write_word_map
    from juqing.vectors.files import read_vectors
    from juqing.vectors.projection import map_words, read_word_groups

    check_target(out)
    if n is not None and (words or word_list):
        raise InputError("-n counts the most frequent words, and words are named.", "Give the one or the other.")
    if perplexity is not None and method == "pca":
        raise InputError("PCA has no perplexity.", "Leave --perplexity out, or take --method tsne.")
    chosen = (read_word_groups(word_list) if word_list else {}) if words or word_list else None
    if chosen is not None:
        chosen |= {word: "" for word in words or () if word not in chosen}
    vectors = read_vectors(table)
    if chosen is None:
        chosen = dict.fromkeys(vectors.words[: n or 300], "")
    known = {word: group for word, group in chosen.items() if word in vectors and vectors[word].any()}
    unknown = [word for word in chosen if word not in known]
    named = " ".join(printable(word) for word in unknown[:20]) + (" …" if len(unknown) > 20 else "")
    if not known:
        raise InputError(f"none of the words has a vector: {named}.", "Give words of the vocabulary.", path=table)
    if unknown:
        typer.echo(f"Left out, as they have no vector: {len(unknown):,} of {len(chosen):,} words: {named}", err=True)
    with progress("placing words") as report:
        found = map_words(vectors, known, method=method, perplexity=perplexity, seed=seed, progress=report)
    write_word_map(found, out, title=table.name)
    if out.suffix.lower() == ".png" and (missing := undrawable(found)):
        typer.echo(
            f"No font here can draw {missing!r}: install one that does, such as Noto Sans CJK, or write .html or .svg.",
            err=True,
        )
    typer.echo(f"{out}: {len(known):,} words; {found.method}")


@vectors_app.command()
def senses(
    table: Table,
    word: Annotated[str, typer.Argument(help="A word that has a vector.")],
    texts: Texts,
    n_senses: Annotated[
        int | None, typer.Option("--n-senses", min=1, help="Number of senses; found in the text by default.")
    ] = None,
    unit: Unit = "word",
    tags: Annotated[bool, typer.Option("--tags", help="Words have their part of speech: 打/v.")] = False,
    window: Annotated[int, typer.Option("--window", help="Words of the context on each side.")] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Of everything random.")] = 0,
) -> None:
    """The senses of a word: its uses in a text, with their shares, nearest words and lines. Needs the extra: pip install -e ".[train]"

    Example: juqing vectors senses vectors.safetensors 打 novels/
    """
    from juqing.cli.output import printable, progress
    from juqing.reading.files import text_sources
    from juqing.text.corpus import Corpus
    from juqing.vectors.files import read_vectors
    from juqing.vectors.senses import Contexts, find_senses

    contexts, corpus = Contexts(read_vectors(table), window), Corpus(text_sources(texts), unit=unit, tags=tags)
    with progress("finding senses") as report:
        found = find_senses(contexts, word, corpus, n_senses=n_senses, seed=seed, progress=report)
    drawn = f", {found.n_clustered:,} of them drawn" if found.n_clustered < found.n_occurrences else ""
    number = "1 sense" if len(found.senses) == 1 else f"{len(found.senses)} senses"
    typer.echo(f"{printable(word)}: {found.n_occurrences:,} occurrences{drawn}; {number}")
    for k, sense in enumerate(found.senses, 1):
        typer.echo(f"\n{k}. {sense.share:.0%}  " + " ".join(printable(near) for near, _ in sense.nearest))
        for line in sense.examples:
            typer.echo(printable(f"   {line.before}【{line.word}】{line.after}"))


@vectors_app.command()
def wordnet(
    word: Annotated[str, typer.Argument()],
    other: Annotated[str | None, typer.Argument(help="A second word: how near the two are.")] = None,
    table: Annotated[
        Path | None, typer.Option("--vectors", help="Word vectors: .txt, .vec, .glove, .bin, .npz or .safetensors.")
    ] = None,
    lexicon: Annotated[
        str | None, typer.Option("--lexicon", help="One of the installed, such as omw-cmn; all by default.")
    ] = None,
    lexicon_file: Annotated[
        Path | None, typer.Option("--lexicon-file", help="A WN-LMF file (.xml) in place of what is installed.")
    ] = None,
    n: Count = 10,
) -> None:
    """What WordNet says of a word, beside what word vectors say. Needs the extra: pip install -e ".[train]"

    Example: juqing vectors wordnet 高兴 --vectors vectors.safetensors --lexicon omw-cmn
    """
    from juqing.errors import InputError
    from juqing.vectors.files import read_vectors
    from juqing.vectors.wordnet import open_wordnet

    vectors = None if table is None else read_vectors(table)
    with open_wordnet(lexicon, lexicon_file) as wordnet:
        if wordnet.missing:
            names = " ".join(wordnet.missing)
            typer.echo(
                f"Without {names}, hypernyms are not known. Install them with: python -m wn download {names}", err=True
            )
        if other is not None:
            _print_pair(wordnet, word, other, vectors)
            return
        meanings = wordnet.meanings(word, vectors)
        if not meanings and (vectors is None or word not in vectors):
            raise InputError(
                f"neither {', '.join(wordnet.lexicons)} nor vectors know {word!r}.", "Ask for another word."
            )
        _print_meanings(meanings, word, wordnet.lexicons)
        if vectors is not None:
            _print_neighbors(wordnet.neighbors(word, vectors, n) if word in vectors else [], word)


def _print_pair(wordnet: WordNet, word: str, other: str, vectors: WordVectors | None) -> None:
    from juqing.cli.output import printable

    path = wordnet.path_similarity(word, other)
    unknown = [each for each in (word, other) if each not in wordnet]
    named = printable(", ".join(unknown))
    typer.echo(f"{_number(path)}  path similarity" + (f" (not in WordNet: {named})" if unknown else ""))
    if vectors is not None:
        unknown = [each for each in (word, other) if each not in vectors]
        cosine = None if unknown else vectors.similarity(word, other)
        named = printable(", ".join(unknown))
        typer.echo(f"{_number(cosine)}  cosine" + (f" (no vector: {named})" if unknown else ""))


def _print_meanings(meanings: list[Meaning], word: str, lexicons: list[str]) -> None:
    from juqing.cli.output import printable

    if not meanings:
        typer.echo(f"{word} is not in {', '.join(lexicons)}.")
    for meaning in meanings:
        typer.echo(printable(f"{meaning.pos}  {meaning.definition or meaning.id}"))
        for synonym, cosine in meaning.synonyms:
            typer.echo(printable(f"   {_number(cosine)}  {synonym}"))
        if meaning.hypernyms:
            typer.echo(printable(f"   {word} → " + " → ".join(meaning.hypernyms)))


def _print_neighbors(neighbors: list[Neighbor], word: str) -> None:
    from juqing.cli.output import printable

    typer.echo("\ncosine  path    nearest by vectors" if neighbors else f"\n{word} has no vector.")
    for each in neighbors:
        gap = "" if each.known else "  (not in WordNet)"
        typer.echo(f"{each.cosine:.4f}  {_number(each.path)}  {printable(each.word)}{gap}")


def _number(value: float | None) -> str:
    return "  -   " if value is None else f"{value:.4f}"


def _print(found: list[tuple[str, float]]) -> None:
    from juqing.cli.output import printable

    for word, value in found:
        typer.echo(f"{value:.4f}  {printable(word)}")
