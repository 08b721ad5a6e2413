"""Looking at single trials, and stopping one."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query

from api.deps import MAX_INT, Limit, PrincipalDep, SettingsDep, StoreDep
from api.description import leads
from api.views import Page, View, page
from autodistill.logs import read_captured, trial_log
from autodistill.record import Confusion, Trial

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
Number = Annotated[int, Path(ge=0, le=MAX_INT)]
AfterNumber = Annotated[int | None, Query(ge=0, le=MAX_INT)]
TRIALS = leads(["get_trial"], job="$request.path.job", number="$response.body#/items/0/number")


class ConfusionView(View):
    """Which classes a trial's student takes for which, on dev."""

    labels: tuple[str, ...]
    """Classes, in the order of rows and columns."""
    counts: Confusion | None
    """Examples by true class (rows) and predicted class (columns); null until the trial is
    complete, and where there are no classes or more than 64."""


class TrialLog(View):
    """What the attempts of a trial said."""

    text: str
    """The last 64 KiB in whole lines; empty before it runs, and where it ran before logs were
    kept."""


@router.get("/{job}/trials", responses={200: TRIALS})
def list_trials(
    job: str, store: StoreDep, after: AfterNumber = None, limit: Limit = 100
) -> Page[Trial]:
    """List the trials of a job by number, without their curves."""
    with store.read() as tx:
        tx.jobs.get(job)
        items = tx.trials.list(job, after, limit + 1)
    return page(items, limit, lambda trial: trial.number)


@router.get("/{job}/trials/{number}")
def get_trial(job: str, number: Number, store: StoreDep) -> Trial:
    """Return a trial with its curve."""
    with store.read() as tx:
        tx.jobs.get(job)
        return tx.trials.get(job, number)


@router.get("/{job}/trials/{number}/confusion")
def get_confusion(job: str, number: Number, store: StoreDep) -> ConfusionView:
    """Return the confusion matrix of a complete trial's student."""
    with store.read() as tx:
        dataset = tx.datasets.get(tx.jobs.get(job).spec.dataset)
        return ConfusionView(labels=dataset.labels, counts=tx.trials.confusion(job, number))


@router.get("/{job}/trials/{number}/log")
def get_log(job: str, number: Number, store: StoreDep, settings: SettingsDep) -> TrialLog:
    """Return what a trial's process has logged and printed."""
    with store.read() as tx:
        tx.jobs.get(job)
        tx.trials.get(job, number)
    return TrialLog(text=read_captured(trial_log(settings.root, job, number)))


@router.post("/{job}/trials/{number}/stop")
def stop_trial(job: str, number: Number, store: StoreDep, principal: PrincipalDep) -> Trial:
    """End an open trial after its epoch; `retry` can run it again."""
    with store.write() as tx:
        tx.jobs.get(job)
        tx.jobs.stop(job, number)
        tx.audit.add(principal.name, "trial.stop", f"{job}/{number}")
        return tx.trials.get(job, number)
