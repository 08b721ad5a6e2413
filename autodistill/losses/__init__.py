"""Losses between the outputs of teacher and student: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.losses._base import Loss as Loss

if TYPE_CHECKING:
    AnyLoss = Loss
else:
    from autodistill.component import union_of

    AnyLoss = union_of(__name__, Loss)
