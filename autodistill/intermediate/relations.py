"""Self-attention relations."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from typing_extensions import override

from autodistill.activations import Activation, ActivationKind, Pairs, Said
from autodistill.component import Choice
from autodistill.intermediate._attention import (
    AttentiveIntermediate,
    divergence,
    log_shares,
    scores,
)
from autodistill.intermediate._base import Objective
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.task import TaskFacts

KINDS: tuple[ActivationKind, ...] = ("query", "key", "value")


class Relations(AttentiveIntermediate, title="Self-attention relations"):
    """Query, key and value relations of one layer into the student's last (MiniLMv2).

    Wang et al. (2021): states are cut into relation heads; `R = softmax(A A' / sqrt(d))` of a
    head's states A says how the tokens lie to each other, and KL(R_teacher || R_student), the mean
    over heads and real tokens, is summed over queries, keys and values. Widths and attention heads
    may differ. The paper takes layer 21 of 24 of a large teacher and the last of a base one.
    """

    kind: Literal["relations"] = "relations"
    depth: Annotated[float, Gt(0), Le(1), Choice((0.75, 0.875, 1.0))] = 0.875
    """The teacher's layer as a share of its depth, rounded up."""
    relation_heads: Annotated[int, Ge(1), Choice((12, 24, 48))] = 48
    """Relation heads at most: the largest number up to this that divides both widths (ours)."""

    @override
    def pairs(self, facts: TaskFacts) -> Pairs:
        layer = math.ceil(self.depth * facts.teacher_layers)
        return tuple((Activation(k, layer), Activation(k, facts.student_layers)) for k in KINDS)

    @override
    def build(self, pool: Pool) -> Objective:
        width = math.gcd(pool.facts.teacher_width, pool.facts.student_width)
        heads = max(h for h in range(1, self.relation_heads + 1) if width % h == 0)
        return _Related(self.pairs(pool.facts), heads)


class _Related:
    def __init__(self, pairs: Pairs, num_heads: int) -> None:
        self.pairs, self.num_heads = pairs, num_heads
        self.modules = torch.nn.Module()

    def __call__(
        self, student: Said, teacher: Said, mask_BT: torch.Tensor, target_VC: torch.Tensor
    ) -> torch.Tensor:
        values_KB = [
            divergence(
                self._shares(student.states[s], mask_BT),
                self._shares(teacher.states[t], mask_BT),
                mask_BT,
            )
            for t, s in self.pairs
        ]
        return torch.stack(values_KB).sum(dim=0)

    def _shares(self, states_BTD: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
        return log_shares(scores(states_BTD, states_BTD, self.num_heads), mask_BT)
