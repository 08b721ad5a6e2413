"""Trials as Optuna sees them: an in-memory study, rebuilt from rows and never the truth."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autodistill.component import AnyRange, Choice
from autodistill.lazy import optuna
from autodistill.record import Trial
from autodistill.record import TrialState as State
from autodistill.search.projection import inside
from autodistill.search.samplers import FAILED, distribution, plans, random
from autodistill.spec import Limit, Objective, excess

if TYPE_CHECKING:
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

STUDENT = "student"
MOST_EXCESS = 1e6
"""What stands for infinitely far beyond a limit."""
LITTER = 2000
"""Abandoned trials in a study above which it is made anew, since samplers look at each."""


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
        limits: Sequence[Limit] = (),
    ) -> None:
        self._space = {**space, STUDENT: Choice(tuple(students))}
        self._objectives, self._limits = objectives, limits
        self._rows: list[Trial] = []
        self._study: optuna.Study | None = None
        self._litter = self._told = 0

    @contextmanager
    def beside(
        self, finished: Sequence[Trial], running: Sequence[Trial], sampler: BaseSampler
    ) -> Iterator[optuna.Study]:
        """Lend a study that was told of `finished` in their order, and of `running`.

        Afterwards neither those that run nor what was asked are in the study any more.
        """
        study = self.study(finished)
        study.sampler = sampler
        opened = len(study.get_trials(deepcopy=False))
        for row in running:
            if (known := under_way(row, self._space)) is not None:
                study.add_trial(known)
        yield study
        for trial in study.get_trials(deepcopy=False)[opened:]:
            self._litter += 1
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)

    def forget(self) -> None:
        """Make the study anew when it is asked for next."""
        self._study = None

    def study(self, finished: Sequence[Trial]) -> optuna.Study:
        """Return a study that has been told of `finished` in their order."""
        known = len(self._rows)
        stale = self._litter > LITTER or list(finished[:known]) != self._rows
        if self._study is None or stale:
            self._study, self._rows, known = self._empty(), [], 0
            self._litter = self._told = 0
        for row in finished[known:]:
            self._rows.append(row)
            if (
                said := told(row, self._space, self._objectives, self._told, self._limits)
            ) is not None:
                self._told += 1
                self._study.add_trial(said)
        return self._study

    def _empty(self) -> optuna.Study:
        ways = optuna.study.StudyDirection
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        return optuna.create_study(
            directions=[ways.MAXIMIZE if o.maximise else ways.MINIMIZE for o in self._objectives],
            sampler=random(0),
            pruner=optuna.pruners.NopPruner(),
        )


def under_way(trial: Trial, space: Mapping[str, AnyRange]) -> FrozenTrial | None:
    """Return a trial that has no result yet for a study, or None where it says nothing."""
    settings = _settings(trial, space)
    if settings is None:
        return None
    return optuna.trial.create_trial(state=optuna.trial.TrialState.RUNNING, **settings)


def told(
    trial: Trial,
    space: Mapping[str, AnyRange],
    objectives: Sequence[Objective],
    order: int,
    limits: Sequence[Limit] = (),
) -> FrozenTrial | None:
    """Return the `order`-th finished trial for a study, or None where it says nothing.

    Values outside the space, as a user's own pipeline may have, are brought to the nearest inside,
    so that its parameters stay together; a kind that is not offered says nothing, nor does a
    cancelled trial. Curves are told by the percentage of a trial's own epochs. A trial that was
    stopped early is told as pruned with its curve. One that failed, or has no finite score, is told
    as pruned without a curve, which ranks last. Optuna prunes for a single objective only; for
    several, both are told as infeasible instead, the former with what it had reached. One that
    breaks a limit is told as infeasible as well, by how far it is beyond.
    """
    settings = _settings(trial, space)
    if settings is None or trial.state is State.CANCELLED:
        return None
    states = optuna.trial.TrialState
    settings["system_attrs"] = plans(order)
    settings["user_attrs"] = {"seconds": trial.seconds, FAILED: False}
    beyond = excess(trial.dev, limits)
    if limits:
        settings["constraints"] = {"limits": min(beyond, MOST_EXCESS)}
    scores = [trial.dev.get(o.metric, math.nan) for o in objectives]
    curve = _curve(trial, objectives[0].metric) if len(objectives) == 1 else {}
    finite = all(map(math.isfinite, scores))
    if trial.state is State.COMPLETE and finite:
        settings["intermediate_values"] = curve
        return optuna.trial.create_trial(state=states.COMPLETE, values=scores, **settings)
    stopped = trial.state is State.PRUNED
    settings["user_attrs"][FAILED] = not (stopped and finite)
    if len(objectives) > 1:
        values = scores if stopped and finite else [0.0] * len(objectives)
        settings["values"] = values
        settings["constraints"] = settings.get("constraints", {}) | {"unfinished": 1.0}
        return optuna.trial.create_trial(state=states.COMPLETE, **settings)
    settings["intermediate_values"] = curve if stopped else {}
    return optuna.trial.create_trial(state=states.PRUNED, **settings)


def _settings(trial: Trial, space: Mapping[str, AnyRange]) -> dict[str, Any] | None:
    values = inside(trial.spec.pipeline, space)
    if values is None or not _offers(space, trial.spec.student):
        return None
    values[STUDENT] = trial.spec.student
    distributions = {name: distribution(space[name]) for name in values}
    return {"params": values, "distributions": distributions}


def _offers(space: Mapping[str, AnyRange], student: str) -> bool:
    students = space[STUDENT]
    return isinstance(students, Choice) and student in students.options


def _curve(trial: Trial, metric: str) -> dict[int, float]:
    """Return a trial's scores by the percentage of its epochs that were done."""
    epochs = trial.spec.pipeline.training.num_epochs
    found = {
        math.ceil(100 * m.epoch / epochs): m.values.get(f"dev/{metric}", math.nan)
        for m in trial.curve
    }
    return {share: value for share, value in found.items() if math.isfinite(value)}
