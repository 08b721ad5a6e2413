"""One forest of all past tasks: what made a pipeline good, and for which kind of task."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.history.scales import standing

Floats = NDArray[np.float64]
TREES = 60
LEAF = 3
"""Trials of a leaf, at least."""
SEEN = 0.7
"""Share of the groups of tasks that a tree sees."""
TRIED, FEWEST = 0.3, 16
"""Share of the columns that a split chooses from, and at least how many where there are so many."""


@dataclass(frozen=True)
class Lesson:
    """What a past task has to teach."""

    rows: Floats
    """[trial, column], its pipelines as numbers."""
    closed: Floats
    """[trial], share of the gap from its median to its best."""
    features: Floats
    """[feature], the task as numbers."""
    group: str
    """What is left out together."""
    weight: float = 1.0
    """Of all its trials together, above 0."""


class Forest:
    """Extremely randomised trees (Geurts et al., 2006) of pipelines and tasks together.

    Each tree foretells two numbers of a pipeline on a task: the share of the gap from the median to
    the best that it closes, and where it stands among the task's trials by rank. It is grown on a
    random part of the groups of tasks only. So trees disagree where groups do, and those that did
    not see a group foretell it as they would a new task (out-of-bag, after Breiman, 2001).

    Args:
        lessons: Of at least one task.
    """

    def __init__(self, lessons: Sequence[Lesson]) -> None:
        from sklearn.tree import ExtraTreeRegressor  # noqa: PLC0415  # slow to import

        rows = np.vstack([_joined(lesson.rows, lesson.features) for lesson in lessons])
        varies = np.ptp(rows, axis=0) > 0
        self._varies = varies if varies.any() else ~varies
        rows = rows[:, self._varies]
        values = np.vstack([_values(lesson.closed) for lesson in lessons])
        sizes = [len(lesson.rows) for lesson in lessons]
        shares = [x.weight / size for x, size in zip(lessons, sizes, strict=True)]
        weights = np.repeat(shares, sizes)
        groups = sorted({lesson.group for lesson in lessons})
        group = np.repeat([groups.index(lesson.group) for lesson in lessons], sizes)
        columns = rows.shape[1]
        tried = min(columns, max(FEWEST, math.ceil(TRIED * columns)))
        rng = np.random.default_rng(0)
        seen = max(1, min(len(groups) - 1, math.ceil(SEEN * len(groups))))
        self._trees: list[tuple[Any, set[str]]] = []
        for number in range(TREES):
            chosen = rng.choice(len(groups), seen, replace=False)
            kept = np.isin(group, chosen)
            tree = ExtraTreeRegressor(
                min_samples_leaf=LEAF, max_features=tried, random_state=number
            ).fit(rows[kept], values[kept], sample_weight=weights[kept])
            self._trees.append((tree.tree_, {groups[i] for i in chosen}))

    def tell(self, rows: Floats, features: Floats, without: str | None = None) -> Floats:
        """Return [tree, row, (closed, standing)] for pipelines on a task.

        Args:
            rows: [row, column], as in the lessons.
            features: Of the task.
            without: A group; trees that have seen it are not asked. Some have not, where there are
                two groups or more.
        """
        asked = _joined(rows, features)[:, self._varies]
        told = [tree for tree, seen in self._trees if without not in seen]
        return np.array([tree.predict(asked).reshape(-1, 2) for tree in told])


def worth(told: Floats) -> Floats:
    """Return [tree, row], what pipelines are chosen by: the mean of both numbers."""
    mean: Floats = told.mean(axis=-1)
    return mean


def share(told: Floats) -> Floats:
    """Return [row], the expected share of the gap."""
    mean: Floats = told[..., 0].mean(axis=0)
    return mean


def _joined(rows: Floats, features: Floats) -> NDArray[np.float32]:
    return np.hstack([rows, np.tile(features, (len(rows), 1))]).astype(np.float32)


def _values(closed: Floats) -> Floats:
    return np.column_stack([closed, standing(closed)])
