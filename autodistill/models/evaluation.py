"""Measuring a model on one split of a dataset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.errors import Diverged
from autodistill.metrics import measure
from autodistill.models.outputs import logits
from autodistill.models.scale import Scale
from autodistill.models.tokens import Tokens
from autodistill.task import Task


@dataclass(frozen=True)
class Exam:
    """A split with its true labels; called with a model, it returns the task's metrics."""

    task: Task
    tokens: Tokens
    labels_N: NDArray[Any]
    teacher_NC: NDArray[np.float32] | None
    """The teacher's outputs on the dataset's scale; None leaves agreement out."""

    def __call__(self, model: Any, scale: Scale) -> dict[str, float]:
        """Measure a model whose outputs are on this scale.

        Raises:
            Diverged: When an output is not finite.
        """
        outputs_NC = scale.raw(logits(model, self.tokens))
        if not np.isfinite(outputs_NC).all():
            raise Diverged("The model's outputs are no longer finite; lower the learning rate.")
        return measure(self.task, outputs_NC, self.labels_N, self.teacher_NC)
