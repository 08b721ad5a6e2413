"""Ranking of ordered levels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.component import Uniform
from autodistill.pool import Pool
from autodistill.targets._base import TargetMaker, Targets
from autodistill.targets._levels import Ranking
from autodistill.task import Task, TaskFacts

MOST_LEVELS = 20


class Ordinal(Targets, title="Ordered levels"):
    """The labels, and the multi-level ranking loss of the scores (QuantiDCE, Ye et al., 2021).

    Adds `weight * (separation + compactness + order)`; c_i is the mean score of the batch's rows of
    level i. Separation: `relu(delta_ij - |c_i - c_j|)`. Compactness: `relu(mean |s - c_i| - mu)`.
    Order: `relu(c_i - c_j)` for i below j. Ours: it is a term beside the squared error, not a stage
    before it; means over levels and pairs, not sums; and `delta_ij` is `delta` times the distance
    of the levels, not their number, so that it never contradicts the values.
    """

    tasks: ClassVar[frozenset[Task]] = frozenset({Task.TEXT_REGRESSION})
    kind: Literal["ordinal"] = "ordinal"
    weight: Annotated[float, Gt(0), Le(100), Uniform(0.03, 3.0, log=True)] = 0.3
    """Factor of the ranking loss beside the squared error."""
    delta: Annotated[float, Ge(0), Le(1), Uniform(0.2, 1.0)] = 0.5
    """Share of two levels' distance that their mean scores keep at least."""
    mu: Annotated[float, Ge(0), Le(10), Uniform(0.0, 0.5)] = 0.1
    """Mean distance from their level's mean that scores may have, in deviations of the labels."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse labels that are not 2 to 20 distinct values."""
        if refusal := super().unsuitable(facts):
            return refusal
        if 2 <= facts.num_levels <= MOST_LEVELS:
            return None
        law = f"ordinal needs 2 to {MOST_LEVELS} distinct values among the training labels"
        return f"{law}; got {facts.num_levels}, round them to levels."

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse augmentations that mix labels, since a mixed value is of no level."""
        if pipeline.augmentation.mixes:
            law = "ordinal ranks levels, so labels must not be mixed"
            yield f"{law}; got augmentation {pipeline.augmentation.kind}, choose another."

    @override
    def build(self, pool: Pool) -> TargetMaker:
        return Ranking(pool.labels_V, self.weight, self.delta, self.mu)
