"""Who works on what, what waits, and what everything runs on."""

from __future__ import annotations

import platform
import resource
import time
from datetime import datetime
from importlib.metadata import version

from fastapi import APIRouter

from api.deps import PrincipalDep, StoreDep
from api.views import JobView, View, job_view, visible
from autodistill.record import JobState, TrialState

router = APIRouter(prefix="/v1", tags=["system"])
PACKAGES = ("autodistill-service", "fastapi", "sqlalchemy", "pydantic", "optuna", "numpy")
_BEGAN = time.monotonic()


class Lease(View):
    """A job that a worker holds."""

    job: str
    name: str
    worker: str
    until: datetime
    """By the database's clock; renewed while the worker lives."""
    claim: int
    """Grows with each claim; who has an older one cannot write any more."""
    slots: int
    """Trials that the job asked to run side by side."""
    running: int
    """Trials that run now."""


class Storage(View):
    """The database."""

    kind: str
    version: str
    revision: str
    num_bytes: int
    now: datetime


class System(View):
    """The service as a whole."""

    jobs: dict[JobState, int]
    trials: dict[TrialState, int]
    queue: list[JobView]
    """The jobs that wait for a worker."""
    leases: list[Lease]
    num_datasets: int
    num_models: int
    database: Storage
    versions: dict[str, str]
    uptime_s: float
    """Of this API process."""
    peak_memory_bytes: int
    """Of this API process."""


@router.get("/system")
def get_system(store: StoreDep, principal: PrincipalDep) -> System:
    """Return workers, slots, queue, leases, database and versions."""
    with store.read() as tx:
        running = tx.census.running()
        leases = [
            Lease(
                job=job.id,
                name=job.spec.name,
                worker=job.owner,
                until=job.lease_until,
                claim=job.owner_epoch,
                slots=job.spec.parallelism,
                running=running.get(job.id, 0),
            )
            for job in tx.leases.live()
            if job.owner and job.lease_until and visible(principal, job)
        ]
        waiting = tx.leases.waiting(limit=50)
        database = tx.census.database()
        return System(
            jobs=tx.census.jobs(),
            trials=tx.census.trials(),
            queue=[job_view(tx, job) for job in waiting if visible(principal, job)],
            leases=leases,
            num_datasets=tx.datasets.count(),
            num_models=tx.models.count(),
            database=Storage(**database._asdict()),
            versions={"python": platform.python_version()} | {p: version(p) for p in PACKAGES},
            uptime_s=time.monotonic() - _BEGAN,
            peak_memory_bytes=1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        )
