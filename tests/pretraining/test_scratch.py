"""Encoders from nothing: their tokenizers and the folder they begin with."""

from __future__ import annotations

from typing import Any

import pytest
from encoders import text
from transformers.utils import logging as hf_logging

from juqing.errors import InputError
from juqing.pretraining.scratch import SPECIAL, TOKENIZERS, ScratchConfig, learn_tokenizer, write_encoder
from juqing.recognition.encoders import load_encoder
from juqing.text.corpus import Corpus
from juqing.text.windows import LineTokenizer

SMALL: dict[str, Any] = {"dim": 16, "n_layers": 2, "n_heads": 2, "vocabulary_size": 1500}


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus([[*text().split("\n"), "Ann laughs, and laughs again."]], unit="character")


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_a_tokenizer_there_and_back(kind, corpus, tmp_path):
    """What it cuts is the text again, blanks and capitals left out; saved and loaded, it cuts the same."""
    tokenizer = learn_tokenizer(kind, corpus, 3000)
    assert tokenizer.n_tokens <= 3000
    assert (tokenizer.pad, tokenizer.cls, tokenizer.sep, tokenizer.hidden) == (0, 2, 3, 4)
    tokenizer.save(tmp_path)
    again = LineTokenizer.load(tmp_path)
    lines = [line for line in text().split("\n")[:60] if line.strip()] + ["Ann laughs"]
    assert again.encode(lines) == tokenizer.encode(lines)
    backend = tokenizer._tokenizer
    assert [backend.id_to_token(k) for k in range(5)] == list(SPECIAL)
    for line, (ids, offsets) in zip(lines, again.encode(lines), strict=True):
        assert SPECIAL.index("[UNK]") not in ids
        pieces = [str(backend.id_to_token(k)).removeprefix("##") for k in ids]
        assert "".join(pieces) == "".join(line.lower().split())
        assert "".join(line[start:end] for start, end in offsets) == "".join(line.split())


def test_bpe_makes_words_of_characters(corpus):
    lines = text().split("\n")
    one, two = (learn_tokenizer(kind, corpus, 4000).encode(lines) for kind in ("wordpiece", "bpe"))
    assert sum(len(ids) for ids, _ in two) < 0.8 * sum(len(ids) for ids, _ in one)


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_an_encoder_with_random_weights(kind, corpus, tmp_path):
    write_encoder(ScratchConfig(tokenizer=kind, **SMALL), corpus, tmp_path / "start")
    encoder, tokenizer = load_encoder(str(tmp_path / "start"))
    assert encoder.config.hidden_size == 16 and encoder.config.num_hidden_layers == 2
    assert encoder.config.intermediate_size == 64 and encoder.config.pad_token_id == tokenizer.pad
    assert encoder.config.vocab_size == tokenizer.n_tokens


@pytest.mark.parametrize("kind", TOKENIZERS)
def test_an_empty_text(kind):
    with pytest.raises(InputError, match="the text is empty"):
        learn_tokenizer(kind, Corpus([[" ", ""]], unit="character"), 100)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tokenizer": "unigram"}, "tokenizer is 'unigram'. Choose one of wordpiece, bpe"),
        ({"vocabulary_size": 5}, "vocabulary_size is 5"),
        ({"dim": 15}, "dim is 15, n_heads 2"),
        ({"n_layers": 0}, "n_layers is 0"),
        ({"encoder": "x"}, "an encoder is named, and one from nothing"),
        ({"layers": (1,)}, "an encoder is named"),
        ({"freeze_embeddings": True}, "freeze_embeddings is true"),
        ({"window": 600, "batch_tokens": 600}, "window is 600"),
    ],
)
def test_settings_that_are_wrong(changes, message):
    with pytest.raises(InputError) as caught:
        ScratchConfig(**{**SMALL, **changes})
    assert message in str(caught.value)


def test_nothing_is_printed(corpus, tmp_path, capfd):
    hf_logging.enable_progress_bar()
    write_encoder(ScratchConfig(**SMALL), corpus, tmp_path / "encoder")
    assert capfd.readouterr() == ("", "")
