"""Leases: who may work on a job, for how long, and the token that fences off everyone else."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, or_, select, update

from autodistill.errors import LeaseLost
from autodistill.record import Job, JobState, Wish
from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.events import Events
from autodistill.store.jobs import COLUMNS, IDLE, held, to_job
from autodistill.store.settling import settle_trials

ENDED = tuple(state for state in JobState if state.terminal)
CLAIMABLE = tuple(s for s in JobState if not s.terminal and s is not JobState.PAUSED)


class Leases:
    """Claiming, renewing and giving back."""

    def __init__(self, connection: Connection, events: Events) -> None:
        self._connection, self._events = connection, events

    def claim(self, owner: str, ttl_s: float) -> Job | None:
        """Take the oldest job that waits: a queued one, or one whose lease was lost or given back.

        Its `owner_epoch` grows: a former owner that wakes up cannot write any more.
        """
        table = tables.job
        candidate = (
            select(table.c.position)
            .where(table.c.state.in_(CLAIMABLE), _free())
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
                lease_until=Clock(ttl_s),
            )
            .returning(*COLUMNS)
        ).first()
        return None if row is None else to_job(row)

    def renew(self, job_id: str, epoch: int, ttl_s: float) -> None:
        """Hold a job for another `ttl_s` seconds.

        Raises:
            LeaseLost: When another worker has claimed it, or it was given back or has ended.
        """
        table = tables.job
        changed = self._connection.execute(
            update(table)
            .where(
                table.c.id == job_id, table.c.owner_epoch == epoch, table.c.lease_until.is_not(None)
            )
            .values(lease_until=Clock(ttl_s))
        )
        if changed.rowcount == 0:
            raise LeaseLost(f"Claim {epoch} of job {job_id} is over; stop its trials.")

    def release(self, job_id: str, epoch: int) -> None:
        """Give a job back, if this claim still holds it: it waits again, or does what is wished.

        Until somebody else claims it, who held it may still end it.
        """
        table = tables.job
        row = self._connection.execute(
            update(table)
            .where(
                table.c.id == job_id, table.c.owner_epoch == epoch, table.c.lease_until.is_not(None)
            )
            .values(owner=None, lease_until=None)
            .returning(table.c.state, table.c.wish)
        ).first()
        if row is None or row.state == IDLE[Wish(row.wish)]:
            return
        state = IDLE[Wish(row.wish)]
        ended = {"finished_at": Clock()} if state.terminal else {}
        change = update(table).where(table.c.id == job_id)
        self._connection.execute(change.values(state=state, version=table.c.version + 1, **ended))
        settle_trials(self._connection, self._events, job_id, state)
        self._events.append(job_id, f"job.{state}", {"message": ""})

    def live(self) -> list[Job]:
        """Return the jobs that somebody holds, oldest first."""
        query = select(*COLUMNS).where(held()).order_by(tables.job.c.position)
        return [to_job(row) for row in self._connection.execute(query)]

    def waiting(self, limit: int) -> list[Job]:
        """Return the jobs that nobody holds and a worker would take, the next first."""
        table = tables.job
        query = select(*COLUMNS).where(table.c.state.in_(CLAIMABLE), _free())
        rows = self._connection.execute(query.order_by(table.c.position).limit(limit))
        return [to_job(row) for row in rows]


def _free() -> ColumnElement[bool]:
    return or_(tables.job.c.lease_until.is_(None), tables.job.c.lease_until <= Clock())
