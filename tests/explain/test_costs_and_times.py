from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from autodistill.explain.estimate import estimate, pace
from autodistill.explain.saving import cost
from autodistill.explain.timeline import attempts, settled
from autodistill.record import Event, TrialState
from autodistill.testing.store_contract.samples import a_spec

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def event(seq: int, kind: str, **data: Any) -> Event:
    at = BEGAN + timedelta(seconds=seq)
    return Event(job_id="job_1", seq=seq, kind=kind, data=data, created_at=at)


def test_stopping_saves_the_epochs_that_were_planned(framed: Any) -> None:
    whole = cost(framed([0.5, 0.6]))
    assert (whole.trials, whole.epochs, whole.seconds) == (2, 12, 20.0)
    assert (whole.stopped, whole.saved_epochs, whole.saved_seconds) == (0, 0, 0.0)
    stopped = cost(framed([0.5], state=TrialState.PRUNED.value, epochs_done=2, seconds=4.0))
    assert (stopped.stopped, stopped.saved_epochs, stopped.saved_seconds) == (1, 4, 8.0)


def test_attempts_are_read_from_the_log() -> None:
    found = attempts(
        [
            event(1, "job.searching"),
            event(2, "trial.running", number=0, attempt=1),
            event(3, "trial.running", number=1, attempt=1),
            event(4, "trial.requeued", number=0, failure="out_of_memory", reason="no room"),
            event(5, "trial.running", number=0, attempt=2),
            event(6, "trial.complete", number=1, dev={}),
            event(7, "trial.failed", number=2, reason="began before"),
        ]
    )
    told = [(a.number, a.attempt, a.outcome, a.reason, a.ended_at is None) for a in found]
    assert told == [
        (0, 1, "queued", "no room", False),
        (1, 1, "complete", "", False),
        (0, 2, "running", "", True),
    ]


def test_an_end_outside_of_the_log_is_taken_from_the_trial(plain_row: Any) -> None:
    from autodistill.spec import PipelineSpec

    (open_one,) = attempts([event(2, "trial.running", number=0, attempt=1)])
    (ended,) = settled([open_one], [plain_row(0, PipelineSpec(), 0.5)])
    assert (ended.outcome, ended.ended_at) == ("complete", datetime.fromtimestamp(1010, UTC))
    (again,) = settled([open_one], [plain_row(0, PipelineSpec(), 0.5, num_attempts=2)])
    assert again.outcome == "queued"
    assert settled([open_one], []) == [open_one]


def test_a_training_of_few_steps_is_cautioned_against() -> None:
    spec = a_spec()  # at most 8 epochs, in batches of 32
    said = estimate(spec, 320, [], "").caution
    assert "has 80 optimiser steps" in said
    assert said.endswith("Allow at least 10 epochs.")
    assert not estimate(spec, 13 * 32, [], "").caution
    fewer = spec.model_copy(update={"max_train_examples": 320})
    assert estimate(fewer, 13 * 32, [], "").caution == said


def test_a_job_takes_as_long_as_its_epochs_at_the_known_pace(plain_row: Any) -> None:
    from autodistill.spec import PipelineSpec

    spec = a_spec(confirmation_seeds=0, parallelism=2)
    paces = pace([plain_row(0, PipelineSpec(), 0.5)], 100)
    assert paces == [10.0 / (6 * 100)]
    found = estimate(spec, 100, paces, "one trial")
    assert found.trials == spec.budget.num_trials
    assert found.low_s == found.high_s == pytest.approx(found.epochs * 100 * paces[0] / 2)
    unknown = estimate(spec, 100, [], "nothing")
    assert (unknown.low_s, unknown.high_s, unknown.epochs) == (None, None, found.epochs)
