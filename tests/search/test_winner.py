from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from autodistill.optimisation import Training
from autodistill.record import Origin, Trial, TrialState
from autodistill.search import best, equals, idle, pareto, plain
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


def test_the_front_holds_what_no_other_beats_in_everything() -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(0, 6, (40, 2))
    rows = [scored(n, float(a), float(b)) for n, (a, b) in enumerate(points)]
    rows += [trial_of(40, PLAIN, dev={"accuracy": 9.0, "latency_ms": 0.0}), scored(41, math.nan)]
    found = {t.number for t in pareto(rows, [ACCURACY, LATENCY])}
    for n, (a, b) in enumerate(points):
        beaten = any((c >= a and d <= b) and (c > a or d < b) for c, d in points)
        assert (n in found) == (not beaten)
    assert not found & {40, 41}
    kept = pareto(rows, [ACCURACY, LATENCY], [Limit(metric="latency_ms", bound=2.0)])
    assert {t.number for t in kept} == {n for n in found if points[n][1] <= 2}


def test_trials_in_vain_are_counted_from_the_last_better_one() -> None:
    scores = [0.5, 0.7, 0.6, 0.7]
    rows = [trial_of(0, PLAIN, dev={"accuracy": 0.9})]
    assert idle(rows, [ACCURACY]) == 0
    rows += [scored(n, score) for n, score in enumerate(scores, start=1)]
    assert [idle(rows[: n + 1], [ACCURACY]) for n in range(5)] == [0, 0, 0, 1, 2]
    rows += [
        trial_of(5, PipelineSpec(), TrialState.PRUNED, dev={"accuracy": 0.95}),
        trial_of(6, PipelineSpec(), origin=Origin.CONFIRMATION, dev={"accuracy": 0.95}),
        trial_of(7, PipelineSpec(), TrialState.FAILED),
    ]
    assert idle(rows, [ACCURACY]) == 4
    assert idle([*rows, scored(8, 0.71)], [ACCURACY]) == 0


def test_with_several_objectives_what_joins_the_front_is_better() -> None:
    rows = [scored(0, 0.5, 2.0), scored(1, 0.4, 3.0), scored(2, 0.4, 1.0), scored(3, 0.4, 1.0)]
    both = [ACCURACY, LATENCY]
    assert [idle(rows[: n + 1], both) for n in range(4)] == [0, 1, 0, 1]


def fresh(score: float, kind: str) -> Trial:
    pipeline = PipelineSpec() if kind == "winner" else PLAIN
    return trial_of(99, pipeline, origin=Origin.CONFIRMATION, dev={"accuracy": score})


def other(number: int, score: float) -> Trial:
    pipeline = PipelineSpec(training=Training(batch_size=8))
    return trial_of(number, pipeline, dev={"accuracy": score})


def test_equals_lie_above_the_bound_of_one_more_run() -> None:
    ours, theirs = [0.80, 0.82, 0.81], [0.70, 0.74]
    runs = [[fresh(s, "winner") for s in ours], [fresh(s, "plain") for s in theirs]]
    pooled = np.sqrt((2 * np.var(ours, ddof=1) + np.var(theirs, ddof=1)) / 3)
    bound = np.mean(ours) - stats.t.ppf(0.975, 3) * pooled * np.sqrt(4 / 3)
    rows = [other(1, bound - 1e-6), other(2, bound + 1e-6), other(3, 0.9), scored(4, 0.85)]
    rows.append(trial_of(5, PLAIN, dev={"accuracy": 0.9}))
    found = equals(rows, runs, ACCURACY)
    assert found is not None
    assert [t.number for t in found] == [3, 2]  # 4 is the winner's own pipeline, 5 is plain
    assert equals(rows, [[rows[3]], [rows[4]]], ACCURACY) is None


def test_equals_hold_a_true_equal_as_often_as_promised() -> None:
    rng, held = np.random.default_rng(0), 0
    for _ in range(1000):
        runs = [[fresh(s, "winner") for s in rng.normal(0.8, 0.01, 3)]]
        found = equals([other(1, float(rng.normal(0.8, 0.01)))], runs, ACCURACY)
        held += bool(found)
    assert 0.96 < held / 1000 < 0.99  # one side of a 95 % interval: 97.5 %
