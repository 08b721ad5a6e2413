"""Ways to regularise a student while it trains: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.regularizers._base import Regularizer as Regularizer

if TYPE_CHECKING:
    AnyRegularizer = Regularizer
else:
    from autodistill.component import union_of

    AnyRegularizer = union_of(__name__, Regularizer)
