from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linprog

from autodistill.activations import Activation
from autodistill.intermediate.mse import MSE
from autodistill.mappings import LayerPair
from autodistill.mappings.emd import EMD
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import built, seen, value

PAIRS = EMD().pairs(FACTS)


def cheapest(costs_NM: np.ndarray) -> float:
    """Return the least cost of a transport between even masses, by linear programming."""
    n, m = costs_NM.shape
    rows = np.kron(np.eye(n), np.ones(m))
    columns = np.kron(np.ones(n), np.eye(m))
    masses = np.concatenate([np.full(n, 1 / n), np.full(m, 1 / m)])
    found = linprog(costs_NM.ravel(), A_eq=np.vstack([rows, columns]), b_eq=masses)
    return float(found.fun)


def pairs_of(teacher_layers: int, student_layers: int) -> tuple[LayerPair, ...]:
    layers = {"teacher_layers": teacher_layers, "student_layers": student_layers}
    return EMD().pairs(FACTS.model_copy(update=layers))


@pytest.mark.parametrize(("teacher", "student"), [(4, 2), (12, 5), (3, 7), (1, 1)])
@pytest.mark.parametrize("shift", [0.0, -2.0])
def test_the_flow_is_the_cheapest_transport(teacher: int, student: int, shift: float) -> None:
    pairs = pairs_of(teacher, student)
    assert pairs[0] == (0, 0)
    assert len(set(pairs)) == len(pairs) == teacher * student + 1
    costs_P = torch.rand(len(pairs), generator=torch.Generator().manual_seed(0)) + shift
    flow_P = EMD().flow(pairs, costs_P)
    assert flow_P[0] == 1
    flow_NM, costs_NM = (
        x[1:].double().numpy().reshape(student, teacher) for x in (flow_P, costs_P)
    )
    np.testing.assert_allclose(flow_NM.sum(axis=1), 1 / student, rtol=1e-6)
    np.testing.assert_allclose(flow_NM.sum(axis=0), 1 / teacher, rtol=1e-6)
    assert (flow_NM * costs_NM).sum() == pytest.approx(cheapest(costs_NM), abs=1e-6)


def test_layers_without_embeddings_are_transported_too() -> None:
    costs_P = torch.arange(8.0)
    flow_P = EMD().flow(PAIRS[1:], costs_P)
    assert flow_P.sum() == pytest.approx(1)
    torch.testing.assert_close(EMD().flow(PAIRS, torch.cat([torch.ones(1), costs_P]))[1:], flow_P)


def test_the_objective_is_the_transports_cost_and_learns_through_the_costs_alone() -> None:
    component = MSE(mapping=EMD())
    states = seen(component, FACTS)
    costs_PB = torch.stack(
        [
            value(built(MSE(), FACTS), states) * 0
            + (
                (
                    states.student.states[Activation("hidden", s)]
                    - states.teacher.states[Activation("hidden", t)]
                )
                .square()
                .mean(dim=-1)
                .mul(states.mask_BT)
                .sum(dim=1)
                / states.mask_BT.sum(dim=1)
            )
            for t, s in PAIRS
        ]
    )
    flow_P = EMD().flow(PAIRS, costs_PB.mean(dim=1))
    found_B = value(built(component, FACTS), states)
    torch.testing.assert_close(found_B, flow_P @ costs_PB)
    costs_NM = costs_PB.mean(dim=1)[1:].double().numpy().reshape(2, 4)
    expected = cheapest(costs_NM) + costs_PB[0].mean().item()
    assert found_B.mean().item() == pytest.approx(expected, rel=1e-5)


def test_costs_that_are_not_finite_are_left_to_the_trial() -> None:
    costs_P = torch.rand(len(PAIRS))
    costs_P[3] = math.nan
    assert torch.isnan(EMD().flow(PAIRS, costs_P) @ costs_P)
