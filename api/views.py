"""Responses that are neither spec nor record."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from autodistill.record import Job, Origin, TrialState
from autodistill.store import Transaction

T = TypeVar("T")
NEWEST, SAMPLE = 50, 250
"""Trials whose curves are shown besides the leaders'."""


class View(BaseModel):
    """Base of responses."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(View, Generic[T]):
    """Some items, and where the next page starts."""

    items: list[T]
    next: str | None
    """Give it as `after` to get the next page; null on the last one."""


def page(items: Sequence[T], limit: int, cursor: Callable[[T], object]) -> Page[T]:
    """Return the first `limit` of the items, of which there may be one more."""
    more = len(items) > limit
    return Page(items=list(items[:limit]), next=str(cursor(items[limit - 1])) if more else None)


class Progress(View):
    """How many trials of the search are in each state."""

    queued: int
    running: int
    complete: int
    pruned: int
    failed: int
    cancelled: int
    of: int
    """The budget."""


class Leader(View):
    """The best trial so far that distils."""

    number: int
    dev: dict[str, float]


class JobView(Job):
    """A job with how far it is."""

    progress: Progress
    best: Leader | None


def job_view(tx: Transaction, job: Job) -> JobView:
    """Return a job with its progress and its leader."""
    counts, objective = tx.trials.counts(job.id), job.spec.objectives[0]
    progress = Progress(of=job.spec.budget.num_trials, **{s.value: n for s, n in counts.items()})
    leader = tx.trials.best(job.id, maximise=objective.maximise)
    shown = None if leader is None else Leader(number=leader.number, dev=leader.dev)
    return JobView(**dict(job), progress=progress, best=shown)


class Curve(View):
    """One trial's course of the headline metric on dev."""

    number: int
    origin: Origin
    state: TrialState
    epochs: list[int]
    values: list[float]


class Curves(View):
    """The courses of a job's trials; of a telling selection where there are many."""

    metric: str
    num_trials: int
    """How many trials the job has."""
    trials: list[Curve]


def curves(tx: Transaction, job: Job) -> Curves:
    """Return the curves of a job, by column."""
    objective = job.spec.objectives[0]
    rows = tx.trials.scores(job.id)
    sign = 1 if objective.maximise else -1
    shown = _telling([None if value is None else sign * value for *_, value in rows])
    name = f"dev/{objective.metric}"
    courses = tx.trials.courses(job.id, name, [rows[i].number for i in shown])
    return Curves(
        metric=objective.metric,
        num_trials=len(rows),
        trials=[
            Curve(
                number=number,
                origin=origin,
                state=state,
                epochs=list(courses[number]),
                values=list(courses[number].values()),
            )
            for number, origin, state, _ in (rows[i] for i in shown)
        ],
    )


def _telling(scores: Sequence[float | None]) -> list[int]:
    """Return the positions to show: what was best when it came, the newest, and an even sample."""
    leaders, best = set(), -math.inf
    for i, score in enumerate(scores):
        if score is not None and score > best:
            leaders.add(i)
            best = score
    newest = range(max(0, len(scores) - NEWEST), len(scores))
    sample = range(0, len(scores), math.ceil(len(scores) / SAMPLE) or 1)
    return sorted(leaders.union(newest, sample))
