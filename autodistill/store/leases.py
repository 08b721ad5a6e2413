"""Leases: who may work on a job, for how long, and the token that fences off everyone else."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, false, func, or_, select, update

from autodistill.errors import LeaseLost
from autodistill.record import Job, JobState, Wish
from autodistill.store import tables
from autodistill.store.columns import Age, Clock
from autodistill.store.events import Events
from autodistill.store.jobs import COLUMNS, IDLE, held, to_job
from autodistill.store.settling import settle_trials

ENDED = tuple(state for state in JobState if state.terminal)
CLAIMABLE = tuple(s for s in JobState if not s.terminal and s is not JobState.PAUSED)


class Leases:
    """Claiming, renewing and giving back."""

    def __init__(self, connection: Connection, events: Events) -> None:
        self._connection, self._events = connection, events

    def claim(self, owner: str, ttl_s: float, *, expired: bool = True) -> Job | None:
        """Take the job that has waited longest, each second counted as often as its priority says.

        So more urgent ones come first and none waits for ever. A job of a project whose quota is
        used up is left alone, and so is one that runs elsewhere. The `owner_epoch` grows: a former
        owner that wakes up cannot write any more. It has no slots until they are granted.

        Args:
            owner: Who works on it.
            ttl_s: Seconds until the lease expires.
            expired: Whether a job whose lease has expired may be taken.
        """
        table = tables.job
        candidate = (
            select(table.c.position)
            .where(*_for_workers(), _free(expired=expired), _has_room())
            .order_by(*_turns())
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
                slots=0,
            )
            .returning(*COLUMNS)
        ).first()
        return None if row is None else to_job(row)

    def grant(self, job_id: str, epoch: int, slots: int) -> None:
        """Say how many trials a claim may run at once; a claim that is over changes nothing."""
        table = tables.job
        mine = table.c.id == job_id, table.c.owner_epoch == epoch
        self._connection.execute(update(table).where(*mine).values(slots=slots))

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
            .values(owner=None, lease_until=None, slots=0)
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
        query = select(*COLUMNS).where(*_for_workers(), _free()).order_by(*_turns())
        return [to_job(row) for row in self._connection.execute(query.limit(limit))]


def _for_workers() -> tuple[ColumnElement[bool], ...]:
    return tables.job.c.state.in_(CLAIMABLE), tables.job.c.runs == "here"


def _free(*, expired: bool = True) -> ColumnElement[bool]:
    until = tables.job.c.lease_until
    return or_(until.is_(None), until <= Clock() if expired else false())


def _turns() -> tuple[ColumnElement[Any], ...]:
    """Return the order in which jobs are claimed."""
    table = tables.job
    return (table.c.priority * Age(table.c.created_at)).desc(), table.c.position


def _has_room() -> ColumnElement[bool]:
    """Whether the quota of a job's project is not used up."""
    table, other, project = tables.job, tables.job.alias(), tables.project
    quota = select(project.c.quota).where(project.c.name == table.c.project).scalar_subquery()
    used = select(func.coalesce(func.sum(other.c.slots), 0)).where(
        other.c.project == table.c.project, other.c.lease_until > Clock()
    )
    return or_(quota.is_(None), used.scalar_subquery() < quota)
