"""Language models of running text, from which recognizers start.

- `masked`: a transformer predicts hidden tokens; it goes on from any Hugging Face encoder, or begins from nothing (`scratch`).
- `next_word`: a recurrent network (plain, GRU, LSTM) predicts the next word.
- `texts`: the text as token ids, written once into the folder of a run and mapped into memory, so that it may be larger than memory.
- `loop`: steps, measurements on held-out text and checkpoints, the same for both.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from juqing.errors import MissingExtraError


def pretraining_module(name: str) -> ModuleType:
    """`juqing.pretraining.NAME`, which needs the extra `train`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        return importlib.import_module(f"juqing.pretraining.{name}")
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("juqing"):
            raise
        raise MissingExtraError("Training a language model", "train") from None
