"""What a layer mapping is."""

from __future__ import annotations

from abc import abstractmethod

from autodistill.component import Component
from autodistill.task import TaskFacts


class LayerMapping(Component):
    """Which teacher layer each student layer learns from.

    Layer 0 is the embeddings' output, layer i the output of the i-th transformer layer.
    """

    kind: str

    @abstractmethod
    def pairs(self, facts: TaskFacts) -> tuple[tuple[int, int], ...]:
        """Return the (teacher layer, student layer) pairs that are compared."""
