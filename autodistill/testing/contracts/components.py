"""What a component of any family promises."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

import pytest
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from autodistill.component import Choice, Component, IntUniform, Uniform, variants
from autodistill.task import Task, TaskFacts

C = TypeVar("C", bound=Component)

FACTS = TaskFacts(
    task=Task.TEXT_CLASSIFICATION,
    num_outputs=3,
    num_train=12,
    teacher_layers=4,
    student_layers=2,
    teacher_width=16,
    student_width=16,
    teacher_heads=4,
    student_heads=4,
    shared_tokenizer=True,
)
"""A job that nothing but its task makes difficult."""


def facts_of(task: Task) -> TaskFacts:
    """Return the facts of an easy job of that task."""
    outputs = 3 if task.is_classification else 1
    levels = 0 if task.is_classification else 5
    update = {"task": task, "num_outputs": outputs, "num_levels": levels}
    return FACTS.model_copy(update=update)


def settings(variant: type[C]) -> Iterator[C]:
    """Yield the variant as it is, then with each field at each end of what is searched."""
    yield variant()
    for name, info in variant.model_fields.items():
        for value in _ends(info):
            yield variant.model_validate({name: value})


def _ranges(info: FieldInfo) -> list[Uniform | IntUniform | Choice]:
    return [m for m in info.metadata if isinstance(m, (Uniform, IntUniform, Choice))]


def _ends(info: FieldInfo) -> list[Any]:
    ends: list[Any] = [{"kind": kind} for kind in variants(info)]
    for drawn in _ranges(info):
        ends += drawn.options if isinstance(drawn, Choice) else (drawn.low, drawn.high)
    return ends


class ComponentContract:
    """Holds of every variant of every family; inherit and override `variant`."""

    @pytest.fixture
    def variant(self) -> type[Component]:
        """The class under test."""
        raise NotImplementedError("Override the fixture `variant` to return a component class.")

    def easy(self, variant: type[Component], task: Task) -> TaskFacts:
        """Return the facts of a job in which nothing but the task is difficult for the variant."""
        return facts_of(task)

    def test_its_kind_is_its_file_name(self, variant: type[Component]) -> None:
        assert variant.model_fields["kind"].default == variant.__module__.rpartition(".")[2]

    def test_it_has_a_title_and_says_what_it_is(self, variant: type[Component]) -> None:
        assert variant.model_config.get("title"), "Write `class X(Base, title=…)`."
        assert variant.__doc__, "The docstring is the text of the docs and the dashboard."

    def test_every_field_is_explained_and_has_a_default(self, variant: type[Component]) -> None:
        for name, info in variant.model_fields.items():
            assert not info.is_required(), f"{name}: a search may leave it out."
            assert name == "kind" or info.description, f"{name}: write a string under it."

    def test_what_is_searched_is_legal_and_contains_the_default(
        self, variant: type[Component]
    ) -> None:
        for name, info in variant.model_fields.items():
            for end in _ends(info):
                variant.model_validate({name: end})
            for drawn in _ranges(info):
                if isinstance(drawn, Choice):
                    assert info.default in drawn.options, name
                else:
                    assert drawn.low <= info.default <= drawn.high, name
                    assert not drawn.log or drawn.low > 0, name

    def test_every_setting_survives_json(self, variant: type[Component]) -> None:
        for component in settings(variant):
            assert type(component).model_validate_json(component.model_dump_json()) == component

    def test_it_is_frozen_and_closed(self, variant: type[Component]) -> None:
        with pytest.raises(ValidationError, match="frozen"):
            variant().kind = "other"  # type: ignore[attr-defined]  # that is the point
        with pytest.raises(ValidationError, match="Extra inputs"):
            variant.model_validate({"surprise": 1})

    def test_it_serves_its_tasks_and_refuses_the_others(self, variant: type[Component]) -> None:
        assert variant.tasks
        for task in Task:
            refusal = variant.unsuitable(self.easy(variant, task))
            if task in variant.tasks:
                assert refusal is None
            else:
                assert refusal is not None
                assert str(task) in refusal, "Name the culprit."

    def test_its_refusals_are_documented(self, variant: type[Component]) -> None:
        for rule in ("unsuitable", "conflicts"):
            owner = next(c for c in variant.__mro__ if rule in vars(c))
            said = getattr(owner, rule).__doc__ or ""
            assert owner is Component or said.startswith("Refuse "), (
                f"{rule}: its docstring says what it refuses, for the reference: `Refuse …`."
            )
