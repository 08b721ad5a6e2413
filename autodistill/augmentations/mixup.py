"""Mixup of embeddings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.augmentations._base import Augmentation, Mix
from autodistill.component import Choice


class Mixup(Augmentation, title="Mixup"):
    """Interpolates word embeddings and targets of two examples (MixKD, Liang et al., 2021).

    Each mixed example draws its own share from Beta(beta, beta) and a partner from its batch, never
    itself. Only `mixed_fraction` of a batch is mixed (partial mixup, Choi et al., 2023, drawn here
    without replacement). The teacher sees the same mixture in its own embeddings.
    """

    cost: ClassVar[str] = "a forward pass of the teacher at every step"
    mixes: ClassVar[bool] = True
    kind: Literal["mixup"] = "mixup"
    beta: Annotated[float, Gt(0), Le(10), Choice((0.2, 0.4, 1.0))] = 0.4
    """Both parameters of the Beta distribution; small values stay close to one parent."""
    mixed_fraction: Annotated[float, Ge(0), Le(1), Choice((0.25, 0.5, 1.0))] = 0.5
    """Share of a batch that is mixed; the rest stays as it is."""

    @override
    def mix(self, size: int, rng: np.random.Generator) -> Mix:
        share_B = np.ones(size)
        mixed = rng.permutation(size)[: round(self.mixed_fraction * size)]
        share_B[mixed] = rng.beta(self.beta, self.beta, len(mixed))
        ring = rng.permutation(size)
        partner_B = np.empty(size, dtype=np.int64)
        partner_B[ring] = np.roll(ring, 1)
        return Mix(partner_B, share_B)
