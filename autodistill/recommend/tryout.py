"""Short trials on the task itself, by which a recommended list is ordered.

Past tasks find good pipelines, and hardly tell which of them is the best on a new one; a quarter of
a training may (`python -m benchmarks.tryouts` has the figures and their noise; probe runs as in
TuneAhead, 2026, and the first rung of successive halving, Jamieson and Talwalkar, 2016).
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field

from autodistill.history import Advice, Recommendation
from autodistill.metrics import LOWER_IS_BETTER
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

SHARE = 4
"""A short trial has the epochs of a whole one divided by this, rounded up."""
FEWEST = 2
"""Epochs that a short trial has, as far as the whole one has them: some pipelines need a past."""
MOST = 5
"""Of the first of a list so many are tried out."""
FAILED = "A short trial of it on this dataset failed."


@dataclass(frozen=True)
class Tried:
    """What is known of short trials on a task."""

    reached: dict[PipelineSpec, float] = field(default_factory=dict)
    """On dev, of those that came to their end."""
    failed: Set[PipelineSpec] = frozenset()
    awaited: Set[PipelineSpec] = frozenset()
    """Those that are under way."""
    job: str | None = None
    """Where they are under way."""


def short(pipeline: PipelineSpec) -> PipelineSpec:
    """Return the pipeline with few epochs."""
    training = pipeline.training
    epochs = min(max(-(-training.num_epochs // SHARE), FEWEST), training.num_epochs)
    return pipeline.model_copy(
        update={"training": training.model_copy(update={"num_epochs": epochs})}
    )


def untried(found: Recommendation, tried: Tried, facts: TaskFacts) -> tuple[PipelineSpec, ...]:
    """Return the short trials of the first of a list that are still to be run, each once."""
    first = dict.fromkeys(short(a.pipeline) for a in found.advice[:MOST])
    if len(first) < 2:
        return ()
    known = tried.reached.keys() | tried.failed | tried.awaited
    return tuple(p for p in first if p not in known and not p.problems(facts))


def ordered(found: Recommendation, tried: Tried, metric: str) -> Recommendation:
    """Return the list in the order of its short trials; what failed there comes last.

    Those that reached something come first where there are two of them or more: one alone says
    nothing of the others.
    """
    advice = [_marked(a, tried) for a in found.advice]
    failed = [a for a in advice if FAILED in a.reason]
    rest = [a for a in advice if FAILED not in a.reason]
    known = [(a.tried, a) for a in advice[:MOST] if a in rest and a.tried is not None]
    if len(known) < 2:
        return found.model_copy(update={"advice": (*rest, *failed)})
    known.sort(key=lambda pair: pair[0], reverse=metric not in LOWER_IS_BETTER)
    first = [a for _, a in known]
    listed = (*first, *(a for a in rest if a not in first), *failed)
    best, second = (f"{metric} {score:.4f}" for score, _ in known[:2])
    message = (
        f"{found.message} Then {len(known)} short trials on this dataset put those that they "
        f"tried in their order: {best} on dev, then {second}."
    )
    return found.model_copy(update={"advice": listed, "message": message, "otherwise": ()})


def _marked(advice: Advice, tried: Tried) -> Advice:
    """Return an advice with what its short trial came to."""
    few = short(advice.pipeline)
    reason = f"{FAILED} {advice.reason}" if few in tried.failed else advice.reason
    return advice.model_copy(update={"tried": tried.reached.get(few), "reason": reason})
