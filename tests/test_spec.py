from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from autodistill.component import Choice, IntUniform, Uniform, flatten, sample, searchable, variants
from autodistill.effort import Search
from autodistill.errors import InvalidInput, InvalidPipeline, Problem
from autodistill.frozen import Spec
from autodistill.intermediate.mse import MSE
from autodistill.losses.none import NoLoss
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.mappings.last import Last
from autodistill.metrics import measured
from autodistill.optimisation import Training
from autodistill.spec import (
    Advised,
    CutStudent,
    JobRequest,
    JobSpec,
    Objective,
    PipelineSpec,
    RegisteredStudent,
    TeacherSpec,
    TrialSpec,
    plain_fine_tuning,
)
from autodistill.task import Task, TaskFacts
from autodistill.testing.contracts.components import FACTS, facts_of
from autodistill.testing.draws import KnownTrial, RandomTrial

GOLDEN = sorted((Path(__file__).parent / "golden" / "specs").glob("*.json"))
REGRESSION = facts_of(Task.TEXT_REGRESSION)


def request(**asked: Any) -> JobRequest:
    body = {
        "dataset": "d",
        "teacher": {"model": "t"},
        "students": [{"kind": "cut", "num_layers": 2}],
    }
    return JobRequest.model_validate(body | asked)


def refused(facts: Sequence[TaskFacts] = (FACTS,), **asked: Any) -> list[Problem]:
    with pytest.raises(InvalidInput) as caught:
        request(**asked).resolve(facts)
    return list(caught.value.problems)


@pytest.mark.parametrize("task", list(Task))
def test_every_pipeline_that_a_search_can_draw_is_a_value(task: Task) -> None:
    space = request().resolve([facts_of(task)]).space
    kinds: dict[str, set[Any]] = {name: set() for name, r in space.items() if isinstance(r, Choice)}
    for seed in range(2000):
        pipeline = sample(PipelineSpec, space, RandomTrial(seed))
        again = PipelineSpec.model_validate_json(pipeline.model_dump_json())
        flat = flatten(pipeline)
        assert again == pipeline
        assert again.sha256 == pipeline.sha256
        assert sample(PipelineSpec, space, KnownTrial(flat)).sha256 == pipeline.sha256
        assert flat.keys() <= space.keys()
        assert not [p for _, c in pipeline.components() if (p := c.unsuitable(facts_of(task)))]
        for name in kinds.keys() & flat.keys():
            kinds[name].add(flat[name])
    assert kinds == {n: set(r.options) for n, r in space.items() if isinstance(r, Choice)}


def test_equal_specs_have_one_identity_and_others_another() -> None:
    one, same = PipelineSpec(), PipelineSpec.model_validate({"training": {"num_epochs": 6}})
    assert one == same
    assert one.sha256 == same.sha256
    assert one.sha256 != PipelineSpec(training=Training(num_epochs=7)).sha256
    assert PipelineSpec(loss=SoftenedKL(temperature=2)).sha256 == one.sha256, "2 and 2.0 are one"


def test_the_identity_of_a_pipeline_does_not_drift() -> None:
    """Trials of past jobs are known by it: a new field changes it, which is a decision."""
    (path,) = [p for p in GOLDEN if p.name == "pipeline_everything.json"]
    pipeline = PipelineSpec.model_validate_json(path.read_text())
    assert pipeline.sha256 == "2b0f521892c2801a8c1f4cbbfdc3c3426066da04eff6d5821a4aeffdf1a8a4e1"


@pytest.mark.parametrize("path", GOLDEN, ids=lambda p: p.stem)
def test_a_spec_of_the_past_still_parses_and_keeps_what_it_said(path: Path) -> None:
    shapes: dict[str, type[Spec]] = {
        "pipeline": PipelineSpec,
        "request": JobRequest,
        "job": JobSpec,
        "trial": TrialSpec,
    }
    written = json.loads(path.read_text())
    read = shapes[path.stem.partition("_")[0]].model_validate(written)
    assert _contains(read.model_dump(mode="json"), written)


def test_the_golden_files_hold_every_kind() -> None:
    written = "".join(path.read_text().replace(" ", "") for path in GOLDEN)
    slots = {name: info for name, info, _ in searchable(PipelineSpec, lambda _: True)}
    slots["teacher"] = TeacherSpec.model_fields["preparation"]
    kinds = {kind for info in slots.values() for kind in variants(info)}
    missing = {kind for kind in kinds if f'"kind":"{kind}"' not in written}
    assert not missing, "Add a file to tests/golden/specs; those that are there never change."


def _contains(whole: Any, part: Any) -> bool:
    if isinstance(part, dict):
        return all(key in whole and _contains(whole[key], value) for key, value in part.items())
    if isinstance(part, list):
        return len(part) == len(whole) and all(map(_contains, whole, part))
    return bool(whole == part)


def test_plain_fine_tuning_learns_nothing_from_the_teacher() -> None:
    assert not plain_fine_tuning(Training()).distils
    assert PipelineSpec().distils
    assert PipelineSpec(loss=NoLoss(), intermediate=MSE()).distils


def test_components_include_the_nested_ones() -> None:
    pipeline = PipelineSpec(intermediate=MSE(mapping=Last()))
    slots = [slot for slot, _ in pipeline.components()]
    assert slots == [
        "augmentation",
        "selection",
        "targets",
        "loss",
        "intermediate",
        "intermediate.mapping",
        "balancing",
        "regularizer",
        "training",
        "finishing",
    ]


@pytest.mark.parametrize(
    ("slot", "kind"),
    [
        ("loss", "softened_kl"),
        ("loss", "reverse_kl"),
        ("targets", "label_smoothing"),
        ("selection", "class_balanced"),
    ],
)
def test_what_needs_classes_is_refused_for_regression(slot: str, kind: str) -> None:
    loss = {"loss": {"kind": "logit_mse"}}
    pipeline = PipelineSpec.model_validate(loss | {slot: {"kind": kind}})
    assert pipeline.problems(facts_of(Task.TEXT_PAIR_CLASSIFICATION)) == []
    served = ", ".join(sorted(dict(pipeline.components())[slot].tasks))
    message = f"{kind} serves {served}, not text_regression."
    assert pipeline.problems(REGRESSION) == [Problem(field=slot, message=message)]
    with pytest.raises(InvalidPipeline, match=f"{slot}: {kind} serves"):
        pipeline.check(REGRESSION)


def test_every_problem_is_listed_nested_ones_too() -> None:
    pipeline = PipelineSpec.model_validate(
        {
            "intermediate": {"kind": "mi_alpha", "mapping": {"kind": "last"}},
            "targets": {"kind": "pskd"},
            "augmentation": {"kind": "mixup"},
            "training": {"num_epochs": 1, "batch_size": 4},
        }
    )
    shallow = FACTS.model_copy(update={"teacher_layers": 1})
    fields = [problem.field for problem in pipeline.problems(shallow)]
    assert fields == ["targets", "targets", "intermediate", "intermediate.mapping"]


def test_a_job_freezes_what_is_searched() -> None:
    spec = request(budget={"max_epochs": 5}).resolve([FACTS])
    admitted = searchable(PipelineSpec, lambda variant: variant.unsuitable(FACTS) is None)
    assert spec.space.keys() == {name for name, _, _ in admitted}
    assert spec.space["training.num_epochs"] == IntUniform(3, 5)
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.objectives == (Objective(metric="accuracy"),)
    assert spec.objectives[0].maximise


def test_a_short_budget_lowers_the_shortest_training_too() -> None:
    space = request(budget={"max_epochs": 2}).resolve([FACTS]).space
    assert space["training.num_epochs"] == IntUniform(2, 2)


def test_the_space_of_a_regression_has_no_class_in_it() -> None:
    spec = request().resolve([REGRESSION])
    assert spec.space["loss"] == Choice(("logit_mse", "none"))
    assert spec.space["targets"] == Choice(("hard", "ordinal", "pskd"))
    assert "loss.temperature" not in spec.space
    assert spec.objectives == (Objective(metric="pearson"),)


def test_what_one_student_refuses_is_refused_for_the_job() -> None:
    deep = FACTS.model_copy(update={"student_layers": 9})
    students = [{"kind": "cut", "num_layers": 2}, {"kind": "registered", "model": "m"}]
    space = request(students=students).resolve([FACTS, deep]).space
    assert space["intermediate.mapping"] == Choice(("emd", "skip"))
    apart = FACTS.model_copy(update={"shared_tokenizer": False})
    space = request().resolve([apart]).space
    assert space["intermediate"] == Choice(("cka", "mi_alpha", "nd", "none", "pkd"))


@pytest.mark.parametrize(
    ("wish", "narrowed"),
    [
        ({"loss": "softened_kl"}, Choice(("softened_kl",))),
        ({"loss": ["none", "softened_kl", "none"]}, Choice(("none", "softened_kl"))),
        ({"loss.temperature": 4}, Choice((4,))),
        ({"loss.temperature": [1, 2.5]}, Choice((1, 2.5))),
        (
            {"loss.temperature": {"type": "uniform", "low": 1, "high": 20, "log": True}},
            Uniform(1, 20, log=True),
        ),
        (
            {"training.num_epochs": {"type": "uniform", "low": 2, "high": 4}},
            IntUniform(2, 4),
        ),
        ({"augmentation.mixup.beta": {"type": "choice", "options": [0.4]}}, Choice((0.4,))),
    ],
)
def test_a_wish_narrows_or_moves_one_range(
    wish: dict[str, Any], narrowed: Uniform | IntUniform | Choice
) -> None:
    spec = request(space=wish).resolve([FACTS])
    (name,) = wish
    assert spec.space[name] == narrowed
    untouched = request().resolve([FACTS]).space
    assert {k: v for k, v in spec.space.items() if k != name} == {
        k: v for k, v in untouched.items() if k != name
    }


@pytest.mark.parametrize(
    ("wish", "message"),
    [
        ({"loss": "softmax"}, "'softmax' is not available for this job."),
        ({"loss": []}, "The list is empty; give a value."),
        (
            {"loss": {"type": "uniform", "low": 0, "high": 1}},
            '"loss" is a choice; give one or several of its values.',
        ),
        ({"loss.temprature": 2}, 'No searched name "loss.temprature" for this job.'),
        ({"loss.temperature": [2, 0]}, "0: Input should be greater than 0."),
        (
            {"loss.temperature": {"type": "uniform", "low": 4, "high": 1}},
            "`low` must not exceed `high`, and must be above 0 on a log scale; got 4.0..1.0.",
        ),
        (
            {"loss.temperature": {"type": "uniform", "low": 0, "high": 1, "log": True}},
            "`low` must not exceed `high`, and must be above 0 on a log scale; got 0.0..1.0.",
        ),
        (
            {"training.num_epochs": {"type": "uniform", "low": 2.5, "high": 4}},
            "2.5: Input should be a valid integer, got a number with a fractional part.",
        ),
        (
            {"training.num_epochs": [4, 20]},
            "budget.max_epochs=8 allows no longer training; got 20.",
        ),
    ],
)
def test_a_wish_that_cannot_be_is_refused(wish: dict[str, Any], message: str) -> None:
    (problem,) = refused(space=wish)
    (name,) = wish
    assert problem.field == f"space.{name}"
    assert problem.message == message


def test_a_refusal_lists_what_there_is() -> None:
    (kind,) = refused([REGRESSION], space={"loss": "softened_kl"})
    assert kind.known == ("logit_mse", "none")
    (name,) = refused(space={"los": "none"})
    assert {"loss", "loss.temperature", "training.learning_rate"} <= set(name.known)
    (metric,) = refused(objectives=[{"metric": "acuracy"}])
    assert metric.message == 'No metric "acuracy" for text_classification.'
    assert metric.known == (*measured(Task.TEXT_CLASSIFICATION, 3), "latency_ms", "num_parameters")


def test_a_metric_of_many_classes_is_no_objective_for_few() -> None:
    asked = [{"metric": "top_k_overlap"}]
    assert refused(objectives=asked)[0].field == "objectives.0.metric"
    many = FACTS.model_copy(update={"num_outputs": 6})
    assert request(objectives=asked).resolve([many]).objectives[0].maximise


def test_all_that_is_wrong_with_a_request_is_said_at_once() -> None:
    found = refused(
        [REGRESSION, REGRESSION],
        students=[{"kind": "cut", "num_layers": 2}, {"kind": "cut", "num_layers": 2}],
        space={"loss": "softened_kl", "unknown": 1},
        objectives=[{"metric": "pearson"}, {"metric": "pearson"}, {"metric": "accuracy"}],
        start=[PipelineSpec(loss=NoLoss()).model_dump(), PipelineSpec().model_dump()],
    )
    assert [problem.field for problem in found] == [
        "students",
        "start.1.loss",
        "space.loss",
        "space.unknown",
        "objectives.2.metric",
        "objectives",
    ]
    assert found[0].message == 'Student "cut-2" is listed more than once.'
    assert found[-1].message == "Each metric may appear once."


def test_several_objectives_keep_their_order_and_direction() -> None:
    asked = [{"metric": m} for m in ("accuracy", "latency_ms", "num_parameters", "nll")]
    objectives = request(objectives=asked).resolve([FACTS]).objectives
    assert [(o.metric, o.maximise) for o in objectives] == [
        ("accuracy", True),
        ("latency_ms", False),
        ("num_parameters", False),
        ("nll", False),
    ]


@pytest.mark.parametrize(
    ("metric", "bound", "message"),
    [
        ("accuracy", 90, "accuracy is a share, from 0 to 1 (0.9 is 90 %), got 90."),
        ("latency_ms", -1, "latency_ms is never below 0, got -1."),
    ],
)
def test_a_limit_that_nothing_could_keep_is_refused(
    metric: str, bound: float, message: str
) -> None:
    good = {"metric": "num_parameters", "bound": 1e9}
    (problem,) = refused(limits=[good, {"metric": metric, "bound": bound}])
    assert (problem.field, problem.message) == ("limits.1.bound", message)


def test_margins_are_probed_where_there_are_classes() -> None:
    assert request(probes=["klom", "sharpness"]).resolve([FACTS]).probes == ("klom", "sharpness")
    (problem,) = refused([REGRESSION], probes=["klom"])
    assert problem.field == "probes"
    assert problem.message == (
        '"klom" compares margins of the true class; text_regression has no classes.'
    )


def test_a_job_takes_as_much_advice_as_it_asked_for() -> None:
    advice = [Advised(pipeline=PipelineSpec(), reason=str(i)) for i in range(7)]
    spec = request(search=Search(recommended=2)).resolve([FACTS], advice)
    assert [a.reason for a in spec.recommended] == ["0", "1"]
    assert request(search=Search(recommended=0)).resolve([FACTS], advice).recommended == ()


def test_a_spec_is_frozen_and_closed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        PipelineSpec().loss = NoLoss()  # type: ignore[misc]  # that is the point
    with pytest.raises(ValidationError, match="Extra inputs"):
        JobRequest.model_validate(request().model_dump() | {"bugdet": {}})


def test_students_are_known_by_their_labels() -> None:
    assert CutStudent(num_layers=3).label == "cut-3"
    assert RegisteredStudent(model="mini").label == "mini"
