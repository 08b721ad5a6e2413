"""Promises about leases: claiming, fencing, expiring."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from autodistill.errors import LeaseLost
from autodistill.record import FailureClass, JobState, Origin, TrialState, Wish
from autodistill.store import Driving, Store
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    RESULT,
    TTL_S,
    add_job,
    claim,
    claimed,
    epoch,
    kinds,
)

ENDS: dict[str, Callable[[Driving], object]] = {
    "yield_job": lambda d: d.yield_job(JobState.QUEUED),
    "succeed": lambda d: d.succeed(RESULT),
    "fail": lambda d: d.fail("Nothing worked."),
}
WRITES: dict[str, Callable[[Driving], object]] = {
    "state": lambda d: d.state(JobState.SEARCHING),
    "log": lambda d: d.log("log", {}),
    "suggest": lambda d: d.suggest(0, DISTILLED, Origin.SAMPLER, "drawn"),
    "start": lambda d: d.start(0),
    "measure": lambda d: d.measure({0: [epoch(1)]}),
    "finish": lambda d: d.finish(0, TrialState.COMPLETE, dev={}, test={}, seconds=1.0),
    "requeue": lambda d: d.requeue(0, FailureClass.INFRASTRUCTURE, "killed"),
    **ENDS,
}


class LeaseContract:
    """Claiming, fencing, expiring."""

    def test_the_oldest_job_is_claimed_first_and_once(self, store: Store) -> None:
        for i in range(2):
            add_job(store, f"job_{i}")
        with store.write() as tx:
            found = [tx.leases.claim("worker", TTL_S) for _ in range(3)]
        assert [job.id if job else None for job in found] == ["job_0", "job_1", None]

    def test_a_claim_is_an_epoch_with_an_owner_and_an_end(self, store: Store) -> None:
        add_job(store)
        job = claim(store, "worker-7")
        assert (job.owner, job.owner_epoch) == ("worker-7", 1)
        assert job.lease_until is not None
        left = job.lease_until - datetime.now(UTC)
        assert timedelta(seconds=TTL_S - 5) < left < timedelta(seconds=TTL_S + 5)
        with store.read() as tx:
            assert tx.leases.live() == [job]

    @pytest.mark.parametrize("state", [None, JobState.SEARCHING, JobState.CANCELLING])
    def test_an_expired_lease_makes_a_job_claimable(
        self, store: Store, state: JobState | None
    ) -> None:
        first = claimed(store, ttl_s=0.0)
        if state is not None:
            with store.write() as tx:
                tx.driving("job_1", first).state(state)
        with store.read() as tx:
            assert tx.leases.live() == []
        assert claim(store).owner_epoch == first + 1

    def test_a_renewed_lease_keeps_a_job(self, store: Store) -> None:
        mine = claimed(store, ttl_s=0.0)
        with store.write() as tx:
            tx.leases.renew("job_1", mine, TTL_S)
            assert tx.leases.claim("other", TTL_S) is None

    def test_a_released_job_can_be_claimed_at_once(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.state(JobState.SEARCHING)
            driving.suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            driving.start(0)
            tx.leases.release("job_1", mine)
            assert tx.leases.live() == []
            assert tx.jobs.get("job_1").state is JobState.QUEUED
            assert tx.trials.get("job_1", 0).state is TrialState.QUEUED
        assert claim(store).owner_epoch == mine + 1
        assert kinds(store)[-2:] == ["trial.requeued", "job.queued"]

    @pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.CANCEL])
    def test_a_released_job_does_what_was_wished(self, store: Store, wish: Wish) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.jobs.wish("job_1", wish)
        with store.write() as tx:
            tx.leases.release("job_1", mine)
            job = tx.jobs.get("job_1")
            assert tx.leases.claim("worker", TTL_S) is None
        assert job.state == {"pause": JobState.PAUSED, "cancel": JobState.CANCELLED}[wish]
        assert (job.finished_at is not None) == job.state.terminal

    def test_a_released_job_may_still_be_failed_by_who_held_it(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.leases.release("job_1", mine)
        with store.write() as tx:
            tx.driving("job_1", mine).fail("The driver crashed.")
            assert tx.jobs.get("job_1").state is JobState.FAILED

    def test_a_stale_release_does_nothing(self, store: Store) -> None:
        stale = claimed(store, ttl_s=0.0)
        claim(store)
        with store.write() as tx:
            tx.leases.release("job_1", stale)
            assert len(tx.leases.live()) == 1

    @pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.CANCEL])
    def test_a_paused_or_ended_job_is_not_claimed(self, store: Store, wish: Wish) -> None:
        add_job(store)
        with store.write() as tx:
            tx.jobs.wish("job_1", wish)
            assert tx.leases.claim("worker", TTL_S) is None

    @pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
    def test_a_stale_claim_writes_nothing(
        self, store: Store, write: Callable[[Driving], object]
    ) -> None:
        stale = claimed(store, ttl_s=0.0)
        claim(store)
        before = kinds(store)
        lost = pytest.raises(LeaseLost, match=f"Claim {stale} of job job_1 is over")
        with lost, store.write() as tx:
            write(tx.driving("job_1", stale))
        assert kinds(store) == before

    @pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
    def test_a_claim_that_was_ended_writes_nothing(
        self, store: Store, end: Callable[[Driving], object]
    ) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            end(driving)
            with pytest.raises(LeaseLost):
                driving.log("log", {})
        with pytest.raises(LeaseLost), store.write() as tx:
            tx.driving("job_1", mine)
        with pytest.raises(LeaseLost), store.write() as tx:
            tx.leases.renew("job_1", mine, TTL_S)

    @pytest.mark.parametrize("wish", [Wish.PAUSE, Wish.CANCEL])
    def test_a_driver_that_overslept_cannot_undo_what_was_wished(
        self, store: Store, wish: Wish
    ) -> None:
        asleep = claimed(store, ttl_s=0.0)
        with store.write() as tx:
            tx.driving("job_1", asleep).state(JobState.SEARCHING)
            tx.driving("job_1", asleep).suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            tx.driving("job_1", asleep).start(0)
        with store.write() as tx:
            job = tx.jobs.wish("job_1", wish)
            trial = tx.trials.get("job_1", 0)
        ends = {"pause": ("paused", "queued"), "cancel": ("cancelled", "cancelled")}
        assert (job.state, trial.state) == ends[wish]
        with pytest.raises(LeaseLost), store.write() as tx:
            tx.driving("job_1", asleep).state(JobState.FINALISING)

    def test_a_stale_claim_cannot_renew(self, store: Store) -> None:
        stale = claimed(store, ttl_s=0.0)
        claim(store)
        with pytest.raises(LeaseLost), store.write() as tx:
            tx.leases.renew("job_1", stale, TTL_S)

    def test_a_sleeper_that_nobody_replaced_goes_on(self, store: Store) -> None:
        mine = claimed(store, ttl_s=0.0)
        with store.write() as tx:
            tx.driving("job_1", mine).state(JobState.SEARCHING)
        assert kinds(store) == ["job.queued", "job.searching"]
