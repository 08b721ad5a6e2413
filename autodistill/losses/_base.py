"""What an output loss is. Letters: B rows, C outputs (classes, or 1 for regression).

A row is an example, or a tagged token of one.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, ClassVar, Protocol

from annotated_types import Gt, Le
from typing_extensions import override

from autodistill.activations import Said
from autodistill.component import Component, Uniform
from autodistill.lazy import torch
from autodistill.pool import Pool


class BuiltLoss(Protocol):
    """A built loss, owned by one trial: it may have parameters and is called on each batch."""

    @property
    def modules(self) -> torch.nn.Module:
        """Return what is trained with the student and thrown away at export; may hold none."""

    def __call__(self, student: Said, teacher: Said, target_BC: torch.Tensor) -> torch.Tensor:
        """Return the loss of each row, shape (B,)."""


class Loss(Component):
    """How far the student's outputs are from the teacher's, as one number per row.

    Promises, checked for every variant by `autodistill.testing`: finite values, at least zero up to
    rounding, gradient to the student and the loss's own modules only. Unless a variant claims
    `batchwise`, rows do not see each other. Weights and averaging belong to the trial, whose
    objective is `(1 - kd_weight) * hard + kd_weight * soft + intermediate`.
    """

    kind: str
    batchwise: ClassVar[bool] = False
    """True when an example's value depends on the rest of its batch."""

    @property
    def zero_on_agreement(self) -> bool:
        """Whether the loss of a student that equals its teacher is zero, whatever they say."""
        return True

    @property
    def kd_weight(self) -> float:
        """Share of this loss in the convex mix with the hard loss; 0 is plain fine-tuning."""
        return 0.0

    def build(self, pool: Pool) -> BuiltLoss:
        """Make the loss for one trial; one that learns or looks at features overrides this."""
        return _OnLogits(self)

    @abstractmethod
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        """Return what each row's outputs alone add to the loss, shape (B,).

        Args:
            student_BC: The student's logits, or scores for regression, with gradient.
            teacher_BC: The teacher's, in float32, without gradient.
            target_BC: The hard loss's target: class probabilities (one-hot unless softened or
                mixed), or true values of shape (B, 1) for regression.
        """


class _OnLogits:
    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.modules = torch.nn.Module()

    def __call__(self, student: Said, teacher: Said, target_BC: torch.Tensor) -> torch.Tensor:
        return self.loss(student.logits_VC, teacher.logits_VC, target_BC)


class WeightedLoss(Loss):
    """A loss that takes part with a weight."""

    weight: Annotated[float, Gt(0), Le(1), Uniform(0.1, 1.0)] = 0.7
    """KD weight: share of this loss; the hard loss has the rest."""

    @property
    @override
    def kd_weight(self) -> float:
        return self.weight


class TemperedLoss(WeightedLoss):
    """A weighted loss on logits that a temperature has softened."""

    temperature: Annotated[float, Gt(0), Uniform(1, 8, log=True)] = 2.0
    """Divides both logits before the softmax; 1 leaves them as they are."""
