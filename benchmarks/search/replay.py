"""A search on recorded curves in virtual time: real samplers, real rungs, no training."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import BaseSampler

from autodistill.search.encoding import Encoding
from autodistill.search.samplers import distribution
from benchmarks.search.tables import Table

Floats = NDArray[np.float64]
optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


@dataclass(frozen=True)
class Run:
    """What a search did: the configurations in the order in which it tried them."""

    tried: NDArray[np.int64]
    best: Floats
    """Best final score after each trial."""


class Player:
    """A table: proposals are answered by the nearest configuration not tried yet.

    Every sampler is treated alike: it draws from the ranges of the space, and is told the settings
    and the score of the recorded configuration that is nearest.
    """

    def __init__(self, table: Table) -> None:
        self.table = table
        self.encoding = Encoding(table.space)
        self._rows = np.stack([self.encoding.encode(p) for p in table.params])
        self._features = self.encoding.features(self._rows)
        self._squares = np.square(self._features).sum(axis=1)
        self._distributions = {n: distribution(r) for n, r in table.space.items()}

    def search(self, task: int, sampler: BaseSampler, num_trials: int) -> Run:
        """Run one trial after another on a task."""
        study = optuna.create_study(direction="maximize", sampler=sampler)
        scores = self.table.final[task]
        tried: list[int] = []
        for _ in range(num_trials):
            trial = study.ask()
            asked = {n: trial._suggest(n, d) for n, d in self._distributions.items()}
            found = self.nearest(self.encoding.encode(asked), tried)
            tried.append(found)
            params = self.table.params[found]
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            study.add_trial(
                optuna.trial.create_trial(
                    params=params,
                    distributions={n: self._distributions[n] for n in params},
                    value=float(scores[found]),
                    user_attrs={"seconds": float(self.table.seconds[task, found])},
                )
            )
        return Run(np.array(tried), np.maximum.accumulate(scores[tried]))

    def nearest(self, row: Floats, tried: list[int]) -> int:
        """Return the configuration that is nearest and was not tried."""
        at = self.encoding.features(row[None])[0]
        distance = self._squares - 2 * self._features @ at
        distance[tried] = np.inf
        return int(distance.argmin())
