"""Class-balanced random choice."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections._base import FractionSelection
from autodistill.task import CLASSIFICATION, ONE_ROW, Task

CLASS_FLOOR = 2
"""Examples that each class keeps at least."""


class ClassBalanced(FractionSelection, title="Class-balanced"):
    """Keeps equally many random examples of each class, as far as there are enough.

    What a small class cannot give is shared among the others, so that the fraction is kept exactly;
    but each class keeps 2 examples however small the fraction (ours), as far as it has them.
    """

    tasks: ClassVar[frozenset[Task]] = CLASSIFICATION & ONE_ROW
    kind: Literal["class_balanced"] = "class_balanced"

    @override
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        labels_N = pool.labels_V
        shuffled = rng.permutation(len(labels_N))
        # The r-th example of each class comes before the (r + 1)-th of any.
        rank_N = np.empty(len(labels_N), dtype=np.int64)
        for label in range(pool.num_classes):
            members = shuffled[labels_N[shuffled] == label]
            rank_N[members] = np.arange(len(members))
        order = shuffled[np.argsort(rank_N[shuffled], kind="stable")]
        floor = np.count_nonzero(rank_N < CLASS_FLOOR)
        return np.sort(order[: max(floor, round(self.keep_fraction * len(labels_N)))])
