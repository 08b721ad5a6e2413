"""What the recommender has to learn from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from api.deps import PrincipalDep, StoreDep
from api.evaluating import EvaluatingDep
from api.exports import PARQUET
from api.insight import headline
from api.views import View, visible
from autodistill.errors import InvalidInput, NotFound, Problem
from autodistill.history import Evaluation, PastTask, Waypoint, chronicle
from autodistill.recommend import course, evaluate
from autodistill.record import Job, JobState
from autodistill.store import Store, Transaction

router = APIRouter(prefix="/v1", tags=["history"])
NEWEST = 200


class PastJob(View):
    """A job that the recommender has seen."""

    job: str
    name: str
    dataset: str
    teacher: str
    students: list[str]
    state: JobState
    num_trials: int
    """Finished trials that it learns from."""
    metric: str
    best: float | None
    """The best distilled trial on dev."""
    gain: float | None
    """Over plain fine-tuning on test, for a job that succeeded."""
    within_noise: bool | None
    finished_at: datetime | None


class Past(View):
    """What the recommender has learnt from jobs of this service."""

    num_jobs: int
    num_trials: int
    num_datasets: int
    jobs: list[PastJob]
    """The newest first."""


@router.get("/history")
def get_history(store: StoreDep, principal: PrincipalDep) -> Past:
    """Return the own jobs, trials and datasets that recommendations rest on."""
    with store.read() as tx:
        learnt = {job: trials for job, trials in tx.census.learnt()}
        newest = map(tx.jobs.get, reversed(learnt))
        seen = islice((job for job in newest if visible(principal, job)), NEWEST)
        jobs = [_past(tx, job, learnt[job.id]) for job in seen]
        datasets = tx.census.learnt_datasets()
    return Past(
        num_jobs=len(learnt), num_trials=sum(learnt.values()), num_datasets=datasets, jobs=jobs
    )


@router.get("/history/evaluation")
async def evaluate_history(store: StoreDep, evaluating: EvaluatingDep) -> Evaluation:
    """Try the recommender on its past: each group of tasks is left out and advised by the rest.

    Takes seconds where the history has grown; one is made at a time.
    """
    return await evaluating.made(store, evaluate)


@router.get("/history/evaluation/course")
async def follow_evaluation(store: StoreDep, evaluating: EvaluatingDep) -> tuple[Waypoint, ...]:
    """Try the recommender on ever more of its past, the oldest first: how its regret went."""
    return await evaluating.made(store, course)


@router.get("/history/export", response_class=Response)
def export_history(
    store: StoreDep,
    principal: PrincipalDep,
    job: Annotated[list[str], Query(description="Only these jobs.")] = [],  # noqa: B006  # copied
) -> Response:
    """Download all that ended of your jobs, with curves, as Parquet to be imported elsewhere."""
    with store.read() as tx:
        learnt = dict.fromkeys(job or [known for known, _ in tx.census.learnt()])
        wanted = [known for known in map(tx.jobs.get, learnt) if visible(principal, known)]
        if job and (hidden := learnt.keys() - {known.id for known in wanted}):
            raise NotFound("job", min(hidden))
    if tryouts := [known.id for known in wanted if known.spec.tryout]:
        message = f"No other task learns from tryouts; leave out {', '.join(tryouts)}."
        raise InvalidInput(Problem(field="job", message=message))
    headers = {"Content-Disposition": 'attachment; filename="history.parquet"'}
    pieces = chronicle.write(_whole(store, wanted))
    return StreamingResponse(pieces, headers=headers, media_type=PARQUET)


def _whole(store: Store, jobs: list[Job]) -> Iterator[PastTask]:
    """Yield the tasks of jobs, one job in memory at a time."""
    for job in jobs:
        with store.read() as tx:
            found = tx.history.whole(job)
        yield from found


def _past(tx: Transaction, job: Job, trials: int) -> PastJob:
    metric, objective = headline(job), job.spec.objectives[0]
    best = tx.trials.best(job.id, maximise=objective.maximise)
    return PastJob(
        job=job.id,
        name=job.spec.name,
        dataset=job.spec.dataset,
        teacher=job.spec.teacher.model,
        students=[s.label for s in job.spec.students],
        state=job.state,
        num_trials=trials,
        metric=metric,
        best=None if best is None else best.dev.get(metric),
        gain=job.result.gain if job.result else None,
        within_noise=job.result.within_noise if job.result else None,
        finished_at=job.finished_at,
    )
