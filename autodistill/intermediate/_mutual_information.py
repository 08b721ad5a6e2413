"""What bounds on mutual information share.

Letters: B examples, T tokens, D student width, E teacher width, O width of embeddings.
"""

from __future__ import annotations

import math
from typing import Literal

from typing_extensions import override

from autodistill.intermediate._base import masked_mean
from autodistill.lazy import torch
from autodistill.task import TaskFacts

HIDDEN, EMBEDDING = 128, 64
HEADS, INNER, DEPTH = 8, 512, 2
"""Of the transformer, as in Distiller's code."""
INITIAL_TEMPERATURE = 0.1
Encoder = Literal["mlp", "transformer"]
MAX_SCORE = 15.0
"""Bound on scores, so that their exponentials stay finite where alpha is small."""


def mi_alpha(scores_BB: torch.Tensor, log_baseline_B: torch.Tensor, alpha: float) -> torch.Tensor:
    """Return -I_alpha as one number per row, whose mean is the loss, in float32.

    Args:
        scores_BB: Critic values; rows are teachers, columns students, positives on the diagonal.
        log_baseline_B: Logarithm of the learnt baseline of each row.
        alpha: Share of the leave-one-out average in the baseline.
    """
    scores_BB = scores_BB.float()
    average_BB = leave_one_out(scores_BB)
    learnt_BB = log_baseline_B.float()[:, None].expand_as(scores_BB)
    if alpha == 0:
        log_b = learnt_BB
    elif alpha == 1:
        log_b = average_BB
    else:
        log_b = torch.logaddexp(average_BB + math.log(alpha), learnt_BB + math.log1p(-alpha))
    eye = torch.eye(len(scores_BB), dtype=torch.bool, device=scores_BB.device)
    joint_BB = (scores_BB.diagonal()[:, None] - log_b).masked_fill(eye, 0.0)
    # Masked before the exponential: a positive may overflow, and then 0 * inf in the gradient.
    marginal_BB = (scores_BB - log_b.diagonal()[:, None]).masked_fill(eye, -math.inf).exp()
    return -(1 + (joint_BB - marginal_BB).sum(dim=1) / (len(scores_BB) - 1))


def leave_one_out(scores_BB: torch.Tensor) -> torch.Tensor:
    """Return at [i, j] the logarithm of the mean of exp(scores[i, k]) over all k but j.

    A term is taken out of its row's sum, except for the largest: too few digits would be left.
    """
    largest_BB = torch.zeros_like(scores_BB, dtype=torch.bool)
    largest_BB.scatter_(1, scores_BB.argmax(dim=1, keepdim=True), value=True)
    rest_B1 = scores_BB.masked_fill(largest_BB, -math.inf).logsumexp(dim=1, keepdim=True)
    share_BB = scores_BB.softmax(dim=1).masked_fill(largest_BB, 0.0)
    without_BB = scores_BB.logsumexp(dim=1, keepdim=True) + torch.log1p(-share_BB)
    return torch.where(largest_BB, rest_B1, without_BB) - math.log(len(scores_BB) - 1)


class SeparableCritic:
    """Scores pairs of states by the product of their embeddings; guesses each row's baseline."""

    def __init__(self, facts: TaskFacts, encoder: Encoder) -> None:
        make = perceptron if encoder == "mlp" else transformer
        self.teacher = make(facts.teacher_width, EMBEDDING)
        self.student = make(facts.student_width, EMBEDDING)
        self.baseline = make(facts.teacher_width, 1)
        sharpness = torch.nn.Parameter(torch.tensor(-math.log(INITIAL_TEMPERATURE)))
        self.log = torch.nn.ParameterDict({"sharpness": sharpness})
        parts = {"teacher": self.teacher, "student": self.student, "baseline": self.baseline}
        self.modules = torch.nn.ModuleDict(parts | {"log": self.log})

    def __call__(
        self, teacher_BTE: torch.Tensor, student_BTD: torch.Tensor, mask_BT: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the scores (B, B), rows teachers, and the log-baseline of each row (B,)."""
        unit = torch.nn.functional.normalize
        rows_BO = unit(self.teacher(teacher_BTE, mask_BT), dim=1)
        columns_BO = unit(self.student(student_BTD, mask_BT), dim=1)
        scores_BB = rows_BO @ columns_BO.T * self.log["sharpness"].exp()
        bounded_BB = MAX_SCORE * torch.tanh(scores_BB / MAX_SCORE)
        return bounded_BB, self.baseline(teacher_BTE, mask_BT)[:, 0]


def perceptron(width: int, output: int) -> torch.nn.Module:
    """Return two layers on the mean over real tokens: (B, T, width) and a mask to (B, output)."""

    class Perceptron(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = torch.nn.Linear(width, HIDDEN)
            self.second = torch.nn.Linear(HIDDEN, output)

        @override
        def forward(self, states_BTD: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
            found: torch.Tensor = self.second(self.first(masked_mean(states_BTD, mask_BT)).relu())
            return found

    return Perceptron()


def transformer(width: int, output: int) -> torch.nn.Module:
    """Return two transformer layers before the mean: (B, T, width) and a mask to (B, output).

    Examples come first and attend within themselves, over real tokens only. Without dropout, so
    that both estimates of a batch are of one critic (ours).
    """

    class Transformer(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.enter = torch.nn.Linear(width, HIDDEN)
            layer = torch.nn.TransformerEncoderLayer(
                HIDDEN, HEADS, INNER, dropout=0.0, batch_first=True, norm_first=True
            )
            self.layers = torch.nn.TransformerEncoder(
                layer, DEPTH, torch.nn.LayerNorm(HIDDEN), enable_nested_tensor=False
            )
            self.leave = torch.nn.Linear(HIDDEN, output)

        @override
        def forward(self, states_BTD: torch.Tensor, mask_BT: torch.Tensor) -> torch.Tensor:
            placed_BTD = self.enter(states_BTD) + positions(mask_BT.shape[1]).to(states_BTD)
            read_BTD = self.layers(placed_BTD, src_key_padding_mask=~mask_BT)
            found: torch.Tensor = self.leave(masked_mean(read_BTD, mask_BT))
            return found

    return Transformer()


def positions(length: int) -> torch.Tensor:
    """Return sinusoidal positions, (T, HIDDEN) (Vaswani et al., 2017)."""
    rates = torch.exp(torch.arange(0, HIDDEN, 2) * (-math.log(10_000.0) / HIDDEN))
    angles = torch.arange(length)[:, None] * rates
    return torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1)
