"""No augmentation."""

from __future__ import annotations

from typing import Literal

from autodistill.augmentations._base import Augmentation


class NoAugmentation(Augmentation, title="None"):
    """The examples as they are."""

    kind: Literal["none"] = "none"
