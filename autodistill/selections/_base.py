"""What a selection is."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from numpy.typing import NDArray

from autodistill.component import Component, Uniform
from autodistill.pool import Pool


class Selection(Component):
    """Which training examples are kept (data pruning).

    Promises, checked for every variant by `autodistill.testing`: ascending indices of examples
    without repeats, the same for the same generator state; at least one example is kept.
    """

    kind: str

    @abstractmethod
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        """Return which of the pool's M examples are kept, ascending."""


class FractionSelection(Selection):
    """A selection that keeps a share of the examples."""

    keep_fraction: Annotated[float, Gt(0), Le(1), Uniform(0.3, 1.0)] = 0.7
    """Share of the training examples that is kept."""
