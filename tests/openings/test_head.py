from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from autodistill.openings.bilevel import Solved, descend, hypergradient, solve
from autodistill.openings.head import SoftmaxHeads, heads, tune

ROWS, WIDTH, CLASSES = 48, 5, 3
WEIGHTS, TEMPERATURES = (0.1, 1.0), (1.0, 8.0)
EXACT = 1e-11
Drawn = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]


def drawn(seed: int = 0, rows: int = ROWS) -> Drawn:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, CLASSES, rows)
    features = rng.normal(size=(CLASSES, WIDTH))[labels] + rng.normal(size=(rows, WIDTH))
    return features, labels, 3 * np.eye(CLASSES)[labels] + rng.normal(size=(rows, CLASSES))


@pytest.fixture
def problem() -> SoftmaxHeads:
    return heads(*drawn(), weights=WEIGHTS, temperatures=TEMPERATURES)


def place(problem: SoftmaxHeads, weight: float, temperature: float, decay: float) -> torch.Tensor:
    settings = [weight, math.log(temperature), math.log(decay)]
    return problem.place(torch.tensor(settings, dtype=torch.float64))


def zeros(problem: SoftmaxHeads) -> torch.Tensor:
    shape = (problem.num_folds, problem.features_ND.shape[1], CLASSES)
    return torch.zeros(shape, dtype=torch.float64)


def exact(problem: SoftmaxHeads, theta: torch.Tensor) -> float:
    return float(problem.upper(solve(problem, theta, zeros(problem), EXACT).w))


def test_the_objective_is_that_of_the_formula(problem: SoftmaxHeads) -> None:
    theta = place(problem, 0.6, 3.0, 0.01)
    w = torch.from_numpy(np.random.default_rng(1).normal(size=zeros(problem).shape))
    x, y, t = (v.numpy() for v in (problem.features_ND, problem.label_NC, problem.teacher_NC))

    def probabilities(logits: NDArray[np.float64]) -> NDArray[np.float64]:
        powers = np.exp(logits)
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    wanted = 0.0
    for fold, of_fold in enumerate(w.numpy()):
        seen = np.arange(ROWS) % problem.num_folds != fold
        said = x[seen] @ of_fold
        hard = -(y[seen] * np.log(probabilities(said))).sum(axis=1)
        soft = -(probabilities(t[seen] / 3) * np.log(probabilities(said / 3))).sum(axis=1)
        wanted += (0.4 * hard + 0.6 * 9 * soft).mean() + 0.005 * (of_fold**2).sum()
    assert float(problem.lower(w, theta)) == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize("settings", [(0.6, 3.0, 0.01), (0.2, 1.5, 0.1), (0.9, 6.0, 0.001)])
def test_the_gradient_is_that_of_finite_differences(
    problem: SoftmaxHeads, settings: tuple[float, float, float]
) -> None:
    theta = place(problem, *settings)
    found = hypergradient(problem, theta, solve(problem, theta, zeros(problem), EXACT), EXACT)
    for i in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[i] = 1e-4
        slope = (exact(problem, theta + step) - exact(problem, theta - step)) / 2e-4
        assert float(found.value[i]) == pytest.approx(slope, abs=1e-6)


@pytest.mark.parametrize("radius", [0.3, 0.03, 1e-3])
def test_an_error_is_never_larger_than_it_is_said_to_be(
    problem: SoftmaxHeads, radius: float
) -> None:
    theta = place(problem, 0.6, 3.0, 0.05)
    best = solve(problem, theta, zeros(problem), EXACT)
    true = hypergradient(problem, theta, best, EXACT).value
    rng = np.random.default_rng(2)
    for _ in range(5):
        off = torch.from_numpy(rng.normal(size=best.w.shape))
        near = Solved(best.w + radius * off / off.norm(), radius)
        found = hypergradient(problem, theta, near, radius)
        assert float((found.value - true).norm()) <= found.error


def test_every_step_that_is_accepted_lowers_the_exact_loss(problem: SoftmaxHeads) -> None:
    found = descend(problem, place(problem, 0.7, 2.0, 1e-3), zeros(problem))
    losses = [exact(problem, theta) for theta in found.path]
    assert len(losses) > 2
    assert all(after < before for before, after in pairwise(losses))


def test_who_knows_the_odds_is_heard_and_who_is_wrong_is_not() -> None:
    rng = np.random.default_rng(3)
    features = rng.normal(size=(120, WIDTH))
    odds = features @ rng.normal(size=(WIDTH, CLASSES))
    labels = (odds + rng.gumbel(size=odds.shape)).argmax(axis=1)  # drawn from their softmax

    def weight(teacher: NDArray[np.float64]) -> float:
        bounds = {"weights": WEIGHTS, "temperatures": TEMPERATURES}
        return tune(features, labels, teacher, first=(0.5, 2.0), **bounds, seed=0).weight

    assert weight(rng.permutation(odds)) < 0.3
    assert weight(odds) > 0.7


def test_what_is_fixed_stays() -> None:
    found = tune(*drawn(), first=(0.5, 2.0), weights=(0.5, 0.5), temperatures=TEMPERATURES, seed=0)
    assert found.weight == pytest.approx(0.5)
    assert TEMPERATURES[0] <= found.temperature <= TEMPERATURES[1]
