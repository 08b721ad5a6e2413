"""How alike two tasks are."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.history import PastTask, Standing
from autodistill.record import Dataset
from autodistill.task import Task, TaskFacts

UNITS = {
    "log_train": 1.5,
    "pair": 0.5,
    "mean_words": 30.0,
    "p95_words": 80.0,
    "type_token_ratio": 0.15,
    "unseen_words": 0.15,
    "duplicate_share": 0.1,
    "conflict_share": 0.1,
    "log_outputs": 0.8,
    "label_entropy": 0.2,
    "minority_share": 0.15,
    "skew": 1.0,
    "majority": 0.2,
    "linear_gain": 0.2,
    "neighbour_gap": 0.15,
    "log_student_layers": 0.7,
    "depth_ratio": 0.3,
    "width_ratio": 0.3,
}
"""A usual difference between two unrelated tasks, by feature. Fixed and not taken from the store,
so that one past task is enough to say whether it is near."""
MOST_UNITS = 3.0
"""A larger difference in one feature counts as this one."""
LACKING = 1.0
"""Units that a feature counts which only one side has."""
FARTHEST = 1e6
"""For trees, a feature that is farther from 0 counts as this, with its sign."""
UNKNOWN = -2 * FARTHEST
"""For trees, what a task lacks: less than any feature is."""
WEIGHT = {Standing.OWN: 1.0, Standing.IMPORTED: 0.5, Standing.SHIPPED: 0.5}
"""Of a past task by where it comes from."""
PRIOR_TASKS = 3.0
"""Past tasks that the prior bandwidth of 1 counts for, against the store's median distance."""


def similarities(
    dataset: Dataset, facts: TaskFacts, history: Sequence[PastTask]
) -> NDArray[np.float64]:
    """Return the similarity of each past task, 0 to 1.

    A Gaussian kernel on the root mean square difference of the features, each in its unit. The
    bandwidth goes from 1 down to the median distance to the past tasks as they become more, so that
    a store of kindred tasks tells them apart. Tasks of another kind have similarity 0: classes
    against values, tags of words against classes of texts.
    """
    mine = known_features(dataset, facts)
    distance = np.array([_distance(mine, known_features(p.dataset, p.facts)) for p in history])
    if not len(distance):
        return distance
    median = float(np.clip(np.median(distance), 0.5, 1.0))
    bandwidth = (PRIOR_TASKS + len(distance) * median) / (PRIOR_TASKS + len(distance))
    kernel = np.exp(-0.5 * np.square(distance / bandwidth))
    alike = [sort(p.facts.task) == sort(facts.task) for p in history]
    return np.where(alike, kernel, 0.0)


def evidence(alike: Sequence[float], tasks: Sequence[PastTask]) -> list[float]:
    """Return what past tasks weigh, given their similarities.

    Jobs on the same dataset with the same facts are no independent evidence: n of them weigh as
    much as the square root of n. What others measured weighs less than the team's own.
    """
    kin = [(task.dataset.id, task.facts) for task in tasks]
    return [
        a * WEIGHT[task.standing] / math.sqrt(kin.count(key))
        for a, task, key in zip(alike, tasks, kin, strict=True)
    ]


def known_features(dataset: Dataset, facts: TaskFacts) -> dict[str, float]:
    """Return what a task is compared by: of its data, and of its teacher and student."""
    found = dataset.meta_features | {
        "log_student_layers": math.log(facts.student_layers),
        "depth_ratio": facts.student_layers / facts.teacher_layers,
        "width_ratio": facts.student_width / facts.teacher_width,
    }
    return {name: found[name] for name in UNITS if name in found}


def features(dataset: Dataset, facts: TaskFacts) -> NDArray[np.float64]:
    """Return the same as numbers for trees, one for each of `UNITS`."""
    found = known_features(dataset, facts)
    near = {name: min(max(value, -FARTHEST), FARTHEST) for name, value in found.items()}
    return np.array([near.get(name, UNKNOWN) for name in UNITS])


def dataset_distances(datasets: Sequence[Dataset]) -> NDArray[np.float64]:
    """Return how far datasets are from each other by their meta-features alone, in units."""
    known = [{n: v for n, v in d.meta_features.items() if n in UNITS} for d in datasets]
    found = np.zeros((len(known), len(known)))
    for i, mine in enumerate(known):
        for j in range(i):
            found[i, j] = found[j, i] = _distance(mine, known[j])
    return found


def flat_map(distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a place in the plane for each row, N x 2, that keeps distances as well as can be.

    Classical multidimensional scaling (Torgerson, 1952): the two leading axes of the doubly centred
    squared distances.
    """
    if not len(distances):
        return np.zeros((0, 2))
    squared = np.square(distances)
    centred = squared - squared.mean(axis=0) - squared.mean(axis=1, keepdims=True) + squared.mean()
    values, vectors = np.linalg.eigh(-0.5 * centred)
    places = np.zeros((len(distances), 2))
    for axis, at in enumerate(np.argsort(-values)[:2]):
        places[:, axis] = vectors[:, at] * np.sqrt(max(values[at], 0.0))
    return places


def sort(task: Task) -> tuple[str, bool]:
    """Return what tasks of one sort have in common."""
    return task.head, task.is_classification


def _distance(mine: Mapping[str, float], theirs: Mapping[str, float]) -> float:
    gaps = [
        min(abs(mine[name] - theirs[name]) / UNITS[name], MOST_UNITS)
        if name in mine and name in theirs
        else LACKING
        for name in sorted(mine.keys() | theirs.keys())
    ]
    return math.sqrt(sum(gap**2 for gap in gaps) / len(gaps))
