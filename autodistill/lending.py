"""NOUN: trials that others train: what they are handed, what they say, what is lawful to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Literal

from annotated_types import Ge, Le, Len
from pydantic import BaseModel, ConfigDict, Field

from autodistill.errors import InvalidInput, Problem
from autodistill.metrics import CATALOGUE, COSTS, LARGEST, METRICS, measured
from autodistill.record import FailureClass, JobState, Measurement, Origin, Record, TrialState
from autodistill.spec import JobSpec, Objective, TrialSpec
from autodistill.task import TaskFacts

LEASE_S = 600.0
"""Usual seconds within which a report or the end of a trial is to come."""
Split = Literal["dev", "test"]
Scores = dict[str, float]
Attempt = Annotated[int, Ge(1), Le(2**31 - 1)]
Seconds = Annotated[float, Ge(0), Le(1e9), Field(allow_inf_nan=False)]
"""At most 31 years, so that sums stay numbers."""


class Message(BaseModel):
    """Base of what is sent: frozen and closed."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Lent(Record):
    """A trial that is handed out to be trained."""

    job_id: str
    number: int
    attempt: Attempt
    """Which one; say it with everything that is told of the trial. An older one is not heard."""
    spec: TrialSpec
    """Pipeline, student, seed and precision."""
    origin: Origin
    reason: str
    """Why this pipeline."""
    lease_s: float
    """Seconds within which the next report is to come, or its end; else another gets the trial."""


class Asked(Record):
    """What somebody who asks for a trial gets."""

    trial: Lent | None
    """None when there is nothing to train: the job is over, or further trials come later."""
    job: JobState
    message: str
    """Why there is none, for people."""

    @property
    def over(self) -> bool:
        """Whether no trial will come any more."""
        return self.trial is None and self.job.terminal


class Standing(Record):
    """Where a trial is after what was said of it."""

    state: TrialState
    stop: bool
    """Whether to stop training: it is behind others, or somebody has stopped it."""
    job: JobState


class Asking(Message):
    """Somebody asks for a trial."""

    lease_s: Annotated[float, Ge(1), Le(7 * 86_400)] = LEASE_S
    """Seconds within which each report is to come, and the end of the trial."""


class EpochReport(Message):
    """One epoch of a trial is over."""

    attempt: Attempt
    epoch: Annotated[int, Ge(1), Le(1000)]
    """1 for the first; they come one by one."""
    dev: Scores
    """Metrics on dev after this epoch: those of the job's objectives and limits, and its task's
    headline metric; further ones of the task as you like."""
    seconds: Seconds = 0.0
    """How long it took."""

    @property
    def measurement(self) -> Measurement:
        """What is kept of it."""
        values = {f"dev/{name}": value for name, value in self.dev.items()}
        return Measurement(epoch=self.epoch, values=values | {"seconds": self.seconds})


class TrialReport(Message):
    """A trial has ended: with scores on both splits, or with what went wrong."""

    attempt: Attempt
    dev: Scores = {}
    """Metrics on dev of the student that is kept; as in a report."""
    test: Scores = {}
    """Metrics of the same student on test, which the search never sees."""
    seconds: Seconds | None = None
    """How long all of it took; what was reported when left out."""
    failure: FailureClass | None = None
    """Why there are no scores."""
    reason: Annotated[str, Len(0, 2000)] = ""
    """What went wrong, for people."""


def headline(facts: TaskFacts) -> Objective:
    """Return the metric whose best epoch is kept, and that people look at."""
    return Objective(metric=METRICS[facts.task][0])


def check_report(spec: JobSpec, facts: TaskFacts, report: EpochReport) -> None:
    """Refuse metrics that a job does not know, lacks, or cannot compare.

    Raises:
        InvalidInput: With a problem for each.
    """
    if found := list(_wrong(spec, facts, "dev", report.dev)):
        raise InvalidInput(found)


def check_end(spec: JobSpec, facts: TaskFacts, told: TrialReport) -> None:
    """Refuse an end that is neither scores on both splits nor a failure.

    Raises:
        InvalidInput: With a problem for each law that it breaks.
    """
    if told.failure is None:
        found = [*_wrong(spec, facts, "dev", told.dev), *_wrong(spec, facts, "test", told.test)]
    elif told.dev or told.test:
        message = "A trial has scores or a failure, not both; leave one out."
        found = [Problem(field="failure", message=message)]
    else:
        found = []
    if found:
        raise InvalidInput(found)


def _wrong(
    spec: JobSpec, facts: TaskFacts, split: Split, scores: Mapping[str, float]
) -> Iterator[Problem]:
    known: Sequence[str] = measured(facts.task, facts.num_outputs)
    needed = [headline(facts).metric]
    if split == "dev":
        known = (*known, *COSTS)
        needed += [o.metric for o in spec.objectives] + [x.metric for x in spec.limits]
    for name, value in scores.items():
        field = f"{split}.{name}"
        if name not in known:
            message = f'No metric "{name}" on {split}; names go without their split.'
            yield Problem(field=field, message=message, known=tuple(known))
        elif not abs(value) <= LARGEST:
            way_out = 'tell a trial that diverged as failed: {"failure": "diverged"}'
            message = f"Scores are finite, at most {LARGEST:g}, got {value}; {way_out}."
            yield Problem(field=field, message=message)
        elif not CATALOGUE[name].holds(value):
            message = f"{name} {CATALOGUE[name].law}, got {value}; send it as it is defined."
            yield Problem(field=field, message=message)
    if missing := [name for name in dict.fromkeys(needed) if name not in scores]:
        message = f"This job needs {', '.join(missing)} on {split}; measure and send it."
        yield Problem(field=split, message=message, known=tuple(dict.fromkeys(needed)))
