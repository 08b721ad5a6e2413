"""Anchor distillation."""

from __future__ import annotations

from typing import Annotated, Literal

from typing_extensions import override

from autodistill.activations import Activation, Pairs
from autodistill.component import Choice
from autodistill.intermediate._anchoring import Anchored
from autodistill.intermediate._attention import AttentiveIntermediate
from autodistill.intermediate._base import Objective
from autodistill.pool import Pool
from autodistill.task import TaskFacts


class Anchor(AttentiveIntermediate, title="Anchor"):
    """Keeps a student of the teacher's own shape near it, layer by layer (QuantiDCE).

    Ye et al. (2021): the sum over layers of the squared error of hidden states, embeddings
    included, over the teacher's variance there (dividing by it is ours), plus that of attention
    maps, plus the squared error of the scores: probabilities of classes, or values. Padding is left
    out. Made for regression with few labels, student and teacher starting from the same weights.
    """

    kind: Literal["anchor"] = "anchor"
    parts: Annotated[Literal["all", "hidden"], Choice(("all", "hidden"))] = "all"
    """Hidden states and scores, with or without attention maps."""

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse another tokenizer, depth, width or number of heads than the teacher's."""
        teacher = (facts.teacher_layers, facts.teacher_width, facts.teacher_heads)
        student = (facts.student_layers, facts.student_width, facts.student_heads)
        if teacher != student:
            law = "anchor compares element by element, so student and teacher must have one shape"
            shapes = " and ".join(
                f"{layers} layers, width {width}, {heads} heads"
                for layers, width, heads in (student, teacher)
            )
            return f"{law}; got {shapes}."
        return super().unsuitable(facts)

    @override
    def pairs(self, facts: TaskFacts) -> Pairs:
        layers = range(1, facts.teacher_layers + 1)
        found = [Activation("hidden", layer) for layer in (0, *layers)]
        if self.parts == "all":
            found += [Activation(k, layer) for layer in layers for k in ("query", "key")]
        return tuple((state, state) for state in found)

    @override
    def build(self, pool: Pool) -> Objective:
        return Anchored(self.pairs(pool.facts), pool.facts)
