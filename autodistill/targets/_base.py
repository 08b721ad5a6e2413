"""What targets are. Letters: N training examples, B examples of a batch, C outputs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from autodistill.component import Component
from autodistill.lazy import torch
from autodistill.task import TaskFacts


class TargetMaker(Protocol):
    """Built targets, owned by one trial: made for each batch, and told what the student said."""

    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        """Return the targets of the hard loss, shape (B, C), without gradient.

        Args:
            ids_B: Stable positions of the examples in the training split, 0 to N - 1.
            label_BC: One-hot labels, or true values of shape (B, 1) for regression.
            progress: Share of the trial that will have been done, in (0, 1]: after this epoch, or
                after this step for a course that is smooth inside an epoch.
        """

    def observe(self, ids_B: torch.Tensor, output_BC: torch.Tensor) -> None:
        """Take note of the student's detached probabilities (or scores) before the step."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return what a resumed trial needs."""

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what `state_dict` returned."""


class Labels:
    """Targets that are the labels and remember nothing."""

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


class Targets(Component):
    """What the hard loss (cross-entropy, or squared error for regression) compares with.

    Promises, checked for every variant by `autodistill.testing`: rows are probabilities where
    labels are, without gradient; a maker that took back its state goes on as the one that wrote it.
    """

    kind: str

    @abstractmethod
    def build(self, facts: TaskFacts) -> TargetMaker:
        """Make the targets for one trial."""
