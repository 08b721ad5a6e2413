"""Euclidean distance between hidden states."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.intermediate._base import PointwiseIntermediate
from autodistill.lazy import torch


class L2(PointwiseIntermediate, title="Hidden-state L2"):
    """`||student - teacher||_2` of each token, not squared (named in Distiller, He et al., 2021).

    The paper lists the norm; that it is taken token by token is ours. Its gradient has length one
    however far the states are apart, so that outliers pull no harder than others.
    """

    kind: Literal["l2"] = "l2"

    @override
    def distance(self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor) -> torch.Tensor:
        length_BT: torch.Tensor = torch.linalg.vector_norm(student_BTE - teacher_BTE, dim=-1)
        return length_BT
