"""The classical recipe: one input for each (line, character) pair, through a pretrained encoder.

What it adds to the rungs below: an encoder that learned from much text, and the order of all words. The input is the line,
a separator and a prompt that asks for the character, `<cls> text <sep> 角色：name <sep>`; the state of the first token goes
through a dropout and a head (`heads`), six times four classes in the recipe that most published solutions of the task share. It
leaves out on purpose the lines around, and reads a line again for every character in it; `scene` does neither.

Source: Devlin et al., "BERT" (2019), for pairs of texts; the baseline of CCF BDCI 2021, task 518, for the prompt.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from juqing.recognition.encoders import NetworkRecognizer, Reader
from juqing.recognition.heads import HEADS
from juqing.text.pairs import collate_pairs, pair_inputs
from juqing.text.windows import LineTokenizer, batches

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

    from juqing.script import Script

_SCORING_TOKENS = 4096


class PairReader(Reader):
    """The network: encoder, dropout, linear layer.

    Args:
        encoder: A Hugging Face encoder.
        tokenizer: Its tokenizer.
        settings: `head` (see `heads`), `dropout` before the outputs, and `budget`, the longest input in tokens.
    """

    kind = "pair"

    def __init__(self, encoder: PreTrainedModel, tokenizer: LineTokenizer, settings: dict[str, Any]):
        super().__init__(encoder, tokenizer, settings)
        self.top = nn.Sequential(
            nn.Dropout(settings["dropout"]), nn.Linear(encoder.config.hidden_size, HEADS[settings["head"]])
        )

    def forward(self, token_ids: Tensor, mask: Tensor) -> Tensor:
        """Raw outputs (n_pairs, n_out) of (n_pairs, n_tokens) arrays."""
        states = self.encoder(input_ids=token_ids, attention_mask=mask).last_hidden_state
        return self.top(states[:, 0])

    def parts(self, script: Script) -> Iterator[tuple[list[int], dict[str, np.ndarray]]]:
        """Pairs of about one length together."""
        inputs = pair_inputs(script, self.tokenizer, self.settings["budget"])
        for group in batches([len(ids) for ids in inputs], _SCORING_TOKENS):
            yield group, collate_pairs([inputs[i] for i in group], self.tokenizer.pad)


class PairRecognizer(NetworkRecognizer):
    """A trained pair reader."""

    network = PairReader
    lengths = ("budget",)
