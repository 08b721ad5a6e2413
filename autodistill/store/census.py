"""How many jobs and trials there are, for whoever watches the service."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from autodistill.record import JobState, TrialState
from autodistill.store import tables
from autodistill.store.columns import Clock


class Census:
    """Counts over the whole store."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def jobs(self) -> dict[JobState, int]:
        """Return how many jobs are in each state."""
        state = tables.job.c.state
        found = self._connection.execute(select(state, func.count()).group_by(state))
        counts = {JobState(name): number for name, number in found}
        return {state: counts.get(state, 0) for state in JobState}

    def trials(self) -> dict[TrialState, int]:
        """Return how many trials are in each state."""
        state = tables.trial.c.state
        found = self._connection.execute(select(state, func.count()).group_by(state))
        counts = {TrialState(name): number for name, number in found}
        return {state: counts.get(state, 0) for state in TrialState}

    def longest_wait_s(self) -> float:
        """Return for how many seconds the oldest queued job has been there; 0 without one."""
        table = tables.job
        oldest = select(func.min(table.c.created_at), Clock()).where(
            table.c.state == JobState.QUEUED
        )
        since, now = self._connection.execute(oldest).one()
        if not isinstance(since, datetime):
            return 0.0
        return max(0.0, float((now - since).total_seconds()))
