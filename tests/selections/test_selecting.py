from __future__ import annotations

import numpy as np
import pytest

from autodistill.selections.class_balanced import ClassBalanced
from autodistill.selections.none import NoSelection
from autodistill.selections.random import RandomSelection
from autodistill.testing.contracts.selections import chosen, labelled

SKEWED = labelled(np.repeat([0.0, 1.0, 2.0], [70, 20, 10]), 3)


def counts(kept: np.ndarray) -> list[int]:
    return [int(np.sum(SKEWED.labels_V[kept] == label)) for label in range(3)]


@pytest.mark.parametrize("fraction", [0.05, 0.333, 0.5, 1.0])
def test_random_keeps_the_fraction(fraction: float) -> None:
    assert len(chosen(RandomSelection(keep_fraction=fraction), SKEWED)) == round(100 * fraction)


def test_random_prefers_no_position() -> None:
    kept = [chosen(RandomSelection(keep_fraction=0.3), SKEWED, seed) for seed in range(400)]
    share_N = np.bincount(np.concatenate(kept), minlength=100) / 400
    assert np.abs(share_N - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / 400)


def test_class_balanced_keeps_as_many_of_each() -> None:
    assert counts(chosen(ClassBalanced(keep_fraction=0.3), SKEWED)) == [10, 10, 10]


def test_what_a_small_class_cannot_give_is_shared_among_the_others() -> None:
    assert counts(chosen(ClassBalanced(keep_fraction=0.5), SKEWED)) == [20, 20, 10]
    assert counts(chosen(ClassBalanced(keep_fraction=0.8), SKEWED)) == [50, 20, 10]


def test_each_class_keeps_2_examples_however_small_the_fraction() -> None:
    assert counts(chosen(ClassBalanced(keep_fraction=0.01), SKEWED)) == [2, 2, 2]


def test_class_balanced_prefers_no_position_of_a_class() -> None:
    kept = [chosen(ClassBalanced(keep_fraction=0.3), SKEWED, seed) for seed in range(400)]
    share_N = np.bincount(np.concatenate(kept), minlength=100) / 400
    assert np.abs(share_N[:70] - 10 / 70).max() < 5 * np.sqrt(10 / 70 * 60 / 70 / 400)


def test_without_a_selection_everything_is_kept() -> None:
    assert chosen(NoSelection(), SKEWED).tolist() == list(range(100))
