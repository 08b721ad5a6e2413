"""Early stopping: a trial that is behind when a share of its epochs is done does not go on."""

from __future__ import annotations

import math
from collections.abc import Iterable

from autodistill.record import Origin, Trial

ROUNDING = 1e-9


class Rungs:
    """Successive halving with one rung (after Li et al., 2020, ASHA).

    A trial reaches the rung with the first epoch at which `at` of its own epochs are done, so that
    trials of different length are compared at the same point of their learning-rate schedule. It
    goes on when it is in the top 1 / eta (rounded up) of all that have reached the rung, itself
    included; nothing is stopped before eta others have reached it, and equals go on together.
    A trial whose last epoch is its rung is compared with but never stopped.
    """

    def __init__(self, *, maximise: bool, at: float = 1 / 3, eta: int = 3) -> None:
        self._sign, self._at, self._eta = (1 if maximise else -1), at, eta
        self._reached: dict[int, float] = {}

    def stop(self, number: int, epoch: int, num_epochs: int, score: float) -> bool:
        """Take note of a trial's score after an epoch, and say whether it is to stop."""
        if epoch != self._rung(num_epochs):
            return False
        value = self._note(number, score)
        if epoch == num_epochs or len(self._reached) <= self._eta:
            return False
        ranked = sorted(self._reached.values(), reverse=True)
        return value < ranked[math.ceil(len(ranked) / self._eta) - 1]

    def replay(self, trials: Iterable[Trial], metric: str) -> None:
        """Take note of what trials reached before this object was made, confirmations left out."""
        for trial in trials:
            rung = self._rung(trial.spec.pipeline.training.num_epochs)
            for measurement in trial.curve:
                score = measurement.values.get(f"dev/{metric}")
                if (
                    measurement.epoch == rung
                    and score is not None
                    and trial.origin is not Origin.CONFIRMATION
                ):
                    self._note(trial.number, score)

    def _note(self, number: int, score: float) -> float:
        value = self._sign * score
        self._reached[number] = value if math.isfinite(value) else -math.inf
        return self._reached[number]

    def _rung(self, num_epochs: int) -> int:
        return max(1, math.ceil(self._at * num_epochs - ROUNDING))
