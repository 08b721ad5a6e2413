from __future__ import annotations

import numpy as np
import pytest

from autodistill.selections._coupling import drawn_kd_weight, kd_weight


def test_the_weight_is_its_formula() -> None:
    assert kd_weight(0.5, 0.4, 2.0) == pytest.approx(0.4 + 0.6 * 0.25)
    assert kd_weight(1.0, 0.3) == 0.3
    assert kd_weight(0.0, 0.3) == 1.0


def test_the_weight_never_falls_as_less_is_kept() -> None:
    for power in (0.5, 1.0, 2.0):
        weights = [kd_weight(f, 0.4, power) for f in np.linspace(1, 0, 20)]
        assert weights == sorted(weights)


def test_draws_lie_around_the_curves() -> None:
    rng = np.random.default_rng(0)
    for share in (0.1, 0.5, 0.9):
        drawn = [drawn_kd_weight(share, rng) for _ in range(2000)]
        assert 0 <= min(drawn) <= max(drawn) <= 1
        middle = np.mean([kd_weight(share, a, k) for a in (0.3, 0.5, 0.7) for k in (0.5, 1, 2)])
        assert np.mean(drawn) == pytest.approx(middle, abs=0.03)
