"""The driver of jobs that run elsewhere: it lends trials, hears how they fare, and judges.

It keeps nothing that counts: each request starts from the rows, so that any replica may answer it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, TypeVar

from fastapi import Depends, Request

from api.hearing import Note, elsewhere, end, hear
from api.planners import Planner, Planners
from autodistill.errors import Conflict, LeaseLost
from autodistill.lending import Asked, EpochReport, Lent, Standing, TrialReport, headline
from autodistill.record import BY_HAND, FailureClass, Job, JobState, Trial, TrialState
from autodistill.store import Driving, Loan, Store, Transaction

if TYPE_CHECKING:
    from autodistill.planning import Planned

T = TypeVar("T")
ATTEMPTS = 3
"""A trial whose askers fall silent so often has failed."""
BUSY_S = 1.0
"""So long an asker waits for others who ask for a trial of the same job."""
TRIES = 20
"""How often something is begun anew because another was quicker."""
SILENT = "Whoever trained it said nothing for longer than the lease"
UNSETTLED = (JobState.QUEUED, JobState.SEARCHING)
Recall = Callable[[Transaction], Lent | None]
Remember = Callable[[Transaction, Lent], None]
Known = Callable[[Transaction], bool]
"""Whether the same was said before."""


class Desk:
    """Where trials are asked for and told of."""

    def __init__(self, store: Store) -> None:
        self._store, self._planners = store, Planners()
        self._since = time.monotonic()

    def doubt(self) -> None:
        """Judge leases from now on only: until now nobody could renew any."""
        self._since = time.monotonic()

    def ask(self, job_id: str, lease_s: float, recall: Recall, remember: Remember) -> Asked:
        """Lend the next trial of a job.

        Args:
            job_id: The job.
            lease_s: Seconds for which nobody else gets the trial.
            recall: Returns what the same request was lent before, if it was.
            remember: Is told what is lent, in the transaction that lends it.

        Raises:
            NotFound: When there is no such job.
            Conflict: When it does not run elsewhere.
        """
        with self._store.read() as tx:
            job = elsewhere(tx, job_id)
            if (lent := recall(tx)) is not None:
                return Asked(trial=lent, job=job.state, message="")
        planner = self._planners.of(job_id)
        if not planner.lock.acquire(timeout=BUSY_S):
            return Asked(trial=None, job=job.state, message="Others ask just now; come again.")
        try:
            self.reclaim(job_id)
            return _again(lambda: self._lend(job_id, lease_s, planner, recall, remember))
        finally:
            planner.lock.release()

    def report(self, job_id: str, number: int, report: EpochReport) -> Standing:
        """Take in an epoch of a trial, and say whether to go on; raises what `hear` does."""

        def rows(tx: Transaction, job: Job) -> list[Trial]:
            return self._planners.of(job_id).trials.read(tx, job)

        def heard() -> Standing:
            with self._store.write() as tx:
                return hear(tx, job_id, number, report, rows)

        said = _again(heard)
        return said.model_copy(update={"job": self.settle(job_id)}) if said.stop else said

    def tell(
        self, job_id: str, number: int, told: TrialReport, known: Known, note: Note
    ) -> Standing:
        """Take in how a trial has ended, once; raises what `end` does."""

        def ended() -> Standing:
            with self._store.write() as tx:
                if known(tx):
                    state = tx.trials.get(job_id, number).state
                    return Standing(state=state, stop=True, job=tx.jobs.get(job_id).state)
                return end(tx, job_id, number, told, note)

        return _again(ended).model_copy(update={"job": self.settle(job_id)})

    def reclaim(self, job_id: str | None = None) -> None:
        """Take back the trials that nobody trains any more, of one job or of all.

        What could not be renewed because this process was not up is left alone for another lease.
        """
        up_s = time.monotonic() - self._since
        with self._store.read() as tx:
            overdue = tx.loans.overdue(up_s, job_id)
        for loan in overdue:
            with suppress(LeaseLost), self._store.write() as tx:
                _take_back(tx, loan, up_s)
        for job in dict.fromkeys(loan.job for loan in overdue):
            self.settle(job)

    def settle_all(self) -> None:
        """Judge the jobs whose last trial was told of just before a process died."""
        with self._store.read() as tx:
            jobs = tx.loans.resting()
        for job in jobs:
            self.settle(job)

    def settle(self, job_id: str) -> JobState:
        """End a job that needs no further trial, and return its state."""
        planner = self._planners.of(job_id)
        with planner.lock:
            with self._store.read() as tx:
                job = tx.jobs.get(job_id)
                rows = planner.trials.read(tx, job)
            over = job.state in UNSETTLED and all(t.state.terminal for t in rows)
            if not over or self._further(planner, job, rows) is not None:
                return job.state
            return self._conclude(job, rows, planner.cut_short)

    def _further(self, planner: Planner, job: Job, rows: Sequence[Trial]) -> Planned | None:
        """Return a trial that has no row yet; None where there is none, or none yet."""
        return None if _too_many_failures(rows) else planner.next(self._store, job, rows)

    def _lend(
        self, job_id: str, lease_s: float, planner: Planner, recall: Recall, remember: Remember
    ) -> Asked:
        with self._store.read() as tx:
            job = tx.jobs.get(job_id)
            rows = planner.trials.read(tx, job)
        if job.state not in UNSETTLED:
            return Asked(trial=None, job=job.state, message=f"The job is {job.state}.")
        running = sum(t.state is TrialState.RUNNING for t in rows)
        if running >= job.spec.parallelism:
            message = f"{running} trials are under way, as many as its parallelism allows."
            return Asked(trial=None, job=job.state, message=message)
        queued = next((t for t in rows if t.state is TrialState.QUEUED), None)
        found = queued or self._further(planner, job, rows)
        if found is None and running:
            message = "The last trials of this round are under way; others may follow them."
            return Asked(trial=None, job=job.state, message=message)
        if found is None:
            state = self.settle(job_id)
            return Asked(trial=None, job=state, message=f"The job is {state}.")
        with self._store.write() as tx:
            if (earlier := recall(tx)) is not None:
                return Asked(trial=earlier, job=job.state, message="")
            driving = tx.driving(job_id, job.owner_epoch)
            trial = _still_queued(tx, found) if isinstance(found, Trial) else _new(driving, found)
            if job.state is JobState.QUEUED:
                driving.state(JobState.SEARCHING)
            lent = Lent(
                job_id=job_id,
                number=trial.number,
                attempt=driving.start(trial.number, lease_s),
                spec=trial.spec,
                origin=trial.origin,
                reason=trial.reason,
                lease_s=lease_s,
            )
            remember(tx, lent)
        return Asked(trial=lent, job=JobState.SEARCHING, message="")

    def _conclude(self, job: Job, rows: Sequence[Trial], cut_short: str) -> JobState:
        from autodistill.planning import verdict  # noqa: PLC0415  # loads SciPy

        with self._store.read() as tx:
            facts = next(iter(tx.jobs.facts(job.id).values()))
        reason, result = _too_many_failures(rows), None
        if not reason:
            try:
                result = verdict(job.spec, headline(facts).metric, {}, rows)
            except Conflict as error:
                reason = str(error)
        with suppress(LeaseLost), self._store.write() as tx:  # another process may be quicker
            driving = tx.driving(job.id, job.owner_epoch)
            if cut_short:
                driving.log("log", {"message": cut_short})
            if result is None:
                driving.fail(reason)
            else:
                driving.succeed(result)
        with self._store.read() as tx:
            return tx.jobs.get(job.id).state


def _again(act: Callable[[], T]) -> T:
    """Do something, and do it anew where the job has changed since it was looked at."""
    for _ in range(TRIES):
        with suppress(LeaseLost):
            return act()
    raise Conflict("The job changes all the time; come again.")


def _new(driving: Driving, planned: Planned) -> Trial:
    try:
        return driving.suggest(planned.number, planned.spec, planned.origin, planned.reason)
    except Conflict as error:  # another process has given that number away
        raise LeaseLost(str(error)) from error


def _still_queued(tx: Transaction, found: Trial) -> Trial:
    trial = tx.trials.get(found.job_id, found.number)
    if trial.state is not TrialState.QUEUED:
        raise LeaseLost(f"Trial {trial.number} is {trial.state} by now.")
    return trial


def _take_back(tx: Transaction, loan: Loan, up_s: float) -> None:
    driving = tx.driving(loan.job, tx.jobs.get(loan.job).owner_epoch)
    if loan not in tx.loans.overdue(up_s, loan.job):  # it was heard of in between
        return
    if loan.number in tx.jobs.orders(loan.job).stops:
        stopped = TrialState.CANCELLED
        driving.finish(loan.number, stopped, dev={}, test={}, seconds=0.0, reason=BY_HAND)
        return
    reason = f"{FailureClass.TIMEOUT}: {SILENT} ({loan.lease_s:g} s)."
    if loan.attempt < ATTEMPTS:
        driving.requeue(loan.number, FailureClass.TIMEOUT, reason)
        tx.loans.forget_epochs(loan.job, loan.number)
        return
    failed = TrialState.FAILED
    driving.finish(loan.number, failed, dev={}, test={}, seconds=0.0, reason=reason)


def _too_many_failures(rows: Sequence[Trial]) -> str:
    from autodistill.planning import too_many_failures  # noqa: PLC0415  # loads Optuna

    return too_many_failures(rows)


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


DeskDep = Annotated[Desk, Depends(_desk)]
