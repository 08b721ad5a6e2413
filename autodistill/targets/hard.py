"""Hard targets."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.lazy import torch
from autodistill.targets._base import TargetMaker, Targets
from autodistill.task import TaskFacts


class Hard(Targets, title="Hard labels"):
    """The labels as they are."""

    kind: Literal["hard"] = "hard"

    @override
    def build(self, facts: TaskFacts) -> TargetMaker:
        return _Labels()


class _Labels:
    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        return label_BC

    def observe(self, ids_B: torch.Tensor, output_BC: torch.Tensor) -> None:
        pass

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        pass
