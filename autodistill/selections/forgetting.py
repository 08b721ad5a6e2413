"""Forgetting events."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections._base import Floats, RankedSelection
from autodistill.task import CLASSIFICATION, Task


class Forgetting(RankedSelection, title="Forgetting events"):
    """Ranks examples by how often a proxy unlearnt them (Toneva et al., 2019).

    The student itself is trained for 4 epochs on the hard labels; an event is an epoch after which
    an example is wrong that was right before. Never learnt ones are the hardest. The authors count
    at every visit and for many more epochs; 4 epochs are ours.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    cost: ClassVar[str] = "4 epochs of the student, once a job; counted in the trial's first epoch"
    kind: Literal["forgetting"] = "forgetting"

    @override
    def hardness(self, pool: Pool) -> Floats:
        return pool.dynamics.forgetting_V.astype(float)
