"""Which finished trials are best, and whether others are as good."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autodistill.front import dominating
from autodistill.record import Origin, Trial, TrialState
from autodistill.spec import Limit, Objective, excess

Floats = NDArray[np.float64]


def signed(trial: Trial, objective: Objective) -> float:
    """Return what a trial is worth in an objective."""
    return objective.worth(trial.dev)


def leads(trial: Trial, limits: Sequence[Limit]) -> bool:
    """Return whether a trial may win: it distils and keeps the limits."""
    return trial.spec.pipeline.distils and excess(trial.dev, limits) == 0


def _complete(trials: Sequence[Trial]) -> list[Trial]:
    return [
        t for t in trials if t.state is TrialState.COMPLETE and t.origin is not Origin.CONFIRMATION
    ]


def best(
    trials: Sequence[Trial], objective: Objective, limits: Sequence[Limit] = ()
) -> Trial | None:
    """Return the complete trial that distils and is best on dev; the earlier one of equals.

    Where none keeps all limits it is the one that is least beyond them.
    """
    rivals = [t for t in _complete(trials) if t.spec.pipeline.distils]
    return max(
        rivals,
        key=lambda t: (-excess(t.dev, limits), signed(t, objective), -t.number),
        default=None,
    )


def plain(trials: Sequence[Trial], objective: Objective, student: str) -> Trial | None:
    """Return the complete trial of that student that learns nothing from a teacher, best on dev."""
    rivals = [
        t for t in _complete(trials) if not t.spec.pipeline.distils and t.spec.student == student
    ]
    return max(rivals, key=lambda t: (signed(t, objective), -t.number), default=None)


def pareto(
    trials: Sequence[Trial], objectives: Sequence[Objective], limits: Sequence[Limit] = ()
) -> list[Trial]:
    """Return the trials that distil and keep the limits, and that no other such one dominates."""
    rivals = [t for t in _complete(trials) if leads(t, limits)]
    if not rivals:
        return []
    points = np.array([[signed(t, o) for o in objectives] for t in rivals])
    return [
        t
        for t, point in zip(rivals, points, strict=True)
        if np.isfinite(point).all() and not dominating(points, point).any()
    ]


def idle(
    trials: Sequence[Trial], objectives: Sequence[Objective], limits: Sequence[Limit] = ()
) -> int:
    """Return how many trials have ended since the last that was better than all before it.

    With several objectives: since the last that none before it dominated or equalled. 0 until a
    trial that distils and keeps the limits has run to its end.
    """
    ended = [
        t for t in trials if t.finish_order is not None and t.origin is not Origin.CONFIRMATION
    ]
    points: Floats = np.zeros((0, len(objectives)))
    since = 0
    for trial in sorted(ended, key=lambda t: t.finish_order or 0):
        since += len(points) > 0
        if trial.state is not TrialState.COMPLETE or not leads(trial, limits):
            continue
        point = np.array([signed(trial, o) for o in objectives])
        if np.isfinite(point).all() and not (points >= point).all(axis=1).any():
            points = np.vstack([points[~(point >= points).all(axis=1)], point])
            since = 0
    return since


def equals(
    trials: Sequence[Trial],
    runs: Sequence[Sequence[Trial]],
    headline: Objective,
    limits: Sequence[Limit] = (),
) -> list[Trial] | None:
    """Return the trials that one run each cannot tell from the winner, the best first.

    Those whose score lies above the lower bound of a 95 % prediction interval for one more run of
    the winner: its mean over fresh seeds, less t times the spread of a run times √(1 + 1/n). The
    spread is pooled over all pipelines that were run with fresh seeds. A trial that won by luck
    stays among them, one that lost by luck may not: the set errs on the side of being large.

    Args:
        trials: Of the search.
        runs: The runs with fresh seeds of some pipelines, the winner's first.
        headline: What is compared, on dev.
        limits: Of the job.

    Returns:
        None where no pipeline was run twice.
    """
    scores = [np.array([signed(t, headline) for t in some]) for some in runs]
    freedom = sum(len(some) - 1 for some in scores)
    if freedom < 1:
        return None
    spread = math.sqrt(sum(float(np.square(some - some.mean()).sum()) for some in scores) / freedom)
    reach = float(stats.t.ppf(0.975, freedom)) * spread * math.sqrt(1 + 1 / len(scores[0]))
    bound = float(scores[0].mean()) - reach
    winner = runs[0][0].spec
    near = [
        t
        for t in _complete(trials)
        if leads(t, limits)
        and signed(t, headline) >= bound
        and (t.spec.student, t.spec.pipeline) != (winner.student, winner.pipeline)
    ]
    return sorted(near, key=lambda t: (-signed(t, headline), t.number))
