from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy.stats import entropy

from autodistill.pool import Pool
from autodistill.selections._base import RankedSelection
from autodistill.selections.el2n import EL2N
from autodistill.selections.forgetting import Forgetting
from autodistill.selections.grand import GraNd
from autodistill.selections.teacher_entropy import TeacherEntropy
from autodistill.selections.teacher_margin import TeacherMargin
from autodistill.task import Task
from autodistill.testing.contracts.components import facts_of
from autodistill.testing.contracts.selections import chosen, labelled
from autodistill.testing.pools import random_pool

FACTS = facts_of(Task.TEXT_CLASSIFICATION)
POOL = random_pool(FACTS, 60)


def hardness(selection: RankedSelection, pool: Pool = POOL) -> np.ndarray:
    return selection.hardness(pool)


def test_the_proxy_decides_for_three_of_them() -> None:
    watched = POOL.dynamics
    assert np.array_equal(hardness(Forgetting()), watched.forgetting_V)
    assert np.array_equal(hardness(EL2N()), watched.el2n_V)
    assert np.array_equal(hardness(GraNd()), watched.grand_V)


def test_the_teachers_entropy_is_that_of_scipy() -> None:
    p = np.exp(POOL.logits_VC) / np.exp(POOL.logits_VC).sum(axis=1, keepdims=True)
    assert hardness(TeacherEntropy()) == pytest.approx(entropy(p, axis=1), rel=1e-5)


def test_the_teachers_margin_is_of_the_label() -> None:
    logits = np.log(np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.2, 0.8, 0.0001]]))
    pool = replace(random_pool(FACTS, 3), logits_VC=logits, labels_V=np.array([0.0, 0.0, 0.0]))
    assert hardness(TeacherMargin(), pool) == pytest.approx([-0.5, 0.1, 0.6], abs=1e-3)


def test_of_values_the_teachers_error_counts() -> None:
    pool = random_pool(facts_of(Task.TEXT_REGRESSION), 20)
    error = np.abs(pool.logits_VC[:, 0] - pool.labels_V)
    assert hardness(TeacherMargin(), pool) == pytest.approx(error)
    kept = chosen(TeacherMargin(keep_fraction=0.25), pool)
    assert set(kept) == set(np.argsort(-error)[:5])


def kept(kind: type[RankedSelection], **settings: Any) -> set[int]:
    return set(chosen(kind(**settings), POOL).tolist())


def test_directions_keep_opposite_ends_and_the_middle() -> None:
    order = np.argsort(hardness(EL2N()))
    by_class = [order[POOL.labels_V[order] == c] for c in range(3)]
    for direction, end in (("hard", -1), ("easy", 0)):
        found = kept(EL2N, direction=direction, keep_fraction=0.3)
        assert {int(members[end]) for members in by_class} <= found
        extreme = set(order[-12:].tolist() if direction == "hard" else order[:12].tolist())
        assert extreme <= found
        assert len(found) == 18
    middle = kept(EL2N, direction="middle", keep_fraction=0.5)
    assert set(order[20:40].tolist()) <= middle
    assert not middle & {*order[:5].tolist()}


def test_equally_hard_ones_are_chosen_at_random() -> None:
    flat = replace(POOL, logits_VC=np.zeros((60, 3), dtype=np.float32))
    found = [chosen(TeacherEntropy(keep_fraction=0.3), flat, seed) for seed in range(400)]
    share = np.bincount(np.concatenate(found), minlength=60) / 400
    assert np.abs(share - 0.3).max() < 5 * np.sqrt(0.3 * 0.7 / 400)


@pytest.mark.parametrize("kind", [Forgetting, EL2N, GraNd, TeacherMargin, TeacherEntropy])
@pytest.mark.parametrize("direction", ["hard", "easy", "middle"])
def test_every_class_keeps_its_floor(kind: Callable[..., RankedSelection], direction: Any) -> None:
    skewed = labelled(np.repeat([0.0, 1.0, 2.0], [90, 9, 2]), 3)
    selection = kind(keep_fraction=0.01, direction=direction, class_floor=3)
    counts = np.bincount(skewed.labels_V[chosen(selection, skewed)].astype(int), minlength=3)
    assert counts.tolist() == [3, 3, 2]


def test_the_hardest_of_a_class_make_its_floor() -> None:
    found = kept(EL2N, keep_fraction=0.01, class_floor=2)
    for label in range(3):
        members = np.flatnonzero(POOL.labels_V == label)
        hardest = members[np.argsort(-hardness(EL2N())[members])[:2]]
        assert set(hardest.tolist()) <= found


@pytest.mark.parametrize("kind", [EL2N, TeacherMargin, TeacherEntropy])
def test_an_example_of_many_rows_is_as_hard_as_they_are_on_average(
    kind: Callable[..., RankedSelection],
) -> None:
    rows = replace(POOL, example_V=np.repeat(np.arange(20), 3))
    selection = kind(keep_fraction=0.4)
    mean = hardness(selection, rows).reshape(20, 3).mean(axis=1)
    found = set(chosen(selection, rows).tolist())
    assert len(found) == 8
    # Each example holds a row of every class, so that the two hardest are every class's floor.
    assert found == set(np.argsort(-mean)[:8].tolist())
