from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

from autodistill.activations import Said
from autodistill.augmentations.mixup import Mixup
from autodistill.losses.logit_mse import LogitMSE
from autodistill.spec import PipelineSpec
from autodistill.targets import TargetMaker
from autodistill.targets.ordinal import Ordinal
from autodistill.task import Task
from autodistill.testing.contracts.components import facts_of
from autodistill.testing.pools import random_pool

FACTS = facts_of(Task.TEXT_REGRESSION)
VALUES = np.array([-1.5, -0.5, 0.0, 1.0, 2.0])
POOL = replace(random_pool(FACTS, 50), labels_V=np.tile(VALUES, 10))
TARGET_B1 = torch.from_numpy(np.tile(VALUES, 4)).float()[:, None]


def made(**fields: float) -> TargetMaker:
    return Ordinal(weight=1.0, **fields).build(POOL)


def ranked(maker: TargetMaker, score_B: torch.Tensor, target_B1: torch.Tensor) -> torch.Tensor:
    return maker.further(Said(score_B[:, None], torch.zeros(len(score_B), 1), {}), target_B1)


@pytest.mark.parametrize("levels", [[0, 1, 2, 3, 4], [1, 4], [2]])
def test_it_is_the_formula_on_the_levels_of_the_batch(levels: list[int]) -> None:
    score_B = torch.randn(20, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    at = np.isin(np.tile(np.arange(5), 4), levels)
    found_B = ranked(made(delta=0.6, mu=0.2), score_B[at], TARGET_B1[at])
    s, y = score_B[at].numpy(), TARGET_B1[at, 0].numpy()
    mean = {v: s[y == v].mean() for v in VALUES[levels]}
    spread = [np.abs(s[y == v] - mean[v]).mean() for v in VALUES[levels]]
    expected = np.maximum(0, np.array(spread) - 0.2).mean()
    pairs = list(combinations(VALUES[levels], 2))
    if pairs:
        apart = [max(0.0, 0.6 * (j - i) - abs(mean[i] - mean[j])) for i, j in pairs]
        order = [max(0.0, mean[i] - mean[j]) for i, j in pairs]
        expected += np.mean(apart) + np.mean(order)
    np.testing.assert_allclose(found_B, np.full(at.sum(), expected))


def test_true_values_cost_nothing_and_have_no_slope() -> None:
    score_B = TARGET_B1[:, 0].clone().requires_grad_()
    found_B = ranked(made(delta=1.0, mu=0.0), score_B, TARGET_B1)
    assert found_B.abs().max() < 1e-6
    (slope_B,) = torch.autograd.grad(ranked(made(), score_B, TARGET_B1).sum(), score_B)
    assert not slope_B.any()


def test_the_wrong_order_costs_more_than_none() -> None:
    backwards_B, flat_B = -TARGET_B1[:, 0], torch.zeros(20)
    assert ranked(made(), backwards_B, TARGET_B1)[0] > ranked(made(), flat_B, TARGET_B1)[0] > 0


def test_targets_are_the_labels() -> None:
    assert torch.equal(made()(torch.arange(20), TARGET_B1, 0.5), TARGET_B1)


@pytest.mark.parametrize("levels", [0, 1, 21])
def test_what_is_not_a_few_levels_is_refused(levels: int) -> None:
    assert Ordinal.unsuitable(FACTS.model_copy(update={"num_levels": levels})) == (
        "ordinal needs 2 to 20 distinct values among the training labels; "
        f"got {levels}, round them to levels."
    )


def test_classes_are_refused() -> None:
    assert Ordinal.unsuitable(facts_of(Task.TEXT_CLASSIFICATION)) == (
        "ordinal serves text_regression, not text_classification."
    )


def test_mixed_labels_are_refused() -> None:
    pipeline = PipelineSpec(loss=LogitMSE(), targets=Ordinal(), augmentation=Mixup())
    (problem,) = pipeline.problems(FACTS)
    assert problem.message == (
        "ordinal ranks levels, so labels must not be mixed; got augmentation mixup, choose another."
    )
