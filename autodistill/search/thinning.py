"""Of thousands of trials, those that the tree-structured Parzen estimator needs to be told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from autodistill.record import Trial
from autodistill.search.winner import signed
from autodistill.spec import Objective

BLOCK = 500
"""Trials that finish between two choices of those that are told."""
BEST, OTHERS = 100, 400
"""Of the older ones: so many of the best, and so many evenly spread over the rest."""


def thinned(rows: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Return at most a thousand of the trials, in the order in which they finished.

    The estimator models its best 25 and, as a density, all others: the best are all here, and an
    even sample stands for the others. The choice changes once in 500 trials, so that what was told
    is not told again each time.

    Args:
        rows: Finished trials in their order.
        objective: What the best are best in.
    """
    old = len(rows) - len(rows) % BLOCK
    if old <= BEST + OTHERS:
        return list(rows)
    worth = np.array([signed(trial, objective) for trial in rows[:old]])
    order = np.argsort(-worth, kind="stable")
    rest = np.sort(order[BEST:])
    even = rest[np.linspace(0, len(rest) - 1, OTHERS).round().astype(int)]
    return [rows[i] for i in np.union1d(order[:BEST], even)] + list(rows[old:])
