"""Trials as Optuna sees them: an in-memory study, rebuilt from rows and never the truth."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState, create_trial

from autodistill.component import AnyRange, Choice, IntUniform, flatten
from autodistill.record import Trial
from autodistill.record import TrialState as State
from autodistill.spec import COSTS, Objective

optuna.logging.set_verbosity(optuna.logging.WARNING)
STARTUP_TRIALS = 8


def distribution(drawn: AnyRange) -> BaseDistribution:
    """Return Optuna's word for a range."""
    if isinstance(drawn, Choice):
        return CategoricalDistribution(drawn.options)
    if isinstance(drawn, IntUniform):
        return IntDistribution(drawn.low, drawn.high, log=drawn.log)
    return FloatDistribution(drawn.low, drawn.high, log=drawn.log)


def new_study(objectives: Sequence[Objective], sampler: str, seed: int) -> optuna.Study:
    """Return an empty study; every setting that Optuna changed between versions is explicit."""
    chosen: optuna.samplers.BaseSampler
    if sampler == "random":
        chosen = optuna.samplers.RandomSampler(seed=seed)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of `group`
            chosen = optuna.samplers.TPESampler(
                n_startup_trials=STARTUP_TRIALS,
                multivariate=True,
                group=True,
                constant_liar=False,
                seed=seed,
            )
    ways = {True: StudyDirection.MAXIMIZE, False: StudyDirection.MINIMIZE}
    directions = [ways[o.maximise] for o in objectives]
    return optuna.create_study(
        directions=directions, sampler=chosen, pruner=optuna.pruners.NopPruner()
    )


def told(
    trial: Trial, space: Mapping[str, BaseDistribution], objectives: Sequence[Objective]
) -> FrozenTrial | None:
    """Return a finished trial for a study, or None where it says nothing to the sampler.

    Values outside the space, as baselines and users' own pipelines may have, are left out; Optuna
    treats such a trial as one without those parameters. A trial that was stopped early is told as
    pruned with its curve, one that failed as pruned without, which the sampler takes for bad.
    """
    params = {"student": trial.spec.student, **flatten(trial.spec.pipeline)}
    inside = {
        k: v for k, v in params.items() if k in space and space[k]._contains(_internal(space[k], v))
    }
    settings: dict[str, Any] = {
        "params": inside,
        "distributions": {k: space[k] for k in inside},
    }
    if trial.state is State.COMPLETE:
        values = [trial.dev[o.metric] for o in objectives]
        if all(map(math.isfinite, values)):
            return create_trial(state=TrialState.COMPLETE, values=values, **settings)
    if len(objectives) > 1:  # Optuna knows pruning for one objective only
        return None
    curve = {
        m.epoch: m.values[f"dev/{objectives[0].metric}"]
        for m in trial.curve
        if objectives[0].metric not in COSTS
    }
    if trial.state is State.FAILED:
        curve = {}
    return create_trial(state=TrialState.PRUNED, intermediate_values=curve, **settings)


def _internal(drawn: BaseDistribution, value: Any) -> float:
    try:
        return drawn.to_internal_repr(value)
    except ValueError:
        return math.nan
