"""Objectives that train one model together, until one of them is left.

After the mixtures of QuantNAS (Gushchin et al., 2022): the weights `pi = softmax(a)` are moved by
what they do to a loss on examples that are held out, one step ahead; a penalty on their entropy
comes in half-way, so that a single objective survives. Letters: K objectives.

Each objective is divided by a running mean of its size: the norm of its gradient by the model's
outputs, since a mean of its value would favour losses that cannot become small. The step ahead is
the one that was really taken. With v the held-out loss's gradient behind it, that loss falls along
objective k by `<v, grad L_k>`, a difference of two values of L_k along v: two forward passes for
all objectives together. The weights move by mirror descent, `a += rate (slope - mu dH / d pi)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

EVERY = 2
"""Steps of training for one of the weights."""
RATE = 8.0
"""How far an objective gets ahead, in logits, whose slope is larger by 1 in the whole training."""
MOST_PENALTY = 6.0
"""mu at the end; it is 0 in the first half."""
MEMORY = 0.9
"""Of running means, for each step."""
REACH = 0.01
"""How far along v the objectives are looked at, as a distance of all weights together."""
NOISE = 3e-3
"""Deviation of the first logits, so that equals can be told apart at the end."""
MARGIN = 1e-6
"""Least size of an objective, as a part of the largest."""


class Contest(Protocol):
    """A model, its objectives, and examples."""

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        """Return what is trained."""

    def objectives(self, step: int, *, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the K objectives on the examples of a step, and the outputs they are made of.

        Args:
            step: Which examples.
            training: Whether there is dropout.
        """

    def train(self, loss: torch.Tensor) -> None:
        """Take one step down this loss."""

    def held_out(self, step: int) -> torch.Tensor:
        """Return the loss on some examples that are held out, without dropout."""


@dataclass(frozen=True)
class Survivor:
    """What a contest ended with."""

    number: int
    """Which of the objectives is left."""
    share: float
    """Its weight at the end."""
    courses: tuple[tuple[float, ...], ...]
    """Weights after each step of theirs."""


class Weights:
    """The weights of the objectives."""

    def __init__(self, number: int, num_updates: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._logits_K = NOISE * torch.from_numpy(rng.normal(size=number))
        self._num_updates, self._done = num_updates, 0
        self._usual = 0.0

    @property
    def shares_K(self) -> torch.Tensor:  # noqa: N802
        """Return pi."""
        return self._logits_K.softmax(dim=0)

    def update(self, slopes_K: torch.Tensor) -> None:
        """Move them by how fast the held-out loss falls along each objective."""
        slopes_K = slopes_K.double().cpu()
        self._usual = _mean(self._usual, float(slopes_K.square().mean().sqrt()), self._done)
        self._done += 1
        penalty = MOST_PENALTY * max(0.0, 2 * self._done / self._num_updates - 1)
        change_K = slopes_K / (self._usual or 1.0) + penalty * self.shares_K.log()
        self._logits_K = self._logits_K + RATE / self._num_updates * change_K
        self._logits_K = self._logits_K - self._logits_K.max()


def compete(contest: Contest, number: int, *, num_steps: int, seed: int) -> Survivor:
    """Train until one objective is left.

    Args:
        contest: Model, objectives, examples.
        number: K.
        num_steps: Of training.
        seed: Of what breaks ties.
    """
    weights = Weights(number, max(1, num_steps // EVERY), seed)
    sizes_K, courses = torch.zeros(number), []
    for step in range(num_steps):
        objectives_K, outputs = contest.objectives(step, training=True)
        sizes_K = _mean(sizes_K, _sizes(objectives_K, outputs), step)
        shares_K = weights.shares_K.to(objectives_K)
        scale = (shares_K * sizes_K).sum()  # so that the last one trains as it would alone
        contest.train(scale * (shares_K / sizes_K * objectives_K).sum())
        if step % EVERY == EVERY - 1:
            weights.update(_slopes(contest, step) / sizes_K)
            courses.append(tuple(weights.shares_K.tolist()))
    shares_K = weights.shares_K
    best = int(shares_K.argmax())
    return Survivor(best, float(shares_K[best]), tuple(courses))


def _sizes(objectives_K: torch.Tensor, outputs: torch.Tensor) -> torch.Tensor:
    """Return the norm of each objective's gradient by the outputs."""
    sizes_K = torch.stack(
        [
            torch.autograd.grad(objective, outputs, retain_graph=True)[0].norm()
            for objective in objectives_K
        ]
    )
    return sizes_K.clamp(min=MARGIN * float(sizes_K.max()))


def _slopes(contest: Contest, step: int) -> torch.Tensor:
    """Return how fast each objective grows along the gradient of the held-out loss."""
    parameters = contest.parameters
    along = torch.autograd.grad(
        contest.held_out(step), parameters, allow_unused=True, materialize_grads=True
    )
    norm = torch.stack([gradient.norm() for gradient in along]).norm()
    if not norm > 0:
        return torch.zeros(len(contest.objectives(step, training=False)[0]))
    before = [parameter.detach().clone() for parameter in parameters]
    values = []
    with torch.no_grad():
        for reach in (REACH, -REACH):
            for parameter, kept, gradient in zip(parameters, before, along, strict=True):
                parameter.copy_(kept + reach / norm * gradient)
            values.append(contest.objectives(step, training=False)[0])
        for parameter, kept in zip(parameters, before, strict=True):
            parameter.copy_(kept)
    return (values[0] - values[1]) / (2 * REACH)


def _mean(before: torch.Tensor | float, now: torch.Tensor | float, count: int) -> Any:
    """Return the running mean after one more value; the first ones count alike."""
    kept = min(MEMORY, count / (count + 1))
    return kept * before + (1 - kept) * now
