"""Is the service up, is it ready, and how is it doing?"""

from __future__ import annotations

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from api.deps import StoreDep

router = APIRouter(tags=["health"])


class Exposition(Response):
    """The text format of Prometheus."""

    media_type = CONTENT_TYPE_LATEST


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(request: Request, store: StoreDep) -> dict[str, str]:
    """Say that the database answers and has the schema, and that this process is not stopping."""
    if request.app.state.draining.is_set():
        raise HTTPException(503, "This process is stopping; ask another.", {"Retry-After": "5"})
    with store.read() as tx:
        tx.jobs.list(limit=1)
    return {"status": "ready"}


@router.get("/metrics", response_class=Exposition)
def get_metrics(request: Request) -> Exposition:
    """Return meters for Prometheus: jobs, trials, slots, the queue, requests and listeners."""
    return Exposition(generate_latest(request.app.state.metrics.registry))
