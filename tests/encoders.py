"""Tiny pretrained encoders of several families, with random weights, and readers and runs that are made of them.

Each is an ordinary Hugging Face folder with a tokenizer of its family's kind: characters in WordPiece (BERT, ELECTRA, ERNIE),
byte-level BPE (RoBERTa), Unigram with a metaspace (XLM-R), and a folder of the old form with `vocab.txt` alone.
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import torch
from conftest import FEATURE, labeled_table
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from juqing.recognition.encoders import Reader, load_encoder
from juqing.recognition.pair import PairReader
from juqing.recognition.scene import SceneReader
from juqing.text.pseudonyms import draw_names
from juqing.text.windows import LineTokenizer
from juqing.training.run import RunConfig

torch.set_num_threads(1)  # the networks are tiny: several threads would only wait for each other

FAMILIES = ("bert", "roberta", "xlm-roberta", "electra", "ernie", "albert", "vocab.txt")
LONGEST = 128
_SIZES: dict[str, Any] = {
    "hidden_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "initializer_range": 0.2,
}
_BERT_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_ROBERTA_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>", "<mask>")


@cache
def _home() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="juqing-encoders-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def text() -> str:
    """What the vocabularies are made of: the example film, the made-up table, many invented names."""
    names = draw_names(map(str, range(2000)), Random(0)).values()
    return "\n".join((FEATURE.read_text(encoding="utf-8"), labeled_table(), "角色：", *names))


def _characters() -> list[str]:
    return sorted({c for c in text().lower() if not c.isspace()} | set("0123456789abcdefghijklmnopqrstuvwxyz"))


@cache
def wordpiece() -> Tokenizer:
    """One token a character, as BERT has it for Chinese."""
    pieces = [*_BERT_SPECIAL, *_characters(), *(f"##{c}" for c in "0123456789abcdefghijklmnopqrstuvwxyz")]
    tokenizer = Tokenizer(models.WordPiece({piece: k for k, piece in enumerate(pieces)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    tokenizer.add_special_tokens(list(_BERT_SPECIAL))
    return tokenizer


@cache
def byte_bpe() -> Tokenizer:
    """Pieces of bytes, as RoBERTa has it."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        special_tokens=list(_ROBERTA_SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(text().split("\n"), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    return tokenizer


@cache
def unigram() -> Tokenizer:
    """The most probable pieces, as XLM-R has it: characters, and some pairs of them."""
    lines = text().split("\n")
    pairs: dict[str, int] = {}
    for line in lines:
        for pair in pairwise(line):
            pairs["".join(pair)] = pairs.get("".join(pair), 0) + 1
    common = sorted((pair for pair in pairs if " " not in pair), key=lambda pair: (-pairs[pair], pair))[:200]
    pieces = [(piece, 0.0) for piece in _ROBERTA_SPECIAL[:4]]
    pieces += [("▁", -3.0), *((pair, -7.0) for pair in common), *((c, -8.0) for c in _characters())]
    tokenizer = Tokenizer(models.Unigram([*pieces, ("<mask>", 0.0)], unk_id=3))
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.add_special_tokens(list(_ROBERTA_SPECIAL))
    return tokenizer


@cache
def tiny_encoder(family: str = "bert") -> Path:
    """A folder with an encoder of two layers and 24 columns that reads 128 tokens. It is shared: do not change it."""
    import transformers as hf

    hf.utils.logging.disable_progress_bar()
    folder = _home() / family
    if folder.exists():
        return folder
    tokenizer = {"roberta": byte_bpe, "xlm-roberta": unigram}.get(family, wordpiece)()
    sizes = {**_SIZES, "vocab_size": tokenizer.get_vocab_size()}
    bert = {**sizes, "max_position_embeddings": LONGEST}
    roberta = {**sizes, "max_position_embeddings": LONGEST + 2, "type_vocab_size": 1, "pad_token_id": 1}
    torch.manual_seed(7)
    if family == "roberta":
        model = hf.RobertaModel(hf.RobertaConfig(**roberta))
    elif family == "xlm-roberta":
        model = hf.XLMRobertaModel(hf.XLMRobertaConfig(**roberta))
    elif family == "electra":
        model = hf.ElectraModel(hf.ElectraConfig(**bert, embedding_size=16))
    elif family == "albert":
        model = hf.AlbertModel(hf.AlbertConfig(**bert, embedding_size=16))
    elif family == "ernie":
        model = hf.ErnieModel(hf.ErnieConfig(**bert, use_task_id=True))
    else:
        model = hf.BertModel(hf.BertConfig(**bert))
    model.save_pretrained(folder)
    if family == "vocab.txt":
        ids = tokenizer.get_vocab()
        (folder / "vocab.txt").write_text("".join(f"{token}\n" for token in sorted(ids, key=lambda t: ids[t])), "utf-8")
    else:
        tokenizer.save(str(folder / "tokenizer.json"))
    return folder


def line_tokenizer() -> LineTokenizer:
    """One token a character."""
    return LineTokenizer(Tokenizer.from_str(wordpiece().to_str()))


def tiny_config(kind: str = "scene", family: str = "bert", **changes: Any) -> RunConfig:
    """A run of seconds: short windows, high rates, no checkpoint."""
    settings: dict[str, Any] = {
        "epochs": 2,
        "learning_rate": 3e-3,
        "head_learning_rate": 1e-2,
        "batch_tokens": 512,
        "budget": 64,
        "leading": 16,
        "trailing": 8,
        "checkpoint_minutes": 1e9,
    }
    return RunConfig(kind=kind, encoder=str(tiny_encoder(family)), **{**settings, **changes})


def random_reader(kind: str = "scene", head: str = "regress", family: str = "bert", budget: int = 64) -> Reader:
    """A network whose outputs vary, without any training."""
    encoder, tokenizer = load_encoder(str(tiny_encoder(family)))
    settings = {"head": head, "dropout": 0.1, "budget": budget, "leading": 16, "trailing": 8}
    reader: Reader = (SceneReader if kind == "scene" else PairReader)(encoder, tokenizer, settings)
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in reader.top.parameters():
            parameter.normal_(std=0.4)
        if head == "regress":
            weight, bias = list(reader.top.parameters())[-2:]
            weight.mul_(0.2)  # inside the scale, around its middle
            bias.add_(1.5)
    return reader.eval()


@cache
def random_run(kind: str = "scene", head: str = "regress", family: str = "bert") -> Path:
    """The folder of such a network, as a run writes it. It is shared: do not change it."""
    folder = _home() / f"run-{kind}-{head}-{family}"
    if not folder.exists():
        folder.mkdir()
        random_reader(kind, head, family).save(folder)
    return folder
