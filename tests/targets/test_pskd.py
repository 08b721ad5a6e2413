from __future__ import annotations

import pytest
import torch

from autodistill.augmentations.mixup import Mixup
from autodistill.optimisation import Training
from autodistill.spec import PipelineSpec
from autodistill.targets.label_smoothing import LabelSmoothing
from autodistill.targets.pskd import PSKD
from autodistill.task import Task
from autodistill.testing.contracts.components import FACTS, facts_of
from autodistill.testing.pools import random_pool

POOL = random_pool(FACTS)
IDS = torch.arange(4)
LABELS = torch.eye(3)[[0, 1, 2, 0]]
SAID = torch.tensor([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4], [0.2, 0.5, 0.3]])


def test_before_any_prediction_the_label_stands() -> None:
    assert torch.equal(PSKD(alpha=1.0).build(POOL)(IDS, LABELS, 1.0), LABELS)


@pytest.mark.parametrize("progress", [0.25, 0.35, 1.0])
def test_the_weight_of_the_previous_prediction_grows_up_to_alpha(progress: float) -> None:
    maker = PSKD(alpha=0.4).build(POOL)
    maker.observe(IDS, SAID)
    share = 0.4 * progress
    expected_BC = (1 - share) * LABELS + share * SAID
    torch.testing.assert_close(maker(IDS, LABELS, progress), expected_BC)


def test_a_prediction_is_remembered_by_the_example_and_replaced_by_the_next() -> None:
    maker = PSKD(alpha=1.0).build(POOL)
    maker.observe(torch.tensor([2, 0]), SAID[:2])
    expected = torch.stack([SAID[1], LABELS[1], SAID[0], LABELS[3]])
    torch.testing.assert_close(maker(IDS, LABELS, 1.0), expected)
    maker.observe(torch.tensor([0]), SAID[3:])
    torch.testing.assert_close(maker(IDS[:1], LABELS[:1], 1.0), SAID[3:])


def test_a_uniform_student_makes_it_label_smoothing() -> None:
    maker, smoothed = PSKD(alpha=0.3).build(POOL), LabelSmoothing(smoothing=0.3).build(POOL)
    maker.observe(IDS, torch.full((4, 3), 1 / 3))
    torch.testing.assert_close(maker(IDS, LABELS, 1.0), smoothed(IDS, LABELS, 1.0))


def test_with_its_targets_the_slope_is_prediction_minus_target() -> None:
    maker = PSKD(alpha=0.4).build(POOL)
    maker.observe(IDS, SAID)
    logits_BC = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    target_BC = maker(IDS, LABELS, 1.0)
    cost = -(target_BC * logits_BC.log_softmax(dim=1)).sum()
    (slope_BC,) = torch.autograd.grad(cost, logits_BC)
    torch.testing.assert_close(slope_BC, logits_BC.detach().softmax(dim=1) - target_BC)


def test_for_regression_scores_take_the_place_of_probabilities() -> None:
    maker = PSKD(alpha=0.5).build(random_pool(facts_of(Task.TEXT_REGRESSION)))
    maker.observe(torch.tensor([1]), torch.tensor([[4.0]]))
    made = maker(torch.tensor([0, 1]), torch.tensor([[1.0], [2.0]]), 1.0)
    assert made.tolist() == [[1.0], [3.0]]


def test_fewer_than_2_epochs_are_refused() -> None:
    (problem,) = PipelineSpec(targets=PSKD(), training=Training(num_epochs=1)).problems(FACTS)
    assert problem.field == "targets"
    assert problem.message == (
        "PS-KD learns from the epoch before, so it needs at least 2 epochs; "
        "got training.num_epochs=1."
    )


def test_mixed_inputs_are_refused() -> None:
    (problem,) = PipelineSpec(targets=PSKD(), augmentation=Mixup()).problems(FACTS)
    assert problem.message == (
        "PS-KD remembers predictions on unmixed inputs, so inputs must not be mixed; "
        "got augmentation mixup, choose another."
    )
