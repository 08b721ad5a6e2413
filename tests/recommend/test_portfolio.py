from __future__ import annotations

import numpy as np
import pytest

from autodistill.recommend.portfolio import FEWEST, LEVEL, Residuals


def test_too_few_residuals_give_no_interval() -> None:
    few = Residuals([0.1] * (FEWEST - 1))
    assert few.level is None
    assert few.around(0.5) is None


def test_few_residuals_promise_no_more_than_they_can() -> None:
    assert Residuals([0.0] * 9).level == pytest.approx(0.8)
    assert Residuals([0.0] * 40).level == LEVEL


def test_few_residuals_reach_from_the_smallest_to_the_largest() -> None:
    found = Residuals([-0.2, 0.0, 0.1, 0.3, -0.1]).around(0.2)
    assert found == pytest.approx((0.0, 0.5))


@pytest.mark.parametrize("residuals", [[0.1, 0.2, 0.3, 0.4], [-0.1, -0.2, -0.3, -0.4]])
def test_what_is_expected_is_inside(residuals: list[float]) -> None:
    found = Residuals(residuals).around(0.5)
    assert found == pytest.approx((min(0.5, 0.5 + min(residuals)), max(0.5, 0.5 + max(residuals))))


def test_shares_beyond_the_gap_are_not_promised() -> None:
    assert Residuals([-3.0, 3.0, 0.0, 0.1]).around(0.5) == (-1.0, 1.0)


@pytest.mark.parametrize("n", [5, 9, 19, 40])
def test_intervals_hold_as_often_as_they_say(n: int) -> None:
    """Split conformal: of exchangeable residuals the next falls inside at least so often."""
    rng = np.random.default_rng(n)
    inside = []
    for _ in range(2000):
        *past, new = rng.normal(0.0, 0.1, n + 1)
        residuals = Residuals(past)
        interval = residuals.around(0.0)
        assert interval is not None
        inside.append(interval[0] <= new <= interval[1])
    level = Residuals([0.0] * n).level
    assert level is not None
    assert level - 0.03 <= np.mean(inside) <= level + 2 / (n + 1) + 0.03
