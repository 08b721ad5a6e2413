"""NOUN: how much a search may try, and how it proposes."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from autodistill.frozen import Spec


class Budget(Spec):
    """When a search ends: at the first limit that is reached."""

    num_trials: Annotated[int, Ge(1), Le(100_000)] = 20
    """Trials, plain fine-tuning and early-stopped ones included."""
    timeout_s: Annotated[float, Gt(0)] | None = None
    """Seconds of search after which no new trial starts; None is no limit."""
    patience: Annotated[int, Ge(1)] | None = None
    """Trials in a row without a better one after which no new trial starts; None is no limit."""
    min_gain: Annotated[float, Gt(0)] | None = None
    """Of the first objective, in its own unit: from ten trials on no new one starts where as many
    again, if all went on as so far, are expected to better it by less. None is no limit."""
    max_epochs: Annotated[int, Ge(1), Le(1000)] = 8
    """Longest training of one trial."""


class Search(Spec):
    """How pipelines are proposed."""

    sampler: Literal["transfer", "tpe", "random", "gp", "cmaes", "nsgaii", "nsgaiii"] = "transfer"
    """Who proposes: `transfer` starts from similar past tasks and learns how this one differs (the
    tree-structured Parzen estimator where there is none), the others are Optuna's."""
    early_stopping: bool = True
    """Stop a trial that is behind at a tenth or a third of its epochs (successive halving)."""
    recommended: Annotated[int, Ge(0), Le(20)] = 5
    """Trials that start from the recommender's list before the sampler proposes."""
