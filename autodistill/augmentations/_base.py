"""What an augmentation is."""

from __future__ import annotations

from typing import Any, ClassVar, Protocol

import numpy as np

from autodistill.activations import Said
from autodistill.component import Component
from autodistill.models.lessons import Lesson, Scene
from autodistill.pool import Pool


class Augmenting(Protocol):
    """A built augmentation, owned by one trial: it makes the lesson of each batch."""

    def __call__(self, scene: Scene, rng: np.random.Generator) -> Lesson:
        """Return what is learnt from a batch; its first part holds the examples themselves.

        Args:
            scene: The batch, with student and teacher at hand.
            rng: Of this epoch; so is torch's generator.
        """

    def observe(self, student: Said, lesson: Lesson) -> None:
        """Take note of what the student said of a lesson, before its step."""

    def state_dict(self) -> dict[str, Any]:
        """Return what a resumed trial needs."""

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take back what `state_dict` returned."""


class Unchanged:
    """Every batch as it is; what is not overridden stays like this."""

    def __call__(self, scene: Scene, rng: np.random.Generator) -> Lesson:
        return scene.plain()

    def observe(self, student: Said, lesson: Lesson) -> None:
        pass

    def state_dict(self) -> dict[str, Any]:
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        pass


class Augmentation(Component):
    """How more or harder examples are made: before training, or at each step.

    Rewritten texts (`RewritingAugmentation`) are made once, and the teacher's outputs on them are
    cached like those on the originals. What `build` makes changes the inputs of each batch, to
    which no cache applies: the teacher runs live wherever it reads what the student reads.
    """

    kind: str
    mixes: ClassVar[bool] = False
    """True when examples are blended with each other, so that a row is not about one example."""

    def build(self, pool: Pool) -> Augmenting:
        """Make the augmentation for one trial."""
        return Unchanged()
