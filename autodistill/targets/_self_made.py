"""Soft labels that a student makes for itself. Letters: B rows, C classes, E width of states."""

from __future__ import annotations

from typing import Literal

from typing_extensions import override

from autodistill.activations import Activation, Said
from autodistill.lazy import torch
from autodistill.pool import Pool
from autodistill.targets._base import Labels

Score = Literal["probabilities", "as_released"]
CERTAIN = 0.9
"""Share of the label that the weak head is taught; the other classes have the rest."""
TINY = 1e-6


class SelfMade(Labels):
    """Labels, with what USKD adds to their cross-entropy."""

    def __init__(
        self, middle: Activation, weights: tuple[float, float, float], score: Score, pool: Pool
    ) -> None:
        super().__init__()
        self.middle, self.weights, self.score = middle, weights, score
        self.weak = torch.nn.Linear(pool.facts.student_width, pool.facts.num_outputs)
        self.modules = torch.nn.ModuleDict({"weak": self.weak})

    @override
    def further(self, student: Said, target_BC: torch.Tensor) -> torch.Tensor:
        alpha, beta, mu = self.weights
        log_q = student.logits_VC.log_softmax(dim=1)
        log_w = self.weak(student.states[self.middle][:, 0]).log_softmax(dim=1)
        at_BC = torch.zeros_like(log_q, dtype=torch.bool)
        at_BC.scatter_(1, target_BC.argmax(dim=1, keepdim=True), value=True)
        with torch.no_grad():
            weight_B = target_weight(log_q[at_BC].exp(), target_BC[at_BC])
            zipf_BR = zipf(rank_score(log_q.exp(), log_w.exp(), at_BC, self.score), at_BC)
        off_BR = log_q[~at_BC].view_as(zipf_BR).log_softmax(dim=1)
        spread_BC = (1 - target_BC) / (target_BC.shape[1] - 1)
        taught_BC = CERTAIN * target_BC + (1 - CERTAIN) * spread_BC
        target_B = -weight_B * log_q[at_BC]
        others_B = -(zipf_BR * off_BR).sum(dim=1)
        weak_B: torch.Tensor = -(taught_BC * log_w).sum(dim=1)
        return alpha * target_B + beta * others_B + mu * weak_B


def target_weight(q_B: torch.Tensor, label_B: torch.Tensor) -> torch.Tensor:
    """Return the weight of each row's target, about what its label has, more where it is sure."""
    return (q_B.square() + label_B - q_B.square().mean()).relu()


def rank_score(
    q_BC: torch.Tensor, w_BC: torch.Tensor, at_BC: torch.Tensor, score: Score
) -> torch.Tensor:
    """Return what classes are ranked by; `w` is what the weak head says.

    As released, the variable for q holds its logarithm by then, in the denominator too.
    """
    if score == "as_released":
        q_BC = (q_BC + TINY).log()
    rest_B1 = 1 - q_BC[at_BC][:, None] + TINY
    return w_BC / (1 - w_BC[at_BC][:, None] + TINY) + q_BC / rest_B1


def zipf(score_BC: torch.Tensor, at_BC: torch.Tensor) -> torch.Tensor:
    """Return probabilities off the target, (B, C - 1): 1 / rank, made to sum to one.

    Ranks are among all classes; the target keeps its own and is then left out.
    """
    order_BC = score_BC.argsort(dim=1, descending=True, stable=True)
    rank_BC = order_BC.argsort(dim=1) + 1
    inverse_BR = (1 / rank_BC)[~at_BC].view(len(score_BC), -1)
    return inverse_BR / inverse_BR.sum(dim=1, keepdim=True)
