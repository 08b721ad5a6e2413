from __future__ import annotations

import math
import subprocess
import sys
from functools import cache
from itertools import combinations, islice

import numpy as np
import pytest

from autodistill.component import Choice, sample
from autodistill.history import PastTask, Recommendation
from autodistill.intermediate.mse import MSE
from autodistill.lazy import optuna
from autodistill.losses.logit_mse import LogitMSE
from autodistill.losses.reverse_kl import ReverseKL
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.mappings.last import Last
from autodistill.optimisation import Training
from autodistill.recommend import recommend
from autodistill.recommend.expert import portfolio
from autodistill.recommend.portfolio import CAUTION, FEWEST, complementary
from autodistill.recommend.surrogate import encode, experience, judge, placed
from autodistill.recommend.witnesses import ALONE, EXPERT_TASKS, hear, panel_of
from autodistill.record import TrialState
from autodistill.spec import (
    CutStudent,
    JobRequest,
    PipelineSpec,
    TeacherSpec,
    plain_fine_tuning,
)
from autodistill.task import Task, TaskFacts
from autodistill.testing.records import dataset_of, facts_of, past_of, trial_of

FEW = {
    "augmentation": ["none", "mixup", "random_edits"],
    "selection": ["none", "random", "class_balanced"],
    "targets": ["hard", "label_smoothing", "pskd"],
    "loss": ["none", "softened_kl", "reverse_kl", "logit_mse"],
    "intermediate": ["none", "mse", "cosine", "mi_alpha"],
    "intermediate.mapping": ["skip", "last"],
    "balancing": ["fixed"],
    "regularizer": ["none"],
    "finishing": ["none"],
}
"""Kinds enough for what is tested here, whatever else there is."""
HOME = {"log_train": 6.0, "mean_words": 40.0, "linear_gain": 0.2, "majority": 0.4}
FAR = {"log_train": 60.0, "mean_words": 4000.0, "linear_gain": -5.0, "majority": 9.0}


@cache
def pipelines(
    count: int, task: Task = Task.TEXT_CLASSIFICATION, seed: int = 0
) -> list[PipelineSpec]:
    facts = facts_of(task)
    request = JobRequest(
        dataset="d", teacher=TeacherSpec(model="t"), students=(CutStudent(num_layers=2),)
    )
    full = request.resolve([facts]).space
    known = {name: drawn.options for name, drawn in full.items() if isinstance(drawn, Choice)}
    few = {name: [k for k in kinds if k in known[name]] for name, kinds in FEW.items()}
    space = request.model_copy(update={"space": few}).resolve([facts]).space
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    drawn = (sample(PipelineSpec, space, study.ask()) for _ in range(10 * count))
    return list(islice((p for p in drawn if not p.problems(facts)), count))


def past(
    name: str,
    scores: dict[PipelineSpec, float],
    facts: TaskFacts | None = None,
    features: dict[str, float] = HOME,
) -> PastTask:
    facts = facts or facts_of()
    trials = [
        trial_of(n, pipeline, dev={"accuracy": score, "pearson": score})
        for n, (pipeline, score) in enumerate(scores.items())
    ]
    return past_of(dataset_of(name, facts, features), facts, trials)


def advise(
    history: list[PastTask], task: Task = Task.TEXT_CLASSIFICATION, k: int = 5
) -> Recommendation:
    facts = facts_of(task)
    return recommend(dataset_of("new", facts, HOME), facts, history, k=k)


def liking(kind: str) -> dict[PipelineSpec, float]:
    """Scores of a task on which one kind of intermediate objective is much better."""
    rng = np.random.default_rng(3)
    return {
        p: 0.5 + 0.3 * (p.intermediate.kind == kind) + 0.02 * float(rng.random())
        for p in pipelines(30)
        if p.distils
    }


@pytest.mark.parametrize("task", list(Task))
def test_without_history_it_is_the_experts_list_and_says_so(task: Task) -> None:
    answer = advise([], task)
    assert [a.pipeline for a in answer.advice] == [p for p, _ in portfolio(facts_of(task))]
    assert answer.basis == "expert"
    assert answer.num_past_tasks == 0
    assert answer.message == "No similar past task: this is the experts' list, best first."
    assert all(a.expected is None and a.reason.endswith(".") for a in answer.advice)


@pytest.mark.parametrize(
    ("useless", "similar"),
    [
        (past("far", liking("cosine"), features=FAR), False),
        (past("values", liking("cosine"), facts_of(Task.TEXT_REGRESSION)), False),
        (past("constant", dict.fromkeys(pipelines(20), 0.5)), True),
        (past("few", dict(zip(pipelines(3), (0.1, 0.2, 0.3), strict=True))), True),
        (past("none", {}), True),
        (past("nan", dict.fromkeys(pipelines(20), math.nan)), True),
    ],
    ids=["far", "values", "constant", "few", "none", "nan"],
)
def test_history_that_says_nothing_changes_nothing(useless: PastTask, *, similar: bool) -> None:
    answer, without = advise([useless] * 3), advise([])
    assert answer.model_copy(update={"message": without.message}) == without
    assert answer.message.startswith("The trials of similar" if similar else "No similar past task")


def test_what_similar_tasks_agree_on_comes_first() -> None:
    scores = liking("cosine")
    answer = advise([past(name, scores) for name in "abcdef"])
    assert answer.basis == "history"
    assert answer.num_past_tasks == 6
    assert answer.advice[0].pipeline.intermediate.kind == "cosine"
    assert answer.message == "From 6 similar past tasks on a, b, c, d, e …, and the experts' list."
    best = max(scores, key=lambda p: scores[p])
    assert best in {a.pipeline for a in answer.advice}


def test_the_experts_list_still_speaks_beside_a_single_past_task() -> None:
    scores = liking("cosine")
    answer = advise([past("one", scores)])
    listed = {p for p, _ in portfolio(facts_of())}
    mine = [a.pipeline for a in answer.advice]
    assert answer.basis == "history"
    assert any(p in listed for p in mine)
    assert any(p.intermediate.kind == "cosine" for p in mine)


def test_a_reason_names_the_dataset_and_the_gain_that_was_measured_there() -> None:
    good = PipelineSpec(loss=ReverseKL(), intermediate=MSE(mapping=Last()))
    scores = dict.fromkeys(pipelines(30), 0.5) | {good: 0.75}
    answer = advise([past(name, scores) for name in ("ag_news", "trec", "emotion", "sst2")])
    (advice,) = (a for a in answer.advice if a.pipeline == good)
    for name in ("ag_news", "trec", "emotion"):
        expected = f"{name} with 2 layers (similarity 1.00), accuracy 0.2500 better than the median"
        assert expected in advice.reason
    assert "sst2" not in advice.reason
    assert "measured" in advice.reason


def test_what_was_measured_is_told_as_it_was_and_speaks_for_nothing_where_it_was_worse() -> None:
    """Shares are cut at the whole gap; a lucky seed and a ruinous one are told by their mean."""
    shaky = PipelineSpec(loss=ReverseKL(), intermediate=MSE(mapping=Last()))
    some = list(enumerate(dict.fromkeys(pipelines(30), 0.8).items()))
    rows = [trial_of(i, p, dev={"accuracy": score}) for i, (p, score) in some]
    rows += [trial_of(40 + i, shaky, dev={"accuracy": x}) for i, x in enumerate((0.9, 0.9, 0.1))]
    task = past_of(dataset_of("films", facts_of(), HOME), facts_of(), rows)
    known = experience(task)
    assert known is not None
    assert known.gained[shaky] == pytest.approx(-1 / 6)
    assert known.measured[shaky] > 0
    answer = recommend(dataset_of("home", facts_of(), HOME), facts_of(), [task], k=20)
    told = [a.reason for a in answer.advice if a.pipeline == shaky]
    assert not any("measured" in reason for reason in told)


def test_the_nearer_task_counts_more() -> None:
    near = HOME | {"log_train": 6.1}
    farther = HOME | {"log_train": 10.0, "linear_gain": 0.6, "mean_words": 110.0}
    history = [past(f"n{i}", liking("cosine"), features=near) for i in range(3)]
    history += [past(f"f{i}", liking("mse"), features=farther) for i in range(3)]
    answer = advise(history)
    assert answer.advice[0].pipeline.intermediate.kind == "cosine"
    assert "mse" in {a.pipeline.intermediate.kind for a in answer.advice}


def test_many_jobs_on_one_dataset_do_not_outvote_other_datasets() -> None:
    crowd = [past("same", liking("mse")) for _ in range(4)]
    others = [past(f"other{i}", liking("cosine")) for i in range(3)]
    answer = advise(crowd + others)
    assert answer.advice[0].pipeline.intermediate.kind == "cosine"
    assert all(a.reason.count("same with 2 layers") <= 1 for a in answer.advice)
    assert any("same with 2 layers" in a.reason for a in answer.advice)


def test_only_what_serves_the_task_and_distils_is_recommended() -> None:
    shallow = facts_of(layers=2)
    facts = shallow.model_copy(update={"student_layers": 8})  # deeper than its teacher
    scores = {
        **dict.fromkeys(pipelines(20), 0.3),
        plain_fine_tuning(Training()): 0.9,
        PipelineSpec(intermediate=MSE(mapping=Last())): 0.9,
        PipelineSpec(loss=SoftenedKL(weight=0.33)): 0.8,
    }
    new = dataset_of("new", facts, HOME)
    answer = recommend(new, facts, [past(n, scores, shallow) for n in "abcde"], k=50)
    assert len(answer.advice) > 5
    for advice in answer.advice:
        assert advice.pipeline.distils
        assert advice.pipeline.problems(facts) == []
    assert PipelineSpec(loss=SoftenedKL(weight=0.33)) in [a.pipeline for a in answer.advice]


@pytest.mark.parametrize("k", [1, 2, 5, 20])
def test_so_many_are_recommended_as_were_asked_for_without_repeats(k: int) -> None:
    history = [
        past(name, dict(zip(pipelines(30, seed=i), np.linspace(0, 1, 30), strict=True)))
        for i, name in enumerate("abcd")
    ]
    found = [a.pipeline for a in advise(history, k=k).advice]
    assert len(found) == len(set(found)) == k
    assert found == [a.pipeline for a in advise(history, k=20).advice][:k]


def test_the_same_history_gives_the_same_answer() -> None:
    history = [past(name, liking("cosine")) for name in "abc"]
    assert advise(history) == advise(history)


def test_odd_trials_do_no_harm() -> None:
    odd = [
        trial_of(50, PipelineSpec(), TrialState.FAILED),
        trial_of(51, PipelineSpec(), TrialState.PRUNED, dev={"nll": 0.1}),
        trial_of(52, PipelineSpec(), dev={"accuracy": math.nan}),
        trial_of(53, PipelineSpec(), dev={"accuracy": -math.inf}),
        trial_of(54, PipelineSpec(training=Training(weight_decay=0.0)), dev={"accuracy": 0.0}),
        trial_of(55, PipelineSpec(loss=LogitMSE(weight=1.0)), dev={"accuracy": 1e300}),
        trial_of(56, PipelineSpec(intermediate=MSE(weight=1e300)), dev={"accuracy": 0.4}),
        trial_of(57, PipelineSpec(loss=SoftenedKL(temperature=1e300)), dev={"accuracy": 0.4}),
    ]
    clean = past("a", liking("cosine"))
    dirty = clean.model_copy(update={"trials": (*clean.trials, *odd)})
    bare = past("b", liking("cosine"), features={})
    huge = past("d", liking("cosine"), features=HOME | {"skew": -1e300, "mean_words": 1e300})
    answer = advise([dirty, bare, huge])
    assert answer.num_past_tasks == 3
    assert all(math.isfinite(a.expected or 0.0) for a in answer.advice)


def test_each_further_pipeline_adds_most_to_the_best_of_the_list() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        scenarios, weights = rng.uniform(-1, 1, (6, 7)), rng.random(6)
        chosen = complementary(scenarios, weights, 4)
        for n in range(4):
            worth = {
                j: weights @ scenarios[:, [*chosen[:n], j]].max(axis=1)
                + (CAUTION * weights @ scenarios[:, j] if n else 0)
                for j in set(range(7)) - set(chosen[:n])
            }
            assert worth[chosen[n]] == pytest.approx(max(worth.values()))
        optimum = max(
            weights @ scenarios[:, list(c)].max(axis=1) for c in combinations(range(7), 4)
        )
        floor = weights @ scenarios.min(axis=1)
        got = weights @ scenarios[:, chosen].max(axis=1) - floor
        assert got >= (1 - 1 / math.e) * (optimum - floor)


def test_on_related_tasks_the_list_beats_random_pipelines() -> None:
    rng = np.random.default_rng(5)

    def score(p: PipelineSpec, taste: float) -> float:
        rate = math.log10(p.training.learning_rate / 2e-4)
        kinds = 0.3 * (p.intermediate.kind == "cosine") + 0.2 * (p.loss.kind == "reverse_kl")
        return kinds - 0.3 * rate**2 - 0.1 * abs(p.training.warmup_fraction - taste)

    wins = []
    for trial in range(2):
        tastes = rng.uniform(0, 0.3, 4)
        history = [
            past(f"t{i}", {p: score(p, taste) for p in pipelines(25, seed=10 * trial + i)})
            for i, taste in enumerate(tastes)
        ]
        mine = max(score(a.pipeline, 0.15) for a in advise(history).advice)
        others = [score(p, 0.15) for p in pipelines(100, seed=999 + trial) if p.distils]
        at_random = [max(rng.choice(others, 5, replace=False)) for _ in range(50)]
        wins.append(mine > np.median(at_random))
    assert all(wins)


def disputed() -> list[PastTask]:
    """Six tasks that agree on one kind of intermediate objective and differ in all else."""
    rng = np.random.default_rng(8)
    return [
        past(
            name,
            {
                p: 0.4
                + (0.2 + 0.02 * i) * (p.intermediate.kind == "cosine")
                + 0.1 * (-1) ** i * (p.targets.kind == "pskd")
                + 0.05 * float(rng.random())
                for p in pipelines(60, seed=20 + i)
            },
        )
        for i, name in enumerate("abcdef")
    ]


def test_the_gains_of_a_path_sum_to_what_is_expected_over_the_default() -> None:
    answer = advise(disputed(), k=60)
    expected = {a.pipeline: a.expected for a in answer.advice}
    assert answer.default == portfolio(facts_of())[0][0]
    before = expected[answer.default]
    assert before is not None
    for a in answer.advice:
        assert a.expected is not None
        assert sum(step.gain for step in a.path) == pytest.approx(a.expected - before)
        here = answer.default.model_dump(mode="json")
        assert len({step.slot for step in a.path}) == len(a.path)
        for step in a.path:
            assert here[step.slot] != step.component
            here[step.slot] = step.component
        assert PipelineSpec.model_validate(here) == a.pipeline


def test_each_exchange_is_the_most_rewarding_one_and_its_interval_is_of_other_groups() -> None:
    history, facts = disputed(), facts_of()
    panel = panel_of(dataset_of("new", facts, HOME), facts, history)
    first = advise(history).advice[0]
    here = portfolio(facts)[0][0]
    assert panel.forest is not None

    def worth(pipeline: PipelineSpec, without: str | None = None) -> float:
        assert panel.forest is not None
        told = panel.forest.tell(encode([pipeline]), panel.features, without)
        asked = [w for w in panel.witnesses if w.group != without]
        weight = sum(w.weight for w in asked)
        said = hear(asked, [pipeline])[:, 0] @ [w.weight for w in asked] / weight
        forest = weight / (weight + ALONE)
        expected = forest * told[:, 0, 0].mean() + (1 - forest) * said
        return float(expected * weight / (weight + EXPERT_TASKS))

    for step in first.path:
        left = [
            s for s in type(here).model_fields if getattr(here, s) != getattr(first.pipeline, s)
        ]
        options = {s: here.model_copy(update={s: getattr(first.pipeline, s)}) for s in left}
        gains = {s: worth(p) - worth(here) for s, p in options.items() if not p.problems(facts)}
        assert gains[step.slot] == pytest.approx(max(gains.values()))
        assert step.gain == pytest.approx(gains[step.slot])
        both, heard = [here, options[step.slot]], []
        kinds = {getattr(getattr(p, step.slot), "kind", "") for p in both}
        for w in panel.witnesses:  # all of one kind: their features are the new task's
            tried = {
                getattr(getattr(t.spec.pipeline, step.slot), "kind", "") for t in w.known.trials
            }
            if kinds <= tried:
                own = judge(w.known, placed(both), encode(both))
                others = worth(both[1], w.group) - worth(both[0], w.group)
                heard.append(own[1] - own[0] - others)
        if len(heard) < FEWEST:
            assert (step.interval, step.level, step.evident) == (None, None, False)
        else:  # of so few, the whole span
            assert step.interval is not None
            assert step.interval == pytest.approx((step.gain + min(heard), step.gain + max(heard)))
            assert step.level == pytest.approx((len(heard) - 1) / (len(heard) + 1))
            assert step.evident == (not step.interval[0] <= 0 <= step.interval[1])
        here = options[step.slot]
    assert here == first.pipeline


def test_a_step_has_evidence_where_past_tasks_agree_and_names_those_that_speak_for_it() -> None:
    steps = [s for a in advise(disputed()).advice for s in a.path if s.slot == "intermediate"]
    agreed = next(s for s in steps if s.component["kind"] == "cosine")
    assert agreed.evident
    assert agreed.interval is not None
    assert agreed.interval[0] > 0
    assert "with 2 layers (similarity 1.00), accuracy 0." in agreed.reason
    assert "better than before" in agreed.reason
    every = [s for a in advise(disputed(), k=60).advice for s in a.path if s.reason]
    assert {s.reason.startswith("For") for s in every} == {True, False}
    for s in every:
        word, way = ("For", "better") if s.gain >= 0 else ("Against", "worse")
        assert s.reason.startswith(f"{word} it speaks ")
        assert f"{way} than before" in s.reason
    few = [s for a in advise(disputed()[:3]).advice for s in a.path]
    assert not any(s.evident or s.interval for s in few)


def test_past_tasks_that_never_tried_a_component_say_nothing_about_it() -> None:
    never = {p: i / 60 for i, p in enumerate(pipelines(60)) if p.augmentation.kind == "none"}
    answer = advise([past(name, never) for name in "abcdef"])  # the default mixes examples
    steps = [s for a in answer.advice for s in a.path if s.slot == "augmentation"]
    assert steps
    assert all((s.interval, s.evident, s.reason) == (None, False, "") for s in steps)


def test_without_history_there_is_no_path() -> None:
    assert not any(a.path for a in advise([]).advice)


@pytest.mark.parametrize("known", ["nothing", "past tasks"])
def test_what_would_change_the_answer_does_and_nothing_nearer(known: str) -> None:
    facts = facts_of(train=500)
    sizes = {"s": 300, "m": 900, "l": 9_000, "xl": 20_000}
    history = [
        past(
            name,
            liking("cosine" if "l" in name else "mse"),
            facts_of(train=size),
            HOME | {"log_train": math.log(size)},
        )
        for name, size in sizes.items()
    ] * (known == "past tasks")

    def ask(num_train: int, layers: int) -> PipelineSpec:
        features = HOME | {"log_train": math.log(num_train)}
        changed = facts.model_copy(update={"num_train": num_train, "student_layers": layers})
        return recommend(dataset_of("new", facts, features), changed, history).advice[0].pipeline

    new = dataset_of("new", facts, HOME | {"log_train": math.log(500)})
    answer = recommend(new, facts, history)
    first = answer.advice[0].pipeline
    assert answer.otherwise
    for other in answer.otherwise:
        assert ask(other.num_train, other.student_layers) == other.pipeline != first
        assert other.slots == tuple(
            s for s in type(first).model_fields if getattr(other.pipeline, s) != getattr(first, s)
        )
    changing = {o.num_train for o in answer.otherwise if o.student_layers == 2}
    assert changing <= {10, 100, 1_000, 10_000}
    nearer = [n for n in (1_000, 10_000) if n < max(changing, default=0)]
    assert all(ask(n, 2) == first for n in nearer)
    if not history:
        assert changing == {10_000}  # the experts' border
        assert {o.student_layers for o in answer.otherwise} == {2, 4}


def test_importing_the_recommender_loads_nothing_heavy() -> None:
    code = (
        "import sys, autodistill.recommend; "
        "sys.exit(bool({'sklearn', 'optuna', 'torch', 'pandas'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
