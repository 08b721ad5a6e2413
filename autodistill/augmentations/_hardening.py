"""An augmentor that is trained against the student. Letters: B examples, T tokens, V rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from typing_extensions import override

from autodistill.activations import Said
from autodistill.augmentations._augmentors import augmentor
from autodistill.augmentations._base import Unchanged, divergence, told
from autodistill.lazy import torch
from autodistill.models.lessons import Lesson, Scene

BOUNDS = (1.2, 3.0)
"""Of how much harder changed inputs are than the examples: it learns from below the one until
above the other."""
DECAY = 0.9
"""Of the running means of both."""


@dataclass(frozen=True)
class Rules:
    """The settings of `HardAug`, and whether outputs are of classes."""

    weight: float
    radius: float
    objective: str
    teacher_weight: float
    distance_weight: float
    temperature: float
    alternation: str
    student_steps: int
    augmentor_rate: float
    classes: bool

    def divergence(self, one_VC: torch.Tensor, other_VC: torch.Tensor) -> torch.Tensor:
        """Return how far the other outputs are from the first, a mean over rows."""
        return divergence(one_VC, other_VC, self.temperature, classes=self.classes).mean()


class Hardening(Unchanged):
    """Changes inputs by a network of its own, which learns between the student's steps."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self.steps = 0
        self.hardness = torch.zeros(2)  # running means of D on the examples and on changed inputs
        self.learns = True
        self.augmentor: Any = None  # made when the first batch shows its shapes
        self.adam: Any = None

    @override
    def __call__(self, scene: Scene, rng: np.random.Generator) -> Lesson:
        own, theirs = scene.student.vectors(), scene.teacher.vectors()
        if self.augmentor is None:
            self._make([*theirs.shape], [*own.shape])
        turn = self.steps % self.rules.student_steps == self.rules.student_steps - 1
        if self.learns if self.rules.alternation == "ratio" else turn:
            self._learn(scene, own.detach(), theirs)
        self.steps += 1
        changed_own, changed_theirs = self.augmentor(theirs, own, self.rules.radius)
        with torch.no_grad():
            said = scene.teacher.says(scene.teacher.inputs(changed_theirs))
        plain = replace(scene.plain(), inputs=scene.student.inputs(own))
        inputs, target_VC = (
            scene.student.inputs(changed_own),
            told(said, classes=self.rules.classes),
        )
        changed = replace(plain, inputs=inputs, teacher=said, target_VC=target_VC)
        return plain.followed_by(changed, self.rules.weight)

    @override
    def observe(self, student: Said, lesson: Lesson) -> None:
        student_VC, teacher_VC = student.logits_VC.detach(), lesson.teacher.logits_VC
        halves = zip(student_VC.chunk(2), teacher_VC.chunk(2), strict=True)
        now = torch.stack([self.rules.divergence(t, s) for s, t in halves]).cpu()
        self.hardness = now if not self.hardness.any() else now.lerp(self.hardness, DECAY)
        ratio = float(self.hardness[1] / self.hardness[0].clamp_min(1e-12))
        low, high = BOUNDS
        self.learns = ratio < low if not self.learns else ratio <= high

    def _learn(self, scene: Scene, own: torch.Tensor, theirs: torch.Tensor) -> None:
        """Go one step up the augmentor's objective, teacher and student held still."""
        with _still(scene.student.speaker.model), self._awake():
            gain = self.gain(scene, own, theirs)
            parameters = list(self.augmentor.modules.parameters())
            for parameter, slope in zip(
                parameters, torch.autograd.grad(-gain, parameters, allow_unused=True), strict=True
            ):
                parameter.grad = slope
            self.adam.step()
            self.adam.zero_grad(set_to_none=True)

    def gain(self, scene: Scene, own: torch.Tensor, theirs: torch.Tensor) -> torch.Tensor:
        """Return the augmentor's objective on a batch, a scalar with gradient to it."""
        rules, known_VC = self.rules, scene.recall().logits_VC
        changed_own, changed_theirs = self.augmentor(theirs, own, rules.radius)
        student_VC = scene.student.says(scene.student.inputs(changed_own)).logits_VC
        teacher_VC = scene.teacher.says(scene.teacher.inputs(changed_theirs)).logits_VC
        against_VC = teacher_VC
        if rules.objective == "sensitivity":
            with torch.no_grad():
                against_VC = scene.student.says(scene.student.inputs(own)).logits_VC
        gap = rules.divergence(against_VC, student_VC)
        kept = rules.divergence(known_VC, teacher_VC)
        moved = (changed_theirs - theirs).square().sum() / theirs.square().sum().clamp_min(1e-12)
        lost: torch.Tensor = rules.teacher_weight * kept + rules.distance_weight * moved
        return gap - lost

    @contextmanager
    def _awake(self) -> Iterator[None]:
        """Let the augmentor have gradients; it has none while the student learns."""
        self.augmentor.modules.requires_grad_(requires_grad=True)
        try:
            yield
        finally:
            self.augmentor.modules.requires_grad_(requires_grad=False)

    def _make(self, theirs: list[int], own: list[int]) -> None:
        self.shapes = theirs, own
        self.augmentor = augmentor(theirs, own)
        self.adam = torch.optim.Adam(
            self.augmentor.modules.parameters(), lr=self.rules.augmentor_rate
        )
        self.augmentor.modules.requires_grad_(requires_grad=False)

    @override
    def state_dict(self) -> dict[str, Any]:
        made = self.augmentor is not None
        return {
            "steps": self.steps,
            "hardness": self.hardness,
            "learns": self.learns,
            "shapes": list(self.shapes) if made else [],
            "augmentor": self.augmentor.modules.state_dict() if made else {},
            "adam": self.adam.state_dict() if made else {},
        }

    @override
    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.steps, self.learns = state["steps"], state["learns"]
        self.hardness = state["hardness"].cpu().clone()
        if state["shapes"]:
            self._make(*state["shapes"])
            self.augmentor.modules.load_state_dict(state["augmentor"])
            self.adam.load_state_dict(state["adam"])


@contextmanager
def _still(student: Any) -> Iterator[None]:
    """Hold the student in evaluation mode."""
    training = student.training
    student.eval()
    try:
        yield
    finally:
        student.train(training)
