"""Pretrained encoders from a local folder or a hub, and the folder that a trained reader is kept in.

A run's folder holds `config.json` (what it is), `encoder/` (an ordinary Hugging Face folder, which every other command takes) and
`head.safetensors`.
"""

from __future__ import annotations

import json
import logging
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from juqing.errors import ModelError
from juqing.recognition.heads import HEADS, level_probabilities, strengths
from juqing.scores import EmotionScores
from juqing.text.windows import TOKENIZER_FILE, LineTokenizer

if TYPE_CHECKING:
    import numpy as np
    from transformers import PreTrainedModel

    from juqing.script import Script

ENCODER, HEAD = "encoder", "head.safetensors"
MODEL_FILES = ("config.json", ENCODER, HEAD, "README.md", "log.jsonl", "tensorboard")
"""What a folder of a trained reader holds."""
_HUB_NAME = re.compile(r"[\w-][\w.-]*(/[\w-][\w.-]*)?")  # name, or owner/name
_DROPOUTS = (
    "hidden_dropout_prob", "attention_probs_dropout_prob", "hidden_dropout", "attention_dropout", "dropout", "embedding_dropout",
    "mlp_dropout",
)  # fmt: skip


def load_encoder(
    source: str, *, layers: tuple[int, ...] = (), dropout: float | None = None
) -> tuple[PreTrainedModel, LineTokenizer]:
    """Load an encoder and its tokenizer from a folder (also of one of our runs), or by name from a hub.

    Args:
        source: A folder, or the name of a model on a hub.
        layers: The layers to keep, from 0; all of them where empty.
        dropout: What to set the encoder's own dropout to; as its configuration says where None.

    Raises:
        ModelError: There is no such encoder, it is damaged, or its tokenizer does not fit.
    """
    from transformers import AutoConfig, AutoModel, AutoTokenizer
    from transformers.utils import logging as hf_logging

    hf_logging.disable_progress_bar()
    hf_logging.set_verbosity_error()
    logging.getLogger("transformers").setLevel(logging.ERROR)
    folder = Path(source) / ENCODER
    name = str(folder) if folder.is_dir() else source
    if not Path(name).is_dir() and not _HUB_NAME.fullmatch(source):
        raise ModelError(f"there is no folder {source!r}.", "Give a folder with config.json, weights and a tokenizer.")
    try:
        config = AutoConfig.from_pretrained(name)
        if dropout is not None:
            for key in _DROPOUTS:
                if hasattr(config, key):
                    setattr(config, key, dropout)
        # torch's fused attention for CPUs is slower than plain products where heads are narrow
        attention = "sdpa" if torch.cuda.is_available() else "eager"
        encoder = AutoModel.from_pretrained(name, config=config, dtype=torch.float32, attn_implementation=attention)
        # A tokenizer.json is complete; without one, the library converts older files.
        plain = Path(name, TOKENIZER_FILE).is_file()
        backend = None if plain else getattr(AutoTokenizer.from_pretrained(name), "backend_tokenizer", None)
    except Exception as error:  # the library raises many kinds
        first = str(error).strip().split("\n")[0][:200]
        raise ModelError(
            f"the encoder {source!r} cannot be loaded: {first}.",
            "Give a Hugging Face folder with config.json, weights and a tokenizer.",
        ) from None
    pad = config.pad_token_id or 0
    if plain:
        tokenizer = LineTokenizer.load(Path(name), pad)
    elif backend is not None:
        tokenizer = LineTokenizer(backend, pad)
    else:
        raise ModelError(
            f"the encoder {source!r} has no fast tokenizer.", "Save it with one: tokenizer.json in its folder."
        )
    check_fit(tokenizer, encoder, source)
    _check_finite(encoder.state_dict(), f"the encoder {source!r}")
    encoder.pooler = None  # nobody reads it  # type: ignore[assignment]
    if layers:
        keep_layers(encoder, layers, source)
    return encoder, tokenizer


def check_fit(tokenizer: LineTokenizer, encoder: PreTrainedModel, source: str) -> None:
    """Raise `ModelError` where a tokenizer knows more tokens than the encoder has rows for."""
    rows = encoder.get_input_embeddings().weight.shape[0]  # type: ignore[union-attr]
    if tokenizer.n_tokens > rows:
        raise ModelError(
            f"the tokenizer of {source!r} does not fit: it has {tokenizer.n_tokens:,} tokens, the encoder {rows:,}.",
            "Take the tokenizer that the encoder was trained with.",
        )


def _check_finite(state: Mapping[str, Tensor], what: str, path: Path | None = None) -> None:
    """Raise `ModelError` where a weight is no finite number."""
    for name, tensor in state.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise ModelError(f"{what} holds numbers that are not finite ({name}).", "Train the model again.", path=path)


def longest_input(encoder: PreTrainedModel) -> int:
    """How many tokens an encoder reads at once."""
    longest = int(getattr(encoder.config, "max_position_embeddings", 512))
    # RoBERTa counts positions from behind the padding token's id
    return longest - 2 if encoder.config.model_type in ("roberta", "xlm-roberta", "camembert") else longest


def encoder_layers(encoder: PreTrainedModel) -> nn.ModuleList:
    """The list of an encoder's layers, whatever it is called; empty for ALBERT and its like, whose layers share their weights."""
    n_layers = encoder.config.num_hidden_layers
    lists = (module for module in encoder.modules() if isinstance(module, nn.ModuleList) and len(module) == n_layers)
    return next(lists, nn.ModuleList())


def keep_layers(encoder: PreTrainedModel, layers: tuple[int, ...], source: str) -> None:
    """Drop all layers but these, in place."""
    modules = encoder_layers(encoder)
    if not modules:
        kind = encoder.config.model_type
        raise ModelError(f"a {kind} encoder has no layers of its own to choose from.", "Leave --layers away.")
    if not all(0 <= k < len(modules) for k in layers) or len(set(layers)) < len(layers):
        raise ModelError(
            f"the encoder {source!r} has the layers 0 to {len(modules) - 1}, not {layers}.", "Name each layer once."
        )
    kept = [modules[k] for k in layers]
    del modules[:]
    modules.extend(kept)
    encoder.config.num_hidden_layers = len(kept)


class Reader(nn.Module, ABC):
    """An encoder with a head; the base of what reads pairs and what reads scenes.

    Subclasses set `kind`, call `super().__init__`, build `self.top`, the modules that are not the encoder's, and tell by `parts` how
    a script is read.
    """

    kind = ""

    def __init__(self, encoder: PreTrainedModel, tokenizer: LineTokenizer, settings: dict[str, Any]):
        super().__init__()
        self.encoder = encoder
        self.tokenizer = tokenizer
        self.settings = settings
        self.top: nn.Module = nn.Identity()
        self.is_frozen = False

    def freeze(self) -> None:
        """Keep the encoder as it is: its weights have no gradient, and nothing in it is random, while the rest learns."""
        self.is_frozen = True
        self.encoder.requires_grad_(False)  # so that nothing is kept of its forward pass, as under `no_grad`
        self.encoder.eval()

    def train(self, mode: bool = True) -> Self:
        """As in torch, but a frozen encoder stays in evaluation mode."""
        super().train(mode)
        if self.is_frozen:
            self.encoder.eval()
        return self

    def save(self, folder: Path, extra: dict[str, Any] | None = None) -> None:
        """Write `config.json`, `encoder/` and `head.safetensors` into an existing folder."""
        encoder = folder / ENCODER
        encoder.mkdir(exist_ok=True)
        self.encoder.save_pretrained(encoder)
        self.tokenizer.save(encoder)
        (encoder / "tokenizer_config.json").write_text(json.dumps(self.tokenizer.special(), indent=2) + "\n")
        state = {name: tensor.detach().cpu().contiguous() for name, tensor in self.top.state_dict().items()}
        save_file(state, str(folder / HEAD))
        config = {"format": 1, "recognizer": self.kind, "settings": self.settings, **(extra or {})}
        (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")

    def load_top(self, folder: Path) -> None:
        """Read `head.safetensors` of a run's folder.

        Raises:
            ModelError: It is missing, damaged or of another shape.
        """
        path = folder / HEAD
        try:
            state = load_file(str(path))
            self.top.load_state_dict(state)
        except (OSError, SafetensorError, RuntimeError, KeyError) as error:
            first = str(error).strip().split("\n")[0][:200]
            raise ModelError(f"{HEAD} cannot be used ({first}).", "Train the model again.", path=folder) from None
        _check_finite(state, HEAD, folder)

    @abstractmethod
    def parts(self, script: Script) -> Iterator[tuple[list[int], dict[str, np.ndarray]]]:
        """The inputs of a script, batch by batch, and the cues that each batch's outputs belong to."""


class NetworkRecognizer:
    """A trained network in PyTorch. For use without PyTorch, export it.

    Subclasses name the class of the network, and the lengths among its settings.

    Args:
        reader: The network.
        name: Its name in reports; that of its kind where empty.
        rmse: On scripts that it never saw, where that was measured.
    """

    network: ClassVar[type[Reader]]
    lengths: ClassVar[tuple[str, ...]]

    def __init__(self, reader: Reader, name: str = "", rmse: float | None = None):
        self.reader = reader.eval()
        self.name = name or reader.kind
        self.rmse = rmse

    @classmethod
    def load(cls, folder: Path, config: dict[str, Any]) -> Self:
        """Load what `Reader.save` wrote.

        Raises:
            ModelError: A file is missing, damaged, or does not fit the others.
        """
        settings = network_settings(config, cls.lengths, folder)
        encoder, tokenizer = load_encoder(str(folder))
        reader = cls.network(encoder, tokenizer, settings)
        reader.load_top(folder)
        return cls(reader, folder.name, config.get("rmse"))

    def score(self, script: Script) -> EmotionScores:
        """Score every cue of a script."""
        values = strengths(self.raw(script), self.reader.settings["head"]).numpy()
        return EmotionScores(script, values, self.name, self.rmse)

    def level_probabilities(self, script: Script) -> np.ndarray:
        """(n_cues, 6, 4) float32: for every cue and emotion the probability of the levels 0 to 3."""
        return level_probabilities(self.raw(script), self.reader.settings["head"]).numpy()

    @torch.inference_mode()
    def raw(self, script: Script) -> Tensor:
        """Raw outputs (n_cues, n_out)."""
        result = torch.zeros(script.n_cues, HEADS[self.reader.settings["head"]])
        device = next(self.reader.parameters()).device
        for cues, arrays in self.reader.parts(script) if script.cues else ():
            result[cues] = self.reader(**tensors(arrays, device)).float().cpu()
        return result


def network_settings(config: Mapping[str, Any], lengths: Sequence[str], folder: Path) -> dict[str, Any]:
    """The settings in a run's `config.json`.

    Raises:
        ModelError: One is missing or of another type.
    """
    settings = config.get("settings")
    types: dict[str, tuple[type, ...]] = {"head": (str,), "dropout": (int, float), **{name: (int,) for name in lengths}}
    if not isinstance(settings, dict) or not all(isinstance(settings.get(name), types[name]) for name in types):
        raise ModelError(f"config.json is damaged: its settings are {settings}.", "Train the model again.", path=folder)
    if settings["head"] not in HEADS:
        raise ModelError(f"its head is {settings['head']!r}, which is not known.", "Update juqing.", path=folder)
    return settings


def tensors(arrays: Mapping[str, np.ndarray], device: torch.device) -> dict[str, Tensor]:
    """Arrays as tensors."""
    return {name: torch.from_numpy(array).to(device) for name, array in arrays.items()}
