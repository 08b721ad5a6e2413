from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.augmentations._base import divergence
from autodistill.augmentations._policy import EDITS, Editing, Policy, editable, edited
from autodistill.augmentations.policy_aug import PolicyAug
from autodistill.models.lessons import Lesson, Scene
from autodistill.models.tokens import TokenBatch
from autodistill.task import Task
from autodistill.testing.contracts.components import FACTS, facts_of
from autodistill.testing.pools import random_pool
from autodistill.testing.scenes import tiny_batch, tiny_classifier, tiny_scene


@pytest.mark.parametrize("better", [0, 1])
def test_of_two_arms_the_better_is_found(better: int) -> None:
    policy, rng = Policy(2, rate=0.1, entropy_weight=0.01), np.random.default_rng(0)
    for _ in range(200):
        edit_N = policy.draw(64, rng)
        policy.learn(edit_N, 5.0 + (edit_N == better) + rng.normal(size=64))
    assert policy.chances[better] > 0.9


def test_without_a_difference_in_reward_it_stays_at_its_prior() -> None:
    policy, rng = Policy(4, rate=0.5, entropy_weight=0.01), np.random.default_rng(0)
    for _ in range(100):
        policy.learn(policy.draw(64, rng), np.full(64, 0.3))
    np.testing.assert_allclose(policy.chances, 0.25, atol=1e-6)


def test_an_update_is_the_gradient_of_reinforce_and_entropy() -> None:
    policy = Policy(3, rate=1.0, entropy_weight=0.2)
    policy.preference_A = np.array([0.3, -0.2, 0.5])
    policy.mean, policy.square, policy.updates = 1.0, 2.0, 1
    edit_N, reward_N = np.array([0, 2, 2, 1]), np.array([1.5, 0.0, 3.0, 1.0])
    preference = torch.tensor(policy.preference_A, requires_grad=True)
    log = torch.log_softmax(preference, dim=0)
    surrogate = (torch.from_numpy(reward_N - 1.0) * log[torch.from_numpy(edit_N)]).mean()
    entropy = -(log.exp() * log).sum()
    (slope,) = torch.autograd.grad(surrogate + 0.2 * entropy, preference)
    before = policy.preference_A.copy()
    policy.learn(edit_N, reward_N)
    np.testing.assert_allclose(policy.preference_A - before, slope.numpy())
    assert policy.mean == pytest.approx(0.9 + 0.1 * reward_N.mean())


def test_entropy_pulls_a_lopsided_policy_back() -> None:
    policy = Policy(2, rate=1.0, entropy_weight=0.5)
    policy.preference_A = np.array([3.0, 0.0])
    for _ in range(200):
        policy.learn(np.array([0, 1]), np.ones(2))
    np.testing.assert_allclose(policy.chances, 0.5, atol=0.01)


def words(batch: TokenBatch, row: int) -> list[int]:
    ids: list[int] = batch.ids_BT[row][batch.mask_BT[row]].tolist()
    return ids


@pytest.mark.parametrize("edit", range(len(EDITS)), ids=lambda e: f"{EDITS[e]}")
def test_an_edit_does_what_it_says_and_leaves_special_tokens_alone(edit: int) -> None:
    kind, share = EDITS[edit]
    batch = tiny_batch(num_examples=12, length=24, seed=1)
    for seed in range(5):
        torch.manual_seed(seed)
        changed = edited(batch, np.full(12, edit))
        for row in range(12):
            before, after = words(batch, row), words(changed, row)
            free = int(editable(batch)[row].sum())
            number = max(1, round(share * free))
            assert (after[0], after[-1]) == (2, 3)
            if kind == "swap":
                assert sorted(before) == sorted(after)
                moved = sum(a != b for a, b in zip(before, after, strict=True))
                assert moved <= 2 * number
            else:
                assert len(before) - len(after) == (number if free > 1 else 0)
            if kind == "mask":
                assert torch.equal(changed.ids_BT[row], batch.ids_BT[row])
            if kind == "delete":
                assert changed.mask_BT[row].diff().int().sum() == batch.mask_BT[row].diff().sum()


def test_some_words_are_swapped() -> None:
    batch = tiny_batch(num_examples=12, length=24, seed=1)
    torch.manual_seed(0)
    changed = edited(batch, np.full(12, EDITS.index(("swap", 0.3))))
    assert sum(words(batch, row) != words(changed, row) for row in range(12)) >= 10


def test_what_parts_a_pair_is_no_word() -> None:
    ids_BT = torch.tensor([[2, 7, 8, 3, 9, 10, 3, 0]])
    mask_BT = torch.tensor([[True] * 7 + [False]])
    batch = TokenBatch(ids_BT, 0 * ids_BT, mask_BT, np.arange(7), np.arange(1), None)
    assert editable(batch).tolist() == [[False, True, True, False, True, True, False, False]]


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return tiny_scene(tiny_classifier(tmp_path, seed=1), tiny_classifier(tmp_path, seed=2))


def built(**settings: Any) -> Editing:
    torch.manual_seed(0)
    made = PolicyAug.model_validate(settings).build(random_pool(FACTS))
    assert isinstance(made, Editing)
    return made


def test_rewards_are_what_is_documented_and_are_gathered_for_an_update(scene: Scene) -> None:
    editing, rng = built(update_every=2, teacher_weight=0.5), np.random.default_rng(0)
    lesson: Lesson = editing(scene, rng)
    said = scene.student.says(lesson.inputs)
    editing.observe(said, lesson)
    before, after = lesson.teacher.logits_VC.chunk(2)
    student = said.logits_VC.detach().chunk(2)[1]
    expected = divergence(after, student, 1.0, classes=True) - 0.5 * divergence(
        before, after, 1.0, classes=True
    )
    np.testing.assert_allclose(editing.rewards, expected.numpy(), rtol=1e-5)
    assert not editing.policy.preference_A.any()
    lesson = editing(scene, rng)
    editing.observe(scene.student.says(lesson.inputs), lesson)
    assert editing.policy.preference_A.any()
    assert editing.rewards == editing.edits == []


def test_student_and_teacher_read_the_same_edited_texts(scene: Scene) -> None:
    lesson = built()(scene, np.random.default_rng(0))
    halves = [{k: v.chunk(2)[i] for k, v in lesson.inputs.items()} for i in range(2)]
    torch.testing.assert_close(
        lesson.teacher.logits_VC, torch.cat([scene.teacher.says(h).logits_VC for h in halves])
    )
    assert not torch.equal(halves[0]["attention_mask"], halves[1]["attention_mask"])


def test_what_it_cannot_serve_is_refused() -> None:
    apart = facts_of(Task.TEXT_REGRESSION).model_copy(update={"shared_tokenizer": False})
    assert PolicyAug.unsuitable(apart) == (
        "policy_aug changes token by token, so teacher and student must share a tokenizer."
    )
