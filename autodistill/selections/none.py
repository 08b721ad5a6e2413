"""Every example."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.pool import Pool
from autodistill.selections._base import Selection


class NoSelection(Selection, title="None"):
    """Every training example is kept."""

    kind: Literal["none"] = "none"

    @override
    def choose(self, pool: Pool, rng: np.random.Generator) -> NDArray[np.int64]:
        return np.arange(pool.num_examples, dtype=np.int64)
