"""The scene reader: a pretrained encoder reads a scene once, and every cue is read off the same hidden states.

What it adds to `pair`: context on both sides at about the cost of reading the text once, where `pair` encodes a line once for
every character in it. A window of consecutive lines goes through the encoder; a cue is then described by three vectors: the
mean of the tokens that name its character in its line, the mean of those that name it elsewhere in the window, and what an
attention that is asked by them finds in the tokens of the line. A hidden layer and a head (`heads`) make strengths of them.

It leaves out what the line's character did in windows before this one. Source of the parts: Devlin et al., "BERT" (2019);
attention with a query of its own, Bahdanau et al. (2015), in the scaled multi-head form of Vaswani et al. (2017).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from juqing.errors import ModelError
from juqing.recognition.encoders import NetworkRecognizer, Reader, longest_input
from juqing.recognition.heads import HEADS
from juqing.text.windows import LineTokenizer, WindowSettings, batches, collate, windows

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

    from juqing.script import Script

_N_HEADS = 6
_SCORING_TOKENS = 4096


class CueHead(nn.Module):
    """Hidden states and where a cue stands to raw outputs.

    Args:
        dim: Width of the hidden states.
        n_out: Number of outputs.
        dropout: Of the layer before the outputs.
    """

    def __init__(self, dim: int, n_out: int, dropout: float):
        super().__init__()
        self.n_heads = next(n for n in range(_N_HEADS, 0, -1) if dim % n == 0)
        self.role = nn.Embedding(2, dim)
        self.nowhere = nn.Parameter(torch.zeros(2, dim))  # for a cue that nothing names, in its line or elsewhere
        self.query = nn.Linear(3 * dim, dim)
        self.key = nn.Linear(dim, dim)
        self.value = nn.Linear(dim, dim)
        self.hidden = nn.Linear(3 * dim, dim)
        self.norm = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)
        self.out = nn.Linear(dim, n_out)
        nn.init.normal_(self.role.weight, std=0.02)

    def forward(self, states: Tensor, lines: Tensor, mentions: Tensor, elsewhere: Tensor, roles: Tensor) -> Tensor:
        """Raw outputs (n_cues, n_out).

        Args:
            states: (n_windows * n_tokens, dim).
            lines: (n_cues, 2), first position of the line in `states` and the one behind the last.
            mentions, elsewhere: (n_cues, n) positions in `states`, -1 for none.
            roles: (n_cues,) in 0, 1.
        """
        named = _mean(states, mentions, self.nowhere[0])
        around = _mean(states, elsewhere, self.nowhere[1])
        # n_cues = c, all tokens = t, heads = h. Every cue looks at all tokens, those outside its line masked out: products
        # of matrices are cheaper than gathering each cue's line.
        query = self.query(torch.cat([named, around, self.role(roles)], dim=1))
        query, key, value = (
            x.unflatten(1, (self.n_heads, -1)).transpose(0, 1) for x in (query, self.key(states), self.value(states))
        )  # (h, c, dim / h), (h, t, dim / h) twice
        scores = (query @ key.transpose(1, 2)) * key.shape[2] ** -0.5  # (h, c, t)
        place = torch.arange(states.shape[0], device=states.device)
        outside = (place < lines[:, :1]) | (place >= lines[:, 1:])  # (c, t)
        attention = scores.masked_fill(outside, -1e4).softmax(2)
        found = (attention @ value).transpose(0, 1).flatten(1)  # (c, dim)
        hidden = self.norm(nn.functional.gelu(self.hidden(torch.cat([named, around, found], dim=1))) + named)
        return self.out(self.dropout(hidden))


def _mean(states: Tensor, positions: Tensor, nothing: Tensor) -> Tensor:
    """The mean of the states at positions (n, k), -1 for none: (n, dim); `nothing` where there are none at all."""
    known = (positions >= 0).unsqueeze(2).to(states.dtype)
    count = known.sum(1)
    total = (states[positions.clamp(min=0)] * known).sum(1) / count.clamp(min=1)
    return torch.where(count > 0, total, nothing.to(states.dtype))


class SceneReader(Reader):
    """The network: encoder and `CueHead`.

    Args:
        encoder: A Hugging Face encoder.
        tokenizer: Its tokenizer.
        settings: `head` (see `heads`), `dropout` before the outputs, and the lengths of `WindowSettings`.
    """

    kind = "scene"

    def __init__(self, encoder: PreTrainedModel, tokenizer: LineTokenizer, settings: dict[str, Any]):
        super().__init__(encoder, tokenizer, settings)
        self.top = CueHead(encoder.config.hidden_size, HEADS[settings["head"]], settings["dropout"])

    @property
    def window(self) -> WindowSettings:
        """How scenes are cut for it."""
        return WindowSettings(*(self.settings[name] for name in ("budget", "leading", "trailing")))

    def forward(
        self, token_ids: Tensor, mask: Tensor, lines: Tensor, mentions: Tensor, elsewhere: Tensor, roles: Tensor
    ) -> Tensor:
        """Raw outputs (n_cues, n_out) of the arrays that `collate` makes."""
        states = self.encoder(input_ids=token_ids, attention_mask=mask).last_hidden_state
        return self.top(states.flatten(0, 1), lines, mentions, elsewhere, roles)

    def parts(self, script: Script) -> Iterator[tuple[list[int], dict[str, np.ndarray]]]:
        """Windows of about one length together."""
        cut = windows(script, self.tokenizer, self.window)
        for group in batches([len(window.token_ids) for window in cut], _SCORING_TOKENS):
            chosen = [cut[i] for i in group]
            yield [i for window in chosen for i in window.cues.tolist()], collate(chosen, self.tokenizer.pad)


class SceneRecognizer(NetworkRecognizer):
    """A trained scene reader."""

    network = SceneReader
    lengths = ("budget", "leading", "trailing")


def check_window(settings: WindowSettings, encoder: PreTrainedModel) -> None:
    """Raise `ModelError` where windows are longer than what the encoder reads, or their context leaves no room."""
    longest = longest_input(encoder)
    if settings.budget > longest:
        raise ModelError(
            f"a window of {settings.budget} tokens is longer than the encoder reads ({longest}).", "Shorten --window."
        )
    if settings.leading + settings.trailing > settings.budget - 16:
        raise ModelError(
            f"a window of {settings.budget} tokens has no room for {settings.leading} tokens before and "
            f"{settings.trailing} after it.",
            "Shorten the context, or lengthen --window.",
        )
