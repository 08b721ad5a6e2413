"""No intermediate objective."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.activations import Said
from autodistill.intermediate._base import Intermediate, Objective
from autodistill.lazy import torch
from autodistill.pool import Pool


class NoIntermediate(Intermediate, title="None"):
    """Hidden states are left alone."""

    kind: Literal["none"] = "none"

    @override
    def build(self, pool: Pool) -> Objective:
        return _Nothing()


class _Nothing:
    def __init__(self) -> None:
        self.modules = torch.nn.Module()

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        return torch.zeros(mask_BT.shape[0], device=mask_BT.device)
