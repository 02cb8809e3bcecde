"""A script as token windows: lines of one scene packed to a budget, each cue scored in exactly one window.

A window is `<cls> line <sep> line <sep> ...`. Its first and last lines may be context: repeated from the neighboring windows of the
scene, unscored. A line of more tokens than a window holds is cut at its end. Nothing here knows of models: arrays of token ids
and positions come out, which a trained encoder and ONNX Runtime read alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from juqing.errors import ModelError
from juqing.script import Script
from juqing.text.lines import line_text, simplified
from juqing.text.names import NameFinder, name_finder
from juqing.text.pseudonyms import MASK, draw_names

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TOKENIZER_FILE = "tokenizer.json"
_MAX_ELSEWHERE = 32
"""So many tokens of a character's mentions in the other lines of a window are looked at."""


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """How a scene is cut. `budget` is a window's length in tokens, of which up to `leading` and `trailing` are context."""

    budget: int = 256
    leading: int = 64
    trailing: int = 32


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens, and where the cues that are scored in it stand.

    Attributes:
        token_ids: (n_tokens,) int64.
        cues: (n,) int64 indexes into `script.cues`.
        roles: (n,) int64, 0 for the speaker of the line, 1 for who is present.
        lines: For each cue the first token of its line and the one behind the last.
        mentions: For each cue the tokens of its character's name, or of the pronoun, in its line; may be empty.
        elsewhere: For each cue the tokens of its character's name in the other lines of the window; may be empty.
    """

    token_ids: np.ndarray
    cues: np.ndarray
    roles: np.ndarray
    lines: list[tuple[int, int]]
    mentions: list[list[int]]
    elsewhere: list[list[int]]


@dataclass(slots=True)
class _Line:
    token_ids: list[int]
    names: dict[str, list[int]]  # the tokens of each character's name, counted from the start of the line
    cues: list[int] = field(default_factory=list)


class LineTokenizer:
    """Texts to token ids, by the `tokenizer.json` of a Hugging Face encoder.

    Attributes:
        cls, sep: The tokens at the start and the end of an input.
        pad: The token that fills shorter windows.
        hidden: The token that stands for one that is not to be seen.
    """

    def __init__(self, tokenizer: Tokenizer, pad: int = 0):
        frame = tokenizer.encode("").ids
        if len(frame) != 2:
            raise ModelError(
                f"the tokenizer frames a text by {len(frame)} tokens, not by a start and an end.",
                "Take an encoder of the BERT family (BERT, RoBERTa, ELECTRA, ERNIE, XLM-R).",
            )
        self.cls, self.sep = frame
        self.pad = pad
        known = list(map(tokenizer.token_to_id, ("<mask>", "[MASK]", "<unk>", "[UNK]")))
        self.hidden = next((token for token in known if token is not None), pad)
        self._unknown = {token for token in known[2:] if token is not None}
        self.n_tokens = tokenizer.get_vocab_size()
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, folder: Path, pad: int = 0) -> LineTokenizer:
        """Read `tokenizer.json` of a folder.

        Raises:
            ModelError: It is missing, damaged, or of another kind.
        """
        from tokenizers import Tokenizer

        path = folder / TOKENIZER_FILE
        try:
            tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the library raises Exception itself
            raise ModelError(f"the tokenizer cannot be read ({error}).", "Take a complete folder.", path=path) from None
        return cls(tokenizer, pad)

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` into an existing folder."""
        self._tokenizer.save(str(folder / TOKENIZER_FILE))

    def special(self) -> dict[str, str]:
        """The `tokenizer_config.json` that other programs need beside `tokenizer.json`."""
        ids = {"cls_token": self.cls, "sep_token": self.sep, "pad_token": self.pad, "mask_token": self.hidden}
        names = {name: self._tokenizer.id_to_token(token) for name, token in ids.items()}
        return {"tokenizer_class": "PreTrainedTokenizerFast", **{name: token for name, token in names.items() if token}}

    def unknown_part(self, texts: Sequence[str]) -> float:
        """How many of the tokens of texts stand for signs that the tokenizer does not know, in 0..1."""
        found = [token for ids, _ in self.encode(texts) for token in ids]
        return sum(token in self._unknown for token in found) / max(1, len(found))

    def same_as(self, other: LineTokenizer) -> bool:
        """Whether both make the same tokens of all texts."""
        return self._tokenizer.to_str() == other._tokenizer.to_str()

    def encode(self, texts: Sequence[str]) -> list[tuple[list[int], list[tuple[int, int]]]]:
        """The token ids of each text, and for each token the characters that it stands for (start, end)."""
        encoded = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [(encoding.ids, encoding.offsets) for encoding in encoded]


def training_names(script: Script, random_state: Random, keep: float) -> dict[str, str]:
    """New names for everybody in a script, masked or not; each stays as it is with probability `keep`."""
    names = _all_names(script)
    drawn = draw_names(names, random_state)
    return {name: name if random_state.random() < keep else drawn[name] for name in names}


def reading_names(script: Script) -> dict[str, str]:
    """Names for what is masked, always the same for the same script; real names stay as they are."""
    return draw_names([name for name in _all_names(script) if MASK.fullmatch(name)], Random(0))


def _all_names(script: Script) -> list[str]:
    """The cast, and the masks that occur in the text without belonging to the cast, in a fixed order."""
    known = [character.name for character in script.cast]
    masks = {mask for line in script.lines for mask in MASK.findall(line.printed)}
    return [*known, *sorted(masks.difference(known))]


def windows(
    script: Script,
    tokenizer: LineTokenizer,
    settings: WindowSettings,
    names: Mapping[str, str] | None = None,
    *,
    shift: Random | None = None,
) -> list[Window]:
    """Cut a script into windows, in order; every cue is in exactly one of them. Windows without a cue are left out.

    Args:
        script: The script.
        tokenizer: The encoder's.
        settings: Lengths in tokens.
        names: What to write for a name; `reading_names` where None.
        shift: Makes the first window of each scene shorter by chance, so that the next ones begin elsewhere each time.
    """
    if not script.cues:
        return []
    lines = _lines(script, tokenizer, reading_names(script) if names is None else names)
    room = settings.budget - 2
    for line in lines:
        if len(line.token_ids) > room:
            del line.token_ids[room:]
            line.names = {name: [k for k in found if k < room] for name, found in line.names.items()}
    for i, cue in enumerate(script.cues):
        lines[cue.line].cues.append(i)
    result: list[Window] = []
    for scene in script.scenes:
        if scene.lines:
            first, last = scene.lines[0].index, scene.lines[-1].index + 1
            sizes = [len(line.token_ids) + 1 for line in lines[first:last]]  # with the separator
            shortened = shift.randint(settings.budget // 3, settings.budget) if shift else settings.budget
            for bounds in _cut(sizes, settings, shortened):
                before, start, end, after = (first + k for k in bounds)
                if any(lines[i].cues for i in range(start, end)):
                    result.append(_window(script, lines, (before, start, end, after), tokenizer))
    return result


def _cut(sizes: Sequence[int], settings: WindowSettings, first_budget: int) -> list[tuple[int, int, int, int]]:
    """The windows of a scene whose lines have these sizes: first line, first scored, last scored + 1, last + 1."""
    result = []
    start, n_lines, budget = 0, len(sizes), first_budget
    sums = [0, *accumulate(sizes)]
    while start < n_lines:
        before, n = start, 1  # <cls>
        while before > 0 and n - 1 + sizes[before - 1] <= settings.leading:
            before -= 1
            n += sizes[before]
        while before < start and n + sizes[start] > budget:  # a long line needs the room of its context
            n -= sizes[before]
            before += 1
        # The last window needs no room for lines behind it.
        limit = budget if n + sums[-1] - sums[start] <= budget else budget - settings.trailing
        end = start
        while end < n_lines and (end == start or n + sizes[end] <= limit):
            n += sizes[end]
            end += 1
        after = end
        while after < n_lines and n + sizes[after] <= budget:
            n += sizes[after]
            after += 1
        result.append((before, start, end, after))
        start, budget = end, settings.budget
    return result


def _window(script: Script, lines: list[_Line], bounds: tuple[int, int, int, int], tokenizer: LineTokenizer) -> Window:
    before, start, end, after = bounds
    ids = [tokenizer.cls]
    starts: dict[int, int] = {}
    places: dict[str, list[tuple[int, int]]] = {}  # of each character the line and the token of its mentions
    for i in range(before, after):
        starts[i] = len(ids)
        for name, tokens in lines[i].names.items():
            places.setdefault(name, []).extend((i, len(ids) + token) for token in tokens)
        ids += lines[i].token_ids
        ids.append(tokenizer.sep)
    cues = [k for i in range(start, end) for k in lines[i].cues]
    spans, mentions, elsewhere = [], [], []
    for k in cues:
        cue = script.cues[k]
        i = cue.line
        spans.append((starts[i], starts[i] + len(lines[i].token_ids) + 1))
        key = f"\0{k}" if cue.by == "pronoun" else cue.character
        mentions.append([token for line, token in places.get(key, ()) if line == i])
        rest = [(abs(line - i), token) for line, token in places.get(cue.character, ()) if line != i]
        elsewhere.append(sorted(token for _, token in sorted(rest)[:_MAX_ELSEWHERE]))
    roles = [int(script.cues[k].role != "speaker") for k in cues]
    return Window(np.array(ids), np.array(cues), np.array(roles), spans, mentions, elsewhere)


def named_lines(script: Script, names: Mapping[str, str]) -> list[str]:
    """The text of every line with new names."""
    return [text for text, _ in _renamed(script, names)]


def _renamed(script: Script, names: Mapping[str, str]) -> list[tuple[str, list[tuple[int, int, str]]]]:
    """The text of every line with new names, and where they stand in it: start, end, whose."""
    finder = name_finder(script)
    extra = [name for name in names if name not in finder.forms]
    if extra:
        finder = NameFinder({**finder.forms, **{name: name for name in extra}})
    convert = simplified() if script.language == "zh-Hant" else None
    if convert is not None:
        finder = NameFinder({convert(form): name for form, name in finder.forms.items()})
    result = []
    for line in script.lines:
        text = line_text(line)
        if convert is not None:
            text = convert(text)
        pieces, found, at, n = [], [], 0, 0
        for start, end, name in finder.spans(text):
            written = names.get(name, text[start:end])
            pieces += [text[at:start], written]
            n += start - at
            found.append((n, n + len(written), name))
            n += len(written)
            at = end
        result.append(("".join(pieces) + text[at:], found))
    return result


def _lines(script: Script, tokenizer: LineTokenizer, names: Mapping[str, str]) -> list[_Line]:
    """Every line tokenized, with new names and where they stand; a cue's pronoun stands under the key `\\0` and its index."""
    pronouns: dict[int, list[tuple[int, str]]] = {}
    for k, cue in enumerate(script.cues):
        if cue.by == "pronoun" and cue.word:
            pronouns.setdefault(cue.line, []).append((k, cue.word))
    renamed = _renamed(script, names)
    for i, cues in pronouns.items():
        text, found = renamed[i]
        for k, word in cues:
            if (start := text.find(word)) >= 0:
                found.append((start, start + len(word), f"\0{k}"))
    result = []
    for (ids, offsets), (_, found) in zip(tokenizer.encode([text for text, _ in renamed]), renamed, strict=True):
        places: dict[str, list[int]] = {}
        for start, end, name in found:
            tokens = [k for k, (a, b) in enumerate(offsets) if a < end and b > start]
            places.setdefault(name, []).extend(tokens)
        result.append(_Line(list(ids), places))
    return result


def collate(batch: Sequence[Window], pad: int) -> dict[str, np.ndarray]:
    """Put windows side by side.

    Returns:
        `token_ids` and `mask`, (n_windows, n_tokens) int64, the mask 1 where there is a token; `lines`, (n_cues, 2) int64, the
        first position of each cue's line and the one behind the last; `mentions` and `elsewhere`, (n_cues, n) int64 each with
        its own n, filled up with -1; `roles`, (n_cues,) int64. Positions count through the rows of `token_ids`.
    """
    width = max(len(window.token_ids) for window in batch)
    token_ids = np.full((len(batch), width), pad, dtype=np.int64)
    mask = np.zeros((len(batch), width), dtype=np.int64)
    lines, mentions, elsewhere = [], [], []
    for row, window in enumerate(batch):
        n = len(window.token_ids)
        token_ids[row, :n] = window.token_ids
        mask[row, :n] = 1
        at = row * width
        lines += [(at + start, at + end) for start, end in window.lines]
        mentions += [[at + k for k in tokens] for tokens in window.mentions]
        elsewhere += [[at + k for k in tokens] for tokens in window.elsewhere]
    return {
        "token_ids": token_ids,
        "mask": mask,
        "lines": np.array(lines, dtype=np.int64),
        "mentions": _ragged(mentions),
        "elsewhere": _ragged(elsewhere),
        "roles": np.concatenate([window.roles for window in batch]),
    }


def _ragged(rows: Sequence[Sequence[int]]) -> np.ndarray:
    table = np.full((len(rows), max(1, *map(len, rows))), -1, dtype=np.int64)
    for k, row in enumerate(rows):
        table[k, : len(row)] = row
    return table


def batches(lengths: Sequence[int], n_tokens: int) -> list[list[int]]:
    """Items grouped by length, so that a batch, padded to its longest item, is at most `n_tokens`."""
    result: list[list[int]] = []
    group: list[int] = []
    for i in sorted(range(len(lengths)), key=lambda i: (-lengths[i], i)):
        if group and (len(group) + 1) * lengths[group[0]] > n_tokens:
            result.append(group)
            group = []
        group.append(i)
    return [*result, group] if group else result
