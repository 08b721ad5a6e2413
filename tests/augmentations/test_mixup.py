from __future__ import annotations

import numpy as np
import pytest

from autodistill.augmentations.mixup import Mixup


@pytest.mark.parametrize("mixed_fraction", [0.0, 0.25, 0.5, 1.0])
def test_exactly_the_fraction_is_mixed_and_never_with_itself(mixed_fraction: float) -> None:
    for seed in range(20):
        mix = Mixup(mixed_fraction=mixed_fraction).mix(32, np.random.default_rng(seed))
        assert np.sum(mix.share_B < 1) == 32 * mixed_fraction
        assert (mix.partner_B != np.arange(32)).all()
        assert sorted(mix.partner_B) == list(range(32))


@pytest.mark.parametrize("beta", [0.2, 1.0])
def test_shares_follow_the_beta_distribution(beta: float) -> None:
    rng = np.random.default_rng(0)
    share = Mixup(beta=beta, mixed_fraction=1.0).mix(20_000, rng).share_B
    assert np.mean(share) == pytest.approx(0.5, abs=0.02)
    assert np.var(share) == pytest.approx(1 / (4 * (2 * beta + 1)), abs=0.01)


def test_partners_are_drawn_anew_and_all_alike() -> None:
    rng = np.random.default_rng(0)
    partners = [int(Mixup().mix(5, rng).partner_B[0]) for _ in range(2000)]
    share = np.bincount(partners, minlength=5) / 2000
    assert share[0] == 0
    np.testing.assert_allclose(share[1:], 0.25, atol=0.05)


def test_a_mixed_target_costs_the_mixture_of_both_costs() -> None:
    rng = np.random.default_rng(0)
    mix = Mixup(mixed_fraction=1.0).mix(8, rng)
    label_BC, log_q_BC = np.eye(3)[rng.integers(3, size=8)], np.log(rng.dirichlet(np.ones(3), 8))
    share_B1 = mix.share_B[:, None]
    target_BC = share_B1 * label_BC + (1 - share_B1) * label_BC[mix.partner_B]
    cost = -(target_BC * log_q_BC).sum(axis=1)
    own = -(label_BC * log_q_BC).sum(axis=1)
    other = -(label_BC[mix.partner_B] * log_q_BC).sum(axis=1)
    np.testing.assert_allclose(cost, mix.share_B * own + (1 - mix.share_B) * other)
    np.testing.assert_allclose(target_BC.sum(axis=1), 1)
