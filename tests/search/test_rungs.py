from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from autodistill.optimisation import Training
from autodistill.record import Origin, Trial
from autodistill.search import Rungs
from autodistill.spec import PipelineSpec
from autodistill.testing.records import trial_of


def pipeline(epochs: int) -> PipelineSpec:
    return PipelineSpec(training=Training(num_epochs=epochs))


def at_the_rung(scores: list[float], *, maximise: bool = True) -> list[bool]:
    rungs = Rungs(maximise=maximise)
    return [rungs.stop(n, 2, 6, score) for n, score in enumerate(scores)]


def test_a_trial_is_stopped_unless_it_is_in_the_top_third_of_those_before_it() -> None:
    scores = [0.5, 0.6, 0.7, 0.1, 0.65, 0.4, 0.66, 0.9]
    #  reached: 4 (top 2 stay), 5 (top 2), 6 (top 2), 7 (top 3), 8 (top 3)
    assert at_the_rung(scores) == [False, False, False, True, False, True, False, False]
    assert at_the_rung([-s for s in scores], maximise=False) == at_the_rung(scores)


def test_it_agrees_with_counting_how_many_are_better() -> None:
    rng = np.random.default_rng(0)
    scores = [float(s) for s in rng.integers(0, 12, size=60)]
    for n, stopped in enumerate(at_the_rung(scores)):
        better = sum(s > scores[n] for s in scores[:n])
        assert stopped == (n >= 3 and better >= math.ceil((n + 1) / 3))


@pytest.mark.parametrize("epochs", [*range(1, 40), 1000])
def test_the_rung_is_the_first_epoch_at_which_a_third_is_done(epochs: int) -> None:
    rungs = Rungs(maximise=True)
    for number in range(3):
        rungs.stop(number, math.ceil(Fraction(epochs, 3)), epochs, 1.0)
    stopped = [e for e in range(1, epochs + 1) if rungs.stop(9, e, epochs, 0.0)]
    assert stopped == ([math.ceil(Fraction(epochs, 3))] if epochs > 1 else [])


def test_trials_of_different_length_meet_at_the_same_share_of_their_own() -> None:
    rungs = Rungs(maximise=True)
    assert not any(rungs.stop(n, 1, 3, 0.8) for n in range(3))
    assert not rungs.stop(3, 1, 9, 0.1)
    assert not rungs.stop(3, 2, 9, 0.1)
    assert rungs.stop(3, 3, 9, 0.1)


def test_equals_go_on_together() -> None:
    assert not any(at_the_rung([0.5] * 10))


def test_a_score_that_is_no_number_is_the_worst() -> None:
    assert at_the_rung([0.1, 0.2, 0.3, math.nan]) == [False, False, False, True]
    assert at_the_rung([math.nan] * 3 + [0.1]) == [False] * 4
    assert at_the_rung([math.inf] * 3 + [0.1], maximise=False) == [False] * 4


def test_a_trial_that_reports_again_is_not_its_own_rival() -> None:
    rungs = Rungs(maximise=True)
    assert not any(rungs.stop(0, 2, 6, 0.9) for _ in range(10))
    assert not rungs.stop(1, 2, 6, 0.1)


def test_what_was_reached_before_a_restart_is_remembered() -> None:
    rng = np.random.default_rng(1)
    curves = [rng.random(int(n)) for n in rng.integers(1, 9, size=40)]
    live, before, trials = Rungs(maximise=True), Rungs(maximise=True), list[Trial]()
    for number, curve in enumerate(curves):
        if number == 30:
            before.replay(trials, "accuracy")
        for epoch, score in enumerate(curve, start=1):
            stopped = live.stop(number, epoch, len(curve), float(score))
            if number >= 30:
                assert before.stop(number, epoch, len(curve), float(score)) == stopped
        seen = [{"accuracy": float(score)} for score in curve]
        trials.append(trial_of(number, pipeline(len(curve)), curve=seen))


def test_confirmations_and_curves_without_the_metric_are_not_remembered() -> None:
    rungs = Rungs(maximise=True)
    high = [{"accuracy": 0.9}] * 3
    rungs.replay(
        [
            *(trial_of(n, pipeline(3), origin=Origin.CONFIRMATION, curve=high) for n in range(5)),
            *(trial_of(n, pipeline(3), curve=[{"nll": 0.9}]) for n in range(5, 10)),
        ],
        "accuracy",
    )
    assert not rungs.stop(20, 1, 3, 0.0)
    rungs.replay([trial_of(n, pipeline(3), curve=high) for n in range(3)], "accuracy")
    assert rungs.stop(20, 1, 3, 0.0)
