"""Is the service up, and is it ready?"""

from __future__ import annotations

from fastapi import APIRouter

from api.deps import StoreDep

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """Say that the process answers."""
    return {"status": "ok"}


@router.get("/readyz")
def readyz(store: StoreDep) -> dict[str, str]:
    """Say that the database answers and has the schema."""
    with store.read() as tx:
        tx.jobs.list(limit=1)
    return {"status": "ready"}
