"""Submitting, watching and steering jobs."""

from __future__ import annotations

import secrets
from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from fastapi import APIRouter, Body, Depends, Header, Query, Response
from fastapi.responses import FileResponse
from pydantic import BaseModel, ConfigDict, Field

from api.admission import admit, foresee
from api.creation import Creation
from api.deps import ArtifactsDep, PrincipalDep, StoreDep
from api.description import EXAMPLE_JOB, leads
from api.exact import Exact
from api.views import JobView, Page, job_view, page
from autodistill.access import Principal
from autodistill.errors import Conflict, InvalidInput, NotFound, Problem
from autodistill.explain.estimate import Estimate
from autodistill.record import JobState, StudentFormat, Wish
from autodistill.spec import JobRequest, JobSpec
from autodistill.store import Sought
from autodistill.store.jobs import ORDERS

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
IfMatch = Annotated[str | None, Header(alias="If-Match", max_length=100)]


class _Steering:
    """How whoever sends a request steers jobs."""

    def __init__(self, store: StoreDep, principal: PrincipalDep, response: Response) -> None:
        self._store, self._principal, self._response = store, principal, response

    def wish(self, job: str, wish: Wish, if_match: str | None) -> JobView:
        """Wish something of a job that has not changed since it was looked at."""
        with self._store.write() as tx:
            view = job_view(tx, tx.jobs.wish(job, wish, if_version(if_match)))
            tx.audit.add(self._principal.name, f"job.{wish}", job)
        return tagged(self._response, view)


Steering = Annotated[_Steering, Depends()]


class JobQuery(BaseModel):
    """Which jobs, and in which order."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)

    state: JobState | None = None
    project: str | None = None
    uses: str | None = None
    """Id of a dataset or model."""
    text: Annotated[str, MaxLen(200)] = ""
    """Part of the name or id."""
    sort: Annotated[str, Field(pattern=f"^-?({'|'.join(ORDERS)})$")] = "-created"
    """`-created` is newest first."""
    after: str | None = None
    """The last job of the page before."""
    limit: Annotated[int, Ge(1), Le(500)] = 50
    """Items on a page."""


class Archive(FileResponse):
    """A zip file."""

    media_type = "application/zip"


JOB = leads(
    (
        *("get_job", "list_trials", "get_curves", "download_student", "stream_events"),
        "ask_trial",
        *("pause_job", "resume_job", "cancel_job", "clone_job", "extend_job", "retry_job"),
    ),
    job="$response.body#/id",
)
Asked = Annotated[JobRequest, Exact, Body(examples=[EXAMPLE_JOB])]


@router.post("", status_code=202, responses={202: JOB})
def submit_job(
    asked: Asked,
    store: StoreDep,
    principal: PrincipalDep,
    creation: Creation,
    response: Response,
) -> JobView:
    """Queue a job."""
    asked = _own(asked, principal)
    known = "/v1/jobs", asked.model_dump_json()
    if (job := creation.earlier(*known)) is None:
        with store.read() as tx:  # advice takes its time, and a write would make everybody wait
            spec, facts = admit(tx, asked, advising=True)
        name = f"job_{secrets.token_hex(8)}"
        job, _ = creation.make(
            *known, action="job.submit", make=lambda tx: tx.jobs.add(name, spec, facts=facts).id
        )
    return get_job(job, store, response)


@router.post("/validate")
def validate_job(asked: Asked, store: StoreDep, principal: PrincipalDep) -> JobSpec:
    """Return the job as it would be stored, but for what the recommender would have it try first.

    That is empty; `POST /v1/recommendations` tells it.
    """
    with store.read() as tx:
        return admit(tx, _own(asked, principal), advising=False)[0]


@router.post("/estimate")
def estimate_job(asked: JobRequest, store: StoreDep, principal: PrincipalDep) -> Estimate:
    """Return how many trials and how much time a job would take, going by earlier ones."""
    with store.read() as tx:
        spec, facts = admit(tx, _own(asked, principal), advising=False)
        return foresee(tx, spec, facts)


@router.get("")
def list_jobs(
    store: StoreDep, principal: PrincipalDep, asked: Annotated[JobQuery, Query()]
) -> Page[JobView]:
    """List jobs."""
    sought = Sought(
        state=asked.state,
        project=principal.confined(asked.project),
        registered=asked.uses,
        text=asked.text,
        order=asked.sort.removeprefix("-"),
        descending=asked.sort.startswith("-"),
        after=asked.after,
    )
    limit = asked.limit
    with store.read() as tx:
        jobs = tx.jobs.list(sought, limit=limit + 1)
        return page([job_view(tx, job) for job in jobs], limit, lambda job: job.id)


@router.get("/{job}")
def get_job(job: str, store: StoreDep, response: Response) -> JobView:
    """Return a job with how far it is."""
    with store.read() as tx:
        return tagged(response, job_view(tx, tx.jobs.get(job)))


@router.post("/{job}/pause", responses={200: JOB})
def pause_job(job: str, steering: Steering, if_match: IfMatch = None) -> JobView:
    """Stop after the running epochs; `resume` goes on from there."""
    return steering.wish(job, Wish.PAUSE, if_match)


@router.post("/{job}/resume", responses={200: JOB})
def resume_job(job: str, steering: Steering, if_match: IfMatch = None) -> JobView:
    """Go on with a paused job."""
    return steering.wish(job, Wish.RUN, if_match)


@router.post("/{job}/cancel", responses={200: JOB})
def cancel_job(job: str, steering: Steering, if_match: IfMatch = None) -> JobView:
    """End a job for good."""
    return steering.wish(job, Wish.CANCEL, if_match)


@router.get("/{job}/student", response_class=Archive)
def download_student(
    job: str, store: StoreDep, artifacts: ArtifactsDep, format: StudentFormat = "safetensors"
) -> Archive:
    """Download the best student: a zip of a directory in Hugging Face layout, or of ONNX graphs."""
    with store.read() as tx:
        found = tx.jobs.get(job)
    if (result := found.result) is None:
        raise Conflict(f"Job {job} is {found.state}; a student is there when it has succeeded.")
    kept = {
        "safetensors": result.artifact,
        "onnx": None if result.graphs is None else result.graphs.artifact,
    }
    if result.artifact is None:
        raise Conflict(f"The student of job {job} was trained elsewhere; it never came here.")
    if (sha256 := kept[format]) is None:
        why = result.no_graphs or "its worker was not to export any (AUTODISTILL_ONNX)"
        raise Conflict(f"Job {job} has no ONNX graphs of its student: {why}.")
    path = artifacts.path(sha256)
    if not path.exists():
        raise NotFound("artifact", sha256)
    return Archive(path, filename=f"{job}-student-{format}.zip")


def _own(asked: JobRequest, principal: Principal) -> JobRequest:
    """Return a request for the project that its sender may submit to."""
    return asked.model_copy(update={"project": principal.confined(asked.project)})


def tagged(response: Response, view: JobView) -> JobView:
    """Return a job whose version is the answer's ETag."""
    response.headers["ETag"] = f'"{view.version}"'
    return view


def if_version(if_match: str | None) -> int | None:
    """Return the version that a job is to have still; None where that is left open."""
    if if_match is None or if_match == "*":
        return None
    quoted = if_match.removeprefix("W/").strip('"')
    if not quoted.isdecimal():
        message = f"An entity tag of a job is its version in quotes, not {if_match}."
        raise InvalidInput(Problem(field="If-Match", message=message))
    return int(quoted)
