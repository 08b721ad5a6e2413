"""Bringing a pipeline of somewhere else into a job's space."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from autodistill.component import AnyRange, Choice, Scalar, Space, flatten, sample
from autodistill.spec import PipelineSpec


def project(pipeline: PipelineSpec, space: Space) -> PipelineSpec | None:
    """Return the pipeline of the space that is nearest, or None when a kind is not offered."""
    known = flatten(pipeline)
    for name, drawn in space.items():
        value = known.get(name)
        if isinstance(drawn, Choice) and isinstance(value, str) and value not in drawn.options:
            return None
    return sample(PipelineSpec, space, _Nearest(known, space))


class _Nearest:
    """Answers each draw with the known value, brought into the range."""

    def __init__(self, known: Mapping[str, Scalar], space: Mapping[str, AnyRange]) -> None:
        self._known, self._space = known, space

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        return min(max(float(self._known[name]), low), high)

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        return min(max(int(self._known[name]), low), high)

    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any:
        value = self._known.get(name, choices[0])
        if value in choices or isinstance(value, str):
            return value if value in choices else choices[0]
        return min(choices, key=lambda choice: abs(float(choice) - float(value)))
