"""What is done to a student after its training: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.finishings._base import Finishing as Finishing

if TYPE_CHECKING:
    AnyFinishing = Finishing
else:
    from autodistill.component import union_of

    AnyFinishing = union_of(__name__, Finishing)
