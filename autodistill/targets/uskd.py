"""Universal self-knowledge distillation."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Le
from typing_extensions import override

from autodistill.activations import Activation
from autodistill.component import Choice, Uniform
from autodistill.pool import Pool
from autodistill.targets._base import TargetMaker, Targets
from autodistill.targets._self_made import Score, SelfMade
from autodistill.task import CLASSIFICATION, ONE_ROW, Task, TaskFacts


class USKD(Targets, title="USKD"):
    """The labels, and soft labels that the student makes for itself (Yang et al., ICCV 2023).

    Adds `alpha L_t + beta L_non + mu L_weak` to the cross-entropy. `L_t = -P log q_t` with
    `P = q_t^2 + v - mean q_t^2`, a weight that averages to the label's own v. L_non is the
    cross-entropy off the target with probabilities 1 / rank (Zipf), ranked by what the student and
    a weak head say together. L_weak teaches that head, on a hidden layer in the middle, 0.9 of the
    label. Ours: the weak head sees the first token; of mixed labels the heavier names the target,
    and P is at least 0. With fewer than some 10 classes ranks say little.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION & ONE_ROW
    cost: ClassVar[str] = "one more output layer and two sorts of the classes"
    kind: Literal["uskd"] = "uskd"
    alpha: Annotated[float, Ge(0), Le(100), Uniform(0.05, 2.0, log=True)] = 0.1
    """Weight of the target class."""
    beta: Annotated[float, Ge(0), Le(100), Uniform(0.02, 0.5, log=True)] = 0.1
    """Weight of the classes off the target."""
    mu: Annotated[float, Ge(0), Le(100), Uniform(0.001, 0.2, log=True)] = 0.1
    """Weight of the weak head's own loss."""
    score: Annotated[Score, Choice(("probabilities", "as_released"))] = "probabilities"
    """What classes are ranked by: the sum of both heads' probabilities off the target, as the paper
    says, or with the student's logarithms in their place, as the authors' code has it."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse two classes, of which only one is off the target."""
        if facts.num_outputs == 2:
            law = "uskd ranks the classes off the target, so it needs at least 3 classes"
            return f"{law}; got 2."
        return super().unsuitable(facts)

    @override
    def activations(self, facts: TaskFacts) -> tuple[Activation, ...]:
        return (Activation("hidden", max(1, facts.student_layers // 2)),)

    @override
    def build(self, pool: Pool) -> TargetMaker:
        (middle,) = self.activations(pool.facts)
        return SelfMade(middle, (self.alpha, self.beta, self.mu), self.score, pool)
