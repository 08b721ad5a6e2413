"""What a balancing promises. Letters: K terms of a loss."""

from __future__ import annotations

import pytest
from typing_extensions import override

from autodistill.balancings import Balancing
from autodistill.lazy import torch
from autodistill.testing.contracts.components import ComponentContract, settings


class BalancingContract(ComponentContract):
    """Holds of every balancing; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Balancing]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a balancing.")

    def test_every_term_that_has_a_weight_is_lowered_and_no_other(
        self, variant: type[Balancing]
    ) -> None:
        weights_K = torch.tensor([0.3, 0.0, 0.1])
        for balancing in settings(variant):
            balancer = balancing.build()
            for scale in (1.0, 100.0, 1e-3):
                terms_K = (scale * torch.tensor([2.0, 5.0, 0.5])).requires_grad_()
                (slope_K,) = torch.autograd.grad(balancer(terms_K, weights_K), terms_K)
                assert torch.isfinite(slope_K).all(), balancing
                assert (slope_K > 0).tolist() == [True, False, True], balancing

    def test_a_term_of_zero_is_no_trouble(self, variant: type[Balancing]) -> None:
        for balancing in settings(variant):
            balancer = balancing.build()
            for _ in range(3):
                total = balancer(torch.tensor([1.0, 0.0, 0.0]), torch.tensor([0.3, 0.7, 0.1]))
                assert torch.isfinite(total), balancing

    def test_it_goes_on_from_its_state(self, variant: type[Balancing]) -> None:
        weights_K = torch.tensor([0.3, 0.7, 0.1])
        for balancing in settings(variant):
            first, resumed = balancing.build(), balancing.build()
            first(torch.tensor([1.0, 2.0, 3.0]), weights_K)
            resumed.load_state_dict(first.state_dict())
            for terms_K in torch.rand(3, 3, generator=torch.Generator().manual_seed(0)):
                assert torch.equal(first(terms_K, weights_K), resumed(terms_K, weights_K))
