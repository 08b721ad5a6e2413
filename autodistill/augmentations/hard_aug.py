"""HARD: learnt augmentations on which student and teacher disagree."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.augmentations._base import Augmenting, UnlabelledAugmentation
from autodistill.augmentations._hardening import Hardening, Rules
from autodistill.component import Choice, Uniform
from autodistill.pool import Pool


class HardAug(UnlabelledAugmentation, title="HARD"):
    """Learns to change inputs so that student and teacher disagree on them (HARD, 2024).

    Student steps learn `D(T(x), S(x)) + weight * D(T(x'), S(x'))`; an augmentor step goes up
    `D(T(x'), S(x')) - teacher_weight * D(T(x), T(x')) - distance_weight * |x' - x|^2 / |x|^2`,
    where D is the KL divergence at a temperature, or the squared error of scores. Without the
    second term it would find inputs on which the teacher is wrong. `sensitivity` goes up
    `D(S(x), S(x')) - teacher_weight * D(T(x), T(x'))` instead.

    Texts: a small network adds to each word embedding a vector of at most `radius` times its
    length, the same for teacher and student where their embeddings are equally wide, otherwise with
    a head for each. Images: it chooses an affine map whose six parameters differ from the identity
    by at most `radius`, the same for both. It reads noise besides, so that its changes differ.

    Only the idea of alternating phases is the paper's abstract's; its code was never released, so
    objective, network, ranges and schedule are our specification. Labels are not used on changed
    inputs.
    """

    cost: ClassVar[str] = (
        "a pass of the teacher and a second one of the student at every step, and both with their "
        "gradient at every augmentor step; no cache applies to changed inputs"
    )
    kind: Literal["hard_aug"] = "hard_aug"
    radius: Annotated[float, Ge(0), Le(1), Uniform(0.01, 0.3, log=True)] = 0.1
    """Largest change, relative to the length of an embedding; 0 changes nothing."""
    objective: Annotated[
        Literal["disagreement", "sensitivity"], Choice(("disagreement", "sensitivity"))
    ] = "disagreement"
    """What the augmentor makes large."""
    teacher_weight: Annotated[float, Ge(0), Uniform(0.1, 10, log=True)] = 1.0
    """How strongly it must leave the teacher's outputs as they are."""
    distance_weight: Annotated[float, Ge(0)] = 0.1
    """How strongly it must leave the inputs as they are."""
    temperature: Annotated[float, Gt(0)] = 2.0
    """Of the divergence that the augmentor looks at."""
    alternation: Annotated[Literal["steps", "ratio"], Choice(("steps", "ratio"))] = "steps"
    """When it learns: after every few student steps, or from when changed inputs are less than 1.2
    times as hard as the examples (by running means of D) until they are 3 times as hard."""
    student_steps: Annotated[int, Ge(1), Choice((4, 8))] = 4
    """Student steps for each augmentor step, with alternation by steps."""
    augmentor_rate: Annotated[float, Gt(0), Uniform(1e-4, 1e-2, log=True)] = 1e-3
    """Learning rate of the augmentor's own Adam."""

    @override
    def build(self, pool: Pool) -> Augmenting:
        chosen = self.model_dump(exclude={"kind"})
        return Hardening(Rules(**chosen, classes=pool.num_classes > 0))
