"""Attention maps and self-relations. Letters: B examples, T tokens, D width, H heads."""

from __future__ import annotations

import math
from typing import ClassVar

from typing_extensions import override

from autodistill.component import Component
from autodistill.intermediate._base import LayerStates, WeightedIntermediate, different_tokens
from autodistill.lazy import torch
from autodistill.task import TaskFacts

NEVER = -1e9
"""Score of a key that is padding: finite, so that its share of nothing is nothing."""


class AttentiveIntermediate(WeightedIntermediate):
    """An objective on what self-attention works with, between the same tokens."""

    cost: ClassVar[str] = (
        "the teacher's queries, keys or values in the cache, and T x T numbers for each head"
    )

    @classmethod
    @override
    def unsuitable(cls, facts: TaskFacts) -> str | None:
        """Refuse different tokens, and models whose attention heads are not known."""
        alike = different_tokens(cls, facts) or _unknown_heads(cls, facts)
        return alike or super().unsuitable(facts)


def _unknown_heads(component: type[Component], facts: TaskFacts) -> str | None:
    """Say that a component looks at queries and keys where it is not known how they are cut."""
    for whose, heads in (("teacher", facts.teacher_heads), ("student", facts.student_heads)):
        if not heads:
            kind = component.model_fields["kind"].default
            return (
                f"{kind} needs queries and keys, head by head; got {whose}_heads=0: the model's "
                "attention does not keep them apart, or was registered before that was looked at "
                "(then register it again). Use an objective on hidden states."
            )
    return None


def scores(query_BTD: torch.Tensor, key_BTD: torch.Tensor, num_heads: int) -> torch.Tensor:
    """Return the scaled products of queries and keys, (B, H, T, T)."""
    size, length, width = query_BTD.shape
    cut = (size, length, num_heads, width // num_heads)
    query_BHTd = query_BTD.reshape(cut).transpose(1, 2)
    key_BHTd = key_BTD.reshape(cut).transpose(1, 2)
    scores_BHTT: torch.Tensor = query_BHTd @ key_BHTd.mT / math.sqrt(cut[-1])
    return scores_BHTT


def log_shares(scores_BHTT: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
    """Return the logarithm of each real key's share of a query's attention."""
    return scores_BHTT.masked_fill(~mask_BT[:, None, None], NEVER).log_softmax(dim=-1)


def divergence(
    student_BHTT: torch.Tensor, teacher_BHTT: torch.Tensor, mask_BT: torch.Tensor
) -> torch.Tensor:
    """Return KL(teacher || student) of log-shares, the mean over heads and real queries, (B,)."""
    apart_BHTT = teacher_BHTT.exp() * (teacher_BHTT - student_BHTT)
    apart_BT = apart_BHTT.sum(dim=-1).mean(dim=1)
    return (apart_BT * mask_BT).sum(dim=1) / mask_BT.sum(dim=1)


def squared_error(
    student_BHTT: torch.Tensor, teacher_BHTT: torch.Tensor, mask_BT: torch.Tensor
) -> torch.Tensor:
    """Return the mean squared difference over heads, real queries and real keys, (B,)."""
    real_BTT = mask_BT[:, :, None] & mask_BT[:, None]
    apart_BTT = (student_BHTT - teacher_BHTT).square().mean(dim=1)
    return apart_BTT.masked_fill(~real_BTT, 0.0).sum(dim=(1, 2)) / real_BTT.sum(dim=(1, 2))


class Transfer:
    """Compares the attention of two layers: their distributions, or what is before the softmax."""

    def __init__(
        self, student_heads: int, teacher_heads: int, *, scored: bool, averaged: bool
    ) -> None:
        self.student_heads, self.teacher_heads = student_heads, teacher_heads
        self.scored, self.averaged = scored, averaged
        self.modules = torch.nn.Module()

    def __call__(
        self, student: LayerStates, teacher: LayerStates, mask_BT: torch.Tensor
    ) -> torch.Tensor:
        mine_BHTT = self._maps(student, self.student_heads, mask_BT)
        theirs_BHTT = self._maps(teacher, self.teacher_heads, mask_BT)
        compare = squared_error if self.scored else divergence
        return compare(mine_BHTT, theirs_BHTT, mask_BT)

    def _maps(self, states: LayerStates, num_heads: int, mask_BT: torch.Tensor) -> torch.Tensor:
        query_BTD, key_BTD = states
        maps_BHTT = scores(query_BTD, key_BTD, num_heads)
        if self.scored:
            return maps_BHTT.mean(dim=1, keepdim=True) if self.averaged else maps_BHTT
        maps_BHTT = log_shares(maps_BHTT, mask_BT)
        if self.averaged:
            maps_BHTT = maps_BHTT.logsumexp(dim=1, keepdim=True) - math.log(num_heads)
        return maps_BHTT
