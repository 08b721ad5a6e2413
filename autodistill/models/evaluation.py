"""Measuring a model on one split of a dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.errors import Diverged
from autodistill.metrics.classes import Confusion, confusion
from autodistill.metrics.entities import Tagging
from autodistill.metrics.measuring import Measure
from autodistill.models.inputs import Inputs
from autodistill.models.outputs import Outputs, outputs
from autodistill.models.scale import Scale
from autodistill.task import Task

MOST_CLASSES = 64
"""With more, a confusion matrix is not kept."""


@dataclass(frozen=True)
class Exam:
    """A split with its rows' true labels; called with a model, it returns the task's metrics."""

    task: Task
    tokens: Inputs
    labels_V: NDArray[Any]
    teacher: Outputs | None
    """What the teacher says, on the dataset's scale; None leaves fidelity out."""
    tagging: Tagging | None = None
    """Names and sentences, where words are tagged."""

    def __call__(
        self, model: Any, scale: Scale, *, low_precision: bool = False
    ) -> dict[str, float]:
        """Measure a model whose outputs are on this scale.

        Raises:
            Diverged: When an output is not finite.
        """
        return self.measure(self.answers(model, scale, low_precision=low_precision))

    def answers(self, model: Any, scale: Scale, *, low_precision: bool = False) -> Outputs:
        """Return what such a model says, on the dataset's scale.

        Args:
            model: An encoder with a head.
            scale: Of its outputs.
            low_precision: Whether its matrix products are in bfloat16.

        Raises:
            Diverged: When an output is not finite.
        """
        said = outputs(model, self.tokens, low_precision=low_precision)
        outputs_VC = scale.raw(said.logits_VC)
        if not np.isfinite(outputs_VC).all():
            raise Diverged("The model's outputs are no longer finite; lower the learning rate.")
        return replace(said, logits_VC=outputs_VC)

    def confusion(self, said: Outputs) -> Confusion | None:
        """Return which classes are taken for which; None where there are none, or very many."""
        if not self.task.is_classification or said.logits_VC.shape[1] > MOST_CLASSES:
            return None
        counts_CC = confusion(said.logits_VC, self.labels_V)
        return tuple(tuple(row) for row in counts_CC.tolist())

    @cached_property
    def measure(self) -> Measure:
        """What measures answers."""
        return Measure(self.task, self.labels_V, self.teacher, self.tagging)
