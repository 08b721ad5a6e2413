"""Cosine distance between hidden states."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.intermediate._base import PointwiseIntermediate
from autodistill.lazy import torch


class Cosine(PointwiseIntermediate, title="Hidden-state cosine"):
    """1 - cos of hidden states (DistilBERT, Sanh et al., 2019)."""

    kind: Literal["cosine"] = "cosine"

    @override
    def distance(self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor) -> torch.Tensor:
        return 1 - torch.cosine_similarity(student_BTE, teacher_BTE, dim=-1)
