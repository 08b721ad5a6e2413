"""Balanced divergences."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import bounded, kl
from autodistill.task import CLASSIFICATION, Task


class BDKL(TemperedLoss, title="Balanced KL (BD-KD)"):
    """Forward plus reverse KL, weighed per row by the entropy gap (BD-KD, Amara et al., 2022).

    `a KL(p || q) + b KL(q || p)` on softened logits, by the gap `g = H(q) - H(p)` at temperature 1.
    Hard: a = factor where the student is too sure (g < 0), b = factor where it is not sure enough
    (g > 0), 1 otherwise. Soft: `b = 2 sigmoid(steepness g)`, `a = 2 - b`. No gradient flows through
    the gap. That rows are gated by it is the paper's; values and direction of the gate are ours
    (the divergence that moves confidence towards the teacher's is strengthened), and so is a frozen
    teacher, whose log-probabilities are kept above -15 in reverse KL. Factor 1 is Jeffreys'.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["bd_kl"] = "bd_kl"
    gate: Annotated[Literal["hard", "soft"], Choice(("hard", "soft"))] = "hard"
    """Whether the weights of a row jump or slide with its entropy gap."""
    factor: Annotated[float, Ge(1), Le(10), Uniform(1.0, 4.0)] = 2.0
    """Weight of the strengthened divergence of a hard gate."""
    steepness: Annotated[float, Ge(0), Le(100), Uniform(0.5, 8.0, log=True)] = 2.0
    """How fast a soft gate slides, per nat of entropy."""

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p = torch.log_softmax(teacher_BC / self.temperature, dim=1)
        log_q = torch.log_softmax(student_BC / self.temperature, dim=1)
        forward_B, reverse_B = self._weights(_entropy(student_BC.detach()) - _entropy(teacher_BC))
        balanced_B = forward_B * kl(log_p, log_q) + reverse_B * kl(log_q, bounded(log_p))
        return self.temperature**2 * balanced_B

    def _weights(self, gap_B: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the weights of forward and reverse KL."""
        if self.gate == "soft":
            reverse_B = 2 * torch.sigmoid(self.steepness * gap_B)
            return 2 - reverse_B, reverse_B
        return 1 + (self.factor - 1) * (gap_B < 0), 1 + (self.factor - 1) * (gap_B > 0)


def _entropy(logits_BC: torch.Tensor) -> torch.Tensor:
    log_p = logits_BC.log_softmax(dim=1)
    return -(log_p.exp() * log_p).sum(dim=1)
