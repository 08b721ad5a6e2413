"""What an intermediate objective is. Letters: B examples, T tokens, D student, E teacher width."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Protocol

from annotated_types import Gt
from typing_extensions import override

from autodistill.component import Component, Uniform
from autodistill.lazy import torch
from autodistill.mappings import AnyLayerMapping
from autodistill.mappings.skip import Skip
from autodistill.task import TaskFacts


class Objective(Protocol):
    """A built objective, owned by one trial: it has parameters and is called on each batch."""

    modules: torch.nn.ModuleList
    """What is trained along with the student and thrown away at export; may be empty."""

    def __call__(
        self,
        student: Mapping[int, torch.Tensor],
        teacher: Mapping[int, torch.Tensor],
        mask_BT: torch.Tensor,
    ) -> torch.Tensor:
        """Return the objective of each example, shape (B,), summed over the mapped layer pairs.

        Args:
            student: Hidden states (B, T, D) by layer, with gradient.
            teacher: Hidden states (B, T, E) by layer, in float32, without gradient.
            mask_BT: True at real tokens, False at padding.
        """


class Intermediate(Component):
    """What the student's hidden states learn from the teacher's.

    Promises, checked for every variant: one finite number per example; padding never counts;
    gradient to the student and to the objective's own modules only.
    """

    kind: str

    @property
    def intermediate_weight(self) -> float:
        """Factor of this objective in the trial's loss; 0 when there is none."""
        return 0.0

    def layer_pairs(self, facts: TaskFacts) -> tuple[tuple[int, int], ...]:
        """Return the (teacher layer, student layer) pairs whose hidden states are needed."""
        return ()

    @abstractmethod
    def build(self, facts: TaskFacts) -> Objective:
        """Make the objective for one trial. Parameters are drawn from torch's global generator."""


class MappedIntermediate(Intermediate):
    """An objective that compares pairs of layers and takes part with a weight."""

    weight: Annotated[float, Gt(0), Uniform(0.01, 3.0, log=True)] = 0.1
    """Factor of the objective in the trial's loss."""
    mapping: AnyLayerMapping = Skip()
    """Which teacher layer each student layer learns from."""

    @property
    @override
    def intermediate_weight(self) -> float:
        return self.weight

    @override
    def layer_pairs(self, facts: TaskFacts) -> tuple[tuple[int, int], ...]:
        return self.mapping.pairs(facts)
