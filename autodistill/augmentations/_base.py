"""What an augmentation is. Letters: V rows, C outputs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Protocol

import numpy as np
from annotated_types import Gt
from typing_extensions import override

from autodistill.activations import Said
from autodistill.component import Choice, Component
from autodistill.lazy import torch
from autodistill.models.lessons import Lesson, Scene
from autodistill.pool import Pool
from autodistill.task import TaskFacts


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
    needs_teacher: ClassVar[bool] = False
    """True when only the teacher says what is learnt from changed inputs: they have no labels."""

    def build(self, pool: Pool) -> Augmenting:
        """Make the augmentation for one trial."""
        return Unchanged()


class UnlabelledAugmentation(Augmentation):
    """Teaches each batch a second time, changed, by what the teacher says of the changed inputs."""

    needs_teacher: ClassVar[bool] = True
    weight: Annotated[float, Gt(0), Choice((0.5, 1.0))] = 1.0
    """What changed inputs count beside the examples, in all that is learnt from the teacher."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse teacher and student that cut a text into different tokens."""
        kind = cls.model_fields["kind"].default
        if not facts.shared_tokenizer:
            return f"{kind} changes token by token, so teacher and student must share a tokenizer."
        return super().unsuitable(facts)

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse pipelines that learn nothing from the teacher."""
        if not pipeline.distils:
            law = f"{self.kind} has no labels for changed inputs, so the teacher must say something"
            got = "got loss none and intermediate none"
            yield f"{law}; {got}, choose one of them or no {self.kind}."


def told(said: Said, *, classes: bool) -> torch.Tensor:
    """Return the targets of changed inputs, (V, C): what the teacher says of them."""
    return said.logits_VC.softmax(dim=1) if classes else said.logits_VC


def divergence(
    one_VC: torch.Tensor, other_VC: torch.Tensor, temperature: float, *, classes: bool
) -> torch.Tensor:
    """Return how far the other outputs are from the first, shape (V,).

    KL at a temperature, times its square; or the squared error of scores.
    """
    if not classes:
        return (one_VC - other_VC).square().sum(dim=1)
    log_p = torch.log_softmax(one_VC / temperature, dim=1)
    log_q = torch.log_softmax(other_VC / temperature, dim=1)
    return temperature**2 * (log_p.exp() * (log_p - log_q)).sum(dim=1)
