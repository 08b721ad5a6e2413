from __future__ import annotations

import math

import numpy as np
import pytest

from autodistill.history import Evaluation, PastTask
from autodistill.losses.reverse_kl import ReverseKL
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.recommend import course, evaluate
from autodistill.recommend.evaluation import AVERAGE, METHODS, OURS, RANDOM, _random, hold, nearest
from autodistill.recommend.foresight import foresee
from autodistill.recommend.witnesses import ALONE, EXPERT_TASKS, hear, panel_of
from autodistill.record import Origin
from autodistill.spec import PipelineSpec
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of


def pipelines(count: int, seed: int) -> list[PipelineSpec]:
    rng = np.random.default_rng(seed)
    return [
        PipelineSpec(
            loss=SoftenedKL(weight=0.5) if rng.random() < 0.5 else ReverseKL(weight=0.5),
            training=Training(learning_rate=float(10 ** rng.uniform(-4.5, -3.3))),
        )
        for _ in range(count)
    ]


def task(
    name: str, seed: int, *, kin: str = "", best: float = -3.7, noise: float = 0.0
) -> PastTask:
    """A task on which reverse KL at one learning rate is best."""
    facts, rng = facts_of(), np.random.default_rng(seed + 100)
    trials = []
    for n, pipeline in enumerate(pipelines(20, seed)):
        score = 0.7 + 0.1 * (pipeline.loss.kind == "reverse_kl")
        score -= 0.1 * (math.log10(pipeline.training.learning_rate) - best) ** 2
        measured = {"accuracy": score + noise * float(rng.normal())}
        trial = trial_of(n, pipeline, dev=measured)
        trials.append(trial.model_copy(update={"test": measured}))
    past = past_of(dataset_of(name, facts, {"log_train": 6.0}), facts, trials)
    return past.model_copy(update={"kin": kin})


def verdict(found: Evaluation, method: str) -> tuple[float, float]:
    (one,) = (v for v in found.verdicts if v.method == method)
    return one.regret_1[0], one.regret_5[0]


def test_on_tasks_that_agree_it_is_better_than_chance() -> None:
    found = evaluate([task(f"t{i}", i) for i in range(6)])
    assert (found.num_tasks, found.num_groups) == (6, 6)
    assert [v.method for v in found.verdicts] == list(METHODS)
    ours, chance = verdict(found, OURS), verdict(found, RANDOM)
    assert ours[0] < 0.5 * chance[0]
    assert ours[1] <= ours[0]
    for one in found.verdicts:
        assert one.regret_1[1] <= one.regret_1[0] <= one.regret_1[2]
    assert found.beats_random is not None
    assert found.closed is not None
    assert found.closed[1][0] >= found.closed[0][0] > 0


def test_kin_are_left_out_together() -> None:
    alike = [task("a", 1, kin="films"), task("b", 1, kin="films")]
    found = evaluate([*alike, task("c", 2, best=-4.2), task("d", 3, best=-4.4)])
    assert (found.num_tasks, found.num_groups) == (4, 3)


def test_the_course_of_regret_ends_with_all_tasks() -> None:
    history = [task(name, seed) for seed, name in enumerate("abcdefgh")]
    found = course(history)
    assert [p.num_tasks for p in found] == [3, 4, 5, 7, 8]
    assert [p.num_groups for p in found] == [3, 4, 5, 7, 8]
    assert found[-1].verdicts == evaluate(history, [v.method for v in found[-1].verdicts]).verdicts
    assert course(history[:1]) == ()


@pytest.mark.parametrize(
    "history",
    [
        [],
        [task("one", 0)],
        [task("a", 0, kin="k"), task("b", 1, kin="k")],
        [task("a", 0).model_copy(update={"trials": ()}), task("b", 1)],
    ],
    ids=["none", "one", "kin", "empty"],
)
def test_without_two_groups_it_says_that_there_is_nothing_to_try(history: list[PastTask]) -> None:
    found = evaluate(history)
    assert found.verdicts == ()
    assert "At least two groups" in found.message


@pytest.mark.parametrize(("num_named", "num_drawn"), [(12, 12), (9, 20), (0, 20)])
def test_chance_draws_from_what_no_search_has_chosen(num_named: int, num_drawn: int) -> None:
    past = task("a", 0)
    trials = tuple(
        t.model_copy(update={"origin": Origin.USER if t.number < num_named else Origin.SAMPLER})
        for t in past.trials
    )
    held = hold(past.model_copy(update={"trials": trials}))
    assert held is not None
    assert held.drawn.tolist() == held.regrets[:num_drawn].tolist()


def test_a_history_of_noise_does_no_harm() -> None:
    found = evaluate([task(f"t{i}", i, noise=5.0) for i in range(6)])
    assert verdict(found, OURS)[1] <= 1.5 * verdict(found, RANDOM)[1] + 0.2
    assert verdict(found, AVERAGE)[0] >= 0


def test_what_failed_or_is_plain_is_no_candidate() -> None:
    past = task("a", 0)
    held = hold(past)
    assert held is not None
    assert len(held.pool) == len({t.spec.pipeline for t in past.trials})
    assert held.regrets.min() == 0
    assert hold(past.model_copy(update={"trials": past.trials[:5]})) is None


def test_chance_is_the_mean_over_all_draws() -> None:
    regrets = np.array([0.0, 0.2, 1.0, 0.6])
    assert _random(regrets, 1) == pytest.approx(regrets.mean())
    pairs = [min(a, b) for i, a in enumerate(regrets) for b in regrets[i + 1 :]]
    assert _random(regrets, 2) == pytest.approx(np.mean(pairs))
    assert _random(regrets, 9) == 0


def test_the_nearest_pipeline_is_itself_where_it_is_there() -> None:
    pool = pipelines(10, 3)
    assert [nearest(p, pool) for p in pool] == list(range(10))


def test_the_experts_choose_but_promise_nothing() -> None:
    """What is promised is one thing for advice, its intervals and the trial of both."""
    asked, *past = (task(name, seed) for seed, name in enumerate("abcdef"))
    panel, pool = panel_of(asked.dataset, asked.facts, past), pipelines(6, 9)
    beside = foresee(panel, pool, [2, 0], 2).expected
    weights = np.array([w.weight for w in panel.witnesses])
    whole, told = weights.sum(), panel.tell(pool)[:, :, 0].mean(axis=0)
    forest = whole / (whole + ALONE)
    expected = forest * told + (1 - forest) * (weights @ hear(panel.witnesses, pool)) / whole
    assert beside == pytest.approx(expected * whole / (whole + EXPERT_TASKS))
    assert panel.view(pool).weights.sum() == pytest.approx(whole)
    assert beside == pytest.approx(foresee(panel, pool, [], 2).expected)


def test_a_pipeline_is_judged_by_all_examples_that_the_advice_has_not_seen() -> None:
    past = task("t", 0)
    sizes = {"train": 100, "dev": 300, "test": 100}
    dataset = past.dataset.model_copy(update={"num_examples": sizes})
    other = [t.model_copy(update={"test": {"accuracy": 0.5}}) for t in past.trials]
    held = hold(past.model_copy(update={"dataset": dataset, "trials": tuple(other)}))
    assert held is not None
    dev = {trial.spec.pipeline: trial.dev["accuracy"] for trial in past.trials}
    expected = [0.75 * dev[pipeline] + 0.25 * 0.5 for pipeline in held.pool]
    np.testing.assert_allclose(held.reached, expected)
    unknown = past.dataset.model_copy(update={"num_examples": {"train": 100}})
    held = hold(past.model_copy(update={"dataset": unknown, "trials": tuple(other)}))
    assert held is not None
    np.testing.assert_allclose(held.reached, [(dev[p] + 0.5) / 2 for p in held.pool])
