"""An ensemble of teachers."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from typing_extensions import override

from autodistill.component import Choice
from autodistill.optimisation import Training
from autodistill.teachers._base import Average, Teacher


class EnsembleTeacher(Teacher, title="Ensemble"):
    """Several teachers, fine-tuned with seeds of their own, that teach their average.

    Members differ in head, data order and dropout. `probability` teaches
    `log((1/K) sum_k softmax(z_k))`, `logit` the mean of their centred logits (as in Kim et al.,
    2026, "Pre-training under infinite compute"); values are averaged as they are. Hidden states,
    features and cut students come from the first member (ours).
    """

    cost: ClassVar[str] = "one training for each member, once for a job; live steps run all members"
    kind: Literal["ensemble"] = "ensemble"
    training: Training = Training(learning_rate=5e-5, num_epochs=3)
    """How each member is trained."""
    num_members: Annotated[int, Ge(2), Le(16), Choice((2, 4))] = 2
    """Teachers."""
    average: Annotated[Average, Choice(("probability", "logit"))] = "probability"
    """What is averaged."""

    @property
    @override
    def fine_tuning(self) -> Training | None:
        return self.training

    @property
    @override
    def members(self) -> tuple[int, Average]:
        return self.num_members, self.average
