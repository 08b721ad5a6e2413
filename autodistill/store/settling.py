"""What becomes of a job's open trials when nobody drives it any more."""

from __future__ import annotations

from sqlalchemy import Connection, update

from autodistill.record import JobState, TrialState
from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.events import Events

OPEN = (TrialState.QUEUED, TrialState.RUNNING)


def settle_trials(connection: Connection, events: Events, job_id: str, state: JobState) -> None:
    """Cancel the open trials of a job that has ended; queue the running ones of another again.

    Those that run elsewhere go on there as long as their job has not ended.
    """
    table = tables.trial
    change = update(table).where(table.c.job_id == job_id).returning(table.c.number)
    left: tuple[TrialState, ...]
    if state.terminal:
        kind, left = "trial.cancelled", OPEN
        change = change.values(state=TrialState.CANCELLED, finished_at=Clock())
    else:
        kind, left = "trial.requeued", (TrialState.RUNNING,)
        change = change.values(state=TrialState.QUEUED).where(table.c.lease_until.is_(None))
    for number in sorted(connection.scalars(change.where(table.c.state.in_(left)))):
        events.append(job_id, kind, {"number": number})
