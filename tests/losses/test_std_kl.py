from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import rel_entr, softmax

from autodistill.losses.std_kl import StdKL
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS

STUDENT_BC, TEACHER_BC = torch.randn(
    2, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
NO_TARGET = torch.zeros(6, 5)


def rescaled(logits: torch.Tensor) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    return np.asarray(softmax(logits / logits.std(dim=1, keepdim=True), axis=1))


def test_it_is_the_divergence_of_logits_over_their_deviation() -> None:
    found_B = StdKL()(STUDENT_BC, TEACHER_BC, NO_TARGET)
    expected_B = rel_entr(rescaled(TEACHER_BC), rescaled(STUDENT_BC)).sum(axis=1)
    np.testing.assert_allclose(found_B, expected_B, rtol=1e-6)


def test_shift_and_scale_of_the_logits_do_not_matter() -> None:
    found_B = StdKL()(7 * STUDENT_BC + 3, 0.1 * TEACHER_BC - 5, NO_TARGET)
    torch.testing.assert_close(found_B, StdKL()(STUDENT_BC, TEACHER_BC, NO_TARGET))


def test_the_slope_flows_through_the_students_deviation() -> None:
    student_BC = STUDENT_BC.clone().requires_grad_()
    total = StdKL()(student_BC, TEACHER_BC, NO_TARGET).sum()
    (slope_BC,) = torch.autograd.grad(total, student_BC)
    along_B = (slope_BC * (STUDENT_BC - STUDENT_BC.mean(dim=1, keepdim=True))).sum(dim=1)
    torch.testing.assert_close(along_B, torch.zeros_like(along_B))  # a longer row is worth nothing
    torch.autograd.gradcheck(lambda z: StdKL()(z, TEACHER_BC, NO_TARGET), (student_BC,))


@pytest.mark.parametrize(("classes", "sure"), [(2, 0.80), (10, 0.72), (100, 0.9955)])
def test_a_row_that_is_sure_of_one_class_has_a_probability_of_its_own(
    classes: int, sure: float
) -> None:
    largest = float(rescaled(50 * torch.eye(classes, dtype=torch.float64)[:1]).max())
    assert largest == pytest.approx(np.exp(classes**0.5) / (np.exp(classes**0.5) + classes - 1))
    assert largest == pytest.approx(sure, abs=5e-3)


def test_equal_logits_are_no_trouble() -> None:
    student_BC = torch.zeros(2, 5, requires_grad=True)
    value_B = StdKL()(student_BC, TEACHER_BC[:2].float(), NO_TARGET[:2])
    (slope_BC,) = torch.autograd.grad(value_B.sum(), student_BC)
    assert torch.isfinite(value_B).all()
    assert torch.isfinite(slope_BC).all()


def test_two_classes_are_refused() -> None:
    assert StdKL.unsuitable(FACTS.model_copy(update={"num_outputs": 2})) == (
        "std_kl needs at least 3 classes, since two logits over their deviation are always 0.707 "
        "and -0.707; got 2."
    )


def test_nothing_but_the_teacher_is_refused() -> None:
    (problem,) = PipelineSpec(loss=StdKL(weight=1)).problems(FACTS)
    assert problem.field == "loss"
    assert problem.message == (
        "std_kl does not see the scale of logits, so labels must teach it; got weight=1, choose a "
        "smaller one."
    )
