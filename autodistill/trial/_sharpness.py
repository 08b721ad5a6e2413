"""How sharp the valley is that a student ended in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch

PROBES = 10
MOST_EXAMPLES = 1000
"""Training examples that the loss is taken of."""


def hutchinson_trace(
    losses: Iterable[torch.Tensor], parameters: Sequence[torch.Tensor], *, probes: int, seed: int
) -> float:
    """Return an unbiased estimate of the trace of the Hessian of a sum (Hutchinson, 1990).

    The mean of v' H v over random v of signs, exact for a diagonal Hessian.

    Args:
        losses: The parts of the sum, each with a graph that can be differentiated twice.
        parameters: What the Hessian is by.
        probes: How many v.
        seed: Of the signs.
    """
    signs = torch.Generator().manual_seed(seed)
    vectors = [
        [(2 * torch.randint(2, p.shape, generator=signs) - 1).to(p) for p in parameters]
        for _ in range(probes)
    ]
    trace = 0.0
    for loss in losses:
        slopes = torch.autograd.grad(loss, parameters, create_graph=True, materialize_grads=True)
        for v in vectors:
            along = torch.stack([(s * x).sum() for s, x in zip(slopes, v, strict=True)]).sum()
            bent = torch.autograd.grad(along, parameters, retain_graph=True, materialize_grads=True)
            trace += sum((b * x).sum().item() for b, x in zip(bent, v, strict=True))
    return trace / probes
