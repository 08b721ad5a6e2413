from __future__ import annotations

import numpy as np
import pytest
import torch

from autodistill.activations import Activation
from autodistill.intermediate.cka import CKA
from autodistill.mappings.last import Last
from autodistill.optimisation import Training
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.contracts.intermediate import NARROW, built, seen, value

ONE = NARROW.model_copy(update={"teacher_layers": 1, "student_layers": 1})
COMPONENT = CKA(mapping=Last())


def distance(student_BD: torch.Tensor, teacher_BE: torch.Tensor) -> float:
    (pair,) = COMPONENT.build_pairs(ONE, 1)
    mask_BT = torch.ones(len(student_BD), 1, dtype=torch.bool)
    found_B = pair((student_BD[:, None],), (teacher_BE[:, None],), mask_BT)
    assert (found_B == found_B[0]).all()
    return float(found_B[0])


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_it_is_one_minus_the_alignment_of_centred_means() -> None:
    states = seen(COMPONENT, ONE)
    mask_BT1 = states.mask_BT.numpy()[:, :, None]
    centred = []
    for said in (states.student, states.teacher):
        states_BTD = said.states[Activation("hidden", 1)].double().numpy()
        means_BD = (states_BTD * mask_BT1).sum(axis=1) / mask_BT1.sum(axis=1)
        centred.append(means_BD - means_BD.mean(axis=0))
    s, t = centred
    own = np.linalg.norm(s.T @ s) * np.linalg.norm(t.T @ t)
    expected = 1 - np.linalg.norm(s.T @ t) ** 2 / own
    np.testing.assert_allclose(value(built(COMPONENT, ONE), states), expected, rtol=1e-4)


def test_turns_and_scales_and_shifts_do_not_count() -> None:
    student_BD, teacher_BE = random(20, 12), random(20, 16, seed=1)
    turn_DD, _ = torch.linalg.qr(random(12, 12, seed=2))
    moved_BD = 7 * student_BD @ turn_DD + random(12, seed=3)
    expected = pytest.approx(distance(student_BD, teacher_BE), abs=1e-4)
    assert distance(moved_BD, teacher_BE) == expected
    assert distance(student_BD, 3 * student_BD) == pytest.approx(0, abs=1e-5)


def test_few_examples_make_unrelated_states_look_alike() -> None:
    """The bias of a batch: the same pair of unrelated laws at 8 and at 2000 examples."""
    few, many = (distance(random(n, 12), random(n, 16, seed=1)) for n in (8, 2000))
    assert few < 0.6
    assert many > 0.95


def test_two_examples_are_always_aligned() -> None:
    assert distance(random(2, 12), random(2, 16, seed=1)) == pytest.approx(0, abs=1e-5)


def test_states_that_do_not_vary_are_finite() -> None:
    student_BD = torch.ones(9, 12).requires_grad_()
    (pair,) = COMPONENT.build_pairs(ONE, 1)
    mask_BT = torch.ones(9, 1, dtype=torch.bool)
    found = pair((student_BD[:, None],), (random(9, 1, 16),), mask_BT).mean()
    (slope,) = torch.autograd.grad(found, student_BD)
    assert found == 1
    assert torch.isfinite(slope).all()


def test_fewer_than_8_examples_in_a_batch_are_refused() -> None:
    pipeline = PipelineSpec(intermediate=CKA(), training=Training(batch_size=7))
    (problem,) = pipeline.problems(FACTS)
    assert problem.message == (
        "CKA compares how the examples of a batch lie to each other, so it needs 8; "
        "got training.batch_size=7."
    )
