"""Greedy k-centre."""

from __future__ import annotations

from typing import Literal

import numpy as np
from typing_extensions import override

from autodistill.selections._base import Floats, GreedySelection


class KCentre(GreedySelection, title="Greedy k-centre"):
    """Covers the teacher's features: always takes the example farthest from all that are kept.

    The core-set of Sener & Savarese (2018), by the greedy algorithm of Gonzalez (1985), whose
    largest distance from an example to a kept one is at most twice the least possible.
    """

    kind: Literal["k_centre"] = "k_centre"

    @override
    def worth(
        self, worth_M: Floats, vectors_ME: Floats, squares_M: Floats, taken: list[int]
    ) -> Floats:
        last = taken[-1]
        away_M: Floats = squares_M + squares_M[last] - 2 * vectors_ME @ vectors_ME[last]
        return away_M if len(taken) == 1 else np.minimum(worth_M, away_M)
