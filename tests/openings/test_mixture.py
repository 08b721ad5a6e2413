from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from typing_extensions import override

from autodistill.openings.mixture import EVERY, compete

STEPS = 120


class Fit:
    """A linear model whose true weights are 1, and objectives that want them elsewhere."""

    def __init__(self, aims: Sequence[float], seed: int) -> None:
        self.random = torch.Generator().manual_seed(seed)
        self.weights = torch.zeros(8, requires_grad=True)
        self.aims = aims
        self.optimiser = torch.optim.Adam([self.weights], lr=0.02)

    @property
    def parameters(self) -> Sequence[torch.Tensor]:
        return [self.weights]

    def _some(self) -> torch.Tensor:
        return torch.randn(16, 8, generator=self.random)

    def objectives(self, step: int, *, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
        if training:
            self.inputs = self._some()
        said = self.inputs @ self.weights
        wanted = [aim * self.inputs.sum(dim=1) for aim in self.aims]
        return torch.stack([(said - one).square().mean() for one in wanted]), said

    def train(self, loss: torch.Tensor) -> None:
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.optimiser.step()

    def held_out(self, step: int) -> torch.Tensor:
        inputs = self._some()
        noise = 0.3 * torch.randn(16, generator=self.random)
        return (inputs @ self.weights - inputs.sum(dim=1) - noise).square().mean()


def test_equal_objectives_share_alike_until_one_has_to_go() -> None:
    survivors = set()
    for seed in range(6):
        found = compete(Fit([1.0] * 4, seed), 4, num_steps=STEPS, seed=seed)
        half = torch.tensor(found.courses[: STEPS // EVERY // 2])
        assert (half - 0.25).abs().max() < 0.01
        assert found.share > 0.9
        survivors.add(found.number)
    assert len(survivors) > 1


def test_a_clearly_better_objective_is_left() -> None:
    chosen = [
        compete(Fit([-1.0, 0.0, 1.0, -0.5], seed), 4, num_steps=STEPS, seed=seed).number
        for seed in range(10)
    ]
    assert chosen.count(2) >= 8


def test_sizes_do_not_decide() -> None:
    class Loud(Fit):
        @override
        def objectives(self, step: int, *, training: bool) -> tuple[torch.Tensor, torch.Tensor]:
            values, said = super().objectives(step, training=training)
            return values * torch.tensor([1000.0, 0.001, 1.0]) + torch.tensor([0.0, 7.0, 0.0]), said

    chosen = [
        compete(Loud([-1.0, 1.0, 0.0], seed), 3, num_steps=STEPS, seed=seed).number
        for seed in range(10)
    ]
    assert chosen.count(1) >= 8


def test_looking_ahead_leaves_the_weights_as_they_are() -> None:
    class Resting(Fit):
        @override
        def train(self, loss: torch.Tensor) -> None:
            """Stay."""

    contest = Resting([1.0, 0.0], 0)
    with torch.no_grad():
        contest.weights.normal_(generator=contest.random)
    before = contest.weights.detach().clone()
    compete(contest, 2, num_steps=10, seed=0)
    assert torch.equal(contest.weights.detach(), before)


@pytest.mark.parametrize("number", [2, 9])
def test_shares_are_a_distribution(number: int) -> None:
    found = compete(Fit([1.0] * number, 0), number, num_steps=20, seed=0)
    for shares in found.courses:
        assert sum(shares) == pytest.approx(1.0)
