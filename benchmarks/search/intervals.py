"""Statistics over [task, seed] with 95 % intervals: bootstrap over tasks, then seeds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Interval = tuple[float, float, float]
"""A statistic, and the bounds of its interval."""
RESAMPLES = 2000


def interval(values: Floats, statistic: Callable[[Floats], float]) -> Interval:
    """Return a statistic of [task, seed, …] with its interval."""
    rng = np.random.default_rng(0)
    tasks, seeds = int(values.shape[0]), int(values.shape[1])
    told = []
    for _ in range(RESAMPLES):
        rows = rng.integers(0, tasks, size=tasks)
        told.append(statistic(values[rows[:, None], rng.integers(0, seeds, size=(tasks, seeds))]))
    low, high = np.quantile(told, [0.025, 0.975])
    return statistic(values), float(low), float(high)


def mean(values: Floats) -> Interval:
    """Return the mean of [task, seed]."""
    return interval(values, lambda v: float(v.mean()))


def ratio(ours: Floats, theirs: Floats) -> Interval:
    """Return the ratio of two means of [task, seed], resampled together."""

    def of_means(pairs: Floats) -> float:
        means = pairs.mean(axis=(0, 1))
        return float(means[0] / max(means[1], 1e-12))

    return interval(np.stack([ours, theirs], axis=-1), of_means)


def shown(found: Interval) -> str:
    """Return a statistic with its interval, for people."""
    return "{:.3f} [{:.3f}, {:.3f}]".format(*found)
