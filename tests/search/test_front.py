from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodistill.search import Front, hypervolume
from autodistill.search.front import dominating

CELLS = 4


def clouds(width: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    return st.lists(st.tuples(*[st.integers(0, CELLS)] * width), max_size=12)


@pytest.mark.parametrize("width", [1, 2, 3, 4])
def test_it_is_the_number_of_unit_cells_below_the_points(width: int) -> None:
    @settings(deadline=None)
    @given(clouds(width))
    def holds(points: list[tuple[int, ...]]) -> None:
        cells = sum(
            any(all(c < v for c, v in zip(cell, point, strict=True)) for point in points)
            for cell in itertools.product(range(CELLS), repeat=width)
        )
        told = np.array(points, float).reshape(-1, width)
        assert hypervolume(told, np.zeros(width)) == pytest.approx(cells)

    holds()


@settings(deadline=None)
@given(clouds(3), st.integers(0, 9))
def test_points_may_come_in_any_order(points: list[tuple[int, ...]], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(points))
    shuffled = [points[i] for i in order]
    fronts = [Front(np.zeros(3)), Front(np.zeros(3))]
    for front, told in zip(fronts, (points, shuffled), strict=True):
        gained = [front.add(np.array(p, float)) for p in told]
        assert sum(gained) == pytest.approx(front.hypervolume)
        assert all(g >= 0 for g in gained)
    assert fronts[0].hypervolume == pytest.approx(fronts[1].hypervolume)
    assert {*map(tuple, fronts[0].points)} == {*map(tuple, fronts[1].points)}


@settings(deadline=None)
@given(clouds(3))
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, ...]]) -> None:
    front, told = Front(np.zeros(3)), np.array(points, float).reshape(-1, 3)
    for point in told:
        front.add(point)
    kept = {tuple(p) for p in told if not dominating(told, p).any()}
    assert {*map(tuple, front.points)} == kept


def test_what_is_not_above_the_reference_adds_nothing() -> None:
    front = Front(np.array([1.0, 1.0]))
    assert front.add(np.array([9.0, 1.0])) == 0.0
    assert front.add(np.array([-np.inf, 3.0])) == 0.0
    assert front.add(np.array([2.0, 3.0])) == 2.0
