"""What a teacher's preparation is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Literal

from autodistill.component import Component
from autodistill.optimisation import Training

Average = Literal["probability", "logit"]


class Teacher(Component):
    """What is done to the teacher, once for a job, before it teaches."""

    kind: str

    @property
    @abstractmethod
    def fine_tuning(self) -> Training | None:
        """How the teacher is first trained on the job's dataset; None leaves it as it is."""

    @property
    def spreading(self) -> tuple[Training, float] | None:
        """How it is then spread within classes, and with which weight; None leaves it so."""
        return None

    @property
    def members(self) -> tuple[int, Average]:
        """How many teachers are trained apart, and what of them is averaged."""
        return 1, "logit"
