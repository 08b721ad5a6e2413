"""Choosing a list whose members complement each other, and how sure its promises are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEVEL = 0.9
CAUTION = 0.1
"""Part of what a candidate is expected to be worth on its own that counts beside what it adds: in a
single scenario many a poor one is the best."""
FEWEST = 4
"""Residuals without which no interval is given."""


def complementary(scenarios: Floats, weights: Floats, k: int) -> list[int]:
    """Return candidates, each of which adds most to the expected best of those before it.

    Greedy, as in Auto-sklearn 2.0 (Feurer et al., 2022), but for `CAUTION`.

    Args:
        scenarios: [scenario, candidate], what each candidate is worth in it.
        weights: Of the scenarios.
        k: How many.
    """
    alone = weights @ scenarios
    chosen = [int(alone.argmax())]
    while len(chosen) < min(k, scenarios.shape[1]):
        reached = scenarios[:, chosen].max(axis=1, keepdims=True)
        worth = weights @ np.maximum(scenarios, reached) + CAUTION * alone
        worth[chosen] = -np.inf
        chosen.append(int(worth.argmax()))
    return chosen


@dataclass(frozen=True)
class Residuals:
    """By how much past tasks closed more of the gap than was foretold from the others."""

    values: Sequence[float]
    """One for each group of tasks; exchangeable with the next task's (split conformal)."""

    @property
    def level(self) -> float | None:
        """The level of the intervals; None where there are too few residuals for any."""
        n = len(self.values)
        return None if n < FEWEST else min(LEVEL, (n - 1) / (n + 1))

    def around(self, expected: float, most: float = 1.0) -> tuple[float, float] | None:
        """Return where the share lies at that level, within ±`most` (Vovk et al., 2005).

        What is expected is inside, also where past tasks closed less or more than was foretold.
        """
        if (level := self.level) is None:
            return None
        n, ordered = len(self.values), sorted(self.values)
        last = math.ceil((n + 1) * (1 + level) / 2 - 1e-9) - 1
        ends = min(ordered[max(0, n - 1 - last)], 0.0), max(ordered[min(n - 1, last)], 0.0)
        low, high = (float(np.clip(expected + end, -most, most)) for end in ends)
        return low, high
