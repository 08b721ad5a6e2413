from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.regularizers._compander import compander
from autodistill.regularizers.weight_compander import WeightCompander
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool

WEIGHT = torch.randn(30, 20, generator=torch.Generator().manual_seed(0)) / 10
GRID = list(itertools.product((0.3, 0.5, 0.75, 1.0), (0.01, 0.1), (1.5, 10.0)))


def psi(power: float = 1.0, delta: float = 0.1, headroom: float = 3.0) -> Any:
    return compander(WeightCompander(power=power, delta=delta, headroom=headroom), WEIGHT)


@pytest.mark.parametrize(("power", "delta", "headroom"), GRID)
def test_it_is_its_formula(power: float, delta: float, headroom: float) -> None:
    v = np.linspace(-1, 1, 41)
    a = headroom * float(WEIGHT.abs().max())
    b = a * max(1, power * delta ** (power - 1) / 5)
    expected = a * np.sign(v) * np.tanh((np.abs(v) / b + delta) ** power - delta**power)
    found = psi(power, delta, headroom)(torch.from_numpy(v).float())
    assert found.detach().numpy() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("power", "delta", "headroom"), GRID)
def test_it_is_odd_bounded_and_exactly_inverted(
    power: float, delta: float, headroom: float
) -> None:
    one = psi(power, delta, headroom)
    v = one.right_inverse(WEIGHT)
    torch.testing.assert_close(one(v), WEIGHT, atol=1e-6, rtol=0)
    torch.testing.assert_close(one(-v), -one(v), atol=0, rtol=0)
    assert one(torch.tensor([-1e6, 0.0, 1e6])).abs().max() <= headroom * WEIGHT.abs().max() * 1.001


def test_with_room_it_is_the_identity() -> None:
    wide = psi(power=1.0, headroom=100.0)
    torch.testing.assert_close(wide(WEIGHT), WEIGHT, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("power", "delta", "headroom"), GRID)
def test_its_slope_at_zero_is_as_told_and_at_most_5(
    power: float, delta: float, headroom: float
) -> None:
    v = torch.tensor([1e-6], requires_grad=True)
    psi(power, delta, headroom)(v).backward()
    assert v.grad is not None
    assert float(v.grad) == pytest.approx(min(5.0, power * delta ** (power - 1)), rel=1e-2)


def test_embeddings_are_left_alone_and_its_scales_are_learnt_where_wanted() -> None:
    for learnt in (False, True):
        student: Any = torch.nn.Sequential(torch.nn.Embedding(5, 4), torch.nn.Linear(4, 3))
        WeightCompander(learnt=learnt).build(random_pool(FACTS)).attach(student)
        trained = dict(student.named_parameters())
        assert "0.weight" in trained
        assert ("1.parametrizations.weight.0.scales" in trained) is learnt
        assert "1.parametrizations.weight.original" in trained
        assert "1.bias" in trained


def test_a_matrix_of_zeros_stays_one() -> None:
    one = compander(WeightCompander(power=0.5, delta=0.01), torch.zeros(3, 3))
    assert torch.equal(one(one.right_inverse(torch.zeros(3, 3))), torch.zeros(3, 3))
