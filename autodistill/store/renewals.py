"""Taking up jobs that have ended: with a larger budget, or with their failed trials once more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from autodistill.effort import Budget
from autodistill.errors import Conflict, InvalidInput, Outdated, Problem
from autodistill.record import Job, JobState, TrialState, Wish
from autodistill.store import tables
from autodistill.store.events import Events
from autodistill.store.jobs import Jobs

RENEWABLE = (JobState.SUCCEEDED, JobState.FAILED, JobState.PAUSED)
UNFINISHED = (TrialState.FAILED, TrialState.CANCELLED)


class Renewals:
    """Changes to jobs that nobody works on. Each queues the job, and is an event of its log."""

    def __init__(self, connection: Connection, events: Events, jobs: Jobs) -> None:
        self._connection, self._events, self._jobs = connection, events, jobs

    def extend(
        self,
        job_id: str,
        num_trials: int,
        timeout_s: float | None = None,
        version: int | None = None,
    ) -> Job:
        """Give a job a larger budget of trials, and of time where it has one.

        All else of its spec stays, so that the search goes on as if it had had it from the start.

        Raises:
            InvalidInput: When a new limit is not larger than the old one.
            Conflict: When the job is not in a state for it.
            Outdated: When it has changed since `version`.
        """
        job = self._take(job_id, version)
        old = job.spec.budget
        if num_trials <= old.num_trials:
            message = f"The job's budget is {old.num_trials} already; ask for more trials."
            raise InvalidInput(Problem(field="num_trials", message=message))
        if timeout_s is not None and (old.timeout_s is None or timeout_s <= old.timeout_s):
            message = f"The job's limit is {old.timeout_s or 'none'}; a new one must be larger."
            raise InvalidInput(Problem(field="timeout_s", message=message))
        limits = {"num_trials": num_trials, "timeout_s": timeout_s or old.timeout_s}
        budget = Budget.model_validate(old.model_dump() | limits)
        trial = tables.trial
        rows = select(func.count()).select_from(trial).where(trial.c.job_id == job_id)
        spec = job.spec.model_copy(update={"budget": budget})
        round_start = self._connection.scalar(rows)
        return self._queue(job, "job.extended", limits, spec=spec, round_start=round_start)

    def retry(self, job_id: str, number: int | None = None, version: int | None = None) -> Job:
        """Let trials that failed, were stopped or never ran run once more from scratch.

        Args:
            job_id: The job.
            number: Of the one trial; every such trial by default.
            version: The version that the job is to have still.

        Raises:
            Conflict: When the job is not in a state for it, or has no such trial.
            Outdated: When it has changed since `version`.
        """
        job, table, measurement = self._take(job_id, version), tables.trial, tables.measurement
        which = [table.c.job_id == job_id, table.c.state.in_(UNFINISHED)]
        again = self._connection.scalars(
            update(table)
            .where(*which, *([] if number is None else [table.c.number == number]))
            .values(
                state=TrialState.QUEUED,
                finish_order=None,
                dev={},
                test={},
                score=None,
                seconds=0.0,
                finished_at=None,
                stop_asked_at=None,
                confusion=None,
            )
            .returning(table.c.number)
        )
        if not (numbers := sorted(again)):
            what = "trial" if number is None else f"trial {number}"
            raise Conflict(f"No {what} of job {job_id} has failed; there is nothing to run again.")
        self._connection.execute(  # their checkpoints are gone
            delete(measurement).where(
                measurement.c.job_id == job_id, measurement.c.number.in_(numbers)
            )
        )
        return self._queue(job, "job.retried", {"numbers": numbers})

    def _take(self, job_id: str, version: int | None) -> Job:
        """Hold a job's row, if the job may be taken up."""
        table = tables.job
        self._connection.execute(
            select(table.c.id).where(table.c.id == job_id).with_for_update(key_share=True)
        )
        job = self._jobs.get(job_id)
        if version is not None and version != job.version:
            message = f"Job {job_id} has changed: it has version {job.version}, not {version}."
            raise Outdated(f"{message} Read it again and decide anew.")
        if job.state not in RENEWABLE:
            way_out = "clone it" if job.state is JobState.CANCELLED else "pause it first"
            raise Conflict(f"Job {job_id} is {job.state}, which cannot be changed; {way_out}.")
        return job

    def _queue(self, job: Job, kind: str, data: Mapping[str, Any], **values: Any) -> Job:
        table = tables.job
        renewed = {
            "state": JobState.QUEUED,
            "wish": Wish.RUN,
            "version": job.version + 1,
            "message": "",
            "finished_at": None,
            "owner": None,
            "lease_until": None,
            "owner_epoch": job.owner_epoch + 1,
        }
        self._connection.execute(update(table).where(table.c.id == job.id).values(renewed | values))
        self._events.append(job.id, kind, data)
        self._events.append(job.id, "job.queued", {"message": ""})
        return self._jobs.get(job.id)
