"""A script as pairs of a line and a character: one input of tokens for each cue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from juqing.script import Script
from juqing.text.windows import LineTokenizer, named_lines, reading_names


def pair_inputs(
    script: Script, tokenizer: LineTokenizer, budget: int, names: Mapping[str, str] | None = None
) -> list[list[int]]:
    """The token ids of every cue's input, `<cls> line <sep> 角色：name <sep>`; a line that is too long is cut, never the prompt.

    Args:
        script: The script.
        tokenizer: The encoder's.
        budget: The longest input in tokens.
        names: What to write for a name; `reading_names` where None.
    """
    names = reading_names(script) if names is None else names
    encoded = tokenizer.encode(named_lines(script, names))
    asked = list(dict.fromkeys(cue.character for cue in script.cues))
    prompts = tokenizer.encode([f"角色：{names.get(name, name)}" for name in asked])
    prompt_of = {name: ids[: budget // 2] for name, (ids, _) in zip(asked, prompts, strict=True)}
    result = []
    for cue in script.cues:
        prompt = prompt_of[cue.character]
        room = max(0, budget - 3 - len(prompt))
        result.append([tokenizer.cls, *encoded[cue.line][0][:room], tokenizer.sep, *prompt, tokenizer.sep])
    return result


def collate_pairs(inputs: Sequence[list[int]], pad: int) -> dict[str, np.ndarray]:
    """Inputs side by side, no wider than the longest: `token_ids` and `mask`, (n_pairs, n_tokens) int64."""
    width = max(map(len, inputs))
    token_ids = np.full((len(inputs), width), pad, dtype=np.int64)
    mask = np.zeros((len(inputs), width), dtype=np.int64)
    for row, ids in enumerate(inputs):
        token_ids[row, : len(ids)] = ids
        mask[row, : len(ids)] = 1
    return {"token_ids": token_ids, "mask": mask}
