"""No regularizer."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.pool import Pool
from autodistill.regularizers._base import Regularising, Regularizer, Unregularised


class NoRegularizer(Regularizer, title="None"):
    """Nothing beyond the optimiser's weight decay and the student's own dropout."""

    kind: Literal["none"] = "none"

    @override
    def build(self, pool: Pool) -> Regularising:
        return Unregularised()
