"""Cross-entropy between channels of hidden states."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.intermediate._base import PointwiseIntermediate
from autodistill.lazy import torch


class ChannelCE(PointwiseIntermediate, title="Channel cross-entropy"):
    """Cross-entropy of softmaxes over channels (Distiller's CE, He et al., 2021).

    `-sum_c softmax(teacher)_c log softmax(student)_c` of each token. At agreement it is the
    teacher's entropy, not zero.
    """

    zero_on_agreement: ClassVar[bool] = False
    kind: Literal["channel_ce"] = "channel_ce"

    @override
    def distance(self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor) -> torch.Tensor:
        return -(teacher_BTE.softmax(dim=-1) * student_BTE.log_softmax(dim=-1)).sum(dim=-1)
