"""Patient knowledge distillation."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.intermediate._base import ProjectedIntermediate
from autodistill.lazy import torch


class PKD(ProjectedIntermediate, title="PKD"):
    """Squared distance of the first token's unit vectors (patient distillation, Sun et al., 2019).

    `|| s_0 / |s_0| - t_0 / |t_0| ||^2 = 2 - 2 cos`, where token 0 is [CLS]. Only one vector of each
    text is compared, so that the tokenizers may differ.
    """

    first_token: ClassVar[bool] = True
    kind: Literal["pkd"] = "pkd"

    @override
    def compare(
        self, student_BTE: torch.Tensor, teacher_BTE: torch.Tensor, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        unit = torch.nn.functional.normalize
        apart_BE = unit(student_BTE[:, 0], dim=-1) - unit(teacher_BTE[:, 0], dim=-1)
        return apart_BE.square().sum(dim=-1)
