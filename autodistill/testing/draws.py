"""Two ways to answer a draw: by a seed, and by what is already known."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from autodistill.component import Scalar


class RandomTrial:
    """Answers every draw at random, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        if log:
            drawn = math.exp(self._rng.uniform(math.log(low), math.log(high)))
            return min(max(drawn, low), high)
        return float(self._rng.uniform(low, high))

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        return int(self._rng.integers(low, high + 1))

    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any:
        return choices[int(self._rng.integers(len(choices)))]


class KnownTrial:
    """Answers every draw with the value that it was given, and fails on a name it was not given."""

    def __init__(self, values: Mapping[str, Scalar]) -> None:
        self._values = values

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        return float(self._values[name])

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        return int(self._values[name])

    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any:
        return self._values[name]
