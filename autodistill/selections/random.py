"""Random choice."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections._base import FractionSelection


class RandomSelection(FractionSelection, title="Random"):
    """Keeps a uniform sample.

    With distillation a match for elaborate scores (Baykal et al., 2024, "Distilling the Knowledge
    in Data Pruning").
    """

    kind: Literal["random"] = "random"

    @override
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        size = pool.num_examples
        return np.sort(rng.permutation(size)[: max(1, round(self.keep_fraction * size))])
