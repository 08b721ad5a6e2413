"""Ways to build the targets of the hard loss: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.targets._base import TargetMaker as TargetMaker
from autodistill.targets._base import Targets as Targets

if TYPE_CHECKING:
    AnyTargets = Targets
else:
    from autodistill.component import union_of

    AnyTargets = union_of(__name__, Targets)
