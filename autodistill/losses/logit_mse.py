"""Squared error between logits."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.losses._base import WeightedLoss


class LogitMSE(WeightedLoss, title="Logit MSE"):
    """Mean squared difference of logits, or of scores for regression (Ba & Caruana, 2014).

    Distiller's second output loss; a temperature would only change its weight, so it has none.
    """

    kind: Literal["logit_mse"] = "logit_mse"

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        return (student_BC - teacher_BC).square().mean(dim=1)
