"""Progressive self-knowledge distillation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from annotated_types import Gt, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.targets._base import TargetMaker, Targets
from autodistill.task import TaskFacts


class PSKD(Targets, title="PS-KD"):
    """Mixes the label with the student's own prediction of the epoch before (Kim et al., 2021).

    `t = (1 - a) * label + a * previous`, with `a = alpha * progress` growing over the epochs, so that
    the last one uses exactly alpha; in the first epoch the stored prediction is the label itself.
    For regression the previous score takes the place of the probabilities (ours, by analogy).
    """

    kind: Literal["pskd"] = "pskd"
    alpha: Annotated[float, Gt(0), Le(1), Uniform(0.1, 0.6)] = 0.4
    """Weight of the student's own prediction in the last epoch."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        if pipeline.training.num_epochs < 2:
            yield (
                "PS-KD learns from the epoch before, so it needs at least 2 epochs; "
                f"got training.num_epochs={pipeline.training.num_epochs}."
            )
        if pipeline.augmentation.mixes:
            yield (
                "PS-KD remembers predictions on unmixed inputs, so it does not go with "
                f"augmentation {pipeline.augmentation.kind}; choose another augmentation."
            )

    @override
    def build(self, facts: TaskFacts) -> TargetMaker:
        return _Progressive(self.alpha, facts)


class _Progressive:
    def __init__(self, alpha: float, facts: TaskFacts) -> None:
        self.alpha = alpha
        self.previous_NC = torch.zeros(facts.num_train, facts.num_outputs)
        self.seen_N = torch.zeros(facts.num_train, dtype=torch.bool)

    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        where = ids_B.cpu()
        previous_BC = self.previous_NC[where].to(label_BC.device)
        seen_B1 = self.seen_N[where].to(label_BC.device)[:, None]
        share = self.alpha * progress
        return torch.where(seen_B1, (1 - share) * label_BC + share * previous_BC, label_BC)

    def observe(self, ids_B: torch.Tensor, output_BC: torch.Tensor) -> None:
        where = ids_B.cpu()
        self.previous_NC[where] = output_BC.cpu()
        self.seen_N[where] = True

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {"previous_NC": self.previous_NC, "seen_N": self.seen_N}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        self.previous_NC, self.seen_N = state["previous_NC"], state["seen_N"]
