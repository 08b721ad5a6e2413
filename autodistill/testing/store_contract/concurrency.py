"""Promises about several writers at once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sqlalchemy import event

from autodistill.record import Job, Origin, TrialState, Wish
from autodistill.store import Store
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    TTL_S,
    a_dataset,
    a_spec,
    add_job,
    claim,
    claimed,
    epoch,
    kinds,
)

T = TypeVar("T")
WRITERS = 4


def together(store: Store, act: Callable[[Store, int], T]) -> list[T]:
    """Let several workers act at the same time, each with connections of its own."""
    start = threading.Barrier(WRITERS)

    def work(number: int) -> T:
        mine = Store(store.url)
        try:
            start.wait()
            return act(mine, number)
        finally:
            mine.close()

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(work, range(WRITERS)))


def claims(store: Store, owner: str) -> Iterator[Job]:
    """Claim jobs until there are none."""
    while True:
        with store.write() as tx:
            job = tx.leases.claim(owner, TTL_S)
        if job is None:
            return
        yield job


class ConcurrencyContract:
    """Several workers, one database."""

    def test_each_job_is_claimed_once(self, store: Store) -> None:
        for i in range(40):
            add_job(store, f"job_{i}")
        found = together(store, lambda mine, n: [job.id for job in claims(mine, f"worker-{n}")])
        assert sorted(itertools.chain.from_iterable(found)) == sorted(f"job_{i}" for i in range(40))

    def test_an_expired_job_has_one_heir(self, store: Store) -> None:
        first = claimed(store, ttl_s=0.0)

        def inherit(mine: Store, number: int) -> Job | None:
            with mine.write() as tx:
                return tx.leases.claim(f"worker-{number}", TTL_S)

        heirs = [job for job in together(store, inherit) if job is not None]
        assert [job.owner_epoch for job in heirs] == [first + 1]

    def test_events_have_no_gaps(self, store: Store) -> None:
        mine = claimed(store)

        def write(other: Store, number: int) -> None:
            for i in range(10):
                with other.write() as tx:
                    if number == 0:  # the user
                        tx.jobs.wish("job_1", Wish.PAUSE if i % 2 else Wish.RUN)
                    else:
                        tx.driving("job_1", mine).log("log", {"writer": number})
                        tx.driving("job_1", mine).log("log", {"writer": number})

        together(store, write)
        said = kinds(store)
        assert said.count("log") == 20 * (WRITERS - 1)
        assert said.count("wish") == 9, "the first wish was there already"

    def test_trials_finish_one_after_the_other(self, store: Store) -> None:
        mine = claimed(store)

        def run(other: Store, writer: int) -> None:
            for i in range(5):
                number = writer * 5 + i
                with other.write() as tx:
                    driving = tx.driving("job_1", mine)
                    driving.suggest(number, DISTILLED, Origin.SAMPLER, "drawn")
                with other.write() as tx:
                    driving = tx.driving("job_1", mine)
                    driving.finish(number, TrialState.FAILED, dev={}, test={}, seconds=1.0)

        together(store, run)
        with store.read() as tx:
            orders = [t.finish_order for t in tx.trials.list("job_1")]
        assert sorted(filter(None, orders)) == list(range(1, 5 * WRITERS + 1))

    def test_a_keyed_request_is_done_once(self, store: Store) -> None:
        with store.write() as tx:
            tx.datasets.add(a_dataset())

        def submit(mine: Store, number: int) -> str:
            with mine.write() as tx:
                reply = tx.idempotency.recall("key", "anyone", "1" * 64)
                if reply is None:
                    reply = {"id": tx.jobs.add(f"job_{number}", a_spec(), facts={}).id}
                    tx.idempotency.remember("key", "anyone", "1" * 64, reply)
                return str(reply["id"])

        assert len(set(together(store, submit))) == 1
        with store.read() as tx:
            assert len(tx.jobs.list()) == 1

    def test_the_same_data_set_is_registered_once(self, store: Store) -> None:
        def register(mine: Store, number: int) -> str:
            with mine.write() as tx:
                return tx.datasets.add(a_dataset(name=f"copy {number}")).name

        assert len(set(together(store, register))) == 1

    def test_a_reader_sees_one_moment(self, store: Store) -> None:
        mine = claimed(store)
        with store.read() as before:
            assert before.trials.counts("job_1")[TrialState.QUEUED] == 0
            with store.write() as tx:
                tx.driving("job_1", mine).suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
            assert before.trials.list("job_1") == []

    def test_several_may_migrate(self, store: Store) -> None:
        together(store, lambda mine, _: mine.migrate())
        add_job(store)
        assert claim(store).owner_epoch == 1


class EconomyContract:
    """What a trial costs the database."""

    def test_a_trial_of_twenty_epochs_is_eight_statements_in_two_commits(
        self, store: Store
    ) -> None:
        mine = claimed(store)
        with store.write() as tx:
            tx.driving("job_1", mine).suggest(0, DISTILLED, Origin.SAMPLER, "drawn")
        said: list[str] = []

        def hear(*arguments: object) -> None:
            said.append(str(arguments[2]))

        event.listen(store._engine, "before_cursor_execute", hear)
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.start(0)
            driving.measure({0: [epoch(i) for i in range(1, 21)]})
        with store.write() as tx:
            driving = tx.driving("job_1", mine)
            driving.finish(0, TrialState.COMPLETE, dev={}, test={}, seconds=1.0)
            driving.suggest(1, DISTILLED, Origin.SAMPLER, "drawn")
        assert len(said) <= 8, said
