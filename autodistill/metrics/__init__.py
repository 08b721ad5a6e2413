"""What is measured of a student's outputs. Letters: N examples, C outputs."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from autodistill.metrics.calibration import ece, nll
from autodistill.metrics.classes import accuracy, agreement, macro_f1
from autodistill.metrics.values import pearson, rmse, spearman
from autodistill.task import Task


def measure(
    task: Task,
    outputs_NC: NDArray[np.float32],
    labels_N: NDArray[np.float64],
    teacher_NC: NDArray[np.float32] | None,
) -> dict[str, float]:
    """Return every metric of the task; `agreement` only where the teacher's outputs are given.

    Args:
        task: What the outputs are for.
        outputs_NC: Logits, or scores of shape (N, 1) for regression.
        labels_N: Class numbers, or true values.
        teacher_NC: The teacher's outputs on the same examples.
    """
    outputs_NC = outputs_NC.astype(np.float64)
    if task.is_classification:
        found = {
            "accuracy": accuracy(outputs_NC, labels_N),
            "macro_f1": macro_f1(outputs_NC, labels_N),
            "nll": nll(outputs_NC, labels_N),
            "ece": ece(outputs_NC, labels_N),
        }
        if teacher_NC is not None:
            found["agreement"] = agreement(outputs_NC, teacher_NC)
        return found
    scores_N = outputs_NC[:, 0]
    found = {
        "pearson": pearson(scores_N, labels_N),
        "spearman": spearman(scores_N, labels_N),
        "rmse": rmse(scores_N, labels_N),
    }
    if teacher_NC is not None:
        found["agreement"] = pearson(scores_N, teacher_NC[:, 0].astype(np.float64))
    return found
