from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.augmentations._mixing import drawn
from autodistill.augmentations.mixup import Mixup
from autodistill.models.lessons import Lesson, Scene
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool
from autodistill.testing.scenes import STATES, tiny_classifier, tiny_scene


@pytest.mark.parametrize("mixed_fraction", [0.0, 0.25, 0.5, 1.0])
def test_exactly_the_fraction_is_mixed_and_never_with_itself(mixed_fraction: float) -> None:
    for seed in range(20):
        mix = drawn(32, 0.4, mixed_fraction, np.random.default_rng(seed))
        assert int((mix.share_B < 1).sum()) == 32 * mixed_fraction
        assert (mix.partner_B != torch.arange(32)).all()
        assert sorted(mix.partner_B.tolist()) == list(range(32))


@pytest.mark.parametrize("beta", [0.2, 1.0])
def test_shares_follow_the_beta_distribution(beta: float) -> None:
    rng = np.random.default_rng(0)
    share = drawn(20_000, beta, 1.0, rng).share_B.numpy()
    assert np.mean(share) == pytest.approx(0.5, abs=0.02)
    assert np.var(share) == pytest.approx(1 / (4 * (2 * beta + 1)), abs=0.01)


def test_partners_are_drawn_anew_and_all_alike() -> None:
    rng = np.random.default_rng(0)
    partners = [int(drawn(5, 0.4, 0.5, rng).partner_B[0]) for _ in range(2000)]
    share = np.bincount(partners, minlength=5) / 2000
    assert share[0] == 0
    np.testing.assert_allclose(share[1:], 0.25, atol=0.05)


def test_a_mixed_target_costs_the_mixture_of_both_costs() -> None:
    rng = np.random.default_rng(0)
    mix = drawn(8, 0.4, 1.0, rng)
    label_BC = np.eye(3, dtype=np.float32)[rng.integers(3, size=8)]
    log_q_BC = np.log(rng.dirichlet(np.ones(3), 8))
    share_B, partner_B = mix.share_B.numpy(), mix.partner_B.numpy()
    target_BC = mix(torch.from_numpy(label_BC)).numpy()
    cost = -(target_BC * log_q_BC).sum(axis=1)
    own = -(label_BC * log_q_BC).sum(axis=1)
    other = -(label_BC[partner_B] * log_q_BC).sum(axis=1)
    np.testing.assert_allclose(cost, share_B * own + (1 - share_B) * other, rtol=1e-5)
    np.testing.assert_allclose(target_BC.sum(axis=1), 1, rtol=1e-6)


def lesson(scene: Scene, seed: int = 0, **settings: Any) -> Lesson:
    augmenting = Mixup.model_validate(settings).build(random_pool(FACTS))
    return augmenting(scene, np.random.default_rng(seed))


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return tiny_scene(tiny_classifier(tmp_path, seed=1), tiny_classifier(tmp_path, seed=2))


@pytest.mark.parametrize("sides", ["both", "student"])
def test_mixing_nothing_is_the_plain_lesson(scene: Scene, sides: str) -> None:
    plain, mixed = scene.plain(), lesson(scene, mixed_fraction=0.0, sides=sides)
    assert torch.equal(mixed.target_VC, plain.target_VC)
    assert torch.equal(mixed.student_mask_BT, plain.student_mask_BT)
    torch.testing.assert_close(mixed.teacher.logits_VC, plain.teacher.logits_VC)
    for state in STATES:
        torch.testing.assert_close(mixed.teacher.states[state], plain.teacher.states[state])


def test_both_sides_read_the_same_mixtures_in_their_own_embeddings(scene: Scene) -> None:
    mixed = lesson(scene, mixed_fraction=1.0, beta=1.0)
    mix = drawn(6, 1.0, 1.0, np.random.default_rng(0))
    said = scene.teacher.says(
        scene.teacher.inputs(mix(scene.teacher.vectors()), mixed.student_mask_BT)
    )
    torch.testing.assert_close(mixed.teacher.logits_VC, said.logits_VC)
    torch.testing.assert_close(mixed.inputs["inputs_embeds"], mix(scene.student.vectors()))
    parents = scene.plain().student_mask_BT
    assert torch.equal(mixed.student_mask_BT, parents | parents[mix.partner_B])


def test_for_the_students_side_alone_the_teachers_cache_is_mixed_and_nobody_calls_it(
    scene: Scene,
) -> None:
    mix = drawn(6, 0.4, 1.0, np.random.default_rng(0))
    known = scene.plain().teacher

    def nobody() -> Any:
        raise AssertionError("The teacher was called.")

    alone = replace(scene, call_teacher=nobody, recall=lambda: known)
    mixed = lesson(alone, mixed_fraction=1.0, sides="student")
    share_B1 = mix.share_B[:, None]
    expected = share_B1 * known.logits_VC + (1 - share_B1) * known.logits_VC[mix.partner_B]
    torch.testing.assert_close(mixed.teacher.logits_VC, expected)
    assert not torch.allclose(expected, known.logits_VC, atol=1e-2)
    both = lesson(scene, mixed_fraction=1.0)
    assert all(torch.equal(mixed.inputs[k], both.inputs[k]) for k in both.inputs)
    assert torch.equal(mixed.target_VC, both.target_VC)
