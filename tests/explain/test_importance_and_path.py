from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from autodistill.component import flatten
from autodistill.explain.importance import importance, spread
from autodistill.explain.path import path
from autodistill.explain.story import by_slot
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.spec import PipelineSpec


def test_the_only_name_that_decides_is_the_most_important(
    framed: Any, pipelines: Any, space: Any
) -> None:
    drawn = pipelines(200)
    scores = [-abs(math.log10(p.training.learning_rate) + 4.0) for p in drawn]
    found = importance(framed(scores, drawn), np.array(scores), space)
    assert max(found, key=lambda name: found[name]) == "training.learning_rate"
    assert sum(found.values()) == pytest.approx(1.0)
    slots = by_slot(found)
    assert next(iter(slots)) == "training"
    assert sum(slots.values()) == pytest.approx(1.0)


def test_importance_is_not_told_from_few_trials_or_what_never_varied(
    framed: Any, space: Any, pipelines: Any
) -> None:
    tied = framed([0.1] * 20, pipelines(20))
    assert importance(tied, tied.numbers("score"), space) == {}
    few = framed([0.1] * 7)
    assert importance(few, few.numbers("score"), space) == {}
    same = framed([0.1] * 20)
    assert importance(same, same.numbers("score"), space) == {}


def test_many_trials_are_looked_at_from_the_best_to_the_worst() -> None:
    values = np.array([math.nan, *np.arange(1000.0)])
    shown = values[spread(values, 10)]
    assert shown.tolist() == sorted(shown, reverse=True)
    assert (shown[0], shown[-1], len(shown)) == (999.0, 0.0, 10)


def test_a_path_takes_the_rewarding_step_first_and_arrives(framed: Any, pipelines: Any) -> None:
    drawn = pipelines(300)
    scores = [
        0.5 + 0.3 * (p.loss.kind == "reverse_kl") + 0.02 * (p.targets.kind == "pskd") for p in drawn
    ]
    goal = max(zip(scores, drawn, strict=True), key=lambda pair: pair[0])[1]
    frame = framed(scores, drawn)
    steps = path(frame, frame.numbers("score"), PipelineSpec(), goal)
    assert steps[0].slot is None
    assert steps[1].slot == "loss"
    assert steps[1].expected - steps[0].expected > 0.15
    changed = {
        s for s in PipelineSpec.model_fields if getattr(goal, s) != getattr(PipelineSpec(), s)
    }
    assert {step.slot for step in steps[1:]} == changed
    for step in steps[1:]:
        assert step.component == getattr(goal, str(step.slot)).model_dump(mode="json")
    assert steps[-1].expected == pytest.approx(scores[drawn.index(goal)], abs=0.1)


def test_there_is_no_path_without_trials_or_difference(framed: Any) -> None:
    goal = PipelineSpec(loss=SoftenedKL(temperature=2.0), training=Training(num_epochs=3))
    assert flatten(goal) != flatten(PipelineSpec())
    few = framed([0.1] * 3)
    assert path(few, few.numbers("score"), PipelineSpec(), goal) == []
    many = framed([0.1] * 20)
    assert len(path(many, many.numbers("score"), PipelineSpec(), PipelineSpec())) == 1
