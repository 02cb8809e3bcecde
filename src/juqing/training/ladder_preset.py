"""What a ladder asks for: a TOML preset of rungs, word vectors and language models, read and checked before anything is trained."""

from __future__ import annotations

import inspect
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from juqing.errors import InputError, reason_of
from juqing.training.ladder import RUNGS, make_rung
from juqing.training.ladder_unit import language_model_config, network_config

PRESETS = Path(__file__).parent / "presets"
RECIPES = ("vectors", "language_models")
"""What a preset has recipes of, and the folders of a ladder that their results are in."""


@dataclass(frozen=True)
class LadderRung:
    """A rung as a preset asks for it.

    Attributes:
        name: Unique in the preset.
        kind: One of `RUNGS`, or a network.
        settings: Of its kind.
        seeds: One model for each; one seed where the kind has none.
        folds: Folds to score, counted from 0; all where None.
        curve: Numbers of scripts to learn from, for the learning curve.
        vectors: A recipe of the preset for its word vectors.
        language_model: A recipe of the preset for the language model that it starts from.
        encoder: Whether it starts from the encoder that the user names.
        lexicon: Whether it has the lexicons that the user names.
    """

    name: str
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    folds: tuple[int, ...] | None = None
    curve: tuple[int, ...] = ()
    vectors: str | None = None
    language_model: str | None = None
    encoder: bool = False
    lexicon: bool = False


@dataclass(frozen=True)
class Ladder:
    """What a preset asks for.

    Attributes:
        rungs: The lowest one first.
        n_folds: Folds of scripts.
        vectors: Recipes of word vectors by name: what `juqing.training.ladder_unit.vectors` takes.
        language_models: Recipes of language models by name: `kind`, `next-word` or `masked`; `encoder`, whether it goes on with the one
            that the user names; whatever else there is are settings of `juqing pretrain KIND`.
    """

    rungs: tuple[LadderRung, ...]
    n_folds: int = 5
    vectors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    language_models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def recipes_of(self, rung: LadderRung) -> list[tuple[str, str]]:
        """What is trained on running text before a rung: the group, one of `RECIPES`, and the name of each."""
        asked = zip(RECIPES, (rung.vectors, rung.language_model), strict=True)
        return [(group, name) for group, name in asked if name is not None]


def read_ladder(path: Path) -> Ladder:
    """Read a preset; `presets/ladder.toml` shows the form.

    Raises:
        InputError: It cannot be read, or names something that there is not.
    """
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"the preset cannot be read: {reason_of(error)}.", "Give small, full, or a TOML file.", path=path
        ) from None

    def refuse(found: str, remedy: str) -> InputError:
        return InputError(found, remedy, path=path)

    known = [each.name for each in fields(LadderRung)]
    if unknown := sorted(read.keys() - {"rungs", "n_folds", *RECIPES}):
        raise refuse(f"the preset sets {unknown[0]!r}.", f"Known are n_folds, {', '.join(RECIPES)}, rungs.")
    n_folds, tables = read.get("n_folds", 5), read.get("rungs", [])
    if not isinstance(n_folds, int) or n_folds < 2:
        raise refuse(f"n_folds is {n_folds!r}.", "It is a whole number, 2 or more.")
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise refuse("the preset has no rungs.", "Give each as a table [[rungs]] with name and kind.")
    recipes: dict[str, dict[str, Any]] = {group: read.get(group, {}) for group in RECIPES}
    for group, each in recipes.items():
        if not isinstance(each, dict) or not all(isinstance(recipe, dict) for recipe in each.values()):
            raise refuse(f"{group} are no tables.", f"Give each recipe as a table [{group}.NAME].")
    ladder = Ladder((), n_folds, **recipes)
    rungs: list[LadderRung] = []
    for table in tables:
        name = table.get("name")
        if not isinstance(name, str) or not re.fullmatch(r"[\w.+-]+", name) or name.startswith("."):
            raise refuse(f"the name of a rung is {name!r}.", "Give each a name of letters, digits and - + _.")
        if name in [rung.name for rung in rungs]:
            raise refuse(f"there are two rungs {name!r}.", "Give each a name of its own.")
        if unknown := sorted(table.keys() - set(known)):
            raise refuse(f"the rung {name} has {unknown[0]!r}.", f"Known are {', '.join(known)}.")
        types = {"kind": str, "settings": dict, "vectors": str, "language_model": str, "encoder": bool, "lexicon": bool}
        for key, kind in types.items():
            if not isinstance(table.get(key, kind()), kind):
                raise refuse(f"{key} of the rung {name} is {table[key]!r}.", f"It is of the type {kind.__name__}.")
        for key in ("seeds", "folds", "curve"):
            values = table.get(key, [])
            if not isinstance(values, list) or not all(type(value) is int and value >= 0 for value in values):
                raise refuse(f"{key} of the rung {name} is {values!r}.", "It is a list of whole numbers, 0 or more.")
            if len(set(values)) < len(values):
                raise refuse(f"{key} of the rung {name} is {values!r}.", "Name each number once.")
        if "kind" not in table:
            raise refuse(f"the rung {name} has no kind.", "Give one, as in `juqing train KIND`.")
        values: dict[str, Any] = {key: tuple(each) if isinstance(each, list) else each for key, each in table.items()}
        rung = LadderRung(**values)
        if any(fold >= n_folds for fold in rung.folds or ()):
            raise refuse(f"folds of the rung {name} are {list(rung.folds or ())}.", f"There are 0 to {n_folds - 1}.")
        for group, name in ladder.recipes_of(rung):
            if name not in recipes[group]:
                raise refuse(f"the rung {rung.name} asks for {group} {name!r}.", f"Add a table [{group}.{name}].")
        rungs.append(rung)
    return replace(ladder, rungs=tuple(rungs))


def is_network(kind: str) -> bool:
    """Whether a kind is a network, with a preset of its own beside those of the ladder."""
    return kind not in RUNGS and not kind.startswith("ladder") and (PRESETS / f"{kind}.toml").is_file()


def start_setting(kind: str) -> str:
    """The setting that says which language model a rung starts from."""
    return "encoder" if is_network(kind) else "start"


def check_settings(rung: LadderRung) -> None:
    """Raise `InputError` where a kind has no such setting: asked before long work, not after it."""
    has_seed = True
    files = {name: "-" for name in ("vectors", "encoder", "lexicon") if getattr(rung, name)}
    if rung.language_model:
        files[start_setting(rung.kind)] = "-"
    if rung.kind in RUNGS:
        known = inspect.signature(RUNGS[rung.kind]).parameters
        if unknown := [name for name in files if name not in known]:
            raise InputError(f"the rung {rung.name} asks for {unknown[0]}.", f"{rung.kind} takes none.")
        make_rung(rung.kind, {name: value for name, value in rung.settings.items() if name != "vectors"})
        has_seed = "seed" in known
    elif is_network(rung.kind):
        network_config(rung.kind, {**files, **rung.settings})
    if len(rung.seeds) != 1 and not has_seed:
        raise InputError(
            f"the rung {rung.name} has {len(rung.seeds)} seeds.", f"{rung.kind} has no seed: it is always the same."
        )
    if not rung.seeds:
        raise InputError(f"the rung {rung.name} has no seed.", "Give one or several.")


def check_recipes(ladder: Ladder, rungs: Sequence[LadderRung]) -> None:
    """The same for recipes of word vectors and of language models that some rungs ask for."""
    from juqing.text.corpus import Corpus
    from juqing.vectors.counts import check_window
    from juqing.vectors.training import config_of

    for group, name in dict.fromkeys(each for rung in rungs for each in ladder.recipes_of(rung)):
        recipe = dict(getattr(ladder, group)[name])
        try:
            if group == "vectors":
                Corpus([[]], unit=recipe.pop("unit", "word"), tags=recipe.pop("tags", False))
                numbers = {key: recipe.pop(key, 5) for key in ("min_count", "window")}
                for key, value in numbers.items():
                    if type(value) is not int or value < 1:
                        raise InputError(f"{key} is {value!r}.", "It is a whole number, 1 or more.")
                check_window(numbers["window"])
                config_of(recipe.pop("method", "skip-gram"), recipe, window=numbers["window"])
            else:
                language_model_config(recipe, "-")
        except InputError as error:
            raise InputError(f"the {group} {name}: {error.found}", error.remedy) from None
