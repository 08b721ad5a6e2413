"""Reverse KL divergence."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import bounded, kl
from autodistill.task import CLASSIFICATION, Task


class ReverseKL(TemperedLoss, title="Reverse KL"):
    """KL(student || teacher) on softened logits: mode-seeking (e.g. MiniLLM, Gu et al., 2024).

    The teacher's log-probabilities are kept above -15, because the gradient grows without bound
    where a nearly one-hot teacher excludes what the student says (our bound).
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["reverse_kl"] = "reverse_kl"

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p = torch.log_softmax(teacher_BC / self.temperature, dim=1)
        log_q = torch.log_softmax(student_BC / self.temperature, dim=1)
        return self.temperature**2 * kl(log_q, bounded(log_p))
