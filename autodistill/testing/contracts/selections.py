"""What a selection promises. Letters: N training examples."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.selections import Candidates, Selection
from autodistill.selections._base import FractionSelection
from autodistill.testing.contracts.components import ComponentContract, settings

FRACTIONS = (0.01, 0.1, 0.3, 0.5, 0.9, 1.0)


def candidates(variant: type[Selection]) -> Iterator[Candidates]:
    """Yield training splits: balanced, skewed, with an absent class, of one example, of values."""
    rng = np.random.default_rng(0)
    if any(task.is_classification for task in variant.tasks):
        yield Candidates(np.repeat([0.0, 1.0, 2.0], 20), 3)
        yield Candidates(rng.permutation(np.repeat([0.0, 1.0, 2.0], [95, 4, 1])), 3)
        yield Candidates(np.repeat([0.0, 2.0], 15), 3)
        yield Candidates(np.zeros(1), 2)
    if any(not task.is_classification for task in variant.tasks):
        yield Candidates(rng.normal(size=50), 0)


def chosen(selection: Selection, split: Candidates, seed: int = 0) -> NDArray[np.int64]:
    """Return the kept positions for a seed."""
    return selection.choose(split, np.random.default_rng(seed))


class SelectionContract(ComponentContract):
    """Holds of every selection; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Selection]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a selection.")

    def test_positions_ascend_without_repeats(self, variant: type[Selection]) -> None:
        for selection in settings(variant):
            for split in candidates(variant):
                kept = chosen(selection, split)
                assert kept.dtype == np.int64
                assert len(kept) > 0, selection
                assert (np.diff(kept) > 0).all(), selection
                assert kept[0] >= 0
                assert kept[-1] < len(split.labels_N)

    def test_the_seed_decides(self, variant: type[Selection]) -> None:
        for selection in settings(variant):
            for split in candidates(variant):
                assert np.array_equal(chosen(selection, split), chosen(selection, split))

    def test_it_leaves_the_labels_alone(self, variant: type[Selection]) -> None:
        for selection in settings(variant):
            for split in candidates(variant):
                before = split.labels_N.copy()
                chosen(selection, split)
                assert np.array_equal(split.labels_N, before)

    def test_smaller_fractions_keep_subsets_and_all_is_all(self, variant: type[Selection]) -> None:
        if not issubclass(variant, FractionSelection):
            return
        for split in candidates(variant):
            selections = [variant.model_validate({"keep_fraction": f}) for f in FRACTIONS]
            kept = [set(chosen(selection, split).tolist()) for selection in selections]
            for smaller, larger in pairwise(kept):
                assert smaller <= larger
            assert kept[-1] == set(range(len(split.labels_N)))
