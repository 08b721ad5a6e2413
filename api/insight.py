"""What the core explains of a job, from its rows and what is kept of its trials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from api.frames import Shelf
from api.views import View
from autodistill.explain import Frame
from autodistill.explain.facts import Facts
from autodistill.explain.importance import importance
from autodistill.explain.path import Step, path
from autodistill.explain.saving import Cost, cost
from autodistill.explain.story import Answer, by_slot, story
from autodistill.explain.telling import (
    complete,
    has_state,
    leaders,
    rivals,
    searched,
    signed,
    telling,
)
from autodistill.metrics import COSTS
from autodistill.record import Job, Origin, TrialState
from autodistill.spec import PipelineSpec, RegisteredStudent
from autodistill.store import Transaction

NEWEST, MOST_CURVES = 50, 200
"""Trials whose curves are shown: the newest among them, and how many in all."""


class Why(View):
    """What mattered in a job."""

    metric: str
    """What the search looks at first that is learnt, on dev."""
    num_trials: int
    """Scored trials that this rests on."""
    slots: dict[str, float]
    """Share of each slot in reaching the best tenth (PED-ANOVA), largest first."""
    settings: dict[str, float]
    """The same for each searched name."""
    path: list[Step]
    """From the default pipeline to the best one, the most rewarding change first."""
    best: int | None
    """Number of the complete trial that distils and is best in the first objective."""
    cost: Cost


class Story(View):
    """A job in five answers, for whoever sees it for the first time."""

    answers: tuple[Answer, ...]
    teacher: dict[str, float]
    """What is known of the teacher: `dev/<metric>`, `test/<metric>` and its costs."""


def headline(job: Job) -> str:
    """Return the metric that people look at: of the result, or the first objective learnt."""
    learnt = [o.metric for o in job.spec.objectives if o.metric not in COSTS]
    return job.result.metric if job.result else [*learnt, job.spec.objectives[0].metric][0]


def aim(frame: Frame, job: Job) -> NDArray[np.float64]:
    """Return what trials are ranked by, the first objective on dev; more is better."""
    first = job.spec.objectives[0]
    return signed(frame, first.metric, maximise=first.maximise)


def column(frame: Frame, job: Job, name: str) -> NDArray[Any]:
    """Return a column; missing throughout where no trial of the job has such a value yet.

    Raises:
        InvalidInput: When none can have it.
    """
    later = name in job.spec.space or name.startswith(("dev/", "test/"))
    if name not in frame.names and later:
        return np.full(len(frame), np.nan)
    return frame.column(name)


def why(tx: Transaction, job: Job, shelf: Shelf) -> Why:
    """Return what mattered; worked out anew only when further trials have finished."""
    frame = shelf.frame(tx, job)
    return shelf.once(f"why {headline(job)}", lambda: _why(tx, job, frame))


def _why(tx: Transaction, job: Job, frame: Frame) -> Why:
    metric, space = headline(job), job.spec.space
    maximise = next((o.maximise for o in job.spec.objectives if o.metric == metric), True)
    values = signed(frame, metric, maximise=maximise)
    scored = np.where(
        searched(frame) & (frame.column("state") != TrialState.FAILED), values, np.nan
    )
    settings = importance(frame, np.where(complete(frame), scored, np.nan), space)
    best = _leader(frame, job)
    goal = None if best is None else tx.trials.get(job.id, best).spec.pipeline
    sign = 1 if maximise else -1
    steps = path(frame, scored, PipelineSpec(), goal) if goal else []
    return Why(
        metric=metric,
        num_trials=int(np.isfinite(scored).sum()),
        slots=by_slot(settings),
        settings=settings,
        path=[step.model_copy(update={"expected": sign * step.expected}) for step in steps],
        best=best,
        cost=cost(frame),
    )


def _leader(frame: Frame, job: Job) -> int | None:
    """Return who would win now: trials are ranked by the first objective, whatever is shown."""
    ranked = np.where(rivals(frame), aim(frame, job), np.nan)
    if not np.isfinite(ranked).any():
        return None
    at = np.flatnonzero(ranked == np.nanmax(ranked))
    return int(frame.column("number")[at].min())


class Curve(View):
    """One trial's course of something that was measured."""

    number: int
    origin: Origin
    state: TrialState
    epochs: list[int]
    values: list[float]


class Curves(View):
    """The courses of a job's trials; of a telling selection where there are many."""

    metric: str
    """What was measured: a metric on dev, or another name in full."""
    num_trials: int
    """How many trials the job has."""
    trials: list[Curve]


def curves(
    tx: Transaction, job: Job, shelf: Shelf, name: str | None, numbers: Sequence[int]
) -> Curves:
    """Return the curves of some trials, or of a telling selection, by column."""
    frame = shelf.frame(tx, job)
    measured = name or f"dev/{headline(job)}"
    known = frame.column("number")
    held = np.isin(known, numbers) if numbers else np.ones(len(frame), dtype=bool)
    values = np.where(held, aim(frame, job), np.nan)
    by_number = np.argsort(known, kind="stable")
    led = by_number[leaders(values[by_number])]
    running = np.flatnonzero(held & has_state(frame, TrialState.RUNNING))
    newest = by_number[held[by_number]][-NEWEST:]
    shown = telling(frame, held, [running, led, newest], MOST_CURVES)
    courses = tx.trials.courses(job.id, measured, known[shown].astype(int).tolist())
    return Curves(
        metric=measured.removeprefix("dev/"),
        num_trials=len(frame),
        trials=[
            Curve(
                number=int(known[at]),
                origin=frame.column("origin")[at],
                state=frame.column("state")[at],
                epochs=list(courses[int(known[at])]),
                values=list(courses[int(known[at])].values()),
            )
            for at in shown
        ],
    )


def tell(tx: Transaction, job: Job, shelf: Shelf) -> Story:
    """Return the five answers as they are now."""
    known = facts(tx, job, shelf)
    return Story(answers=story(known), teacher=dict(known.teacher))


def facts(tx: Transaction, job: Job, shelf: Shelf) -> Facts:
    """Return what the story is told from."""
    found, frame, metric = why(tx, job, shelf), shelf.frame(tx, job), headline(job)
    best = None if found.best is None else tx.trials.get(job.id, found.best)
    plain = complete(frame) & ~frame.column("distils").astype(bool)
    scores = frame.numbers(f"dev/{metric}")[plain]
    maximise = next((o.maximise for o in job.spec.objectives if o.metric == metric), True)
    known = scores[np.isfinite(scores)]
    ended = frame.numbers("finish_order")
    at = best.finish_order / np.nanmax(ended) if best and best.finish_order else None
    until = job.finished_at or datetime.now(UTC)
    return Facts(
        job=job,
        counts=tx.trials.counts(job.id),
        best=best,
        plain=float(known.max() if maximise else known.min()) if len(known) else None,
        teacher=job.result.teacher if job.result else tx.events.teacher(job.id),
        metric=metric,
        cost=found.cost,
        num_scored=found.num_trials,
        importance=found.settings,
        path=found.path,
        best_at=None if at is None or not math.isfinite(at) or len(ended) < 4 else float(at),
        elapsed_s=(until - job.started_at).total_seconds() if job.started_at else None,
        names={
            s.model: tx.models.get(s.model).name
            for s in job.spec.students
            if isinstance(s, RegisteredStudent)
        },
    )
