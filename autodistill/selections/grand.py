"""Gradient norm."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections._base import Floats, RankedSelection


class GraNd(RankedSelection, title="GraNd"):
    """Ranks examples by the norm of their loss's gradient while a proxy learns (Paul et al., 2021).

    Of the output layer alone, bias included, where it is exactly `EL2N * sqrt(1 + || h ||^2)` with
    h what that layer sees: the mean after each of 4 epochs of the student itself on the hard
    labels. At initialisation, as in the paper, the score was found not to reproduce.
    """

    cost: ClassVar[str] = "4 epochs of the student, once a job; counted in the trial's first epoch"
    kind: Literal["grand"] = "grand"

    @override
    def hardness(self, pool: Pool) -> Floats:
        return pool.dynamics.grand_V.astype(float)
