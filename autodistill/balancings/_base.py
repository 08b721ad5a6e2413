"""What a balancing is. Letters: K terms of the loss: hard, soft, intermediate."""

from __future__ import annotations

from abc import abstractmethod
from typing import Protocol

from autodistill.component import Component
from autodistill.lazy import torch


class Balancer(Protocol):
    """A built balancing, owned by one trial."""

    def __call__(self, terms_K: torch.Tensor, weights_K: torch.Tensor) -> torch.Tensor:
        """Return the loss of a batch, a scalar.

        Args:
            terms_K: Mean of each term over the batch, with gradient.
            weights_K: Its weight in the pipeline; 0 where it takes no part.
        """

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return what a resumed trial needs."""

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what `state_dict` returned."""


class Balancing(Component):
    """How the terms of the loss are weighed against each other."""

    kind: str

    @abstractmethod
    def build(self) -> Balancer:
        """Make the balancing for one trial."""
