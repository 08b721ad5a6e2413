"""Progressive self-knowledge distillation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from annotated_types import Gt, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.targets._base import Labels, TargetMaker, Targets
from autodistill.task import TaskFacts


class PSKD(Targets, title="PS-KD"):
    """Mixes the label with the student's own prediction of the epoch before (Kim et al., 2021).

    `t = (1 - a) * label + a * previous`; `a = alpha * progress` grows to alpha over the trial, and
    the label stands where there is no prediction yet. For regression the previous score takes the
    place of the probabilities (ours, by analogy).
    """

    kind: Literal["pskd"] = "pskd"
    alpha: Annotated[float, Gt(0), Le(1), Uniform(0.1, 0.6)] = 0.4
    """Weight of the student's own prediction in the last epoch."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse fewer than 2 epochs, and augmentations that mix inputs."""
        if (epochs := pipeline.training.num_epochs) < 2:
            law = "PS-KD learns from the epoch before, so it needs at least 2 epochs"
            yield f"{law}; got training.num_epochs={epochs}."
        if pipeline.augmentation.mixes:
            law = "PS-KD remembers predictions on unmixed inputs, so inputs must not be mixed"
            yield f"{law}; got augmentation {pipeline.augmentation.kind}, choose another."

    @override
    def build(self, pool: Pool) -> TargetMaker:
        return _Progressive(self.alpha, pool)


class _Progressive(Labels):
    def __init__(self, alpha: float, pool: Pool) -> None:
        super().__init__()
        self.alpha = alpha
        self.previous_NC = torch.full((pool.num_ids, pool.facts.num_outputs), torch.nan)  # none yet

    @override
    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        previous_BC = self.previous_NC[ids_B.cpu()].to(label_BC)
        mixed_BC = label_BC.lerp(previous_BC, self.alpha * progress)
        return torch.where(previous_BC.isnan(), label_BC, mixed_BC)

    @override
    def observe(self, ids_B: torch.Tensor, output_BC: torch.Tensor) -> None:
        self.previous_NC[ids_B.cpu()] = output_BC.cpu()

    @override
    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"previous_NC": self.previous_NC}

    @override
    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.previous_NC = state["previous_NC"].clone()
