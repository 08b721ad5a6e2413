"""Random draws in which the KD weight follows the kept share of the training examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from autodistill.component import Scalar, Trial
from autodistill.selections._coupling import drawn_kd_weight

KEPT, WEIGHT = "selection.keep_fraction", "loss.weight"


class Coupled:
    """Answers as another trial does, but for the KD weight after a fraction was drawn.

    That is drawn from the prior of `kd_weight`, brought into its range; a seed of its own keeps
    every other draw as it was.
    """

    def __init__(self, trial: Trial, seed: int) -> None:
        self._trial, self._rng = trial, np.random.default_rng([seed, 1])
        self._kept = 1.0

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        drawn = self._trial.suggest_float(name, low, high, log=log)
        if name == KEPT:
            self._kept = drawn
        elif name == WEIGHT and self._kept < 1:
            return min(max(drawn_kd_weight(self._kept, self._rng), low), high)
        return drawn

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        return self._trial.suggest_int(name, low, high, log=log)

    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any:
        drawn = self._trial.suggest_categorical(name, choices)
        if name == KEPT:
            self._kept = float(drawn)
        return drawn
