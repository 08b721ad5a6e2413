"""Trials that run elsewhere: who still holds one, and whose silence has lasted too long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, delete, exists, or_, select, update

from autodistill.record import TrialState
from autodistill.store import tables
from autodistill.store.columns import Clock
from autodistill.store.leases import CLAIMABLE
from autodistill.store.settling import OPEN


class Loan(NamedTuple):
    """An attempt that somebody else makes."""

    job: str
    number: int
    attempt: int
    lease_s: float


class Loans:
    """Leases of trials; writers hold the job's row, as `Driving` does."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def renew(self, job_id: str, number: int) -> None:
        """Hold a trial for as long again as was asked for."""
        table = tables.trial
        mine = table.c.job_id == job_id, table.c.number == number
        lease_s = self._connection.scalar(select(table.c.lease_s).where(*mine))
        change = update(table).where(*mine).values(lease_until=Clock(lease_s or 0.0))
        self._connection.execute(change)

    def overdue(self, up_s: float, job_id: str | None = None) -> list[Loan]:
        """Return what is held longer than its lease, or by nobody and to be stopped.

        Of jobs that are not paused.

        Args:
            up_s: Seconds in which it could have been renewed: leases that are longer are not judged
                yet.
            job_id: Only of this job.
        """
        trial, job = tables.trial, tables.job
        query = (
            select(trial.c.job_id, trial.c.number, trial.c.num_attempts, trial.c.lease_s)
            .join_from(job, trial, trial.c.job_id == job.c.id)
            .where(
                job.c.runs == "elsewhere",
                job.c.state.in_(CLAIMABLE),
                or_(
                    (trial.c.state == TrialState.RUNNING)
                    & (trial.c.lease_until <= Clock())
                    & (trial.c.lease_s <= up_s),
                    (trial.c.state == TrialState.QUEUED) & trial.c.stop_asked_at.is_not(None),
                ),
            )
            .order_by(trial.c.job_id, trial.c.number)
        )
        if job_id is not None:
            query = query.where(job.c.id == job_id)
        return [Loan(*row) for row in self._connection.execute(query)]

    def forget_epochs(self, job_id: str, number: int) -> None:
        """Forget what an attempt has reported: the next one begins anew."""
        table = tables.measurement
        mine = table.c.job_id == job_id, table.c.number == number
        self._connection.execute(delete(table).where(*mine))

    def resting(self) -> Sequence[str]:
        """Return the jobs that run elsewhere, have begun and have no open trial."""
        trial, job = tables.trial, tables.job
        open_ones = exists().where(trial.c.job_id == job.c.id, trial.c.state.in_(OPEN))
        query = select(job.c.id).where(
            job.c.runs == "elsewhere",
            job.c.state.in_(CLAIMABLE),
            job.c.started_at.is_not(None),
            ~open_ones,
        )
        return self._connection.scalars(query.order_by(job.c.position)).all()
