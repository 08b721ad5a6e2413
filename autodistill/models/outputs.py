"""A model's outputs on a split, memory-mapped: float32 logits, packed float16 hidden states."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch
from autodistill.models.device import device
from autodistill.models.tokens import TokenBatch, Tokens

BATCH_EXAMPLES, BATCH_TOKENS = 64, 8192
"""A batch without gradient is full at either."""


class Rows(Protocol):
    """Hidden states, one row for each packed token."""

    def __len__(self) -> int: ...
    def __getitem__(self, where: NDArray[np.int64], /) -> Any: ...


@dataclass(frozen=True)
class Outputs:
    """What a model said about N examples."""

    logits_NC: NDArray[np.float32]
    hidden: Mapping[int, Rows]
    """By layer."""

    def padded(self, layer: int, batch: TokenBatch) -> torch.Tensor:
        """Return one layer's states of a batch in float32, (B, T, width), zero at padding."""
        rows = torch.from_numpy(self.hidden[layer][batch.where]).to(device()).float()
        states_BTD = rows.new_zeros(*batch.mask_BT.shape, rows.shape[-1])
        states_BTD[batch.mask_BT] = rows
        return states_BTD

    def joined(self, other: Outputs) -> Outputs:
        """Return these outputs followed by the others; hidden states stay where they are."""
        hidden = {k: _Joined(v, other.hidden[k]) for k, v in self.hidden.items()}
        return Outputs(np.concatenate([self.logits_NC, other.logits_NC]), hidden)


class _Joined:
    """Two arrays as one, gathered row by row when asked for."""

    def __init__(self, first: Rows, second: Rows) -> None:
        self.first, self.second = first, second

    def __len__(self) -> int:
        return len(self.first) + len(self.second)

    def __getitem__(self, where: NDArray[np.int64]) -> NDArray[np.float16]:
        early = where < len(self.first)
        head, tail = self.first[where[early]], self.second[where[~early] - len(self.first)]
        rows: NDArray[np.float16] = np.empty((len(where), head.shape[1]), dtype=np.float16)
        rows[early], rows[~early] = head, tail
        return rows


def logits(model: Any, tokens: Tokens) -> NDArray[np.float32]:
    """Return a model's logits on every example, in evaluation mode, shape (N, C)."""
    logits_NC = np.zeros((len(tokens), model.config.num_labels), dtype=np.float32)
    for positions_B, _, out in _run(model, tokens, np.arange(len(tokens)), hidden=False):
        logits_NC[positions_B] = out.logits.float().cpu().numpy()
    return logits_NC


def write_outputs(
    model: Any,
    tokens: Tokens,
    positions: NDArray[np.int64],
    layers: Sequence[int],
    folder: Path,
    split: str,
) -> None:
    """Write a model's outputs on some examples of a split; the rest is NaN, and a hole on disk."""
    shape = (len(tokens), model.config.num_labels)
    logits_NC = _created(folder / f"{split}.logits.npy", shape, np.float32)
    logits_NC[:] = np.nan
    shape = (len(tokens.ids), model.config.hidden_size)
    states = {k: _created(folder / f"{split}.hidden.{k}.npy", shape, np.float16) for k in layers}
    for positions_B, batch, out in _run(model, tokens, positions, hidden=bool(layers)):
        logits_NC[positions_B] = out.logits.float().cpu().numpy()
        for k in layers:
            states[k][batch.where] = out.hidden_states[k][batch.mask_BT].half().cpu().numpy()


def read_outputs(folder: Path, split: str, tokens: Tokens, layers: Sequence[int] = ()) -> Outputs:
    """Map one split's outputs into memory.

    Raises:
        ValueError: When they are not on these tokens.
    """
    logits_NC = np.load(folder / f"{split}.logits.npy", mmap_mode="r")
    hidden = {k: np.load(folder / f"{split}.hidden.{k}.npy", mmap_mode="r") for k in layers}
    if len(logits_NC) != len(tokens) or any(len(h) != len(tokens.ids) for h in hidden.values()):
        message = f"The outputs in {folder} belong to other tokens; delete the folder."
        raise ValueError(message)
    return Outputs(logits_NC, hidden)


def _created(path: Path, shape: tuple[int, int], dtype: type[np.generic]) -> NDArray[Any]:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)


def _run(
    model: Any, tokens: Tokens, positions: NDArray[np.int64], *, hidden: bool
) -> Iterator[tuple[NDArray[np.int64], TokenBatch, Any]]:
    """Yield (positions, batch, output) over batches of like length, in evaluation mode."""
    model.eval()
    for positions_B in _batches(tokens.lengths, positions):
        batch = tokens.batch(positions_B)
        with torch.inference_mode():
            out = model(input_ids=batch.ids_BT, output_hidden_states=hidden, **batch.inputs(model))
        yield positions_B, batch, out


def _batches(
    lengths_N: NDArray[np.int64], positions: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    order = positions[np.argsort(lengths_N[positions], kind="stable")]
    start = 0
    for stop in range(1, len(order) + 1):
        # The next example would be the longest of its batch.
        full = stop - start == BATCH_EXAMPLES
        if stop == len(order) or full or lengths_N[order[stop]] * (stop + 1 - start) > BATCH_TOKENS:
            yield order[start:stop]
            start = stop
