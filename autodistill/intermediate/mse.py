"""Squared error between hidden states."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.intermediate._base import PointwiseIntermediate
from autodistill.lazy import torch


class MSE(PointwiseIntermediate, title="Hidden-state MSE"):
    """Mean squared difference of hidden states over channels (TinyBERT, Jiao et al., 2020)."""

    kind: Literal["mse"] = "mse"

    @override
    def distance(self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor) -> torch.Tensor:
        return (student_BTE - teacher_BTE).square().mean(dim=-1)
