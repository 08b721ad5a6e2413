"""Which teacher layer teaches which student layer: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.mappings._base import LayerMapping as LayerMapping
from autodistill.mappings._base import LayerPair as LayerPair

if TYPE_CHECKING:
    AnyLayerMapping = LayerMapping
else:
    from autodistill.component import union_of

    AnyLayerMapping = union_of(__name__, LayerMapping)
