"""What targets are. Letters: B rows of a batch (examples, or tagged tokens), C outputs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.activations import Activation, Said
from autodistill.component import Component
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.task import TaskFacts


class TargetMaker(Protocol):
    """Built targets, owned by one trial: made for each batch, and told what the student said."""

    @property
    def modules(self) -> torch.nn.Module:
        """Return what is trained with the student and thrown away at export; may hold none."""

    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        """Return the targets of the hard loss, shape (B, C), without gradient.

        Args:
            ids_B: Stable ids of the rows, as in the pool.
            label_BC: One-hot labels, or true values of shape (B, 1) for regression.
            progress: Share of the trial that will have been done, in (0, 1]: after this epoch, or
                after this step for a course that is smooth inside an epoch.
        """

    def further(self, student: Said, target_BC: torch.Tensor) -> torch.Tensor:
        """Return what the student learns from labels and itself besides, shape (B,)."""

    def observe(self, ids_B: torch.Tensor, output_BC: torch.Tensor) -> None:
        """Take note of the student's detached probabilities (or scores) before the step."""

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return what a resumed trial needs besides the modules."""

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what `state_dict` returned."""


class Labels:
    """Targets that are the labels and remember nothing."""

    def __init__(self) -> None:
        self.modules = torch.nn.Module()

    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        return label_BC

    def further(self, student: Said, target_BC: torch.Tensor) -> torch.Tensor:
        return target_BC.new_zeros(len(target_BC))

    def observe(self, ids_B: torch.Tensor, output_BC: torch.Tensor) -> None:
        pass

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        pass


class Blended(Labels):
    """The label blended with a table that was made from the pool, by row id."""

    def __init__(self, pool: Pool, table_VC: NDArray[np.floating], share: float) -> None:
        super().__init__()
        self.share = share
        self.table_NC = torch.full((pool.num_ids, table_VC.shape[1]), torch.nan)
        self.table_NC[torch.from_numpy(pool.ids_V)] = torch.from_numpy(table_VC).float()

    @override
    def __call__(
        self, ids_B: torch.Tensor, label_BC: torch.Tensor, progress: float
    ) -> torch.Tensor:
        return label_BC.lerp(self.table_NC[ids_B.cpu()].to(label_BC), self.share)


class Targets(Component):
    """What the hard loss (cross-entropy, or squared error for regression) compares with.

    Promises, checked for every variant by `autodistill.testing`: rows are probabilities where
    labels are, without gradient; a maker that took back its state goes on as the one that wrote it.
    """

    kind: str

    def activations(self, facts: TaskFacts) -> tuple[Activation, ...]:
        """Return the student's states that `further` looks at."""
        return ()

    @abstractmethod
    def build(self, pool: Pool) -> TargetMaker:
        """Make the targets for one trial."""
