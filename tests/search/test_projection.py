from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autodistill.component import Choice, IntUniform, Space, Uniform, flatten, sample
from autodistill.effort import Budget
from autodistill.intermediate.mi_alpha import MIAlpha
from autodistill.lazy import optuna
from autodistill.losses.softened_kl import SoftenedKL
from autodistill.mappings.last import Last
from autodistill.optimisation import Training
from autodistill.search.projection import project
from autodistill.spec import CutStudent, JobRequest, PipelineSpec, TeacherSpec
from autodistill.testing.records import facts_of


def space_of(**narrowed: object) -> Space:
    request = JobRequest.model_validate(
        {
            "dataset": "d",
            "teacher": TeacherSpec(model="t"),
            "students": [CutStudent(num_layers=2)],
            "budget": Budget(max_epochs=10),
            "space": {name.replace("__", "."): wish for name, wish in narrowed.items()},
        }
    )
    return request.resolve([facts_of()]).space


@given(seed=st.integers(0, 10_000))
def test_a_pipeline_of_the_space_is_its_own_projection(seed: int) -> None:
    space = space_of()
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    pipeline = sample(PipelineSpec, space, study.ask())
    assert project(pipeline, space) == pipeline


def test_values_outside_are_brought_to_the_nearest_inside() -> None:
    space = space_of(
        loss__temperature=[2, 3.5],
        loss__weight={"type": "uniform", "low": 0.2, "high": 0.4},
        training__num_epochs={"type": "int_uniform", "low": 3, "high": 5},
    )
    pipeline = PipelineSpec(
        loss=SoftenedKL(weight=0.9, temperature=3), training=Training(num_epochs=20)
    )
    near = project(pipeline, space)
    assert near is not None
    assert near.loss == SoftenedKL(weight=0.4, temperature=3.5)
    assert near.training.num_epochs == 5


def test_what_is_not_searched_takes_its_default() -> None:
    near = project(PipelineSpec(training=Training(batch_size=7)), space_of())
    assert near is not None
    assert near.training == Training()


@pytest.mark.parametrize(
    "narrowed", [{"loss": "logit_mse"}, {"intermediate": "none"}, {"intermediate__mapping": "skip"}]
)
def test_there_is_no_projection_without_the_kind(narrowed: dict[str, str]) -> None:
    pipeline = PipelineSpec(intermediate=MIAlpha(mapping=Last()))
    assert project(pipeline, space_of(**narrowed)) is None
    assert project(pipeline, space_of()) == pipeline


@given(
    temperature=st.floats(0.01, 1000),
    epochs=st.integers(1, 1000),
    low=st.floats(0.5, 2),
    high=st.floats(2, 9),
)
def test_a_projection_lies_inside(temperature: float, epochs: int, low: float, high: float) -> None:
    space = space_of() | {
        "loss.temperature": Uniform(low, high, log=True),
        "training.num_epochs": IntUniform(2, 7),
        "training.learning_rate": Choice((1e-4, 3e-4)),
    }
    pipeline = PipelineSpec(
        loss=SoftenedKL(temperature=temperature), training=Training(num_epochs=epochs)
    )
    near = project(pipeline, space)
    assert near is not None
    flat = flatten(near)
    assert low <= float(flat["loss.temperature"]) <= high
    assert 2 <= int(flat["training.num_epochs"]) <= 7
    assert flat["training.learning_rate"] in (1e-4, 3e-4)
    assert project(near, space) == near
