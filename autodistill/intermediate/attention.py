"""Attention transfer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal

from typing_extensions import override

from autodistill.activations import ActivationKind
from autodistill.component import Choice
from autodistill.intermediate._attention import AttentiveIntermediate, Transfer
from autodistill.intermediate._base import MappedIntermediate, PairObjective
from autodistill.task import TaskFacts


class AttentionTransfer(AttentiveIntermediate, MappedIntermediate, title="Attention transfer"):
    """Attention maps of mapped layers, made from their queries and keys.

    `kl` is KL(teacher || student) of each query's distribution over keys (MobileBERT, Sun et al.,
    2020); `mse` the squared difference of the scores before the softmax (TinyBERT, Jiao et al.,
    2020). Each example's value is the mean over heads and real tokens. Averaging over heads, where
    their numbers differ, is ours: of the distributions for `kl`, of the scores for `mse`. Terms
    that a model adds to its scores, such as relative or rotary positions, are left out.
    """

    compares: ClassVar[tuple[ActivationKind, ...]] = ("query", "key")
    kind: Literal["attention"] = "attention"
    distance: Annotated[Literal["kl", "mse"], Choice(("kl", "mse"))] = "kl"
    """Between distributions, or between scores."""
    heads: Annotated[Literal["averaged", "matched"], Choice(("averaged", "matched"))] = "averaged"
    """Whether a layer's heads are averaged first, or compared one by one in their order."""

    @override
    def conflicts(self, pipeline: Any, facts: TaskFacts) -> Iterator[str]:
        """Refuse to match different numbers of heads."""
        theirs, mine = facts.teacher_heads, facts.student_heads
        if self.heads == "matched" and theirs != mine:
            law = "Matched heads need as many in the student as in the teacher"
            yield f'{law}; got {mine} and {theirs}, choose heads="averaged".'

    @override
    def build_pairs(self, facts: TaskFacts, count: int) -> Sequence[PairObjective]:
        heads = (facts.student_heads, facts.teacher_heads)
        transfer = Transfer(
            *heads, scored=self.distance == "mse", averaged=self.heads == "averaged"
        )
        return [transfer] * count
