"""What an augmentation is. Letters: B examples of a batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from autodistill.component import Component


@dataclass(frozen=True)
class Mix:
    """How a batch is interpolated: example b becomes share[b] * b + (1 - share[b]) * partner[b]."""

    partner_B: NDArray[np.int64]
    share_B: NDArray[np.float64]


class Augmentation(Component):
    """How more or harder examples are made. A variant overrides what it changes, the rest rests.

    Rewritten texts are made once, before training, and the teacher's outputs on them are cached
    like those on the originals. Mixed embeddings are new at every step: the teacher runs live.
    """

    kind: str
    mixes: ClassVar[bool] = False
    """True when `mix` interpolates, so that the teacher's cached outputs do not apply."""

    def rewrite(self, text: str, rng: np.random.Generator) -> tuple[str, ...]:
        """Return the further versions of one text that join the training examples."""
        return ()

    def mix(self, size: int, rng: np.random.Generator) -> Mix:
        """Return how a batch of `size` examples is interpolated."""
        return Mix(np.arange(size), np.ones(size))
