"""One route for each page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from api.dashboard.forms import Field, fields
from api.routes.models import ModelRequest
from autodistill.data.ingest import DatasetRequest
from autodistill.metrics import CATALOGUE, COSTS, FIDELITY, METRICS, PROBED
from autodistill.models.inspection import TRANSLATORS
from autodistill.record import JobState
from autodistill.spec import JobRequest
from autodistill.task import Task

SECTIONS = ("teacher", "budget", "search", "augmenters")
"""Parts of a job request that the form draws together."""
STATIC = Path(__file__).parent / "static"
SECURITY = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
_templates = Jinja2Templates(Path(__file__).parent / "templates")
_templates.env.globals["catalogue"] = {
    name: metric.model_dump(mode="json") | {"fidelity": name in FIDELITY}
    for name, metric in CATALOGUE.items()
}
_templates.env.globals["translators"] = " ".join(TRANSLATORS)


class Assets(StaticFiles):
    """Static files that are asked for anew each time and answered with 304 when unchanged."""

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def show(request: Request, name: str, *, status_code: int = 200, **shown: Any) -> Response:
    """Return a page."""
    return _templates.TemplateResponse(
        request, f"{name}.html", shown, status_code=status_code, headers=SECURITY
    )


@router.get("/")
def jobs(request: Request) -> Response:
    """List the jobs."""
    return show(request, "jobs", states=list(JobState))


@router.get("/jobs/new")
def new_job(request: Request) -> Response:
    """Show the form of a job."""
    metrics = {
        name: [task for task, known in METRICS.items() if name in (*known, *COSTS)]
        for known in METRICS.values()
        for name in (*known, *COSTS)
    }
    probes = {
        name: [task for task in Task if name != "klom" or task.is_classification] for name in PROBED
    }
    limits = JobRequest.model_json_schema()["properties"]["limits"]
    return show(request, "new_job", form=_job_form(), metrics=metrics, probes=probes, limits=limits)


@router.get("/jobs/{job_id}")
def job(request: Request, job_id: str) -> Response:
    """Show how a job is doing."""
    return show(request, "job", job_id=job_id)


@router.get("/jobs/{job_id}/why")
def why(request: Request, job_id: str) -> Response:
    """Show what mattered in a job."""
    return show(request, "why", job_id=job_id)


@router.get("/jobs/{job_id}/timeline")
def timeline(request: Request, job_id: str) -> Response:
    """Show what ran when, and what failed."""
    return show(request, "timeline", job_id=job_id)


@router.get("/jobs/{job_id}/compare")
def compare(request: Request, job_id: str) -> Response:
    """Compare some trials of a job."""
    return show(request, "compare", job_id=job_id)


@router.get("/datasets/{dataset}")
def dataset(request: Request, dataset: str) -> Response:
    """Show a dataset's profile and who uses it."""
    return show(request, "dataset", dataset=dataset)


@router.get("/history")
def history(request: Request) -> Response:
    """Show what the recommender has learnt from."""
    return show(request, "history")


@router.get("/system")
def system(request: Request) -> Response:
    """Show workers, queue, leases and versions."""
    return show(request, "system")


@router.get("/jobs/{job_id}/trials")
def trials(request: Request, job_id: str) -> Response:
    """List the trials of a job."""
    return show(request, "trials", job_id=job_id)


@router.get("/jobs/{job_id}/trials/{number}")
def trial(request: Request, job_id: str, number: int) -> Response:
    """Show one trial."""
    return show(request, "trial", job_id=job_id, number=number)


@router.get("/recommend")
def recommend(request: Request) -> Response:
    """Recommend pipelines for a dataset, a teacher and a student."""
    return show(request, "recommend")


@router.get("/datasets")
def datasets(request: Request) -> Response:
    """List the datasets, with a form to upload one."""
    return show(request, "datasets", form=fields(DatasetRequest.model_json_schema()))


@router.get("/models")
def models(request: Request) -> Response:
    """List the models, with a form to register one."""
    return show(request, "models", form=fields(ModelRequest.model_json_schema()))


def _job_form() -> dict[str, list[Field]]:
    """Return the plain fields of a job request by the section that shows them."""
    drawn = fields(JobRequest.model_json_schema())
    by_hand = {"dataset", "teacher.model"}
    grouped: dict[str, list[Field]] = {name: [] for name in (*SECTIONS, "general")}
    for field in drawn:
        if field.name not in by_hand:
            section = field.name.split(".")[0]
            grouped[section if section in SECTIONS else "general"].append(field)
    return grouped
