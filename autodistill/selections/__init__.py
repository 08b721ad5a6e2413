"""Ways to choose (prune) training examples: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.selections._base import Selection as Selection

if TYPE_CHECKING:
    AnySelection = Selection
else:
    from autodistill.component import union_of

    AnySelection = union_of(__name__, Selection)
