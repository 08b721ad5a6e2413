from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from autodistill.optimisation import Training
from autodistill.record import Origin, Trial, TrialState
from autodistill.search import best, pareto, plain
from autodistill.spec import Objective, PipelineSpec, plain_fine_tuning
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


SCORES = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=25)


@settings(deadline=None)
@given(SCORES)
def test_the_front_is_what_nothing_dominates(points: list[tuple[int, int]]) -> None:
    rows = [scored(n, float(a), float(b)) for n, (a, b) in enumerate(points)]
    front = {t.number for t in pareto(rows, [ACCURACY, LATENCY])}
    for n, (a, b) in enumerate(points):
        dominated = any(
            (c >= a and d <= b) and (c > a or d < b) for c, d in points
        )  # more accuracy is better, more latency worse
        assert (n in front) == (not dominated)


@settings(deadline=None)
@given(SCORES)
def test_with_one_objective_the_front_holds_the_best(points: list[tuple[int, int]]) -> None:
    rows = [scored(n, float(a), float(b)) for n, (a, b) in enumerate(points)]
    front = pareto(rows, [ACCURACY])
    assert {t.dev["accuracy"] for t in front} == ({max(a for a, _ in points)} if points else set())
