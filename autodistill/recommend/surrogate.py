"""What a past task alone says about pipelines, tried there or not."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from autodistill.component import Scalar, flatten, searchable
from autodistill.history import PastTask
from autodistill.history.scales import closed
from autodistill.metrics import LOWER_IS_BETTER
from autodistill.record import Trial
from autodistill.spec import PipelineSpec

MIN_TRIALS = 4
"""A task with fewer scored trials says nothing."""
MAX_TRIALS = 120
"""Of a task with more, so many are looked at, spread evenly from its best to its worst."""
TREES = 16
INACTIVE = -1.0
TINY, HUGE = 1e-12, 1e6
"""A setting below or above counts as this; trees take no number that is too large for them."""


class Column(NamedTuple):
    """A number that a pipeline has."""

    name: str
    word: str | None
    """1 where the name has this word, otherwise 0; None for what is a number itself."""
    log: bool

    def of(self, value: Scalar) -> float:
        """Return it for a value of its name."""
        if self.word is not None:
            return float(value == self.word)
        held = min(float(value), HUGE)
        return math.log10(max(held, TINY)) if self.log else held


def _columns() -> Iterator[Column]:
    for name, _, drawn in searchable(PipelineSpec, lambda _: True):
        words = [x for x in getattr(drawn, "options", ()) if isinstance(x, str)]
        yield from (Column(name, word, log=False) for word in words)
        if not words:
            yield Column(name, None, log=bool(getattr(drawn, "log", False)))


COLUMNS = tuple(dict.fromkeys(_columns()))
"""What a pipeline is as numbers: the same for every task."""
PLACES = {name: [i for i, c in enumerate(COLUMNS) if c.name == name] for name, _, _ in COLUMNS}
NOTHING = np.array([INACTIVE if column.word is None else 0.0 for column in COLUMNS])


class Key:
    """A pipeline to look up: it takes long to hash, and is hashed once."""

    __slots__ = ("_hash", "pipeline")

    def __init__(self, pipeline: PipelineSpec) -> None:
        self.pipeline, self._hash = pipeline, hash(pipeline)

    @override
    def __hash__(self) -> int:
        return self._hash

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.pipeline == other.pipeline


@dataclass(frozen=True)
class Experience:
    """A past task with its scored trials, best first."""

    past: PastTask
    trials: tuple[Trial, ...]
    gains: NDArray[np.float64]
    """Of each trial over the task's median trial, in its metric; positive is better."""

    middle: float = 0.0
    """The median, positive where more is better."""

    @property
    def span(self) -> float:
        """What the task's best trial gained over its median one; above 0."""
        return float(self.gains[0])

    @cached_property
    def closed(self) -> NDArray[np.float64]:
        """Share of the gap from the median (0) to the best (1) that each trial closed."""
        return closed(self.gains, self.span)

    @cached_property
    def table(self) -> NDArray[np.float64]:
        """The pipelines of the trials as numbers."""
        return encode([trial.spec.pipeline for trial in self.trials])

    @cached_property
    def distinct(self) -> NDArray[np.float64]:
        """The same of `measured`, each pipeline once."""
        first = {trial.spec.pipeline: i for i, trial in enumerate(self.trials)}
        return self.table[[first[pipeline] for pipeline in self.measured]]

    @cached_property
    def trees(self) -> Trees:
        """What made a pipeline good on this task."""
        return Trees(self.table, self.closed)

    @cached_property
    def kinds(self) -> dict[str, set[str]]:
        """Kinds of each slot that its trials tried; of a slot without any, the empty name."""
        tried = [trial.spec.pipeline for trial in self.trials]
        return {
            slot: {getattr(getattr(pipeline, slot), "kind", "") for pipeline in tried}
            for slot in PipelineSpec.model_fields
        }

    @cached_property
    def measured(self) -> dict[PipelineSpec, float]:
        """Mean share of the gap that each pipeline closed in its own trials."""
        return self._means(self.closed)

    @cached_property
    def gained(self) -> dict[PipelineSpec, float]:
        """Mean gain of each pipeline over the median trial, in the task's metric."""
        return self._means(self.gains)

    @cached_property
    def reached(self) -> dict[Key, float]:
        """The same to be looked up often."""
        return {Key(pipeline): share for pipeline, share in self.measured.items()}

    def _means(self, values: NDArray[np.float64]) -> dict[PipelineSpec, float]:
        """Return the mean of each pipeline over its trials, of one value for each trial."""
        found: dict[PipelineSpec, list[float]] = {}
        for trial, value in zip(self.trials, values, strict=True):
            found.setdefault(trial.spec.pipeline, []).append(float(value))
        return {pipeline: float(np.mean(own)) for pipeline, own in found.items()}


def shares(scores: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Return the share of the gap from the median to the best that each score closes.

    None where too few are known, or all are alike. More is better.
    """
    if len(scores) < MIN_TRIALS:
        return None
    gains = scores - np.median(scores)
    return closed(gains, float(gains.max())) if gains.max() > 1e-9 else None


class Trees:
    """Extremely randomised trees (Geurts et al., 2006) of the share that each row closes.

    Args:
        table: [row, column].
        shares: [row].
    """

    def __init__(self, table: NDArray[np.float64], shares: NDArray[np.float64]) -> None:
        from sklearn.tree import ExtraTreeRegressor  # noqa: PLC0415  # slow to import

        grown = (ExtraTreeRegressor(min_samples_leaf=2, random_state=i) for i in range(TREES))
        self._trees = [tree.fit(table, shares).tree_ for tree in grown]

    def predict(self, table: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return [row], what they expect on average."""
        rows = table.astype(np.float32)
        said: NDArray[np.float64] = np.mean([tree.predict(rows) for tree in self._trees], axis=0)
        return said.reshape(len(rows))


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
    middle = float(np.median(gains))
    gains = gains - middle
    if not gains[0] > 1e-9:
        return None
    kept = np.linspace(0, len(scored) - 1, min(len(scored), MAX_TRIALS)).round().astype(int)
    return Experience(past, tuple(scored[i][1] for i in kept), gains[kept], middle)


def judge(
    known: Experience, places: Mapping[Key, Sequence[int]], table: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the share of the gap that a past task expects each pipeline to close.

    By trees on the task's own trials. Where a pipeline was tried, half of the value is what it
    reached: a lucky seed is not taken at its word.

    Args:
        known: The past task.
        places: Of each pipeline in the table; see `placed`.
        table: What is judged, as `encode` returns it.
    """
    guesses = known.trees.predict(table)
    for key, reached in known.reached.items():
        for i in places.get(key, ()):
            guesses[i] = (guesses[i] + reached) / 2
    return guesses


def placed(pipelines: Sequence[PipelineSpec]) -> dict[Key, list[int]]:
    """Return where each pipeline stands in a list."""
    places: dict[Key, list[int]] = {}
    for i, pipeline in enumerate(pipelines):
        places.setdefault(Key(pipeline), []).append(i)
    return places


def encode(pipelines: Sequence[PipelineSpec]) -> NDArray[np.float64]:
    """Return numbers for trees, one row a pipeline: kinds one-hot, logarithms where searched so."""
    table = np.tile(NOTHING, (len(pipelines), 1))
    for row, pipeline in zip(table, pipelines, strict=True):
        for name, value in flatten(pipeline).items():
            for place in PLACES.get(name, ()):
                row[place] = COLUMNS[place].of(value)
    return table
