"""Leases: who may work on a job, for how long, and the token that fences off everyone else."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, and_, or_, select, update

from autodistill.errors import LeaseLost
from autodistill.record import Job, JobState
from autodistill.store import tables
from autodistill.store.database import now
from autodistill.store.jobs import COLUMNS, to_job

ACTIVE = (
    JobState.PREPARING,
    JobState.SEARCHING,
    JobState.FINALISING,
    JobState.CANCELLING,
)


class Leases:
    """Claiming, renewing and giving back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, owner: str, ttl_s: float) -> Job | None:
        """Take the oldest job that is queued, or whose worker's lease has run out.

        Its `owner_epoch` grows: a former owner that wakes up cannot write any more.
        """
        table, moment = tables.job, now(self._connection)
        free = or_(table.c.lease_until.is_(None), table.c.lease_until < moment)
        candidate = (
            select(table.c.position)
            .where(and_(free, table.c.state.in_((JobState.QUEUED, *ACTIVE))))
            .order_by(table.c.position)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self._connection.execute(
            update(table)
            .where(table.c.position == candidate.scalar_subquery())
            .values(
                owner=owner,
                owner_epoch=table.c.owner_epoch + 1,
                lease_until=moment + timedelta(seconds=ttl_s),
            )
            .returning(*COLUMNS)
        ).first()
        return None if row is None else to_job(row)

    def renew(self, job_id: str, epoch: int, ttl_s: float) -> None:
        """Hold a job for another `ttl_s` seconds.

        Raises:
            LeaseLost: When another worker has claimed it.
        """
        table = tables.job
        until = now(self._connection) + timedelta(seconds=ttl_s)
        changed = self._connection.execute(
            update(table)
            .where(table.c.id == job_id, table.c.owner_epoch == epoch)
            .values(lease_until=until)
        )
        if changed.rowcount == 0:
            raise LeaseLost(f"Job {job_id} is owned by a later claim than {epoch}.")

    def release(self, job_id: str, epoch: int) -> None:
        """Let a job be claimed again at once, if this claim still holds it."""
        table = tables.job
        self._connection.execute(
            update(table)
            .where(table.c.id == job_id, table.c.owner_epoch == epoch)
            .values(lease_until=None)
        )

    def live(self) -> list[Job]:
        """Return the jobs that somebody holds."""
        table = tables.job
        query = select(*COLUMNS).where(table.c.lease_until >= now(self._connection))
        return [to_job(row) for row in self._connection.execute(query)]
