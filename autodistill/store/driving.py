"""What the one driver of a job writes; every write is fenced by the epoch of its claim."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Connection, Row, and_, func, literal, select, true, update

from autodistill.errors import Conflict, LeaseLost, NotFound
from autodistill.record import (
    Confusion,
    FailureClass,
    JobResult,
    JobState,
    Measurement,
    Origin,
    Trial,
    TrialState,
    Wish,
)
from autodistill.spec import TrialSpec
from autodistill.store import tables
from autodistill.store.columns import Clock, Line
from autodistill.store.database import insert
from autodistill.store.events import Events
from autodistill.store.jobs import IDLE
from autodistill.store.leases import ENDED
from autodistill.store.rows import as_rows
from autodistill.store.settling import OPEN, settle_trials
from autodistill.store.trials import COLUMNS, to_trial


class Driving:
    """Writes of one claim.

    The job's row is held from the first write until the transaction ends, so that the answer to
    "is this claim still the newest?" stays true.

    Raises:
        LeaseLost: From the constructor and every method, when a later claim owns the job, or it
            has ended.
    """

    def __init__(self, connection: Connection, events: Events, job_id: str, epoch: int) -> None:
        self._connection, self._events = connection, events
        self._job_id, self._epoch = job_id, epoch
        self._claim: Row[*tuple[Any, ...]] | None = None
        self._fence()

    def state(self, state: JobState, message: str = "") -> None:
        """Move the job to a state in which it is worked on."""
        table = tables.job
        self._fence()
        values: dict[str, Any] = {"state": state, "message": message}
        if state in (JobState.PREPARING, JobState.SEARCHING):
            values["started_at"] = func.coalesce(table.c.started_at, Clock())
        self._move(values)

    def log(self, kind: str, data: Mapping[str, Any]) -> None:
        """Tell what is going on."""
        self._fence()
        self._events.append(self._job_id, kind, data)

    def suggest(self, number: int, spec: TrialSpec, origin: Origin, reason: str) -> Trial:
        """Add a trial that is to run.

        Raises:
            Conflict: When the job has a trial of that number already.
        """
        self._fence()
        row = self._connection.execute(
            insert(self._connection, tables.trial)
            .values(
                job_id=self._job_id,
                number=number,
                spec=spec,
                distils=spec.pipeline.distils,
                origin=origin,
                state=TrialState.QUEUED,
                reason=reason,
                num_attempts=0,
                dev={},
                test={},
                seconds=0.0,
                created_at=Clock(),
            )
            .on_conflict_do_nothing()
            .returning(*COLUMNS)
        ).first()
        if row is None:
            raise Conflict(f"Job {self._job_id} has a trial {number} already.")
        self._tell(TrialState.QUEUED, {"number": number, "origin": origin, "reason": reason})
        return to_trial(row, epochs_done=0)

    def start(self, number: int, lease_s: float | None = None) -> int:
        """Say that a trial runs now, and return the number of this attempt, 1 for the first.

        Args:
            number: Of the trial.
            lease_s: Where it runs elsewhere: seconds for which nobody else gets it.

        Raises:
            Conflict: When the trial has ended.
        """
        table = tables.trial
        values = {"state": TrialState.RUNNING, "num_attempts": table.c.num_attempts + 1}
        if lease_s is not None:
            values |= {"lease_s": lease_s, "lease_until": Clock(lease_s)}
        attempt = self._change(number, values, table.c.num_attempts)
        if attempt is None:
            raise Conflict(f"Trial {number} of job {self._job_id} has ended; it cannot start.")
        self._tell(TrialState.RUNNING, {"number": number, "attempt": attempt})
        return int(attempt)

    def measure(self, measurements: Mapping[int, Sequence[Measurement]]) -> None:
        """Keep epochs of trials, by their numbers; those that are known already change nothing."""
        self._fence()
        values = {(n, m.epoch): m.values for n, ms in measurements.items() for m in ms}
        if not values:
            return
        table = tables.measurement
        measured = [{"number": n, "epoch": e, "values": v} for (n, e), v in values.items()]
        rows = as_rows(self._connection, measured)
        row = select(
            literal(self._job_id, Line),
            rows.value["number"].as_integer(),
            rows.value["epoch"].as_integer(),
            rows.value["values"],
        ).where(true())  # without it SQLite reads ON CONFLICT as the condition of a join
        fresh = self._connection.execute(
            insert(self._connection, table)
            .from_select(["job_id", "number", "epoch", "values"], row)
            .on_conflict_do_nothing()
            .returning(table.c.number, table.c.epoch)
        )
        added = {(number, epoch) for number, epoch in fresh}
        for number, epoch in (key for key in values if key in added):
            data = {"number": number, "epoch": epoch, "values": values[number, epoch]}
            self._events.append(self._job_id, "measurement", data)

    def finish(
        self,
        number: int,
        state: TrialState,
        *,
        dev: Mapping[str, float],
        test: Mapping[str, float],
        seconds: float,
        reason: str = "",
        confusion: Confusion | None = None,
        ranked: bool = True,
    ) -> None:
        """End a trial; one that has ended already stays as it is.

        One that is not `ranked` has no score, so that it never leads: it breaks a limit.
        """
        score = dev.get(self._fence().objective, math.nan) if ranked else math.nan
        last = tables.trial.alias()
        order = select(func.coalesce(func.max(last.c.finish_order), 0) + 1).where(
            last.c.job_id == self._job_id
        )
        values: dict[str, Any] = {
            "state": state,
            "dev": dict(dev),
            "test": dict(test),
            "score": score if math.isfinite(score) else None,
            "seconds": seconds,
            "confusion": confusion,
            "finished_at": Clock(),
            "finish_order": order.scalar_subquery(),
        }
        if reason:
            values["reason"] = reason
        if self._change(number, values, tables.trial.c.number) is not None:
            self._tell(state, {"number": number, "dev": dict(dev), "reason": reason})

    def requeue(self, number: int, failure: FailureClass, reason: str) -> None:
        """Put a trial back that an attempt did not finish."""
        values = {"state": TrialState.QUEUED}
        if self._change(number, values, tables.trial.c.number) is not None:
            data = {"number": number, "failure": failure, "reason": reason}
            self._events.append(self._job_id, "trial.requeued", data)

    def yield_job(self, state: JobState) -> JobState:
        """End the claim without a result, and return the state in which that leaves the job.

        `CANCELLED` is final. Otherwise the user may have changed their mind since the driver
        looked: a job goes where the newest wish sends it.
        """
        wish = Wish(self._fence().wish)
        settled = state if state.terminal else IDLE[wish]
        self._end({"state": settled, "message": ""})
        return settled

    def succeed(self, result: JobResult) -> None:
        """End the job with its result."""
        self._fence()
        self._end({"state": JobState.SUCCEEDED, "message": "", "result": result})

    def fail(self, message: str) -> None:
        """End the job with what went wrong and what to do."""
        self._fence()
        self._end({"state": JobState.FAILED, "message": message})

    def _fence(self) -> Row[*tuple[Any, ...]]:
        """Take the job's row, or learn that it is somebody else's."""
        table = tables.job
        if self._claim is None:
            self._claim = self._connection.execute(
                select(table.c.wish, table.c.objective)
                .where(
                    table.c.id == self._job_id,
                    table.c.owner_epoch == self._epoch,
                    table.c.state.not_in(ENDED),
                )
                .with_for_update(key_share=True)
            ).first()
        if self._claim is None:
            raise LeaseLost(f"Claim {self._epoch} of job {self._job_id} is over; stop its trials.")
        return self._claim

    def _change(self, number: int, values: Mapping[str, Any], returned: Column[Any]) -> Any:
        """Change a trial and return a column of it; None, and no change, when it has ended."""
        self._fence()
        table = tables.trial
        mine = and_(table.c.job_id == self._job_id, table.c.number == number)
        change = update(table).where(mine, table.c.state.in_(OPEN)).values(dict(values))
        found = self._connection.scalar(change.returning(returned))
        if found is None and self._connection.scalar(select(table.c.number).where(mine)) is None:
            raise NotFound("trial", f"{number}")
        return found

    def _tell(self, state: TrialState, data: Mapping[str, Any]) -> None:
        self._events.append(self._job_id, f"trial.{state}", data)

    def _end(self, values: dict[str, Any]) -> None:
        """Leave the job; whoever goes on writing for this claim learns that it is over."""
        state: JobState = values["state"]
        settle_trials(self._connection, self._events, self._job_id, state)
        if state.terminal:
            values["finished_at"] = Clock()
        over = {"owner": None, "lease_until": None, "owner_epoch": self._epoch + 1, "slots": 0}
        self._move(values | over)
        self._claim = None

    def _move(self, values: Mapping[str, Any]) -> None:
        table = tables.job
        version = {"version": table.c.version + 1}
        change = update(table).where(table.c.id == self._job_id).values(dict(values) | version)
        self._connection.execute(change)
        data = {"message": values["message"]}
        self._events.append(self._job_id, f"job.{values['state']}", data)
