"""What the one driver of a job writes; every write is fenced by the epoch of its claim."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, insert, select, update

from autodistill.errors import Conflict, LeaseLost
from autodistill.record import (
    FailureClass,
    JobResult,
    JobState,
    Measurement,
    Origin,
    Trial,
    TrialState,
)
from autodistill.spec import TrialSpec
from autodistill.store import tables
from autodistill.store.database import now
from autodistill.store.jobs import cancel_open_trials
from autodistill.store.log import append
from autodistill.store.trials import Trials

OPEN = (TrialState.QUEUED, TrialState.RUNNING)


class Driving:
    """Writes of one claim.

    Raises:
        LeaseLost: From the constructor, when a later claim owns the job; the job's row is held
            until the transaction ends, so that the answer stays true.
    """

    def __init__(self, connection: Connection, job_id: str, epoch: int) -> None:
        self._connection, self._job_id = connection, job_id
        table = tables.job
        held = connection.execute(
            update(table)
            .where(table.c.id == job_id, table.c.owner_epoch == epoch)
            .values(owner_epoch=epoch)
        )
        if held.rowcount == 0:
            raise LeaseLost(f"Job {job_id} is owned by a later claim than {epoch}.")

    def state(self, state: JobState, message: str = "") -> None:
        """Move the job to a state."""
        table = tables.job
        values: dict[str, Any] = {
            "state": state,
            "message": message,
            "version": table.c.version + 1,
        }
        if state is JobState.PREPARING:
            moment = now(self._connection)
            self._connection.execute(
                update(table)
                .where(table.c.id == self._job_id, table.c.started_at.is_(None))
                .values(started_at=moment)
            )
        self._job(values)
        append(self._connection, self._job_id, f"job.{state}", {"message": message})

    def log(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell what is going on."""
        append(self._connection, self._job_id, kind, dict(data))

    def suggest(self, number: int, spec: TrialSpec, origin: Origin, reason: str) -> Trial:
        """Add a trial that is to run; `number` must be new in the job."""
        self._connection.execute(
            insert(tables.trial).values(
                job_id=self._job_id,
                number=number,
                spec=spec,
                origin=origin,
                state=TrialState.QUEUED,
                reason=reason,
                num_attempts=0,
                epochs_done=0,
                dev={},
                test={},
                seconds=0.0,
                created_at=now(self._connection),
            )
        )
        append(self._connection, self._job_id, "trial.queued", {"number": number, "origin": origin})
        return Trials(self._connection).get(self._job_id, number)

    def start(self, number: int) -> int:
        """Say that a trial runs now, and return the number of this attempt, 1 for the first."""
        table = tables.trial
        attempt = self._connection.scalar(
            update(table)
            .where(*self._is(number), table.c.state.in_(OPEN))
            .values(state=TrialState.RUNNING, num_attempts=table.c.num_attempts + 1)
            .returning(table.c.num_attempts)
        )
        if attempt is None:
            raise Conflict(f"Trial {number} of job {self._job_id} has ended.")
        data = {"number": number, "attempt": attempt}
        append(self._connection, self._job_id, "trial.running", data)
        return int(attempt)

    def measure(self, number: int, measurements: Sequence[Measurement]) -> None:
        """Keep epochs of a trial; those that are known already change nothing."""
        table, query = tables.measurement, tables.trial
        trial_id = self._connection.scalar(select(query.c.id).where(*self._is(number)))
        known = set(
            self._connection.scalars(select(table.c.epoch).where(table.c.trial_id == trial_id))
        )
        fresh = [m for m in measurements if m.epoch not in known]
        if not fresh:
            return
        self._connection.execute(
            insert(table),
            [{"trial_id": trial_id, "epoch": m.epoch, "values": m.values} for m in fresh],
        )
        self._connection.execute(
            update(query)
            .where(*self._is(number))
            .values(epochs_done=max(known | {m.epoch for m in fresh}))
        )
        for m in fresh:
            data = {"number": number, "epoch": m.epoch, "values": m.values}
            append(self._connection, self._job_id, "measurement", data)

    def finish(
        self,
        number: int,
        state: TrialState,
        *,
        dev: Mapping[str, float],
        test: Mapping[str, float],
        seconds: float,
        reason: str = "",
    ) -> None:
        """End a trial; one that has ended already stays as it is."""
        table = tables.trial
        values: dict[str, Any] = {
            "state": state,
            "dev": dict(dev),
            "test": dict(test),
            "seconds": seconds,
            "finished_at": now(self._connection),
        }
        if reason:
            values["reason"] = reason
        ended = self._connection.execute(
            update(table).where(*self._is(number), table.c.state.in_(OPEN)).values(values)
        )
        if ended.rowcount == 0:
            return
        order = self._connection.scalar(
            update(tables.job)
            .where(tables.job.c.id == self._job_id)
            .values(last_finish=tables.job.c.last_finish + 1)
            .returning(tables.job.c.last_finish)
        )
        self._connection.execute(update(table).where(*self._is(number)).values(finish_order=order))
        data = {"number": number, "dev": dict(dev), "reason": reason}
        append(self._connection, self._job_id, f"trial.{state}", data)

    def requeue(self, number: int, failure: FailureClass, reason: str) -> None:
        """Put a trial back that an attempt did not finish."""
        table = tables.trial
        self._connection.execute(
            update(table)
            .where(*self._is(number), table.c.state.in_(OPEN))
            .values(state=TrialState.QUEUED)
        )
        data = {"number": number, "failure": failure, "reason": reason}
        append(self._connection, self._job_id, "trial.requeued", data)

    def yield_job(self, state: JobState) -> None:
        """End the claim: pause, cancel or queue the job again, with its open trials."""
        if state is JobState.CANCELLED:
            cancel_open_trials(self._connection, self._job_id)
        else:
            table = tables.trial
            self._connection.execute(
                update(table)
                .where(table.c.job_id == self._job_id, table.c.state == TrialState.RUNNING)
                .values(state=TrialState.QUEUED)
            )
        self._end(state, "")

    def succeed(self, result: JobResult) -> None:
        """End the job with its result."""
        self._job({"result": result})
        self._end(JobState.SUCCEEDED, "")

    def fail(self, message: str) -> None:
        """End the job with what went wrong and what to do."""
        cancel_open_trials(self._connection, self._job_id)
        self._end(JobState.FAILED, message)

    def _end(self, state: JobState, message: str) -> None:
        values: dict[str, Any] = {"lease_until": None, "owner": None}
        if state.terminal:
            values["finished_at"] = now(self._connection)
        self._job(values)
        self.state(state, message)

    def _job(self, values: Mapping[str, Any]) -> None:
        table = tables.job
        self._connection.execute(update(table).where(table.c.id == self._job_id).values(values))

    def _is(self, number: int) -> tuple[Any, Any]:
        table = tables.trial
        return table.c.job_id == self._job_id, table.c.number == number
