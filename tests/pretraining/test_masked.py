"""Masked language models: what is hidden, the head, the measures, the run."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
import torch
import transformers as hf
from encoders import FAMILIES, LONGEST, line_tokenizer, text, tiny_encoder
from safetensors.torch import load_file, save_file
from torch.nn import functional as F

from juqing.errors import InputError, ModelError
from juqing.pretraining import masked as module
from juqing.pretraining.loop import load_config, preset
from juqing.pretraining.masked import (
    HEAD,
    MaskedConfig,
    MaskedModel,
    MaskedTask,
    load_masked,
    mask_words,
    masked_perplexity,
    pseudo_perplexity,
    save_masked,
    token_counts,
    token_windows,
    train_masked,
)
from juqing.pretraining.texts import Windows
from juqing.recognition.encoders import load_encoder
from juqing.recognition.scene import SceneReader
from juqing.text.corpus import Corpus
from juqing.text.windows import LineTokenizer

ID = module._ID


def windows_of(lines: list[str], window: int = 32, tokenizer: LineTokenizer | None = None, **more: Any) -> list:
    return list(token_windows(Corpus([lines], unit="character"), tokenizer or line_tokenizer(), window, **more))


def as_windows(parts: list[np.ndarray]) -> Windows:
    return Windows(np.concatenate(parts), np.cumsum([len(part) for part in parts]))


def config(**changes: Any) -> MaskedConfig:
    settings: dict[str, Any] = {
        "encoder": str(tiny_encoder()), "window": 48, "batch_tokens": 192, "checkpoint_minutes": 1e9, "epochs": 0.5,
    }  # fmt: skip
    return MaskedConfig(**{**settings, **changes})


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return Corpus([text().split("\n")[:150]], unit="character")


# Windows


def test_lines_are_packed_in_order():
    tokenizer = line_tokenizer()
    lines = ["林远走了。", "", "沈渡笑。", "天亮了" * 20]
    windows = windows_of(lines, 16)
    assert all(len(window) <= 16 for window in windows)
    assert all(window[0] == tokenizer.cls and window[-1] == tokenizer.sep for window in windows)
    ids = [k for window in windows for k in (window & ID).tolist() if k not in (tokenizer.cls, tokenizer.sep)]
    assert ids == [k for encoded, _ in tokenizer.encode(lines) for k in encoded]
    assert next(int((window == tokenizer.sep).sum()) for window in windows) == 2  # two lines in the first


def test_another_file_begins_a_window(tmp_path):
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text("天亮了。\n", encoding="utf-8")
    assert len(list(token_windows(Corpus([tmp_path]), line_tokenizer(), 64))) == 2


def test_words_begin_where_rjieba_cuts():
    (window,) = windows_of(["我们高兴。"])
    begins = (window & module._BEGINS > 0).tolist()
    assert begins == [False, True, False, True, False, True, False]  # 我们 高兴 。 in a frame
    (window,) = windows_of(["我们高兴。"], whole_words=False)
    assert (window & module._BEGINS > 0).tolist() == [False, *[True] * 5, False]


@pytest.mark.parametrize("family", FAMILIES)
def test_tokens_of_a_word_belong_together_in_every_family(family):
    """Whatever pieces a tokenizer makes: no word is begun by a token inside a word, but where one token holds several."""
    import rjieba

    tokenizer = load_encoder(str(tiny_encoder(family)))[1]
    for line in text().split("\n")[:40]:
        if not (line := line.strip()):
            continue
        (ids, offsets), (marked,) = tokenizer.encode([line])[0], module.marked_tokens([line], tokenizer)
        assert (marked & ID).tolist() == ids
        assert ((marked & module._BEGINS > 0) ^ (marked & module._GOES_ON > 0)).all()
        edges = set(np.cumsum([0, *map(len, rjieba.cut(line))]).tolist())
        for mark, (start, end), (_, before) in zip(marked[1:], offsets[1:], offsets[:-1], strict=True):
            if start == before and end > start:  # side by side
                assert bool(mark & module._BEGINS) == (start in edges)


def test_counts_of_tokens():
    parts = windows_of(text().split("\n")[:30], 24)
    found = token_counts(as_windows(parts))
    assert found.sum() == sum(map(len, parts))
    ids = np.concatenate(parts) & ID
    assert all(found[k] == (ids == k).sum() for k in set(ids.tolist()))


# Masks


def many() -> list[np.ndarray]:
    return windows_of(text().split("\n"), 128)


def test_of_the_chosen_80_are_hidden_10_replaced_10_stay():
    tokenizer, windows = line_tokenizer(), many()
    made = mask_words(windows, np.random.default_rng(0), tokenizer)
    seen = made.token_ids[made.chosen]
    n = len(seen)
    hidden, stays = (seen == tokenizer.hidden).mean(), (seen == made.targets).mean()
    sigma = math.sqrt(0.25 / n)
    assert n > 500
    assert abs(hidden - 0.8) < 4 * sigma and abs(stays - 0.1) < 4 * sigma and abs(1 - hidden - stays - 0.1) < 4 * sigma
    others = seen[(seen != tokenizer.hidden) & (seen != made.targets)]
    assert not set(others.tolist()) & {tokenizer.cls, tokenizer.sep, tokenizer.pad, tokenizer.hidden}
    for row, window in enumerate(windows):  # nothing else changes
        original, n_tokens = window & ID, len(window)
        rest = ~made.chosen[row, :n_tokens]
        assert (made.token_ids[row, :n_tokens][rest] == original[rest]).all()
        assert made.mask[row].sum() == n_tokens and (made.token_ids[row, n_tokens:] == tokenizer.pad).all()
    assert not made.chosen[made.mask == 0].any()
    frame = [(window == tokenizer.cls) | (window == tokenizer.sep) for window in windows]
    assert not any(made.chosen[row, : len(part)][part].any() for row, part in enumerate(frame))


def test_15_of_100_words_are_chosen_and_whole_words_together():
    tokenizer, windows = line_tokenizer(), many()
    made = mask_words(windows, np.random.default_rng(1), tokenizer)
    n_words = n_chosen = n_long = 0
    for row, window in enumerate(windows):
        starts = np.flatnonzero(window & module._BEGINS)
        for start in starts.tolist():
            end = start + 1
            while end < len(window) and window[end] & module._GOES_ON:
                end += 1
            chosen = made.chosen[row, start:end]
            assert chosen.all() or not chosen.any()
            n_words, n_chosen = n_words + 1, n_chosen + int(chosen[0])
            n_long += int(chosen[0] and end - start > 1)
    assert abs(n_chosen / n_words - 0.15) < 4 * math.sqrt(0.15 * 0.85 / n_words)
    assert n_long > 50


def test_masks_are_drawn_anew_each_time_and_the_same_from_one_seed():
    tokenizer, windows = line_tokenizer(), many()
    one, two, again = (mask_words(windows, np.random.default_rng(seed), tokenizer) for seed in (1, 2, 1))
    assert (one.chosen != two.chosen).any()
    assert (one.token_ids == again.token_ids).all()


def test_listed_words_are_chosen_more_often(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("笑\n怒\n", encoding="utf-8")
    windows = windows_of(["他笑着走了。她微笑。"] * 400, 64, listed=module.read_listed(str(path)))
    made = mask_words(windows, np.random.default_rng(0), line_tokenizer(), mask=0.1, mask_listed=0.6)
    marked = np.zeros(made.chosen.shape, bool)
    for row, window in enumerate(windows):
        marked[row, : len(window)] = window & module._LISTED > 0
    smile = line_tokenizer().encode(["笑"])[0][0][0]
    assert all((window[(window & ID) == smile] & module._LISTED > 0).all() for window in windows)
    assert made.chosen[marked].mean() == pytest.approx(0.6, abs=0.08)
    words = (made.mask > 0) & ~marked
    assert 0.05 < made.chosen[words].mean() < 0.12  # some of these are the frame
    with pytest.raises(InputError, match="list of words cannot be read"):
        module.read_listed(str(tmp_path / "none"))
    path.write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="list of words is empty"):
        module.read_listed(str(path))


def test_at_least_one_word_is_chosen():
    made = mask_words(windows_of(["走"]), np.random.default_rng(0), line_tokenizer(), mask=1e-9)
    assert made.chosen.sum() == 1


# Model


def test_the_loss_of_a_batch_by_hand(corpus):
    """Cross-entropy over the chosen tokens alone, written out with another formula for the head."""
    model, tokenizer = load_masked(str(tiny_encoder()), counts=np.ones(5))
    parts = list(token_windows(corpus, tokenizer, 48))
    task = MaskedTask(model.eval(), tokenizer, as_windows(parts), as_windows(parts[:2]), config())
    made = task.batch(0)

    class Plain:
        device = torch.device("cpu")

    loss, n_tokens = task.loss(model, 0, Plain())  # type: ignore[arg-type]
    with torch.no_grad():
        states = model.encoder(
            input_ids=torch.from_numpy(made.token_ids), attention_mask=torch.from_numpy(made.mask)
        ).last_hidden_state
        vectors = model.embeddings
        losses = []
        for row, column in zip(*np.nonzero(made.chosen), strict=True):
            state = F.gelu(states[row, column])  # the layer begins as the identity, the norm without weights
            state = (state - state.mean()) / (state.var(unbiased=False) + model.encoder.config.layer_norm_eps).sqrt()
            logits = vectors @ state / (vectors.std() * len(state) ** 0.5) + model.head.bias
            losses.append(-logits.log_softmax(0)[made.targets[len(losses)]])
    assert loss.item() == pytest.approx(float(torch.stack(losses).mean()), rel=1e-5)
    assert n_tokens == made.mask.sum()


def test_a_new_head_begins_with_the_frequencies():
    counts = np.array([0, 10, 30])
    model, _ = load_masked(str(tiny_encoder()), counts=counts)
    p = model.head.bias.detach().exp()
    assert float(p.sum()) == pytest.approx(1, rel=1e-4)
    assert float(p[2] / p[1]) == pytest.approx(30.1 / 10.1, rel=1e-4)


@pytest.mark.parametrize("kind", ["bert", "roberta", "electra"])
def test_the_head_of_a_checkpoint_is_taken(kind, tmp_path):
    """The logits are those of the library's own model."""
    folder = tiny_encoder(kind)
    classes: dict[str, Any] = {
        "bert": hf.BertForMaskedLM, "roberta": hf.RobertaForMaskedLM, "electra": hf.ElectraForMaskedLM
    }  # fmt: skip
    torch.manual_seed(1)
    theirs = classes[kind](hf.AutoConfig.from_pretrained(folder)).eval()
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter.add_(torch.randn_like(parameter) * 0.1)
    theirs.save_pretrained(tmp_path)
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    ours, tokenizer = load_masked(str(tmp_path))
    made = mask_words(windows_of(["林远走了。", "天亮了。"], tokenizer=tokenizer), np.random.default_rng(0), tokenizer)
    arrays = [torch.from_numpy(each) for each in (made.token_ids, made.mask, made.chosen)]
    with torch.no_grad():
        expected = theirs(input_ids=arrays[0], attention_mask=arrays[1]).logits[arrays[2]]
        torch.testing.assert_close(ours.eval()(*arrays), expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_saved_and_loaded(family, tmp_path):
    model, tokenizer = load_masked(str(tiny_encoder(family)))
    with torch.no_grad():
        model.head.dense.weight.normal_()
    save_masked(model, tokenizer, tmp_path)
    again, same = load_masked(str(tmp_path))
    assert same.encode(["林远走了。"]) == tokenizer.encode(["林远走了。"])
    state = again.state_dict()
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_a_head_of_another_vocabulary(tmp_path):
    model, tokenizer = load_masked(str(tiny_encoder()))
    save_masked(model, tokenizer, tmp_path)
    state = load_file(tmp_path / HEAD)
    save_file({**state, "bias": state["bias"][:-1].clone()}, tmp_path / HEAD)
    with pytest.raises(ModelError, match=f"{HEAD} does not fit the encoder"):
        load_masked(str(tmp_path))


# Measures


def uniform() -> tuple[MaskedModel, LineTokenizer]:
    model, tokenizer = load_masked(str(tiny_encoder()))
    with torch.no_grad():
        model.head.scale.zero_()
    return model.eval(), tokenizer


def test_who_knows_nothing_has_the_perplexity_of_its_vocabulary():
    model, tokenizer = uniform()
    windows = windows_of(text().split("\n")[:20], 48)
    n_rows = len(model.head.bias)
    perplexity, accuracy = masked_perplexity(model, windows, tokenizer)
    assert perplexity == pytest.approx(n_rows, rel=1e-4) and accuracy < 0.2
    assert pseudo_perplexity(model, windows[:1], tokenizer) == pytest.approx(n_rows, rel=1e-4)


def test_pseudo_perplexity_by_hand():
    model, tokenizer = load_masked(str(tiny_encoder()))
    model.eval()
    windows = windows_of(["林远走了。", "天亮了。"], 48) + windows_of(["沈渡笑。"], 48)
    total, n = 0.0, 0
    for window in windows:
        ids = torch.from_numpy((window & ID).astype(np.int64))[None]
        for t in range(1, ids.shape[1]):
            if ids[0, t] == tokenizer.sep:
                continue
            seen, chosen = ids.clone(), torch.zeros_like(ids, dtype=torch.bool)
            seen[0, t], chosen[0, t] = tokenizer.hidden, True
            with torch.no_grad():
                total -= float(model(seen, torch.ones_like(ids), chosen).log_softmax(1)[0, ids[0, t]])
            n += 1
    for batch in (1, 3, 16):
        assert pseudo_perplexity(model, windows, tokenizer, batch=batch) == pytest.approx(math.exp(total / n), rel=1e-4)


def test_the_measure_is_always_the_same():
    model, tokenizer = load_masked(str(tiny_encoder()))
    windows = windows_of(text().split("\n")[:40], 48)
    assert masked_perplexity(model.eval(), windows, tokenizer) == masked_perplexity(model, windows, tokenizer)


# Runs


def test_an_encoder_that_learns_and_is_taken_everywhere(corpus, tmp_path):
    easy = Corpus([text().split("\n")[20:26] * 60], unit="character")
    done = train_masked(
        config(epochs=4, learning_rate=3e-3, head_learning_rate=1e-2, freeze_embeddings=False, layers=(1,)), easy,
        tmp_path / "encoder",
    )  # fmt: skip
    assert done["perplexity"] < 0.5 * done["perplexity_before"]
    assert done["pseudo_perplexity"] < done["pseudo_perplexity_before"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder"]
    assert {path.name for path in (tmp_path / "encoder").iterdir()} == set(module.ENCODER_FILES)
    encoder, tokenizer = load_encoder(str(tmp_path / "encoder"))
    assert encoder.config.num_hidden_layers == 1
    SceneReader(
        encoder, tokenizer, {"head": "regress", "dropout": 0.1, "budget": 64, "leading": 16, "trailing": 8}
    )  # fmt: skip
    theirs = hf.AutoModel.from_pretrained(tmp_path / "encoder")
    mine: Any = encoder.get_input_embeddings()
    assert torch.equal(theirs.get_input_embeddings().weight, mine.weight)
    # what is logged is true of the folder, and going on begins where this ended
    more = train_masked(config(encoder=str(tmp_path / "encoder"), epochs=0.1), easy, tmp_path / "more")
    assert more["perplexity_before"] == pytest.approx(done["perplexity"], rel=1e-3)
    log = [json.loads(line) for line in (tmp_path / "encoder" / "log.jsonl").read_text("utf-8").splitlines()]
    assert next(row["measured_at"] for row in log if "measured_at" in row) == 0
    assert log[-1]["perplexity"] == done["perplexity"]


def test_frozen_vectors_stay(corpus, tmp_path):
    train_masked(config(), corpus, tmp_path / "out")
    name = "embeddings.word_embeddings.weight"
    before = load_file(tiny_encoder() / "model.safetensors")
    after = load_file(tmp_path / "out" / "model.safetensors")
    assert torch.equal(before[name], after[name])
    assert not torch.equal(before["encoder.layer.0.output.dense.weight"], after["encoder.layer.0.output.dense.weight"])


def test_every_epoch_reads_every_window_once():
    parts = windows_of(text().split("\n"), 48)
    model, tokenizer = load_masked(str(tiny_encoder()))
    seen: dict[int, list] = {}
    for n_processes in (1, 2):
        tasks = [
            MaskedTask(model, tokenizer, as_windows(parts), as_windows(parts[:1]), config(), k, n_processes)
            for k in range(n_processes)
        ]
        n = tasks[0].n_batches()
        assert n == len(parts) // (4 * n_processes)
        made = [task.batch(k) for k in range(2 * n) for task in tasks]
        seen[n_processes] = [batch.token_ids.tolist() for batch in made]
        assert (
            made[0].chosen.shape != made[n * n_processes].chosen.shape
            or (made[0].chosen != made[n * n_processes].chosen).any()
        )
    shared = min(map(len, seen.values())) // 2
    assert seen[1][:shared] == seen[2][:shared]  # the processes share what one has


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"window": LONGEST + 1}, "longer than the encoder reads"),
        ({"layers": (0, 7)}, "the layers 0 to 1"),
        ({"encoder": "/nowhere/at/all"}, "no folder"),
        ({"batch_tokens": 40}, "batch_tokens is 40. A window alone has 48"),
        ({"encoder": ""}, "no encoder is named"),
        ({"mask": 0.0}, "mask is 0.0"),
        ({"mask": 1.0}, "mask is 1.0"),
        ({"dropout": 1.0}, "dropout is 1.0"),
        ({"window": 4}, "window is 4"),
        ({"epochs": 0.0}, "epochs is 0.0"),
        ({"warmup": 0.5, "decay": 0.6}, "1.1 together"),
        ({"weight_decay": -1.0}, "weight_decay is -1.0"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_settings_that_are_wrong(changes, message, corpus, tmp_path):
    with pytest.raises(InputError) as caught:
        train_masked(config(**{"batch_tokens": 192, **changes}), corpus, tmp_path / "out")
    assert message in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_too_short(tmp_path):
    for lines, message in ((["", "  "], "the text is empty"), (["走了。"], "less than a window of 48")):
        with pytest.raises(InputError, match=message):
            train_masked(config(), Corpus([lines], unit="character"), tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_tokenizer_that_does_not_fit(tmp_path, corpus):
    for file in tiny_encoder().iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    tokenizer = line_tokenizer()
    tokenizer._tokenizer.add_tokens(["一个新词"])
    tokenizer.save(tmp_path)
    with pytest.raises(ModelError, match="does not fit: it has"):
        train_masked(config(encoder=str(tmp_path)), corpus, tmp_path.parent / "out")


def test_presets():
    made = load_config(MaskedConfig, preset("masked"), ["mask=0.2"], encoder="x", epochs=None, seed=3)
    assert (made.encoder, made.mask, made.seed, made.epochs) == ("x", 0.2, 3, 1.0)
