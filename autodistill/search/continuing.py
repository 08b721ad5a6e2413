"""What it would bring to go on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from autodistill.record import Origin, Trial, TrialState
from autodistill.search.winner import leads, signed
from autodistill.spec import Limit, Objective

LEAST = 10
"""Trials that have to have ended before anything is foretold."""
TOP = 0.2
"""Share of the trials that are taken for the tail of what a search finds; of those that ran to
their end, half at most."""
FEWEST = 3
"""Trials in the tail."""


def expected_gain(
    trials: Sequence[Trial], objective: Objective, limits: Sequence[Limit] = (), since: int = 0
) -> float:
    """Return by how much as many trials again are expected to better the best, if all goes on.

    Scores above a high level are taken as exponential (Pickands, 1975, with shape 0), their scale s
    as their mean excess over it. Then the best of 2n betters the best of n by s (H_2n - H_n) on
    average, H being harmonic numbers (Rényi, 1953): 0.69 s of many. Scores that have a ceiling gain
    less. What cannot win (stopped early, failed, beyond a limit, plain fine-tuning) is no part of
    the tail.

    Args:
        trials: Of the search.
        objective: In whose unit the gain is.
        limits: Of the job.
        since: Number of the first trial of this round of the budget.

    Returns:
        At least 0; infinity where too few have ended to tell.
    """
    ended = [t for t in trials if t.state.terminal and t.origin is not Origin.CONFIRMATION]
    whole = [t for t in ended if t.state is TrialState.COMPLETE and leads(t, limits)]
    scores = np.sort([v for t in whole if math.isfinite(v := signed(t, objective))])[::-1]
    number = len(ended)
    size = max(FEWEST, min(math.ceil(TOP * number), len(scores) // 2))
    if sum(t.number >= since for t in ended) < LEAST or len(scores) <= size:
        return math.inf
    scale = float(np.mean(scores[:size] - scores[size]))
    return scale * float(np.sum(1 / np.arange(number + 1, 2 * number + 1)))
