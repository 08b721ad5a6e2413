"""A model's outputs on a split: logits in float32, hidden states packed in float16, memory-mapped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch
from autodistill.models.device import device
from autodistill.models.tokens import TokenBatch, Tokens

BATCH = 64


@dataclass(frozen=True)
class Outputs:
    """What a model said about N examples."""

    logits_NC: NDArray[np.float32]
    hidden: Mapping[int, NDArray[np.float16]]
    """By layer, (packed tokens, width); the rows follow the packed tokens."""

    def joined(self, other: Outputs) -> Outputs:
        """Return these outputs followed by the others."""
        hidden = {k: np.concatenate([v, other.hidden[k]]) for k, v in self.hidden.items()}
        return Outputs(np.concatenate([self.logits_NC, other.logits_NC]), hidden)

    def logits(self, positions_B: NDArray[np.int64]) -> torch.Tensor:
        """Return the logits of some examples on the device."""
        return torch.from_numpy(self.logits_NC[positions_B]).to(device())

    def padded(self, layer: int, batch: TokenBatch) -> torch.Tensor:
        """Return one layer's states of a batch in float32, (B, T, width), zero at padding."""
        rows = torch.from_numpy(self.hidden[layer][batch.where]).to(device()).float()
        states = rows.new_zeros(*batch.mask_BT.shape, rows.shape[-1])
        states[batch.mask_BT] = rows
        return states


def infer(model: Any, tokens: Tokens, layers: Sequence[int] = ()) -> Outputs:
    """Run a model in evaluation mode over all examples, in batches of like length."""
    model.eval()
    order = np.argsort(tokens.lengths, kind="stable")
    logits_NC = np.zeros((len(tokens), model.config.num_labels), dtype=np.float32)
    width = model.config.hidden_size
    hidden = {k: np.zeros((len(tokens.ids), width), dtype=np.float16) for k in layers}
    with torch.inference_mode():
        for start in range(0, len(order), BATCH):
            positions_B = order[start : start + BATCH]
            batch = tokens.batch(positions_B)
            out = model(
                input_ids=batch.ids_BT, output_hidden_states=bool(layers), **batch.inputs(model)
            )
            logits_NC[positions_B] = out.logits.float().cpu().numpy()
            for k in layers:
                hidden[k][batch.where] = out.hidden_states[k][batch.mask_BT].half().cpu().numpy()
    return Outputs(logits_NC, hidden)


def write_outputs(outputs: Outputs, folder: Path, split: str) -> None:
    """Write one split's arrays."""
    np.save(folder / f"{split}.logits.npy", outputs.logits_NC)
    for layer, states in outputs.hidden.items():
        np.save(folder / f"{split}.hidden.{layer}.npy", states)


def read_outputs(folder: Path, split: str, layers: Sequence[int] = ()) -> Outputs:
    """Map one split's arrays into memory."""
    logits_NC = np.load(folder / f"{split}.logits.npy", mmap_mode="r")
    hidden = {k: np.load(folder / f"{split}.hidden.{k}.npy", mmap_mode="r") for k in layers}
    return Outputs(logits_NC, hidden)
