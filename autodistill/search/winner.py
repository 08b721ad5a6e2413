"""Which finished trial is best."""

from __future__ import annotations

import math
from collections.abc import Sequence

from autodistill.record import Origin, Trial, TrialState
from autodistill.spec import Limit, Objective, excess


def signed(trial: Trial, objective: Objective) -> float:
    """Return a trial's value of an objective, turned so that more is better.

    A value that is missing or not finite is worse than any other.
    """
    value = trial.dev.get(objective.metric, math.nan)
    if not math.isfinite(value):
        return -math.inf
    return value if objective.maximise else -value


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
