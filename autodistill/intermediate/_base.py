"""What an intermediate objective is. Letters: B examples, T tokens, D student, E teacher width."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Annotated, ClassVar, Protocol, TypeAlias

from annotated_types import Gt
from typing_extensions import override

from autodistill.activations import Activation, ActivationKind, Pairs, Said
from autodistill.component import Component, Uniform
from autodistill.lazy import torch
from autodistill.mappings import AnyLayerMapping, LayerPair
from autodistill.mappings.skip import Skip
from autodistill.pool import Pool
from autodistill.task import TaskFacts

LayerStates: TypeAlias = "tuple[torch.Tensor, ...]"
"""What is compared of one layer, (B, T, width) each."""


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
    """True when an example's value depends on the rest of its batch, whatever the mapping."""
    first_token: ClassVar[bool] = False
    """True when only the first token of each text is looked at, which other tokenizers have too."""
    zero_on_agreement: ClassVar[bool] = True
    """True when a student that says what its teacher says has value zero, the least there is."""
    may_be_negative: ClassVar[bool] = False
    """True when values have no least one, or one below zero."""

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
    """What compares one mapped pair of layers."""

    @property
    def modules(self) -> torch.nn.Module:
        """Return its parameters; may hold none."""

    def __call__(
        self, student: LayerStates, teacher: LayerStates, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        """Return the objective of each example, shape (B,)."""


class MappedIntermediate(WeightedIntermediate):
    """An objective that compares mapped layers and sums over the pairs."""

    compares: ClassVar[tuple[ActivationKind, ...]] = ("hidden",)
    """Which states of a layer are compared; only hidden ones has the embeddings' output."""
    mapping: AnyLayerMapping = Skip()
    """Which teacher layer each student layer learns from."""

    def layers(self, facts: TaskFacts) -> tuple[LayerPair, ...]:
        """Return the (teacher's, student's) layers that are compared."""
        first = 0 if self.compares == ("hidden",) else 1
        return tuple(pair for pair in self.mapping.pairs(facts) if min(pair) >= first)

    @override
    def pairs(self, facts: TaskFacts) -> Pairs:
        return tuple(
            (Activation(kind, t), Activation(kind, s))
            for t, s in self.layers(facts)
            for kind in self.compares
        )

    def build_map(self, facts: TaskFacts) -> torch.nn.Module:
        """Make what a student layer's states go through before they are compared."""
        return torch.nn.Identity()

    @abstractmethod
    def build_pairs(self, facts: TaskFacts, count: int) -> Sequence[PairObjective]:
        """Make the objectives of so many pairs of layers; they may be one and the same."""

    @override
    def build(self, pool: Pool) -> Objective:
        return _Sum(self, pool.facts)


class _Sum:
    def __init__(self, component: MappedIntermediate, facts: TaskFacts) -> None:
        self.mapping, self.kinds = component.mapping, component.compares
        self.layers = component.layers(facts)
        self.maps = {s: component.build_map(facts) for s in sorted({s for _, s in self.layers})}
        self.objectives = component.build_pairs(facts, len(self.layers))
        parts = dict.fromkeys([*self.maps.values(), *(o.modules for o in self.objectives)])
        self.modules = torch.nn.ModuleList(m for m in parts if list(m.parameters()))

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        mine = {s: self._states(student, s, through) for s, through in self.maps.items()}
        theirs = {t: self._states(teacher, t) for t, _ in self.layers}
        values_PB = torch.stack(
            [
                objective(mine[s], theirs[t], mask_BT)
                for (t, s), objective in zip(self.layers, self.objectives, strict=True)
            ]
        )
        flow_P = self.mapping.flow(self.layers, values_PB.detach().mean(dim=1))
        return flow_P @ values_PB

    def _states(
        self, said: Said, layer: int, through: torch.nn.Module | None = None
    ) -> LayerStates:
        found = (said.states[Activation(kind, layer)] for kind in self.kinds)
        return tuple(found if through is None else map(through, found))


class ProjectedIntermediate(MappedIntermediate):
    """An objective on mapped hidden states of one width.

    Where the widths differ, a linear map that is learnt with the student takes each mapped student
    layer to the teacher's width (weights N(0, 0.02), as in Distiller).
    """

    @abstractmethod
    def compare(
        self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        """Return the distance of each example's states, shape (B,)."""

    @override
    def build_map(self, facts: TaskFacts) -> torch.nn.Module:
        return projection(facts)

    @override
    def build_pairs(self, facts: TaskFacts, count: int) -> Sequence[PairObjective]:
        return [_Compared(self)] * count


class _Compared:
    def __init__(self, component: ProjectedIntermediate) -> None:
        self.compare = component.compare
        self.modules = torch.nn.Module()

    def __call__(
        self, student: LayerStates, teacher: LayerStates, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        (student_BTE,), (teacher_BTE,) = student, teacher
        return self.compare(student_BTE, teacher_BTE, mask_BT)


class PointwiseIntermediate(ProjectedIntermediate):
    """An objective that compares mapped states token by token.

    An example's value is its mean over real tokens, so that long texts do not outweigh short ones
    (ours; Distiller's mean is over all tokens of a batch).
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
    def compare(
        self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        distance_BT = self.distance(student_BTE, teacher_BTE)
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


def masked_mean(states_BTD: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
    """Return each example's mean over its real tokens, (B, D)."""
    mask_BT1 = mask_BT[:, :, None]
    return (states_BTD * mask_BT1).sum(dim=1) / mask_BT1.sum(dim=1)
