"""The trials of an Optuna study as rows, whatever became of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from autodistill.history.scales import standing
from autodistill.search.encoding import Encoding
from autodistill.search.samplers import FAILED

Floats = NDArray[np.float64]


class Seen:
    """The trials of a study as rows."""

    def __init__(
        self,
        encoding: Encoding,
        trials: Sequence[FrozenTrial],
        directions: Sequence[StudyDirection],
    ) -> None:
        signs = np.array([1.0 if d is StudyDirection.MAXIMIZE else -1.0 for d in directions])
        gained = _gains(trials) if len(signs) == 1 else {}
        rows, values, seconds, pending = [], [], [], []
        for t in trials:
            if t.state in (TrialState.RUNNING, TrialState.WAITING):
                if t.params:
                    pending.append(encoding.encode(t.params))
                continue
            if t.state is TrialState.FAIL:
                continue
            if t.user_attrs.get(FAILED) or t.constraints.get("limits", 0.0) > 0:
                found = np.full(len(signs), np.nan)
            elif t.state is TrialState.COMPLETE:
                found = np.array(t.values) * signs
            elif t.last_step is not None:
                last = t.intermediate_values[t.last_step]
                found = np.array([last + gained.get(t.last_step, 0.0)]) * signs
            else:
                found = np.full(len(signs), np.nan)
            rows.append(encoding.encode(t.params))
            values.append(found)
            seconds.append(t.user_attrs.get("seconds", math.nan))
        width = len(encoding.names)
        self.rows = np.array(rows).reshape(-1, width)
        self.pending = np.array(pending).reshape(-1, width)
        self.values = _stands(np.array(values).reshape(-1, len(signs)))
        self.seconds = np.array(seconds, float)

    @property
    def everything(self) -> Floats:
        """Finished and running trials."""
        return np.vstack([self.rows, self.pending])


def _gains(trials: Sequence[FrozenTrial]) -> dict[int, float]:
    """Return, by step, what complete trials usually gained from there to their end."""
    gained: dict[int, list[float]] = {}
    for t in trials:
        if t.state is TrialState.COMPLETE:
            for step, value in t.intermediate_values.items():
                if math.isfinite(value) and math.isfinite(t.values[0]):
                    gained.setdefault(step, []).append(t.values[0] - value)
    return {step: float(np.median(gains)) for step, gains in gained.items()}


def _stands(values: Floats) -> Floats:
    """Return where each trial stands in each objective; what failed is as bad as the worst."""
    places = np.empty_like(values)
    for k, column in enumerate(values.T):
        known = np.isfinite(column)
        places[:, k] = -1.0
        if known.any():
            places[known, k] = standing(column[known])
            places[~known, k] = places[known, k].min()
    return places
