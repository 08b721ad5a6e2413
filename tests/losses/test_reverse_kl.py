from __future__ import annotations

import numpy as np
import torch
from scipy.special import rel_entr, softmax

from autodistill.losses.reverse_kl import ReverseKL

STUDENT_BC, TEACHER_BC = torch.randn(2, 6, 4, generator=torch.Generator().manual_seed(0))
NO_TARGET = torch.zeros(6, 4)


def test_it_is_the_divergence_the_other_way_round() -> None:
    found_B = ReverseKL(temperature=2.0)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    p = softmax(TEACHER_BC.numpy().astype(np.float64) / 2, axis=1)
    q = softmax(STUDENT_BC.numpy().astype(np.float64) / 2, axis=1)
    np.testing.assert_allclose(
        found_B, 4 * rel_entr(q, p).sum(axis=1), rtol=1e-4, atol=1e-5
    )  # in float32


def test_its_gradient_is_the_known_one() -> None:
    student_BC = STUDENT_BC.clone().requires_grad_()
    total = ReverseKL(temperature=2.0)(student_BC, TEACHER_BC, NO_TARGET).sum()
    (slope_BC,) = torch.autograd.grad(total, student_BC)
    p_BC, q_BC = (TEACHER_BC / 2).softmax(dim=1), (STUDENT_BC / 2).softmax(dim=1)
    excess_BC = (q_BC / p_BC).log()
    mean_B1 = (q_BC * excess_BC).sum(dim=1, keepdim=True)
    torch.testing.assert_close(slope_BC, 2 * q_BC * (excess_BC - mean_B1))


def test_a_teacher_that_excludes_a_class_is_worth_a_bounded_penalty() -> None:
    student_BC, teacher_BC = torch.tensor([[0.0, 100.0]]), torch.tensor([[1e4, 0.0]])
    found_B = ReverseKL(temperature=1.0)(student_BC, teacher_BC, torch.zeros(1, 2))
    torch.testing.assert_close(found_B, torch.tensor([15.0]))
