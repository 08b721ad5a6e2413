from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax

from autodistill.losses.softened_kl import SoftenedKL

STUDENT_BC, TEACHER_BC = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
NO_TARGET = torch.zeros(6, 4)


@pytest.mark.parametrize("temperature", [1.0, 2.0, 8.0])
def test_it_is_the_divergence_of_the_softened_probabilities(temperature: float) -> None:
    found_B = SoftenedKL(temperature=temperature)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    p = softmax(TEACHER_BC.numpy().astype(np.float64) / temperature, axis=1)
    q = softmax(STUDENT_BC.numpy().astype(np.float64) / temperature, axis=1)
    expected_B = temperature**2 * rel_entr(p, q).sum(axis=1)
    np.testing.assert_allclose(found_B, expected_B, rtol=1e-4, atol=1e-5)  # in float32


def test_its_gradient_is_the_temperature_times_the_difference_of_probabilities() -> None:
    student_BC = STUDENT_BC.clone().requires_grad_()
    total = SoftenedKL(temperature=3.0)(student_BC, TEACHER_BC, NO_TARGET).sum()
    (slope_BC,) = torch.autograd.grad(total, student_BC)
    expected_BC = 3.0 * ((STUDENT_BC / 3).softmax(dim=1) - (TEACHER_BC / 3).softmax(dim=1))
    torch.testing.assert_close(slope_BC, expected_BC)


def test_at_a_high_temperature_it_is_the_squared_error_of_centred_logits() -> None:
    student_BC, teacher_BC = STUDENT_BC.double(), TEACHER_BC.double()
    found_B = SoftenedKL(temperature=1e3)(student_BC, teacher_BC, NO_TARGET)
    difference_BC = student_BC - teacher_BC
    centred_BC = difference_BC - difference_BC.mean(dim=1, keepdim=True)
    torch.testing.assert_close(
        found_B, centred_BC.square().sum(dim=1) / (2 * 4), rtol=1e-2, atol=1e-4
    )


def test_adding_a_number_to_all_logits_changes_nothing() -> None:
    loss = SoftenedKL()
    found_B = loss(STUDENT_BC + 5, TEACHER_BC - 3, NO_TARGET)
    torch.testing.assert_close(found_B, loss(STUDENT_BC, TEACHER_BC, NO_TARGET))
