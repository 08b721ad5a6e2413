"""The printable report of a job."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from api.deps import StoreDep
from api.frames import ShelvesDep
from api.report import report

router = APIRouter(prefix="/v1/jobs", tags=["charts"])
_templates = Jinja2Templates(Path(__file__).parent.parent / "dashboard" / "templates")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'"


@router.get("/{job}/report", response_class=HTMLResponse)
def get_report(request: Request, job: str, store: StoreDep, shelves: ShelvesDep) -> HTMLResponse:
    """Return the job's story as one HTML file without scripts, to be printed or sent."""
    with store.read() as tx:
        found = tx.jobs.get(job)
        shown = report(tx, found, shelves.of(job))
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    return _templates.TemplateResponse(request, "report.html", shown, headers=headers)
