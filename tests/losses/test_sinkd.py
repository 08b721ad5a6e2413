from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
import torch
from pydantic import ValidationError
from scipy.optimize import linear_sum_assignment
from scipy.special import rel_entr

from autodistill.losses._transport import entropic_plan, moving_cost, sparse_plan
from autodistill.losses.sinkd import SinKD
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS

STUDENT_BC, TEACHER_BC = torch.randn(
    2, 8, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
U, V = STUDENT_BC.softmax(dim=1), TEACHER_BC.softmax(dim=1)
COST = torch.cdist(U, V, p=1)
NO_TARGET = torch.zeros(8, 5)


def moved(u: torch.Tensor = U, v: torch.Tensor = V, **how: Any) -> torch.Tensor:
    usual: dict[str, Any] = {
        "plan": "entropic",
        "regularization": 0.1,
        "iterations": 20,
        "nonzeros": 2,
    }
    return moving_cost(u, v, **usual | how)


def cheapest() -> float:
    return float(COST.numpy()[linear_sum_assignment(COST.numpy())].mean())


def slope(plan: str, **how: Any) -> torch.Tensor:
    student_BC = U.clone().requires_grad_()
    slope_BC: torch.Tensor
    (slope_BC,) = torch.autograd.grad(moved(student_BC, plan=plan, **how), student_BC)
    return slope_BC


@contextmanager
def transport_library() -> Iterator[Any]:
    """Yield POT, which looks for other array libraries when it is imported."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import ot

        yield ot


@pytest.mark.parametrize("plan", ["entropic", "unrolled", "debiased", "sparse"])
def test_it_is_the_divergence_of_each_row_and_the_transport_of_all(plan: str) -> None:
    loss = SinKD.model_validate(
        {"plan": plan, "kl_weight": 0.5, "transport_weight": 2.0, "temperature": 1.0}
    )
    found_B = loss(STUDENT_BC, TEACHER_BC, NO_TARGET)
    own_B = SoftenedKL(temperature=1.0)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    torch.testing.assert_close(found_B, 0.5 * own_B + 2.0 * moved(plan=plan))


def test_the_plan_is_the_naive_one() -> None:
    kernel = np.exp(-COST.numpy() / 0.1)
    for _ in range(20):
        kernel /= kernel.sum(axis=1, keepdims=True)
        kernel /= kernel.sum(axis=0, keepdims=True)
    plan_BB = entropic_plan(COST, 0.1, 20).exp()
    np.testing.assert_allclose(plan_BB, kernel)
    torch.testing.assert_close(plan_BB.sum(dim=0), torch.ones(8, dtype=torch.float64))
    torch.testing.assert_close(moved(), (plan_BB * COST).sum() / 8)


def test_in_the_limit_the_plan_is_that_of_the_transport_library() -> None:
    with transport_library() as ot:
        expected = ot.sinkhorn(np.full(8, 1 / 8), np.full(8, 1 / 8), COST.numpy(), 0.1)
    np.testing.assert_allclose(entropic_plan(COST, 0.1, 500).exp() / 8, expected, atol=1e-8)


def test_distant_points_do_not_underflow() -> None:
    far = torch.eye(4)
    plan_BB = entropic_plan(torch.cdist(far, far.flip(0), p=1), 1e-3, 20).exp()
    assert torch.equal(plan_BB, far.flip(0))


def test_one_row_is_worth_its_distance() -> None:
    torch.testing.assert_close(moved(U[:1], V[:1]), (U[0] - V[0]).abs().sum())


def test_a_plan_that_is_spread_costs_the_mean_and_a_sharp_one_the_best_assignment() -> None:
    torch.testing.assert_close(moved(regularization=1e6), COST.mean())
    sharp = moved(regularization=2e-3, iterations=3000)
    assert sharp.item() == pytest.approx(cheapest(), rel=1e-3)


@pytest.mark.parametrize("plan", ["entropic", "unrolled", "debiased", "sparse"])
def test_transport_does_not_know_which_row_is_which(plan: str) -> None:
    torch.testing.assert_close(
        moved(v=V.flip(0), plan=plan), moved(plan=plan), rtol=1e-5, atol=1e-7
    )


def test_a_given_plan_has_the_slope_of_the_entropic_objective() -> None:
    student_BC = U.clone().requires_grad_()
    cost_BB = torch.cdist(student_BC, V, p=1)
    log_plan = entropic_plan(cost_BB, 0.1, 500)
    objective = (log_plan.exp() * (cost_BB + 0.1 * log_plan)).sum() / 8
    (expected_BC,) = torch.autograd.grad(objective, student_BC)
    torch.testing.assert_close(slope("entropic", iterations=500), expected_BC)
    assert not torch.allclose(slope("unrolled", iterations=500), expected_BC, rtol=0.1)


def test_only_the_debiased_cost_is_zero_on_agreement_and_flat_there() -> None:
    assert moved(v=U) > 1e-3
    own_BC = U.clone().requires_grad_()
    cost = moved(own_BC, U.clone(), plan="debiased", iterations=3000)
    (slope_BC,) = torch.autograd.grad(cost, own_BC)
    assert abs(cost.item()) < 1e-12
    assert slope_BC.abs().max() < 1e-4 * slope("entropic").abs().max()


def test_the_debiased_cost_compares_the_objectives_of_the_transport_library() -> None:
    mass = np.full(8, 1 / 8)

    def objective(x: torch.Tensor, y: torch.Tensor) -> float:
        cost = torch.cdist(x, y, p=1).numpy()
        with transport_library() as ot:
            plan = ot.sinkhorn(mass, mass, cost, 0.1, stopThr=1e-12, numItermax=5000)
        return float((plan * cost).sum() + 0.1 * rel_entr(plan, 1 / 64).sum())

    expected = objective(U, V) - (objective(U, U) + objective(V, V)) / 2
    assert expected > 0
    assert moved(plan="debiased", iterations=2000).item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("nonzeros", [1, 2, 4])
def test_a_sparse_plan_has_few_partners_and_equal_mass(nonzeros: int) -> None:
    plan_BB, _ = sparse_plan(COST, 0.05, nonzeros)
    assert ((plan_BB > 0).sum(dim=0) <= nonzeros).all()
    torch.testing.assert_close(plan_BB.sum(dim=0), torch.ones(8, dtype=torch.float64))
    if nonzeros == 4:  # fewer cannot share their mass as they would
        whole_B = torch.ones(8, dtype=torch.float64)
        torch.testing.assert_close(plan_BB.sum(dim=1), whole_B, rtol=0, atol=1e-5)


def test_without_regularization_a_sparse_plan_is_the_best_assignment() -> None:
    found = moved(plan="sparse", regularization=1e-3).item()
    assert found == pytest.approx(cheapest(), rel=2e-3)


def test_a_sparse_cost_is_its_plans_and_has_the_plan_for_a_slope() -> None:
    plan_BB, _ = sparse_plan(COST, 0.05, 4)
    expected = ((COST + 0.05 / 2 * plan_BB) * plan_BB).sum() / 8
    torch.testing.assert_close(moved(plan="sparse", regularization=0.05, nonzeros=4), expected)
    student_BC = U.clone().requires_grad_()
    cost = (plan_BB * torch.cdist(student_BC, V, p=1)).sum() / 8
    (slope_BC,) = torch.autograd.grad(cost, student_BC)
    torch.testing.assert_close(slope("sparse", regularization=0.05, nonzeros=4), slope_BC)


@pytest.mark.parametrize(
    ("gamma", "nonzeros", "kind"), [(0.5, 8, "l2"), (0.5, 64, "l2"), (0.2, 2, "")]
)
def test_a_sparse_plan_is_that_of_the_transport_library(
    gamma: float, nonzeros: int, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    mass = np.full(8, 1 / 8)
    sort = {"reg_type": kind} if kind else {"reg_type": "sparsity_constrained", "max_nz": nonzeros}
    with transport_library() as ot:
        expected = ot.smooth.smooth_ot_semi_dual(
            mass, mass, COST.numpy(), 8 * gamma, stopThr=1e-12, **sort
        )
    capsys.readouterr()  # its projection prints
    plan = np.asarray(sparse_plan(COST, gamma, nonzeros)[0] / 8)
    if not kind:  # at the optimum two places of a column may tie, and rounding decides
        plan, expected = np.sort(plan, axis=0), np.sort(expected, axis=0)
    np.testing.assert_allclose(plan, expected, atol=1e-5)


def test_of_many_rows_some_are_drawn() -> None:
    many_BC = torch.randn(300, 3, generator=torch.Generator().manual_seed(1))
    for plan, most in (("entropic", 256), ("sparse", 64)):
        loss = SinKD.model_validate({"plan": plan, "transport_weight": 1.0, "temperature": 1.0})
        torch.manual_seed(0)
        found_B = loss(many_BC, many_BC.flip(0), NO_TARGET)
        torch.manual_seed(0)
        some = torch.randperm(300)[:most]
        p, q = many_BC.flip(0)[some].softmax(dim=1), many_BC[some].softmax(dim=1)
        own_B = SoftenedKL(temperature=1.0)(many_BC, many_BC.flip(0), NO_TARGET)
        torch.testing.assert_close(found_B, own_B + moved(q, p, plan=plan))


def test_transport_alone_is_refused() -> None:
    with pytest.raises(ValidationError, match="kl_weight\n  Input should be greater than 0"):
        SinKD(kl_weight=0)


def test_small_batches_are_refused() -> None:
    pipeline = PipelineSpec(loss=SinKD(), training=Training(batch_size=7))
    (problem,) = pipeline.problems(FACTS)
    assert problem.field == "loss"
    assert problem.message == (
        "SinKD moves a batch onto a batch, so it needs at least 8 examples; "
        "got training.batch_size=7."
    )
