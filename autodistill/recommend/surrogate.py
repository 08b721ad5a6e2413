"""What a past task says about pipelines, tried there or not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from autodistill.component import Scalar, flatten, searchable
from autodistill.history import PastTask
from autodistill.metrics import LOWER_IS_BETTER
from autodistill.record import Trial
from autodistill.spec import PipelineSpec

MIN_TRIALS = 4
"""A task with fewer scored trials says nothing."""
MAX_TRIALS = 120
"""Of a task with more, so many are looked at, spread evenly from its best to its worst."""
TREES = 25
INACTIVE = -1.0
TINY = 1e-12
LOGARITHMIC = frozenset(
    name
    for name, _, drawn in searchable(PipelineSpec, lambda _: True)
    if getattr(drawn, "log", False)
)
"""Names that are searched on a logarithmic scale."""


@dataclass(frozen=True)
class Experience:
    """A past task with its scored trials, best first."""

    past: PastTask
    trials: tuple[Trial, ...]
    gains: NDArray[np.float64]
    """Of each trial over the task's median trial, in its metric; positive is better."""

    @property
    def span(self) -> float:
        """What the task's best trial gained over its median one; above 0."""
        return float(self.gains[0])

    @cached_property
    def closed(self) -> NDArray[np.float64]:
        """Share of the gap from the median (0) to the best (1) that each trial closed.

        Clipped at -1, so that a diverged trial weighs no more than a bad one.
        """
        share: NDArray[np.float64] = np.clip(self.gains / self.span, -1.0, 1.0)
        return share

    @cached_property
    def measured(self) -> dict[PipelineSpec, float]:
        """Mean share of the gap that each pipeline closed in its own trials."""
        shares: dict[PipelineSpec, list[float]] = {}
        for trial, share in zip(self.trials, self.closed, strict=True):
            shares.setdefault(trial.spec.pipeline, []).append(float(share))
        return {pipeline: float(np.mean(found)) for pipeline, found in shares.items()}


def experience(past: PastTask) -> Experience | None:
    """Return what a past task teaches, or None: too few scored trials, or all alike."""
    sign = -1.0 if past.metric in LOWER_IS_BETTER else 1.0
    scored = [
        (sign * score, trial)
        for trial in past.trials
        if math.isfinite(score := trial.dev.get(past.metric, math.nan))
    ]
    if len(scored) < MIN_TRIALS:
        return None
    scored.sort(key=lambda pair: -pair[0])
    gains = np.array([score for score, _ in scored])
    gains = gains - np.median(gains)
    if not gains[0] > 1e-9:
        return None
    kept = np.linspace(0, len(scored) - 1, min(len(scored), MAX_TRIALS)).round().astype(int)
    return Experience(past, tuple(scored[i][1] for i in kept), gains[kept])


def judge(
    known: Experience, pipelines: Sequence[PipelineSpec], flat: Sequence[Mapping[str, Scalar]]
) -> NDArray[np.float64]:
    """Return the share of the gap that a past task expects each pipeline to close.

    Extremely randomised trees (Geurts et al., 2006) on the task's own trials. Where a pipeline was
    tried, half of the value is what it reached: a lucky seed is not taken at its word.

    Args:
        known: The past task.
        pipelines: What is judged.
        flat: The same by flat name.
    """
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415  # slow to import

    tried = [flatten(trial.spec.pipeline) for trial in known.trials]
    table = _encode([*tried, *flat])
    forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=0)
    forest.fit(table[: len(tried)], known.closed)
    guesses: NDArray[np.float64] = forest.predict(table[len(tried) :])
    for i, pipeline in enumerate(pipelines):
        guesses[i] = (guesses[i] + known.measured.get(pipeline, guesses[i])) / 2
    return guesses


def _encode(rows: Sequence[Mapping[str, Scalar]]) -> NDArray[np.float64]:
    """Return numbers for trees: kinds one-hot, log-searched values as logarithms."""
    columns: list[list[float]] = []
    for name in sorted({name for row in rows for name in row}):
        values = [row.get(name) for row in rows]
        kinds = sorted({v for v in values if isinstance(v, str)})
        columns += [[float(v == kind) for v in values] for kind in kinds]
        if not kinds:
            columns.append([_number(v, logarithmic=name in LOGARITHMIC) for v in values])
    return np.array(columns, dtype=float).T


def _number(value: Scalar | None, *, logarithmic: bool) -> float:
    if value is None:
        return INACTIVE
    return math.log10(max(float(value), TINY)) if logarithmic else float(value)
