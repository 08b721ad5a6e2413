"""What ran when in a job, and what failed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import MAX_INT, StoreDep
from api.views import View
from autodistill.explain.timeline import Attempt, attempts, settled
from autodistill.record import Event, Trial

router = APIRouter(prefix="/v1/jobs", tags=["charts"])


class Timeline(View):
    """A stretch of a job's log."""

    attempts: list[Attempt]
    """Those that began in this stretch."""
    changes: list[Event]
    """What happened to the job as a whole."""
    failures: list[Trial]
    """The newest failed trials, with what went wrong."""
    before: int | None
    """Give it as `before` to go further back; null at the beginning."""


@router.get("/{job}/timeline")
def get_timeline(
    job: str,
    store: StoreDep,
    before: Annotated[int | None, Query(ge=1, le=MAX_INT, description="An event.")] = None,
) -> Timeline:
    """Return the attempts of a job's trials: the newest stretch of its log, or an earlier one."""
    with store.read() as tx:
        tx.jobs.get(job)
        events, start = tx.events.told(job, before)
        found = attempts(events)
        left = [a for a in found if a.ended_at is None]
        ended = settled(left, tx.plain.some(job, [a.number for a in left])) if left else []
        failures = tx.trials.failed(job)
    whole = [*(a for a in found if a.ended_at is not None), *ended]
    return Timeline(
        attempts=sorted(whole, key=lambda a: a.started_at),
        changes=[e for e in events if not e.kind.startswith("trial.")],
        failures=failures,
        before=start if start > 1 else None,
    )
