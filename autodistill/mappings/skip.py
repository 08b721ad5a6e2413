"""Evenly spread layers."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.mappings._base import LayerMapping, LayerPair
from autodistill.task import TaskFacts


class Skip(LayerMapping, title="Skip"):
    """Student layer i learns from teacher layer floor(i M / N) (Distiller, He et al., 2021)."""

    kind: Literal["skip"] = "skip"

    @override
    def pairs(self, facts: TaskFacts) -> tuple[LayerPair, ...]:
        m, n = facts.teacher_layers, facts.student_layers
        return tuple((i * m // n, i) for i in range(n + 1))
