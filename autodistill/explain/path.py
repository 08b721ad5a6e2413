"""From the default pipeline to the best one, a component at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autodistill.component import Scalar, flatten, searchable
from autodistill.explain.frame import Frame
from autodistill.explain.importance import MIN_TRIALS, spread
from autodistill.record import Record
from autodistill.spec import PipelineSpec

TREES = 40
MOST_TRIALS = 800
INACTIVE = -1.0
TINY = 1e-12
LOGARITHMIC = frozenset(
    name for name, _, r in searchable(PipelineSpec, lambda _: True) if getattr(r, "log", False)
)


class Step(Record):
    """One component changed on the way."""

    slot: str | None
    """What was changed; None where the path begins."""
    expected: float
    """What the job's trials let expect of the pipeline after the step, in the metric."""
    sd: float
    """Standard deviation of that expectation over the trees."""
    component: dict[str, Any]
    """The slot's component after the step; empty where the path begins."""


def path(
    frame: Frame, values: NDArray[np.float64], start: PipelineSpec, goal: PipelineSpec
) -> list[Step]:
    """Return the steps from one pipeline to another, the most rewarding change first.

    An ablation path (Fawcett & Hoos, 2016) on a surrogate (Biedenkapp et al., 2017): extremely
    randomised trees on the job's trials judge each change. A slot changes as a whole, with its
    settings. Interactions make the order matter: a step's gain is its gain at its place.

    Args:
        frame: Trials.
        values: One for each trial, in the metric's unit; NaN is left out. More is better.
        start: Where the path begins.
        goal: Where it ends.
    """
    shown = spread(values, MOST_TRIALS)
    if len(shown) < MIN_TRIALS:
        return []
    surrogate = _Surrogate(frame, shown, values[shown])
    here = start
    (expected,), (sd,) = surrogate.judge([here])
    steps = [Step(slot=None, expected=expected, sd=sd, component={})]
    left = [s for s in PipelineSpec.model_fields if getattr(start, s) != getattr(goal, s)]
    while left:
        options = [here.model_copy(update={slot: getattr(goal, slot)}) for slot in left]
        means, sds = surrogate.judge(options)
        best = int(np.argmax(means))
        slot, here = left.pop(best), options[best]
        component = getattr(goal, slot).model_dump(mode="json")
        steps.append(Step(slot=slot, expected=means[best], sd=sds[best], component=component))
    return steps


class _Surrogate:
    """Trees that know some trials of a job."""

    def __init__(self, frame: Frame, shown: NDArray[np.intp], values: NDArray[np.float64]) -> None:
        from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415  # slow to import

        flat = flatten(PipelineSpec())
        names = [n for n, _, _ in searchable(PipelineSpec, lambda _: True) if n in frame.names]
        self._columns = {name: frame.column(name)[shown].tolist() for name in names}
        self._kinds = {
            name: sorted({str(v) for v in [*column, flat.get(name)] if v is not None})
            for name, column in self._columns.items()
            if frame.column(name).dtype == object
        }
        rows = [
            {name: column[i] for name, column in self._columns.items()} for i in range(len(shown))
        ]
        self._forest = ExtraTreesRegressor(TREES, min_samples_leaf=2, random_state=0)
        self._forest.fit(self._encode(rows), values)

    def judge(self, pipelines: Sequence[PipelineSpec]) -> tuple[list[float], list[float]]:
        """Return mean and standard deviation over the trees for each pipeline."""
        table = self._encode([flatten(p) for p in pipelines])
        said = np.stack([tree.predict(table) for tree in self._forest.estimators_])
        return said.mean(axis=0).tolist(), said.std(axis=0).tolist()

    def _encode(self, rows: Sequence[Mapping[str, Scalar | None]]) -> NDArray[np.float64]:
        columns: list[list[float]] = []
        for name in self._columns:
            values = [row.get(name) for row in rows]
            if name in self._kinds:
                columns += [[float(str(v) == kind) for v in values] for kind in self._kinds[name]]
            else:
                columns.append([_number(v, logarithmic=name in LOGARITHMIC) for v in values])
        return np.array(columns, dtype=float).T


def _number(value: Any, *, logarithmic: bool) -> float:
    if value is None or value != value:  # noqa: PLR0124  # NaN differs from itself
        return INACTIVE
    return float(np.log10(max(float(value), TINY))) if logarithmic else float(value)
