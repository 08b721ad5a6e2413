"""How alike two tasks are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.record import Dataset, PastTask
from autodistill.task import TaskFacts

OF_FACTS = ("log_student_layers", "depth_ratio", "width_ratio")


def features(dataset: Dataset, facts: TaskFacts) -> dict[str, float]:
    """Return what a task is compared by: of its data, and of its teacher and student."""
    return {
        **dataset.meta_features,
        "log_student_layers": float(np.log(facts.student_layers)),
        "depth_ratio": facts.student_layers / facts.teacher_layers,
        "width_ratio": facts.student_width / facts.teacher_width,
    }


def similarities(
    dataset: Dataset, facts: TaskFacts, history: Sequence[PastTask]
) -> NDArray[np.float64]:
    """Return the similarity of each past task, 0 to 1: a Gaussian kernel on scaled features.

    Tasks of another kind (classes against values) have similarity 0. The bandwidth is the median
    distance between tasks, at least half a standard deviation for each feature. A feature that one
    side lacks does not count.
    """
    tasks = [features(dataset, facts), *(features(p.dataset, p.facts) for p in history)]
    names = sorted({name for task in tasks for name in task})
    table = np.array([[task.get(name, np.nan) for name in names] for task in tasks])
    spread = np.nanstd(table, axis=0)
    scaled = table / np.where(spread > 0, spread, 1.0)
    gaps = np.square(scaled[1:] - scaled[0])
    distance = np.sqrt(np.nanmean(gaps, axis=1))
    bandwidth = max(float(np.median(distance)), 0.5)
    kernel = np.exp(-0.5 * np.square(distance / bandwidth))
    alike = [p.facts.task.is_classification == facts.task.is_classification for p in history]
    return np.where(alike, np.nan_to_num(kernel), 0.0)
