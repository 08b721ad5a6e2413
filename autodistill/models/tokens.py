"""Tokens of a split, packed without padding, memory-mapped. N examples, B batch, T time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.data.table import Split
from autodistill.lazy import torch
from autodistill.models.device import device

ARRAYS = ("ids", "types", "offsets")


@dataclass(frozen=True)
class Tokens:
    """Token ids of N examples end to end; example n is `ids[offsets[n]:offsets[n + 1]]`."""

    ids: NDArray[np.int32]
    types: NDArray[np.int32]
    """Segment of each token: 0, or 1 in the second text of a pair."""
    offsets: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Number of tokens of each example."""
        return np.diff(self.offsets)

    @property
    def row_offsets(self) -> NDArray[np.int64]:
        """What is predicted of example n are the rows `row_offsets[n]:row_offsets[n + 1]`."""
        return np.arange(len(self) + 1)

    def rows(self, positions_B: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rows of some examples, one example after the other."""
        offsets = self.row_offsets
        return np.concatenate([np.arange(offsets[p], offsets[p + 1]) for p in positions_B])

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
        mask = torch.from_numpy(mask_BT).to(device())
        return TokenBatch(padded[0], padded[1], mask, where, self.rows(positions_B), None)

    def joined(self, other: Tokens) -> Tokens:
        """Return these examples followed by the others."""
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
    """Cut the texts of a split into tokens, the longer of a pair first where they are too long."""
    if not len(split):  # a tokenizer wants at least one text
        nothing = np.zeros(0, dtype=np.int32)
        return Tokens(nothing, nothing, np.zeros(1, dtype=np.int64))
    pairs = (split.pairs,) if split.pairs is not None else ()
    coded = tokenizer(
        split.texts, *pairs, truncation=True, max_length=max_length, return_token_type_ids=True
    )
    ids: Sequence[Sequence[int]] = coded["input_ids"]
    return Tokens(
        np.fromiter(chain.from_iterable(ids), dtype=np.int32),
        np.fromiter(chain.from_iterable(coded["token_type_ids"]), dtype=np.int32),
        np.concatenate([[0], np.cumsum([len(row) for row in ids])]).astype(np.int64),
    )


def write_tokens(tokens: Tokens, folder: Path, split: str) -> None:
    """Write one split's arrays."""
    for name in ARRAYS:
        np.save(folder / f"{split}.{name}.npy", getattr(tokens, name))


def read_tokens(folder: Path, split: str) -> Tokens:
    """Map one split's arrays into memory."""
    return Tokens(*(np.load(folder / f"{split}.{name}.npy", mmap_mode="r") for name in ARRAYS))
