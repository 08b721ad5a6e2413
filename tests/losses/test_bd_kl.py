from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax
from scipy.stats import entropy

from autodistill.losses.bd_kl import BDKL
from autodistill.losses.reverse_kl import ReverseKL
from autodistill.losses.softened_kl import SoftenedKL

STUDENT_BC, TEACHER_BC = torch.randn(
    2, 40, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
NO_TARGET = torch.zeros(40, 4)
OPEN = (BDKL(gate="hard", factor=1.0), BDKL(gate="soft", steepness=0.0))


@pytest.mark.parametrize("loss", OPEN, ids=lambda loss: loss.gate)
def test_an_open_gate_makes_it_the_sum_of_both_divergences(loss: BDKL) -> None:
    expected_B = SoftenedKL()(STUDENT_BC, TEACHER_BC, NO_TARGET)
    expected_B = expected_B + ReverseKL()(STUDENT_BC, TEACHER_BC, NO_TARGET)
    torch.testing.assert_close(loss(STUDENT_BC, TEACHER_BC, NO_TARGET), expected_B)


@pytest.mark.parametrize("gate", ["hard", "soft"])
def test_the_gate_strengthens_what_moves_confidence_towards_the_teachers(gate: str) -> None:
    loss = BDKL.model_validate({"gate": gate, "factor": 3.0, "steepness": 1.5, "temperature": 2.0})
    z_p, z_q = TEACHER_BC.numpy(), STUDENT_BC.numpy()
    gap = entropy(softmax(z_q, axis=1), axis=1) - entropy(softmax(z_p, axis=1), axis=1)
    if gate == "hard":
        forward, reverse = np.where(gap < 0, 3, 1), np.where(gap > 0, 3, 1)
        assert set(forward) == {1, 3}
    else:
        reverse = 2 / (1 + np.exp(-1.5 * gap))
        forward = 2 - reverse
    p, q = softmax(z_p / 2, axis=1), softmax(z_q / 2, axis=1)
    expected = forward * rel_entr(p, q).sum(axis=1) + reverse * rel_entr(q, p).sum(axis=1)
    np.testing.assert_allclose(loss(STUDENT_BC, TEACHER_BC, NO_TARGET), 4 * expected)


@pytest.mark.parametrize("gate", ["hard", "soft"])
def test_swapping_teacher_and_student_flips_the_gate(gate: str) -> None:
    loss = BDKL.model_validate({"gate": gate})
    one_B = loss(STUDENT_BC, TEACHER_BC, NO_TARGET)
    torch.testing.assert_close(loss(TEACHER_BC, STUDENT_BC, NO_TARGET), one_B)


@pytest.mark.parametrize("gate", ["hard", "soft"])
def test_agreement_has_no_slope(gate: str) -> None:
    student_BC = TEACHER_BC.clone().requires_grad_()
    loss_B = BDKL.model_validate({"gate": gate})(student_BC, TEACHER_BC, NO_TARGET)
    (slope_BC,) = torch.autograd.grad(loss_B.sum(), student_BC)
    torch.testing.assert_close(loss_B.detach(), torch.zeros(40, dtype=torch.float64))
    torch.testing.assert_close(slope_BC, torch.zeros_like(slope_BC))


def test_no_gradient_flows_through_the_gate() -> None:
    student_BC = STUDENT_BC.clone().requires_grad_()
    loss = BDKL(gate="soft", steepness=5.0, temperature=1.0)
    (slope_BC,) = torch.autograd.grad(loss(student_BC, TEACHER_BC, NO_TARGET).sum(), student_BC)
    p, q = TEACHER_BC.softmax(dim=1), STUDENT_BC.softmax(dim=1)
    gap_B = torch.from_numpy(entropy(q.numpy(), axis=1) - entropy(p.numpy(), axis=1))
    reverse_B1 = 2 * torch.sigmoid(5 * gap_B)[:, None]
    excess = (q / p).log()
    of_reverse = q * (excess - (q * excess).sum(dim=1, keepdim=True))
    torch.testing.assert_close(slope_BC, (2 - reverse_B1) * (q - p) + reverse_B1 * of_reverse)
