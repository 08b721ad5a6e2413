"""Promises about how a claim ends, and about the log of a job."""

from __future__ import annotations

import pytest

from autodistill.record import JobState, Origin, Wish
from autodistill.store import Store
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    RESULT,
    add_job,
    claimed,
    complete,
    kinds,
)


class EndingContract:
    """How a claim ends, and what that does to its trials."""

    def test_a_job_that_succeeds_has_its_result(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.driving("job_1", mine).state(JobState.PREPARING)
            tx.driving("job_1", mine).succeed(RESULT)
            job = tx.jobs.get("job_1")
            assert tx.leases.live() == []
        assert (job.state, job.result, job.owner) == (JobState.SUCCEEDED, RESULT, None)
        assert job.started_at is not None
        assert job.finished_at is not None
        assert kinds(store) == ["job.queued", "job.preparing", "job.succeeded"]

    def test_a_job_starts_once(self, store: Store) -> None:
        mine = claimed(store)
        started = []
        for _ in range(2):
            with store.write() as tx:
                tx.driving("job_1", mine).state(JobState.PREPARING)
                started.append(tx.jobs.get("job_1").started_at)
        assert started[0] == started[1] is not None

    def test_a_job_that_fails_says_why_and_leaves_no_trial_open(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.suggest(1, DISTILLED, Origin.SAMPLER, "drawn")
            driving.suggest(2, DISTILLED, Origin.SAMPLER, "drawn")
            driving.start(2)
            driving.fail("The disk is full.")
            job, trials = tx.jobs.get("job_1"), tx.trials.list("job_1")
        assert (job.state, job.message) == (JobState.FAILED, "The disk is full.")
        assert [t.state for t in trials] == ["complete", "cancelled", "cancelled"]
        assert kinds(store)[-3:] == ["trial.cancelled", "trial.cancelled", "job.failed"]

    @pytest.mark.parametrize(
        ("wish", "yielded", "state"),
        [
            (Wish.RUN, JobState.QUEUED, JobState.QUEUED),
            (Wish.PAUSE, JobState.PAUSED, JobState.PAUSED),
            (Wish.CANCEL, JobState.CANCELLED, JobState.CANCELLED),
            (Wish.RUN, JobState.PAUSED, JobState.QUEUED),
            (Wish.PAUSE, JobState.QUEUED, JobState.PAUSED),
            (Wish.CANCEL, JobState.PAUSED, JobState.CANCELLED),
        ],
    )
    def test_a_yielded_job_goes_where_the_newest_wish_sends_it(
        self, store: Store, wish: Wish, yielded: JobState, state: JobState
    ) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.driving("job_1", mine).suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            tx.driving("job_1", mine).start(0)
        with store.write() as tx:
            tx.jobs.wish("job_1", wish)
        with store.write() as tx:
            assert tx.driving("job_1", mine).yield_job(yielded) is state
            job, trial = tx.jobs.get("job_1"), tx.trials.get("job_1", 0)
        assert (job.state, job.owner, job.lease_until) == (state, None, None)
        assert trial.state == ("cancelled" if state.terminal else "queued")
        assert kinds(store)[-1] == f"job.{state}"

    def test_a_resumed_job_keeps_its_trials(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.PAUSE)
        with store.write() as tx:
            tx.driving("job_1", mine).yield_job(JobState.PAUSED)
        with store.write() as tx:
            assert tx.jobs.wish("job_1", Wish.RUN).state is JobState.QUEUED
            again = tx.leases.claim("worker", 60.0)
            assert again is not None
            assert len(tx.trials.all("job_1")) == 1
        complete(store, again.owner_epoch, 1, 0.8)
        with store.read() as tx:
            assert [t.finish_order for t in tx.trials.list("job_1")] == [1, 2]


class EventContract:
    """The log of a job."""

    def test_events_are_read_from_any_number_on(self, store: Store) -> None:
        mine = claimed(store)
        for i in range(4):
            with store.write() as tx:
                tx.driving("job_1", mine).log("log", {"line": i})
        with store.read() as tx:
            assert [e.data for e in tx.events.after("job_1", 3)] == [{"line": 2}, {"line": 3}]
            assert [e.seq for e in tx.events.after("job_1", 0, limit=2)] == [1, 2]

    def test_each_job_has_numbers_of_its_own(self, store: Store) -> None:
        for name in ("job_1", "job_2"):
            add_job(store, name)
        assert kinds(store, "job_1") == kinds(store, "job_2") == ["job.queued"]

    def test_a_transaction_reads_its_own_events(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for i in range(2, 5):
                driving.log("log", {})
                assert tx.events.latest("job_1") == i
        assert len(kinds(store)) == 4

    @pytest.mark.parametrize(
        ("said", "kept"), [("a\0b", "a\ufffdb"), ("a\udcffb", "a?b"), ("a\\u0000b", "a\\u0000b")]
    )
    def test_whatever_an_error_says_can_be_kept(self, store: Store, said: str, kept: str) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.driving("job_1", mine).log("log", {"lines": [said]})
            tx.driving("job_1", mine).fail(said)
            logged, _ = tx.events.after("job_1", 1)
            message = tx.jobs.get("job_1").message
        assert logged.data == {"lines": [kept]}
        assert message == kept

    def test_an_unknown_job_has_no_events(self, store: Store) -> None:
        with store.read() as tx:
            assert (tx.events.after("job_9", 0), tx.events.latest("job_9")) == ([], 0)
