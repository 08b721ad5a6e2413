from __future__ import annotations

import pytest

from autodistill.history import Advice, Recommendation
from autodistill.optimisation import Training
from autodistill.recommend.tryout import FAILED, MOST, Tried, ordered, short, untried
from autodistill.spec import PipelineSpec
from autodistill.targets.pskd import PSKD
from autodistill.testing.records import facts_of


def listed(*epochs: int) -> Recommendation:
    advice = tuple(
        Advice(
            pipeline=PipelineSpec(training=Training(num_epochs=n)), expected=None, reason="a test"
        )
        for n in epochs
    )
    return Recommendation(advice=advice, basis="expert", num_past_tasks=0, message="A list.")


def order(found: Recommendation) -> list[tuple[int, float | None]]:
    return [(a.pipeline.training.num_epochs, a.tried) for a in found.advice]


@pytest.mark.parametrize(("epochs", "few"), [(1, 1), (2, 2), (4, 2), (8, 2), (9, 3), (1000, 250)])
def test_a_short_trial_has_a_quarter_of_the_epochs(epochs: int, few: int) -> None:
    pipeline = PipelineSpec(training=Training(num_epochs=epochs, learning_rate=1e-3))
    assert short(pipeline) == PipelineSpec(training=Training(num_epochs=few, learning_rate=1e-3))


@pytest.mark.parametrize(
    ("metric", "then"),
    [("accuracy", [32, 12, 20, 40]), ("rmse", [20, 12, 32, 40])],
)
def test_what_was_tried_comes_first_and_the_best_before_the_others(
    metric: str, then: list[int]
) -> None:
    found = listed(12, 20, 40, 32)
    reached = {
        short(found.advice[i].pipeline): score for i, score in ((0, 0.5), (1, 0.4), (3, 0.6))
    }
    after = ordered(found, Tried(reached), metric)
    assert [epochs for epochs, _ in order(after)] == then
    assert [tried for _, tried in order(after)][3] is None
    first, second = (after.advice[i].tried for i in (0, 1))
    assert after.message == (
        "A list. Then 3 short trials on this dataset put those that they tried in their order: "
        f"{metric} {first:.4f} on dev, then {second:.4f}."
    ).replace(f"then {second:.4f}", f"then {metric} {second:.4f}")


def test_short_trials_of_an_older_list_do_not_move_what_is_not_among_its_first() -> None:
    found = listed(8, 12, 16, 20, 24, 28, 32)
    late = {short(a.pipeline): 0.9 for a in found.advice[MOST:]}
    assert order(ordered(found, Tried(late), "accuracy"))[:MOST] == [
        (n, None) for n in (8, 12, 16, 20, 24)
    ]


def test_one_short_trial_says_nothing_of_the_others() -> None:
    found = listed(8, 12)
    tried = Tried({short(found.advice[1].pipeline): 0.5})
    after = ordered(found, tried, "accuracy")
    assert order(after) == [(8, None), (12, 0.5)]
    assert after.message == found.message
    assert untried(found, tried, facts_of()) == (short(found.advice[0].pipeline),)


def test_what_failed_comes_last_and_is_not_tried_again() -> None:
    found = listed(8, 12, 16)
    few = [short(a.pipeline) for a in found.advice]
    tried = Tried({few[1]: 0.5, few[2]: 0.4}, failed={few[0]})
    after = ordered(found, tried, "accuracy")
    assert order(after) == [(12, 0.5), (16, 0.4), (8, None)]
    assert after.advice[-1].reason == f"{FAILED} a test"
    assert untried(found, tried, facts_of()) == ()


def test_only_the_first_of_a_list_are_tried_out_each_once() -> None:
    found = listed(*range(8, 48, 4))
    first = untried(found, Tried(), facts_of())
    assert first == tuple(short(a.pipeline) for a in found.advice[:MOST])
    assert untried(listed(4), Tried(), facts_of()) == untried(listed(), Tried(), facts_of()) == ()
    for tried in (Tried(dict.fromkeys(first, 0.5)), Tried(awaited=set(first))):
        assert untried(found, tried, facts_of()) == ()
    twins = listed(3, 4, 12)
    assert len(untried(twins, Tried(), facts_of())) == 2


def test_a_pipeline_that_needs_a_past_gets_one() -> None:
    pipeline = PipelineSpec(targets=PSKD(), training=Training(num_epochs=4))
    assert not short(pipeline).problems(facts_of())
