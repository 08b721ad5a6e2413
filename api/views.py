"""Responses that are neither spec nor record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from autodistill.record import Job, Origin, Trial, TrialState
from autodistill.search.winner import best
from autodistill.store import Transaction

T = TypeVar("T")


class View(BaseModel):
    """Base of responses."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Page(View, Generic[T]):
    """Some items, and where the next page starts."""

    items: list[T]
    next: str | None
    """Give it as `after` to get the next page; null on the last one."""


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
    counts = tx.trials.counts(job.id)
    progress = Progress(of=job.spec.budget.num_trials, **{s.value: n for s, n in counts.items()})
    leader = best(tx.trials.list(job.id, limit=100_000), job.spec.objectives[0])
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
    """The courses of a job's trials."""

    metric: str
    trials: list[Curve]


def curves(metric: str, trials: Sequence[Trial]) -> Curves:
    """Return the curves of some trials, by column."""
    name = f"dev/{metric}"
    return Curves(
        metric=metric,
        trials=[
            Curve(
                number=t.number,
                origin=t.origin,
                state=t.state,
                epochs=[m.epoch for m in t.curve if name in m.values],
                values=[m.values[name] for m in t.curve if name in m.values],
            )
            for t in trials
        ],
    )
