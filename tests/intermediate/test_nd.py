from __future__ import annotations

import numpy as np
import pytest
import torch

from autodistill.activations import Said
from autodistill.intermediate.nd import ND
from autodistill.task import Task
from autodistill.testing.contracts.components import FACTS, facts_of
from autodistill.testing.contracts.intermediate import NARROW, built
from autodistill.testing.pools import random_pool

POOL = random_pool(FACTS)
LABELS = torch.tensor([0, 1, 2, 1])
ONE_HOT = torch.nn.functional.one_hot(LABELS, 3).float()


def directions() -> torch.Tensor:
    means = np.stack([POOL.penultimate_VE[POOL.labels_V == c].mean(axis=0) for c in range(3)])
    return torch.from_numpy(means / np.linalg.norm(means, axis=1, keepdims=True))


def loss(
    student_VE: torch.Tensor, teacher_VE: torch.Tensor, target_VC: torch.Tensor = ONE_HOT
) -> torch.Tensor:
    objective = ND().build(POOL)
    nothing, mask_BT = torch.zeros(4, 3), torch.ones(4, 2, dtype=torch.bool)
    student, teacher = (Said(nothing, x, {}) for x in (student_VE, teacher_VE))
    return objective(student, teacher, mask_BT, target_VC)


def random(seed: int = 0) -> torch.Tensor:
    return torch.randn(4, 16, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_written_formula_row_by_row() -> None:
    student_VE, teacher_VE = random(), random(1)
    for row, found in enumerate(loss(student_VE, teacher_VE)):
        s, t = student_VE[row].numpy(), teacher_VE[row].numpy()
        longest = max(np.linalg.norm(s), np.linalg.norm(t))
        expected = 1 - s @ directions()[LABELS[row]].numpy() / longest
        assert found.item() == pytest.approx(expected, abs=1e-5)


def test_it_looks_before_the_tanh_that_bounds_features() -> None:
    mine, theirs = random(), random(1)
    nothing, mask_BT = torch.zeros(4, 3), torch.ones(4, 2, dtype=torch.bool)
    student, teacher = (Said(nothing, x.tanh(), {}, x) for x in (mine, theirs))
    found = ND().build(POOL)(student, teacher, mask_BT, ONE_HOT)
    torch.testing.assert_close(found, loss(mine, theirs))


def test_a_longer_student_is_turned_and_a_shorter_one_grows() -> None:
    teacher_VE = random(1)
    longer = (9 * random()).requires_grad_()
    (slope,) = torch.autograd.grad(loss(longer, teacher_VE).sum(), longer)
    torch.testing.assert_close((slope * longer).sum(dim=1), torch.zeros(4), atol=1e-5, rtol=0)
    cosines = torch.cosine_similarity(longer, directions()[LABELS])
    torch.testing.assert_close(loss(longer, teacher_VE), 1 - cosines)
    shorter = (0.1 * random()).requires_grad_()
    (slope,) = torch.autograd.grad(loss(shorter, teacher_VE).sum(), shorter)
    expected = -directions()[LABELS] / teacher_VE.norm(dim=1, keepdim=True)
    torch.testing.assert_close(slope, expected)


def test_it_is_zero_along_the_class_mean_at_the_teachers_norm_and_beyond() -> None:
    teacher_VE = random(1)
    along_VE = directions()[LABELS] * teacher_VE.norm(dim=1, keepdim=True)
    for scale in (1, 3):
        found = loss(scale * along_VE, teacher_VE)
        torch.testing.assert_close(found, torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(loss(-along_VE, teacher_VE), torch.full((4,), 2.0))


def test_a_soft_target_counts_each_class_by_its_share() -> None:
    student_VE, teacher_VE = random(), random(1)
    other = ONE_HOT.roll(1, dims=1)
    mixed = loss(student_VE, teacher_VE, 0.7 * ONE_HOT + 0.3 * other)
    parts = [loss(student_VE, teacher_VE, target) for target in (ONE_HOT, other)]
    torch.testing.assert_close(mixed, 0.7 * parts[0] + 0.3 * parts[1])


def test_a_class_that_the_pool_lacks_pulls_nowhere() -> None:
    pool = random_pool(FACTS, num_examples=2)
    student, teacher = (Said(torch.zeros(4, 3), random(s), {}) for s in (0, 1))
    found = ND().build(pool)(student, teacher, torch.ones(4, 2, dtype=torch.bool), ONE_HOT)
    assert found[2] == 1


def test_a_narrower_student_is_projected() -> None:
    (linear,) = [m for m in built(ND(), NARROW).modules.modules() if hasattr(m, "weight")]
    assert linear.weight.shape == (16, 12)


def test_values_have_no_class_mean() -> None:
    assert ND.unsuitable(facts_of(Task.TEXT_REGRESSION)) is not None
