"""Promises about jobs that are taken up again, and about shares."""

from __future__ import annotations

import pytest

from autodistill.errors import Conflict, InvalidInput, LeaseLost
from autodistill.record import JobState, Orders, Origin, Project, TrialState, Wish
from autodistill.store import Store
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    RESULT,
    TTL_S,
    add_job,
    claimed,
    complete,
    epoch,
    kinds,
)


class RenewalContract:
    """Extending, retrying."""

    def test_an_extended_job_waits_again_with_all_it_has(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        with store.write() as tx:
            tx.driving("job_1", mine).succeed(RESULT)
        with store.write() as tx:
            job = tx.renewals.extend("job_1", 50)
            assert len(tx.trials.all("job_1")) == 1
        assert (job.state, job.wish, job.result) == (JobState.QUEUED, Wish.RUN, RESULT)
        assert (job.spec.budget.num_trials, job.round_start, job.finished_at) == (50, 1, None)
        assert kinds(store)[-3:] == ["job.succeeded", "job.extended", "job.queued"]
        with pytest.raises(LeaseLost), store.write() as tx:
            tx.driving("job_1", mine)

    def test_a_budget_only_grows(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.driving("job_1", mine).succeed(RESULT)
        with pytest.raises(InvalidInput, match="budget is 20 already"), store.write() as tx:
            tx.renewals.extend("job_1", 20)
        with pytest.raises(InvalidInput, match="must be larger"), store.write() as tx:
            tx.renewals.extend("job_1", 21, timeout_s=5.0)

    def test_a_job_that_is_worked_on_must_be_paused_first(self, store: Store) -> None:
        claimed(store)
        with pytest.raises(Conflict, match="pause it first"), store.write() as tx:
            tx.renewals.extend("job_1", 50)

    def test_a_cancelled_job_stays_so(self, store: Store) -> None:
        add_job(store)
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.CANCEL)
        with pytest.raises(Conflict, match="clone it"), store.write() as tx:
            tx.renewals.retry("job_1")

    def test_failed_trials_run_again_from_scratch(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number in (1, 2):
                driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
            driving.start(1)
            driving.measure({1: [epoch(1)]})
            driving.finish(1, TrialState.FAILED, dev={}, test={}, seconds=1.0, reason="diverged")
            driving.fail("Too many trials failed.")
        with store.write() as tx:
            assert tx.renewals.retry("job_1").state is JobState.QUEUED
            trials = tx.trials.all("job_1")
        assert [t.state for t in trials] == ["complete", "queued", "queued"]
        assert [t.epochs_done for t in trials] == [0, 0, 0]
        assert trials[1].finish_order is None
        assert kinds(store)[-2:] == ["job.retried", "job.queued"]

    def test_without_a_failed_trial_there_is_nothing_to_run_again(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        with store.write() as tx:
            tx.driving("job_1", mine).succeed(RESULT)
        with pytest.raises(Conflict, match="nothing to run again"), store.write() as tx:
            tx.renewals.retry("job_1")


class ShareContract:
    """Priorities, projects, grants."""

    def test_a_job_of_higher_priority_is_claimed_first(self, store: Store) -> None:
        add_job(store, "job_1", priority=1)
        add_job(store, "job_2", priority=100)
        with store.write() as tx:
            found = [tx.leases.claim("worker", TTL_S) for _ in range(2)]
        assert [job.id for job in found if job] == ["job_2", "job_1"]

    def test_a_project_that_was_never_set_has_weight_one(self, store: Store) -> None:
        add_job(store, project="mine")
        with store.write() as tx:
            assert tx.projects.list() == [Project(name="mine", weight=1, quota=None)]
            tx.projects.put(Project(name="mine", weight=3, quota=2))
            tx.projects.put(Project(name="mine", weight=4, quota=None))
            assert tx.projects.get("mine") == Project(name="mine", weight=4, quota=None)

    def test_a_project_whose_quota_is_used_up_waits(self, store: Store) -> None:
        for name, project in (("job_1", "bound"), ("job_2", "bound"), ("job_3", "free")):
            add_job(store, name, project=project)
        with store.write() as tx:
            tx.projects.put(Project(name="bound", weight=1, quota=2))
            first = tx.leases.claim("worker", TTL_S)
            assert first is not None
            tx.leases.grant(first.id, first.owner_epoch, 2)
            found = [tx.leases.claim("worker", TTL_S) for _ in range(2)]
        assert [job.id if job else None for job in found] == ["job_3", None]

    def test_a_grant_is_an_order_and_ends_with_the_claim(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.leases.grant("job_1", mine, 3)
            tx.leases.grant("job_1", mine - 1, 9)
            assert tx.jobs.orders("job_1") == Orders(Wish.RUN, 3)
            tx.leases.release("job_1", mine)
            assert tx.jobs.orders("job_1") == Orders(Wish.RUN, 0)

    def test_a_careful_worker_takes_no_expired_lease(self, store: Store) -> None:
        claimed(store, ttl_s=0.0)
        with store.write() as tx:
            assert tx.leases.claim("worker", TTL_S, expired=False) is None
            assert tx.leases.claim("worker", TTL_S) is not None

    def test_running_trials_are_counted_by_job(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            for number in range(3):
                driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
            driving.start(1)
            driving.start(2)
            assert tx.trials.running(["job_1", "job_2"]) == {"job_1": 2}
