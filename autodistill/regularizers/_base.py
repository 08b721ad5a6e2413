"""What a regularizer is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, Protocol

from autodistill.component import Component
from autodistill.lazy import torch
from autodistill.pool import Pool


class Regularising(Protocol):
    """A built regularizer, owned by one trial."""

    def attach(self, student: Any) -> None:
        """Change how the student computes its weights, once, before its optimiser is made."""

    def detach(self, student: Any) -> None:
        """Leave the student with plain weights that compute what it computed in evaluation."""

    def penalty(self, student: Any, inputs: dict[str, Any], progress: float) -> torch.Tensor:
        """Return what is added to the loss of a batch, a scalar; called before the forward pass.

        Args:
            student: In training mode.
            inputs: Keyword arguments of its forward pass; embeddings instead of ids where the
                augmentation changes them.
            progress: Share of the trial that is done, in [0, 1).
        """

    def state_dict(self) -> dict[str, torch.Tensor]:
        """Return what a resumed trial needs besides the student."""

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        """Take back what `state_dict` returned."""


class Unregularised:
    """Nothing changes; what is not overridden stays like this."""

    def attach(self, student: Any) -> None:
        pass

    def detach(self, student: Any) -> None:
        pass

    def penalty(self, student: Any, inputs: dict[str, Any], progress: float) -> torch.Tensor:
        return torch.zeros((), device=student.device)

    def state_dict(self) -> dict[str, torch.Tensor]:
        return {}

    def load_state_dict(self, state: dict[str, torch.Tensor]) -> None:
        pass


class Regularizer(Component):
    """What keeps a student from fitting its training examples too closely.

    Promises, checked for every variant by `autodistill.testing`: a detached student is an ordinary
    model with the outputs that the attached one had in evaluation; a finite penalty that is never
    negative and moves the student only.
    """

    kind: str

    @abstractmethod
    def build(self, pool: Pool) -> Regularising:
        """Make the regularizer for one trial."""
