"""What a selection promises. Letters: V rows of the training examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections import Selection
from autodistill.selections._base import FractionSelection
from autodistill.task import Task
from autodistill.testing.contracts.components import ComponentContract, facts_of, settings
from autodistill.testing.pools import random_pool

FRACTIONS = (0.01, 0.1, 0.3, 0.5, 0.9, 1.0)


def labelled(labels_V: NDArray[np.float64], num_classes: int) -> Pool:
    """Return a random pool with these labels; of values where there are no classes."""
    task = Task.TEXT_CLASSIFICATION if num_classes else Task.TEXT_REGRESSION
    facts = facts_of(task).model_copy(update={"num_outputs": num_classes or 1})
    return replace(random_pool(facts, len(labels_V)), labels_V=labels_V.astype(np.float64))


def pools(variant: type[Selection]) -> Iterator[Pool]:
    """Yield training splits: balanced, skewed, with an absent class, of one example, of values."""
    rng = np.random.default_rng(0)
    if any(task.is_classification for task in variant.tasks):
        yield labelled(np.repeat([0.0, 1.0, 2.0], 20), 3)
        yield labelled(rng.permutation(np.repeat([0.0, 1.0, 2.0], [95, 4, 1])), 3)
        yield labelled(np.repeat([0.0, 2.0], 15), 3)
        yield labelled(np.zeros(1), 2)
    if any(not task.is_classification for task in variant.tasks):
        yield labelled(rng.normal(size=50), 0)


def chosen(selection: Selection, pool: Pool, seed: int = 0) -> NDArray[np.int64]:
    """Return the kept positions for a seed."""
    return selection.choose(pool, np.random.default_rng(seed))


class SelectionContract(ComponentContract):
    """Holds of every selection; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Selection]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a selection.")

    def test_positions_ascend_without_repeats(self, variant: type[Selection]) -> None:
        for selection in settings(variant):
            for pool in pools(variant):
                kept = chosen(selection, pool)
                assert kept.dtype == np.int64
                assert len(kept) > 0, selection
                assert (np.diff(kept) > 0).all(), selection
                assert kept[0] >= 0
                assert kept[-1] < pool.num_examples

    def test_the_seed_decides(self, variant: type[Selection]) -> None:
        for selection in settings(variant):
            for pool in pools(variant):
                assert np.array_equal(chosen(selection, pool), chosen(selection, pool))

    def test_it_leaves_the_labels_alone(self, variant: type[Selection]) -> None:
        for selection in settings(variant):
            for pool in pools(variant):
                before = pool.labels_V.copy()
                chosen(selection, pool)
                assert np.array_equal(pool.labels_V, before)

    def test_smaller_fractions_keep_subsets_and_all_is_all(self, variant: type[Selection]) -> None:
        if not issubclass(variant, FractionSelection):
            return
        for pool in pools(variant):
            selections = [variant.model_validate({"keep_fraction": f}) for f in FRACTIONS]
            kept = [set(chosen(selection, pool).tolist()) for selection in selections]
            for smaller, larger in pairwise(kept):
                assert smaller <= larger
            assert kept[-1] == set(range(pool.num_examples))
