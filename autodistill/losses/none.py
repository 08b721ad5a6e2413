"""No output loss."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.losses._base import Loss


class NoLoss(Loss, title="None"):
    """Nothing is learnt from the teacher's outputs; alone, this is plain fine-tuning."""

    kind: Literal["none"] = "none"

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return student_BC.new_zeros(student_BC.shape[0])
