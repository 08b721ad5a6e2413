"""Linear projections of the teacher's embeddings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import Choice, Uniform
from autodistill.lazy import torch
from autodistill.losses._base import BuiltLoss, TemperedLoss
from autodistill.losses._divergence import kl
from autodistill.losses._subclasses import Directions, Expanded, Splitting, too_many
from autodistill.pool import Pool
from autodistill.task import CLASSIFICATION, Task, TaskFacts


class LELP(TemperedLoss, title="LELP"):
    """KL on classes and on pseudo-subclasses of the teacher's features (Loo et al., 2024).

    `T^2 KL(p || q) + subclass_weight sum_c p_c KL(P(.|c) || Q(.|c))`: P splits each class along
    directions of the teacher's features that its output layer does not see. The paper trains S C
    outputs and sums; ours keeps the exported head and learns Q(.|c) with another on the student's
    features, thrown away at export. By the chain rule KL of all S C outputs is the sum above for
    weight 1 and T = 1, so the same is learnt; one subclass would be plain KL. Scales are ours.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    cost: ClassVar[str] = "the axes of each class, once for a trial; one more output layer"
    kind: Literal["lelp"] = "lelp"
    subclasses: Annotated[int, Ge(2), Le(100), Choice((2, 4, 8, 16))] = 4
    """Subclasses S of each class; with C classes, S C may be at most 200."""
    directions: Annotated[Directions, Choice(("pca", "random", "kmeans"))] = "pca"
    """Where classes are split; `random` is the control that shows whether structure matters."""
    subclass_temperature: Annotated[float, Gt(0), Le(100), Uniform(0.25, 8.0, log=True)] = 1.0
    """Divides the teacher's subclass logits, whose deviation in each class is 1."""
    subclass_weight: Annotated[float, Ge(0), Le(100), Uniform(0.1, 3.0, log=True)] = 1.0
    """Weight of the subclasses."""

    @property
    @override
    def zero_on_agreement(self) -> bool:
        return False

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse more than 100 classes."""
        return super().unsuitable(facts) or too_many(facts.num_outputs, 2)

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse more than 200 subclasses in all."""
        if message := too_many(facts.num_outputs, self.subclasses):
            yield message

    @override
    def build(self, pool: Pool) -> BuiltLoss:
        how = Splitting(self.subclasses, self.directions, self.subclass_temperature)
        return Expanded(self, how, self.temperature, self.subclass_weight, pool)

    @override
    def __call__(
        self, student_BC: torch.Tensor, teacher_BC: torch.Tensor, target_BC: torch.Tensor
    ) -> torch.Tensor:
        log_p, log_q = ((z / self.temperature).log_softmax(dim=1) for z in (teacher_BC, student_BC))
        return self.temperature**2 * kl(log_p, log_q)
