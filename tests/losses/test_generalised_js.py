from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax

from autodistill.losses.generalised_js import GeneralisedJS
from autodistill.losses.reverse_kl import ReverseKL
from autodistill.losses.softened_kl import SoftenedKL

STUDENT_BC, TEACHER_BC = torch.randn(
    2, 6, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64
)
NO_TARGET = torch.zeros(6, 4)


def test_in_the_middle_it_is_four_times_the_divergence_that_scipy_knows() -> None:
    found_B = GeneralisedJS(temperature=2.0)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    p, q = softmax(TEACHER_BC.numpy() / 2, axis=1), softmax(STUDENT_BC.numpy() / 2, axis=1)
    np.testing.assert_allclose(found_B, 4 * 4 * jensenshannon(p, q, axis=1) ** 2)


@pytest.mark.parametrize("b", [0.2, 0.7])
def test_the_teacher_has_the_same_share_inside_and_outside_of_the_mixture(b: float) -> None:
    found_B = GeneralisedJS(temperature=1.0, teacher_share=b)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    p, q = softmax(TEACHER_BC.numpy(), axis=1), softmax(STUDENT_BC.numpy(), axis=1)
    m = b * p + (1 - b) * q
    each = b * p * np.log(p / m) + (1 - b) * q * np.log(q / m)
    np.testing.assert_allclose(found_B, each.sum(axis=1) / (b * (1 - b)))


@pytest.mark.parametrize(("b", "limit"), [(1e-5, SoftenedKL), (1 - 1e-5, ReverseKL)])
def test_its_ends_are_the_two_divergences(
    b: float, limit: type[SoftenedKL] | type[ReverseKL]
) -> None:
    found_B = GeneralisedJS(temperature=3.0, teacher_share=b)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    expected_B = limit(temperature=3.0)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    torch.testing.assert_close(found_B, expected_B, rtol=1e-4, atol=1e-6)


def test_teacher_and_student_change_places_with_the_share() -> None:
    one_B = GeneralisedJS(teacher_share=0.3)(STUDENT_BC, TEACHER_BC, NO_TARGET)
    other_B = GeneralisedJS(teacher_share=0.7)(TEACHER_BC, STUDENT_BC, NO_TARGET)
    torch.testing.assert_close(one_B, other_B)
