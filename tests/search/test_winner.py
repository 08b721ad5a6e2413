from __future__ import annotations

import math

import pytest

from autodistill.optimisation import Training
from autodistill.record import Origin, Trial, TrialState
from autodistill.search import best, plain
from autodistill.spec import Limit, Objective, PipelineSpec, plain_fine_tuning
from autodistill.testing.records import trial_of

ACCURACY, LATENCY = Objective(metric="accuracy"), Objective(metric="latency_ms")
PLAIN = plain_fine_tuning(Training())


def scored(number: int, accuracy: float, latency: float = 1.0) -> Trial:
    dev = {"accuracy": accuracy, "latency_ms": latency}
    return trial_of(number, PipelineSpec(), dev=dev)


def test_the_best_is_complete_distils_and_was_searched() -> None:
    rows = [
        scored(0, 0.5),
        scored(1, 0.6),
        trial_of(2, PLAIN, dev={"accuracy": 0.9}),
        trial_of(3, PipelineSpec(), TrialState.PRUNED, dev={"accuracy": 0.9}),
        trial_of(4, PipelineSpec(), TrialState.FAILED),
        trial_of(5, PipelineSpec(), origin=Origin.CONFIRMATION, dev={"accuracy": 0.9}),
        trial_of(6, PipelineSpec(), TrialState.RUNNING),
    ]
    assert best(rows, ACCURACY) == rows[1]
    assert best(rows[2:], ACCURACY) is None


def test_of_equals_the_earlier_one_wins_and_costs_are_made_smaller() -> None:
    rows = [scored(2, 0.5, 3.0), scored(1, 0.5, 2.0), scored(3, 0.5, 1.0)]
    assert best(rows, ACCURACY) == rows[1]
    assert best(rows, LATENCY) == rows[2]


def test_a_score_that_is_missing_or_no_number_never_wins() -> None:
    missing = trial_of(0, PipelineSpec())
    rows = [missing, scored(1, math.nan), scored(2, math.inf), scored(3, 0.1)]
    assert best(rows, ACCURACY) == rows[3]


def test_plain_fine_tuning_is_compared_within_one_student() -> None:
    rows = [
        trial_of(0, PLAIN, student="cut-2", dev={"accuracy": 0.4}),
        trial_of(1, PLAIN, student="cut-3", dev={"accuracy": 0.9}),
        trial_of(2, PLAIN, student="cut-2", dev={"accuracy": 0.5}),
        scored(3, 0.8),
    ]
    assert plain(rows, ACCURACY, "cut-2") == rows[2]
    assert plain(rows, ACCURACY, "cut-9") is None


def test_who_breaks_a_limit_wins_only_where_all_do() -> None:
    fast = Limit(metric="latency_ms", bound=2.0)
    rows = [scored(0, 0.9, 5.0), scored(1, 0.8, 2.0), scored(2, 0.7, 1.0), scored(3, 0.99, 9.0)]
    assert best(rows, ACCURACY, [fast]) == rows[1]
    assert best(rows[:1] + rows[3:], ACCURACY, [fast]) == rows[0]
    assert best(rows, ACCURACY, [fast, Limit(metric="accuracy", bound=0.85)]) == rows[1]


def test_the_excess_is_counted_in_parts_of_the_bound() -> None:
    assert Limit(metric="latency_ms", bound=2.0).excess({"latency_ms": 3.0}) == 0.5
    assert Limit(metric="latency_ms", bound=2.0).excess({"latency_ms": 1.0}) == 0.0
    assert Limit(metric="accuracy", bound=0.8).excess({"accuracy": 0.6}) == pytest.approx(0.25)
    assert Limit(metric="pearson", bound=0.0).excess({"pearson": -0.5}) == 0.5
    assert Limit(metric="accuracy", bound=0.8).excess({"accuracy": math.nan}) == math.inf
