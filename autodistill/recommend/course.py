"""How the recommender's regret went as its history grew."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autodistill.history import PastTask, Waypoint
from autodistill.recommend.evaluation import DEFAULT, NEAREST, OURS, RANDOM, evaluate

METHODS = (OURS, RANDOM, DEFAULT, NEAREST)
"""The recommender, and the ways that a newcomer would take instead of it."""
POINTS = 6


def course(history: Sequence[PastTask]) -> tuple[Waypoint, ...]:
    """Return the evaluation on the first tasks of a history, for a few growing numbers of them.

    The last point is of all tasks. Those at which there is nothing to say yet are left out.

    Args:
        history: The oldest task first.
    """
    sizes = np.unique(np.linspace(0, len(history), POINTS + 1).round().astype(int)[1:])
    found = ((int(size), evaluate(history[:size], METHODS)) for size in sizes)
    return tuple(
        Waypoint(num_tasks=size, num_groups=said.num_groups, verdicts=said.verdicts)
        for size, said in found
        if said.verdicts
    )
