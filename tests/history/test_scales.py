from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from autodistill.history.scales import closed, standing


def test_shares_end_at_the_best_and_bad_ones_are_alike() -> None:
    assert closed(np.array([0.2, 0.1, 0.0, -0.1, -9.0]), 0.2) == pytest.approx(
        [1.0, 0.5, 0.0, -0.5, -1.0]
    )


@pytest.mark.parametrize("seed", range(5))
def test_standing_is_the_gaussian_quantile_of_the_rank(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.normal(size=40), 1)  # with equals
    quantiles = stats.norm.ppf((stats.rankdata(values) - 0.5) / 40)
    np.testing.assert_allclose(standing(values), np.clip(quantiles / quantiles.max(), -1, 1))


def test_standing_depends_on_ranks_alone_and_ends_at_one() -> None:
    values = np.array([3.0, -1e9, 2.0, 2.5, 1.0])
    assert standing(values) == pytest.approx(standing(np.array([4.0, 0.0, 2.0, 3.0, 1.0])))
    assert standing(values).max() == 1.0
    assert standing(values)[2] == pytest.approx(0.0)
