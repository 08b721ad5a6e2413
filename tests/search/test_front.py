from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autodistill.front import Front, dominating, growth, hypervolume

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


@settings(deadline=None)
@given(clouds(3), st.lists(st.integers(-3, 3), min_size=3, max_size=3))
def test_it_grows_in_parts_of_the_box_whatever_the_units(
    points: list[tuple[int, ...]], powers: list[int]
) -> None:
    told = np.array(points, float).reshape(-1, 3) * 10.0 ** np.array(powers) + 7.0
    gaps = np.full((1, 3), np.nan)
    found = growth(np.vstack([gaps, told]))
    low, high = (told.min(axis=0), told.max(axis=0)) if len(told) else (np.zeros(3), np.ones(3))
    box = np.where(high > low, (told - low) / np.where(high > low, high - low, 1.0), 1.0)
    grown = [hypervolume(box[: i + 1], np.full(3, -0.1)) / 1.1**3 for i in range(len(box))]
    expected = [
        (i + 1, now)
        for i, (before, now) in enumerate(itertools.pairwise([0.0, *grown]))
        if now > before + 1e-12
    ]
    assert [at for at, _ in found] == [at for at, _ in expected]
    assert [now for _, now in found] == pytest.approx([now for _, now in expected])
    assert all(0 < now <= 1 + 1e-9 for _, now in found)


def test_it_grows_alike_however_many_points_are_compared_at_once() -> None:
    points = np.random.default_rng(4).random((1203, 2))
    front, found = Front(np.full(2, -0.1)), growth(points)
    inside = (points - points.min(axis=0)) / np.ptp(points, axis=0)
    grown = [i for i, p in enumerate(inside) if front.add(p) > 0]
    assert [at for at, _ in found] == grown
    assert found[-1][1] == pytest.approx(front.hypervolume / 1.1**2)
