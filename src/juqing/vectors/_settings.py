"""What the settings of all trainers are checked for."""

from __future__ import annotations

from juqing.errors import InputError


def check_ranges(settings: object, ranges: dict[str, tuple[float, float]]) -> None:
    """Raise `InputError` where an attribute is not between two numbers, both allowed, or where the seed is none."""
    for name, (least, most) in {**ranges, "seed": (0, 2**32 - 1)}.items():
        if not least <= getattr(settings, name) <= most:
            raise InputError(f"{name} is {getattr(settings, name)}.", f"It is {least:,} to {most:,}.")


def check_positive(settings: object, *names: str) -> None:
    """Raise `InputError` where an attribute is not a number above 0 that a float32 can hold."""
    for name in names:
        if not 1e-30 < getattr(settings, name) < 1e38:  # they are used as float32
            raise InputError(f"{name} is {getattr(settings, name)}.", "It must be above 0.")
