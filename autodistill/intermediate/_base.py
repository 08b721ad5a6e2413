"""What an intermediate objective is. Letters: B examples, T tokens, D student, E teacher width."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Protocol

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

    Promises, checked for every variant by `autodistill.testing`: one finite number per example;
    padding never counts; gradient to the student and to the objective's own modules only. The mean
    over the batch is the objective, also where it is a quantity of the whole batch.
    """

    kind: str
    batchwise: ClassVar[bool] = False
    """True when an example's value depends on the rest of its batch."""
    zero_on_agreement: ClassVar[bool] = True
    """True when a student whose states equal its teacher's has value zero, the least there is."""

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


class PairObjective(Protocol):
    """What compares the states of one mapped pair of layers; each pair has its own."""

    modules: torch.nn.Module
    """Its parameters; may hold none."""

    def __call__(
        self, student_BTD: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        """Return the objective of each example, shape (B,)."""


class MappedIntermediate(Intermediate):
    """An objective that compares pairs of layers, sums over them and takes part with a weight."""

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

    @abstractmethod
    def build_pair(self, facts: TaskFacts) -> PairObjective:
        """Make the objective of one pair of layers."""

    @override
    def build(self, facts: TaskFacts) -> Objective:
        return _Sum({pair: self.build_pair(facts) for pair in self.layer_pairs(facts)})


class _Sum:
    def __init__(self, objectives: Mapping[tuple[int, int], PairObjective]) -> None:
        self.objectives = objectives
        self.modules = torch.nn.ModuleList(o.modules for o in objectives.values())

    def __call__(
        self,
        student: Mapping[int, torch.Tensor],
        teacher: Mapping[int, torch.Tensor],
        mask_BT: torch.Tensor,
    ) -> torch.Tensor:
        values = [o(student[s], teacher[t], mask_BT) for (t, s), o in self.objectives.items()]
        return torch.stack(values).sum(dim=0)


class PointwiseIntermediate(MappedIntermediate):
    """An objective that compares mapped states token by token.

    Where the widths differ, a linear map that is learnt with the student takes each mapped student
    layer to the teacher's width (weights N(0, 0.02), as in Distiller). An example's value is its
    mean over real tokens, so that long texts do not outweigh short ones (ours; Distiller's mean is
    over all tokens of a batch).
    """

    @abstractmethod
    def distance(self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor) -> torch.Tensor:
        """Return the distance of each pair of token states, shape (B, T)."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse teacher and student that cut a text into different tokens."""
        if facts.shared_tokenizer:
            return super().unsuitable(facts)
        kind = cls.model_fields["kind"].default
        return f"{kind} compares token by token, so teacher and student must share a tokenizer."

    @override
    def build_pair(self, facts: TaskFacts) -> PairObjective:
        return _Pointwise(self, projection(facts))


class _Pointwise:
    def __init__(self, component: PointwiseIntermediate, project: torch.nn.Module) -> None:
        self.distance = component.distance
        self.modules = project

    def __call__(
        self, student_BTD: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        distance_BT = self.distance(self.modules(student_BTD), teacher_BTE)
        return (distance_BT * mask_BT).sum(dim=1) / mask_BT.sum(dim=1)


def projection(facts: TaskFacts) -> torch.nn.Module:
    """Return a linear map from the student's width to the teacher's; the identity if they agree."""
    if facts.student_width == facts.teacher_width:
        return torch.nn.Identity()
    linear = torch.nn.Linear(facts.student_width, facts.teacher_width)
    torch.nn.init.normal_(linear.weight, std=0.02)
    torch.nn.init.zeros_(linear.bias)
    return linear
