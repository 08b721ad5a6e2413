"""What a finished search says: the winner against plain fine-tuning, over seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from autodistill.errors import Conflict
from autodistill.metrics import COSTS, LOWER_IS_BETTER
from autodistill.planning.plan import fresh_runs
from autodistill.record import Contender, JobResult, Origin, Score, Trial, TrialState
from autodistill.search import best, equals, pareto, plain, signed
from autodistill.spec import JobSpec, Objective, excess

MOST_EQUALS = 100
"""Trials that a result names as no worse than its winner."""
EXACT = 1e-12
"""Below this, two scores of the same model differ by rounding alone."""


def verdict(
    spec: JobSpec, metric: str, teacher: Mapping[str, float], rows: Sequence[Trial]
) -> JobResult:
    """Return what a job found, without what is exported.

    Args:
        spec: The job.
        metric: Its headline metric.
        teacher: What the prepared teacher scores and costs, as far as that is known.
        rows: Its trials.

    Raises:
        Conflict: When no trial that distils was completed, or no plain one.
    """
    objective, limits = spec.objectives[0], spec.limits
    winner = best(rows, objective, limits)
    if winner is None:
        raise Conflict(_fruitless(rows, "that distils"))
    baseline = plain(rows, objective, winner.spec.student)
    ours = runs_of(winner, rows)
    theirs = _plain_runs(rows, objective) or ([baseline] if baseline else [])
    if not theirs:
        raise Conflict(_fruitless(rows, "without a teacher, to compare with,"))
    exported = max(ours, key=lambda t: (-excess(t.dev, limits), signed(t, objective)))
    sign = -1 if metric in LOWER_IS_BETTER else 1
    alike = equals(rows, [ours, theirs], Objective(metric=metric), limits)
    several = spec.objectives if len(spec.objectives) > 1 else ()
    same = baseline is not None and baseline.spec.pipeline == theirs[0].spec.pipeline
    source = baseline if baseline is not None and same else winner  # of a twin: the winner
    found, rival = _contender(winner, ours, metric), _contender(source, theirs, metric)
    return JobResult(
        metric=metric,
        teacher=dict(teacher),
        best=found,
        plain=rival,
        gain=sign * (found.test.mean - rival.test.mean),
        within_noise=within_noise([t.test[metric] for t in ours], [t.test[metric] for t in theirs]),
        student={f"dev/{k}": v for k, v in exported.dev.items() if k not in COSTS}
        | {f"test/{k}": v for k, v in exported.test.items()}
        | {k: exported.dev[k] for k in COSTS if k in exported.dev},
        exported=exported.number,
        equals=None if alike is None else tuple(t.number for t in alike[:MOST_EQUALS]),
        front=tuple(t.number for t in pareto(rows, several, limits)) if several else (),
        broken=tuple(x.metric for x in limits if x.excess(exported.dev) > 0),
    )


def runs_of(winner: Trial, rows: Sequence[Trial]) -> list[Trial]:
    """Return the runs that a winner is judged by: with fresh seeds where there are any."""
    return fresh_runs(rows, winner.spec.pipeline) or [winner]


def _fruitless(rows: Sequence[Trial], kind: str) -> str:
    failed = [t for t in rows if t.state is TrialState.FAILED]
    why = f" The last failure: {failed[-1].reason}" if failed else ""
    return f"No trial {kind} ran to its end; raise the budget or narrow the space.{why}"


def _plain_runs(rows: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Return the runs with fresh seeds of the plain pipeline that is better on dev."""
    pipelines = {
        t.spec.pipeline
        for t in rows
        if t.origin is Origin.CONFIRMATION and not t.spec.pipeline.distils
    }
    groups = [runs for p in pipelines if (runs := fresh_runs(rows, p))]
    return max(
        groups,
        key=lambda runs: (np.mean([signed(t, objective) for t in runs]), runs[0].spec.sha256),
        default=[],
    )


def _contender(trial: Trial, runs: Sequence[Trial], metric: str) -> Contender:
    return Contender(
        trial=trial.number,
        student=trial.spec.student,
        pipeline=runs[0].spec.pipeline,
        dev=_score([t.dev[metric] for t in runs]),
        test=_score([t.test[metric] for t in runs]),
    )


def _score(values: Sequence[float]) -> Score:
    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return Score(mean=float(np.mean(values)), sd=sd, seeds=len(values))


def within_noise(ours: Sequence[float], theirs: Sequence[float]) -> bool | None:
    """Return whether the 95 % interval of the difference of means contains 0 (Welch, 1947).

    None where a side has a single seed.
    """
    if min(len(ours), len(theirs)) < 2:
        return None
    sides = [np.asarray(ours), np.asarray(theirs)]
    difference = abs(sides[0].mean() - sides[1].mean())
    parts = [float(x.var(ddof=1)) / len(x) for x in sides]
    if sum(parts) < EXACT**2:  # no spread at all, as of a model that ignores its seed
        return bool(difference < EXACT)
    freedom = sum(parts) ** 2 / sum(p**2 / (len(x) - 1) for p, x in zip(parts, sides, strict=True))
    return bool(difference <= stats.t.ppf(0.975, freedom) * math.sqrt(sum(parts)))
