from __future__ import annotations

import numpy as np

from autodistill.record import Trial, TrialState
from autodistill.search.thinning import BEST, BLOCK, OTHERS, thinned
from autodistill.spec import Objective, PipelineSpec
from autodistill.testing.records import trial_of

NLL = Objective(metric="nll")


def rows(count: int) -> list[Trial]:
    rng = np.random.default_rng(0)
    failed = trial_of(0, PipelineSpec(), TrialState.FAILED)
    scored = [trial_of(n, PipelineSpec(), dev={"nll": float(rng.random())}) for n in range(count)]
    return [failed, *scored][:count]


def test_few_trials_are_all_told() -> None:
    few = rows(2 * BLOCK - 1)
    assert thinned(few, NLL) == few


def test_of_many_the_best_and_an_even_sample_are_told_in_their_order() -> None:
    many = rows(2600)
    told = thinned(many, NLL)
    numbers = [many.index(t) for t in told]
    assert numbers == sorted(set(numbers))
    assert len(told) == BEST + OTHERS + 100
    assert told[-100:] == many[2500:]
    scored = sorted(many[1:2500], key=lambda t: t.dev["nll"])
    assert {t.number for t in scored[:BEST]} <= {t.number for t in told}
    rest = [n for n in numbers if n < 2500 and many[n] not in scored[:BEST]]
    assert max(np.diff(rest)) < 2 * 2500 / OTHERS  # no stretch is left out


def test_what_is_told_only_grows_within_a_block() -> None:
    many = rows(3 * BLOCK)
    before = thinned(many[: 2 * BLOCK + 10], NLL)
    assert thinned(many[: 3 * BLOCK - 1], NLL)[: len(before)] == before
