"""No intermediate objective."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from typing_extensions import override

from autodistill.intermediate._base import Intermediate, Objective
from autodistill.lazy import torch
from autodistill.task import TaskFacts


class NoIntermediate(Intermediate, title="None"):
    """Hidden states are left alone."""

    kind: Literal["none"] = "none"

    @override
    def build(self, facts: TaskFacts) -> Objective:
        return _Nothing()


class _Nothing:
    def __init__(self) -> None:
        self.modules = torch.nn.ModuleList()

    def __call__(
        self,
        student: Mapping[int, torch.Tensor],
        teacher: Mapping[int, torch.Tensor],
        mask_BT: torch.Tensor,
    ) -> torch.Tensor:
        return torch.zeros(mask_BT.shape[0], device=mask_BT.device)
