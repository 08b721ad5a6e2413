"""The teacher fine-tuned first."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.optimisation import Training
from autodistill.teachers._base import Teacher


class FineTuned(Teacher, title="Fine-tuned"):
    """A pretrained encoder gets a fresh head and is trained on the dataset's labels."""

    cost: ClassVar[str] = "one training of the teacher, once for a job"
    kind: Literal["fine_tuned"] = "fine_tuned"
    training: Training = Training(learning_rate=5e-5, num_epochs=3)
    """How it is trained."""

    @property
    @override
    def fine_tuning(self) -> Training | None:
        return self.training
