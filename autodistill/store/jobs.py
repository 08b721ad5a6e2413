"""Jobs: submitted, wished for, listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, or_, select, update

from autodistill.errors import Conflict, NotFound
from autodistill.record import Job, JobState, Wish
from autodistill.spec import JobSpec
from autodistill.store import tables
from autodistill.store.database import now
from autodistill.store.log import append
from autodistill.task import TaskFacts

COLUMNS = [c for c in tables.job.c if c.name in Job.model_fields]
AT_ONCE = {
    (JobState.QUEUED, Wish.CANCEL): JobState.CANCELLED,
    (JobState.PAUSED, Wish.CANCEL): JobState.CANCELLED,
    (JobState.QUEUED, Wish.PAUSE): JobState.PAUSED,
    (JobState.PAUSED, Wish.RUN): JobState.QUEUED,
}
"""Wishes that need no driver, for jobs that nobody works on."""


def to_job(row: Row[Any]) -> Job:
    """Return a row as a record."""
    return Job.model_validate(dict(row._mapping))


class Jobs:
    """What users ask and see of jobs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, job_id: str, spec: JobSpec, *, facts: Mapping[str, TaskFacts]) -> Job:
        """Queue a job."""
        self._connection.execute(
            insert(tables.job).values(
                id=job_id,
                dataset_id=spec.dataset,
                spec=spec,
                facts=dict(facts),
                state=JobState.QUEUED,
                wish=Wish.RUN,
                version=1,
                message="",
                created_at=now(self._connection),
                owner_epoch=0,
                last_seq=0,
                last_finish=0,
            )
        )
        append(self._connection, job_id, "job.queued", {})
        return self.get(job_id)

    def get(self, job_id: str) -> Job:
        """Return a job.

        Raises:
            NotFound: When there is none of that id.
        """
        query = select(*COLUMNS).where(tables.job.c.id == job_id)
        row = self._connection.execute(query).first()
        if row is None:
            raise NotFound("job", job_id)
        return to_job(row)

    def facts(self, job_id: str) -> dict[str, TaskFacts]:
        """Return the facts of each student, as they were when the job was admitted."""
        query = select(tables.job.c.facts).where(tables.job.c.id == job_id)
        found: dict[str, TaskFacts] | None = self._connection.scalar(query)
        if found is None:
            raise NotFound("job", job_id)
        return found

    def list(
        self, state: JobState | None = None, after: str | None = None, limit: int = 50
    ) -> list[Job]:
        """Return jobs, newest first; those older than the job `after`."""
        table = tables.job
        query = select(*COLUMNS).order_by(table.c.position.desc()).limit(limit)
        if state is not None:
            query = query.where(table.c.state == state)
        if after is not None:
            start = select(table.c.position).where(table.c.id == after).scalar_subquery()
            query = query.where(table.c.position < start)
        return [to_job(row) for row in self._connection.execute(query)]

    def wish(self, job_id: str, wish: Wish, version: int | None = None) -> Job:
        """Say what the user wants of a job now; its driver follows, or it happens at once.

        Raises:
            Conflict: When the job has ended, or has changed since `version`.
        """
        table = tables.job
        self._connection.execute(  # whoever writes to a job holds its row until the end
            update(table).where(table.c.id == job_id).values(last_seq=table.c.last_seq)
        )
        job = self.get(job_id)
        if version is not None and version != job.version:
            message = f"Job {job_id} has changed: it has version {job.version}, not {version}."
            raise Conflict(message)
        if job.state.terminal:
            raise Conflict(f"Job {job_id} is {job.state}; there is nothing left to {wish}.")
        moment = now(self._connection)
        idle = job.lease_until is None or job.lease_until < moment
        state = job.state if job.state in (JobState.QUEUED, JobState.PAUSED) else JobState.QUEUED
        changed = AT_ONCE.get((state, wish), job.state) if idle else job.state
        values: dict[str, Any] = {"wish": wish, "version": job.version + 1, "state": changed}
        if changed.terminal:
            values["finished_at"] = moment
        self._connection.execute(update(table).where(table.c.id == job_id).values(values))
        if changed != job.state:
            append(self._connection, job_id, f"job.{changed}", {})
            if changed is JobState.CANCELLED:
                cancel_open_trials(self._connection, job_id)
        else:
            append(self._connection, job_id, f"job.wish_{wish}", {})
        return self.get(job_id)


def cancel_open_trials(connection: Connection, job_id: str) -> None:
    """Mark the trials that will not run any more."""
    table = tables.trial
    query = select(table.c.id, table.c.number).where(
        and_(table.c.job_id == job_id, or_(table.c.state == "queued", table.c.state == "running"))
    )
    for trial_id, number in connection.execute(query).all():
        values = {"state": "cancelled", "finished_at": now(connection)}
        connection.execute(update(table).where(table.c.id == trial_id).values(values))
        append(connection, job_id, "trial.cancelled", {"number": number})
