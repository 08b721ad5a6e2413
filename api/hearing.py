"""What is said of a trial that runs elsewhere, taken in inside one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from autodistill.errors import Conflict, InvalidInput, Problem
from autodistill.lending import (
    EpochReport,
    Standing,
    TrialReport,
    check_end,
    check_report,
    headline,
)
from autodistill.record import (
    BY_HAND,
    Job,
    Measurement,
    Origin,
    Trial,
    TrialState,
    kept_epoch,
)
from autodistill.spec import excess
from autodistill.store import Transaction
from autodistill.task import TaskFacts

Note = Callable[[Transaction], None]
"""Called in the transaction that keeps what was said."""
Rows = Callable[[Transaction, Job], Sequence[Trial]]
"""Returns every trial of a job with its curve."""
STOPPED = (TrialState.PRUNED, TrialState.CANCELLED)
UNSTOPPED = (Origin.BASELINE, Origin.CONFIRMATION)
"""Trials that are never behind: the result is made of them."""


class Held(NamedTuple):
    """A trial that somebody trains."""

    job: Job
    trial: Trial
    facts: TaskFacts


def hear(tx: Transaction, job_id: str, number: int, report: EpochReport, rows: Rows) -> Standing:
    """Take in an epoch of a trial, and say whether to go on.

    It is data and no change of anything: the log of the job has it, the audit trail has not.

    Raises:
        NotFound: When there is no such job or trial.
        Conflict: When this attempt is over.
        InvalidInput: When the epoch is not the next one, or a metric is wrong.
        LeaseLost: When the job has changed meanwhile.
    """
    held = _held(tx, job_id, number, report.attempt)
    if held.trial.state in STOPPED:
        return Standing(state=held.trial.state, stop=True, job=held.job.state)
    check_report(held.job.spec, held.facts, report)
    _check_epoch(held.trial, report.epoch)
    tx.loans.renew(job_id, number)
    state = TrialState.RUNNING
    if report.epoch > held.trial.epochs_done:  # otherwise it was said before
        state = _measured(tx, held, report, rows)
    return Standing(state=state, stop=state in STOPPED, job=held.job.state)


def end(tx: Transaction, job_id: str, number: int, told: TrialReport, note: Note) -> Standing:
    """Take in how a trial has ended.

    Raises:
        NotFound: When there is no such job or trial.
        Conflict: When this attempt is over.
        InvalidInput: When a metric is wrong or missing.
        LeaseLost: When the job has changed meanwhile.
    """
    job, trial, facts = _held(tx, job_id, number, told.attempt)
    if trial.state in STOPPED:
        message = f"{named(trial)} was stopped ({trial.state}); there is nothing to tell any more."
        raise Conflict(message)
    check_end(job.spec, facts, told)
    state = TrialState.COMPLETE if told.failure is None else TrialState.FAILED
    tx.driving(job_id, job.owner_epoch).finish(
        number,
        state,
        dev=told.dev,
        test=told.test,
        seconds=_seconds(trial.curve) if told.seconds is None else told.seconds,
        reason="" if told.failure is None else f"{told.failure}: {told.reason}",
        ranked=excess(told.dev, job.spec.limits) == 0,
    )
    note(tx)
    return Standing(state=state, stop=True, job=job.state)


def elsewhere(tx: Transaction, job_id: str) -> Job:
    """Return a job that runs elsewhere.

    Raises:
        NotFound: When there is none of that id.
        Conflict: When it runs here.
    """
    job = tx.jobs.get(job_id)
    if job.spec.runs != "elsewhere":
        message = f"Job {job_id} runs on this service's workers."
        raise Conflict(f'{message} Submit it with "runs": "elsewhere" to train its trials.')
    return job


def named(trial: Trial) -> str:
    """Return how messages name a trial."""
    return f"Trial {trial.number} of job {trial.job_id}"


def _held(tx: Transaction, job_id: str, number: int, attempt: int) -> Held:
    """Hold the row of a job whose trial somebody says something of, and return both."""
    job = elsewhere(tx, job_id)
    if not job.state.terminal:
        tx.driving(job_id, job.owner_epoch)
    trial = tx.trials.get(job_id, number)
    if attempt > trial.num_attempts:
        message = f"{named(trial)} was handed out {trial.num_attempts} times, not {attempt}."
        raise InvalidInput(Problem(field="attempt", message=message))
    if attempt < trial.num_attempts or trial.state is TrialState.QUEUED:
        message = f"Attempt {attempt} of trial {number} is over: it was silent for longer than"
        raise Conflict(f"{message} its lease, so another gets the trial. Ask for one.")
    if trial.state in (TrialState.COMPLETE, TrialState.FAILED):
        raise Conflict(f"{named(trial)} is {trial.state}; nothing can be added to it.")
    return Held(job, trial, tx.jobs.facts(job_id)[trial.spec.student])


def _check_epoch(trial: Trial, epoch: int) -> None:
    most, following = trial.spec.pipeline.training.num_epochs, trial.epochs_done + 1
    if epoch > most:
        message = f"{named(trial)} has {most} epochs, so there is no epoch {epoch}; tell its end."
        raise InvalidInput(Problem(field="epoch", message=message))
    if epoch > following:
        message = f"Epochs are reported one by one: the next is {following}, not {epoch}."
        raise InvalidInput(Problem(field="epoch", message=message))


def _measured(tx: Transaction, held: Held, report: EpochReport, rows: Rows) -> TrialState:
    """Keep an epoch, and return the state in which that leaves its trial."""
    job, number = held.job, held.trial.number
    driving, curve = tx.driving(job.id, job.owner_epoch), (*held.trial.curve, report.measurement)
    driving.measure({number: [report.measurement]})
    seconds = _seconds(curve)
    if number in tx.jobs.orders(job.id).stops:
        state = TrialState.CANCELLED
        driving.finish(number, state, dev={}, test={}, seconds=seconds, reason=BY_HAND)
    elif _behind(tx, held, report.epoch, rows):
        state, kept = TrialState.PRUNED, kept_epoch(curve, headline(held.facts)).dev
        ranked = excess(kept, job.spec.limits) == 0
        driving.finish(number, state, dev=kept, test={}, seconds=seconds, ranked=ranked)
    else:
        state = TrialState.RUNNING
    return state


def _behind(tx: Transaction, held: Held, epoch: int, rows: Rows) -> bool:
    """Whether a trial of the search is behind others at a rung that it has reached."""
    job, trial = held.job, held.trial
    epochs = trial.spec.pipeline.training.num_epochs
    if not job.spec.search.early_stopping or trial.origin in UNSTOPPED:
        return False
    from autodistill.search import Rungs, is_rung  # noqa: PLC0415  # loads SciPy

    if not is_rung(epoch, epochs):
        return False
    rungs = Rungs(job.spec.objectives, headline(held.facts), job.spec.limits)
    known = {row.number: row for row in rows(tx, job)}
    rungs.replay(known.values(), {})
    return rungs.stop(trial.number, epoch, epochs, known[trial.number].curve[-1].dev)


def _seconds(curve: Sequence[Measurement]) -> float:
    return sum(m.values["seconds"] for m in curve)
