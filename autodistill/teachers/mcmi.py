"""A teacher of maximum conditional mutual information."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import IntUniform, Uniform
from autodistill.optimisation import Training
from autodistill.task import CLASSIFICATION, Task
from autodistill.teachers._base import Teacher


class MCMI(Teacher, title="MCMI"):
    """Fine-tuned, then spread: outputs vary more within a class (Ye et al., ICLR 2024).

    The second training minimises `CE - weight * KL(P_x || Q_y)`, with Q_y the mean output of the
    example's class, so that `CMI = I(X; Y^ | Y)` grows. Ours: Q is computed anew before each epoch,
    in evaluation and without gradient (the released code keeps the first one); its entries are at
    least 1e-8 and an example's divergence counts up to 5 nats; an epoch that costs more than a
    point of the headline metric on dev is undone and the last. Between two of its computations Q
    is stale, and large steps then move class means instead: against training on without weight,
    information grew with the weight in small steps, and not reliably in large ones.
    """

    cost: ClassVar[str] = "a longer training of the teacher, once for a job"
    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["mcmi"] = "mcmi"
    training: Training = Training(learning_rate=5e-5, num_epochs=3)
    """How it is trained on the labels first."""
    weight: Annotated[float, Ge(0), Le(10), Uniform(0.02, 0.5, log=True)] = 0.15
    """Of the information against cross-entropy; 0 only trains on."""
    spreading_epochs: Annotated[int, Ge(1), Le(100), IntUniform(1, 3)] = 2
    """Epochs of the second training."""
    slowing: Annotated[float, Gt(0), Le(1)] = 0.5
    """Learning rate of the second training, as a share of the first one's."""

    @property
    @override
    def fine_tuning(self) -> Training | None:
        return self.training

    @property
    @override
    def spreading(self) -> tuple[Training, float] | None:
        slower = {
            "learning_rate": self.training.learning_rate * self.slowing,
            "num_epochs": self.spreading_epochs,
        }
        return self.training.model_copy(update=slower), self.weight
