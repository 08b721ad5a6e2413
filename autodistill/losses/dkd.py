"""Decoupled knowledge distillation."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import kl, split_at, two_classes
from autodistill.task import CLASSIFICATION, Task, TaskFacts


class DKD(TemperedLoss, title="DKD"):
    """KL at the target class and among the others, weighed apart (Zhao et al., CVPR 2022).

    `alpha KL([p_t, 1 - p_t] || [q_t, 1 - q_t]) + beta KL(p^ || q^)` on softened logits, where p^
    and q^ are the probabilities off the target t, made to sum to one. With alpha 1 and beta 1 - p_t
    it would be KL itself, so KL mutes what a sure teacher knows of the other classes. Where the
    hard loss's target is soft or mixed, t is its largest entry. Ours: no warm-up, and the convex
    mix with the hard loss.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["dkd"] = "dkd"
    alpha: Annotated[float, Ge(0), Le(100), Uniform(0.25, 4.0, log=True)] = 1.0
    """Weight of the target class against all others."""
    beta: Annotated[float, Gt(0), Le(100), Uniform(0.5, 10.0, log=True)] = 2.0
    """Weight of the classes off the target among each other."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse two classes, of which only one is off the target."""
        return super().unsuitable(facts) or (two_classes("dkd") if facts.num_outputs == 2 else None)

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p = torch.log_softmax(teacher_BC / self.temperature, dim=1)
        log_q = torch.log_softmax(student_BC / self.temperature, dim=1)
        *p_B, log_p_BR = split_at(log_p, target_BC)
        *q_B, log_q_BR = split_at(log_q, target_BC)
        target_B = kl(torch.stack(p_B, dim=1), torch.stack(q_B, dim=1))
        parts_B = self.alpha * target_B + self.beta * kl(log_p_BR, log_q_BR)
        return self.temperature**2 * parts_B
