"""Submitting, watching and steering jobs."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Response
from fastapi.responses import FileResponse

from api.admission import admit
from api.deps import MAX_INT, ArtifactsDep, Limit, StoreDep
from api.views import Curves, JobView, Page, curves, job_view
from autodistill.errors import Conflict, InvalidInput, NotFound, Problem
from autodistill.record import JobState, Trial, Wish
from autodistill.spec import JobRequest, JobSpec
from autodistill.store import Store, Transaction

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
Key = Annotated[str | None, Header(min_length=1, max_length=200)]
IfMatch = Annotated[str | None, Header(max_length=100)]
Number = Annotated[int, Path(ge=0, le=MAX_INT)]
AfterNumber = Annotated[int | None, Query(ge=0, le=MAX_INT)]
ANYONE = "anyone"
"""Whose keys they are; there are no accounts yet."""


class Archive(FileResponse):
    """A zip file."""

    media_type = "application/zip"


@router.post("", status_code=202)
def submit_job(
    asked: JobRequest, store: StoreDep, response: Response, idempotency_key: Key = None
) -> JobView:
    """Queue a job. The same `Idempotency-Key` with the same body makes one job, however often."""
    view = _submit(store, asked, idempotency_key)
    response.headers["Location"] = f"/v1/jobs/{view.id}"
    return _tagged(response, view)


@router.post("/validate")
def validate_job(asked: JobRequest, store: StoreDep) -> JobSpec:
    """Return the job as it would be stored, without storing it."""
    with store.read() as tx:
        return admit(tx, asked)[0]


@router.get("")
def list_jobs(
    store: StoreDep,
    state: JobState | None = None,
    project: str | None = None,
    after: str | None = None,
    limit: Limit = 50,
) -> Page[JobView]:
    """List jobs, newest first."""
    with store.read() as tx:
        jobs = tx.jobs.list(state, after, limit + 1, project=project)
        items = [job_view(tx, job) for job in jobs[:limit]]
    return Page(items=items, next=jobs[limit - 1].id if len(jobs) > limit else None)


@router.get("/{job}")
def get_job(job: str, store: StoreDep, response: Response) -> JobView:
    """Return a job with how far it is."""
    with store.read() as tx:
        return _tagged(response, job_view(tx, tx.jobs.get(job)))


@router.post("/{job}/pause")
def pause_job(job: str, store: StoreDep, response: Response, if_match: IfMatch = None) -> JobView:
    """Stop after the running epochs; `resume` goes on from there."""
    return _tagged(response, _wish(store, job, Wish.PAUSE, if_match))


@router.post("/{job}/resume")
def resume_job(job: str, store: StoreDep, response: Response, if_match: IfMatch = None) -> JobView:
    """Go on with a paused job."""
    return _tagged(response, _wish(store, job, Wish.RUN, if_match))


@router.post("/{job}/cancel")
def cancel_job(job: str, store: StoreDep, response: Response, if_match: IfMatch = None) -> JobView:
    """End a job for good."""
    return _tagged(response, _wish(store, job, Wish.CANCEL, if_match))


@router.get("/{job}/trials")
def list_trials(
    job: str, store: StoreDep, after: AfterNumber = None, limit: Limit = 100
) -> Page[Trial]:
    """List the trials of a job by number, without their curves."""
    with store.read() as tx:
        tx.jobs.get(job)
        items = tx.trials.list(job, after, limit + 1)
    more = len(items) > limit
    return Page(items=items[:limit], next=str(items[limit - 1].number) if more else None)


@router.get("/{job}/trials/{number}")
def get_trial(job: str, number: Number, store: StoreDep) -> Trial:
    """Return a trial with its curve."""
    with store.read() as tx:
        tx.jobs.get(job)
        return tx.trials.get(job, number)


@router.get("/{job}/curves")
def get_curves(job: str, store: StoreDep) -> Curves:
    """Return how the first objective went on dev, trial by trial."""
    with store.read() as tx:
        return curves(tx, tx.jobs.get(job))


@router.get("/{job}/student", response_class=Archive)
def download_student(job: str, store: StoreDep, artifacts: ArtifactsDep) -> Archive:
    """Download the best student: a zip of a directory in Hugging Face layout."""
    with store.read() as tx:
        found = tx.jobs.get(job)
    if found.result is None:
        raise Conflict(f"Job {job} is {found.state}; a student is there when it has succeeded.")
    path = artifacts.path(found.result.artifact)
    if not path.exists():
        raise NotFound("artifact", found.result.artifact)
    return Archive(path, filename=f"{job}-student.zip")


def _submit(store: Store, asked: JobRequest, key: str | None) -> JobView:
    sha = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
    with store.read() as tx:  # advice takes its time, and a write would make everybody wait
        if (earlier := _earlier(tx, key, sha)) is not None:
            return earlier
        spec, facts = admit(tx, asked)
    with store.write() as tx:
        if (earlier := _earlier(tx, key, sha)) is not None:
            return earlier
        job = tx.jobs.add(f"job_{secrets.token_hex(8)}", spec, facts=facts)
        if key is not None:
            tx.idempotency.remember(key, ANYONE, sha, {"id": job.id})
        return job_view(tx, job)


def _earlier(tx: Transaction, key: str | None, sha: str) -> JobView | None:
    """Return the job that an earlier request with this key made."""
    reply = None if key is None else tx.idempotency.recall(key, ANYONE, sha)
    return None if reply is None else job_view(tx, tx.jobs.get(reply["id"]))


def _tagged(response: Response, view: JobView) -> JobView:
    response.headers["ETag"] = f'"{view.version}"'
    return view


def _wish(store: Store, job: str, wish: Wish, if_match: str | None) -> JobView:
    version: int | None = None
    if if_match is not None and if_match != "*":
        quoted = if_match.removeprefix("W/").strip('"')
        if not quoted.isdecimal():
            message = f"An entity tag of a job is its version in quotes, not {if_match}."
            raise InvalidInput(Problem(field="If-Match", message=message))
        version = int(quoted)
    with store.write() as tx:
        return job_view(tx, tx.jobs.wish(job, wish, version))
