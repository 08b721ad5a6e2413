"""What a past task says about pipelines that it did not try."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.component import flatten
from autodistill.record import PastTask, TrialState
from autodistill.spec import LOWER_IS_BETTER, PipelineSpec

MIN_TRIALS = 4
TREES = 40
LOGARITHMIC = ("learning_rate", "weight_decay", "temperature", "weight")


def gap_closed(past: PastTask) -> NDArray[np.float64]:
    """Return each trial's share of the way from the task's median trial (0) to its best (1).

    Clipped below at -1, so that a diverged trial weighs no more than a bad one.
    """
    sign = -1 if past.metric in LOWER_IS_BETTER else 1
    scores = np.array([sign * t.dev.get(past.metric, np.nan) for t in past.trials])
    scores = np.where(np.isfinite(scores), scores, np.nanmin(scores) if len(scores) else 0.0)
    middle, top = np.median(scores), scores.max()
    if top - middle <= 0:
        return np.zeros(len(scores))
    closed: NDArray[np.float64] = np.clip((scores - middle) / (top - middle), -1.0, 1.0)
    return closed


def predict(past: PastTask, pipelines: Sequence[PipelineSpec]) -> NDArray[np.float64]:
    """Return the share of the gap that a past task expects each pipeline to close.

    Extremely randomised trees (Geurts et al., 2006) on the task's own trials; a pipeline that was
    tried counts as measured.
    """
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415  # heavy

    tried = [t.spec.pipeline for t in past.trials]
    closed = gap_closed(past)
    table = encode([*tried, *pipelines])
    forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=0)
    forest.fit(table[: len(tried)], closed)
    guesses: NDArray[np.float64] = forest.predict(table[len(tried) :])
    measured = {p.sha256: value for p, value in zip(tried, closed, strict=True)}
    return np.array([measured.get(p.sha256, g) for p, g in zip(pipelines, guesses, strict=True)])


def encode(pipelines: Sequence[PipelineSpec]) -> NDArray[np.float64]:
    """Return numbers for trees: kinds one-hot, scales as logarithms, what is inactive as -1."""
    flat = [flatten(p) for p in pipelines]
    columns: list[list[float]] = []
    for name in sorted({name for row in flat for name in row}):
        values = [row.get(name) for row in flat]
        if any(isinstance(v, str) for v in values):
            kinds = sorted({v for v in values if isinstance(v, str)})
            columns += [[float(v == kind) for v in values] for kind in kinds]
        else:
            logarithmic = name.rpartition(".")[2] in LOGARITHMIC
            columns.append([_number(v, logarithmic=logarithmic) for v in values])
    return np.array(columns).T.reshape(len(flat), -1)


def _number(value: object, *, logarithmic: bool) -> float:
    if value is None:
        return -1.0
    number = float(str(value)) if not isinstance(value, bool) else float(value)
    return float(np.log10(number)) if logarithmic and number > 0 else number


def usable(past: PastTask) -> bool:
    """Whether a past task has enough trials to say anything."""
    measured = [t for t in past.trials if past.metric in t.dev]
    return len(measured) >= MIN_TRIALS and any(t.state is TrialState.COMPLETE for t in measured)
