"""Smoothed labels."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Gt, Lt
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.targets._base import Labels, TargetMaker, Targets
from autodistill.task import CLASSIFICATION, Task


class LabelSmoothing(Targets, title="Label smoothing"):
    """(1 - smoothing) * one-hot + smoothing / C (Szegedy et al., 2016)."""

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["label_smoothing"] = "label_smoothing"
    smoothing: Annotated[float, Gt(0), Lt(1), Uniform(0.02, 0.3)] = 0.1
    """Share of the probability that is spread over all classes, the true one included."""

    @override
    def build(self, pool: Pool) -> TargetMaker:
        return _Smoothed(self.smoothing)


class _Smoothed(Labels):
    def __init__(self, smoothing: float) -> None:
        super().__init__()
        self.smoothing = smoothing

    @override
    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        return (1 - self.smoothing) * label_BC + self.smoothing / label_BC.shape[1]
