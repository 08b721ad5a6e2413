"""Optimal transport between two clouds of points. Letters: R rows, K columns, C coordinates."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from autodistill.lazy import torch

Plan = Literal["entropic", "unrolled", "debiased", "sparse"]
ITERATIONS = 100
"""Most steps of L-BFGS that look for a sparse plan."""


def moving_cost(
    student_RC: torch.Tensor,
    teacher_KC: torch.Tensor,
    plan: Plan,
    regularization: float,
    iterations: int,
    nonzeros: int,
) -> torch.Tensor:
    """Return what moving one cloud of probabilities onto the other costs, for a mass of 1.

    The cost of a pair is its L1 distance, at most 2.
    """
    if plan == "debiased":
        return _divergence(student_RC, teacher_KC, regularization, iterations)
    cost_RK = torch.cdist(student_RC, teacher_KC, p=1)
    if plan == "sparse":
        plan_RK, potential_R1 = sparse_plan(cost_RK, regularization, nonzeros)
        # The semi-dual's optimum: where few partners make the plan jump, it does not.
        reduced_RK = cost_RK - potential_R1 + regularization / 2 * plan_RK
        return potential_R1.mean() + (plan_RK * reduced_RK).sum() / cost_RK.shape[1]
    given_RK = cost_RK if plan == "unrolled" else cost_RK.detach()
    plan_RK = entropic_plan(given_RK, regularization, iterations).exp()
    return (plan_RK * cost_RK).sum() / cost_RK.shape[1]


def _divergence(
    student_RC: torch.Tensor, teacher_KC: torch.Tensor, epsilon: float, iterations: int
) -> torch.Tensor:
    """Return the Sinkhorn divergence (Feydy et al., 2019).

    It compares entropic objectives, is at least 0 at convergence and zero where the clouds agree.
    Plans are taken as given, which leaves the gradient as it is at convergence.
    """

    def objective(one_RC: torch.Tensor, other_KC: torch.Tensor) -> torch.Tensor:
        cost_RK = torch.cdist(one_RC, other_KC, p=1)
        log_plan_RK = entropic_plan(cost_RK.detach(), epsilon, iterations)
        return (log_plan_RK.exp() * (cost_RK + epsilon * log_plan_RK)).sum() / cost_RK.shape[1]

    bias = objective(student_RC, student_RC) + objective(teacher_KC, teacher_KC)
    return objective(student_RC, teacher_KC) - bias / 2


def entropic_plan(cost_RK: torch.Tensor, epsilon: float, iterations: int) -> torch.Tensor:
    """Return the logarithm of the plan that Sinkhorn's iterations reach (Cuturi, 2013).

    Each column of the plan has mass 1; each row K / R at convergence. In the logarithm, so that
    distant points do not underflow.
    """
    log_plan_RK = -cost_RK / epsilon
    for _ in range(iterations):
        log_plan_RK = log_plan_RK.log_softmax(dim=1).log_softmax(dim=0)
    return log_plan_RK


def sparse_plan(
    cost_RK: torch.Tensor, gamma: float, nonzeros: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return a plan with at most so many non-zeros in each column (Liu et al., ICLR 2023).

    It minimises `<P, cost> + gamma / 2 |P|^2` over plans P with columns of mass 1 and rows of mass
    K / R, by its concave semi-dual and L-BFGS on the CPU (their gamma is K times ours, which has
    the unit of the cost). Where gamma asks for more partners than there may be, rows miss that
    mass. The potential of the rows, (R, 1), comes with it.
    """
    from scipy.optimize import minimize  # noqa: PLC0415  # heavy

    cost = cost_RK.detach().cpu().double().numpy()

    def negated(potential_R: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        gain_RK = potential_R[:, None] - cost
        share_RK = _sparse_shares(gain_RK / gamma, nonzeros)
        value_K = (share_RK * (gain_RK - gamma / 2 * share_RK)).sum(axis=0)
        slope_R = share_RK.mean(axis=1) - 1 / len(cost)
        return float(value_K.mean() - potential_R.mean()), slope_R

    options = {"maxiter": ITERATIONS, "ftol": 1e-12, "gtol": 1e-7}
    start_R = np.zeros(len(cost))
    found = minimize(negated, start_R, jac=True, method="L-BFGS-B", options=options)
    potential_R1 = found.x[:, None]
    share_RK = _sparse_shares((potential_R1 - cost) / gamma, nonzeros)
    return torch.from_numpy(share_RK).to(cost_RK), torch.from_numpy(potential_R1).to(cost_RK)


def _sparse_shares(scores_RK: NDArray[np.float64], nonzeros: int) -> NDArray[np.float64]:
    """Project each column's largest entries onto the simplex; the others become 0."""
    kept = min(nonzeros, len(scores_RK))
    order_RK = np.argsort(-scores_RK, axis=0, kind="stable")[:kept]
    largest_RK = np.take_along_axis(scores_RK, order_RK, axis=0)
    threshold_RK = (largest_RK.cumsum(axis=0) - 1) / np.arange(1, kept + 1)[:, None]
    last_1K = (largest_RK > threshold_RK).sum(axis=0, keepdims=True) - 1
    threshold_1K = np.take_along_axis(threshold_RK, last_1K, axis=0)
    share_RK = np.zeros_like(scores_RK)
    np.put_along_axis(share_RK, order_RK, np.maximum(largest_RK - threshold_1K, 0), axis=0)
    return share_RK
