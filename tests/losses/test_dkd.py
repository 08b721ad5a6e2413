from __future__ import annotations

import numpy as np
import torch
from scipy.special import rel_entr, softmax

from autodistill.losses.dkd import DKD
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.testing.contracts.components import FACTS

STUDENT_BC, TEACHER_BC = torch.randn(
    2, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
LABELS = np.array([0, 1, 2, 3, 4, 2])
TARGET_BC = torch.eye(5, dtype=torch.float64)[LABELS]


def test_it_is_the_formula_of_the_paper() -> None:
    found_B = DKD(alpha=0.5, beta=4.0, temperature=3.0)(STUDENT_BC, TEACHER_BC, TARGET_BC)
    for row, label in enumerate(LABELS):
        p, q = (softmax(z[row].numpy() / 3) for z in (TEACHER_BC, STUDENT_BC))
        binary = rel_entr([p[label], 1 - p[label]], [q[label], 1 - q[label]]).sum()
        off_p, off_q = (np.delete(x, label) / (1 - x[label]) for x in (p, q))
        expected = 9 * (0.5 * binary + 4.0 * rel_entr(off_p, off_q).sum())
        np.testing.assert_allclose(found_B[row], expected)


def test_with_the_teachers_own_share_it_is_the_divergence() -> None:
    expected_B = SoftenedKL(temperature=2.0)(STUDENT_BC, TEACHER_BC, TARGET_BC)
    p_t_B = (TEACHER_BC / 2).softmax(dim=1)[TARGET_BC.bool()]
    for row in range(6):
        loss = DKD(alpha=1.0, beta=float(1 - p_t_B[row]), temperature=2.0)
        torch.testing.assert_close(loss(STUDENT_BC, TEACHER_BC, TARGET_BC)[row], expected_B[row])


def test_without_alpha_the_target_class_gets_no_slope() -> None:
    student_BC = STUDENT_BC.clone().requires_grad_()
    total = DKD(alpha=0.0)(student_BC, TEACHER_BC, TARGET_BC).sum()
    (slope_BC,) = torch.autograd.grad(total, student_BC)
    assert (slope_BC[TARGET_BC.bool()].abs() < 1e-12).all()
    assert (slope_BC[~TARGET_BC.bool()].abs() > 1e-6).any()


def test_of_two_classes_the_target_against_the_rest_is_everything() -> None:
    student_BC, teacher_BC, target_BC = (
        STUDENT_BC[:, :2],
        TEACHER_BC[:, :2],
        torch.eye(2)[LABELS % 2],
    )
    found_B = DKD(alpha=1.0, beta=9.0)(student_BC, teacher_BC, target_BC)
    torch.testing.assert_close(found_B, SoftenedKL()(student_BC, teacher_BC, target_BC))


def test_a_mixed_target_counts_as_its_heavier_class() -> None:
    mixed_BC = 0.6 * TARGET_BC + 0.4 * TARGET_BC.roll(1, dims=1)
    found_B = DKD()(STUDENT_BC, TEACHER_BC, mixed_BC)
    assert torch.equal(found_B, DKD()(STUDENT_BC, TEACHER_BC, TARGET_BC))


def test_two_classes_are_refused() -> None:
    assert DKD.unsuitable(FACTS.model_copy(update={"num_outputs": 2})) == (
        "dkd compares the classes off the target, so it needs at least 3 classes; got 2."
    )
