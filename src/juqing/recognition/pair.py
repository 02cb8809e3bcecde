"""The classical recipe: one input for each (line, character) pair, through a pretrained encoder.

What it adds to the rungs below: an encoder that learned from much text, and the order of all words. The input is the line,
a separator and a prompt that asks for the character, `<cls> text <sep> 角色：name <sep>`; the state of the first token goes
through a dropout and a head (`heads`), six times four classes in the recipe that most published solutions of the task share. It
leaves out on purpose the lines around, and reads a line again for every character in it; `scene` does neither.

Source: Devlin et al., "BERT" (2019), for pairs of texts; the baseline of CCF BDCI 2021, task 518, for the prompt.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from juqing.recognition.encoders import Reader, load_encoder, network_settings, tensors
from juqing.recognition.heads import HEADS, level_probabilities, strengths
from juqing.scores import EmotionScores
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


class PairRecognizer:
    """A trained pair reader in PyTorch.

    Args:
        reader: The network.
        name: Its name in reports.
        rmse: On scripts that it never saw, where that was measured.
    """

    def __init__(self, reader: PairReader, name: str = "pair", rmse: float | None = None):
        self.reader = reader.eval()
        self.name = name
        self.rmse = rmse

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> PairRecognizer:
        """Load what `PairReader.save` wrote.

        Raises:
            ModelError: A file is missing, damaged, or does not fit the others.
        """
        settings = network_settings(config, ("budget",), folder)
        encoder, tokenizer = load_encoder(str(folder))
        reader = PairReader(encoder, tokenizer, settings)
        reader.load_top(folder)
        return cls(reader, folder.name, config.get("rmse"))

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script."""
        raw = self.raw(script)
        return EmotionScores(script, strengths(raw, self.reader.settings["head"]).numpy(), self.name, self.rmse)

    def level_probabilities(self, script: Script) -> np.ndarray:
        """(n_cues, 6, 4) float32: for every cue and emotion the probability of the levels 0 to 3."""
        return level_probabilities(self.raw(script), self.reader.settings["head"]).numpy()

    @torch.inference_mode()
    def raw(self, script: Script) -> Tensor:
        """Raw outputs (n_cues, n_out)."""
        result = torch.zeros(script.n_cues, HEADS[self.reader.settings["head"]])
        if not script.cues:
            return result
        inputs = pair_inputs(script, self.reader.tokenizer, self.reader.settings["budget"])
        device = next(self.reader.parameters()).device
        for group in batches([len(ids) for ids in inputs], _SCORING_TOKENS):
            arrays = collate_pairs([inputs[i] for i in group], self.reader.tokenizer.pad)
            result[group] = self.reader(**tensors(arrays, device)).float().cpu()
        return result
