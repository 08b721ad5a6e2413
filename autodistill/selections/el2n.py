"""Error norm."""

from __future__ import annotations

from typing import ClassVar, Literal

from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections._base import Floats, RankedSelection


class EL2N(RankedSelection, title="EL2N"):
    """Ranks examples by the norm of their error while a proxy learns (Paul et al., 2021).

    `|| softmax(z) - one-hot label ||`, from 0 to sqrt 2, and |error| for values: the mean after
    each of 4 epochs of the student itself on the hard labels. The authors average over at least 10
    runs; one run of 4 epochs is ours.
    """

    cost: ClassVar[str] = "4 epochs of the student, once a job; counted in the trial's first epoch"
    kind: Literal["el2n"] = "el2n"

    @override
    def hardness(self, pool: Pool) -> Floats:
        return pool.dynamics.el2n_V.astype(float)
