from __future__ import annotations

import numpy as np
import torch
from scipy.special import softmax
from scipy.stats import entropy

from autodistill.losses.nkd import NKD
from autodistill.testing.contracts.components import FACTS

STUDENT_BC, TEACHER_BC = torch.randn(
    2, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
LABELS = np.array([0, 1, 2, 3, 4, 2])
TARGET_BC = torch.eye(5, dtype=torch.float64)[LABELS]
ROWS = np.arange(6)


def off_target(logits: torch.Tensor, temperature: float) -> np.ndarray[tuple[int, ...], np.dtype]:
    rows = [np.delete(row, label) for row, label in zip(logits.numpy(), LABELS, strict=True)]
    return np.asarray(softmax(np.stack(rows) / temperature, axis=1))


def test_it_is_the_formula_of_the_paper() -> None:
    found_B = NKD(gamma=1.5, temperature=3.0)(STUDENT_BC, TEACHER_BC, TARGET_BC)
    p_t, q_t = (softmax(z.numpy(), axis=1)[ROWS, LABELS] for z in (TEACHER_BC, STUDENT_BC))
    p, q = off_target(TEACHER_BC, 3.0), off_target(STUDENT_BC, 3.0)
    expected = -p_t * np.log(q_t) - 1.5 * 9 * (p * np.log(q)).sum(axis=1)
    np.testing.assert_allclose(found_B, expected)


def test_with_the_teachers_share_and_the_missing_piece_it_is_the_divergence() -> None:
    p, q = (z.softmax(dim=1) for z in (TEACHER_BC, STUDENT_BC))
    p_t, q_t = p[ROWS, LABELS], q[ROWS, LABELS]
    for row in range(6):
        loss = NKD(gamma=float(1 - p_t[row]), temperature=1.0)
        found = loss(STUDENT_BC, TEACHER_BC, TARGET_BC)[row]
        missing = -(1 - p_t[row]) * (1 - q_t[row]).log()
        cross_entropy = -(p[row] * q[row].log()).sum()
        torch.testing.assert_close(found + missing, cross_entropy)


def test_its_slope_is_the_known_one() -> None:
    student_BC = STUDENT_BC.clone().requires_grad_()
    total = NKD(gamma=2.0, temperature=3.0)(student_BC, TEACHER_BC, TARGET_BC).sum()
    (slope_BC,) = torch.autograd.grad(total, student_BC)
    p_t, q = TEACHER_BC.softmax(dim=1)[ROWS, LABELS], STUDENT_BC.softmax(dim=1)
    off_p, off_q = off_target(TEACHER_BC, 3.0), off_target(STUDENT_BC, 3.0)
    for row, label in enumerate(LABELS):
        torch.testing.assert_close(slope_BC[row, label], -p_t[row] * (1 - q[row, label]))
        others = np.delete(np.arange(5), label)
        expected = p_t[row].item() * q[row, others].numpy() + 2 * 3 * (off_q - off_p)[row]
        np.testing.assert_allclose(slope_BC[row, others], expected)


def test_of_two_classes_only_the_target_is_left() -> None:
    student_BC, teacher_BC, target_BC = (
        STUDENT_BC[:3, :2],
        TEACHER_BC[:3, :2],
        torch.eye(2)[[0, 1, 0]],
    )
    found_B = NKD(gamma=8.0)(student_BC, teacher_BC, target_BC)
    at = target_BC.bool()
    expected_B = -teacher_BC.softmax(dim=1)[at] * student_BC.log_softmax(dim=1)[at]
    assert torch.equal(found_B, expected_B)


def test_adding_a_number_to_all_logits_changes_nothing() -> None:
    found_B = NKD()(STUDENT_BC + 5, TEACHER_BC - 3, TARGET_BC)
    torch.testing.assert_close(found_B, NKD()(STUDENT_BC, TEACHER_BC, TARGET_BC))


def test_of_a_student_that_agrees_the_teachers_own_entropy_is_left() -> None:
    one, two = NKD(gamma=1.0, temperature=3.0), NKD(gamma=2.0, temperature=3.0)
    others_B = (two(z := TEACHER_BC, z, TARGET_BC) - one(z, z, TARGET_BC)).numpy()
    np.testing.assert_allclose(others_B, 9 * entropy(off_target(TEACHER_BC, 3.0), axis=1))


def test_a_mixed_target_counts_as_its_heavier_class() -> None:
    mixed_BC = 0.6 * TARGET_BC + 0.4 * TARGET_BC.roll(1, dims=1)
    found_B = NKD()(STUDENT_BC, TEACHER_BC, mixed_BC)
    assert torch.equal(found_B, NKD()(STUDENT_BC, TEACHER_BC, TARGET_BC))


def test_two_classes_are_refused() -> None:
    assert NKD.unsuitable(FACTS.model_copy(update={"num_outputs": 2})) == (
        "nkd compares the classes off the target, so it needs at least 3 classes; got 2."
    )
