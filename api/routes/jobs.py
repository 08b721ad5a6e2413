"""Submitting, watching and steering jobs."""

from __future__ import annotations

import hashlib
import secrets
from typing import Annotated

from fastapi import APIRouter, Header, Response
from fastapi.responses import FileResponse

from api.admission import admit
from api.deps import ArtifactsDep, Limit, StoreDep
from api.views import Curves, JobView, Page, curves, job_view
from autodistill.errors import Conflict, InvalidInput, Problem
from autodistill.record import JobState, Trial, Wish
from autodistill.spec import JobRequest, JobSpec
from autodistill.store import Store

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
Key = Annotated[str | None, Header(max_length=200)]
IfMatch = Annotated[str | None, Header()]
ANYONE = "anyone"
"""Whose keys they are; there are no accounts yet."""


@router.post("", status_code=202)
def submit_job(
    asked: JobRequest, store: StoreDep, response: Response, idempotency_key: Key = None
) -> JobView:
    """Queue a job. The same `Idempotency-Key` with the same body makes one job, however often."""
    sha = hashlib.sha256(asked.model_dump_json().encode()).hexdigest()
    with store.write() as tx:
        earlier = tx.idempotency.recall(idempotency_key, ANYONE, sha) if idempotency_key else None
        if earlier is not None:
            job = tx.jobs.get(earlier["id"])
        else:
            spec, facts = admit(tx, asked)
            job = tx.jobs.add(f"job_{secrets.token_hex(8)}", spec, facts=facts)
            if idempotency_key:
                tx.idempotency.remember(idempotency_key, ANYONE, sha, {"id": job.id})
        view = job_view(tx, job)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    response.headers["ETag"] = f'"{job.version}"'
    return view


@router.post("/validate")
def validate_job(asked: JobRequest, store: StoreDep) -> JobSpec:
    """Return the job as it would be stored, without storing it."""
    with store.read() as tx:
        return admit(tx, asked)[0]


@router.get("")
def list_jobs(
    store: StoreDep, state: JobState | None = None, after: str | None = None, limit: Limit = 50
) -> Page[JobView]:
    """List jobs, newest first."""
    with store.read() as tx:
        jobs = tx.jobs.list(state, after, limit + 1)
        items = [job_view(tx, job) for job in jobs[:limit]]
    return Page(items=items, next=jobs[limit - 1].id if len(jobs) > limit else None)


@router.get("/{job}")
def get_job(job: str, store: StoreDep, response: Response) -> JobView:
    """Return a job with how far it is."""
    with store.read() as tx:
        view = job_view(tx, tx.jobs.get(job))
    response.headers["ETag"] = f'"{view.version}"'
    return view


@router.post("/{job}/pause")
def pause_job(job: str, store: StoreDep, if_match: IfMatch = None) -> JobView:
    """Stop after the running epochs; `resume` goes on from there."""
    return _wish(store, job, Wish.PAUSE, if_match)


@router.post("/{job}/resume")
def resume_job(job: str, store: StoreDep, if_match: IfMatch = None) -> JobView:
    """Go on with a paused job."""
    return _wish(store, job, Wish.RUN, if_match)


@router.post("/{job}/cancel")
def cancel_job(job: str, store: StoreDep, if_match: IfMatch = None) -> JobView:
    """End a job for good."""
    return _wish(store, job, Wish.CANCEL, if_match)


@router.get("/{job}/trials")
def list_trials(
    job: str, store: StoreDep, after: int | None = None, limit: Limit = 100
) -> Page[Trial]:
    """List the trials of a job by number, without their curves."""
    with store.read() as tx:
        tx.jobs.get(job)
        items = tx.trials.list(job, after, limit + 1)
    more = len(items) > limit
    return Page(items=items[:limit], next=str(items[limit - 1].number) if more else None)


@router.get("/{job}/trials/{number}")
def get_trial(job: str, number: int, store: StoreDep) -> Trial:
    """Return a trial with its curve."""
    with store.read() as tx:
        tx.jobs.get(job)
        return tx.trials.get(job, number)


@router.get("/{job}/curves")
def get_curves(job: str, store: StoreDep) -> Curves:
    """Return the course of the first objective on dev for every trial of a job."""
    with store.read() as tx:
        found = tx.jobs.get(job)
        return curves(found.spec.objectives[0].metric, tx.trials.all(job))


@router.get("/{job}/student", response_class=FileResponse)
def download_student(job: str, store: StoreDep, artifacts: ArtifactsDep) -> FileResponse:
    """Download the best student: a zip of a directory in Hugging Face layout."""
    with store.read() as tx:
        found = tx.jobs.get(job)
    if found.result is None:
        raise Conflict(f"Job {job} is {found.state}; a student is there when it has succeeded.")
    path = artifacts.path(found.result.artifact)
    return FileResponse(path, filename=f"{job}-student.zip", media_type="application/zip")


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
