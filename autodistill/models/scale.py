"""The scale that values are learnt on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch
from autodistill.models.encoders import output_layer
from autodistill.task import Task


@dataclass(frozen=True)
class Scale:
    """Values are trained on as `(value - mean) / deviation`.

    Losses and learning rates then mean the same for prices and for grades. Models on disk and
    their cached outputs are on the dataset's own scale; logits of classes have the scale (0, 1).
    """

    mean: float = 0.0
    deviation: float = 1.0

    def standard(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return values of the dataset's scale on the training scale."""
        return ((values - self.mean) / self.deviation).astype(np.float32)

    def raw(self, values: NDArray[Any]) -> NDArray[np.float32]:
        """Return values of the training scale on the dataset's."""
        return (values * self.deviation + self.mean).astype(np.float32)

    def fold(self, model: Any) -> Any:
        """Take a model from the training scale to the dataset's, by its output layer."""
        layer = output_layer(model)
        with torch.no_grad():
            layer.weight.mul_(self.deviation)
            layer.bias.mul_(self.deviation).add_(self.mean)
        return model

    def unfold(self, model: Any) -> Any:
        """Take a model from the dataset's scale to the training scale."""
        layer = output_layer(model)
        with torch.no_grad():
            layer.weight.div_(self.deviation)
            layer.bias.sub_(self.mean).div_(self.deviation)
        return model


def scale_of(task: Task, train_labels_N: NDArray[Any]) -> Scale:
    """Return the scale on which a dataset is learnt."""
    if task.is_classification:
        return Scale()
    return Scale(float(train_labels_N.mean()), float(train_labels_N.std()) or 1.0)
