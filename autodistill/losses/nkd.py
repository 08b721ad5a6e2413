"""Normalised knowledge distillation."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Gt, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import split_at, two_classes
from autodistill.task import CLASSIFICATION, Task, TaskFacts


class NKD(TemperedLoss, title="NKD"):
    """Cross-entropies at the target class and among the others (Yang et al., ICCV 2023).

    `-p_t log q_t - gamma T^2 sum_i p^_i log q^_i`: the first at temperature 1, the second over the
    classes off the target t, each side softened and made to sum to one. So a sure teacher still
    tells how the other classes are related. They are cross-entropies: agreement does not make them
    zero. Where the hard loss's target is soft or mixed, t is its largest entry, as in the authors'
    code. Ours: the convex mix with the hard loss, which has weight 1 in the paper.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["nkd"] = "nkd"
    gamma: Annotated[float, Gt(0), Le(100), Uniform(0.25, 8.0, log=True)] = 1.5
    """Weight of the classes off the target."""

    @property
    @override
    def zero_on_agreement(self) -> bool:
        return False

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse two classes, of which only one is off the target."""
        return super().unsuitable(facts) or (two_classes("nkd") if facts.num_outputs == 2 else None)

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p_B, _, _ = split_at(teacher_BC.log_softmax(dim=1), target_BC)
        log_q_B, _, _ = split_at(student_BC.log_softmax(dim=1), target_BC)
        _, _, log_p_BR = split_at(teacher_BC / self.temperature, target_BC)
        _, _, log_q_BR = split_at(student_BC / self.temperature, target_BC)
        others_B = -(log_p_BR.exp() * log_q_BR).sum(dim=1)
        return -log_p_B.exp() * log_q_B + self.gamma * self.temperature**2 * others_B
