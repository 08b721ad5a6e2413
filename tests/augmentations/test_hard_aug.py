from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from autodistill.augmentations._augmentors import AffineMap, Shift
from autodistill.augmentations._base import divergence
from autodistill.augmentations._hardening import Hardening
from autodistill.augmentations.hard_aug import HardAug
from autodistill.errors import Problem
from autodistill.models.lessons import Lesson, Scene
from autodistill.spec import PipelineSpec
from autodistill.testing.contracts.components import FACTS
from autodistill.testing.pools import random_pool
from autodistill.testing.scenes import tiny_classifier, tiny_scene


@pytest.fixture
def models(tmp_path: Path) -> tuple[Any, Any]:
    return tiny_classifier(tmp_path, seed=1), tiny_classifier(tmp_path, seed=2)


@pytest.fixture
def scene(models: tuple[Any, Any]) -> Scene:
    return tiny_scene(*models)


def built(**settings: Any) -> Hardening:
    torch.manual_seed(0)
    made = HardAug.model_validate(settings).build(random_pool(FACTS))
    assert isinstance(made, Hardening)
    return made


def lesson(hardening: Hardening, scene: Scene) -> Lesson:
    return hardening(scene, np.random.default_rng(0))


def gain(hardening: Hardening, scene: Scene, seed: int = 3) -> torch.Tensor:
    torch.manual_seed(seed)
    hardening.augmentor.modules.requires_grad_(requires_grad=True)
    return hardening.gain(scene, scene.student.vectors().detach(), scene.teacher.vectors())


def test_a_radius_of_zero_is_the_identity(scene: Scene) -> None:
    made = lesson(built(radius=0.0), scene)
    own, changed = made.inputs["inputs_embeds"].chunk(2)
    assert torch.equal(own, changed)
    one_VC, other_VC = made.teacher.logits_VC.chunk(2)
    torch.testing.assert_close(one_VC, other_VC, atol=1e-5, rtol=1e-5)
    pixels = torch.rand(2, 3, 16, 16)
    moved, also = AffineMap(3)(pixels, pixels[:, :, :12, :12], 0.0)
    torch.testing.assert_close(moved, pixels[:, :, :12, :12], atol=1e-5, rtol=0)
    torch.testing.assert_close(also, pixels, atol=1e-5, rtol=0)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
def test_a_change_is_shorter_than_the_radius_and_the_same_for_equal_widths(scale: float) -> None:
    shift, vectors = Shift(16, 16), torch.randn(3, 5, 16)
    with torch.no_grad():
        for head in shift.modules.values():
            for parameter in head.parameters():
                parameter.mul_(scale)
    own, theirs = shift(vectors, 2 * vectors, 0.2)
    lengths = (theirs - vectors).norm(dim=-1) / vectors.norm(dim=-1)
    assert (lengths < 0.2).all()
    assert lengths.max() > 0.05
    torch.testing.assert_close(own, 2 * theirs)
    assert [x.shape for x in Shift(16, 8)(vectors, torch.randn(3, 5, 8), 0.2)] == [
        (3, 5, 8),
        (3, 5, 16),
    ]


def test_an_affine_map_moves_teachers_and_students_images_alike() -> None:
    torch.manual_seed(0)
    pixels = torch.nn.functional.interpolate(torch.rand(4, 1, 4, 4), 32, mode="bicubic")
    own, theirs = AffineMap(1)(pixels, pixels + 1, 0.3)
    torch.testing.assert_close(own, theirs + 1, atol=1e-5, rtol=1e-5)
    assert (theirs - pixels).abs().mean() > 0.01


def test_a_student_that_is_its_teacher_gives_the_disagreement_no_gradient(
    tmp_path: Path,
) -> None:
    twin = [tiny_classifier(tmp_path / str(i), seed=1) for i in range(2)]
    scene = tiny_scene(*twin)
    hardening = built(teacher_weight=0.0, distance_weight=0.0)
    lesson(hardening, scene)
    parameters = list(hardening.augmentor.modules.parameters())
    value = gain(hardening, scene)
    slopes = torch.autograd.grad(value, parameters)
    assert value.item() == pytest.approx(0, abs=1e-6)
    assert all(slope.abs().max() < 1e-5 for slope in slopes)


def test_linear_models_are_told_apart_along_the_difference_of_their_weights() -> None:
    torch.manual_seed(0)
    teacher, student = torch.randn(5, 1), torch.randn(5, 1)
    x = torch.randn(1, 5, requires_grad=True)
    gap = divergence(x @ teacher, x @ student, 1.0, classes=False).sum()
    (slope,) = torch.autograd.grad(gap, x)
    cosine = torch.nn.functional.cosine_similarity(slope, (teacher - student).T)
    assert cosine.abs().item() == pytest.approx(1, abs=1e-5)


def test_the_divergence_is_that_of_kl_div() -> None:
    one, other = torch.randn(2, 6, 4)
    expected = 9 * torch.nn.functional.kl_div(
        torch.log_softmax(other / 3, 1), torch.softmax(one / 3, 1), reduction="none"
    ).sum(1)
    torch.testing.assert_close(divergence(one, other, 3.0, classes=True), expected)


@pytest.mark.parametrize("objective", ["disagreement", "sensitivity"])
def test_the_gain_is_the_objective_that_is_documented(scene: Scene, objective: str) -> None:
    hardening = built(objective=objective, teacher_weight=0.7, distance_weight=0.4)
    lesson(hardening, scene)
    value = gain(hardening, scene)
    torch.manual_seed(3)
    own, theirs = scene.student.vectors(), scene.teacher.vectors()
    changed_own, changed_theirs = hardening.augmentor(theirs, own, 0.1)

    def kl(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
        return divergence(one, other, 2.0, classes=True).mean()

    def says(reading: Any, vectors: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = reading.says(reading.inputs(vectors)).logits_VC
        return logits

    plain, after = says(scene.teacher, theirs), says(scene.teacher, changed_theirs)
    student = says(scene.student, changed_own)
    wanted = kl(after, student)
    if objective == "sensitivity":
        wanted = kl(says(scene.student, own), student)
    length = (changed_theirs - theirs).square().sum() / theirs.square().sum()
    expected = wanted - 0.7 * kl(plain, after) - 0.4 * length
    torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-4)


def learnt(scene: Scene, steps: int, **settings: Any) -> tuple[float, float]:
    """Return how far apart student and teacher are, and how far the teacher has moved."""
    hardening = built(student_steps=1, augmentor_rate=1e-2, radius=0.3, **settings)
    last = lesson(hardening, scene)
    for _ in range(steps - 1):
        last = lesson(hardening, scene)
    student_VC = scene.student.says(last.inputs).logits_VC.chunk(2)[1]
    before_VC, after_VC = last.teacher.logits_VC.chunk(2)

    def kl(one: torch.Tensor, other: torch.Tensor) -> float:
        return divergence(one, other, 2.0, classes=True).mean().item()

    return kl(after_VC, student_VC), kl(before_VC, after_VC)


def test_augmentor_steps_make_disagreement_and_a_weight_holds_the_teacher_still(
    scene: Scene,
) -> None:
    first, _ = learnt(scene, 1, teacher_weight=0.0)
    free, moved = learnt(scene, 60, teacher_weight=0.0)
    _, held = learnt(scene, 60, teacher_weight=10.0)
    assert free > 1.2 * first
    assert held < 0.5 * moved


def test_the_augmentor_learns_between_the_students_steps_and_never_in_them(scene: Scene) -> None:
    hardening = built(student_steps=4)
    changes = []
    lesson(hardening, scene)
    for _ in range(8):
        parameters = list(hardening.augmentor.modules.parameters())
        before = [p.clone() for p in parameters]
        made = lesson(hardening, scene)
        loss = scene.student.says(made.inputs).logits_VC.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        assert all(p.grad is None and not p.requires_grad for p in parameters)
        changes.append(not all(map(torch.equal, before, parameters)))
    assert changes == [False, False, True, False, False, False, True, False]


def test_the_changed_half_has_no_labels_and_its_weight(scene: Scene) -> None:
    made = lesson(built(weight=0.5), scene)
    assert made.weights == (1.0, 0.5)
    assert len(made.labelled(made.target_VC)) == len(scene.target_VC)
    values = torch.arange(12.0)
    assert made.mean(values).item() == pytest.approx(2.5 + 0.5 * 8.5)
    assert made.labelled(values).tolist() == [0, 1, 2, 3, 4, 5]


def test_alternation_by_ratio_learns_from_below_the_lower_to_above_the_upper_bound(
    scene: Scene,
) -> None:
    hardening = built(alternation="ratio")
    made = lesson(hardening, scene)
    far = torch.zeros_like(made.teacher.logits_VC)
    said = scene.student.says(made.inputs)

    def after(plain: float, changed: float) -> bool:
        """Observe squared errors of these sizes, as if they were the running means."""
        hardening.hardness = torch.zeros(2)
        hardening.rules = replace(hardening.rules, classes=False)
        halves = torch.tensor([plain, changed]).sqrt().repeat_interleave(6)
        student_VC = far.clone()
        student_VC[:, 0] = halves
        seen = replace(made, teacher=replace(made.teacher, logits_VC=far))
        hardening.observe(replace(said, logits_VC=student_VC), seen)
        return hardening.learns

    courses = [after(1, ratio) for ratio in (2.0, 2.9, 3.1, 2.0, 1.3, 1.1, 2.0)]
    assert courses == [True, True, False, False, False, True, True]


def test_what_it_cannot_serve_is_refused() -> None:
    apart = FACTS.model_copy(update={"shared_tokenizer": False})
    assert HardAug.unsuitable(apart) == (
        "hard_aug changes token by token, so teacher and student must share a tokenizer."
    )
    alone = PipelineSpec.model_validate(
        {"augmentation": {"kind": "hard_aug"}, "loss": {"kind": "none"}}
    )
    message = (
        "hard_aug has no labels for changed inputs, so the teacher must say something; got loss "
        "none and intermediate none, choose one of them or no hard_aug."
    )
    assert alone.problems(FACTS) == [Problem(field="augmentation", message=message)]
    taught = PipelineSpec.model_validate({"augmentation": {"kind": "hard_aug"}})
    assert taught.problems(FACTS) == []
    assert taught.without_teacher().problems(FACTS) == []
    assert taught.without_teacher().augmentation.kind == "none"
