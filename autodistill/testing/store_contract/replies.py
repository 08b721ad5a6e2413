"""Promises about history, and about replies to keyed requests."""

from __future__ import annotations

import pytest

from autodistill.errors import InvalidInput
from autodistill.record import Origin, TrialState
from autodistill.store import Store, history
from autodistill.testing.store_contract.samples import (
    DISTILLED,
    FACTS,
    a_dataset,
    claimed,
    complete,
    epoch,
)

BODY, OTHER = "1" * 64, "2" * 64


class HistoryContract:
    """What the recommender learns from."""

    def test_the_past_has_finished_trials_without_confirmations(self, store: Store) -> None:
        mine = claimed(store)
        complete(store, mine, 0, 0.7)
        complete(store, mine, 1, 0.6, state=TrialState.PRUNED)
        complete(store, mine, 2, 0.6, state=TrialState.FAILED)
        complete(store, mine, 3, 0.6, origin=Origin.CONFIRMATION)
        with store.write() as tx:
            tx.driving("job_1", mine).suggest(4, DISTILLED, Origin.SAMPLER, "drawn")
            tx.driving("job_1", mine).measure({0: [epoch(1)]})
        with store.read() as tx:
            (past,) = tx.history.tasks()
            dataset = tx.datasets.get(a_dataset().id)
        assert (past.dataset, past.facts, past.metric) == (dataset, FACTS, "accuracy")
        assert [t.number for t in past.trials] == [0, 1]
        assert [(t.epochs_done, t.curve) for t in past.trials] == [(1, ()), (0, ())]

    def test_each_student_is_a_task(self, store: Store) -> None:
        mine = claimed(store)
        with store.write() as tx:
            facts = {"cut-2": FACTS, "cut-1": FACTS.model_copy(update={"student_layers": 1})}
            tx.jobs.add("job_2", tx.jobs.get("job_1").spec, facts=facts)
            second = tx.leases.claim("worker", 60.0)
            assert second is not None
            driving = tx.driving("job_2", second.owner_epoch)
            for number, student in enumerate(("cut-1", "cut-2", "cut-1")):
                spec = DISTILLED.model_copy(update={"student": student})
                driving.suggest(number, spec, Origin.SAMPLER, "drawn")
                driving.finish(number, TrialState.COMPLETE, dev={}, test={}, seconds=1.0)
        complete(store, mine, 0, 0.7)
        with store.read() as tx:
            past = tx.history.tasks()
            rest = tx.history.tasks(exclude_job="job_2")
        assert [(t.facts.student_layers, len(t.trials)) for t in past] == [(2, 1), (2, 1), (1, 2)]
        assert rest == past[:1]

    def test_of_a_large_job_a_sample_and_the_best_are_read(
        self, store: Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history, "MOST", 5)
        monkeypatch.setattr(history, "BEST", 2)
        mine = claimed(store)
        for number in range(20):
            complete(store, mine, number, 0.5 + (number in (1, 8)) / 10)
        with store.read() as tx:
            (past,) = tx.history.tasks()
        assert [t.number for t in past.trials] == [1, 3, 7, 8, 11, 15, 19]

    def test_an_empty_store_has_no_past(self, store: Store) -> None:
        claimed(store)
        with store.read() as tx:
            assert tx.history.tasks() == []


class IdempotencyContract:
    """Replies to keyed requests."""

    def test_a_reply_is_recalled_for_the_same_request(self, store: Store) -> None:
        with store.write() as tx:
            assert tx.idempotency.recall("key", "anyone", BODY) is None
            tx.idempotency.remember("key", "anyone", BODY, {"id": "job_1"}, ttl_s=60.0)
        for transaction in (store.write, store.read):
            with transaction() as tx:
                assert tx.idempotency.recall("key", "anyone", BODY) == {"id": "job_1"}

    def test_another_body_is_refused(self, store: Store) -> None:
        with store.write() as tx:
            tx.idempotency.remember("key", "anyone", BODY, {})
            with pytest.raises(InvalidInput, match='"key" was used for another request'):
                tx.idempotency.recall("key", "anyone", OTHER)

    def test_a_key_belongs_to_a_principal(self, store: Store) -> None:
        with store.write() as tx:
            tx.idempotency.remember("key", "ann", BODY, {})
            assert tx.idempotency.recall("key", "bob", OTHER) is None

    def test_an_expired_reply_is_forgotten(self, store: Store) -> None:
        with store.write() as tx:
            tx.idempotency.remember("key", "anyone", BODY, {"id": "job_1"}, ttl_s=0.0)
            assert tx.idempotency.recall("key", "anyone", OTHER) is None
            tx.idempotency.remember("key", "anyone", OTHER, {"id": "job_2"})
            assert tx.idempotency.recall("key", "anyone", OTHER) == {"id": "job_2"}
