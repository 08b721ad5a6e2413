"""Jobs taken up again: cloned with changes, given a larger budget, their failed trials run anew."""

from __future__ import annotations

import json
import secrets
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le
from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, ConfigDict, ValidationError

from api.admission import admit
from api.creation import Creation
from api.deps import MAX_INT, PrincipalDep, StoreDep
from api.errors import of_pydantic
from api.exact import Exact
from api.routes.jobs import JOB, IfMatch, get_job, if_version, tagged
from api.views import JobView, job_view
from autodistill.errors import InvalidInput
from autodistill.spec import JobRequest, JobSpec

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])
Changes = Annotated[dict[str, Any], Body(examples=[{"name": "once more", "seed": 1}])]


class Extension(BaseModel):
    """A larger budget."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    num_trials: Annotated[int, Ge(1), Le(100_000)]
    """Trials of the whole search, those that it has had included."""
    timeout_s: Annotated[float, Gt(0)] | None = None
    """Seconds of the whole search, where it has a limit; null leaves the limit as it is."""


@router.post("/{job}/clone", status_code=202, responses={202: JOB})
def clone_job(
    job: str,
    changes: Changes,
    store: StoreDep,
    principal: PrincipalDep,
    creation: Creation,
    response: Response,
) -> JobView:
    """Submit a job again, with changes to its request (RFC 7386, a JSON merge patch).

    What was recommended when the original was submitted stays so.
    """
    known = f"/v1/jobs/{job}/clone", json.dumps(changes, sort_keys=True)
    if (clone := creation.earlier(*known)) is None:
        with store.read() as tx:
            original = tx.jobs.get(job).spec
            asked = _changed(original, changes)
            asked = asked.model_copy(update={"project": principal.confined(asked.project)})
            spec, facts = admit(tx, asked, advising=False)
        first = original.recommended[: spec.search.recommended]
        spec = spec.model_copy(update={"recommended": first})
        name = f"job_{secrets.token_hex(8)}"
        clone, _ = creation.make(
            *known, action="job.clone", make=lambda tx: tx.jobs.add(name, spec, facts=facts).id
        )
    response.headers["Location"] = f"/v1/jobs/{clone}"
    return get_job(clone, store, response)


@router.post("/{job}/extend", responses={200: JOB})
def extend_job(
    job: str,
    asked: Annotated[Extension, Exact, Body(examples=[{"num_trials": 40}])],
    store: StoreDep,
    principal: PrincipalDep,
    response: Response,
    if_match: IfMatch = None,
) -> JobView:
    """Give a job that has ended or is paused a larger budget, and queue it."""
    with store.write() as tx:
        limits = asked.num_trials, asked.timeout_s
        view = job_view(tx, tx.renewals.extend(job, *limits, version=if_version(if_match)))
        tx.audit.add(principal.name, "job.extend", job)
    return tagged(response, view)


@router.post("/{job}/retry", responses={200: JOB})
def retry_job(
    job: str,
    store: StoreDep,
    principal: PrincipalDep,
    response: Response,
    trial: Annotated[int | None, Query(ge=0, le=MAX_INT, description="This one alone.")] = None,
    if_match: IfMatch = None,
) -> JobView:
    """Run the failed and stopped trials of a job that has ended or is paused once more."""
    with store.write() as tx:
        view = job_view(tx, tx.renewals.retry(job, trial, version=if_version(if_match)))
        tx.audit.add(principal.name, "job.retry", job)
    return tagged(response, view)


def _changed(spec: JobSpec, changes: dict[str, Any]) -> JobRequest:
    """Return what would be asked for to get that job, with some changes."""
    asked = spec.model_dump(mode="json", exclude={"recommended"})
    try:
        return JobRequest.model_validate(_merged(asked, changes))
    except ValidationError as error:
        raise InvalidInput([of_pydantic(e) for e in error.errors()]) from error


def _merged(value: Any, patch: Any) -> Any:
    """Return a JSON value after a merge patch."""
    if not isinstance(patch, dict):
        return patch
    kept = {k: v for k, v in value.items() if k not in patch} if isinstance(value, dict) else {}
    old = value if isinstance(value, dict) else {}
    return kept | {k: _merged(old.get(k), v) for k, v in patch.items() if v is not None}
