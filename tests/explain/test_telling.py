from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from autodistill.explain.telling import front, leaders, rivals, telling
from autodistill.record import Origin, TrialState


def test_leaders_are_those_that_beat_all_before_them() -> None:
    values = np.array([math.nan, 0.5, 0.5, 0.7, 0.6, math.nan, 0.8])
    assert leaders(values).tolist() == [1, 3, 6]
    assert leaders(np.empty(0)).tolist() == []


def test_the_front_is_what_pairwise_comparison_says() -> None:
    rng = np.random.default_rng(0)
    points = rng.integers(0, 12, size=(200, 3)).astype(float)
    points[::17, 1] = np.nan
    expected = {
        i
        for i, p in enumerate(points)
        if np.isfinite(p).all()
        and not any(np.isfinite(q).all() and (q >= p).all() and (q > p).any() for q in points)
    }
    assert set(front(list(points.T)).tolist()) == expected


def test_few_trials_are_all_shown(framed: Any) -> None:
    frame = framed([0.1] * 30)
    assert telling(frame, np.ones(30, dtype=bool), [], 30).tolist() == list(range(30))


def test_of_many_trials_the_telling_ones_and_an_even_sample_are_shown(framed: Any) -> None:
    frame = framed([math.sin(i) for i in range(1000)])
    held = np.ones(1000, dtype=bool)
    held[500:] = False
    led = leaders(frame.numbers("score"))
    shown = telling(frame, held, [led[held[led]]], 100).tolist()
    assert set(led[led < 500].tolist()) <= set(shown)
    assert shown == sorted(set(shown))
    assert len(shown) <= 100
    assert max(shown) == 499
    assert max(b - a for a, b in itertools.pairwise(shown)) <= 8


def test_confirmations_and_plain_fine_tuning_are_no_rivals(framed: Any) -> None:
    assert rivals(framed([0.5])).tolist() == [True]
    assert rivals(framed([0.5], origin=Origin.CONFIRMATION.value)).tolist() == [False]
    assert rivals(framed([0.5], state=TrialState.PRUNED.value)).tolist() == [False]
    assert rivals(framed([0.5], distils=False)).tolist() == [False]
