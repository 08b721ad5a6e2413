"""Samplers by name; what Optuna has changed before is explicit."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from autodistill.component import AnyRange, Choice, IntUniform
from autodistill.lazy import optuna

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

FAILED = "failed"
"""User attribute of a told trial whose values say nothing."""
TITLES = {
    "random": "random search",
    "tpe": "TPE",
    "gp": "a Gaussian process",
    "cmaes": "CMA-ES",
    "nsgaii": "NSGA-II",
    "nsgaiii": "NSGA-III",
}
"""Optuna's samplers that a job may choose, for people."""
PLANNING = ("gp", "cmaes", "nsgaii", "nsgaiii")
"""Those that note in a study what they did: they get a fresh one each time, so that they answer
after a restart as before."""
POPULATION = 16
"""Of the genetic samplers: small, as trainings are few."""
STARTUP_TRIALS = 8
"""Told trials before the estimator proposes; until then its draws are random."""


def random(seed: int) -> BaseSampler:
    """Return independent draws."""
    return optuna.samplers.RandomSampler(seed=seed)


def tpe(seed: int) -> BaseSampler:
    """Return the tree-structured Parzen estimator, multivariate and grouped."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)  # of `group`
        return optuna.samplers.TPESampler(
            n_startup_trials=STARTUP_TRIALS,
            n_ei_candidates=24,
            multivariate=True,
            group=True,
            constant_liar=True,
            seed=seed,
        )


def named(name: str, seed: int, told: Sequence[FrozenTrial] = ()) -> BaseSampler:
    """Return one of Optuna's samplers.

    Some of them keep a plan in the study, which is not there in one that is made anew from rows:
    CMA-ES starts from all that was told (warm start, Nomura et al., 2021), and the generations of
    the genetic ones are told with the rows (see `plans`).
    """
    samplers, startup = optuna.samplers, STARTUP_TRIALS
    if name == "random":
        return random(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        alone: Any = {"seed": seed, "warn_independent_sampling": False}  # of choices
        if name == "gp":
            return samplers.GPSampler(n_startup_trials=startup, **alone)
        if name == "cmaes":
            shared = _shared(told)
            ready = len(shared) >= 2 * startup and len(shared[0].params) > 1
            return samplers.CmaEsSampler(source_trials=shared, **alone) if ready else random(seed)
        if name == "nsgaii":
            return samplers.NSGAIISampler(seed=seed, population_size=POPULATION)
        if name == "nsgaiii":
            return samplers.NSGAIIISampler(seed=seed, population_size=POPULATION)
    return tpe(seed)


def _shared(told: Sequence[FrozenTrial]) -> list[FrozenTrial]:
    """Return the complete trials with the ordered parameters alone that all have."""
    complete = optuna.trial.TrialState.COMPLETE
    numeric = {
        name: known
        for name, known in optuna.search_space.intersection_search_space(list(told)).items()
        if not known.single()
        and not isinstance(known, optuna.distributions.CategoricalDistribution)
    }
    return [
        optuna.trial.create_trial(
            params={name: t.params[name] for name in numeric},
            distributions=numeric,
            value=t.values[0],
        )
        for t in told
        if t.state is complete and len(t.values) == 1
    ]


def plans(order: int) -> dict[str, int]:
    """Return what the genetic samplers have noted of the trial that was told as `order`-th."""
    names = ("NSGAIISampler", "NSGAIIISampler")
    return {f"{name}:generation": order // POPULATION for name in names}


def distribution(drawn: AnyRange) -> BaseDistribution:
    """Return Optuna's word for a range."""
    if isinstance(drawn, Choice):
        return optuna.distributions.CategoricalDistribution(drawn.options)
    if isinstance(drawn, IntUniform):
        return optuna.distributions.IntDistribution(drawn.low, drawn.high, log=drawn.log)
    return optuna.distributions.FloatDistribution(drawn.low, drawn.high, log=drawn.log)
