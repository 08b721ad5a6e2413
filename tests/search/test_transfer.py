from __future__ import annotations

import math
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import TrialState, create_trial

from autodistill.component import AnyRange, Choice, Uniform
from autodistill.effort import Search
from autodistill.record import Origin
from autodistill.search import Past, Searcher, remembered
from autodistill.search.prior import Prior
from autodistill.search.samplers import FAILED, TITLES, distribution
from autodistill.search.seen import Seen
from autodistill.search.transfer import (
    MOST_POINTS,
    Knowledge,
    TransferSampler,
    _log_improvement,
)
from autodistill.spec import Objective
from autodistill.testing.records import dataset_of, facts_of, past_of
from tests.search.test_searcher import FIXED, by_rate, ended, job, run, searcher

SPACE: dict[str, AnyRange] = {
    "x": Uniform(0, 1),
    "y": Uniform(1e-4, 1, log=True),
    "kind": Choice(("a", "b")),
    "kind.a.z": Uniform(0, 1),
}
WHEN = {"kind.a.z": {("kind", "a")}}
DISTRIBUTIONS = {name: distribution(drawn) for name, drawn in SPACE.items()}


def score(p: dict[str, Any], at: float = 0.3) -> float:
    bonus = 0.5 - (p["kind.a.z"] - 0.7) ** 2 if p["kind"] == "a" else 0.0
    return float(-((p["x"] - at) ** 2) - 0.1 * (math.log10(p["y"]) + 2) ** 2 + bonus)


def past(at: float = 0.3, sign: float = 1.0, seed: int = 0) -> Past:
    drawn = Knowledge(SPACE, WHEN).encoding
    settings = [drawn.decode(r) for r in drawn.draw(np.random.default_rng(seed), 60)]
    return Past(tuple(settings), np.array([[sign * score(s, at)] for s in settings]))


def search(sampler: Any, count: int, at: float = 0.35) -> list[float]:
    study = optuna.create_study(direction="maximize", sampler=sampler)
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def objective(trial: optuna.Trial) -> float:
        params = {n: trial._suggest(n, DISTRIBUTIONS[n]) for n in ("x", "y", "kind")}
        if params["kind"] == "a":
            params["kind.a.z"] = trial._suggest("kind.a.z", DISTRIBUTIONS["kind.a.z"])
        return score(params, at)

    study.optimize(objective, n_trials=count)
    return [t.values[0] for t in study.trials]


def test_it_reaches_in_five_trials_what_the_estimator_does_not_in_twenty() -> None:
    knowledge = Knowledge(SPACE, WHEN, [past(0.3), past(0.4, seed=1)])
    for seed in range(2):
        ours = search(TransferSampler(knowledge, seed=seed), 5)
        theirs = search(optuna.samplers.TPESampler(seed=seed), 20)
        assert max(ours) > max(theirs)


def test_a_past_that_says_the_opposite_is_forgotten() -> None:
    knowledge = Knowledge(SPACE, WHEN, [past(sign=-1.0)])
    found = search(TransferSampler(knowledge, seed=0), 20)
    assert max(found[:4]) < 0  # where the past said the best is
    assert max(found) > 0.3


def test_the_same_trials_and_seed_give_the_same_proposal() -> None:
    knowledge = Knowledge(SPACE, WHEN, [past()])
    runs = [search(TransferSampler(knowledge, seed=3), 8) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0] != search(TransferSampler(knowledge, seed=4), 8)


def test_what_is_not_accepted_is_not_proposed() -> None:
    knowledge = Knowledge(SPACE, WHEN, [past()])
    study = optuna.create_study(direction="maximize")
    study.sampler = TransferSampler(knowledge, seed=0, accepts=lambda p: p["kind"] == "b")
    assert study.ask()._suggest("kind", DISTRIBUTIONS["kind"]) == "b"


def test_running_trials_keep_others_away() -> None:
    knowledge = Knowledge(SPACE, WHEN, [past()])
    study = optuna.create_study(direction="maximize", sampler=TransferSampler(knowledge, seed=0))
    for row in knowledge.encoding.draw(np.random.default_rng(2), 6):
        params = knowledge.encoding.decode(row)
        known = {n: DISTRIBUTIONS[n] for n in params}
        study.add_trial(create_trial(params=params, distributions=known, value=score(params)))
    asked = [study.ask() for _ in range(2)]
    for trial in asked:
        for name in trial.relative_params:
            trial._suggest(name, DISTRIBUTIONS[name])
    rows = [knowledge.encoding.encode(t.relative_params) for t in asked]
    assert np.nanmax(np.abs(rows[0] - rows[1])) > 0.02


def test_a_portfolio_complements_what_it_has() -> None:
    prior = Prior.__new__(Prior)
    prior.weights = np.array([0.6, 0.4])
    said = np.array([[1.0, 0.9, 0.0, 0.5], [0.0, 0.0, 0.9, 0.5]])
    assert prior.portfolio(said, 3)[:2] == [0, 2]  # 0.6 alone, then what the other task likes


def test_expected_improvement_keeps_its_logarithm_where_floats_end() -> None:
    z = np.array([-40.0, -6.5, -5.5, 0.0, 3.0])
    found = _log_improvement(z)
    assert np.all(np.diff(found) > 0)
    assert found[3] == pytest.approx(math.log(1 / math.sqrt(2 * math.pi)))
    assert found[4] == pytest.approx(math.log(3.000382), abs=1e-4)
    assert found[0] == pytest.approx(-800 - math.log(math.sqrt(2 * math.pi)) - 2 * math.log(40))


def test_trials_that_were_stopped_count_with_what_others_gained() -> None:
    knowledge = Knowledge({"x": Uniform(0, 1)})
    known: dict[str, Any] = {"distributions": {"x": DISTRIBUTIONS["x"]}}
    trials = [
        create_trial(value=v, params={"x": x}, intermediate_values={34: v - 0.2}, **known)
        for x, v in ((0.1, 0.5), (0.2, 0.7))
    ]
    stopped = {34: 0.4}
    trials += [
        create_trial(
            state=TrialState.PRUNED, params={"x": 0.3}, intermediate_values=stopped, **known
        ),
        create_trial(
            state=TrialState.PRUNED, params={"x": 0.4}, user_attrs={FAILED: True}, **known
        ),
    ]
    seen = Seen(knowledge.encoding, trials, [optuna.study.StudyDirection.MAXIMIZE])
    order = np.argsort(seen.values[:3, 0])
    assert order.tolist() == [0, 2, 1]  # 0.5, 0.4 + 0.2, 0.7
    assert seen.values[3, 0] == seen.values[:, 0].min()


def remembering(count: int = 30, **asked: Any) -> tuple[Any, list[Past]]:
    known = searcher(search=Search(sampler="random"))
    rows = run(known, count, by_rate)
    dataset = dataset_of("old", facts_of(), {})
    spec = job(**asked)
    task = past_of(dataset, facts_of(), rows)
    return spec, [remembered(task, "cut-2", 1.0, spec.space, spec.objectives)]


def test_a_job_with_a_past_starts_where_that_was_good_and_says_so() -> None:
    spec, known = remembering()
    asked = Searcher(spec, {"cut-2": facts_of()}, known)
    rows = run(asked, 8, by_rate)
    again = Searcher(spec, {"cut-2": facts_of()}, known)
    assert [again.suggest(n, rows[:n]) for n in (1, 5)] == [
        asked.suggest(n, rows[:n]) for n in (1, 5)
    ]
    rates = [t.spec.pipeline.training.learning_rate for t in rows[1:]]
    best = max(v for p in known for v in p.values[:, 0])
    assert max(rates) > 0.8 * best
    assert all(t.spec.pipeline.problems(facts_of()) == [] for t in rows)
    first, fifth = asked.suggest(1, rows[:1]), asked.suggest(5, rows[:5])
    assert first is not None
    assert fifth is not None
    assert first.origin is Origin.SAMPLER
    assert first.reason == "good in 1 similar past task"
    assert fifth.reason.startswith("expected improvement per second from 5 finished trials")


def test_suggestions_side_by_side_differ() -> None:
    spec, known = remembering()
    asked = Searcher(spec, {"cut-2": facts_of()}, known)
    rows = run(asked, 6, by_rate)
    proposal = asked.suggest(6, rows)
    assert proposal is not None
    running = ended(6, proposal, 0.0)
    beside = asked.suggest(7, rows, [running])
    assert beside is not None
    assert beside.spec.pipeline != proposal.spec.pipeline


def test_several_objectives_are_transferred_together() -> None:
    objectives = (Objective(metric="accuracy"), Objective(metric="latency_ms"))
    rows = [
        t.model_copy(update={"dev": {**t.dev, "latency_ms": float(t.number % 5)}})
        for t in run(searcher(search=Search(sampler="random")), 30, by_rate)
    ]
    spec = job(objectives=objectives)
    task = past_of(dataset_of("old", facts_of(), {}), facts_of(), rows)
    known = remembered(task, "cut-2", 1.0, spec.space, spec.objectives)
    assert known.values[3, 1] == -3.0  # less latency is more
    asked = Searcher(spec, {"cut-2": facts_of()}, [known])
    found = [
        ended(t.number, p, by_rate(p.spec.pipeline), latency_ms=1.0)
        for t in rows[:6]
        if (p := asked.suggest(t.number, [])) is not None
    ]
    assert asked.suggest(6, found) is not None


@pytest.mark.parametrize(
    ("name", "n"), [("gp", 10), ("cmaes", 18), ("nsgaii", 18), ("nsgaiii", 18)]
)
def test_optunas_samplers_are_chosen_by_name(name: Any, n: int) -> None:
    space = {**FIXED, "training.num_epochs": {"type": "int_uniform", "low": 2, "high": 8}}
    del space["training.learning_rate"]
    asked = searcher(search=Search(sampler=name), trials=40, space=space)
    rows = run(asked, n, by_rate)
    assert len({t.spec.pipeline for t in rows}) == n
    again = searcher(search=Search(sampler=name), trials=40, space=space)
    proposal = asked.suggest(n, rows)
    assert proposal is not None
    assert proposal == again.suggest(n, rows)
    assert proposal.reason == f"{TITLES[name]} from {n} finished trials"


def test_above_a_few_hundred_trials_the_estimator_takes_over() -> None:
    knowledge = Knowledge(SPACE, WHEN, [past()])
    study = optuna.create_study(direction="maximize", sampler=TransferSampler(knowledge, seed=0))
    for row in knowledge.encoding.draw(np.random.default_rng(2), MOST_POINTS + 1):
        params = knowledge.encoding.decode(row)
        known = {n: DISTRIBUTIONS[n] for n in params}
        study.add_trial(create_trial(params=params, distributions=known, value=score(params)))
    asked = study.ask()
    values = [asked._suggest(n, DISTRIBUTIONS[n]) for n in ("x", "y", "kind")]
    assert 0 <= values[0] <= 1
