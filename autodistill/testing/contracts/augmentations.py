"""What an augmentation promises. Letters: B examples, T tokens, V rows, C outputs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from autodistill.augmentations import Augmentation, Resources, RewritingAugmentation
from autodistill.lazy import torch
from autodistill.models.lessons import Lesson, Scene
from autodistill.testing.contracts.components import FACTS, ComponentContract, settings
from autodistill.testing.pools import random_pool
from autodistill.testing.rewriters import tiny_masked_lm, tiny_translator
from autodistill.testing.scenes import tiny_classifier, tiny_scene

TEXTS = ("", " ", "word", "two words", "a cat sat on the old mat, naïvely.", "x " * 300)
STEPS = 3


def generators(seed: int, size: int) -> list[np.random.Generator]:
    """Return one for each text."""
    return [np.random.default_rng([seed, i]) for i in range(size)]


class AugmentationContract(ComponentContract):
    """Holds of every augmentation; inherit and override `variant`."""

    @pytest.fixture
    @override
    def variant(self) -> type[Augmentation]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return an augmentation.")

    @pytest.fixture
    def models(self, tmp_path: Path) -> tuple[Any, Any]:
        """A student and another teacher."""
        return tiny_classifier(tmp_path, seed=1), tiny_classifier(tmp_path, seed=2)

    @staticmethod
    def _rewritings(variant: type[Augmentation]) -> Iterator[RewritingAugmentation]:
        for augmentation in settings(variant):
            if isinstance(augmentation, RewritingAugmentation):
                yield augmentation

    @pytest.fixture
    def resources(self, tmp_path: Path) -> Resources:
        """Small models that rewrite texts."""
        there, back = (tiny_translator(tmp_path / x, seed=i) for i, x in enumerate(("to", "fro")))
        return Resources(tiny_masked_lm(tmp_path / "masked_lm"), (there, back))

    def test_a_text_with_words_stays_one(
        self, variant: type[Augmentation], resources: Resources
    ) -> None:
        for augmentation in self._rewritings(variant):
            copies = augmentation.rewrite(TEXTS, generators(0, len(TEXTS)), resources)
            assert len(copies) == len(TEXTS)
            for made, text in zip(copies, TEXTS, strict=True):
                assert bool(made.split()) == bool(text.split()), augmentation

    def test_texts_are_rewritten_by_their_own_random_numbers_whatever_else_is(
        self, variant: type[Augmentation], resources: Resources
    ) -> None:
        for augmentation in self._rewritings(variant):
            together = augmentation.rewrite(TEXTS, generators(5, len(TEXTS)), resources)
            alone = [
                augmentation.rewrite([text], [rng], resources)[0]
                for text, rng in zip(TEXTS, generators(5, len(TEXTS)), strict=True)
            ]
            assert list(together) == alone, augmentation
            again = augmentation.rewrite(TEXTS[::-1], generators(5, len(TEXTS))[::-1], resources)
            assert list(again)[::-1] == alone, augmentation

    @staticmethod
    def _lessons(augmentation: Augmentation, scene: Scene) -> list[Lesson]:
        """Return what a few steps are about, the student unchanged."""
        torch.manual_seed(0)
        rng = np.random.default_rng(0)
        augmenting = augmentation.build(random_pool(FACTS))
        lessons = []
        for _ in range(STEPS):
            lesson = augmenting(scene, rng)
            augmenting.observe(scene.student.says(lesson.inputs), lesson)
            lessons.append(lesson)
        return lessons

    def test_a_lesson_is_whole_and_its_gradient_is_the_students(
        self, variant: type[Augmentation], models: tuple[Any, Any]
    ) -> None:
        student, teacher = models
        scene = tiny_scene(student, teacher)
        for augmentation in settings(variant):
            for lesson in self._lessons(augmentation, scene):
                rows = len(scene.target_VC) * len(lesson.weights)
                assert lesson.target_VC.shape == (rows, 3)
                assert lesson.teacher.logits_VC.shape == (rows, 3)
                assert lesson.student_mask_BT.shape == lesson.teacher_mask_BT.shape
                assert lesson.weights[0] == 1
                assert all(weight >= 0 for weight in lesson.weights)
                assert not lesson.teacher.logits_VC.requires_grad
                said = scene.student.says(lesson.inputs)
                assert said.logits_VC.shape == (rows, 3)
                assert all(len(x) == rows for x in (*said.states.values(), said.features_VE))
                assert not any(p.grad is not None for m in models for p in m.parameters())

    def test_a_step_leaves_the_models_as_they_are(
        self, variant: type[Augmentation], models: tuple[Any, Any]
    ) -> None:
        student, teacher = models
        student.train()
        before = [p.clone() for m in models for p in m.parameters()]
        for augmentation in settings(variant):
            self._lessons(augmentation, tiny_scene(student, teacher))
            assert student.training
            assert all(p.requires_grad for p in student.parameters())
            after = [p for m in models for p in m.parameters()]
            assert all(map(torch.equal, before, after))

    def test_only_what_mixes_changes_the_first_part(
        self, variant: type[Augmentation], models: tuple[Any, Any]
    ) -> None:
        scene = tiny_scene(*models)
        plain = scene.student.says(scene.plain().inputs)
        for augmentation in settings(variant):
            lesson = self._lessons(augmentation, scene)[0]
            said_VC = lesson.labelled(scene.student.says(lesson.inputs).logits_VC)
            same = torch.allclose(said_VC, plain.logits_VC, atol=1e-5)
            assert same != variant.mixes, augmentation
            if same:
                assert torch.equal(lesson.labelled(lesson.target_VC), scene.target_VC)

    def test_changed_parts_have_the_teachers_word_for_a_target(
        self, variant: type[Augmentation], models: tuple[Any, Any]
    ) -> None:
        scene = tiny_scene(*models)
        for augmentation in settings(variant):
            for lesson in self._lessons(augmentation, scene):
                targets = lesson.target_VC.chunk(len(lesson.weights))
                said = lesson.teacher.logits_VC.softmax(dim=1).chunk(len(lesson.weights))
                assert all(map(torch.equal, targets[1:], said[1:])), augmentation

    def test_the_seed_decides_and_a_resumed_one_goes_on(
        self, variant: type[Augmentation], models: tuple[Any, Any]
    ) -> None:
        scene = tiny_scene(*models)
        for augmentation in settings(variant):
            first, again = (self._lessons(augmentation, scene) for _ in range(2))
            for one, other in zip(first, again, strict=True):
                assert all(torch.equal(v, other.inputs[k]) for k, v in one.inputs.items())
            torch.manual_seed(0)
            whole = augmentation.build(random_pool(FACTS))
            whole(scene, np.random.default_rng(0))
            resumed = augmentation.build(random_pool(FACTS))
            resumed.load_state_dict(copy.deepcopy(whole.state_dict()))  # as from disk
            nexts = []
            for augmenting in (whole, resumed):
                torch.manual_seed(1)
                nexts.append(augmenting(scene, np.random.default_rng(1)))
            one, other = nexts
            assert all(torch.equal(v, other.inputs[k]) for k, v in one.inputs.items())
