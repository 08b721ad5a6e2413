from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from autodistill.errors import InvalidInput, LeaseLost
from autodistill.record import FailureClass, Origin, TrialState, Wish
from workers.conductor import Supply
from workers.report import Report

Desk = Callable[..., Any]
BUDGET = {"num_trials": 4, "max_epochs": 3}
NEVER = {"sampler": "random", "early_stopping": False}


def test_a_trial_has_its_row_before_anything_runs(desk: Desk) -> None:
    d = desk()
    trial = d.take()
    assert d.trial(trial.number).state is TrialState.QUEUED
    assert trial.origin is Origin.BASELINE


def test_the_budget_is_used_exactly(desk: Desk) -> None:
    d = desk(budget=BUDGET, search=NEVER)
    assert [d.complete() for _ in range(4)] == [0, 1, 2, 3]
    assert d.conductor.next() is Supply.DONE
    assert d.conductor.exhausted


def test_while_a_trial_runs_the_end_is_open(desk: Desk) -> None:
    d = desk(budget=BUDGET | {"num_trials": 1})
    number = d.begin()
    assert d.conductor.next() is Supply.WAIT
    assert not d.conductor.exhausted
    d.end(number)
    assert d.conductor.next() is Supply.DONE


def test_a_new_driver_takes_the_open_trials_first(desk: Desk) -> None:
    d = desk(budget=BUDGET)
    assert [d.begin(), d.begin()] == [0, 1]
    d.claim()
    assert [d.take().number for _ in range(3)] == [0, 1, 2]


def test_a_former_driver_can_write_no_more(desk: Desk) -> None:
    d = desk()
    number, former = d.begin(), d.conductor
    d.claim()
    former.hear(Report(number=number, started=True))
    with pytest.raises(LeaseLost):
        former.commit()


def test_epochs_lost_on_the_way_come_with_the_next_start(desk: Desk) -> None:
    d = desk()
    number = d.begin()
    d.tell(number, 1, 0.5)
    d.claim()
    d.take()
    history = (d.measured(1, 0.5), d.measured(2, 0.6))
    d.conductor.hear(Report(number=number, started=True, measurements=history))
    assert [m.epoch for m in d.trial(number).curve] == [1, 2]
    assert sum(e.kind == "measurement" for e in d.events()) == 2


def test_a_trial_that_is_behind_at_its_rung_is_stopped(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3})
    for _ in range(4):
        d.complete(0.9)
    number = d.begin()
    assert d.tell(number, 1, 0.1)
    row = d.trial(number)
    assert row.state is TrialState.PRUNED
    assert row.dev == {"accuracy": 0.1, "num_parameters": 500.0, "latency_ms": 1.0}
    assert row.test == {}


def test_a_trial_that_breaks_a_limit_never_leads(desk: Desk) -> None:
    d = desk(budget=BUDGET, search=NEVER, limits=[{"metric": "accuracy", "bound": 0.6}])
    d.complete()
    low, high = d.complete(0.5), d.complete(0.7)
    assert d.trial(low).dev["accuracy"] == 0.5
    with d.store.read() as tx:
        leader = tx.trials.best("job_1", maximise=True)
    assert leader is not None
    assert leader.number == high


def test_students_beyond_a_limit_end_the_job(desk: Desk) -> None:
    with pytest.raises(InvalidInput, match="No student keeps latency_ms at most"):
        desk(limits=[{"metric": "latency_ms", "bound": 0.5}])


def test_a_trial_that_is_stopped_by_hand_ends_with_its_epoch(desk: Desk) -> None:
    d = desk(budget=BUDGET, search=NEVER)
    d.complete()
    number = d.begin()
    d.stop(number)
    assert d.tell(number, 1, 0.7)
    row = d.trial(number)
    assert (row.state, row.reason) == (TrialState.CANCELLED, "Stopped by hand.")
    assert (row.dev, row.epochs_done) == ({}, 1)
    assert d.begin() == number + 1


def test_a_trial_that_waits_is_stopped_before_it_starts(desk: Desk) -> None:
    d = desk(budget=BUDGET, search=NEVER)
    d.complete()
    number = d.begin()
    d.claim()
    d.stop(number)
    assert d.trial(number).state is TrialState.CANCELLED
    assert d.begin() == number + 1


def test_a_rung_that_was_reached_in_a_crash_is_judged_at_the_next_start(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3})
    for _ in range(4):
        d.complete(0.9)
    number = d.begin()
    d.claim()
    assert d.take().number == number
    lost = Report(number=number, started=True, measurements=(d.measured(1, 0.1),))
    assert d.conductor.hear(lost)
    assert d.trial(number).state is TrialState.PRUNED


def test_a_restart_remembers_the_rungs(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3})
    for _ in range(4):
        d.complete(0.9)
    d.claim()
    assert d.tell(d.begin(), 1, 0.1)


def test_plain_fine_tuning_is_never_stopped_early(desk: Desk) -> None:
    students = [{"kind": "cut", "num_layers": 2}]
    d = desk(students=students, budget={"num_trials": 9, "max_epochs": 3})
    baseline = d.begin()
    for _ in range(4):
        d.complete(0.9)
    assert not d.tell(baseline, 1, 0.0)


def test_without_early_stopping_every_trial_goes_on(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3}, search=NEVER)
    for _ in range(4):
        d.complete(0.9)
    assert not d.tell(d.begin(), 1, 0.0)


def test_a_diverged_trial_fails_and_the_search_goes_on(desk: Desk) -> None:
    d = desk()
    number = d.begin()
    reason = "diverged: the loss is no longer finite"
    failure = Report(number=number, failure=FailureClass.DIVERGED, reason=reason)
    assert d.conductor.hear(failure)
    assert d.trial(number).state is TrialState.FAILED
    assert d.trial(number).reason == reason
    assert d.take().number == 1


@pytest.mark.parametrize(
    ("failure", "attempts"),
    [
        (FailureClass.TIMEOUT, 3),
        (FailureClass.INFRASTRUCTURE, 5),
        (FailureClass.OUT_OF_MEMORY, 3),
        (FailureClass.USER_ERROR, 1),
        (FailureClass.DIVERGED, 1),
    ],
)
def test_a_trial_is_tried_again_where_that_may_help(
    desk: Desk, failure: FailureClass, attempts: int
) -> None:
    d = desk()
    for _ in range(attempts):
        assert d.begin() == 0
        d.conductor.failed(0, failure, "no luck")
        d.time += 600
    assert d.trial(0).state is TrialState.FAILED
    assert d.trial(0).num_attempts == attempts


def test_what_ran_out_of_memory_is_tried_again_in_smaller_slices(desk: Desk) -> None:
    d = desk()
    slices = []
    for failure in (FailureClass.INFRASTRUCTURE, *2 * [FailureClass.OUT_OF_MEMORY]):
        d.begin()
        slices.append(d.conductor.config(d.trial(0))["slices"])
        d.conductor.failed(0, failure, "no luck")
        d.time += 600
    d.begin()
    assert not d.tell(0, 1, 0.5)
    assert [*slices, d.conductor.config(d.trial(0))["slices"]] == [1, 1, 4, 16]
    assert d.conductor.config(d.take())["slices"] == 1


def test_a_trial_rests_after_a_failure_and_others_go_on(desk: Desk) -> None:
    d = desk()
    d.conductor.failed(d.begin(), FailureClass.INFRASTRUCTURE, "no space left on device")
    assert d.begin() == 1
    d.time += 1.1
    assert d.begin() == 0


def test_where_every_attempt_breaks_down_no_more_trials_are_begun(desk: Desk) -> None:
    d = desk()
    for number in range(d.slots):
        assert d.begin() == number
        d.conductor.failed(number, FailureClass.INFRASTRUCTURE, "no space left on device")
    assert d.conductor.next() is Supply.WAIT
    d.time += 1.1
    assert d.begin() == 0


def test_no_more_trials_run_than_there_are_slots(desk: Desk) -> None:
    d = desk()
    d.grant(2)
    numbers = [d.begin(), d.begin()]
    assert d.conductor.next() is Supply.WAIT
    d.end(numbers[0])
    assert d.begin() == 2
    d.grant(1)
    d.end(numbers[1])
    assert d.conductor.next() is Supply.WAIT
    d.grant(3)
    assert [d.begin(), d.begin()] == [3, 4]


def test_a_job_without_slots_leaves_its_executor_once_nothing_runs(desk: Desk) -> None:
    d = desk()
    number = d.begin()
    d.grant(0)
    assert d.conductor.next() is Supply.WAIT
    d.end(number)
    assert d.conductor.next() is Supply.PARK
    assert d.conductor.parked
    assert d.trial(number).state is TrialState.COMPLETE
    d.grant(1)
    assert d.begin() == 1
    assert not d.conductor.parked


def test_restarts_of_the_driver_are_no_failures_of_a_trial(desk: Desk) -> None:
    d = desk()
    for _ in range(5):
        d.begin()
        d.claim()
    d.begin()
    d.conductor.failed(0, FailureClass.INFRASTRUCTURE, "its process was killed")
    assert d.trial(0).state is TrialState.QUEUED


def test_a_new_epoch_clears_the_failures_before_it(desk: Desk) -> None:
    d = desk()
    for epoch, failures in ((1, 4), (2, 3)):
        for _ in range(failures):
            d.begin()
            d.conductor.failed(0, FailureClass.INFRASTRUCTURE, "its process was killed")
            d.time += 600
        d.begin()
        d.tell(0, epoch, 0.5)
        d.conductor.failed(0, FailureClass.INFRASTRUCTURE, "its process was killed")
        d.time += 600
    assert d.trial(0).state is TrialState.QUEUED


def test_a_process_that_dies_after_its_outcome_changes_nothing(desk: Desk) -> None:
    d = desk()
    number = d.complete()
    d.conductor.failed(number, FailureClass.INFRASTRUCTURE, "died late")
    assert d.trial(number).state is TrialState.COMPLETE
    assert d.take().number == number + 1


def test_a_job_gives_up_when_most_trials_fail(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3})
    d.complete()
    for _ in range(3):
        assert not d.conductor.too_many_failures()
        d.conductor.failed(d.begin(), FailureClass.DIVERGED, "diverged: nan")
    assert d.conductor.too_many_failures() == "3 of 4 trials failed; the last one: diverged: nan"
    assert d.conductor.next() is Supply.DONE


def test_two_failures_of_three_are_too_few_to_judge(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3})
    d.complete()
    for _ in range(2):
        d.conductor.failed(d.begin(), FailureClass.DIVERGED, "diverged: nan")
    assert not d.conductor.too_many_failures()


def test_a_wish_that_was_noticed_holds_until_the_next_claim(desk: Desk) -> None:
    d = desk()
    d.wish(Wish.PAUSE)
    assert d.conductor.halted()
    d.wish(Wish.RUN)
    assert d.conductor.halted()
    assert not d.claim().halted()


def test_checkpoints_of_ended_trials_are_deleted(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3}, search=NEVER)
    numbers = []
    for accuracy in (0.9, 0.5, 0.6, 0.7, 0.8):
        number = d.begin()
        folder = d.folder(number)
        folder.mkdir(parents=True)
        (folder / "checkpoint.pt").touch()
        d.end(number, accuracy)
        d.conductor.commit()
        numbers.append(number)
        assert not (folder / "checkpoint.pt").exists()
    assert d.folders() == {0, 3, 4}


def test_the_winner_is_kept_when_plain_students_are_better(desk: Desk) -> None:
    d = desk(
        space={"training.num_epochs": 3, "loss": ["none", "softened_kl"]},
        budget={"num_trials": 12, "max_epochs": 3},
        search=NEVER,
    )
    while not isinstance(trial := d.conductor.next(), Supply):
        d.end(trial.number, 0.2 if trial.spec.pipeline.distils else 0.9)
    assert any(d.trial(n).spec.pipeline.distils for n in d.folders())
