"""Random word edits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal

import numpy as np
from typing_extensions import override

from autodistill.augmentations._operations import randomly_edited
from autodistill.augmentations._rewriting import Resources, RewritingAugmentation


class RandomEdits(RewritingAugmentation, title="Random word edits"):
    """Adds copies of each text with words swapped and deleted (EDA, Wei & Zou, 2019).

    Distiller's random operation swaps only; deletion is EDA's. Each edited word is swapped with its
    right neighbour or deleted with equal chance; a text never loses its last word. The copies keep
    their label, and the teacher's outputs on them are its own.
    """

    cost: ClassVar[str] = "an epoch is longer by the copies; the teacher labels them once for a job"
    kind: Literal["random_edits"] = "random_edits"

    @override
    def rewrite(
        self, texts: Sequence[str], random: Sequence[np.random.Generator], resources: Resources
    ) -> Sequence[str]:
        return randomly_edited(texts, self.edit_fraction, random, resources)
