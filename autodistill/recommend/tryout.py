"""Short trials on the task itself, by which a recommended list is ordered.

Which of a few good pipelines is the best on a new task is told by past tasks less well than by a
quarter of a training (`python -m benchmarks.tryouts`; probe runs as in TuneAhead, 2026, and the
first rung of successive halving, Jamieson and Talwalkar, 2016).
"""

from __future__ import annotations

from collections.abc import Mapping

from autodistill.history import Recommendation
from autodistill.metrics import LOWER_IS_BETTER
from autodistill.spec import PipelineSpec

SHARE = 4
"""A short trial has the epochs of a whole one divided by this, rounded up."""
MOST = 5
"""Of the first of a list so many are tried out."""


def short(pipeline: PipelineSpec) -> PipelineSpec:
    """Return the pipeline with few epochs."""
    training = pipeline.training
    epochs = -(-training.num_epochs // SHARE)
    return pipeline.model_copy(
        update={"training": training.model_copy(update={"num_epochs": epochs})}
    )


def untried(found: Recommendation) -> tuple[PipelineSpec, ...]:
    """Return short trials of the first of a list that had none; none where only one is listed."""
    first = found.advice[:MOST]
    return tuple(short(a.pipeline) for a in first if a.tried is None) if len(first) > 1 else ()


def ordered(
    found: Recommendation, reached: Mapping[PipelineSpec, float], metric: str
) -> Recommendation:
    """Return the list with what was tried out on the task first, the best before the others.

    Args:
        found: A list.
        reached: What short trials reached on dev.
        metric: Which.
    """
    advice = [a.model_copy(update={"tried": reached.get(short(a.pipeline))}) for a in found.advice]
    tried = [(a.tried, a) for a in advice if a.tried is not None]
    tried.sort(key=lambda pair: pair[0], reverse=metric not in LOWER_IS_BETTER)
    listed = tuple(a for _, a in tried) + tuple(a for a in advice if a.tried is None)
    update: dict[str, object] = {"advice": listed}
    if len(tried) > 1:
        best, second = (f"{metric} {score:.4f}" for score, _ in tried[:2])
        update["message"] = (
            f"{found.message} Its first {len(tried)} are in the order of short trials on this "
            f"dataset: {best} on dev, then {second}."
        )
    return found.model_copy(update=update)
