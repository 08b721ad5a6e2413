"""Softened KL divergence."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.losses._base import TemperedLoss
from autodistill.losses._divergence import kl
from autodistill.task import CLASSIFICATION, Task


class SoftenedKL(TemperedLoss, title="Softened KL"):
    """KL(teacher || student) on logits divided by a temperature (Hinton et al., 2015)."""

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["softened_kl"] = "softened_kl"

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p = torch.log_softmax(teacher_BC / self.temperature, dim=1)
        log_q = torch.log_softmax(student_BC / self.temperature, dim=1)
        # The square keeps the gradient's scale independent of the temperature.
        return self.temperature**2 * kl(log_p, log_q)
