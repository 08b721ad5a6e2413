from __future__ import annotations

import pytest

from autodistill.history import Advice, Recommendation
from autodistill.optimisation import Training
from autodistill.recommend.tryout import MOST, ordered, short, untried
from autodistill.spec import PipelineSpec


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


@pytest.mark.parametrize(("epochs", "few"), [(1, 1), (4, 1), (5, 2), (8, 2), (1000, 250)])
def test_a_short_trial_has_a_quarter_of_the_epochs(epochs: int, few: int) -> None:
    pipeline = PipelineSpec(training=Training(num_epochs=epochs, learning_rate=1e-3))
    assert short(pipeline) == PipelineSpec(training=Training(num_epochs=few, learning_rate=1e-3))


@pytest.mark.parametrize(
    ("metric", "then"),
    [("accuracy", [12, 4, 8, 16]), ("rmse", [8, 4, 12, 16])],
)
def test_what_was_tried_comes_first_and_the_best_before_the_others(
    metric: str, then: list[int]
) -> None:
    found = listed(4, 8, 16, 12)
    reached = {
        short(found.advice[i].pipeline): score for i, score in ((0, 0.5), (1, 0.4), (3, 0.6))
    }
    after = ordered(found, reached, metric)
    assert [epochs for epochs, _ in order(after)] == then
    assert [tried for _, tried in order(after)][3] is None
    first, second = (after.advice[i].tried for i in (0, 1))
    assert after.message == (
        "A list. Its first 3 are in the order of short trials on this dataset: "
        f"{metric} {first:.4f} on dev, then {second:.4f}."
    ).replace(f"then {second:.4f}", f"then {metric} {second:.4f}")


def test_one_short_trial_says_nothing_of_the_others() -> None:
    found = listed(4, 8)
    after = ordered(found, {short(found.advice[0].pipeline): 0.5}, "accuracy")
    assert order(after) == [(4, 0.5), (8, None)]
    assert after.message == found.message
    assert untried(after) == (short(found.advice[1].pipeline),)


def test_only_the_first_of_a_list_are_tried_out() -> None:
    found = listed(*range(4, 44, 4))
    assert untried(found) == tuple(short(a.pipeline) for a in found.advice[:MOST])
    assert untried(listed(4)) == untried(listed()) == ()
    whole = ordered(found, dict.fromkeys(untried(found), 0.5), "accuracy")
    assert untried(whole) == ()
