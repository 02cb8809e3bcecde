"""An encoder from nothing: a tokenizer that is learned from the text, and a small BERT with random weights.

What it adds to `masked` is the start alone; the training is the same.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from juqing.errors import InputError
from juqing.outputs import writing_folder
from juqing.pretraining.masked import MaskedConfig
from juqing.text.corpus import Corpus
from juqing.text.windows import LineTokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
"""The first tokens of every vocabulary, in the order of their ids."""
_LONGEST = 512


@dataclass(frozen=True)
class ScratchConfig(MaskedConfig):
    """What is asked of a run that begins from nothing; the values are those of `presets/scratch.toml`.

    Attributes:
        tokenizer: One of `TOKENIZERS`.
        vocabulary_size: Tokens of the vocabulary at most, special ones included; all characters of the text should fit.
        dim: Width of the hidden states.
        n_layers, n_heads: Of the encoder; the inner layers are four times as wide as `dim`.
    """

    freeze_embeddings: bool = False
    tokenizer: str = "wordpiece"
    vocabulary_size: int = 8000
    dim: int = 256
    n_layers: int = 4
    n_heads: int = 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tokenizer not in TOKENIZERS:
            raise InputError(f"tokenizer is {self.tokenizer!r}.", f"Choose one of {', '.join(TOKENIZERS)}.")
        self.check_above_zero("dim", "n_layers", "n_heads")
        if self.dim % self.n_heads:
            raise InputError(f"dim is {self.dim}, n_heads {self.n_heads}.", "The heads must divide it.")
        if self.vocabulary_size <= len(SPECIAL):
            raise InputError(f"vocabulary_size is {self.vocabulary_size}.", f"{len(SPECIAL)} tokens are special.")
        if self.window > _LONGEST:
            raise InputError(f"window is {self.window}.", f"The encoder reads {_LONGEST} tokens.")

    def check_source(self) -> None:
        """Raise `InputError` where there is something to go on from, or where nothing would be learned."""
        if self.encoder or self.layers:
            raise InputError("an encoder is named, and one from nothing is asked for.", "Ask for one of the two.")
        if self.freeze_embeddings:
            raise InputError("freeze_embeddings is true.", "The vectors of tokens are random: they must learn.")

    def make_encoder(self, corpus: Corpus, folder: Path) -> str:
        """Learn the tokenizer and write the encoder to `folder/start`, where that is not done yet."""
        path = folder / "start"
        if not path.is_dir():
            write_encoder(self, corpus, path)
        return str(path)


def wordpiece(corpus: Corpus, vocabulary_size: int) -> Tokenizer:
    """One token a Chinese character, pieces of other words, in lower case: as BERT has it (Devlin et al., 2019)."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    alphabet = _alphabet(corpus, tokenizer, vocabulary_size * 9 // 10)  # some room for pieces of words
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocabulary_size,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_lines(corpus), trainer)
    return tokenizer


def bpe(corpus: Corpus, vocabulary_size: int) -> Tokenizer:
    """The most frequent strings inside words of rjieba, in lower case. Sennrich et al., "Neural machine translation of rare words with
    subword units" (2016).

    It is learned from words and cuts whole clauses, so a token is a word, a part of one, or rarely of two.
    """
    import rjieba

    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(handle_chinese_chars=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.Fuse()
    alphabet = _alphabet(corpus, tokenizer, vocabulary_size - len(SPECIAL))
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=list(SPECIAL),
        show_progress=False,
    )
    tokenizer.train_from_iterator((" ".join(rjieba.cut(line)) for line in _lines(corpus)), trainer)
    return tokenizer


TOKENIZERS: dict[str, Callable[[Corpus, int], Tokenizer]] = {"wordpiece": wordpiece, "bpe": bpe}


def _alphabet(corpus: Corpus, tokenizer: Tokenizer, n: int) -> list[str]:
    """The `n` most frequent characters. The trainers choose by chance among those that are as frequent."""
    counts: Counter[str] = Counter()
    for _, block in corpus.blocks():
        counts.update(tokenizer.normalizer.normalize_str(block))
    for character in [each for each in counts if each.isspace()]:
        del counts[character]
    return sorted(sorted(counts), key=lambda each: -counts[each])[:n]


def _lines(corpus: Corpus) -> Iterator[str]:
    for _, block in corpus.blocks():
        yield from block.split("\n")


def learn_tokenizer(kind: str, corpus: Corpus, vocabulary_size: int) -> LineTokenizer:
    """Learn a tokenizer of `TOKENIZERS` from a text, framed by `[CLS]` and `[SEP]`.

    Raises:
        InputError: The text is empty.
    """
    tokenizer = TOKENIZERS[kind](corpus, vocabulary_size)
    if tokenizer.get_vocab_size() <= len(SPECIAL):
        raise InputError("the text is empty.", "Give other text.")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[(token, SPECIAL.index(token)) for token in ("[CLS]", "[SEP]")]
    )
    return LineTokenizer(tokenizer)


def write_encoder(config: ScratchConfig, corpus: Corpus, folder: Path) -> None:
    """Write a Hugging Face folder with a tokenizer of a text and a BERT with random weights.

    Raises:
        InputError: The text is empty.
        OutputError: The folder cannot be written.
    """
    from transformers import BertConfig, BertModel
    from transformers.utils import logging as hf_logging

    hf_logging.disable_progress_bar()
    with writing_folder(folder, ("config.json",)) as aside:
        tokenizer = learn_tokenizer(config.tokenizer, corpus, config.vocabulary_size)
        torch.manual_seed(config.seed)
        encoder = BertModel(
            BertConfig(
                vocab_size=tokenizer.n_tokens,
                hidden_size=config.dim,
                num_hidden_layers=config.n_layers,
                num_attention_heads=config.n_heads,
                intermediate_size=4 * config.dim,
                max_position_embeddings=_LONGEST,
                pad_token_id=tokenizer.pad,
            ),
            add_pooling_layer=False,
        )
        encoder.save_pretrained(aside)
        tokenizer.save(aside)
        (aside / "tokenizer_config.json").write_text(json.dumps(tokenizer.special(), indent=2) + "\n", encoding="utf-8")
