"""What a model says on a split, memory-mapped: float32 logits, float16 features and packed states.

Letters: N examples, V rows (one for each example, or for each tagged token), C outputs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autodistill.activations import Activation, Said
from autodistill.errors import InvalidModel, Problem
from autodistill.lazy import torch
from autodistill.models.device import device
from autodistill.models.encoders import bounded_layer, output_layer
from autodistill.models.inputs import Batch, Inputs
from autodistill.models.speaking import Speaker

BATCH_EXAMPLES, BATCH_TOKENS = 64, 8192
"""A batch without gradient is full at either."""


class Rows(Protocol):
    """Vectors by number."""

    def __len__(self) -> int: ...
    def __getitem__(self, where: NDArray[np.int64], /) -> Any: ...


@dataclass(frozen=True)
class Outputs:
    """What a model said about V rows of N examples."""

    logits_VC: NDArray[np.float32]
    features_VE: NDArray[np.float16]
    """What its output layer saw."""
    states: Mapping[Activation, Rows]
    """One vector for each packed token."""
    unbounded_VE: NDArray[np.float16] | None = None
    """What the features were before a tanh bounded them, None where none does."""

    def padded(self, activation: Activation, batch: Batch) -> torch.Tensor:
        """Return some states of a batch in float32, (B, T, width), zero at padding."""
        rows = torch.from_numpy(self.states[activation][batch.where]).to(device()).float()
        states_BTD = rows.new_zeros(*batch.mask_BT.shape, rows.shape[-1])
        states_BTD[batch.mask_BT] = rows
        return states_BTD

    def joined(self, other: Outputs) -> Outputs:
        """Return these outputs followed by the others; all but logits stay where they are."""
        return Outputs(
            np.concatenate([self.logits_VC, other.logits_VC]),
            _in_a_row(self.features_VE, other.features_VE),
            {k: _Joined(v, other.states[k]) for k, v in self.states.items()},
            None
            if self.unbounded_VE is None or other.unbounded_VE is None
            else _in_a_row(self.unbounded_VE, other.unbounded_VE),
        )


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


def _in_a_row(first: Rows, second: Rows) -> Any:
    """Return what is read by rows like one array."""
    return _Joined(first, second)


def outputs(
    model: Any,
    tokens: Inputs,
    positions: NDArray[np.int64] | None = None,
    *,
    low_precision: bool = False,
) -> Outputs:
    """Return a model's logits and features on every row, in evaluation mode.

    Args:
        model: An encoder with a head.
        tokens: Of the examples.
        positions: Of examples; the rows of all others are 0. None takes all.
        low_precision: Whether its matrix products are in bfloat16.
    """
    positions = np.arange(len(tokens)) if positions is None else positions
    num_rows = int(tokens.row_offsets[-1])
    logits_VC = np.zeros((num_rows, model.config.num_labels), dtype=np.float32)
    features_VE = np.zeros((num_rows, output_layer(model).in_features), dtype=np.float16)
    for batch, said in _run(model, tokens, positions, (), low_precision=low_precision):
        logits_VC[batch.rows_V] = said.logits_VC.cpu().numpy()
        features_VE[batch.rows_V] = said.features_VE.half().cpu().numpy()
    return Outputs(logits_VC, features_VE, {})


def write_outputs(
    model: Any,
    tokens: Inputs,
    positions: NDArray[np.int64],
    activations: Sequence[Activation],
    folder: Path,
    split: str,
) -> None:
    """Write a model's outputs on some examples of a split; the rest is NaN, and a hole on disk.

    What is kept in half precision is within 2^-11 of itself.

    Raises:
        InvalidModel: When something is too large for half precision.
    """
    num_rows = int(tokens.row_offsets[-1])
    shape = (num_rows, model.config.num_labels)
    logits_VC = _created(folder / f"{split}.logits.npy", shape, np.float32)
    logits_VC[:] = np.nan
    shape = (num_rows, output_layer(model).in_features)
    features_VE = _created(folder / f"{split}.features.npy", shape, np.float16)
    bounded, unbounded_VE = bounded_layer(model) is not None, features_VE
    if bounded:
        unbounded_VE = _created(folder / f"{split}.unbounded.npy", shape, np.float16)
    states: dict[Activation, NDArray[Any]] = {}
    for batch, said in _run(model, tokens, positions, activations):
        logits_VC[batch.rows_V] = said.logits_VC.cpu().numpy()
        features_VE[batch.rows_V] = _half(said.features_VE)
        if bounded:
            unbounded_VE[batch.rows_V] = _half(said.penultimate)
        for activation, states_BTE in said.states.items():
            if activation not in states:
                path = folder / _file(split, activation)
                states[activation] = _created(
                    path, (int(tokens.offsets[-1]), states_BTE.shape[-1]), np.float16
                )
            states[activation][batch.where] = _half(states_BTE[batch.mask_BT])


def read_outputs(
    folder: Path, split: str, tokens: Inputs, activations: Sequence[Activation] = ()
) -> Outputs:
    """Map one split's outputs into memory.

    Raises:
        ValueError: When they are not on these tokens.
    """

    def mapped(name: str) -> Any:
        return np.load(folder / name, mmap_mode="r")

    logits_VC, features_VE = mapped(f"{split}.logits.npy"), mapped(f"{split}.features.npy")
    states = {a: mapped(_file(split, a)) for a in activations}
    whole = len(logits_VC) == tokens.row_offsets[-1]
    if not whole or any(len(rows) != tokens.offsets[-1] for rows in states.values()):
        message = f"The outputs in {folder} belong to other tokens; delete the folder."
        raise ValueError(message)
    bounded = (folder / f"{split}.unbounded.npy").exists()
    return Outputs(
        logits_VC, features_VE, states, mapped(f"{split}.unbounded.npy") if bounded else None
    )


def _half(values: torch.Tensor) -> NDArray[np.float16]:
    kept = values.half()
    if not torch.isfinite(kept).all():
        largest = values.abs().max().item()
        message = f"What it says inside is kept in half precision, up to 65504; got {largest:.3g}."
        raise InvalidModel(Problem(field="teacher.model", message=message))
    found: NDArray[np.float16] = kept.cpu().numpy()
    return found


def _file(split: str, activation: Activation) -> str:
    return f"{split}.{activation.kind}.{activation.layer}.npy"


def _created(path: Path, shape: tuple[int, int], dtype: type[np.generic]) -> NDArray[Any]:
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.dtype(dtype), shape=shape)


def _run(
    model: Any,
    tokens: Inputs,
    positions: NDArray[np.int64],
    activations: Sequence[Activation],
    *,
    low_precision: bool = False,
) -> Iterator[tuple[Batch, Said]]:
    """Yield (batch, what the model says) over batches of like length, in evaluation mode."""
    model.eval()
    speaker = Speaker(model, activations, low_precision=low_precision)
    try:
        for positions_B in of_like_length(tokens.lengths, positions):
            batch = tokens.batch(positions_B)
            with torch.inference_mode():
                said = speaker(batch.inputs(model), batch.scored_BT)
            yield batch, said
    finally:
        speaker.close()


def of_like_length(
    lengths_N: NDArray[np.int64], positions: NDArray[np.int64]
) -> Iterator[NDArray[np.int64]]:
    """Yield the positions of examples of like length, as many as go into a batch."""
    order = positions[np.argsort(lengths_N[positions], kind="stable")]
    start = 0
    for stop in range(1, len(order) + 1):
        # The next example would be the longest of its batch.
        full = stop - start == BATCH_EXAMPLES
        if stop == len(order) or full or lengths_N[order[stop]] * (stop + 1 - start) > BATCH_TOKENS:
            yield order[start:stop]
            start = stop
