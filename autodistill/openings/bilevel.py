"""Descent on the settings of a convex problem, by gradients that are as exact as they need to be.

MAID (Salehi, Mukherjee, Roberts, Ehrhardt, 2024): minimise `F(theta) = g(w(theta))` over theta,
where `w(theta)` minimises a strongly convex `h(w, theta)`. What is known of w is a ball: its centre
has a gradient of norm r, so that the minimiser is within `r / mu`. Every bound here follows from
constants that the problem states, none is estimated.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch

BACKTRACKING = 20
"""Most shorter steps that are tried before the accuracy is raised."""
SHRINK, GROW = 0.1, 1.25
"""Of the accuracy's bound: after a failure, and after a success."""
SHORTER, LONGER = 0.5, 2.0
"""Of the step."""
ETA, DECREASE = 0.5, 0.1
"""Part of a gradient's norm that its error leaves, and of its square that a step must gain."""
NEWTON_STEPS = 60
FINEST = 1e-9
"""Radius of the ball below which double precision has nothing to give."""


class Bilevel(Protocol):
    """The two levels, and the constants that bound them. All tensors are in float64."""

    def lower(self, w: torch.Tensor, theta: torch.Tensor) -> torch.Tensor:
        """Return `h`, convex in w."""

    def upper(self, w: torch.Tensor) -> torch.Tensor:
        """Return `g`."""

    def convexity(self, theta: torch.Tensor) -> float:
        """Return mu: `h - mu / 2 |w|^2` is convex."""

    @property
    def smoothness(self) -> float:
        """Lipschitz constant of the gradient of g."""

    def drift(self, w: torch.Tensor, theta: torch.Tensor, radius: float) -> tuple[float, float]:
        """Return Lipschitz constants, within a ball around w, of h's second derivatives.

        First those by w and w, then those by w and theta.
        """


@dataclass(frozen=True)
class Solved:
    """A point near the minimiser of the lower level."""

    w: torch.Tensor
    radius: float
    """The minimiser is not further away."""


@dataclass(frozen=True)
class Hypergradient:
    """The gradient of F, and how wrong it may be."""

    value: torch.Tensor
    error: float


@dataclass(frozen=True)
class Descent:
    """Where a descent has come to."""

    theta: torch.Tensor
    path: tuple[torch.Tensor, ...]
    """Every theta that was accepted, the first one and the last one included."""
    loss: float
    """Upper loss at the end, as far as the lower level is solved."""


def solve(problem: Bilevel, theta: torch.Tensor, start: torch.Tensor, radius: float) -> Solved:
    """Minimise h by Newton's method with conjugate gradients, to a radius or as far as it goes."""
    w, norm, convexity = start.detach(), math.inf, problem.convexity(theta)
    for _ in range(NEWTON_STEPS):
        w = w.requires_grad_()
        value = problem.lower(w, theta)
        (slope,) = torch.autograd.grad(value, w, create_graph=True)
        norm = float(slope.detach().norm())
        if norm <= radius * convexity:
            break
        step = conjugate_gradients(_product(slope, w), slope.detach(), min(0.1, norm) * norm)
        after = _damped(problem, theta, w.detach(), step, slope.detach())
        if after is None:
            break
        w = after
    return Solved(w.detach(), norm / convexity)


def _damped(
    problem: Bilevel,
    theta: torch.Tensor,
    w: torch.Tensor,
    step: torch.Tensor,
    slope: torch.Tensor,
) -> torch.Tensor | None:
    """Return w after as much of a Newton step as lowers h, None where rounding hides all of it."""
    with torch.no_grad():
        before, gain = problem.lower(w, theta), (slope * step).sum()
        slack = 4 * torch.finfo(w.dtype).eps * before.abs()
        for halvings in range(BACKTRACKING):
            share = 0.5**halvings
            after = w - share * step
            if problem.lower(after, theta) <= before - 1e-4 * share * gain + slack:
                return after
    return None


def conjugate_gradients(
    product: Callable[[torch.Tensor], torch.Tensor], right: torch.Tensor, tolerance: float
) -> torch.Tensor:
    """Solve `A x = right` for a positive definite A until the residual's norm is at most this."""
    x, residual = torch.zeros_like(right), right.clone()
    way, square = residual.clone(), (residual * residual).sum()
    for _ in range(10 * right.numel()):
        if float(square.sqrt()) <= tolerance:
            break
        along = product(way)
        length = square / (way * along).sum()
        x, residual = x + length * way, residual - length * along
        before, square = square, (residual * residual).sum()
        way = residual + square / before * way
    return x


def hypergradient(
    problem: Bilevel, theta: torch.Tensor, solved: Solved, residual: float
) -> Hypergradient:
    """Return the gradient of F at theta by the implicit function theorem, with its error.

    Args:
        problem: Both levels.
        theta: Where.
        solved: The lower level there.
        residual: How exactly the linear system is solved.
    """
    w, theta = solved.w.clone().requires_grad_(), theta.detach().clone().requires_grad_()
    (slope,) = torch.autograd.grad(problem.lower(w, theta), w, create_graph=True)
    (wanted,) = torch.autograd.grad(problem.upper(w), w)
    product = _product(slope, w)
    s = conjugate_gradients(product, wanted, residual)
    residual = float((product(s) - wanted).norm())
    dual = torch.zeros_like(w).requires_grad_()
    (mixed,) = torch.autograd.grad((slope * dual).sum(), theta, create_graph=True)
    columns = torch.stack(
        [torch.autograd.grad(one, dual, retain_graph=True)[0].flatten() for one in mixed]
    )
    value = -(columns @ s.flatten())
    # With w moved by at most the radius, the linear system and the columns move by so much.
    convexity, size = problem.convexity(theta), float(s.norm())
    of_matrix, of_columns = problem.drift(solved.w, theta.detach(), solved.radius)
    moved = (problem.smoothness + of_matrix * size) * solved.radius
    off = (moved + residual) / convexity
    norm = float(torch.linalg.matrix_norm(columns, 2))
    return Hypergradient(value, norm * off + of_columns * solved.radius * (size + off))


def descend(
    problem: Bilevel,
    theta: torch.Tensor,
    start: torch.Tensor,
    *,
    first_length: float = 0.5,
    accuracy: float = 0.1,
    tolerance: float = 3e-4,
    most_steps: int = 20,
) -> Descent:
    """Lower F step by step; what is accepted lowers the exact F, whatever the lower level hides.

    Args:
        problem: Both levels.
        theta: Where to start.
        start: A w to start the lower level from.
        first_length: Of the first step that is tried, in theta's own units.
        accuracy: First radius and residual.
        tolerance: Norm of the gradient, and gain of a step, below which nothing is left to do.
        most_steps: Steps at most.
    """
    theta, path, step = theta.detach(), [theta.detach()], 0.0
    here = solve(problem, theta, start, accuracy)
    while len(path) <= most_steps and accuracy > FINEST:
        here = solve(problem, theta, here.w, accuracy)
        gradient = hypergradient(problem, theta, here, accuracy)
        norm = float(gradient.value.norm())
        if gradient.error > (1 - ETA) * norm:
            if gradient.error + norm <= tolerance:
                break
            accuracy *= SHRINK
            continue
        if norm <= tolerance:
            break
        step = step or first_length / norm
        found = _search(problem, theta, here, gradient.value, step, accuracy)
        if found is None:
            accuracy *= SHRINK
            continue
        gained, (theta, here, step) = _upper(problem, here) - _upper(problem, found[1]), found
        path.append(theta)
        accuracy, step = accuracy * GROW, step * LONGER
        if abs(gained) <= tolerance:
            break
    return Descent(theta, tuple(path), _upper(problem, here))


def _search(
    problem: Bilevel,
    theta: torch.Tensor,
    here: Solved,
    gradient: torch.Tensor,
    step: float,
    accuracy: float,
) -> tuple[torch.Tensor, Solved, float] | None:
    """Return the first of ever shorter steps that surely lowers F, None where none does."""
    square = float(gradient.square().sum())
    least = _bounds(problem, here)[0]
    for _ in range(BACKTRACKING):
        after = theta - step * gradient
        there = solve(problem, after, here.w, accuracy)
        if _bounds(problem, there)[1] - least + DECREASE * step * square <= 0:
            return after, there, step
        step *= SHORTER
    return None


def _bounds(problem: Bilevel, solved: Solved) -> tuple[float, float]:
    """Return between which values the exact upper loss lies."""
    w = solved.w.clone().requires_grad_()
    value = problem.upper(w)
    (slope,) = torch.autograd.grad(value, w)
    away = float(slope.norm()) * solved.radius + problem.smoothness / 2 * solved.radius**2
    middle = float(value.detach())
    return middle - away, middle + away


def _upper(problem: Bilevel, solved: Solved) -> float:
    with torch.no_grad():
        return float(problem.upper(solved.w))


def _product(slope: torch.Tensor, w: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return multiplication by the Hessian whose gradient is given with its graph."""

    def product(vector: torch.Tensor) -> torch.Tensor:
        return torch.autograd.grad(slope, w, vector, retain_graph=True)[0]

    return product
