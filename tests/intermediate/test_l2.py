from __future__ import annotations

import numpy as np
import torch

from autodistill.intermediate.l2 import L2


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_norm_of_the_difference() -> None:
    student_BTE, teacher_BTE = random(4, 3, 8), random(4, 3, 8, seed=1)
    expected = np.linalg.norm(student_BTE.numpy() - teacher_BTE.numpy(), axis=-1)
    np.testing.assert_allclose(L2().distance(student_BTE, teacher_BTE), expected, rtol=1e-5)


def test_its_gradient_is_a_unit_vector_and_nothing_at_agreement() -> None:
    student_BTE, teacher_BTE = random(4, 3, 8).requires_grad_(), 9 * random(4, 3, 8, seed=1)
    (slope,) = torch.autograd.grad(L2().distance(student_BTE, teacher_BTE).sum(), student_BTE)
    torch.testing.assert_close(slope.norm(dim=-1), torch.ones(4, 3))
    there = teacher_BTE.clone().requires_grad_()
    (slope,) = torch.autograd.grad(L2().distance(there, teacher_BTE).sum(), there)
    assert not slope.any()
