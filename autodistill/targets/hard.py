"""Hard targets."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.pool import Pool
from autodistill.targets._base import Labels, TargetMaker, Targets


class Hard(Targets, title="Hard labels"):
    """The labels as they are."""

    kind: Literal["hard"] = "hard"

    @override
    def build(self, pool: Pool) -> TargetMaker:
        return Labels()
