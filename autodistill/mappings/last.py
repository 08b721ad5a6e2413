"""The teacher's last layers."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.mappings._base import LayerMapping, LayerPair
from autodistill.task import TaskFacts


class Last(LayerMapping, title="Last"):
    """Student layer i learns from teacher layer M - N + i (Distiller, He et al., 2021).

    The student's embeddings are left out: the original pairs them with teacher layer M - N, which
    asks embeddings to imitate a deep layer.
    """

    kind: Literal["last"] = "last"

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse a student that is deeper than its teacher."""
        m, n = facts.teacher_layers, facts.student_layers
        if m < n:
            return f"last needs a teacher at least as deep as the student; got {m} and {n} layers."
        return super().unsuitable(facts)

    @override
    def pairs(self, facts: TaskFacts) -> tuple[LayerPair, ...]:
        m, n = facts.teacher_layers, facts.student_layers
        return tuple((m - n + i, i) for i in range(1, n + 1))
