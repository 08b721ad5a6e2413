"""Responses that are neither spec nor record."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from autodistill.access import Principal
from autodistill.record import Job
from autodistill.store import Transaction

T = TypeVar("T")
SPARK = 32
"""Points of a sparkline."""


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
    spark: list[float]
    """The best score so far at some evenly spaced trials."""


def job_view(tx: Transaction, job: Job) -> JobView:
    """Return a job with its progress and its leader."""
    counts, objective = tx.trials.counts(job.id), job.spec.objectives[0]
    progress = Progress(of=job.spec.budget.num_trials, **{s.value: n for s, n in counts.items()})
    leader = tx.trials.best(job.id, maximise=objective.maximise)
    shown = None if leader is None else Leader(number=leader.number, dev=leader.dev)
    spark = tx.trials.spark(job.id, maximise=objective.maximise, points=SPARK)
    return JobView(**dict(job), progress=progress, best=shown, spark=spark)


def visible(principal: Principal, job: Job) -> bool:
    """Return whether somebody may see a job: all do who are not confined to another project."""
    return principal.project in (None, job.spec.project)
