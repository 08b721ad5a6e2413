"""Ways to weigh the terms of the loss: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.balancings._base import Balancing as Balancing

if TYPE_CHECKING:
    AnyBalancing = Balancing
else:
    from autodistill.component import union_of

    AnyBalancing = union_of(__name__, Balancing)
