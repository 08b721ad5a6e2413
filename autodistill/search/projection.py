"""Bringing a pipeline of somewhere else into a job's space."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from autodistill.component import AnyRange, Choice, Scalar, Space, flatten, sample
from autodistill.spec import PipelineSpec


def project(pipeline: PipelineSpec, space: Space) -> PipelineSpec | None:
    """Return the pipeline of the space that is nearest, or None when a kind is not offered."""
    values = inside(pipeline, space)
    return None if values is None else built(values, space)


def built(values: Mapping[str, Scalar], space: Space) -> PipelineSpec:
    """Return the pipeline of searched values by name; what is inactive may be missing."""
    return sample(PipelineSpec, space, _Known(values))


def inside(pipeline: PipelineSpec, space: Mapping[str, AnyRange]) -> dict[str, Scalar] | None:
    """Return the pipeline's searched values by name, each brought into its range.

    None when the pipeline has a kind that is not offered: there is no nearest one.
    """
    found = {}
    for name, value in flatten(pipeline).items():
        if (drawn := space.get(name)) is not None:
            if (near := _nearest(drawn, value)) is None:
                return None
            found[name] = near
    return found


def _nearest(drawn: AnyRange, value: Scalar) -> Scalar | None:
    if not isinstance(drawn, Choice):
        return drawn.nearest(value)
    if value in drawn.options:
        return drawn.options[drawn.options.index(value)]
    if isinstance(value, str):
        return None
    return min(drawn.options, key=lambda option: math.fabs(float(option) - float(value)))


class _Known:
    """Answers each draw with the value that is known for its name."""

    def __init__(self, values: Mapping[str, Scalar]) -> None:
        self._values = values

    def suggest_float(self, name: str, low: float, high: float, *, log: bool) -> float:
        return float(self._values[name])

    def suggest_int(self, name: str, low: int, high: int, *, log: bool) -> int:
        return int(self._values[name])

    def suggest_categorical(self, name: str, choices: tuple[Scalar, ...]) -> Any:
        return self._values[name]
