from __future__ import annotations

import pytest
import torch

from autodistill.balancings.concomitant import ConcomitantWeights
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS

ALONE = torch.tensor([1.0, 0.0, 0.0])


def share(value: float) -> float:
    """Return what a single term of that size adds to the loss, once its scale is known."""
    return ConcomitantWeights().build()(torch.tensor([value, 0.0, 0.0]), ALONE).item()


def test_at_its_own_scale_a_term_counts_its_root() -> None:
    assert share(4.0) == pytest.approx(2.0)


def test_a_term_c_times_as_large_counts_root_c_times_as_much() -> None:
    assert share(9 * 0.7) == pytest.approx(3 * share(0.7))


def test_alone_the_direction_of_the_gradient_is_unchanged() -> None:
    term = torch.tensor([3.0, 1.0, 1.0], requires_grad=True)
    (slope_K,) = torch.autograd.grad(ConcomitantWeights().build()(term, ALONE), term)
    assert slope_K.tolist() == pytest.approx([1 / (2 * 3**0.5), 0.0, 0.0])


def test_the_scale_does_not_fall_below_a_thousandth_of_the_first() -> None:
    balancer = ConcomitantWeights(decay=0.0).build()
    balancer(torch.tensor([4.0, 0.0, 0.0]), ALONE)
    tiny = torch.tensor([1e-12, 0.0, 0.0], requires_grad=True)
    (slope_K,) = torch.autograd.grad(balancer(tiny, ALONE), tiny)
    assert slope_K[0].item() == pytest.approx(1 / (2 * 2e-3))


@pytest.mark.parametrize("kind", ["nd", "channel_ce", "mse"])
def test_terms_that_are_never_negative_are_not_refused(kind: str) -> None:
    pipeline = PipelineSpec.model_validate(
        {"balancing": {"kind": "concomitant"}, "intermediate": {"kind": kind}}
    )
    assert pipeline.problems(FACTS) == []


def test_terms_that_may_be_negative_are_refused() -> None:
    pipeline = PipelineSpec.model_validate(
        {"balancing": {"kind": "concomitant"}, "intermediate": {"kind": "mi_alpha"}}
    )
    (problem,) = pipeline.problems(FACTS)
    assert problem.field == "balancing"
    assert problem.message == (
        "Concomitant weights take the root of each term, so none may be negative; "
        "got intermediate mi_alpha, choose another."
    )
