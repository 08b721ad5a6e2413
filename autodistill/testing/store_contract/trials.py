"""Promises about what a driver writes, and how trials read back."""

from __future__ import annotations

import math

import pytest

from autodistill.errors import Conflict, NotFound
from autodistill.record import FailureClass, Origin, TrialState
from autodistill.store import Store
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    PLAIN,
    claimed,
    complete,
    epoch,
    kinds,
)


class TrialContract:
    """A trial's life."""

    def test_a_trial_lives_and_reads_back(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            suggested = driving.suggest(0, DISTILLED, Origin.SAMPLER, "drawn at random")
            assert tx.trials.get("job_1", 0) == suggested
            assert driving.start(0) == 1
            driving.measure({0: [epoch(1), epoch(2, 0.7)]})
            assert tx.trials.get("job_1", 0).state is TrialState.RUNNING
            driving.finish(
                0, TrialState.COMPLETE, dev={"accuracy": 0.7}, test={"accuracy": 0.6}, seconds=3.5
            )
            trial = tx.trials.get("job_1", 0)
        assert (suggested.state, suggested.spec) == (TrialState.QUEUED, DISTILLED)
        assert (trial.state, trial.dev, trial.test) == (
            TrialState.COMPLETE,
            {"accuracy": 0.7},
            {"accuracy": 0.6},
        )
        assert (trial.seconds, trial.num_attempts, trial.reason) == (3.5, 1, "drawn at random")
        assert trial.curve == (epoch(1), epoch(2, 0.7))
        assert (trial.epochs_done, trial.finish_order) == (2, 1)
        assert trial.finished_at is not None
        assert kinds(store) == [
            "job.queued",
            "trial.queued",
            "trial.running",
            "measurement",
            "measurement",
            "trial.complete",
        ]

    def test_trials_that_have_ended_are_read_once(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number in range(4):
                driving.suggest(number, DISTILLED, Origin.SAMPLER, "")
                driving.start(number)
                driving.measure({number: [epoch(1)]})
            for number in (2, 0):
                driving.finish(number, TrialState.COMPLETE, dev={}, test={}, seconds=1.0)
            assert tx.trials.since("job_1", 0) == tx.trials.all("job_1")
            assert [t.number for t in tx.trials.all("job_1")] == [0, 1, 2, 3]
            later = tx.trials.since("job_1", 1)
        assert [(t.number, t.curve) for t in later] == [(n, (epoch(1),)) for n in (0, 1, 3)]

    def test_a_confusion_matrix_reads_back(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.suggest(0, DISTILLED, Origin.SAMPLER, "")
            assert tx.trials.confusion("job_1", 0) is None
            counts = ((3, 1), (0, 4))
            complete = TrialState.COMPLETE
            driving.finish(0, complete, dev={}, test={}, seconds=1.0, confusion=counts)
            assert tx.trials.confusion("job_1", 0) == counts
            with pytest.raises(NotFound):
                tx.trials.confusion("job_1", 1)

    def test_only_open_trials_that_nothing_rests_on_are_stopped(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number, origin in enumerate((Origin.BASELINE, Origin.SAMPLER, Origin.SAMPLER)):
                driving.suggest(number, DISTILLED, origin, "")
            driving.finish(2, TrialState.COMPLETE, dev={}, test={}, seconds=1.0)
            assert tx.jobs.orders("job_1").stops == frozenset()
            tx.jobs.stop("job_1", 1)
            assert tx.jobs.orders("job_1").stops == {1}
            for number, why in ((0, "its result needs"), (2, "nothing to stop")):
                with pytest.raises(Conflict, match=why):
                    tx.jobs.stop("job_1", number)
            with pytest.raises(NotFound):
                tx.jobs.stop("job_1", 9)
            driving.finish(1, TrialState.CANCELLED, dev={}, test={}, seconds=1.0)
            assert tx.jobs.orders("job_1").stops == frozenset()

    def test_a_number_is_suggested_once(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            with pytest.raises(Conflict, match="has a trial 0 already"):
                driving.suggest(0, PLAIN, Origin.BASELINE, "again")
            assert tx.trials.get("job_1", 0).spec == DISTILLED

    def test_a_measured_epoch_stays_as_it_is(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            driving.measure({0: [epoch(1)]})
            driving.measure({0: [epoch(1, 0.9), epoch(2)]})
            driving.measure({0: []})
            assert tx.trials.get("job_1", 0).curve == (epoch(1), epoch(2))
        assert kinds(store).count("measurement") == 2

    def test_numbers_need_not_be_finite(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            driving.measure({0: [epoch(1, math.nan)]})
            dev = {"accuracy": math.nan, "nll": math.inf}
            driving.finish(0, TrialState.COMPLETE, dev=dev, test={}, seconds=1.0)
            driving.log("prepare", {"loss": math.nan})
            trial = tx.trials.get("job_1", 0)
            assert tx.trials.best("job_1", maximise=True) is None
        assert math.isnan(trial.curve[0].values["dev/accuracy"])
        assert all(map(math.isnan, trial.dev.values()))
        assert kinds(store)[-1] == "prepare"

    def test_an_ended_trial_stays_as_it_is(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        before = kinds(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            ended = tx.trials.get("job_1", 0)
            driving.finish(0, TrialState.FAILED, dev={}, test={}, seconds=9.0, reason="late")
            driving.requeue(0, FailureClass.INFRASTRUCTURE, "late")
            with pytest.raises(Conflict, match="Trial 0 of job job_1 has ended"):
                driving.start(0)
            assert tx.trials.get("job_1", 0) == ended
        assert kinds(store) == before

    def test_an_unknown_trial_is_not_found(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for ask in (lambda: tx.trials.get("job_1", 4), lambda: driving.start(4)):
                with pytest.raises(NotFound, match='No trial "4"'):
                    ask()

    def test_a_requeued_trial_starts_again_as_another_attempt(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            driving.start(0)
            driving.requeue(0, FailureClass.OUT_OF_MEMORY, "no room")
            assert tx.trials.get("job_1", 0).state is TrialState.QUEUED
            assert driving.start(0) == 2
            told = tx.events.after("job_1", 3)[0]
        assert told.kind == "trial.requeued"
        assert told.data == {"number": 0, "failure": "out_of_memory", "reason": "no room"}

    def test_trials_are_learnt_in_the_order_in_which_they_finish(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number in range(3):
                driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
            for number in (1, 2, 0):
                driving.finish(number, TrialState.FAILED, dev={}, test={}, seconds=1.0)
            trials = tx.trials.list("job_1")
        assert [t.finish_order for t in trials] == [3, 1, 2]

    def test_trials_are_listed_in_pages_without_curves(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number in range(3):
                driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
                driving.measure({number: [epoch(i) for i in range(1, number + 1)]})
            listed = tx.trials.list("job_1", limit=2) + tx.trials.list("job_1", after=1)
            whole = tx.trials.all("job_1")
        assert [t.epochs_done for t in listed] == [0, 1, 2]
        assert [t.model_copy(update={"curve": ()}) for t in whole] == listed
        assert [len(t.curve) for t in whole] == [0, 1, 2]

    def test_counts_leave_confirmations_out(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        complete(store, mine, 1, 0.7, origin=Origin.CONFIRMATION)
        with store.read() as tx:
            counts = tx.trials.counts("job_1")
        assert counts == {s: int(s is TrialState.COMPLETE) for s in TrialState}

    def test_the_best_trial_distils_and_is_no_confirmation(self, store: Store) -> None:
        mine = claimed(store)
        with store.read() as tx:
            assert tx.trials.best("job_1", maximise=True) is None
        complete(store, mine, 0, 0.99, PLAIN)
        complete(store, mine, 1, 0.7)
        complete(store, mine, 2, 0.8)
        complete(store, mine, 3, 0.8)
        complete(store, mine, 4, 0.9, origin=Origin.CONFIRMATION)
        complete(store, mine, 5, 0.9, state=TrialState.PRUNED)
        with store.read() as tx:
            best = tx.trials.best("job_1", maximise=True)
            worst = tx.trials.best("job_1", maximise=False)
        assert best is not None
        assert worst is not None
        assert (best.number, best.dev, worst.number) == (2, {"accuracy": 0.8}, 1)

    def test_courses_are_one_measurement_by_epoch(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number in range(3):
                driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
                driving.measure({number: [epoch(2, 0.7), epoch(1, math.nan), epoch(3, 0.8)]})
            courses = tx.trials.courses("job_1", "dev/accuracy", [0, 2])
            assert tx.trials.courses("job_1", "dev/nll", [1]) == {1: {}}
            assert tx.trials.epochs_done("job_1") == 9
        assert courses == {0: {2: 0.7, 3: 0.8}, 2: {2: 0.7, 3: 0.8}}
