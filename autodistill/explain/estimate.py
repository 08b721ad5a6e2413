"""How long a job will take, from the trials of earlier ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autodistill.component import Choice, IntUniform, Uniform
from autodistill.optimisation import Training
from autodistill.record import Record
from autodistill.spec import JobSpec

STOPPED_AT = 1 / 3
"""Share of their epochs after which trials are stopped, short ones as well."""
CONFIRMED = 3
"""Pipelines that are trained again with fresh seeds at the end."""
FEW_STEPS = 100
"""Optimiser steps of the longest training below which pipelines differ by their steps: with 50,
copies that double them were far ahead of everything, with 150 they were not."""


class Estimate(Record):
    """What a job is going to cost."""

    trials: int
    confirmations: int
    epochs: float
    """Expected over all trials, early stopping counted in."""
    low_s: float | None
    """Seconds on the clock, a tenth and nine tenths quantile of the pace; None when unknown."""
    high_s: float | None
    basis: str
    """What it rests on, for people."""
    caution: str
    """What the job's scores will not tell, as sentences; mostly empty."""


def pace(trials: Sequence[Mapping[str, Any]], num_train: int) -> list[float]:
    """Return seconds per epoch and training example of each complete plain trial."""
    return [
        t["seconds"] / (t["epochs_done"] * max(num_train, 1))
        for t in trials
        if t["seconds"] > 0 and t["epochs_done"]
    ]


def estimate(spec: JobSpec, num_train: int, paces: Sequence[float], basis: str) -> Estimate:
    """Return what a job will take.

    Args:
        spec: The job.
        num_train: Training examples of its dataset.
        paces: Seconds per epoch and example of earlier trials; may be empty.
        basis: Where those come from.
    """
    drawn = spec.space.get("training.num_epochs")
    mean = _mean(drawn) if drawn is not None else float(spec.budget.max_epochs)
    trials, again = spec.budget.num_trials, CONFIRMED * spec.confirmation_seeds
    epochs = mean * (trials * _share_trained(spec) + again)
    used = min(num_train, spec.max_train_examples or num_train)
    low = high = None
    if paces:
        ends = np.quantile(paces, (0.1, 0.9)) * epochs * used / spec.parallelism
        search = spec.budget.timeout_s or np.inf
        low, high = (float(min(end, search + end * again / (trials + again))) for end in ends)
    return Estimate(
        trials=trials,
        confirmations=again,
        epochs=epochs,
        low_s=low,
        high_s=high,
        basis=basis,
        caution=_caution(spec, used),
    )


def _caution(spec: JobSpec, used: int) -> str:
    drawn = spec.space.get("training.num_epochs")
    longest = spec.budget.max_epochs if drawn is None else int(_most(drawn))
    an_epoch = math.ceil(used / Training().batch_size)
    if (steps := longest * an_epoch) >= FEW_STEPS:
        return ""
    return (
        f"The longest training has {steps} optimiser steps: with fewer than {FEW_STEPS}, pipelines "
        "that make more steps of an epoch win, whatever they teach. Allow at least "
        f"{math.ceil(FEW_STEPS / an_epoch)} epochs."
    )


def _share_trained(spec: JobSpec) -> float:
    """Return the share of all epochs that is trained.

    Of trials in random order about twice the root of their number go on, where the best root of
    those that have come do.
    """
    if not spec.search.early_stopping:
        return 1.0
    go_on = min(1.0, 2 / math.sqrt(spec.budget.num_trials))
    return STOPPED_AT + (1 - STOPPED_AT) * go_on


def _mean(drawn: Uniform | IntUniform | Choice) -> float:
    if isinstance(drawn, Choice):
        return float(np.mean([float(v) for v in drawn.options if not isinstance(v, str)]))
    return (drawn.low + drawn.high) / 2


def _most(drawn: Uniform | IntUniform | Choice) -> float:
    if isinstance(drawn, Choice):
        return max(float(v) for v in drawn.options if not isinstance(v, str))
    return drawn.high
