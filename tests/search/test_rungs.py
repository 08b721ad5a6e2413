from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import pytest

from autodistill.optimisation import Training
from autodistill.record import Origin, Trial
from autodistill.search import Rungs, is_rung
from autodistill.spec import Limit, Objective, PipelineSpec
from autodistill.testing.records import trial_of

ACCURACY, NLL = Objective(metric="accuracy"), Objective(metric="nll")
LATENCY = Objective(metric="latency_ms")


def pipeline(epochs: int) -> PipelineSpec:
    return PipelineSpec(training=Training(num_epochs=epochs))


def tell(rungs: Rungs, number: int, curve: Sequence[float], epochs: int, **costs: float) -> int:
    """Tell a curve epoch by epoch, and return how many epochs were trained."""
    for epoch, score in enumerate(curve, start=1):
        if rungs.stop(number, epoch, epochs, {"accuracy": score, "nll": score, **costs}):
            return epoch
    return len(curve)


def at_the_rung(scores: Sequence[float], objective: Objective = ACCURACY) -> list[bool]:
    """Say which trials of three epochs stop at their first, the rung at a third."""
    rungs = Rungs((objective,), objective)
    return [tell(rungs, n, [score] * 2, 3) == 1 for n, score in enumerate(scores)]


def test_the_best_root_of_all_that_have_come_goes_on() -> None:
    scores = [0.5, 0.6, 0.7, 0.1, 0.65, 0.4, 0.66, 0.9, 0.45]
    #  reached: 4 (best 2 go on), 5, 6, 7, 8, 9 (best 3)
    assert at_the_rung(scores) == [False] * 3 + [True, False, True, False, False, True]
    assert at_the_rung([-s for s in scores], NLL) == at_the_rung(scores)


def test_it_agrees_with_counting_how_many_are_better() -> None:
    rng = np.random.default_rng(0)
    scores = [float(s) for s in rng.integers(0, 12, size=60)]
    for n, stopped in enumerate(at_the_rung(scores)):
        better = sum(s > scores[n] for s in scores[:n])
        assert stopped == (n >= 3 and better >= math.ceil(math.sqrt(n + 1)))


@pytest.mark.parametrize("epochs", [*range(1, 40), 1000])
def test_rungs_are_the_first_epochs_at_which_a_tenth_and_a_third_are_done(epochs: int) -> None:
    reached = [math.ceil(Fraction(epochs, 10)), math.ceil(Fraction(epochs, 3))]
    near = [e for e, share in zip(reached, (10, 3), strict=True) if e * share <= 2 * epochs]
    for goal in (1, epochs):
        rungs = Rungs((ACCURACY,), ACCURACY)
        for number in range(3):
            tell(rungs, number, [1.0] * goal, epochs)
        stopped = [e for e in range(1, epochs + 1) if rungs.stop(9, e, epochs, {"accuracy": 0.0})]
        assert stopped == [e for e in near if e <= goal]


def test_trials_of_different_length_meet_at_the_same_share_of_their_own() -> None:
    rungs = Rungs((ACCURACY,), ACCURACY)
    for number in range(3):
        tell(rungs, number, [0.8], 3)
    assert tell(rungs, 3, [0.1] * 9, 9) == 3


def test_equals_go_on_together() -> None:
    assert not any(at_the_rung([0.5] * 10))


def test_a_score_that_is_no_number_is_the_worst() -> None:
    assert at_the_rung([0.1, 0.2, 0.3, math.nan]) == [False, False, False, True]
    assert at_the_rung([math.nan] * 3 + [0.1]) == [False] * 4
    assert at_the_rung([math.inf] * 3 + [0.1], NLL) == [False] * 4


def test_what_counts_is_the_epoch_that_would_be_kept() -> None:
    rungs = Rungs((ACCURACY,), ACCURACY)
    for number in range(4):
        tell(rungs, number, [0.5] * 4, 12)
    assert tell(rungs, 4, [0.4, 0.9, 0.1, 0.1, 0.1], 12) == 5
    assert tell(rungs, 5, [0.4, 0.1, 0.1, 0.1, 0.1], 12) == 2


def test_a_trial_that_reports_again_is_not_its_own_rival() -> None:
    rungs = Rungs((ACCURACY,), ACCURACY)
    for _ in range(10):
        assert tell(rungs, 0, [0.9], 3) == 1
    assert not rungs.stop(1, 1, 3, {"accuracy": 0.1})


def test_a_student_is_compared_with_those_that_cost_no_more() -> None:
    rungs = Rungs((ACCURACY, LATENCY), ACCURACY)
    for number in range(9):
        tell(rungs, number, [0.9] * 2, 3, latency_ms=5.0)
    assert tell(rungs, 10, [0.2] * 2, 3, latency_ms=1.0) == 2  # nobody is as cheap
    assert tell(rungs, 11, [0.2] * 2, 3, latency_ms=5.0) == 1
    assert tell(rungs, 12, [0.95] * 2, 3, latency_ms=9.0) == 2  # better than all that are cheaper
    assert tell(rungs, 13, [0.8] * 2, 3, latency_ms=9.0) == 1


def test_with_two_metrics_only_what_is_worse_in_both_stops() -> None:
    rungs = Rungs((ACCURACY, Objective(metric="ece")), ACCURACY)

    def stopped(number: int, accuracy: float, ece: float) -> bool:
        return rungs.stop(number, 1, 3, {"accuracy": accuracy, "ece": ece})

    assert not any(stopped(n, 0.9, 0.2) for n in range(9))
    assert not stopped(10, 0.2, 0.1)
    assert not stopped(11, 0.95, 0.5)
    assert stopped(12, 0.8, 0.3)


def test_where_nothing_is_learnt_nobody_is_stopped() -> None:
    rungs = Rungs((LATENCY,), ACCURACY)
    assert not any(rungs.stop(n, 1, 3, {"accuracy": 0.1, "latency_ms": 1.0 + n}) for n in range(9))


def test_who_is_further_beyond_a_limit_is_behind() -> None:
    rungs = Rungs((ACCURACY,), ACCURACY, (Limit(metric="ece", bound=0.1),))

    def stopped(number: int, accuracy: float, ece: float) -> bool:
        return rungs.stop(number, 1, 3, {"accuracy": accuracy, "ece": ece})

    assert not any(stopped(n, 0.5, 0.2) for n in range(9))
    assert not stopped(10, 0.4, 0.1)  # keeps the limit alone
    assert not stopped(11, 0.4, 0.15)
    assert stopped(12, 0.99, 0.3)
    assert stopped(13, 0.4, 0.2)  # as far beyond as nine that score more


def crossing(number: int, late: int) -> list[float]:
    """Return a curve of 12 epochs; that of the late one starts lower, and is best from 7 on."""
    if number == late:
        return [0.5 + 0.02 * epoch for epoch in range(1, 13)]
    return [0.57 + 0.001 * number + 0.001 * epoch for epoch in range(1, 13)]


def test_a_curve_that_is_going_to_cross_goes_on() -> None:
    rungs = Rungs((ACCURACY,), ACCURACY)
    flat = [[0.1 + 0.001 * epoch] * 12 for epoch in range(20)]
    curves = [crossing(n, 19) for n in range(20)]
    for n, low in enumerate(flat):
        tell(rungs, 100 + n, low, 12)
    ends = [tell(rungs, n, curve, 12) for n, curve in enumerate(curves)]
    at_third = [curve[3] for curve in curves]
    assert sum(s > at_third[19] for s in at_third) >= math.ceil(math.sqrt(40))  # halving stops it
    assert ends[19] == 12
    assert max(range(20), key=lambda n: curves[n][-1]) == 19


def test_while_ranks_turn_around_nobody_is_stopped_at_the_rung_before() -> None:
    stable, turning = Rungs((ACCURACY,), ACCURACY), Rungs((ACCURACY,), ACCURACY)
    for number in range(9):
        early = 0.5 + 0.01 * number
        tell(stable, number, [early, early + 0.1, early + 0.1], 3)
        tell(turning, number, [early, 1.5 - early, 1.5 - early], 3)
    assert stable.stop(20, 1, 3, {"accuracy": 0.1})
    assert not turning.stop(20, 1, 3, {"accuracy": 0.1})


def test_what_was_reached_before_a_restart_is_remembered() -> None:
    rng = np.random.default_rng(1)
    curves = [rng.random(int(n)) for n in rng.integers(1, 13, size=60)]
    live, before = Rungs((ACCURACY,), ACCURACY), Rungs((ACCURACY,), ACCURACY)
    trials = list[Trial]()
    for number, curve in enumerate(curves):
        if number == 45:
            before.replay(trials, {})
        for epoch, score in enumerate(curve, start=1):
            stopped = live.stop(number, epoch, len(curve), {"accuracy": float(score)})
            if number >= 45:
                again = before.stop(number, epoch, len(curve), {"accuracy": float(score)})
                assert again == stopped
        seen = [{"accuracy": float(score)} for score in curve]
        trials.append(trial_of(number, pipeline(len(curve)), curve=seen))


def test_confirmations_and_curves_without_the_metric_are_not_rivals() -> None:
    rungs = Rungs((ACCURACY,), ACCURACY)
    high = [{"accuracy": 0.9}] * 3
    rungs.replay(
        [
            *(trial_of(n, pipeline(3), origin=Origin.CONFIRMATION, curve=high) for n in range(5)),
            *(trial_of(n, pipeline(3), curve=[{"nll": 0.9}]) for n in range(5, 10)),
        ],
        {},
    )
    assert not rungs.stop(20, 1, 3, {"accuracy": 0.0})
    rungs.replay([trial_of(n, pipeline(3), curve=high) for n in range(4)], {})
    assert rungs.stop(20, 1, 3, {"accuracy": 0.0})


@pytest.mark.parametrize("num_epochs", [1, 2, 3, 4, 8, 10, 30])
def test_only_at_rungs_may_anybody_be_stopped(num_epochs: int) -> None:
    """Whoever compares only there misses nothing."""
    found = [epoch for epoch in range(1, num_epochs + 1) if is_rung(epoch, num_epochs)]
    rungs = Rungs([ACCURACY], ACCURACY)
    stopped = []
    for epoch in range(1, num_epochs + 1):
        for number in range(20):
            scores = {"accuracy": 0.9 - number / 100}
            if rungs.stop(number, epoch, num_epochs, scores) and epoch not in stopped:
                stopped.append(epoch)
    assert stopped == found
