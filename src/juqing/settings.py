"""Settings by name: what a preset or `--set NAME=VALUE` says, checked for its type."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from juqing.errors import InputError

TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,), "int": (int,), "float": (int, float), "bool": (bool,), "tuple[int, ...]": (list,)
}  # fmt: skip
"""The types that a setting may have, by the name that an annotation gives them, and what TOML makes of them."""


def check_between(owner: object, low: float, high: float, *names: str) -> None:
    """Raise `InputError` where one of these settings is not from `low` to `high`, both included; where `low` is 0.0 it is above 0."""
    for name in names:
        value = getattr(owner, name)
        if not low <= value <= high or (isinstance(low, float) and value == low):
            least = f"above {low:g}" if isinstance(low, float) else f"{low:g} or more"
            raise InputError(f"{name} is {value}.", f"It is {least}" + (f", at most {high:g}." if high < 1e30 else "."))


def parse_values(types: Mapping[str, str], given: Sequence[str]) -> dict[str, Any]:
    """Settings, each as NAME=VALUE; a value is written as in TOML, a text also without quotes.

    Args:
        types: The settings that there are, and the type of each, one of `TYPES`.
        given: What is set.

    Raises:
        InputError: A name is not known, or a value is of another type.
    """
    result: dict[str, Any] = {}
    for setting in given:
        name, equals, text = (part.strip() for part in setting.partition("="))
        if not equals:
            raise InputError(f"--set is {setting!r}.", "Write NAME=VALUE.")
        if name not in types:
            raise InputError(f"there is no setting {name!r}.", f"Known are {', '.join(types)}.")
        value: Any = text
        if types[name] != "str":
            with suppress(tomllib.TOMLDecodeError):
                value = tomllib.loads(f"value = {text}")["value"]
        if not is_of(value, types[name]):
            raise InputError(f"{name} is {value!r}.", f"It must be of type {types[name]}.")
        result[name] = tuple(value) if isinstance(value, list) else value
    return result


def is_of(value: Any, type_name: str) -> bool:
    """Whether a value is of one of `TYPES`; true and false are no numbers."""
    if isinstance(value, bool):
        return type_name == "bool"
    return isinstance(value, TYPES[type_name]) and not (
        isinstance(value, list) and not all(type(k) is int for k in value)
    )
