"""Promises about jobs: submitting, listing, wishing."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import DBAPIError

from autodistill.errors import Conflict, NotFound, Outdated
from autodistill.record import JobState, Wish
from autodistill.store import Sought, Store
from autodistill.testing.store_contract.samples import (
    FACTS,
    a_dataset,
    a_spec,
    add_job,
    claimed,
    kinds,
)


class JobContract:
    """Submitting, listing and wishing."""

    def test_a_job_reads_back_as_it_was_submitted(self, store: Store) -> None:
        job = add_job(store)
        assert (job.state, job.wish, job.version) == (JobState.QUEUED, Wish.RUN, 1)
        assert job.spec == a_spec()
        assert list(job.spec.space) == list(a_spec().space), "the order decides what a seed draws"
        with store.read() as tx:
            assert tx.jobs.get("job_1") == job
            assert tx.jobs.facts("job_1") == {"cut-2": FACTS}

    def test_a_job_may_name_its_dataset(self, store: Store) -> None:
        assert add_job(store, dataset="reviews").spec.dataset == "reviews"

    def test_a_job_needs_its_dataset(self, store: Store) -> None:
        with pytest.raises(NotFound, match="dataset"):
            add_job(store, dataset="unknown")
        with store.read() as tx:
            assert tx.jobs.list() == []

    def test_a_failed_transaction_leaves_nothing(self, store: Store) -> None:
        with store.write() as tx:
            tx.datasets.add(a_dataset())
        with pytest.raises(Conflict), store.write() as tx:
            tx.jobs.wish(tx.jobs.add("job_1", a_spec(), facts={}).id, Wish.PAUSE, version=9)
        with store.read() as tx:
            assert tx.jobs.list() == []
            assert tx.events.latest("job_1") == 0

    def test_reading_cannot_write(self, store: Store) -> None:
        with pytest.raises(DBAPIError), store.read() as tx:
            tx.datasets.add(a_dataset())
        add_job(store)  # the connection writes again

    def test_jobs_are_listed_newest_first_in_pages(self, store: Store) -> None:
        for i in range(5):
            add_job(store, f"job_{i}")
        with store.read() as tx:
            first = [j.id for j in tx.jobs.list(limit=2)]
            assert first == ["job_4", "job_3"]
            assert [j.id for j in tx.jobs.list(Sought(after=first[-1]))] == [
                "job_2",
                "job_1",
                "job_0",
            ]

    def test_jobs_are_listed_by_state(self, store: Store) -> None:
        for i in range(3):
            add_job(store, f"job_{i}")
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.PAUSE)
            assert [j.id for j in tx.jobs.list(Sought(state=JobState.PAUSED))] == ["job_1"]
            assert [j.id for j in tx.jobs.list(Sought(state=JobState.QUEUED))] == ["job_2", "job_0"]

    def test_a_waiting_job_does_at_once_what_is_wished(self, store: Store) -> None:
        add_job(store)
        jobs = []
        for wish in (Wish.PAUSE, Wish.RUN, Wish.CANCEL):
            with store.write() as tx:
                jobs.append(tx.jobs.wish("job_1", wish))
        assert [(j.state, j.wish, j.version) for j in jobs] == [
            (JobState.PAUSED, Wish.PAUSE, 2),
            (JobState.QUEUED, Wish.RUN, 3),
            (JobState.CANCELLED, Wish.CANCEL, 4),
        ]
        assert [j.finished_at is None for j in jobs] == [True, True, False]
        assert kinds(store) == ["job.queued", "job.paused", "job.queued", "job.cancelled"]

    def test_a_job_at_work_is_only_told(self, store: Store) -> None:
        claimed(store)
        with store.write() as tx:
            job = tx.jobs.wish("job_1", Wish.PAUSE)
        assert (job.state, job.wish, job.version) == (JobState.QUEUED, Wish.PAUSE, 2)
        assert kinds(store) == ["job.queued", "wish"]

    def test_a_wish_that_is_there_changes_nothing(self, store: Store) -> None:
        add_job(store)
        with store.write() as tx:
            paused = tx.jobs.wish("job_1", Wish.PAUSE)
            assert tx.jobs.wish("job_1", Wish.PAUSE) == paused
        assert kinds(store) == ["job.queued", "job.paused"]

    def test_an_outdated_version_is_refused(self, store: Store) -> None:
        add_job(store)
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.PAUSE, version=1)
            with pytest.raises(Outdated, match="has version 2, not 1"):
                tx.jobs.wish("job_1", Wish.RUN, version=1)

    def test_an_ended_job_has_no_wishes(self, store: Store) -> None:
        add_job(store)
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.CANCEL)
            with pytest.raises(Conflict, match="is cancelled; there is nothing left to pause"):
                tx.jobs.wish("job_1", Wish.PAUSE)

    def test_cancelling_cannot_be_undone(self, store: Store) -> None:
        claimed(store)
        with store.write() as tx:
            tx.jobs.wish("job_1", Wish.CANCEL)
            with pytest.raises(Conflict, match="cannot be undone"):
                tx.jobs.wish("job_1", Wish.RUN)

    def test_an_unknown_job_is_not_found(self, store: Store) -> None:
        with store.write() as tx:
            for ask in (tx.jobs.get, tx.jobs.facts, lambda job: tx.jobs.wish(job, Wish.RUN)):
                with pytest.raises(NotFound, match='No job "job_9"'):
                    ask("job_9")
