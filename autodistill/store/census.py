"""How much there is of everything, and who works on what, for whoever watches the service."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, exists, func, select, text

from autodistill.record import JobState, Origin, TrialState
from autodistill.store import tables
from autodistill.store.columns import Clock

LEARNT = (TrialState.COMPLETE, TrialState.PRUNED)


class Database(NamedTuple):
    """Where the rows are."""

    kind: str
    """`sqlite` or `postgresql`."""
    version: str
    revision: str
    """Of the schema."""
    num_bytes: int
    now: Any
    """The database's clock, which leases go by."""


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
        """Return how long the oldest job that waits for a worker has been there; 0 without one."""
        table = tables.job
        oldest = select(func.min(table.c.created_at), Clock()).where(
            table.c.state == JobState.QUEUED, table.c.runs == "here"
        )
        since, now = self._connection.execute(oldest).one()
        if not isinstance(since, datetime):
            return 0.0
        return max(0.0, float((now - since).total_seconds()))

    def running(self) -> dict[str, int]:
        """Return how many trials run now, by job."""
        trial = tables.trial.c
        active = select(tables.job.c.id).where(tables.job.c.owner.is_not(None))
        query = (
            select(trial.job_id, func.count())
            .where(trial.job_id.in_(active), trial.state == TrialState.RUNNING)
            .group_by(trial.job_id)
        )
        return {job: count for job, count in self._connection.execute(query)}

    def learnt(self) -> Sequence[Row[str, int]]:
        """Return (job, number of trials) that the recommender learns from, oldest job first."""
        trial, job = tables.trial.c, tables.job.c
        counts = (
            select(trial.job_id, func.count().label("trials"))
            .where(trial.state.in_(LEARNT), trial.origin != Origin.CONFIRMATION)
            .group_by(trial.job_id)
            .subquery()
        )
        query = select(job.id, counts.c.trials).join(counts, counts.c.job_id == job.id)
        return self._connection.execute(query.where(~job.tryout).order_by(job.position)).all()

    def learnt_datasets(self) -> int:
        """Return how many datasets have trials that the recommender learns from."""
        trial, job = tables.trial.c, tables.job.c
        some = exists().where(
            trial.job_id == job.id, trial.state.in_(LEARNT), trial.origin != Origin.CONFIRMATION
        )
        query = select(func.count(func.distinct(job.dataset_id))).where(some, ~job.tryout)
        return self._connection.scalar(query) or 0

    def database(self) -> Database:
        """Return what the rows are kept in."""
        sqlite = self._connection.dialect.name == "sqlite"
        size = (
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
            if sqlite
            else "SELECT pg_database_size(current_database())"
        )
        version = "SELECT sqlite_version()" if sqlite else "SHOW server_version"
        revision = "SELECT version_num FROM alembic_version"
        ask = self._connection.scalar
        return Database(
            kind=self._connection.dialect.name,
            version=str(ask(text(version))),
            revision=str(ask(text(revision))),
            num_bytes=int(ask(text(size)) or 0),
            now=ask(select(Clock())),
        )
