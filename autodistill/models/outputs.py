"""A model's outputs on a split: logits in float32, hidden states packed in float16, memory-mapped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch
from autodistill.models.device import device
from autodistill.models.tokens import TokenBatch, Tokens

BATCH_EXAMPLES, BATCH_TOKENS = 64, 8192
"""A batch without gradient ends at either."""


@dataclass(frozen=True)
class Outputs:
    """What a model said about N examples."""

    logits_NC: NDArray[np.float32]
    hidden: Mapping[int, Rows]
    """By layer, one row for each packed token."""

    def padded(self, layer: int, batch: TokenBatch) -> torch.Tensor:
        """Return one layer's states of a batch in float32, (B, T, width), zero at padding."""
        rows = torch.from_numpy(self.hidden[layer][batch.where]).to(device()).float()
        states_BTD = rows.new_zeros(*batch.mask_BT.shape, rows.shape[-1])
        states_BTD[batch.mask_BT] = rows
        return states_BTD

    def joined(self, other: Outputs) -> Outputs:
        """Return these outputs followed by the others, hidden states without copying them."""
        hidden = {k: _Joined(v, other.hidden[k]) for k, v in self.hidden.items()}
        return Outputs(np.concatenate([self.logits_NC, other.logits_NC]), hidden)


Rows = "NDArray[np.float16] | _Joined"


class _Joined:
    """Two arrays as one; rows are gathered when asked for."""

    def __init__(self, first: Rows, second: Rows) -> None:
        self.first, self.second = first, second

    def __len__(self) -> int:
        return len(self.first) + len(self.second)
