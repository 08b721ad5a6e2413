"""Measuring what a model says against labels and teacher. Letters: V rows, C outputs, E width."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from autodistill.metrics import TOP_K
from autodistill.metrics.calibration import aurc, ece, excess_aurc, nll
from autodistill.metrics.classes import accuracy, macro_f1
from autodistill.metrics.entities import Tagging, entity_f1
from autodistill.metrics.fidelity import ClassFidelity
from autodistill.metrics.likeness import Likeness
from autodistill.metrics.values import pearson, rmse, spearman
from autodistill.task import Task


class Answers(Protocol):
    """What a model says of the rows."""

    @property
    def logits_VC(self) -> NDArray[np.float32]:  # noqa: N802  # a shape, as everywhere
        """Logits, or scores of shape (V, 1) on the dataset's scale."""

    @property
    def features_VE(self) -> NDArray[np.float16]:  # noqa: N802
        """What its output layer sees."""


class Measure:
    """Measures models on the same rows; called with answers, it returns the task's metrics.

    What depends on the teacher alone is computed once, so that an epoch costs little.

    Args:
        task: What the answers are for.
        labels_V: Class numbers, or true values.
        teacher: Its answers on the same rows; None leaves fidelity out.
        tagging: Names of the tags, and which rows are one sentence; where words are tagged.
    """

    def __init__(
        self,
        task: Task,
        labels_V: NDArray[Any],
        teacher: Answers | None = None,
        tagging: Tagging | None = None,
    ) -> None:
        self._task, self._labels_V, self._teacher = task, labels_V, teacher
        self._tagging = tagging
        if teacher is not None:
            self._likeness = Likeness(teacher.features_VE)
            if task.is_classification:
                self._fidelity = ClassFidelity(teacher.logits_VC, labels_V, TOP_K)

    def __call__(self, said: Answers) -> dict[str, float]:
        """Return every metric by name."""
        of_labels = self._classes if self._task.is_classification else self._values
        found = of_labels(said.logits_VC.astype(np.float64))
        if self._teacher is not None:
            found["cka"] = self._likeness(said.features_VE)
        return found

    def _classes(self, logits_VC: NDArray[np.float64]) -> dict[str, float]:
        labels_V = self._labels_V
        found = self._hits(logits_VC) | {
            "nll": nll(logits_VC, labels_V),
            "ece": ece(logits_VC, labels_V),
            "aurc": aurc(logits_VC, labels_V),
            "excess_aurc": excess_aurc(logits_VC, labels_V),
        }
        return found if self._teacher is None else found | self._fidelity(logits_VC)

    def _hits(self, logits_VC: NDArray[np.float64]) -> dict[str, float]:
        right = accuracy(logits_VC, self._labels_V)
        if self._tagging is not None:
            found = entity_f1(logits_VC.argmax(axis=1), self._labels_V, self._tagging)
            return {"entity_f1": found, "token_accuracy": right}
        return {"accuracy": right, "macro_f1": macro_f1(logits_VC, self._labels_V)}

    def _values(self, scores_V1: NDArray[np.float64]) -> dict[str, float]:
        scores_V = scores_V1[:, 0]
        found = {
            "pearson": pearson(scores_V, self._labels_V),
            "spearman": spearman(scores_V, self._labels_V),
            "rmse": rmse(scores_V, self._labels_V),
        }
        if self._teacher is not None:
            teacher_V = self._teacher.logits_VC[:, 0].astype(np.float64)
            found |= {
                "pearson_to_teacher": pearson(scores_V, teacher_V),
                "spearman_to_teacher": spearman(scores_V, teacher_V),
                "rmse_to_teacher": rmse(scores_V, teacher_V),
            }
        return found
