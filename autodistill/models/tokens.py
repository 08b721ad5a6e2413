"""Tokens of a split, packed without padding, memory-mapped. N examples, V rows, B batch, T time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.table import Split, ends
from autodistill.errors import InvalidModel, Problem
from autodistill.lazy import torch
from autodistill.metrics.entities import Tagging
from autodistill.models.device import device

ARRAYS = ("ids", "types", "offsets")
OF_WORDS = ("scored_V", "words_V")
"""Arrays that are there where words are tagged."""


@dataclass(frozen=True)
class Tokens:
    """Token ids of N examples end to end; example n is `ids[offsets[n]:offsets[n + 1]]`."""

    ids: NDArray[np.int32]
    types: NDArray[np.int32]
    """Segment of each token: 0, or 1 in the second text of a pair."""
    offsets: NDArray[np.int64]
    scored_V: NDArray[np.int64] | None = None
    """Where words are tagged, which of the ids are rows: the first token of each word that is read.

    Each example has one at least.
    """
    words_V: NDArray[np.int64] | None = None
    """Which of the split's words each row is."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each example."""
        return np.diff(self.offsets)

    @cached_property
    def row_offsets(self) -> NDArray[np.int64]:
        """What is predicted of example n are the rows `row_offsets[n]:row_offsets[n + 1]`."""
        if self.scored_V is None:
            return np.arange(len(self) + 1)
        return np.searchsorted(self.scored_V, self.offsets)

    def labels(self, split: Split) -> NDArray[Any]:
        """Return the labels of the rows."""
        return split.labels if self.words_V is None else split.labels[self.words_V]

    def rows(self, positions_B: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of some examples, one example after the other."""
        offsets = self.row_offsets
        return np.concatenate([np.arange(offsets[p], offsets[p + 1]) for p in positions_B])

    def tagging(self, names: Sequence[str]) -> Tagging | None:
        """Return which rows are one sentence, where words are tagged with these names."""
        return None if self.scored_V is None else Tagging(names, self.row_offsets)

    def batch(self, positions_B: NDArray[np.int64]) -> TokenBatch:
        """Return the examples padded to the longest of them."""
        starts_B = self.offsets[positions_B]
        lengths_B = self.offsets[positions_B + 1] - starts_B
        times_T = np.arange(lengths_B.max())
        mask_BT = times_T < lengths_B[:, None]
        where = (starts_B[:, None] + times_T)[mask_BT]
        padded = []
        for packed in (self.ids, self.types):
            grid_BT = np.zeros(mask_BT.shape, dtype=np.int64)
            grid_BT[mask_BT] = packed[where]
            padded.append(torch.from_numpy(grid_BT).to(device()))
        mask, rows_V = torch.from_numpy(mask_BT).to(device()), self.rows(positions_B)
        scored = None
        if self.scored_V is not None:
            scored = torch.zeros_like(mask)
            scored[mask] = torch.from_numpy(np.isin(where, self.scored_V[rows_V])).to(device())
        return TokenBatch(padded[0], padded[1], mask, where, rows_V, scored)

    def joined(self, other: Tokens) -> Tokens:
        """Return these examples followed by the others, where each is one row."""
        assert self.scored_V is None
        return Tokens(
            np.concatenate([self.ids, other.ids]),
            np.concatenate([self.types, other.types]),
            np.concatenate([self.offsets, other.offsets[1:] + self.offsets[-1]]),
        )


@dataclass(frozen=True)
class TokenBatch:
    """Padded examples on the device; padded ids are 0 and masked."""

    ids_BT: torch.Tensor
    types_BT: torch.Tensor
    mask_BT: torch.Tensor
    """True at real tokens."""
    where: NDArray[np.int64]
    """Positions of the real tokens in the packed arrays, row by row."""
    rows_V: NDArray[np.int64]
    """What is predicted of them, as rows of labels and outputs."""
    scored_BT: torch.Tensor | None
    """Which tokens those rows are; None where each example is one."""

    def inputs(self, model: Any) -> dict[str, torch.Tensor]:
        """Return the keyword arguments of a model's forward pass."""
        return {"input_ids": self.ids_BT, **self._about(model, self.mask_BT)}

    def embedded(self, model: Any) -> torch.Tensor:
        """Return what a model reads as real vectors, (B, T, width)."""
        vectors_BTE: torch.Tensor = model.get_input_embeddings()(self.ids_BT)
        return vectors_BTE

    def inputs_of(
        self, model: Any, vectors_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> dict[str, torch.Tensor]:
        """Return the keyword arguments that make a model read these vectors instead."""
        return {"inputs_embeds": vectors_BTE, **self._about(model, mask_BT)}

    def _about(self, model: Any, mask_BT: torch.Tensor) -> dict[str, torch.Tensor]:
        inputs = {"attention_mask": mask_BT.long()}
        if (getattr(model.config, "type_vocab_size", 0) or 0) > 1:
            inputs["token_type_ids"] = self.types_BT
        return inputs


def tokenise(tokenizer: Any, split: Split, max_length: int) -> Tokens:
    """Cut the texts of a split into tokens, the longer of a pair first where they are too long.

    Raises:
        InvalidModel: When the tokenizer makes nothing of an example's words.
    """
    if not len(split):  # a tokenizer wants at least one text
        nothing = np.zeros(0, dtype=np.int32)
        return Tokens(nothing, nothing, np.zeros(1, dtype=np.int64))
    tagged = split.offsets is not None
    pairs = (split.pairs,) if split.pairs is not None else ()
    coded = tokenizer(
        split.words if tagged else split.texts,
        *pairs,
        is_split_into_words=tagged,
        truncation=True,
        max_length=max_length,
        return_token_type_ids=True,
    )
    ids: Sequence[Sequence[int]] = coded["input_ids"]
    scored_V, words_V = _rows(coded, split) if tagged else (None, None)
    return Tokens(
        np.fromiter(chain.from_iterable(ids), dtype=np.int32),
        np.fromiter(chain.from_iterable(coded["token_type_ids"]), dtype=np.int32),
        ends(np.array([len(row) for row in ids])),
        scored_V,
        words_V,
    )


def _rows(coded: Any, split: Split) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the place of each read word's first token, and which of the split's words it is."""
    assert split.offsets is not None
    scored, words, start = [], [], 0
    for example, first in enumerate(split.offsets[:-1].tolist()):
        of_tokens = coded.word_ids(example)
        places = {word: i for i, word in reversed(list(enumerate(of_tokens))) if word is not None}
        if not places:
            shown = " ".join(split.words[example])[:60]
            message = f'Its tokenizer makes nothing of the words "{shown}"; drop the example.'
            raise InvalidModel(Problem(field="model", message=message))
        scored += [start + places[word] for word in sorted(places)]
        words += [first + word for word in sorted(places)]
        start += len(of_tokens)
    return np.array(scored), np.array(words)


def write_tokens(tokens: Tokens, folder: Path, split: str) -> None:
    """Write one split's arrays."""
    for name in (*ARRAYS, *OF_WORDS):
        if (array := getattr(tokens, name)) is not None:
            np.save(_file(folder, split, name), array)


def read_tokens(folder: Path, split: str) -> Tokens:
    """Map one split's arrays into memory."""

    def mapped(name: str) -> Any:
        path = _file(folder, split, name)
        return np.load(path, mmap_mode="r") if path.exists() else None

    return Tokens(*(mapped(name) for name in (*ARRAYS, *OF_WORDS)))


def _file(folder: Path, split: str, name: str) -> Path:
    return folder / f"{split}.{name}.npy"
