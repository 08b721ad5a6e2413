"""What a layer mapping is."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

from autodistill.component import Component
from autodistill.lazy import torch
from autodistill.task import TaskFacts

LayerPair = tuple[int, int]
"""(Teacher layer, student layer)."""


class LayerMapping(Component):
    """Which teacher layer each student layer learns from.

    Layer 0 is the embeddings' output, layer i the output of the i-th transformer layer.
    """

    kind: str
    batchwise: ClassVar[bool] = False
    """True when the flow depends on what the pairs cost in the batch."""

    @abstractmethod
    def pairs(self, facts: TaskFacts) -> tuple[LayerPair, ...]:
        """Return the pairs that are compared."""

    def flow(self, pairs: Sequence[LayerPair], costs_P: torch.Tensor) -> torch.Tensor:
        """Return how much each pair counts in a batch, shape (P,), given what each costs there."""
        return torch.ones_like(costs_P)
