"""Entropy of the teacher."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.lazy import special
from autodistill.pool import Pool
from autodistill.selections._base import Floats, RankedSelection
from autodistill.task import CLASSIFICATION, Task


class TeacherEntropy(RankedSelection, title="Teacher's entropy"):
    """Ranks examples by how unsure the teacher is, whatever their label (ours).

    `- sum p log p` of the teacher's probabilities at temperature 1: the larger, the harder. Free,
    since the teacher's outputs are known.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION
    kind: Literal["teacher_entropy"] = "teacher_entropy"

    @override
    def hardness(self, pool: Pool) -> Floats:
        p_VC = special.softmax(pool.logits_VC.astype(float), axis=1)
        entropy_V: Floats = special.entr(p_VC).sum(axis=1)
        return entropy_V
