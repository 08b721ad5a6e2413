from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from autodistill.planning import FRESH_SEED, Plan, fresh_runs, seconds_searched
from autodistill.record import Event, Origin
from workers.conductor import Supply

Desk = Callable[..., Any]
NEVER = {"sampler": "random", "early_stopping": False}


def run(desk: Any) -> None:
    while not isinstance(trial := desk.conductor.next(), Supply):
        desk.end(trial.number, 0.5 + 0.01 * trial.number)


def test_the_winner_meets_plain_rivals_with_the_same_fresh_seeds(desk: Desk) -> None:
    d = desk(budget={"num_trials": 4, "max_epochs": 3}, confirmation_seeds=2, seed=7, search=NEVER)
    run(d)
    search, confirmation = d.conductor.rows[:4], d.conductor.rows[4:]
    assert all(t.origin is Origin.CONFIRMATION for t in confirmation)
    winner = max((t for t in search if t.spec.pipeline.distils), key=lambda t: t.number)
    twin = winner.spec.pipeline.without_teacher()
    pipelines = [winner.spec.pipeline, search[0].spec.pipeline, twin]
    assert [t.spec.pipeline for t in confirmation] == [p for p in pipelines for _ in range(2)]
    assert [t.spec.seed for t in confirmation] == [FRESH_SEED + 7, FRESH_SEED + 8] * 3
    assert [t.number for t in fresh_runs(d.conductor.rows, twin)] == [8, 9]


def test_a_restart_in_the_confirmation_neither_repeats_nor_forgets(desk: Desk) -> None:
    d = desk(budget={"num_trials": 2, "max_epochs": 3}, confirmation_seeds=3, search=NEVER)
    for _ in range(5):
        d.end(d.take().number)
    d.claim()
    run(d)
    specs = [t.spec for t in d.conductor.rows]
    assert len(specs) == len(set(specs)) == 2 + 9


def test_no_confirmation_starts_before_the_search_has_ended(desk: Desk) -> None:
    d = desk(budget={"num_trials": 2, "max_epochs": 3}, confirmation_seeds=1, search=NEVER)
    d.take()
    d.end(d.take().number)
    assert d.conductor.next() is Supply.WAIT


def test_when_the_time_is_up_no_new_trial_starts(desk: Desk) -> None:
    d = desk(budget={"num_trials": 9, "max_epochs": 3, "timeout_s": 60})
    clock = [0.0]
    plan = Plan(d.job, d.task.facts, 20.0, clock=lambda: clock[0])
    assert plan.next({}) is not None
    clock[0] = 39.0
    assert plan.next({}) is not None
    clock[0] = 41.0
    assert plan.next({}) is None
    assert plan.cut_short == "The time for the search is used up."


def test_patience_ends_a_search_in_vain(desk: Desk) -> None:
    d = desk(
        budget={"num_trials": 30, "max_epochs": 3, "patience": 4},
        search=NEVER,
        confirmation_seeds=1,
    )
    for score in (0.5, 0.6, 0.7, 0.65, 0.7, 0.6):
        d.end(d.take().number, score)
    assert not d.conductor.cut_short
    d.end(d.take().number, 0.1)
    confirmation = d.take()
    assert confirmation.origin is Origin.CONFIRMATION
    assert d.conductor.cut_short == "The last 4 trials found nothing better."
    assert "nothing better" in str([e.data for e in d.events() if e.kind == "log"])


def test_a_search_ends_where_going_on_is_not_worth_it(desk: Desk) -> None:
    budget = {"num_trials": 50, "max_epochs": 3, "min_gain": 0.005}
    d = desk(budget=budget, search=NEVER, confirmation_seeds=1)
    for number in range(12):
        d.end(d.take().number, 0.5 + 0.02 * number)
    assert not d.conductor.cut_short
    while not d.conductor.cut_short and len(d.conductor.rows) < 40:
        d.end(d.take().number, 0.72 + 1e-4 * len(d.conductor.rows))
    assert 13 < len(d.conductor.rows) < 40
    said = "As many trials again are expected to gain less than 0.005 of accuracy."
    assert d.conductor.cut_short == said
    assert d.take().origin is Origin.CONFIRMATION


def test_a_trial_that_still_ran_may_take_the_end_back(desk: Desk) -> None:
    budget = {"num_trials": 30, "max_epochs": 3, "min_gain": 0.01}
    d = desk(budget=budget, search=NEVER, parallelism=2, confirmation_seeds=0)
    d.end(d.take().number, 0.5)  # plain fine-tuning
    late = d.take()
    for _ in range(9):
        d.end(d.take().number, 0.5)
    assert d.conductor.next() is Supply.WAIT
    assert d.conductor.cut_short
    d.end(late.number, 0.9)
    assert not isinstance(d.conductor.next(), Supply)
    assert not d.conductor.cut_short


def test_a_budget_that_is_used_up_is_not_cut_short(desk: Desk) -> None:
    budget = {"num_trials": 10, "max_epochs": 3, "min_gain": 0.01, "patience": 3}
    d = desk(budget=budget, search=NEVER, confirmation_seeds=0)
    for score in (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.7, 0.7, 0.7):
        d.end(d.take().number, score)
    assert isinstance(d.conductor.next(), Supply)
    assert not d.conductor.cut_short


def test_a_space_with_few_pipelines_ends_the_search_quietly(desk: Desk) -> None:
    d = desk(
        space={
            "augmentation": "none",
            "selection": "none",
            "targets": "hard",
            "intermediate": "none",
            "balancing": "fixed",
            "regularizer": "none",
            "finishing": "none",
            "loss": ["logit_mse", "softened_kl"],
            "loss.weight": 0.5,
            "loss.temperature": 2.0,
            "training.learning_rate": 1e-4,
            "training.weight_decay": 0.01,
            "training.warmup_fraction": 0.1,
            "training.num_epochs": 3,
        },
        budget={"num_trials": 9, "max_epochs": 3},
        search=NEVER,
    )
    run(d)
    assert len(d.conductor.rows) == 1 + 2
    assert d.conductor.exhausted
    assert d.conductor.cut_short == "The space has no further pipeline; the search ends here."
    assert [e.data["message"] for e in d.events() if e.kind == "log"] == [d.conductor.cut_short]


def test_only_time_in_searching_counts() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    log = [
        (0, "job.preparing"),
        (10, "job.searching"),
        (20, "measurement"),
        (25, "job.wish_pause"),
        (30, "job.paused"),
        (100, "job.queued"),
        (110, "job.preparing"),
        (111, "job.searching"),
        (116, "job.preparing"),
        (117, "job.searching"),
    ]
    events = [
        Event(job_id="j", seq=i, kind=kind, data={}, created_at=start + timedelta(seconds=s))
        for i, (s, kind) in enumerate(log)
    ]
    assert seconds_searched(events) == 20 + 5
    assert seconds_searched(events, start + timedelta(seconds=120)) == 20 + 5 + 3
