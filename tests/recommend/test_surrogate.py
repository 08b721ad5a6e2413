from __future__ import annotations

import math

import numpy as np
import pytest

from autodistill.losses.logit_mse import LogitMSE
from autodistill.losses.none import NoLoss
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.recommend.surrogate import (
    MAX_TRIALS,
    Experience,
    Trees,
    encode,
    experience,
    judge,
    placed,
)
from autodistill.spec import PipelineSpec
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of


def with_rate(rate: float) -> PipelineSpec:
    return PipelineSpec(training=Training(learning_rate=rate, weight_decay=0.0))


def learnt(scores: list[float], metric: str = "accuracy") -> Experience | None:
    facts = facts_of()
    past = past_of(dataset_of("d", facts, {}), facts, [])
    trials = [
        trial_of(n, with_rate(1e-5 * (n + 1)), dev={metric: score})
        for n, score in enumerate(scores)
    ]
    return experience(past.model_copy(update={"trials": tuple(trials), "metric": metric}))


def known(scores: list[float], metric: str = "accuracy") -> Experience:
    found = learnt(scores, metric)
    assert found is not None
    return found


def test_scores_become_shares_of_the_gap_from_median_to_best() -> None:
    found = known([0.5, 0.6, 0.7, 0.65, 0.0])
    assert [t.number for t in found.trials] == [2, 3, 1, 0, 4]
    assert found.closed == pytest.approx([1.0, 0.5, 0.0, -1.0, -1.0])
    assert found.span == pytest.approx(0.1)


def test_where_less_is_better_the_smallest_is_the_best() -> None:
    assert known([0.5, 0.6, 0.7, 0.2], metric="rmse").trials[0].number == 3


@pytest.mark.parametrize(
    "scores",
    [
        [],
        [0.1, 0.2, 0.3],
        [0.5] * 20,
        [0.5] * 20 + [0.4],
        [math.nan] * 20,
        [math.nan, math.inf, 0.1, 0.2, 0.3],
    ],
)
def test_a_task_with_too_few_or_equal_scores_teaches_nothing(scores: list[float]) -> None:
    assert learnt(scores) is None


def test_trials_without_a_score_are_left_out() -> None:
    assert len(known([math.nan, 0.1, -math.inf, 0.2, 0.3, 0.4]).trials) == 4


def test_of_a_large_task_best_and_worst_are_looked_at() -> None:
    scores = list(np.random.default_rng(0).random(1000))
    found = known(scores)
    assert len(found.trials) == MAX_TRIALS
    assert {found.trials[0].number, found.trials[-1].number} == {
        np.argmax(scores),
        np.argmin(scores),
    }
    assert found.span == pytest.approx(max(scores) - np.median(scores))


def test_it_learns_what_made_a_pipeline_good() -> None:
    facts = facts_of()
    rng = np.random.default_rng(0)
    trials = []
    for n in range(40):
        loss = (SoftenedKL(weight=0.5), LogitMSE(weight=0.5), NoLoss())[n % 3]
        rate = float(10 ** rng.uniform(-5, -3))
        score = 0.1 * loss.kd_weight + 0.05 * math.log10(rate)
        pipeline = PipelineSpec(loss=loss, training=Training(learning_rate=rate))
        trials.append(trial_of(n, pipeline, dev={"accuracy": score}))
    found = experience(past_of(dataset_of("d", facts, {}), facts, trials))
    assert found is not None
    asked = [
        PipelineSpec(loss=loss, training=Training(learning_rate=rate))
        for loss, rate in (
            (LogitMSE(weight=0.5), 9e-4),
            (LogitMSE(weight=0.5), 2e-5),
            (NoLoss(), 2e-5),
        )
    ]
    good, slow, bad = judge(found, placed(asked), encode(asked))
    assert good > slow > bad


def test_a_pipeline_that_was_tried_is_half_taken_at_its_word() -> None:
    found = known([0.5] * 10 + [0.9])
    lucky, beside = with_rate(1.1e-4), with_rate(1.0999e-4)
    values = judge(found, placed([lucky, beside]), encode([lucky, beside]))
    assert 1.0 > values[0] > values[1]
    assert values[0] == pytest.approx((1.0 + values[1]) / 2)


def test_repeated_pipelines_count_with_their_mean() -> None:
    facts = facts_of()
    trials = [
        trial_of(n, with_rate(1e-4 if n < 2 else 1e-5 * n), dev={"accuracy": score})
        for n, score in enumerate([0.9, 0.7, 0.7, 0.7, 0.6])
    ]
    found = experience(past_of(dataset_of("d", facts, {}), facts, trials))
    assert found is not None
    assert found.measured[with_rate(1e-4)] == pytest.approx(0.5)


def test_trees_expect_the_mean_of_what_they_saw_and_no_more() -> None:
    rng = np.random.default_rng(0)
    table, shares = rng.random((50, 4)), rng.uniform(-1, 1, 50)
    told = Trees(table, shares).predict(rng.uniform(-1, 2, (200, 4)))
    assert shares.min() <= told.min() <= told.max() <= shares.max()
    assert Trees(table, np.full(50, 0.3)).predict(table) == pytest.approx(np.full(50, 0.3))
