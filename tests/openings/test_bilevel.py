from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import pytest
import torch

from autodistill.openings.bilevel import (
    Solved,
    conjugate_gradients,
    descend,
    hypergradient,
    solve,
)

DIM, SETTINGS = 6, 2


@dataclass(frozen=True)
class Quadratic:
    """`h = w'Aw / 2 - w'(C theta + c)` below `g = |w - t|^2 / 2`: everything has a closed form."""

    matrix: torch.Tensor
    effect: torch.Tensor
    shift: torch.Tensor
    target: torch.Tensor

    def lower(self, w: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        return torch.dot(w, self.matrix @ w / 2 - self.effect @ theta - self.shift)

    def upper(self, w: torch.Tensor) -> torch.Tensor:
        return torch.sum((w - self.target) ** 2) / 2

    def convexity(self, theta: torch.Tensor) -> float:
        return float(torch.linalg.eigvalsh(self.matrix)[0])

    @property
    def smoothness(self) -> float:
        return 1.0

    def drift(self, w: torch.Tensor, theta: torch.Tensor, radius: float) -> tuple[float, float]:
        return 0.0, 0.0

    def minimiser(self, theta: torch.Tensor) -> torch.Tensor:
        return torch.matmul(torch.linalg.inv(self.matrix), self.effect @ theta + self.shift)

    def exact(self, theta: torch.Tensor) -> float:
        return float(self.upper(self.minimiser(theta)))

    def least(self) -> float:
        inverse = torch.linalg.inv(self.matrix)
        away = self.target - inverse @ self.shift
        theta = torch.linalg.lstsq(inverse @ self.effect, away[:, None]).solution[:, 0]
        return self.exact(theta)


@pytest.fixture(params=range(4))
def quadratic(request: pytest.FixtureRequest) -> Quadratic:
    random = torch.Generator().manual_seed(request.param)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=random, dtype=torch.float64)

    turn, _ = torch.linalg.qr(draw(DIM, DIM))
    eigenvalues = torch.logspace(0, 1, DIM, dtype=torch.float64)
    matrix = turn @ torch.diag(eigenvalues) @ turn.T
    return Quadratic(matrix, draw(DIM, SETTINGS), draw(DIM), 2 * draw(DIM))


def start() -> tuple[torch.Tensor, torch.Tensor]:
    return torch.zeros(SETTINGS, dtype=torch.float64), torch.zeros(DIM, dtype=torch.float64)


def test_the_least_loss_of_a_quadratic_problem_is_reached(quadratic: Quadratic) -> None:
    theta, w = start()
    found = descend(quadratic, theta, w, tolerance=1e-6, most_steps=500)
    assert quadratic.exact(found.theta) == pytest.approx(quadratic.least(), rel=0.005)
    assert found.loss == pytest.approx(quadratic.exact(found.theta), rel=1e-3)


def test_every_step_that_is_accepted_lowers_the_exact_loss(quadratic: Quadratic) -> None:
    theta, w = start()
    found = descend(quadratic, theta, w, tolerance=1e-6, most_steps=500)
    losses = [quadratic.exact(one) for one in found.path]
    assert len(losses) > 3
    assert all(after < before for before, after in pairwise(losses))


def test_an_error_of_the_gradient_is_never_larger_than_it_is_said_to_be(
    quadratic: Quadratic,
) -> None:
    theta, _ = start()
    inverse = torch.linalg.inv(quadratic.matrix)
    best = quadratic.minimiser(theta)
    exact = (inverse @ quadratic.effect).T @ (best - quadratic.target)
    for radius in (1.0, 0.1, 1e-3):
        off = torch.ones(DIM, dtype=torch.float64)
        solved = Solved(best + radius * off / off.norm(), radius)
        found = hypergradient(quadratic, theta, solved, residual=radius)
        assert float((found.value - exact).norm()) <= found.error


def test_a_ball_around_what_is_solved_holds_the_minimiser(quadratic: Quadratic) -> None:
    theta, w = start()
    for radius in (1.0, 0.01, 1e-6):
        found = solve(quadratic, theta, w, radius)
        away = float((found.w - quadratic.minimiser(theta)).norm())
        assert away <= found.radius * (1 + 1e-9) <= radius * (1 + 1e-9)


def test_conjugate_gradients_solve_to_their_tolerance(quadratic: Quadratic) -> None:
    found = conjugate_gradients(lambda x: quadratic.matrix @ x, quadratic.shift, 1e-9)
    assert float((quadratic.matrix @ found - quadratic.shift).norm()) <= 1e-9
