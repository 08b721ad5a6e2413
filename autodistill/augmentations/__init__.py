"""Ways to make more or harder training examples: one file each; the folder is the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from autodistill.augmentations._base import Augmentation as Augmentation
from autodistill.augmentations._base import UnlabelledAugmentation as UnlabelledAugmentation
from autodistill.augmentations._rewriting import Resources as Resources
from autodistill.augmentations._rewriting import RewritingAugmentation as RewritingAugmentation

if TYPE_CHECKING:
    AnyAugmentation = Augmentation
else:
    from autodistill.component import union_of

    AnyAugmentation = union_of(__name__, Augmentation)
