"""Objectives on hidden states: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.intermediate._base import Intermediate as Intermediate
from autodistill.intermediate._base import Objective as Objective

if TYPE_CHECKING:
    AnyIntermediate = Intermediate
else:
    from autodistill.component import union_of

    AnyIntermediate = union_of(__name__, Intermediate)
