"""Trials as Optuna sees them: an in-memory study, rebuilt from rows and never the truth."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from autodistill.component import AnyRange, Choice, IntUniform
from autodistill.lazy import optuna
from autodistill.record import Trial
from autodistill.record import TrialState as State
from autodistill.search.projection import inside
from autodistill.spec import Objective

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

STARTUP_TRIALS = 8
"""Told trials before the estimator proposes; until then its draws are random."""
STUDENT = "student"


class Memory:
    """The finished trials of a job as a study; rows that are already in it are not added again.

    The study depends on the rows alone: where they are not a continuation of what it has seen, it
    starts afresh.
    """

    def __init__(
        self,
        space: Mapping[str, AnyRange],
        students: Sequence[str],
        objectives: Sequence[Objective],
    ) -> None:
        self._space = {**space, STUDENT: Choice(tuple(students))}
        self._objectives = objectives
        self._rows: list[Trial] = []
        self._study: optuna.Study | None = None

    def study(self, finished: Sequence[Trial], sampler: BaseSampler) -> optuna.Study:
        """Return a study that has been told of `finished` in their order, with that sampler."""
        known = len(self._rows)
        if self._study is None or list(finished[:known]) != self._rows:
            self._study, self._rows, known = self._empty(), [], 0
        for row in finished[known:]:
            self._rows.append(row)
            if (said := told(row, self._space, self._objectives)) is not None:
                self._study.add_trial(said)
        self._study.sampler = sampler
        return self._study

    def _empty(self) -> optuna.Study:
        ways = optuna.study.StudyDirection
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            directions=[ways.MAXIMIZE if o.maximise else ways.MINIMIZE for o in self._objectives],
            sampler=random(0),
            pruner=optuna.pruners.NopPruner(),
        )


def random(seed: int) -> BaseSampler:
    """Return independent draws."""
    return optuna.samplers.RandomSampler(seed=seed)


def estimator(seed: int) -> BaseSampler:
    """Return the tree-structured Parzen estimator; what Optuna has changed before is explicit."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of `group`
        return optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS,
            n_ei_candidates=24,
            multivariate=True,
            group=True,
            constant_liar=False,
            seed=seed,
        )


def told(
    trial: Trial, space: Mapping[str, AnyRange], objectives: Sequence[Objective]
) -> FrozenTrial | None:
    """Return a finished trial for a study, or None where it says nothing to the sampler.

    Values outside the space, as a user's own pipeline may have, are brought to the nearest inside,
    so that its parameters stay together; a kind that is not offered says nothing, nor does a
    cancelled trial. A trial that was stopped early is told as pruned with its curve. One that
    failed, or has no finite score, is told as pruned without a curve, which ranks last. Optuna
    prunes for a single objective only; for several, both are told as infeasible instead.
    """
    values = inside(trial.spec.pipeline, space)
    if values is None or trial.state is State.CANCELLED or not _offers(space, trial.spec.student):
        return None
    values[STUDENT] = trial.spec.student
    settings: dict[str, Any] = {
        "params": values,
        "distributions": {name: _distribution(space[name]) for name in values},
    }
    states = optuna.trial.TrialState
    scores = [trial.dev.get(o.metric, math.nan) for o in objectives]
    if trial.state is State.COMPLETE and all(map(math.isfinite, scores)):
        return optuna.trial.create_trial(state=states.COMPLETE, values=scores, **settings)
    if len(objectives) > 1:
        settings |= {"values": [0.0] * len(objectives), "constraints": {"unfinished": 1.0}}
        return optuna.trial.create_trial(state=states.COMPLETE, **settings)
    curve = _curve(trial, objectives[0].metric) if trial.state is State.PRUNED else {}
    return optuna.trial.create_trial(state=states.PRUNED, intermediate_values=curve, **settings)


def _offers(space: Mapping[str, AnyRange], student: str) -> bool:
    students = space[STUDENT]
    return isinstance(students, Choice) and student in students.options


def _curve(trial: Trial, metric: str) -> dict[int, float]:
    found = {m.epoch: m.values.get(f"dev/{metric}", math.nan) for m in trial.curve}
    return {epoch: value for epoch, value in found.items() if math.isfinite(value)}


def _distribution(drawn: AnyRange) -> BaseDistribution:
    """Return Optuna's word for a range."""
    if isinstance(drawn, Choice):
        return optuna.distributions.CategoricalDistribution(drawn.options)
    if isinstance(drawn, IntUniform):
        return optuna.distributions.IntDistribution(drawn.low, drawn.high, log=drawn.log)
    return optuna.distributions.FloatDistribution(drawn.low, drawn.high, log=drawn.log)
