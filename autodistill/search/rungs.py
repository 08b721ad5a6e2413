"""Early stopping: a trial that is behind when a share of its epochs is done does not go on."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from autodistill.front import dominating
from autodistill.metrics import COSTS
from autodistill.record import Origin, Trial
from autodistill.spec import Limit, Objective, excess

Floats = NDArray[np.float64]
SHARES = (0.1, 1 / 3, 1.0)
"""Shares of a trial's own epochs at which trials are compared; at the end nobody is stopped."""
ROUNDING = 1e-9
LATE = 2.0
"""A trial of few epochs has no rung that it would reach when so many times the share is done."""
FEWEST = 3
"""Others without which nobody is stopped."""
STEEP = 2
"""Trials of the better half of a rung that go on because they gain most."""
RELATED, ENOUGH = 0.3, 8
"""Kendall's tau below which so many trials' ranks at a rung say nothing of the next."""


class Rungs:
    """Asynchronous successive halving (after Li et al., 2020) for one and several objectives.

    A trial reaches a rung with the first epoch at which a share of its own epochs is done, so that
    trials of different length are compared at the same point of their learning-rate schedule. What
    counts there is the epoch that would be kept if it was stopped: its best so far.

    It goes on when fewer than √n (rounded up) of the n that have reached the rung dominate it,
    itself included in n; for one objective, dominating is being better. A trial of a student is
    compared with those of students that cost no more in any objective: no other can dominate it.
    Equals go on together, and nothing is stopped before three others have come. That the best √n go
    on, not a fixed share, is ours: from few trials a third goes on, from a thousand thirty, since
    what becomes best is the further ahead of most the more there are
    (`python -m benchmarks.search.stopping`).

    Curves may cross. Of the better half of a rung, the two that gained most over the second half of
    their epochs go on as well. And while the ranks of those that went on change on the way to the
    next rung (Kendall's tau below 0.3), nobody is stopped at this one: as in PASHA (Bohdal et al.,
    2023), trials go further while ranks are not stable.

    Where there are limits, who is further beyond them is behind (after Deb, 2002), whatever else it
    scores.

    Args:
        objectives: Of the job; those that a student has before training are compared as well.
        headline: The metric whose best epoch is kept.
        limits: Of the job.
    """

    def __init__(
        self, objectives: Sequence[Objective], headline: Objective, limits: Sequence[Limit] = ()
    ) -> None:
        self._objectives, self._headline, self._limits = objectives, headline, limits
        self._fixed = np.array([o.metric in COSTS for o in objectives])
        self._learnt = not self._fixed.all() or any(x.metric not in COSTS for x in limits)
        self._courses: dict[int, list[float]] = {}
        self._kept: dict[int, Floats] = {}
        self._points: list[dict[int, Floats]] = [{} for _ in SHARES]
        self._gains: list[dict[int, tuple[float, float]]] = [{} for _ in SHARES]
        self._related: dict[tuple[int, int], bool] = {}

    def stop(self, number: int, epoch: int, num_epochs: int, scores: Mapping[str, float]) -> bool:
        """Take note of a trial's metrics after an epoch, and say whether it is to stop.

        Args:
            number: Of the trial.
            epoch: Which of its epochs; those before it have been told.
            num_epochs: How many it has.
            scores: Metrics on dev, and what its student costs.
        """
        rung = self._note(number, epoch, num_epochs, scores)
        if rung is None or epoch == num_epochs or not self._learnt:
            return False
        return self._behind(rung, number) and self._stable(rung) and not self._steep(rung, number)

    def replay(self, trials: Iterable[Trial], costs: Mapping[str, Mapping[str, float]]) -> None:
        """Take note of what trials reached before this object was made, confirmations left out.

        Args:
            trials: With their curves.
            costs: Of each student, by label.
        """
        for trial in trials:
            if trial.origin is not Origin.CONFIRMATION:
                epochs = trial.spec.pipeline.training.num_epochs
                for measured in trial.curve:
                    scores = {**measured.dev, **costs.get(trial.spec.student, {})}
                    self._note(trial.number, measured.epoch, epochs, scores)

    def _note(
        self, number: int, epoch: int, num_epochs: int, scores: Mapping[str, float]
    ) -> int | None:
        """Take note, and return the rung that is reached with this epoch."""
        course = self._courses.setdefault(number, [])
        score = self._headline.worth(scores)
        if not course or score >= course[-1]:
            worths = [o.worth(scores) for o in self._objectives]
            self._kept[number] = np.array([-excess(scores, self._limits), *worths])
        if epoch > len(course):
            course.append(max([score, *course[-1:]]))
        rung = next((k for k, s in enumerate(SHARES) if epoch == rung_of(s, num_epochs)), None)
        if rung is not None:
            half = course[min((epoch + 1) // 2, len(course)) - 1]
            self._points[rung][number] = self._kept[number]
            self._gains[rung][number] = (course[-1], _gain(course[-1], half))
        return rung

    def _behind(self, rung: int, number: int) -> bool:
        points, mine = np.stack([*self._points[rung].values()]), self._points[rung][number]
        costs = np.concatenate([[False], self._fixed])
        nearer = points[:, 0] > mine[0]
        rivals = points[nearer | (points[:, costs] >= mine[costs]).all(axis=1)]
        ahead = int(_before(rivals, mine).sum())
        return len(rivals) > FEWEST and ahead >= math.ceil(math.sqrt(len(rivals)))

    def _steep(self, rung: int, number: int) -> bool:
        """Whether a trial of the better half gains more than all but one of them."""
        scores, gains = np.array([*self._gains[rung].values()]).T
        score, gain = self._gains[rung][number]
        better = scores >= np.median(scores)
        return bool(
            gain > 0 and score >= np.median(scores) and (gains[better] > gain).sum() < STEEP
        )

    def _stable(self, rung: int) -> bool:
        """Whether ranks at a rung are those at the next, as far as trials have reached it."""
        here, there = self._points[rung], self._points[rung + 1]
        both = [number for number in there if number in here]
        if len(both) < ENOUGH:
            return True
        if (rung, len(both)) not in self._related:
            ranks = [_ranks(np.stack([points[n] for n in both])) for points in (here, there)]
            tau = stats.kendalltau(*ranks).statistic
            self._related[rung, len(both)] = not tau < RELATED
        return self._related[rung, len(both)]


def is_rung(epoch: int, num_epochs: int) -> bool:
    """Whether a trial may be stopped after an epoch; nobody is where that was the last."""
    return epoch < num_epochs and any(epoch == rung_of(share, num_epochs) for share in SHARES)


def rung_of(share: float, num_epochs: int) -> int | None:
    """Return the first epoch at which a share is done; None where that is far more of them."""
    epoch = max(1, math.ceil(share * num_epochs - ROUNDING))
    return epoch if epoch <= LATE * share * num_epochs else None


def _gain(now: float, before: float) -> float:
    return now - before if math.isfinite(before) else 0.0


def _before(points: Floats, point: Floats) -> NDArray[np.bool_]:
    """Return which points dominate one; the first column comes before all others."""
    equal = np.logical_and(points[:, 0] == point[0], dominating(points[:, 1:], point[1:]))
    found: NDArray[np.bool_] = np.logical_or(points[:, 0] > point[0], equal)
    return found


def _ranks(points: Floats) -> NDArray[np.int64]:
    """Return how many dominate each (Fonseca & Fleming, 1993)."""
    return np.array([_before(points, point).sum() for point in points])
