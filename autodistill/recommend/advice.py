"""From history to a ranked list with reasons: one formula for no, little and much history."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from autodistill.recommend.expert import portfolio
from autodistill.recommend.similarity import similarities
from autodistill.recommend.surrogate import gap_closed, predict, usable
from autodistill.record import Advice, Dataset, PastTask, Recommendation
from autodistill.spec import PipelineSpec
from autodistill.task import TaskFacts

TOP_OF_A_TASK = 5
"""Pipelines of each past task that are candidates for a new one."""
SIMILAR_ENOUGH = 0.1
"""Summed similarity below which history is not asked."""
EXPERT_TASKS = 3.0
"""Past tasks that the expert's opinion counts for."""
EXPERT_GAP = 0.5
"""Share of the gap that the expert is taken to expect of a pipeline on the list."""
NAMED = 3
"""Past datasets that a reason names."""


def recommend(
    dataset: Dataset, facts: TaskFacts, history: Sequence[PastTask], *, k: int = 5
) -> Recommendation:
    """Return the `k` pipelines to try first on a dataset with this teacher and student.

    The first is the one with the best expected score: past tasks' own surrogates, weighted by
    similarity, with the expert's list counted as three more tasks. The others complement it: each
    adds most to the expected best of the list, over the past tasks (a greedy portfolio, as in
    Auto-sklearn 2.0, Feurer et al., 2022).
    """
    expert = portfolio(facts)
    past = [p for p in history if usable(p)]
    weights = similarities(dataset, facts, past) if past else np.zeros(0)
    if weights.sum() < SIMILAR_ENOUGH:
        message = "No similar past task: this is the experts' list, best first."
        advice = tuple(
            Advice(pipeline=p, expected=None, reason=reason[0].upper() + reason[1:] + ".")
            for p, reason in expert[:k]
        )
        return Recommendation(
            advice=advice, basis="expert", num_past_tasks=len(past), message=message
        )
    past = [p for p, w in zip(past, weights, strict=True) if w > 0]
    weights = weights[weights > 0]
    pool = _candidates(facts, past, [p for p, _ in expert])
    scenarios = np.array([predict(p, pool) for p in past])
    opinions = np.array([EXPERT_GAP if p in {e for e, _ in expert} else 0.0 for p in pool])
    total = weights.sum() + EXPERT_TASKS
    expected = (weights @ scenarios + EXPERT_TASKS * opinions) / total
    chosen = _complementary(scenarios, weights, first=int(expected.argmax()), k=k)
    advice = tuple(
        Advice(
            pipeline=pool[i],
            expected=float(expected[i]),
            reason=_reason(past, weights, scenarios[:, i]),
        )
        for i in chosen
    )
    names = sorted({p.dataset.name for p in past})
    message = f"From {len(past)} past tasks on {', '.join(names[:5])}{' …' * (len(names) > 5)}."
    return Recommendation(advice=advice, basis="history", num_past_tasks=len(past), message=message)


def _candidates(
    facts: TaskFacts, past: Sequence[PastTask], expert: Sequence[PipelineSpec]
) -> list[PipelineSpec]:
    """Return distinct pipelines that distil and serve the task: each task's best, the expert's."""
    found = {p.sha256: p for p in expert}
    for task in past:
        order = np.argsort(-gap_closed(task), kind="stable")[:TOP_OF_A_TASK]
        for pipeline in (task.trials[i].spec.pipeline for i in order):
            if pipeline.distils and not pipeline.problems(facts):
                found.setdefault(pipeline.sha256, pipeline)
    return list(found.values())


def _complementary(
    scenarios: NDArray[np.float64], weights: NDArray[np.float64], *, first: int, k: int
) -> list[int]:
    """Return a list that starts with `first` and greedily raises the weighted expected maximum."""
    chosen, reached = [first], scenarios[:, first]
    while len(chosen) < min(k, scenarios.shape[1]):
        gain = weights @ np.maximum(scenarios, reached[:, None])
        # Where no candidate raises the maximum any more, the next best on its own follows.
        gain = gain + 1e-6 * (weights @ scenarios)
        gain[chosen] = -np.inf
        chosen.append(int(gain.argmax()))
        reached = np.maximum(reached, scenarios[:, chosen[-1]])
    return chosen


def _reason(
    past: Sequence[PastTask], weights: NDArray[np.float64], said: NDArray[np.float64]
) -> str:
    """Name the past tasks that speak most for a pipeline, and how much of the gap it closed."""
    order = np.argsort(-weights * said, kind="stable")[:NAMED]
    parts = [
        f"{past[i].dataset.name} with {past[i].facts.student_layers} layers "
        f"({said[i]:+.0%} of the gap, similarity {weights[i]:.2f})"
        for i in order
        if said[i] > 0
    ]
    if not parts:
        return "No past task speaks for it; it is on the experts' list."
    return "What speaks for it: " + ", ".join(parts) + "."
