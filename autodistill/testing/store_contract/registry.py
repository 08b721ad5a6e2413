"""Promises about data sets, models and artifacts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from autodistill.errors import Conflict, NotFound
from autodistill.store import Store
from autodistill.testing.store_contract.samples import a_dataset, a_model


class RegistryContract:
    """Datasets, models and artifacts."""

    def test_a_dataset_reads_back_as_it_was_added(self, store: Store) -> None:
        with store.write() as tx:
            added = tx.datasets.add(a_dataset())
        with store.read() as tx:
            assert tx.datasets.get(added.id) == tx.datasets.get("reviews") == added
        assert added == a_dataset().model_copy(update={"created_at": added.created_at})

    def test_a_model_reads_back_as_it_was_added(self, store: Store) -> None:
        with store.write() as tx:
            added = tx.models.add(a_model())
        with store.read() as tx:
            assert tx.models.get(added.id) == tx.models.get("teacher") == added
        assert added.num_parameters == a_model().num_parameters

    def test_times_are_the_databases_and_in_utc(self, store: Store) -> None:
        with store.write() as tx:
            added = tx.datasets.add(a_dataset())
        assert added.created_at.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - added.created_at) < timedelta(seconds=5)

    def test_the_same_content_is_one_dataset(self, store: Store) -> None:
        with store.write() as tx:
            first = tx.datasets.add(a_dataset())
            assert tx.datasets.add(a_dataset(name="again")) == first
            assert tx.datasets.list() == [first]

    def test_a_name_belongs_to_one_content(self, store: Store) -> None:
        with store.write() as tx:
            tx.datasets.add(a_dataset())
            with pytest.raises(Conflict, match='The name "reviews" belongs to another dataset'):
                tx.datasets.add(a_dataset(digit="d"))

    @pytest.mark.parametrize("name", ["nothing", "nul\0", "\ud800"])
    def test_an_unknown_name_is_answered_with_the_known_ones(self, store: Store, name: str) -> None:
        with store.write() as tx:
            tx.datasets.add(a_dataset())
            with pytest.raises(NotFound) as error:
                tx.datasets.get(name)
        assert error.value.known == ("reviews",)

    def test_pages_follow_each_other_by_name_or_id(self, store: Store) -> None:
        with store.write() as tx:
            added = [tx.datasets.add(a_dataset(name, digit)) for name, digit in ("x1", "y0", "z2")]
            assert [d.name for d in tx.datasets.list(limit=2)] == ["x", "y"]
            assert tx.datasets.list(after="y") == tx.datasets.list(after=added[1].id) == added[2:]

    def test_an_artifact_may_be_referred_to_twice(self, store: Store) -> None:
        for _ in range(2):
            with store.write() as tx:
                tx.artifacts.add("0" * 64, kind="student", size=3_000_000_000)
