"""What a teacher's preparation is."""

from __future__ import annotations

from abc import abstractmethod

from autodistill.component import Component
from autodistill.optimisation import Training


class Teacher(Component):
    """What is done to the teacher, once for a job, before it teaches."""

    kind: str

    @property
    @abstractmethod
    def fine_tuning(self) -> Training | None:
        """How the teacher is first trained on the job's dataset; None leaves it as it is."""
