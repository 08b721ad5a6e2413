"""A surrogate whose gradient norm is bounded, for choosing from a fixed log of trials (IGNITE).

The mean prediction G(β) over a batch may not react to small changes of the weights: training
minimises the squared error under ρ‖∇G(β)‖ ≤ ε, with a Lagrange multiplier λ ≥ 0 that grows while
the constraint is broken. The gradient of the norm is a finite difference along ∇G, so that no
Hessian is needed (Dao et al., IGNITE; ρ, r, ε, λ and its rate are the defaults of its authors).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float64]
HIDDEN, STEPS, RATE, DECAY = 64, 400, 3e-3, 1e-3
RHO, RADIUS, BOUND, FIRST, GROWTH = 0.05, 0.05, 0.1, 1e-3, 1e-3


def fitted(rows: Floats, values: Floats, *, bounded: bool) -> Callable[[Floats], Floats]:
    """Return a predictor of values.

    Args:
        rows: [row, column], of any scale; a column that is constant is ignored.
        values: [row].
        bounded: Whether the gradient norm is.
    """
    middle, spread = rows.mean(axis=0), rows.std(axis=0)
    varies = spread > 0

    def scaled(table: Floats) -> Tensor:
        return torch.tensor((table - middle)[:, varies] / spread[varies], dtype=torch.float32)

    torch.manual_seed(0)
    x, y = scaled(rows), torch.tensor(values, dtype=torch.float32)
    model = nn.Sequential(
        nn.Linear(x.shape[1], HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(),
        nn.Linear(HIDDEN, 1),
    )  # fmt: skip
    weights = [*model.parameters()]
    optimiser = torch.optim.AdamW(weights, lr=RATE, weight_decay=DECAY)
    multiplier = FIRST
    for _ in range(STEPS):
        loss = nn.functional.mse_loss(model(x).squeeze(1), y)
        gradients = torch.autograd.grad(loss, weights)
        if bounded:
            norm, slopes = slope_of_norm(weights, lambda: model(x).mean())
            pairs = zip(gradients, slopes, strict=True)
            gradients = tuple(g + multiplier * RHO * s for g, s in pairs)
            multiplier = max(0.0, multiplier + GROWTH * (RHO * norm - BOUND))
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        optimiser.step()

    def predict(table: Floats) -> Floats:
        with torch.no_grad():
            return np.asarray(model(scaled(table)).squeeze(1).double())

    return predict


def slope_of_norm(
    weights: Sequence[Tensor], mean: Callable[[], Tensor], radius: float = RADIUS
) -> tuple[float, list[Tensor]]:
    """Return ‖∇G‖ and its gradient, [∇G(β + r ∇G/‖∇G‖) − ∇G(β)] / r; zeros where ∇G is 0.

    The weights are afterwards bit for bit what they were.
    """
    here = torch.autograd.grad(mean(), weights)
    norm = float(torch.sqrt(sum((g.square().sum() for g in here), torch.zeros(()))))
    if norm == 0.0:
        return norm, [torch.zeros_like(g) for g in here]
    kept = [weight.detach().clone() for weight in weights]
    _move(weights, (w + radius / norm * g for w, g in zip(kept, here, strict=True)))
    there = torch.autograd.grad(mean(), weights)
    _move(weights, kept)
    return norm, [(b - a) / radius for a, b in zip(here, there, strict=True)]


def _move(weights: Sequence[Tensor], to: Iterator[Tensor] | Sequence[Tensor]) -> None:
    with torch.no_grad():
        for weight, value in zip(weights, to, strict=True):
            weight.copy_(value)
