"""Which of the teacher's states are worth keeping."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from autodistill.activations import Activation
from autodistill.component import Choice, Scalar, sample
from autodistill.intermediate import Intermediate
from autodistill.spec import JobSpec, PipelineSpec
from autodistill.task import TaskFacts


def teacher_activations(spec: JobSpec, facts: Sequence[TaskFacts]) -> tuple[Activation, ...]:
    """Return the states that some pipeline of the job can ask for."""
    return tuple(
        sorted(
            {
                teacher
                for intermediate in _intermediates(spec)
                for of_student in facts
                for teacher, _ in intermediate.pairs(of_student)
            }
        )
    )


def _intermediates(spec: JobSpec) -> Iterator[Intermediate]:
    """Yield an objective for each combination of choices, and those that the job starts with."""
    choices = {
        name: drawn.options
        for name, drawn in spec.space.items()
        if name.split(".")[0] == "intermediate" and isinstance(drawn, Choice)
    }
    for values in itertools.product(*choices.values()):
        space = {name: Choice((value,)) for name, value in zip(choices, values, strict=True)}
        yield sample(PipelineSpec, space, _Only()).intermediate
    yield from (pipeline.intermediate for pipeline in spec.start)
    yield from (advised.pipeline.intermediate for advised in spec.recommended)


class _Only:
    """A trial for spaces in which every name has one option."""

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        raise AssertionError(name)

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        raise AssertionError(name)

    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any:
        return choices[0]
