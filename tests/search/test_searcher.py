from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from statistics import mean
from typing import Any

import pytest

from autodistill.effort import Budget, Search
from autodistill.errors import InvalidInput
from autodistill.losses.none import NoLoss
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.optimisation import Training
from autodistill.record import Origin, Trial, TrialState
from autodistill.search import Proposal, Searcher
from autodistill.spec import (
    Advised,
    CutStudent,
    JobRequest,
    JobSpec,
    Limit,
    Objective,
    PipelineSpec,
    TeacherSpec,
)
from autodistill.targets.pskd import PSKD
from autodistill.task import Task
from autodistill.testing.records import facts_of, trial_of

FIXED = {
    "augmentation": "none",
    "selection": "none",
    "targets": "hard",
    "intermediate": "none",
    "balancing": "fixed",
    "regularizer": "none",
    "finishing": "none",
    "loss": "softened_kl",
    "loss.weight": 0.5,
    "training.learning_rate": 1e-4,
    "training.weight_decay": 0.01,
    "training.warmup_fraction": 0.1,
    "training.num_epochs": 4,
}
"""A space in which only the temperature is left."""


def job(
    layers: Sequence[int] = (2,),
    *,
    trials: int = 60,
    task: Task = Task.TEXT_CLASSIFICATION,
    advised: Sequence[Advised] = (),
    **asked: Any,
) -> JobSpec:
    request = JobRequest(
        dataset="d",
        teacher=TeacherSpec(model="t"),
        students=tuple(CutStudent(num_layers=n) for n in layers),
        budget=Budget(num_trials=trials),
        **asked,
    )
    return request.resolve([facts_of(task, n) for n in layers], advised)


def searcher(
    layers: Sequence[int] = (2,), *, task: Task = Task.TEXT_CLASSIFICATION, **asked: Any
) -> Searcher:
    facts = {f"cut-{n}": facts_of(task, n) for n in layers}
    return Searcher(job(layers, task=task, **asked), facts)


def ended(number: int, proposal: Proposal, score: float, **dev: float) -> Trial:
    return trial_of(
        number,
        proposal.spec.pipeline,
        student=proposal.spec.student,
        origin=proposal.origin,
        dev={"accuracy": score, **dev},
    )


def run(using: Searcher, count: int, score: Callable[[PipelineSpec], float]) -> list[Trial]:
    rows: list[Trial] = []
    for number in range(count):
        if (proposal := using.suggest(number, rows)) is None:
            break
        rows.append(ended(number, proposal, score(proposal.spec.pipeline)))
    return rows


def by_rate(pipeline: PipelineSpec) -> float:
    return pipeline.training.learning_rate


def test_the_first_trial_is_plain_fine_tuning_of_each_student_for_as_long_as_allowed() -> None:
    asked = searcher((2, 3))
    first, second, third = (asked.suggest(n, []) for n in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert (first.spec.student, second.spec.student) == ("cut-2", "cut-3")
    assert first.origin is second.origin is Origin.BASELINE
    assert not first.spec.pipeline.distils
    assert first.spec.pipeline.training == Training(num_epochs=8)
    assert third.origin is Origin.SAMPLER


@pytest.mark.parametrize(
    ("wish", "epochs"), [([3, 5], 5), (4, 4), ({"type": "int_uniform", "low": 2, "high": 7}, 7)]
)
def test_plain_fine_tuning_keeps_to_what_the_user_fixed(wish: Any, epochs: int) -> None:
    space = {"training.num_epochs": wish, "training.learning_rate": 3e-4, "loss": "softened_kl"}
    request = job(space=space).model_dump(mode="json")
    proposal = Searcher(JobSpec.model_validate(request), {"cut-2": facts_of()}).suggest(0, [])
    assert proposal is not None
    assert proposal.spec.pipeline.loss == NoLoss()
    assert proposal.spec.pipeline.training == Training(learning_rate=3e-4, num_epochs=epochs)


def test_then_come_the_users_pipelines_and_the_recommended_ones_inside_the_space() -> None:
    mine = PipelineSpec(training=Training(num_epochs=100))
    far = PipelineSpec(training=Training(num_epochs=100, batch_size=8), targets=PSKD())
    other = PipelineSpec(loss=NoLoss())
    asked = searcher(
        start=(mine, mine),
        advised=[Advised(pipeline=p, reason="so it is") for p in (far, mine, far, other)],
        space={"loss": "softened_kl"},
    )
    proposals = [asked.suggest(n, []) for n in range(1, 5)]
    found = [(p.origin, p.spec.pipeline) for p in proposals if p is not None]
    assert found[:3] == [
        (Origin.USER, mine),
        (Origin.RECOMMENDED, PipelineSpec(training=Training(num_epochs=8), targets=PSKD())),
        (Origin.RECOMMENDED, PipelineSpec(training=Training(num_epochs=8))),
    ]
    assert found[3][0] is Origin.SAMPLER
    assert proposals[1] is not None
    assert proposals[1].reason == "so it is"


def test_nothing_is_proposed_beyond_the_budget() -> None:
    asked = searcher(trials=3)
    assert asked.suggest(2, []) is not None
    assert asked.suggest(3, []) is None


def test_a_fresh_searcher_answers_as_a_long_lived_one_does() -> None:
    long_lived = searcher((2, 3))
    rows = run(long_lived, 25, by_rate)
    for number in (5, 12, 20, 24):
        again = searcher((2, 3)).suggest(number, rows[:number])
        assert again == long_lived.suggest(number, rows[:number])  # also when it goes backwards
        assert again is not None
        assert again.spec.pipeline == rows[number].spec.pipeline
        assert again.spec.student == rows[number].spec.student


def test_only_the_order_of_finishing_counts() -> None:
    rows = run(searcher(), 14, by_rate)
    assert searcher().suggest(14, rows) == searcher().suggest(14, rows[::-1])


def test_the_seed_of_the_job_and_the_number_change_what_is_proposed() -> None:
    rows = run(searcher(), 12, by_rate)
    suggestions = [searcher(seed=seed).suggest(n, rows) for seed in (0, 1) for n in (12, 13)]
    assert len({s.spec.pipeline for s in suggestions if s is not None}) == 4
    assert len({s.spec.seed for s in suggestions if s is not None}) == 4


@pytest.mark.parametrize("task", list(Task))
@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_every_proposal_serves_its_student_and_is_new(task: Task, sampler: Any) -> None:
    asked = searcher((1, 2), task=task, search=Search(sampler=sampler))
    rows = [
        trial_of(
            t.number,
            t.spec.pipeline,
            student=t.spec.student,
            dev={"accuracy": by_rate(t.spec.pipeline), "pearson": by_rate(t.spec.pipeline)},
        )
        for t in run(asked, 30, by_rate)
    ]
    for row in rows:
        layers = int(row.spec.student.removeprefix("cut-"))
        assert row.spec.pipeline.problems(facts_of(task, layers)) == []
    assert len({(t.spec.student, t.spec.pipeline) for t in rows}) == 30


def test_several_students_are_all_tried_and_the_better_one_more_often() -> None:
    asked = searcher((1, 2, 3), trials=80)
    rows: list[Trial] = []
    for number in range(60):
        proposal = asked.suggest(number, rows)
        assert proposal is not None
        rows.append(ended(number, proposal, float(proposal.spec.student == "cut-3")))
    students = [t.spec.student for t in rows]
    assert students.count("cut-3") > 30
    assert students.count("cut-1") > 1


def test_a_space_in_which_all_was_tried_ends_the_search() -> None:
    space = FIXED | {"loss.temperature": [1, 2, 4]}
    rows = run(searcher(space=space), 60, by_rate)
    assert [t.origin for t in rows] == [Origin.BASELINE] + 3 * [Origin.SAMPLER]
    assert {
        t.spec.pipeline.loss.temperature
        for t in rows
        if isinstance(t.spec.pipeline.loss, SoftenedKL)
    } == {1, 2, 4}


def test_a_space_without_a_valid_pipeline_is_refused_with_a_reason() -> None:
    space = {"targets": "pskd", "augmentation": "mixup"}
    asked = searcher(space=space)
    assert asked.suggest(0, []) is not None
    with pytest.raises(InvalidInput, match=r"was refused for its targets: PS-KD .* Widen"):
        asked.suggest(1, [])


def test_what_is_proposed_says_who_proposed_it() -> None:
    asked = searcher()
    rows = run(asked, 20, by_rate)
    reasons = []
    for n in (1, 8, 9, 12):
        proposal = asked.suggest(n, rows[:n])
        assert proposal is not None
        reasons.append(proposal.reason)
    assert reasons == [
        "random start, TPE begins after 8 finished trials",
        "TPE from 8 finished trials",
        "random, as one in ten",
        "TPE from 12 finished trials",
    ]


@pytest.mark.parametrize(
    "row",
    [
        trial_of(1, PipelineSpec(), TrialState.FAILED),
        trial_of(1, PipelineSpec(), TrialState.CANCELLED),
        trial_of(1, PipelineSpec(), dev={"accuracy": float("nan")}),
        trial_of(1, PipelineSpec(), dev={"accuracy": float("inf")}),
        trial_of(1, PipelineSpec(), dev={}),
        trial_of(1, PipelineSpec(), TrialState.PRUNED, curve=[{}, {"accuracy": float("nan")}]),
        trial_of(1, PipelineSpec(), student="someone else", dev={"accuracy": 1.0}),
        trial_of(1, PipelineSpec(training=Training(learning_rate=0.9)), dev={"accuracy": 1.0}),
    ],
)
@pytest.mark.parametrize("metrics", [["accuracy"], ["accuracy", "latency_ms"]])
def test_no_odd_row_stops_the_search(row: Trial, metrics: list[str]) -> None:
    asked = searcher((2, 3), objectives=tuple(Objective(metric=m) for m in metrics))
    rows: list[Trial] = []
    for n in range(16):
        proposal = asked.suggest(n, rows)
        assert proposal is not None
        good = ended(n, proposal, by_rate(proposal.spec.pipeline), latency_ms=float(n))
        odd = row.model_copy(update={"number": n, "finish_order": n})
        rows.append(odd if n % 3 == 1 else good)


def test_several_objectives_are_searched_together() -> None:
    objectives = (Objective(metric="accuracy"), Objective(metric="latency_ms"))
    asked = searcher((1, 2, 3), objectives=objectives)
    rows: list[Trial] = []
    for n in range(45):
        proposal = asked.suggest(n, rows)
        assert proposal is not None
        layers = int(proposal.spec.student[-1])
        # 2 layers are as slow as 3 and no better than 1, so they are never worth it.
        accuracy, latency = {1: (0.5, 1.0), 2: (0.5, 3.0), 3: (0.9, 3.0)}[layers]
        rows.append(ended(n, proposal, accuracy, latency_ms=latency))
    students = [t.spec.student for t in rows[20:]]
    assert students.count("cut-2") < min(students.count("cut-1"), students.count("cut-3"))


def test_the_estimator_learns_to_avoid_what_fails() -> None:
    asked = searcher(trials=100, space={"loss": ["softened_kl", "reverse_kl"]})
    rows: list[Trial] = []
    for n in range(60):
        proposal = asked.suggest(n, rows)
        assert proposal is not None
        row = ended(n, proposal, 0.5 + n % 7 / 100)
        if proposal.spec.pipeline.loss.kind == "reverse_kl":
            row = row.model_copy(update={"state": TrialState.FAILED, "dev": {}})
        rows.append(row)
    late = [t.spec.pipeline.loss.kind for t in rows[20:]]
    assert late.count("reverse_kl") < 0.25 * len(late)


def test_the_estimator_finds_better_pipelines_than_random_search() -> None:
    def score(p: PipelineSpec) -> float:
        weight = p.loss.kd_weight - 0.8
        away = abs(p.training.num_epochs - 8) / 5 + abs(p.training.warmup_fraction - 0.1)
        return -(weight**2) - away + 0.5 * (p.intermediate.kind == "mi_alpha")

    space = FIXED | {"loss": ["softened_kl", "none"], "intermediate": ["mi_alpha", "mse", "none"]}
    for free in ("loss.weight", "training.num_epochs", "training.warmup_fraction"):
        del space[free]

    def reached(sampler: Any, seed: int) -> float:
        asked = searcher(seed=seed, space=space, search=Search(sampler=sampler))
        return max(score(t.spec.pipeline) for t in run(asked, 35, score))

    pairs = [(reached("tpe", seed), reached("random", seed)) for seed in range(3)]
    assert sum(tpe for tpe, _ in pairs) > sum(by_chance for _, by_chance in pairs)


def test_importing_the_search_loads_no_optimiser() -> None:
    code = "import sys, autodistill.search; sys.exit('optuna' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_random_draws_that_keep_less_weigh_the_teacher_more() -> None:
    sure = {"selection": "random", "loss": "softened_kl", "selection.keep_fraction": [0.3, 1.0]}
    weights: dict[float, list[float]] = {0.3: [], 1.0: []}
    for seed in range(40):
        asked: dict[str, Any] = {"seed": seed, "space": sure, "search": Search(sampler="random")}
        proposal = searcher(**asked).suggest(5, [])
        assert proposal is not None
        assert proposal == searcher(**asked).suggest(5, [])
        pipeline = proposal.spec.pipeline
        kept = pipeline.selection.model_dump()["keep_fraction"]
        weights[kept].append(pipeline.loss.kd_weight)
    assert mean(weights[0.3]) > mean(weights[1.0]) + 0.1


@pytest.mark.parametrize("task", list(Task))
def test_nothing_that_is_proposed_is_refused_by_the_trial(task: Task) -> None:
    """What `TrialRun` checks first, of 2,000 pipelines drawn from the whole space."""
    random = searcher(task=task, trials=2001, search=Search(sampler="random"))
    facts = facts_of(task, 2)
    proposals = [random.suggest(number, []) for number in range(1, 2001)]
    pipelines = [p.spec.pipeline for p in proposals if p is not None]
    assert len({pipeline.sha256 for pipeline in pipelines}) == 2000
    for pipeline in pipelines:
        pipeline.check(facts)
        assert PipelineSpec.model_validate_json(pipeline.model_dump_json()) == pipeline


SMALL = (Limit(metric="num_parameters", bound=100.0),)


def test_students_that_cost_too_much_are_not_trained() -> None:
    facts = {f"cut-{n}": facts_of(layers=n) for n in (1, 2)}
    costs = {"cut-1": {"num_parameters": 90.0}, "cut-2": {"num_parameters": 110.0}}
    search = Searcher(job((2, 1), limits=SMALL), facts, (), costs)
    proposals = [search.suggest(n, []) for n in range(12)]
    assert {p.spec.student for p in proposals if p is not None} == {"cut-1"}
    with pytest.raises(InvalidInput, match=r"No student keeps num_parameters at most 100: cut-2"):
        Searcher(job((2,), limits=SMALL), facts, (), costs)


def test_the_sampler_learns_from_what_breaks_a_limit() -> None:
    limits = (Limit(metric="ece", bound=0.1),)
    spec = job(space=FIXED, search=Search(sampler="tpe"), limits=limits)
    search, rows = Searcher(spec, {"cut-2": facts_of()}), list[Trial]()
    for number in range(40):
        proposal = search.suggest(number, rows)
        assert proposal is not None
        loss = proposal.spec.pipeline.loss
        hot = loss.temperature if isinstance(loss, SoftenedKL) else 1.0
        # The hotter the better, and beyond 3 the calibration is not good enough any more.
        rows.append(ended(number, proposal, hot, ece=0.05 if hot <= 3 else 0.3))
    late = [t.spec.pipeline.loss for t in rows[25:]]
    kept = [loss.temperature <= 3 for loss in late if isinstance(loss, SoftenedKL)]
    assert mean(kept) > 0.5
