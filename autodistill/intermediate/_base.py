"""What an intermediate objective is. Letters: B examples, T tokens, D student, E teacher width."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Protocol

from annotated_types import Gt
from typing_extensions import override

from autodistill.activations import Activation, Pairs, Said
from autodistill.component import Component, Uniform
from autodistill.lazy import torch
from autodistill.mappings import AnyLayerMapping
from autodistill.mappings.skip import Skip
from autodistill.pool import Pool
from autodistill.task import TaskFacts


class Objective(Protocol):
    """A built objective, owned by one trial: it has parameters and is called on each batch."""

    @property
    def modules(self) -> torch.nn.Module:
        """Return what is trained with the student and thrown away at export; may hold none."""

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        """Return the objective of each example, shape (B,), or of each row, (V,).

        Args:
            student: With the states that were asked for, and gradient.
            teacher: The same in float32, without gradient.
            mask_BT: True at real tokens, False at padding.
            target_VC: The hard loss's target of each row.
        """


class Intermediate(Component):
    """What the student's hidden states learn from the teacher's.

    Promises, checked for every variant by `autodistill.testing`: one finite number per example (or
    row); padding never counts; gradient to the student and to the objective's own modules only. The
    mean over the batch is the objective, also where it is a quantity of the whole batch.
    """

    kind: str
    batchwise: ClassVar[bool] = False
    """True when an example's value depends on the rest of its batch."""
    zero_on_agreement: ClassVar[bool] = True
    """True when a student that says what its teacher says has value zero, the least there is."""

    @property
    def intermediate_weight(self) -> float:
        """Factor of this objective in the trial's loss; 0 when there is none."""
        return 0.0

    def pairs(self, facts: TaskFacts) -> Pairs:
        """Return the (teacher's, student's) states that are compared."""
        return ()

    @abstractmethod
    def build(self, pool: Pool) -> Objective:
        """Make the objective for one trial. Parameters are drawn from torch's global generator."""


class WeightedIntermediate(Intermediate):
    """An objective that takes part with a weight."""

    weight: Annotated[float, Gt(0), Uniform(0.01, 3.0, log=True)] = 0.1
    """Factor of the objective in the trial's loss."""

    @property
    @override
    def intermediate_weight(self) -> float:
        return self.weight


class PairObjective(Protocol):
    """What compares the states of one mapped pair of layers; each pair has its own."""

    @property
    def modules(self) -> torch.nn.Module:
        """Return its parameters; may hold none."""

    def __call__(
        self, student_BTD: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        """Return the objective of each example, shape (B,)."""


class MappedIntermediate(WeightedIntermediate):
    """An objective that compares the hidden states of mapped layers and sums over the pairs."""

    cost: ClassVar[str] = "the teacher's hidden states of the mapped layers, in the cache"

    mapping: AnyLayerMapping = Skip()
    """Which teacher layer each student layer learns from."""

    @override
    def pairs(self, facts: TaskFacts) -> Pairs:
        return tuple(
            (Activation("hidden", t), Activation("hidden", s)) for t, s in self.mapping.pairs(facts)
        )

    @abstractmethod
    def build_pair(self, facts: TaskFacts) -> PairObjective:
        """Make the objective of one pair of layers."""

    @override
    def build(self, pool: Pool) -> Objective:
        return _Sum(self, pool.facts)


class _Sum:
    def __init__(self, component: MappedIntermediate, facts: TaskFacts) -> None:
        self.mapping = component.mapping
        self.pairs = component.mapping.pairs(facts)
        self.objectives = [(p, component.build_pair(facts)) for p in component.pairs(facts)]
        self.modules = torch.nn.ModuleList(o.modules for _, o in self.objectives)

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        values_PB = torch.stack(
            [o(student.states[s], teacher.states[t], mask_BT) for (t, s), o in self.objectives]
        )
        flow_P = self.mapping.flow(self.pairs, values_PB.detach().mean(dim=1))
        return flow_P @ values_PB


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
        return different_tokens(cls, facts) or super().unsuitable(facts)

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


def different_tokens(component: type[Component], facts: TaskFacts) -> str | None:
    """Say that a component compares token by token where the tokens differ."""
    if facts.shared_tokenizer:
        return None
    kind = component.model_fields["kind"].default
    return f"{kind} compares token by token, so teacher and student must share a tokenizer."


def projection(facts: TaskFacts) -> torch.nn.Module:
    """Return a linear map from the student's width to the teacher's; the identity if they agree."""
    if facts.student_width == facts.teacher_width:
        return torch.nn.Identity()
    linear = torch.nn.Linear(facts.student_width, facts.teacher_width)
    torch.nn.init.normal_(linear.weight, std=0.02)
    torch.nn.init.zeros_(linear.bias)
    return linear
