from __future__ import annotations

import math

import numpy as np
import pytest

from autodistill.optimisation import Training
from autodistill.record import Origin, Trial, TrialState
from autodistill.search import expected_gain
from autodistill.spec import Limit, Objective, PipelineSpec, plain_fine_tuning
from autodistill.testing.records import trial_of

ACCURACY = Objective(metric="accuracy")


def scored(scores: list[float]) -> list[Trial]:
    return [
        trial_of(i, PipelineSpec(), dev={"accuracy": x, "latency_ms": 1.0})
        for i, x in enumerate(scores)
    ]


@pytest.mark.parametrize("number", [12, 40])
def test_of_exponential_scores_it_is_what_twice_the_trials_bring(number: int) -> None:
    rng = np.random.default_rng(0)
    drawn = rng.exponential(0.02, (400, 2 * number))
    brought = drawn.max(axis=1) - drawn[:, :number].max(axis=1)
    told = [expected_gain(scored(row[:number].tolist()), ACCURACY) for row in drawn]
    error = math.hypot(float(brought.std()), float(np.std(told))) / math.sqrt(len(drawn))
    assert abs(np.mean(told) - brought.mean()) < 3 * error
    assert np.mean(told) == pytest.approx(0.02 * math.log(2), rel=0.1)


def test_it_has_the_unit_and_direction_of_the_objective() -> None:
    rng = np.random.default_rng(1)
    scores = rng.normal(0.7, 0.05, 30)
    gain = expected_gain(scored(scores.tolist()), ACCURACY)
    assert expected_gain(scored((100 * scores + 7).tolist()), ACCURACY) == pytest.approx(100 * gain)
    loss = [trial_of(i, PipelineSpec(), dev={"nll": -x}) for i, x in enumerate(scores)]
    assert expected_gain(loss, Objective(metric="nll")) == pytest.approx(gain)


def test_early_stopping_leaves_enough_to_tell() -> None:
    scores = np.random.default_rng(3).exponential(0.02, 200)
    rows = scored(scores.tolist())
    kept = set(np.argsort(-scores)[:14].tolist())
    stopped = [
        t if t.number in kept else t.model_copy(update={"state": TrialState.PRUNED}) for t in rows
    ]
    assert expected_gain(stopped, ACCURACY) == pytest.approx(0.02 * math.log(2), rel=0.8)


def test_equal_scores_gain_nothing_and_few_tell_nothing() -> None:
    assert expected_gain(scored([0.5] * 12), ACCURACY) == 0
    assert expected_gain(scored([0.5] * 9), ACCURACY) == math.inf
    assert expected_gain(scored([0.5] * 12), ACCURACY, since=6) == math.inf
    running = [trial_of(i, PipelineSpec(), TrialState.RUNNING) for i in range(30)]
    assert expected_gain(running, ACCURACY) == math.inf


def test_what_cannot_win_is_counted_but_no_part_of_the_tail() -> None:
    scores = np.random.default_rng(2).normal(0.7, 0.05, 20).tolist()
    good = scored(scores)
    plain = plain_fine_tuning(Training())
    for other in (
        trial_of(20, plain, dev={"accuracy": 0.99}),
        trial_of(20, PipelineSpec(), TrialState.PRUNED, dev={"accuracy": 0.99}),
        trial_of(20, PipelineSpec(), TrialState.FAILED),
        trial_of(20, PipelineSpec(), dev={"accuracy": 0.99, "latency_ms": 9.0}),
    ):
        found = expected_gain([*good, other], ACCURACY, [Limit(metric="latency_ms", bound=2.0)])
        tail = np.sort(scores)[::-1][:6]
        harmonic = sum(1 / k for k in range(22, 43))
        assert found == pytest.approx((tail[:5].mean() - tail[5]) * harmonic), other.state
    confirmed = trial_of(20, PipelineSpec(), origin=Origin.CONFIRMATION, dev={"accuracy": 0.99})
    assert expected_gain([*good, confirmed], ACCURACY) == expected_gain(good, ACCURACY)
