"""Promises about trials that run elsewhere: lent, renewed, taken back."""

from __future__ import annotations

from autodistill.record import JobState, Origin, TrialState, Wish
from autodistill.store import Store
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    TTL_S,
    add_job,
    claim,
    complete,
    epoch,
)

LONG_UP_S = 1e6
EXPIRED_S = -1.0


def lent(store: Store, number: int = 0, lease_s: float = TTL_S) -> None:
    """Lend a new trial of job_1."""
    with store.write() as tx:
        driving = tx.driving("job_1", tx.jobs.get("job_1").owner_epoch)
        driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
        driving.state(JobState.SEARCHING)
        driving.start(number, lease_s)


def overdue(store: Store, up_s: float = LONG_UP_S) -> list[tuple[str, int, int]]:
    """Return (job, number, attempt) of what is overdue."""
    with store.read() as tx:
        return [(loan.job, loan.number, loan.attempt) for loan in tx.loans.overdue(up_s)]


class LoanContract:
    """Trials that run elsewhere."""

    def test_no_worker_gets_a_job_that_runs_elsewhere(self, store: Store) -> None:
        add_job(store, "job_1", runs="elsewhere")
        with store.read() as tx:
            assert tx.census.longest_wait_s() == 0.0
        add_job(store, "job_2")
        with store.read() as tx:
            assert [job.id for job in tx.leases.waiting(10)] == ["job_2"]
        assert claim(store).id == "job_2"
        with store.write() as tx:
            assert tx.leases.claim("worker", TTL_S) is None

    def test_a_loan_is_overdue_when_its_lease_is_over_and_renewing_saves_it(
        self, store: Store
    ) -> None:
        add_job(store, runs="elsewhere")
        lent(store, 0)
        lent(store, 1, lease_s=EXPIRED_S)
        assert overdue(store) == [("job_1", 1, 1)]
        with store.write() as tx:
            tx.loans.renew("job_1", 0)
        assert overdue(store) == [("job_1", 1, 1)]

    def test_a_lease_that_nobody_could_renew_is_not_judged(self, store: Store) -> None:
        add_job(store, runs="elsewhere")
        lent(store, lease_s=EXPIRED_S)
        assert overdue(store, up_s=EXPIRED_S - 1) == []
        assert overdue(store, up_s=EXPIRED_S) == [("job_1", 0, 1)]

    def test_a_pause_leaves_loans_alone_and_a_cancel_ends_them(self, store: Store) -> None:
        add_job(store, runs="elsewhere")
        lent(store, lease_s=EXPIRED_S)
        for wish in (Wish.PAUSE, Wish.RUN):
            with store.write() as tx:
                tx.jobs.wish("job_1", wish)
                assert tx.trials.get("job_1", 0).state is TrialState.RUNNING
                assert bool(tx.loans.overdue(LONG_UP_S)) is (wish is Wish.RUN)
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.CANCEL)
            assert tx.trials.get("job_1", 0).state is TrialState.CANCELLED
        assert overdue(store) == []

    def test_what_an_attempt_reported_can_be_forgotten(self, store: Store) -> None:
        add_job(store, runs="elsewhere")
        lent(store, 0)
        lent(store, 1)
        with store.write() as tx:
            tx.driving("job_1", 0).measure({0: [epoch(1)], 1: [epoch(1)]})
            tx.loans.forget_epochs("job_1", 0)
            assert tx.trials.get("job_1", 0).curve == ()
            assert tx.trials.get("job_1", 1).curve == (epoch(1),)

    def test_a_job_rests_between_its_first_trial_and_its_end(self, store: Store) -> None:
        add_job(store, runs="elsewhere")
        add_job(store, "job_2")

        def resting() -> list[str]:
            with store.read() as tx:
                return list(tx.loans.resting())

        assert resting() == []
        lent(store)
        assert resting() == []
        with store.write() as tx:
            scores = {"accuracy": 0.5}
            driving = tx.driving("job_1", 0)
            driving.finish(0, TrialState.COMPLETE, dev=scores, test=scores, seconds=1.0)
        assert resting() == ["job_1"]
        complete(store, 0, 1, 0.5)
        with store.write() as tx:
            tx.driving("job_1", 0).fail("Enough.")
        assert resting() == []
